/* object.c - any bytes as a file for vyre-objdump: refused, or shown as text and as JSON, with the code that we
 * disassemble ourselves. The first byte says whether checksums of the containers in it are made right first. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/seal.h"
#include "tools/vyre-objdump/objdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static volatile unsigned sum_of_code;

/* No other program is started for code that is not ours to read. */
static void show_code(const struct dump *d, struct arena *arena, struct out *text)
{
    static const char *const kinds[] = {"ptx", "spirv"};
    struct disassemblers programs = {0};
    struct disassembler_fault fault = {0};
    listing_list list = {0};
    for (uint32_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct selection selection = selection_parse(kinds[i], arena);
        disassemble(d, (struct file_bytes){0}, &selection, &programs, arena, &list, &fault);
    }
    if (fault.program) abort();
    print_listings(&list, text);
    print_listings_json(&list, text);
}

static void extract_all(const struct container_view *view, struct arena *arena)
{
    for (uint32_t i = 0; i < view->head->n_images; i++) {
        struct code code = {0};
        const char *wrong = code_extract(view, container_image(view, i), arena, &code);
        for (size_t k = 0; k < code.n; k += 4096)
            sum_of_code += (unsigned char)code.bytes[k]; /* all of it can be read */
        if (!wrong && code.n) sum_of_code += (unsigned char)code.bytes[code.n - 1];
    }
}

static void show(const unsigned char *bytes, size_t n, struct memory *mem)
{
    struct arena arena;
    struct out text;
    dump_list list = {0};
    arena_init(&arena, mem);
    out_init(&text, mem);
    struct json j = {.out = &text};
    if (find_containers(bytes, n, &arena, &list)) return;
    for (uint32_t i = 0; i < list.n; i++) {
        print_text(&list.at[i], &arena, &text);
        print_json(&list.at[i], &arena, &j);
        extract_all(&list.at[i].view, &arena);
        show_code(&list.at[i], &arena, &text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static struct memory mem;
    if (!n_bytes) return 0;
    size_t n = n_bytes - 1;
    unsigned char *copy = aligned_alloc(64, n / 64 * 64 + 64);
    if (!copy) return 0;
    memcpy(copy, bytes + 1, n);
    for (size_t at = 0; bytes[0] & 1 && at + 8 <= n; at += 64)
        if (!memcmp(copy + at, VYRE_CONTAINER_MAGIC, 8)) seal_container(copy + at, n - at);
    mem = (struct memory){.limit_bytes = 64 << 20};
    if (!setjmp(mem.recover)) show(copy, n, &mem);
    memory_release_all(&mem);
    free(copy);
    return 0;
}
