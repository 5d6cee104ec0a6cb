/* arena.h - memory that lives as long as one request, or one batch of a worker.
 *
 * Take as much as you like, never free a piece, reset the whole at the end: no leak and no double
 * free is possible on the way.  Blocks are kept over a reset, so a long-lived process stops
 * allocating after its largest request; what one request took beyond ARENA_KEEP bytes is given
 * back.
 *
 * Running out of memory ends the process (log_die): SQLite rolls back and the web server starts a
 * new one. All pointers handed out are aligned for any type and die with arena_reset or
 * arena_release.
 */
#ifndef ARENA_H
#define ARENA_H

#include "base.h"

#define ARENA_KEEP ((size_t)256 * 1024)

struct arena_block;

struct arena {
	struct arena_block *head;  /* blocks in use, the one being filled first */
	struct arena_block *spare; /* blocks kept over a reset */
};

#define ARENA_INIT                                                                                 \
	{                                                                                          \
		NULL, NULL                                                                         \
	}

/* size bytes of zeros; size may be 0, the result is never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* n members of size bytes each, zeroed; an overflow of n * size ends the process. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* Room for one more member in an array of n members that grows by doubling; gives the array, moved or not.  The array
 * must have grown by this function alone, from NULL and 0. */
void *arena_grow(struct arena *a, void *array, size_t n, size_t size);

/* A copy of len bytes with a NUL behind it. */
char *arena_copy(struct arena *a, const char *bytes, size_t len);

/* A copy of a string; NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *s);

char *arena_printf(struct arena *a, const char *fmt, ...) attr_printf(2, 3);

/* Forgets everything that was handed out. */
void arena_reset(struct arena *a);

/* Gives all memory back; the arena may be used again. */
void arena_release(struct arena *a);

#endif
