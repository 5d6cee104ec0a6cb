/*
 * How often each path was asked for and accepted, for any number of paths.
 *
 * A path is kept as its 64-bit hash: among a million paths two fall together with a probability of
 * 3e-8. There is one table for the whole program; it grows as needed, and a lack of memory ends the
 * program.
 */
#ifndef SINK_PATHS_H
#define SINK_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Never 0. */
uint64_t sink_paths_hash(const uint8_t *path, size_t length);

/* Remembers that the path was asked for; true = for the first time. */
bool sink_paths_ask(uint64_t hash);

/* The request was accepted. */
void sink_paths_count(uint64_t hash);

/* How many paths were accepted at all, and how many of them more than once. */
size_t sink_paths_distinct(void);
size_t sink_paths_repeated(void);

#endif
