/* post.h - one-time keys of forms: the same form sent twice makes one thing.
 *
 * A form that creates holds a random post_id.  The first posting writes the key with the page it
 * led to and a digest of what it said, in the transaction of the fact.  A second one finds it: the
 * same content is answered with the same page; other content was not stored by the first posting,
 * and whoever wrote it must hear that.
 */
#ifndef POST_H
#define POST_H

#include "base.h"
#include "digest.h"

struct arena;
struct db;

/* 1 the key was used: *location is where it led, *same whether the digest was this one; 0 it is
 * new; -1 broken. */
int post_find(struct db *db, struct arena *a, const char *post_id,
    const uint8_t digest[DIGEST_SIZE], char **location, bool *same);

/* Writes the key and forgets those of more than a week ago; inside the fact's transaction. */
int post_keep(
    struct db *db, const char *post_id, const uint8_t digest[DIGEST_SIZE], const char *location);

#endif
