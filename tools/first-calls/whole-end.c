/* whole-end.c - vyrec leaves with _exit; where its blocks are counted (see blocks) it leaves with exit, which writes the counts. */
#include <stdlib.h>
#include <unistd.h>

void _exit(int status)
{
    exit(status);
}
