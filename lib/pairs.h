/* pairs.h - "name=value&name=value" (application/x-www-form-urlencoded) taken apart, strictly.
 *
 * Used for query strings and for form bodies.  Refused: a bad or cut-off percent escape, %00, bytes
 * that are not UTF-8 once decoded, a pair without "=", an empty name, and more pairs than asked
 * for.  Duplicate names are left to the caller, who knows which may repeat.
 */
#ifndef PAIRS_H
#define PAIRS_H

#include "base.h"

struct arena;

struct pair {
	const char *name;
	const char *value; /* decoded, NUL behind it, none inside */
	size_t len;	   /* of value */
};

/* Decodes into the arena.  False: *error is a sentence that may be shown to the sender. */
bool pairs_parse(struct arena *a, const char *text, size_t len, size_t max, struct pair **out,
    size_t *count, const char **error);

#endif
