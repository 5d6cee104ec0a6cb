/* subscription_row.c - see subscription_row.h. */
#include "base.h"
#include "subscription_row.h"

#include "arena.h"
#include "db.h"
#include "digest.h"
#include "text.h"

void subscription_hash(const char *url, uint8_t out[SUBSCRIPTION_HASH_LEN])
{
	uint8_t digest[DIGEST_SIZE];

	digest_sha256(url, strlen(url), digest);
	memcpy(out, digest, SUBSCRIPTION_HASH_LEN);
}

/* Copies a blob whose length the schema guarantees. */
static void take_blob(struct db_stmt *s, int col, uint8_t *out, size_t len)
{
	size_t got;
	const void *p = db_col_blob(s, col, &got);

	assert(got == len);
	memcpy(out, p, len);
}

static void take_row(struct db_stmt *s, struct arena *a, struct subscription_row *r)
{
	int impact = impact_from_word(db_col_text(s, 6));

	*r = (struct subscription_row){.id = db_col_int(s, 0)};
	take_blob(s, 1, r->p256dh, sizeof r->p256dh);
	take_blob(s, 2, r->auth, sizeof r->auth);
	take_blob(s, 3, r->key, sizeof r->key);
	r->choice.components = db_col_strdup(s, 4, a);
	r->choice.events = db_col_strdup(s, 5, a);
	r->choice.min_impact = impact < 0 ? IMPACT_NONE : (enum impact)impact;
	r->choice.lang = db_col_strdup(s, 7, a);
	r->choice.quiet.from = db_col_strdup(s, 8, a);
	r->choice.quiet.to = db_col_strdup(s, 9, a);
	r->choice.quiet.tz = db_col_strdup(s, 10, a);
	r->choice.quiet.critical = db_col_int(s, 11) != 0;
	r->last_seen_at = db_col_int(s, 12);
	r->dead = !db_col_null(s, 13);
	r->last_test_at = db_col_int(s, 14);
	r->last_test_outcome = db_col_strdup(s, 15, a);
	r->dead_at = db_col_int(s, 13);
	r->origin_id = db_col_int(s, 16);
	r->shard = (int)db_col_int(s, 17);
	r->proven = db_col_int(s, 18) != 0;
}

int subscription_find(struct db *db, struct arena *a, const char *url, struct subscription_row *out)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_GET);
	uint8_t hash[SUBSCRIPTION_HASH_LEN];

	subscription_hash(url, hash);
	db_bind_blob(s, ":hash", hash, sizeof hash);
	int rc = db_step(s);
	if (rc == 1)
		take_row(s, a, out);
	db_reset(s);
	return rc;
}

int subscription_find_proven(struct db *db, struct arena *a, const struct subscription_proof *proof,
    struct subscription_row *out)
{
	int rc = subscription_find(db, a, proof->url, out);

	if (rc != 1)
		return rc;
	return text_equal_secret(out->auth, proof->auth, sizeof out->auth) ? 1 : 0;
}
