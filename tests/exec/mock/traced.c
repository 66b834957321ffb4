/* traced.c BACKEND - runs a pipeline twice, where a device would replay it, and copies of a buffer; what VYRE_TRACE then holds is looked at by
 * tests/exec/trace/run.py. */
#include "tests/exec/mock/world.h"

enum { N = 1000 };

int main(int argc, char **argv)
{
    static uint32_t from[N], to[N];
    vyre_context *c;
    vyre_buffer *b;
    if (argc != 2) return 2;
    world_open(!strcmp(argv[1], "cuda") ? "libcuda.so.1" : "libhsa-runtime64.so.1");
    struct vyre_module *module = world_module();
    world_reset();
    vyre_options options = {.size = sizeof options, .backends = argv[1]};
    if (!CHECK_INT(vyre_context_create(&options, &c), VYRE_OK)) return test_finish();
    struct scale_args args = {vyre_host(from, N), vyre_host(to, N), 21};
    for (uint32_t i = 0; i < 2; i++) {
        memset(to, 0, sizeof to);
        CHECK_INT(vyre_rt_run(c, module, BOTH, &args), VYRE_OK);
        CHECK_UINT(to[N - 1], world_table[0]);
    }
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, sizeof from, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_write(b, 0, to, sizeof to), VYRE_OK);
    CHECK_INT(vyre_buffer_read(b, 0, from, sizeof from), VYRE_OK);
    CHECK(!memcmp(from, to, sizeof to));
    vyre_buffer_destroy(b);
    vyre_context_destroy(c);
    CHECK_INT(world_mock->n_live, 0);
    CHECK_UINT(world_mock->n_misuses, 0);
    return test_finish();
}
