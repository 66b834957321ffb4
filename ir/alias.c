/* alias.c - may two buffers be the same memory? The rules of the language leave little doubt: see facts.h. */
#include "ir/facts.h"

enum ir_alias ir_alias_in_program(const struct ir_buffer *a, const struct ir_buffer *b)
{
    return a == b ? IR_ALIAS_MUST : IR_ALIAS_NO;
}

static const struct ir_buffer *find_actual(const struct ir_arm *arm, const struct ir_buffer *formal)
{
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (arm->args.at[i].formal_buffer == formal) return arm->args.at[i].buffer;
    return NULL;
}

enum ir_alias ir_alias_in_arm(const struct ir_arm *arm, const struct ir_buffer *formal_a,
                              const struct ir_buffer *formal_b)
{
    if (formal_a == formal_b) return IR_ALIAS_MUST;
    const struct ir_buffer *a = find_actual(arm, formal_a), *b = find_actual(arm, formal_b);
    return a && a == b ? IR_ALIAS_MUST : IR_ALIAS_NO;
}
