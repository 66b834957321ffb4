/* sema_data.c - tables of constant bytes: listed, as text, or from a file beside the .vir file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

/* -- listed ------------------------------------------------------------------------------------------------- */

static void store_bytes(unsigned char *to, uint64_t bits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = (unsigned char)(bits >> 8 * i);
}

static bool read_value(struct sema *s, const struct syn_expr *e, ir_type scalar, uint64_t *bits)
{
    ir_type found;

    if (!sema_constant(s, e, scalar, "an element of a table", bits, &found)) return false;
    if (ir_type_equal(found, scalar)) return true;
    diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range, ir_type_text(scalar), ir_type_text(found));
    return false;
}

/* Vectors are listed component by component. */
static void read_list(struct sema *s, const struct syn_expr *list, struct ir_data *d)
{
    ir_type scalar = {d->buffer.elem.scalar, 1};
    uint32_t each = ir_type_info(scalar)->mem_bytes, lanes = d->buffer.elem.lanes;
    unsigned char *bytes;

    if (d->buffer.count * lanes != list->n_args) {
        diag_report(s->diags, DIAG_DATA_COUNT, list->range, d->buffer.name, (unsigned long long)d->buffer.count * lanes,
                    list->n_args);
        return;
    }
    d->size_bytes = (uint64_t)each * list->n_args;
    d->bytes = bytes = arena_alloc(s->m->arena, d->size_bytes);
    for (uint32_t i = 0; i < list->n_args; i++) {
        uint64_t bits;
        if (read_value(s, list->args[i], scalar, &bits))
            store_bytes(bytes + (size_t)i * each, ir_value_to_memory(scalar.scalar, bits), each);
    }
}

static void read_text(struct sema *s, const struct syn_expr *e, struct ir_data *d)
{
    size_t size_bytes;
    const char *text;

    if (!ir_type_equal(d->buffer.elem, IR_TYPE(U8))) {
        diag_report(s->diags, DIAG_DATA_TEXT_TYPE, e->range, d->buffer.name, ir_type_text(d->buffer.elem));
        return;
    }
    text = sema_string(s, e, &size_bytes);
    if (!text) return;
    if (d->buffer.count != size_bytes) {
        diag_report(s->diags, DIAG_DATA_COUNT, e->range, d->buffer.name, (unsigned long long)d->buffer.count,
                    (unsigned)size_bytes);
        return;
    }
    d->bytes = (const unsigned char *)arena_copy(s->m->arena, text, size_bytes);
    d->size_bytes = size_bytes;
    d->written_as_text = true;
}

/* -- files -------------------------------------------------------------------------------------------------- */

/* How many bytes there are, or -1 with errno set. Only what has an end can be a table. */
static int64_t size_of(FILE *f)
{
    long size;

    if (fseek(f, 0, SEEK_END)) return -1;
    size = ftell(f);
    if (size < 0 || fseek(f, 0, SEEK_SET)) return -1;
    return size;
}

static void report_unreadable(struct sema *s, const struct syn_expr *e, const char *path, int error)
{
    diag_report(s->diags, DIAG_DATA_FILE, e->range, path, strerror(error));
}

/* Nothing is read before the size is known to be right, so a huge file costs nothing. */
static void read_open_file(struct sema *s, const struct syn_expr *e, struct ir_data *d, FILE *f)
{
    uint64_t needed = d->buffer.count * ir_type_mem_bytes(d->buffer.elem);
    int64_t size = size_of(f);
    unsigned char *bytes;

    if (size < 0 || size == INT64_MAX) {
        report_unreadable(s, e, d->path, size < 0 ? errno : EISDIR);
        return;
    }
    if ((uint64_t)size != needed) {
        diag_report(s->diags, DIAG_DATA_SIZE, e->range, d->path, (unsigned long long)size, d->buffer.name,
                    (unsigned long long)needed);
        return;
    }
    bytes = arena_alloc(s->m->arena, needed);
    if (fread(bytes, 1, needed, f) != needed) {
        report_unreadable(s, e, d->path, ferror(f) ? errno : EIO);
        return;
    }
    d->bytes = bytes;
    d->size_bytes = needed;
}

static void read_file(struct sema *s, const struct syn_expr *e, struct ir_data *d)
{
    const char *found;
    struct stat info;
    int error;
    FILE *f;

    d->path = sema_label(s, e->args[0]);
    if (!d->path) return;
    if (s->options->no_data_files) {
        d->size_bytes = d->buffer.count * ir_type_mem_bytes(d->buffer.elem);
        d->bytes = arena_alloc(s->m->arena, d->size_bytes);
        return;
    }
    error = sema_find_file(s, e->range, d->path, &found, &info);
    f = error ? NULL : fopen(found, "rb");
    if (!f) {
        report_unreadable(s, e, d->path, error ? error : errno);
        return;
    }
    sema_add_dependency(s, found);
    read_open_file(s, e, d, f);
    fclose(f);
    /* From the folder of the file that is printed the path may lead elsewhere. */
    if (sema_file_of(s, e->range) != s->m->files.at[0]) d->path = NULL;
}

/* -- the item ----------------------------------------------------------------------------------------------- */

void sema_data(struct sema *s, const struct syn_item *item, struct symbol *symbol)
{
    const struct syn_decl *decl = item->decls.first;
    struct ir_data *d;
    uint64_t count = 0;
    ir_type elem;

    if (!sema_type(s, decl->type, &elem)) return;
    if (!decl->count) diag_report(s->diags, DIAG_NEEDS_COUNT, item->name.range, item->name.name->text);
    if (!decl->count || !sema_count(s, decl->count, "a number of elements", 1, UINT32_MAX, &count)) return;
    symbol->data = d = ir_data_new(s->m, item->name.name->text, elem, count, item->range);
    if (item->init->kind == SYN_LIST)
        read_list(s, item->init, d);
    else if (item->init->kind == SYN_STRING)
        read_text(s, item->init, d);
    else
        read_file(s, item->init, d);
}
