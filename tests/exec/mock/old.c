/* old.c cuda|hsa|vulkan CALL - a driver that lacks an entry point is told with its name, and given back. */
#include "tests/exec/mock/world.h"

int main(int argc, char **argv)
{
    char reason[1200] = "";
    vyre_context *c;
    if (argc < 3) return 2;
    world_open(!strcmp(argv[1], "cuda")  ? "libcuda.so.1"
               : !strcmp(argv[1], "hsa") ? "libhsa-runtime64.so.1"
                                         : "libvulkan.so.1");
    world_reset();
    vyre_options options = {
        .size = sizeof options, .backends = argv[1], .message = reason, .message_bytes = sizeof reason};
    CHECK_INT(vyre_context_create(&options, &c), VYRE_ERROR_DRIVER_TOO_OLD);
    if (!CHECK(strstr(reason, argv[2]) && strstr(reason, "install a newer"))) fprintf(stderr, "    '%s'\n", reason);
    CHECK_INT(world_mock->n_live, 0);
    return test_finish();
}
