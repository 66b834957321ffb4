/* status.c - what the status codes mean, in a line each. */
#include "runtime-stub/vyrert.h"

static const struct {
    const char *name, *text;
} statuses[] = {
#define STATUS(NAME, text) [-VYRE_##NAME] = {"VYRE_" #NAME, text}
    STATUS(OK, "no error"),
    STATUS(ERROR_INVALID_ARGUMENT, "an argument is null or means nothing"),
    STATUS(ERROR_OUT_OF_MEMORY, "out of host memory"),
    STATUS(ERROR_DEVICE_MEMORY, "out of device memory"),
    STATUS(ERROR_NO_BACKEND, "none of the backends asked for can be used"),
    STATUS(ERROR_NO_DEVICE, "no such device"),
    STATUS(ERROR_DRIVER_MISSING, "the driver is not installed"),
    STATUS(ERROR_DRIVER_TOO_OLD, "the driver is too old"),
    STATUS(ERROR_DEVICE_LOST, "the device was lost"),
    STATUS(ERROR_BAD_MODULE, "the object is damaged or made for another runtime"),
    STATUS(ERROR_NO_IMAGE, "the object has no code for this device"),
    STATUS(ERROR_IMAGE_REFUSED, "the driver refused the object's code"),
    STATUS(ERROR_LENGTH, "a buffer's length breaks its rule"),
    STATUS(ERROR_ALIASING, "buffers overlap and one of them is written"),
    STATUS(ERROR_MISALIGNED, "memory is not aligned as it must be"),
    STATUS(ERROR_OVERFLOW, "a computed size overflows"),
    STATUS(ERROR_GRID, "the launch has too many invocations"),
    STATUS(ERROR_BUDGET, "the temps need more memory than the budget"),
    STATUS(ERROR_TRAP, "the program trapped"),
    STATUS(ERROR_UNSUPPORTED, "not supported by this backend"),
    STATUS(ERROR_NOT_READY, "not done yet"),
    STATUS(ERROR_IO, "a file cannot be written"),
    STATUS(ERROR_WRONG_CONTEXT, "an object of another context"),
    STATUS(ERROR_MAPPED, "the buffer is mapped, or is not, or is in use"),
    STATUS(ERROR_CHECK, "two executors gave different bytes"),
    STATUS(ERROR_SYSTEM, "the operating system refused a resource"),
    STATUS(ERROR_CANCELLED, "a callback asked for the end"),
#undef STATUS
};
enum { N_STATUSES = sizeof statuses / sizeof *statuses };
_Static_assert(N_STATUSES == 1 - VYRE_ERROR_CANCELLED, "a status without a text");

static int find_row(vyre_status status)
{
    int row = -(int)status;
    return row >= 0 && row < N_STATUSES ? row : -1;
}

const char *vyre_status_string(vyre_status status)
{
    int row = find_row(status);
    return row < 0 ? "unknown status" : statuses[row].text;
}

const char *vyre_status_name(vyre_status status)
{
    int row = find_row(status);
    return row < 0 ? "VYRE_ERROR_UNKNOWN" : statuses[row].name;
}

uint32_t vyre_version(void)
{
    return VYRE_VERSION_MAJOR * 1000 + VYRE_VERSION_MINOR;
}
