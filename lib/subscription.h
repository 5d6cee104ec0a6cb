/* subscription.h - browsers that want to be told: rules and rows of contract §3 "Subscribing".
 *
 * A subscription is known by its endpoint; its row is found by the first 16 octets of SHA-256 of
 * the endpoint's canonical form (endpoint.h), and the last 4 bits of these are its shard.  Whoever
 * shows endpoint and auth secret together owns it: an endpoint alone leaks through logs and push
 * services.  Nothing is stored that says who that is.
 *
 * Saving goes in two steps, so that the common case (a browser posts what we know already) reads
 * and never writes, and so that a rate limit can be asked between them:
 *
 *	switch (subscription_check(db, arena, &wish, &sentence)) {
 *	case SUBSCRIPTION_UNCHANGED: ... 200
 *	case SUBSCRIPTION_NEW: ... ask the limiter
 *	default: ... subscription_save(...)
 *
 * Each call makes its own transaction.  Times are wall clock, from clock.h.  What is broken was
 * logged where it broke.
 */
#ifndef SUBSCRIPTION_H
#define SUBSCRIPTION_H

#include "base.h"
#include "choice.h"
#include "endpoint.h"

struct arena;
struct conf;
struct db;

#define SUBSCRIPTION_AUTH_LEN 16
#define SUBSCRIPTION_KEY_LEN  65 /* uncompressed point, of the browser and of ours alike */

/* Push service hosts under one built-in name; each costs a lane per job and shard. */
#define SUBSCRIPTION_ORIGINS_MAX 256

/* A follow ends this long after the end of what was followed. */
#define SUBSCRIPTION_FOLLOW_ENDS_MS (24 * INT64_C(3600000))

enum subscription_result {
	SUBSCRIPTION_NEW,	/* saved (or to be saved) as a new row */
	SUBSCRIPTION_KNOWN,	/* saved (or to be saved) into the row that is there */
	SUBSCRIPTION_UNCHANGED, /* the row says all this already and was seen within a day */
	SUBSCRIPTION_DONE,	/* what was asked for is so now */
	SUBSCRIPTION_BAD,	/* the request names something that does not fit */
	SUBSCRIPTION_OFF,	/* push is switched off */
	SUBSCRIPTION_ABSENT,	/* no such pair of endpoint and auth, or no such incident */
	SUBSCRIPTION_CONFLICT,	/* not as things stand: keys without proof, incident over */
	SUBSCRIPTION_TOO_OFTEN,
	SUBSCRIPTION_FULL, /* no room for one more row, or origin */
	SUBSCRIPTION_BUSY, /* others held the database too long */
	SUBSCRIPTION_BROKEN,
	SUBSCRIPTION__MAX
};

/* One English sentence for the person who subscribes; where a call gives a `sentence` of its own,
 * that one says more. */
const char *subscription_sentence(enum subscription_result result);

/* The site's public keys; a browser's subscription is bound to the one it was made with. */
struct subscription_keys {
	bool has_current, has_previous;
	uint8_t current[SUBSCRIPTION_KEY_LEN], previous[SUBSCRIPTION_KEY_LEN];
};

/* The keys that the configuration names. */
void subscription_keys_take(const struct conf *conf, struct subscription_keys *out);

/* How many living subscriptions were made with each; others: with keys that are not named, which nobody can tell
 * anything until the pair is put back.  1 or -1. */
struct subscription_key_counts {
	int64_t current, previous, others;
};
int subscription_count_keys(
    struct db *db, const struct subscription_keys *keys, struct subscription_key_counts *out);

/* Endpoint in canonical form, and the secret that goes with it. */
struct subscription_proof {
	const char *url;
	uint8_t auth[SUBSCRIPTION_AUTH_LEN];
};

/* What a browser asks for. */
struct subscription_wish {
	const struct subscription_keys *keys;
	const struct endpoint *endpoint;
	uint8_t p256dh[SUBSCRIPTION_KEY_LEN]; /* checked: on the curve */
	uint8_t auth[SUBSCRIPTION_AUTH_LEN];
	const uint8_t *key; /* our public key it was made with; NULL = left out */
	const char
	    *incident; /* id to follow, or NULL; then the choices of a row stay as they are */
	bool replaces; /* another subscription, or other keys of this one, end by this */
	struct subscription_proof replaced;
	struct choice_wish choice;
};

/* NEW, KNOWN or UNCHANGED tells what saving would do.  Else why not: BAD (component unknown), OFF,
 * ABSENT (incident unknown), CONFLICT, FULL (origins), BUSY, BROKEN; *sentence says it. */
enum subscription_result subscription_check(
    struct db *db, struct arena *a, const struct subscription_wish *wish, const char **sentence);

/* Checks again and saves, in one write transaction.  NEW, KNOWN, UNCHANGED (nothing was written),
 * or why not, as above; FULL also where there are max rows already and a push service has accepted
 * something for each of them.  Below that the oldest rows without such a proof make room.
 *
 * A proof of another row that is right takes that row over: its choices, where the wish names none,
 * its follows and mutes, and its place in every unfinished job, as an exception due now. */
enum subscription_result subscription_save(struct db *db, struct arena *a,
    const struct subscription_wish *wish, int64_t max, const char **sentence);

/* Ends a subscription, or only its follow of `incident` where that is not NULL; a row that has no
 * choice left ends too.  DONE also where there was none; else BUSY or BROKEN. */
enum subscription_result subscription_remove(
    struct db *db, struct arena *a, const struct subscription_proof *proof, const char *incident);

struct subscription_silence {
	const char *incident;
	const char *until; /* "resolved" or "end" */
};

/* What is known about one, as contract §3 `state` shows it. */
struct subscription_view {
	bool gone; /* its push service said so */
	struct choice choice;
	const char **follows; /* incident ids */
	size_t n_follows;
	struct subscription_silence *mutes;
	size_t n_mutes;
	bool key_current;
	int64_t last_test_at;	       /* ms, 0 = never */
	const char *last_test_outcome; /* NULL = never */
	/* Of the newest of the last 20 notifications that it was to get, judged by its present choices: "sending",
	 * "retrying", "accepted", "refused", "expired", "missed" (one of these two), "stopped", or "gone" (its push
	 * service says that it is no more); NULL where there was none or it cannot be known.  At, in ms, as near as is
	 * known: the job's first acceptance, its time, or its end. */
	const char *last_push_outcome;
	int64_t last_push_at;
};

/* DONE, ABSENT, BUSY or BROKEN. */
enum subscription_result subscription_read(struct db *db, struct arena *a,
    const struct subscription_proof *proof, const struct subscription_keys *keys,
    struct subscription_view *out);

/* Silences one incident, until it is "resolved" or until the "end".  DONE, ABSENT, BUSY or BROKEN.
 */
enum subscription_result subscription_mute(struct db *db, struct arena *a,
    const struct subscription_proof *proof, const struct subscription_silence *mute);

/* Queues a test push.  DONE, ABSENT, OFF, TOO_OFTEN (at most one a minute; *wait_ms until the
 * next), BUSY or BROKEN. */
enum subscription_result subscription_test(
    struct db *db, struct arena *a, const struct subscription_proof *proof, int64_t *wait_ms);

#endif
