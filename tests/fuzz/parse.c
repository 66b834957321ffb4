/* parse.c - fuzz target: any bytes as a .vir file.
 *
 * Reading never crashes and never hangs, and what is read is sound: the verifier finds nothing, and its print is read
 * again and gives the same print. Memory is limited, so that a table with four billion elements is just one that does
 * not fit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "ir/print.h"
#include "ir/verify.h"

enum { MEMORY_LIMIT = 1 << 30, MAX_INLINED = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

struct reader {
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
};

static struct ir_module *read_text(struct reader *r, struct memory *mem, const char *text, size_t size_bytes)
{
    const struct frontend_options options = {.no_data_files = true, .no_imports = true, .max_inlined = MAX_INLINED};
    struct source_file *file;

    arena_init(&r->arena, mem);
    intern_init(&r->names, &r->arena);
    sources_init(&r->sources, &r->arena);
    diags_init(&r->diags, &r->arena, &r->sources);
    file = sources_add(&r->sources, "fuzz.vir", text, size_bytes);
    return frontend_read(&r->arena, &r->names, &r->sources, &r->diags, file, &options);
}

_Noreturn static void fail(const char *what, const struct out *first, const struct out *second)
{
    fprintf(stderr, "%s\n--- first\n%s--- second\n%s", what, first->bytes,
            second && second->bytes ? second->bytes : "");
    abort();
}

/* A module that was read with an error prints nothing; its messages are rendered, since that is code too. */
static void check_print(struct memory *mem, const char *text, size_t size_bytes)
{
    struct reader r, again;
    struct out first, second, messages;
    struct ir_module *m = read_text(&r, mem, text, size_bytes);

    out_init(&first, mem);
    out_init(&second, mem);
    out_init(&messages, mem);
    diags_print(&r.diags, DIAG_FORMAT_TEXT, false, &messages);
    if (m) {
        ir_print_module(m, &first);
        if (!ir_verify_module(m, &messages)) fail("the verifier refuses what was read", &first, &messages);
        m = read_text(&again, mem, first.bytes ? first.bytes : "", first.n);
        diags_print(&again.diags, DIAG_FORMAT_TEXT, false, &messages);
        if (!m) fail("the print is not read", &first, &messages);
        ir_print_module(m, &second);
        if (first.n != second.n || (first.n && memcmp(first.bytes, second.bytes, first.n)))
            fail("the print changes", &first, &second);
    } else if (!r.diags.n_errors) {
        fail("refused without a message", &messages, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    struct memory mem = {.limit_bytes = MEMORY_LIMIT};

    if (!setjmp(mem.recover)) check_print(&mem, (const char *)bytes, size_bytes);
    memory_release_all(&mem);
    return 0;
}
