/* throttle.h - growing delays after failed sign-ins, so that guessing is slow and nobody is locked
 * out for good.
 *
 * An attempt is counted under several keys at once, such as the account and the client's network.
 * The first THROTTLE_FREE attempts of a key cost nothing; then each one doubles the time until the
 * next is let through, from one second up to the key's own cap.  Attempts that are refused are not
 * counted, so the delay never grows by knocking.  A key with a limit of its own is simpler: so many
 * attempts in each period of cap_ms, and the next ones wait for its end; there a success takes back
 * one attempt, not all.  An attempt counts as failed from its beginning,
 * and a success takes it back: of a hundred sent at once no more get through than of a hundred sent
 * one by one.
 *
 * Keys are kept as HMAC-SHA-256 under the caller's secret, cut to 16 octets, in the limiter's small
 * database (db.h, DB_LIMITER), for an hour after the last attempt.  Where that cannot be used, one
 * count in this process is kept for everybody, and nothing here ever fails.
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "base.h"

#define THROTTLE_FREE	    3
#define THROTTLE_SECRET_LEN 32

struct throttle;

struct throttle_key {
	const char *what; /* a short constant word */
	const void *bytes;
	size_t len;
	int64_t cap_ms; /* the longest delay */
	int64_t limit;	/* attempts in a period of cap_ms; 0: growing delays */
};

/* Opens nothing yet: the file is opened at the first use.  The secret is copied. */
struct throttle *throttle_open(const char *path, const uint8_t secret[THROTTLE_SECRET_LEN]);
void throttle_close(struct throttle **throttle);

/* Counts one attempt under each key.  1 go on; 0 too early for one of them, nothing is counted, and
 * *wait_ms (> 0) is the time until all of them let the next one through. */
int throttle_enter(
    struct throttle *throttle, const struct throttle_key *keys, size_t n, int64_t *wait_ms);

/* The attempt succeeded: forgets all that was counted under the key; under one with a limit, only
 * this attempt. */
void throttle_clear(struct throttle *throttle, const struct throttle_key *key);

#endif
