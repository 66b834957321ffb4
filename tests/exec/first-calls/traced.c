/* Functions that are called in an order that is not theirs in the file, by two threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLED __attribute__((noinline))
volatile int total;

CALLED void never_called(void)
{
    total = -1;
}
CALLED static void called_third(void)
{
    total += 3;
}
CALLED void called_second(void)
{
    total += 2;
}
CALLED static void *called_first(void *unused)
{
    for (int i = 0; i < 100; i++)
        called_second();
    return unused;
}
CALLED void called_when_asked(void)
{
    total++;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, called_first, NULL)) return 1;
    pthread_join(thread, NULL);
    called_third();
    if (argc > 1) called_when_asked();
    printf("%d\n", total);
    return argc > 1 ? atoi(argv[1]) : 0;
}
