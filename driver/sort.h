/* sort.h - qsort for what is nearly in order: runs that are there already are merged. Equal elements stay in their order. */
#ifndef VYREC_DRIVER_SORT_H
#define VYREC_DRIVER_SORT_H

#include <stdbool.h>
#include <stddef.h>

typedef int sort_compare(const void *, const void *);
/* False without memory: nothing has moved. */
bool sort_elements(void *elements, size_t n, size_t width, sort_compare *compare);

#endif
