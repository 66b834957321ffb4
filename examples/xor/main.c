/* main.c - encrypts a message with a pad of the same length and decrypts it again, both with the same program. */
#include <stdio.h>
#include <string.h>

#include "xor.h"

int main(void)
{
    static const char message[] = "Attack at dawn. Bring sandwiches.";
    static const char pad[] = "m8Q$w2!nZx7&pL0*vKd3@hRt9^cBy5#fG";
    enum { LENGTH = sizeof(message) - 1 };
    _Static_assert(sizeof(pad) == sizeof(message), "the pad is as long as the message");
    char hidden[LENGTH], shown[LENGTH];

    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fputs("no context\n", stderr);
        return 1;
    }
    struct xor_bytes_args hide = {
        .a = vyre_host(message, LENGTH), .b = vyre_host(pad, LENGTH), .out = vyre_host(hidden, LENGTH)};
    struct xor_bytes_args show = {
        .a = vyre_host(hidden, LENGTH), .b = vyre_host(pad, LENGTH), .out = vyre_host(shown, LENGTH)};
    if (xor_bytes(context, &hide) || xor_bytes(context, &show)) {
        fprintf(stderr, "xor: %s\n", vyre_context_message(context));
        return 1;
    }
    vyre_context_destroy(context);

    int wrong = 0;
    for (int i = 0; i < LENGTH; i++) {
        wrong += hidden[i] != (message[i] ^ pad[i]);
    }
    wrong += memcmp(shown, message, LENGTH) != 0;
    printf("%.*s\n", LENGTH, shown);
    return wrong != 0;
}
