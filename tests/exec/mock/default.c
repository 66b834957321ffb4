/* default.c - default BACKEND LIBRARY: an object without code for the device that is there. Its code for the CPU runs instead, unless
 * the backend was named: then it is an error that says what to compile for. */
#include <dlfcn.h>
#include <dlfcn.h>
#include <string.h>

#include "default.h"
#include "tests/exec/mock/mock.h"
#include "tests/exec/mock/mock.h"
#include "tests/unit/test.h"

static void check(const vyre_options *options, vyre_status status)
{
    vyre_context *context;
    uint8_t in[3] = {1, 2, 255}, out[3] = {7, 7, 7};
    struct increment_args args = {.in = vyre_host(in, 3), .out = vyre_host(out, 3)};
    CHECK_INT(vyre_context_create(options, &context), VYRE_OK);
    CHECK_INT(increment(context, &args), status);
    if (status)
        CHECK(strstr(vyre_context_message(context), "--target="));
    else
        CHECK(out[0] == 2 && out[1] == 3 && out[2] == 0);
    vyre_context_destroy(context);
}

int main(int argc, char **argv)
{
    void *library = argc == 3 ? dlopen(argv[2], RTLD_NOW) : NULL;
    if (!CHECK(library != NULL)) return test_finish();
    ((struct mock * (*)(void)) dlsym(library, "mock_control"))()->reset();
    check(NULL, VYRE_OK);
    check(&(vyre_options){.size = sizeof(vyre_options), .strict = 1}, VYRE_ERROR_NO_IMAGE);
    check(&(vyre_options){.size = sizeof(vyre_options), .backends = argv[1]}, VYRE_ERROR_NO_IMAGE);
    return test_finish();
}
