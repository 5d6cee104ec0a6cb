/* subscription.c - see subscription.h. */
#include "base.h"
#include "subscription.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "subscription_plan.h"

#define EVICT_MAX 16 /* rows that one newcomer may push out, after the cap was lowered */

static const char *const sentences[] = {
    [SUBSCRIPTION_NEW] = "",
    [SUBSCRIPTION_KNOWN] = "",
    [SUBSCRIPTION_UNCHANGED] = "",
    [SUBSCRIPTION_DONE] = "",
    [SUBSCRIPTION_BAD] = "The request does not fit.",
    [SUBSCRIPTION_OFF] = "Notifications are switched off on this site.",
    [SUBSCRIPTION_ABSENT] = "There is no such subscription.",
    [SUBSCRIPTION_CONFLICT] = "The subscription has changed meanwhile.",
    [SUBSCRIPTION_TOO_OFTEN] = "Too many requests. Try again in a minute.",
    [SUBSCRIPTION_FULL] = "This site cannot take more subscriptions now.",
    [SUBSCRIPTION_BUSY] = "The site is busy. Try again in a minute.",
    [SUBSCRIPTION_BROKEN] = "Something broke on the server. Try again later.",
};
static_assert(nelem(sentences) == SUBSCRIPTION__MAX, "a sentence for each");

const char *subscription_sentence(enum subscription_result result)
{
	assert(result < SUBSCRIPTION__MAX);
	return sentences[result];
}

/* ------------------------------------------------------------------ saving */

static int store_key(
    struct db *db, const uint8_t key[SUBSCRIPTION_KEY_LEN], int64_t now, int64_t *id)
{
	struct db_stmt *s = db_stmt(db, SQL_VAPID_KEY_ID);

	db_bind_blob(s, ":key", key, SUBSCRIPTION_KEY_LEN);
	int rc = db_one_int(s, id);
	if (rc != 0)
		return rc;
	s = db_stmt(db, SQL_VAPID_KEY_ADD);
	db_bind_blob(s, ":key", key, SUBSCRIPTION_KEY_LEN);
	db_bind_int(s, ":now", now);
	if (db_run(s) < 0)
		return -1;
	*id = db_last_id(db);
	return 1;
}

/* 1 found or added, 0 no room under this suffix, -1 broken.  What the operator allows by name is
 * not counted; it is few, or the operator opened the door to all. */
static int store_origin(struct db *db, const struct endpoint *e, int64_t *id)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_ORIGIN);
	int64_t n;

	db_bind_text(s, ":origin", e->origin);
	int rc = db_one_int(s, id);
	if (rc != 0)
		return rc;
	if (e->suffix != NULL) {
		s = db_stmt(db, SQL_SUBSCRIPTION_ORIGINS);
		db_bind_text(s, ":suffix", e->suffix);
		if (db_one_int(s, &n) != 1)
			return -1;
		if (n >= SUBSCRIPTION_ORIGINS_MAX)
			return 0;
	}
	s = db_stmt(db, SQL_SUBSCRIPTION_ORIGIN_ADD);
	db_bind_text(s, ":origin", e->origin);
	db_bind_text(s, ":suffix", e->suffix != NULL ? e->suffix : "");
	if (db_run(s) < 0)
		return -1;
	*id = db_last_id(db);
	return 1;
}

static void bind_choice(struct db_stmt *s, const struct choice *c)
{
	db_bind_text(s, ":components", c->components);
	db_bind_text(s, ":events", c->events);
	db_bind_text(s, ":min_impact", impact_word(c->min_impact));
	db_bind_text(s, ":lang", c->lang);
	db_bind_text(s, ":quiet_from", c->quiet.from);
	db_bind_text(s, ":quiet_to", c->quiet.to);
	db_bind_text(s, ":quiet_tz", c->quiet.tz);
	db_bind_int(s, ":quiet_critical", c->quiet.critical);
}

static void bind_keys(struct db_stmt *s, const struct subscription_wish *w, int64_t key_id)
{
	db_bind_blob(s, ":p256dh", w->p256dh, sizeof w->p256dh);
	db_bind_blob(s, ":auth", w->auth, sizeof w->auth);
	db_bind_int(s, ":key", key_id);
}

static int add_row(struct db *db, const struct subscription_wish *w,
    const struct subscription_plan *p, int64_t key_id, int64_t origin_id, int64_t now, int64_t *id)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_ADD);
	uint8_t hash[SUBSCRIPTION_HASH_LEN];

	subscription_hash(w->endpoint->url, hash);
	db_bind_blob(s, ":hash", hash, sizeof hash);
	db_bind_text(s, ":endpoint", w->endpoint->url);
	db_bind_int(s, ":origin", origin_id);
	db_bind_int(s, ":shard", hash[sizeof hash - 1] & 15);
	db_bind_int(s, ":now", now);
	bind_keys(s, w, key_id);
	bind_choice(s, &p->choice);
	if (db_run(s) < 0)
		return -1;
	*id = db_last_id(db);
	return 1;
}

/* A row with other keys, or one that was gone, has to prove itself again. */
static int change_row(struct db *db, const struct subscription_wish *w,
    const struct subscription_plan *p, int64_t key_id, int64_t now)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_CHANGE);

	db_bind_int(s, ":id", p->row.id);
	db_bind_int(s, ":fresh", p->new_keys || p->row.dead);
	db_bind_int(s, ":now", now);
	bind_keys(s, w, key_id);
	bind_choice(s, &p->choice);
	return db_run(s);
}

static int add_follow(struct db *db, int64_t id, const char *incident)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_FOLLOW);

	db_bind_int(s, ":id", id);
	db_bind_text(s, ":incident", incident);
	return db_run(s);
}

static int erase(struct db *db, int64_t id)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_DELETE);

	db_bind_int(s, ":id", id);
	return db_run(s);
}

static int move(struct db *db, enum sql which, int64_t old, int64_t id)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_int(s, ":old", old);
	db_bind_int(s, ":id", id);
	return db_run(s);
}

/* A job is closed over the ids that were there when it was written, so the new id is not among
 * them: its push is owed to it by an exception.  What was to be tried again for the old id is
 * thereby settled. */
static int take_over(struct db *db, int64_t old, int64_t id, int64_t now)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_TAKE_JOBS);

	db_bind_int(s, ":old", old);
	db_bind_int(s, ":id", id);
	db_bind_int(s, ":now", now);
	if (db_run(s) < 0 || move(db, SQL_SUBSCRIPTION_TAKE_FOLLOWS, old, id) < 0 ||
	    move(db, SQL_SUBSCRIPTION_TAKE_MUTES, old, id) < 0)
		return -1;
	s = db_stmt(db, SQL_SUBSCRIPTION_DROP_EXCEPTIONS);
	db_bind_int(s, ":id", old);
	if (db_run(s) < 0)
		return -1;
	return erase(db, old);
}

/* After a row was added: 1 there is room, or room was made; 0 all others are proven. */
static int make_room(struct db *db, int64_t id, int64_t max)
{
	int64_t n;

	if (db_one_int(db_stmt(db, SQL_SUBSCRIPTION_COUNT), &n) != 1)
		return -1;
	if (n <= max)
		return 1;
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_EVICT);
	db_bind_int(s, ":id", id);
	db_bind_int(s, ":n", n - max < EVICT_MAX ? n - max : EVICT_MAX);
	return db_run(s);
}

static enum subscription_result full(int rc, const char **sentence, const char *why)
{
	return rc < 0 ? SUBSCRIPTION_BROKEN : subscription_refuse(SUBSCRIPTION_FULL, sentence, why);
}

static enum subscription_result apply(struct db *db, const struct subscription_wish *w,
    const struct subscription_plan *p, int64_t max, int64_t now, const char **sentence)
{
	int64_t key_id, origin_id, id = p->row.id;
	int rc;

	if (p->stranger != 0 && erase(db, p->stranger) < 0)
		return SUBSCRIPTION_BROKEN;
	if (store_key(db, p->key, now, &key_id) < 0)
		return SUBSCRIPTION_BROKEN;
	if (!p->exists) {
		if ((rc = store_origin(db, w->endpoint, &origin_id)) != 1)
			return full(
			    rc, sentence, "This push service has too many hosts here already.");
		if (add_row(db, w, p, key_id, origin_id, now, &id) < 0)
			return SUBSCRIPTION_BROKEN;
	} else if (change_row(db, w, p, key_id, now) < 0) {
		return SUBSCRIPTION_BROKEN;
	}
	if (p->takes_over && take_over(db, p->old.id, id, now) < 0)
		return SUBSCRIPTION_BROKEN;
	if (p->adds_follow && add_follow(db, id, w->incident) < 0)
		return SUBSCRIPTION_BROKEN;
	if (!p->exists && (rc = make_room(db, id, max)) != 1)
		return full(rc, sentence, sentences[SUBSCRIPTION_FULL]);
	return SUBSCRIPTION_DONE;
}

enum subscription_result subscription_check(
    struct db *db, struct arena *a, const struct subscription_wish *wish, const char **sentence)
{
	struct subscription_plan plan;
	int rc = db_begin_read(db);

	*sentence = sentences[rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN];
	if (rc != 1)
		return rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN;
	enum subscription_result result =
	    subscription_plan_make(db, a, wish, clock_now_ms(), &plan, sentence);
	db_rollback(db);
	if (result == SUBSCRIPTION_OFF)
		*sentence = sentences[result];
	return result;
}

enum subscription_result subscription_save(struct db *db, struct arena *a,
    const struct subscription_wish *wish, int64_t max, const char **sentence)
{
	struct subscription_plan plan;
	int64_t now = clock_now_ms();
	int rc = db_begin_write(db);

	*sentence = sentences[rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN];
	if (rc != 1)
		return rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN;
	enum subscription_result result = subscription_plan_make(db, a, wish, now, &plan, sentence),
				 applied;
	if (result == SUBSCRIPTION_OFF)
		*sentence = sentences[result];
	if (result == SUBSCRIPTION_NEW || result == SUBSCRIPTION_KNOWN) {
		applied = apply(db, wish, &plan, max, now, sentence);
		if (applied != SUBSCRIPTION_DONE)
			result = applied;
		else if (db_commit(db) != 1)
			result = SUBSCRIPTION_BROKEN;
	}
	db_rollback(db);
	return result;
}
