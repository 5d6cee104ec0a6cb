/* post.h - one-time keys of forms: the same form sent twice makes one thing.
 *
 * A form that creates holds a random post_id.  The first posting writes the key with the page it
 * led to, in the transaction of the fact; a second one finds it and is answered with the same page.
 */
#ifndef POST_H
#define POST_H

#include "base.h"

struct arena;
struct db;

/* 1 the key was used, *location is where it led; 0 it is new; -1 broken. */
int post_find(struct db *db, struct arena *a, const char *post_id, char **location);

/* Writes the key and forgets those of more than a week ago; inside the fact's transaction. */
int post_keep(struct db *db, const char *post_id, const char *location);

#endif
