/* alias.c - tells LLVM that no two buffers of a kernel overlap: a launch refuses those that do, unless they are only read.
 * Each access of a buffer is in the scope of this buffer and in none of the others'. */
#include <string.h>

#include "codegen/llvm/lower.h"

enum { MAX_MARKED_BUFFERS = 64 }; /* what is said grows as their square */

struct marks {
    struct lower *l;
    struct map buffers; /* where a buffer begins -> its number plus one, as a pointer into `numbers` */
    uint32_t *numbers;
    LLVMValueRef *inside, *outside; /* per buffer: lists of scopes */
    unsigned kind_inside, kind_outside;
};

static LLVMMetadataRef text_node(struct lower *l, const char *text)
{
    return LLVMMDStringInContext2(l->context, text, strlen(text));
}

static LLVMMetadataRef make_list(struct lower *l, LLVMMetadataRef *items, uint32_t n)
{
    return LLVMMDNodeInContext2(l->context, items, n);
}

static void make_scopes(struct marks *m, const char *name)
{
    struct lower *l = m->l;
    uint32_t n = l->program->buffers.n;
    LLVMMetadataRef domain_name = text_node(l, name), domain = make_list(l, &domain_name, 1);
    LLVMMetadataRef *scopes = ARENA_ARRAY(l->arena, LLVMMetadataRef, n),
                    *others = ARENA_ARRAY(l->arena, LLVMMetadataRef, n);
    for (uint32_t i = 0; i < n; i++) {
        LLVMMetadataRef scope[2] = {text_node(l, arena_printf(l->arena, "%s.%u", name, i)), domain};
        scopes[i] = make_list(l, scope, 2);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_others = 0;
        for (uint32_t k = 0; k < n; k++)
            if (k != i) others[n_others++] = scopes[k];
        m->inside[i] = LLVMMetadataAsValue(l->context, make_list(l, &scopes[i], 1));
        m->outside[i] = LLVMMetadataAsValue(l->context, make_list(l, others, n_others));
    }
}

/* The operand that is the address, or addresses, of an access; NULL for what is none, or has two. */
static LLVMValueRef address_of(LLVMValueRef access)
{
    LLVMValueRef callee;
    switch (LLVMGetInstructionOpcode(access)) {
    case LLVMLoad:
    case LLVMAtomicRMW:
    case LLVMAtomicCmpXchg:
        return LLVMGetOperand(access, 0);
    case LLVMStore:
        return LLVMGetOperand(access, 1);
    case LLVMCall:
        callee = LLVMGetCalledValue(access);
        break;
    default:
        return NULL;
    }
    size_t n;
    const char *name = LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &n) : "";
    if (!strncmp(name, "llvm.masked.load.", 17) || !strncmp(name, "llvm.masked.gather.", 19))
        return LLVMGetOperand(access, 0);
    if (!strncmp(name, "llvm.masked.store.", 18) || !strncmp(name, "llvm.masked.scatter.", 20))
        return LLVMGetOperand(access, 1);
    return NULL;
}

/* Where the array begins that an address is in: what is chosen instead of an element outside is a constant. */
static LLVMValueRef root_of(LLVMValueRef address)
{
    for (;;) {
        if (LLVMIsAGetElementPtrInst(address))
            address = LLVMGetOperand(address, 0);
        else if (LLVMIsASelectInst(address))
            address = LLVMGetOperand(address, LLVMIsConstant(LLVMGetOperand(address, 1)) ? 2 : 1);
        else
            return address;
    }
}

static void mark(struct marks *m, LLVMValueRef access)
{
    LLVMValueRef address = address_of(access);
    const uint32_t *number = address ? map_find(&m->buffers, root_of(address)) : NULL;
    if (!number) return;
    LLVMSetMetadata(access, m->kind_inside, m->inside[*number]);
    LLVMSetMetadata(access, m->kind_outside, m->outside[*number]);
}

void alias_mark(struct lower *l, LLVMValueRef fn, const char *name)
{
    uint32_t n = l->program->buffers.n;
    if (n < 2 || n > MAX_MARKED_BUFFERS) return;
    struct marks m = {.l = l,
                      .numbers = ARENA_ARRAY(l->arena, uint32_t, n),
                      .inside = ARENA_ARRAY(l->arena, LLVMValueRef, n),
                      .outside = ARENA_ARRAY(l->arena, LLVMValueRef, n),
                      .kind_inside = LLVMGetMDKindIDInContext(l->context, "alias.scope", 11),
                      .kind_outside = LLVMGetMDKindIDInContext(l->context, "noalias", 7)};
    map_init(&m.buffers, l->arena);
    make_scopes(&m, name);
    for (uint32_t i = 0; i < n; i++) {
        m.numbers[i] = i;
        map_set(&m.buffers, l->buffers[i].base, &m.numbers[i]);
    }
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            mark(&m, i);
}
