/* subscription.c - see subscription.h. */
#include "base.h"
#include "subscription.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "settings.h"
#include "subscription_row.h"
#include "text.h"

#define SEEN_EVERY_MS CLOCK_DAY /* a visit is written down at most this often */
#define EVICT_MAX     16	/* rows that one newcomer may push out, after the cap was lowered */

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

static int exists(struct db *db, enum sql which, const char *id)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_text(s, ":id", id);
	int rc = db_step(s);
	db_reset(s);
	return rc;
}

/* ------------------------------------------------------------------ what a wish would do */

struct plan {
	bool exists, new_keys, takes_over, adds_follow;
	struct subscription_row row; /* that is there, if exists */
	struct subscription_row old; /* that is taken over, if takes_over */
	struct choice choice;
	const uint8_t *key; /* ours, to be stored */
};

static enum subscription_result refuse(
    enum subscription_result result, const char **sentence, const char *why)
{
	*sentence = why;
	return result;
}

/* OFF, or DONE where push is on. */
static enum subscription_result judge_switch(struct db *db, struct arena *a)
{
	char *value;
	int rc = settings_get(db, "push_enabled", a, &value);

	if (rc < 0)
		return SUBSCRIPTION_BROKEN;
	return rc == 1 && strcmp(value, "1") != 0 ? SUBSCRIPTION_OFF : SUBSCRIPTION_DONE;
}

/* Who may change the keys of a row: only who knows the old secret (a push service may keep an
 * endpoint over a new subscription, and an endpoint alone proves nothing). */
static enum subscription_result judge_keys(
    const struct subscription_wish *w, struct plan *p, const char **sentence)
{
	p->new_keys = !text_equal_secret(p->row.auth, w->auth, sizeof w->auth) ||
		      memcmp(p->row.p256dh, w->p256dh, sizeof w->p256dh) != 0;
	if (!p->new_keys)
		return SUBSCRIPTION_DONE;
	if (w->replaces && strcmp(w->replaced.url, w->endpoint->url) == 0 &&
	    text_equal_secret(p->row.auth, w->replaced.auth, sizeof p->row.auth))
		return SUBSCRIPTION_DONE;
	return refuse(SUBSCRIPTION_CONFLICT, sentence,
	    "This endpoint is subscribed with other keys. Unsubscribe in the browser and "
	    "subscribe again.");
}

/* The key of ours to store: the one that is named, else the row's, else the current one. */
static enum subscription_result judge_own_key(
    const struct subscription_wish *w, struct plan *p, const char **sentence)
{
	const struct subscription_keys *keys = w->keys;

	if (w->key == NULL) {
		if (!p->exists && !keys->has_current)
			return refuse(SUBSCRIPTION_FULL, sentence,
			    "The keys for notifications are not set up on this site.");
		p->key = p->exists ? p->row.key : keys->current;
		return SUBSCRIPTION_DONE;
	}
	p->key = w->key;
	if ((keys->has_current && memcmp(w->key, keys->current, sizeof keys->current) == 0) ||
	    (keys->has_previous && memcmp(w->key, keys->previous, sizeof keys->previous) == 0))
		return SUBSCRIPTION_DONE;
	return refuse(SUBSCRIPTION_CONFLICT, sentence,
	    "The subscription was made with a key that is not this site's. Reload the page and "
	    "subscribe again.");
}

static enum subscription_result judge_components(
    struct db *db, struct arena *a, const char *components, const char **sentence)
{
	for (const char *p = components; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, " ");
		const char *id = arena_copy(a, p, n);
		int rc = exists(db, SQL_SUBSCRIPTION_COMPONENT, id);
		if (rc < 0)
			return SUBSCRIPTION_BROKEN;
		if (rc == 0)
			return refuse(SUBSCRIPTION_BAD, sentence,
			    arena_printf(a, "There is no component or group \"%s\".", id));
		p += n + (p[n] == ' ');
	}
	return SUBSCRIPTION_DONE;
}

static int follows(struct db *db, int64_t id, const char *incident)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_FOLLOWS_ONE);

	db_bind_int(s, ":id", id);
	db_bind_text(s, ":incident", incident);
	int rc = db_step(s);
	db_reset(s);
	return rc;
}

static int follows_any(struct db *db, int64_t id)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_FOLLOWS);

	db_bind_int(s, ":id", id);
	int rc = db_step(s);
	db_reset(s);
	return rc;
}

static enum subscription_result judge_incident(
    struct db *db, const char *incident, int64_t now, const char **sentence)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_INCIDENT);
	bool over = false;

	db_bind_text(s, ":id", incident);
	int rc = db_step(s);
	if (rc == 1)
		over = !db_col_null(s, 0) && db_col_int(s, 0) + SUBSCRIPTION_FOLLOW_ENDS_MS <= now;
	db_reset(s);
	if (rc < 0)
		return SUBSCRIPTION_BROKEN;
	if (rc == 0)
		return refuse(SUBSCRIPTION_ABSENT, sentence, "There is no such incident.");
	if (over)
		return refuse(SUBSCRIPTION_CONFLICT, sentence, "This incident is over.");
	return SUBSCRIPTION_DONE;
}

/* The choices to store.  A follow adds itself and changes nothing else. */
static enum subscription_result plan_choice(struct db *db, struct arena *a,
    const struct subscription_wish *w, struct plan *p, const char **sentence)
{
	bool follow_only = w->incident != NULL && !p->exists && !p->takes_over;
	int rc = 0;

	if (follow_only) {
		p->choice = choice_follow;
		if (w->choice.lang)
			p->choice.lang = w->choice.value.lang;
		return SUBSCRIPTION_DONE;
	}
	p->choice = p->takes_over ? p->old.choice : p->exists ? p->row.choice : choice_default;
	if (w->incident != NULL)
		return SUBSCRIPTION_DONE;
	choice_merge(&p->choice, &w->choice);
	if (!w->choice.components)
		return SUBSCRIPTION_DONE;
	if (p->choice.components != NULL && *p->choice.components == '\0') {
		if (p->exists && (rc = follows_any(db, p->row.id)) < 0)
			return SUBSCRIPTION_BROKEN;
		if (rc == 0 && p->takes_over && (rc = follows_any(db, p->old.id)) < 0)
			return SUBSCRIPTION_BROKEN;
		if (rc == 0)
			return refuse(SUBSCRIPTION_BAD, sentence,
			    "Choose at least one component, or unsubscribe.");
	}
	return judge_components(db, a, p->choice.components, sentence);
}

static enum subscription_result plan_follow(struct db *db, const struct subscription_wish *w,
    int64_t now, struct plan *p, const char **sentence)
{
	enum subscription_result result;
	int rc = 0;

	if (w->incident == NULL)
		return SUBSCRIPTION_DONE;
	if (p->exists && (rc = follows(db, p->row.id, w->incident)) < 0)
		return SUBSCRIPTION_BROKEN;
	if (rc == 1)
		return SUBSCRIPTION_DONE;
	if ((result = judge_incident(db, w->incident, now, sentence)) != SUBSCRIPTION_DONE)
		return result;
	p->adds_follow = true;
	return SUBSCRIPTION_DONE;
}

static enum subscription_result find_both(
    struct db *db, struct arena *a, const struct subscription_wish *w, struct plan *p)
{
	int rc = subscription_find(db, a, w->endpoint->url, &p->row);

	if (rc < 0)
		return SUBSCRIPTION_BROKEN;
	p->exists = rc == 1;
	if (!w->replaces || strcmp(w->replaced.url, w->endpoint->url) == 0)
		return SUBSCRIPTION_DONE;
	if ((rc = subscription_find_proven(db, a, &w->replaced, &p->old)) < 0)
		return SUBSCRIPTION_BROKEN;
	p->takes_over = rc == 1;
	return SUBSCRIPTION_DONE;
}

static bool nothing_new(const struct plan *p, int64_t now)
{
	return p->exists && !p->new_keys && !p->takes_over && !p->adds_follow && !p->row.dead &&
	       memcmp(p->key, p->row.key, sizeof p->row.key) == 0 &&
	       choice_equal(&p->choice, &p->row.choice) &&
	       now - p->row.last_seen_at < SEEN_EVERY_MS;
}

/* Reads only; must be inside a transaction. */
static enum subscription_result make_plan(struct db *db, struct arena *a,
    const struct subscription_wish *w, int64_t now, struct plan *p, const char **sentence)
{
	enum subscription_result result;

	*p = (struct plan){0};
	if ((result = judge_switch(db, a)) != SUBSCRIPTION_DONE ||
	    (result = find_both(db, a, w, p)) != SUBSCRIPTION_DONE ||
	    (p->exists && (result = judge_keys(w, p, sentence)) != SUBSCRIPTION_DONE) ||
	    (result = judge_own_key(w, p, sentence)) != SUBSCRIPTION_DONE ||
	    (result = plan_choice(db, a, w, p, sentence)) != SUBSCRIPTION_DONE ||
	    (result = plan_follow(db, w, now, p, sentence)) != SUBSCRIPTION_DONE)
		return result;
	if (nothing_new(p, now))
		return SUBSCRIPTION_UNCHANGED;
	return p->exists ? SUBSCRIPTION_KNOWN : SUBSCRIPTION_NEW;
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

static int add_row(struct db *db, const struct subscription_wish *w, const struct plan *p,
    int64_t key_id, int64_t origin_id, int64_t now, int64_t *id)
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
static int change_row(struct db *db, const struct subscription_wish *w, const struct plan *p,
    int64_t key_id, int64_t now)
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
	s = db_stmt(db, SQL_SUBSCRIPTION_DELETE);
	db_bind_int(s, ":id", old);
	return db_run(s);
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
	return rc < 0 ? SUBSCRIPTION_BROKEN : refuse(SUBSCRIPTION_FULL, sentence, why);
}

static enum subscription_result apply(struct db *db, const struct subscription_wish *w,
    const struct plan *p, int64_t max, int64_t now, const char **sentence)
{
	int64_t key_id, origin_id, id = p->row.id;
	int rc;

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
	struct plan plan;
	int rc = db_begin_read(db);

	*sentence = sentences[rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN];
	if (rc != 1)
		return rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN;
	enum subscription_result result = make_plan(db, a, wish, clock_now_ms(), &plan, sentence);
	db_rollback(db);
	if (result == SUBSCRIPTION_OFF)
		*sentence = sentences[result];
	return result;
}

enum subscription_result subscription_save(struct db *db, struct arena *a,
    const struct subscription_wish *wish, int64_t max, const char **sentence)
{
	struct plan plan;
	int64_t now = clock_now_ms();
	int rc = db_begin_write(db);

	*sentence = sentences[rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN];
	if (rc != 1)
		return rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN;
	enum subscription_result result = make_plan(db, a, wish, now, &plan, sentence), applied;
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
