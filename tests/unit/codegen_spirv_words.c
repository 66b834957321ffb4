/* Modules as words: types and constants once each, bit patterns kept apart, the header that the specification asks for. */
#include "codegen/spirv/words.h"
#include "tests/unit/test.h"

static struct memory memory;

static void types_and_constants_are_made_once(void)
{
    struct arena arena;
    struct spv_module m;
    arena_init(&arena, &memory);
    spv_module_init(&m, &arena, 0x00010300);
    CHECK(spv_type_uint(&m, 32) == spv_type_uint(&m, 32));
    CHECK(spv_type_uint(&m, 32) != spv_type_float(&m, 32));
    CHECK(spv_const_f32(&m, 0) != spv_const_f32(&m, 0x80000000));
    CHECK(spv_const_f32(&m, 0) != spv_const_u32(&m, 0));
    CHECK(spv_const_u64(&m, 1) != spv_const_u64(&m, UINT64_C(1) << 32));
    CHECK(m.has_int64 && !m.has_float64);
    spv_id first = spv_const_u32(&m, 0);
    for (uint32_t i = 1; i < 5000; i++)
        CHECK(spv_const_u32(&m, i) == spv_const_u32(&m, i) && spv_const_u32(&m, i) != first);
    CHECK(spv_const_u32(&m, 0) == first);
    arena_release(&arena);
}

static void module_begins_with_its_header(void)
{
    struct arena arena;
    struct spv_module m;
    struct spv_words all = {0};
    arena_init(&arena, &memory);
    spv_module_init(&m, &arena, 0x00010300);
    spv_capability(&m, SpvCapabilityShader);
    spv_capability(&m, SpvCapabilityShader);
    spv_module_finish(&m, &all);
    CHECK(all.list.n == 7); /* the header, and one capability */
    CHECK(all.list.at[0] == SpvMagicNumber && all.list.at[1] == 0x00010300);
    CHECK(all.list.at[3] == m.next_id && all.list.at[4] == 0);
    CHECK(all.list.at[5] == (2u << 16 | SpvOpCapability) && all.list.at[6] == SpvCapabilityShader);
    arena_release(&arena);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    types_and_constants_are_made_once();
    module_begins_with_its_header();
    return test_finish();
}
