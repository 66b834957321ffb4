/* frontend_memory.c - memory that runs out while a text is read: whichever allocation fails, control comes back to the
 * reader's caller, and nothing is lost. The text has every kind of node, and a message. */
#include "frontend/frontend.h"
#include "tests/unit/test.h"

static const char text[] =
    "data table : u8[4] = \"a\\n\\x00z\";\n"
    "data list : f32[3] = [1, -2.5, inf];\n"
    "fn square(x : u32) -> u32 { return x * x; }\n"
    "fn find(t : &read u32[], key : u32) -> u32 {\n"
    "  for i in 0..len(t) { if t[i] == key { return i; } }\n"
    "  return len(t);\n"
    "}\n"
    "#[op(\"some.name\")]\n"
    "program p {\n"
    "  workgroup 8, 8;\n"
    "  dispatch len(b);\n"
    "  buffer b : read_write u32[] binding(0) bytes(0..8);\n"
    "  local own : u16[2];\n"
    "  param n : u32;\n"
    "  let v = vec4<f32>(1, 2, 3, bitcast<f32>(n));\n"
    "  var k = find(b, square(n + 1)) + u32(table[1]);\n"
    "  while k < 10 max 5 { region \"r\" { k = k + 1; } }\n"
    "  let x = missing + 1;\n"
    "}\n"
    "pipeline q (u : read_write u32[]) { budget 1 KiB; temp t : u32[len(u)]; arm a = p(b: u, n: 1); host t; }\n";

/* True when an allocation failed. */
static bool read_with_failure(uint64_t fail_at, int fail_from_then)
{
    struct memory mem = {.fail_at = fail_at, .fail_from_then = fail_from_then};
    const struct frontend_options options = {0};
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    volatile bool failed = true;

    if (!setjmp(mem.recover)) {
        arena_init(&arena, &mem);
        intern_init(&names, &arena);
        sources_init(&sources, &arena);
        diags_init(&diags, &arena, &sources);
        struct source_file *file = sources_add(&sources, "test.vir", text, sizeof text - 1);
        CHECK(!frontend_read(&arena, &names, &sources, &diags, file, &options));
        CHECK_INT(diags.n_errors, 1);
        failed = false;
    }
    memory_release_all(&mem);
    CHECK_UINT(mem.live_bytes, 0);
    return failed;
}

static void checks_each_allocation(int fail_from_then)
{
    uint64_t n = 1;

    while (read_with_failure(n, fail_from_then))
        n++;
    CHECK(n > 5);
}

int main(void)
{
    checks_each_allocation(0);
    checks_each_allocation(1);
    return test_finish();
}
