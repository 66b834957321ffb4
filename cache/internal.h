/* internal.h - shared by the files of cache/. */
#ifndef VYREC_CACHE_INTERNAL_H
#define VYREC_CACHE_INTERNAL_H

#include <sys/stat.h>

#include "cache/cache.h"

void cache_name(const struct cache_key *key, char name[CACHE_NAME_BYTES]);
/* A regular file of this user that nobody else can write. */
bool cache_is_own(const struct stat *info);
void cache_counts_read(int folder, struct cache_counts *counts);
void cache_counts_add(int folder, const struct cache_counts *counts);

#endif
