/* keyring.h - the key pairs that a sender signs with, as the configuration has them, and their rows in the database.
 *
 * The present pair and the one before it.  Whoever uses them opens them himself: nothing of OpenSSL is carried over a
 * fork.
 */
#ifndef KEYRING_H
#define KEYRING_H

#include "base.h"

struct conf;
struct db;
struct vapid;

struct keyring {
	struct vapid *key, *previous; /* owned; NULL = none that can be used */
	int64_t key_id, previous_id;  /* of vapid_keys, set by keyring_find; 0 = none */
};

/* Opens what can be used.  The sentence for the admin page: "ok", or what to mend about the present pair; it lives as
 * long as *conf.  A previous pair that is wrong only means that its subscriptions cannot be served. */
const char *keyring_open(struct keyring *k, const struct conf *conf);

/* Finds the rows, and adds those that are missing: a key that was put in by hand must have one before somebody
 * subscribes with it, or this sender would not know it.  1 or -1. */
int keyring_find(struct keyring *k, struct db *db);

/* Closes the pairs; the ids stay. */
void keyring_close(struct keyring *k);

#endif
