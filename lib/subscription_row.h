/* subscription_row.h - one row of `subscriptions` in memory; for subscription*.c alone. */
#ifndef SUBSCRIPTION_ROW_H
#define SUBSCRIPTION_ROW_H

#include "base.h"
#include "choice.h"
#include "subscription.h"

#define SUBSCRIPTION_HASH_LEN 16

/* Text lives in the arena it was read with. */
struct subscription_row {
	int64_t id;
	uint8_t p256dh[SUBSCRIPTION_KEY_LEN];
	uint8_t auth[SUBSCRIPTION_AUTH_LEN];
	uint8_t key[SUBSCRIPTION_KEY_LEN]; /* ours, that it was made with */
	struct choice choice;
	int64_t last_seen_at, last_test_at; /* ms; 0 = never */
	const char *last_test_outcome;
	bool dead;
	int64_t dead_at; /* ms; 0 = it lives */
	int64_t origin_id;
	int shard;
	bool proven; /* its push service accepted something for it */
};

/* What a row is found by: the first half of SHA-256 of the canonical endpoint. */
void subscription_hash(const char *url, uint8_t out[SUBSCRIPTION_HASH_LEN]);

/* 1 found, 0 no such row, -1 broken. */
int subscription_find(
    struct db *db, struct arena *a, const char *url, struct subscription_row *out);

/* As above; an unknown endpoint and a wrong secret are the same: 0. */
int subscription_find_proven(struct db *db, struct arena *a, const struct subscription_proof *proof,
    struct subscription_row *out);

/* Sets last_push_* of a view whose follows and mutes are read.  1 or -1. */
int subscription_last_push(struct db *db, struct arena *a, const struct subscription_row *row,
    struct subscription_view *out);

#endif
