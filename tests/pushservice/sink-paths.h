/*
 * How often each path was asked for, for any number of paths.
 *
 * A path is kept as its 64-bit hash: among a million paths two fall together with a probability of
 * 3e-8. There is one table for the whole program; it grows as needed, and a lack of memory ends the
 * program.
 */
#ifndef SINK_PATHS_H
#define SINK_PATHS_H

#include <stddef.h>
#include <stdint.h>

/* Never 0. */
uint64_t sink_paths_hash(const uint8_t *path, size_t length);

void sink_paths_count(uint64_t hash);

/* How many paths were counted at all, and how many of them more than once. */
size_t sink_paths_distinct(void);
size_t sink_paths_repeated(void);

#endif
