/* check_memory.c - who may touch which buffer how, and what is said of buffers where they are declared. */
#include "ir/check.h"
#include "ir/limits.h"

/* -- accesses ----------------------------------------------------------------------------------------------- */

static const char *describe_buffer(const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE ? ir_access_texts[b->access] : ir_space_texts[b->space];
}

static void note_declaration(struct checker *c, struct diag *d, const struct ir_buffer *b)
{
    diag_add_note(c->diags, d, b->range, "declared here");
}

static void check_written(struct checker *c, const struct ir_buffer *b, struct src_range at)
{
    if (ir_access_writes(b->access)) return;
    note_declaration(c, diag_report(c->diags, DIAG_WRITE_TO_READ, at, b->name, describe_buffer(b)), b);
}

static bool has_atomic(enum ir_atomic op, ir_type type)
{
    if (type.lanes != 1) return false;
    if (type.scalar == IR_F32) return ir_atomic_takes_f32(op);
    return type.scalar == IR_U32 || type.scalar == IR_I32 || type.scalar == IR_U64;
}

static void check_atomic(struct checker *c, const struct ir_stmt *s)
{
    const struct ir_buffer *b = s->atomic.buffer;
    bool shared = b->space == IR_SPACE_STORAGE || b->space == IR_SPACE_WORKGROUP;
    if (!shared || b->access != IR_ACCESS_READ_WRITE)
        note_declaration(c, diag_report(c->diags, DIAG_ATOMIC_ACCESS, s->range, b->name, describe_buffer(b)), b);
    if (!has_atomic(s->atomic.op, b->elem)) {
        const char *text = ir_atomic_texts[s->atomic.op], *type = ir_type_text(b->elem);
        note_declaration(c, diag_report(c->diags, DIAG_ATOMIC_TYPE, s->range, text, type), b);
    }
}

static void check_copy(struct checker *c, const struct ir_stmt *s)
{
    check_written(c, s->copy.dst, s->range);
    if (!ir_access_reads(s->copy.src->access))
        note_declaration(c, diag_report(c->diags, DIAG_READ_OF_WRITE, s->range, s->copy.src->name), s->copy.src);
}

void check_access(struct checker *c, const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_STORE) check_written(c, s->store.buffer, s->range);
    if (s->kind == IR_STMT_ATOMIC) check_atomic(c, s);
    if (s->kind == IR_STMT_COPY_ASYNC) check_copy(c, s);
}

/* -- declarations ------------------------------------------------------------------------------------------- */

static void check_align(struct checker *c, const struct ir_buffer *b)
{
    uint32_t least = ir_type_mem_bytes(b->elem);
    if (b->align_bytes && (b->align_bytes < least || b->align_bytes & (b->align_bytes - 1)))
        diag_report(c->diags, DIAG_BAD_ALIGNMENT, b->range, b->align_bytes, least);
}

static void check_bytes(struct checker *c, const struct ir_buffer *b)
{
    uint64_t size_bytes;
    if (!b->has_bytes) return;
    if (__builtin_mul_overflow(b->count, (uint64_t)ir_type_mem_bytes(b->elem), &size_bytes)) size_bytes = UINT64_MAX;
    if (b->bytes_begin > b->bytes_end || (b->sized && b->bytes_end > size_bytes))
        diag_report(c->diags, DIAG_BYTES_RANGE, b->range, (unsigned long long)b->bytes_begin,
                    (unsigned long long)b->bytes_end, b->name);
}

void check_attributes(struct checker *c, const struct ir_buffer *b)
{
    bool storage = b->space == IR_SPACE_STORAGE, written = storage && ir_access_writes(b->access);
    if (b->binding >= 0 && !storage)
        diag_report(c->diags, DIAG_MISPLACED_ATTRIBUTE, b->range, "binding", describe_buffer(b));
    if (b->streaming && (!storage || b->access == IR_ACCESS_UNIFORM))
        diag_report(c->diags, DIAG_MISPLACED_ATTRIBUTE, b->range, "streaming", describe_buffer(b));
    if (b->live_out && !written)
        diag_report(c->diags, DIAG_MISPLACED_ATTRIBUTE, b->range, "live_out", describe_buffer(b));
    if (b->has_bytes && !written)
        diag_report(c->diags, DIAG_MISPLACED_ATTRIBUTE, b->range, "bytes", describe_buffer(b));
    bool has_zeros = b->space == IR_SPACE_WORKGROUP || (storage && b->access == IR_ACCESS_WRITE);
    if (b->no_zeros && (!c->program || !has_zeros))
        diag_report(c->diags, DIAG_MISPLACED_ATTRIBUTE, b->range, "no_zeros", describe_buffer(b));
    check_align(c, b);
    check_bytes(c, b);
}

static void check_bindings(struct checker *c)
{
    struct map taken;
    map_init(&taken, c->arena);
    for (uint32_t i = 0; i < c->program->buffers.n; i++) {
        struct ir_buffer *b = c->program->buffers.at[i];
        const void *key = (const void *)((uintptr_t)b->binding + 1);
        if (b->binding < 0) continue;
        const struct ir_buffer *other = map_find(&taken, key);
        if (other) {
            struct diag *d = diag_report(c->diags, DIAG_BINDING_TAKEN, b->range, b->binding, other->name);
            diag_add_note(c->diags, d, other->range, "'%s' is declared here", other->name);
        } else {
            map_set(&taken, key, b);
        }
    }
}

/* The array that makes the sum of its space pass the limit is the one to blame. */
static void check_array_bytes(struct checker *c, enum ir_space space, uint64_t limit_bytes, enum diag_id id)
{
    uint64_t sum_bytes = 0;
    for (uint32_t i = 0; i < c->program->arrays.n; i++) {
        const struct ir_buffer *b = c->program->arrays.at[i];
        uint64_t size_bytes;
        if (b->space != space) continue;
        if (__builtin_mul_overflow(b->count, (uint64_t)ir_type_mem_bytes(b->elem), &size_bytes) ||
            __builtin_add_overflow(sum_bytes, size_bytes, &sum_bytes))
            sum_bytes = UINT64_MAX;
        if (sum_bytes <= limit_bytes) continue;
        diag_report(c->diags, id, b->range, b->name, (unsigned long long)sum_bytes, (unsigned long long)limit_bytes);
        return;
    }
}

void check_declarations(struct checker *c)
{
    const struct ir_program *p = c->program;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        check_attributes(c, p->buffers.at[i]);
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        check_attributes(c, p->arrays.at[i]);
        if (p->arrays.at[i]->count == 0)
            diag_report(c->diags, DIAG_EMPTY_ARRAY, p->arrays.at[i]->range, p->arrays.at[i]->name);
    }
    check_bindings(c);
    check_array_bytes(c, IR_SPACE_WORKGROUP, IR_LIMIT_WORKGROUP_BYTES, DIAG_WORKGROUP_MEMORY);
    check_array_bytes(c, IR_SPACE_PRIVATE, IR_LIMIT_LOCAL_BYTES, DIAG_LOCAL_MEMORY);
}
