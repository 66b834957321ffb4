/* type.c - what types.def says, as a table, and the names and sizes of types. */
#include "ir/ir.h"

const struct ir_scalar_info ir_scalar_infos[IR_SCALAR_COUNT] = {
    [IR_NONE] = {"nothing", IR_KIND_NONE, 0, 0, IR_NONE},
#define TYPE(NAME, text, kind, bits, mem_bytes, compute)                                                               \
    [IR_##NAME] = {text, IR_KIND_##kind, bits, mem_bytes, IR_##compute},
#include "ir/types.def"
};

/* Every consumer may rely on these relations between the columns. */
#define TYPE(NAME, text, kind, bits, mem_bytes, compute)                                                               \
    _Static_assert((bits) <= 8 * (mem_bytes), text " fits into its element");                                          \
    _Static_assert((mem_bytes) == 1 || (mem_bytes) == 2 || (mem_bytes) == 4 || (mem_bytes) == 8,                       \
                   text " is loaded in one access");                                                                   \
    _Static_assert((int)IR_##compute == (int)IR_##NAME || IR_KIND_##kind == IR_KIND_FLOAT,                             \
                   text ": only floats compute in another type");
#include "ir/types.def"

const char *ir_type_text(ir_type t)
{
    static const char *const texts[IR_SCALAR_COUNT][3] = {
        [IR_NONE] = {"nothing", "nothing", "nothing"},
#define TYPE(NAME, text, kind, bits, mem_bytes, compute) [IR_##NAME] = {text, "vec2<" text ">", "vec4<" text ">"},
#include "ir/types.def"
    };
    return texts[t.scalar][t.lanes == 4 ? 2 : t.lanes == 2];
}

uint32_t ir_type_mem_bytes(ir_type t)
{
    return (uint32_t)ir_type_info(t)->mem_bytes * t.lanes;
}
