/* One launch of a single workgroup on one thread, for a debugger; or the reason why no context could be opened. */
#include <stdio.h>

#include "debugged.h"

int main(void)
{
    char message[1000] = "";
    vyre_options options = {.size = sizeof options, .threads = 1, .message = message, .message_bytes = sizeof message};
    vyre_context *context;
    uint8_t text[64] = {1, 2, 3, 4};
    uint32_t out[64];
    if (vyre_context_create(&options, &context)) return printf("%s\n", message), 1;
    struct spell_args args = {.text = vyre_host(text, 64), .out = vyre_host(out, 64), .key = 5};
    vyre_status status = spell(context, &args);
    printf("%d: %u %u\n", (int)status, out[0], out[3]);
    vyre_context_destroy(context);
    return status != VYRE_OK;
}
