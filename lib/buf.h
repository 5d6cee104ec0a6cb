/* buf.h - a string of bytes that grows.
 *
 * Invariants: data is never NULL and always ends in a NUL that is not counted in len; the bytes may
 * hold NULs.  Running out of memory ends the process.
 *
 * Life cycle: BUF_INIT, add as you like, buf_clear to start over (keeps the memory), buf_release at
 * the end (the buf is then as after BUF_INIT).  buf_arena hands the content to an arena.
 */
#ifndef BUF_H
#define BUF_H

#include "base.h"

struct arena;

struct buf {
	char *data;
	size_t len; /* bytes without the NUL */
	size_t cap; /* bytes allocated, 0 while data is the shared empty string */
};

extern char buf_empty[1];

#define BUF_INIT                                                                                   \
	{                                                                                          \
		.data = buf_empty                                                                  \
	}

/* Room for at least `more` further bytes. */
void buf_grow(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) attr_printf(2, 3);

void buf_clear(struct buf *b);
void buf_release(struct buf *b);

/* A copy of the content that lives as long as the arena. */
char *buf_arena(const struct buf *b, struct arena *a);

#endif
