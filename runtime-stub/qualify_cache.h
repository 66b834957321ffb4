/* qualify_cache.h - what probes showed, in a file of the cache folder, by device and driver. Not for users. */
#ifndef VYRE_QUALIFY_CACHE_H
#define VYRE_QUALIFY_CACHE_H

#include "runtime-stub/vyrert.h"

/* Fills in results that a file of this device, driver and runtime tells; a file that is damaged or of another tells nothing. */
void qualify_cache_read(vyre_context *c);
/* Writes all results, in one piece or not at all. Nothing fails when it cannot. */
void qualify_cache_write(vyre_context *c);

#endif
