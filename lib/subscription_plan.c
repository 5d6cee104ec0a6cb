/* subscription_plan.c - see subscription_plan.h. */
#include "base.h"
#include "subscription_plan.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "settings.h"
#include "text.h"

#define SEEN_EVERY_MS CLOCK_DAY /* a visit is written down at most this often */

static int exists(struct db *db, enum sql which, const char *id)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_text(s, ":id", id);
	int rc = db_step(s);
	db_reset(s);
	return rc;
}

enum subscription_result subscription_refuse(
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
 * endpoint over a new subscription, and an endpoint alone proves nothing).  Behind a dead row nobody is told anything:
 * it makes room for whoever has the endpoint now, who inherits nothing. */
static enum subscription_result judge_keys(
    const struct subscription_wish *w, struct subscription_plan *p, const char **sentence)
{
	p->new_keys = !text_equal_secret(p->row.auth, w->auth, sizeof w->auth) ||
		      memcmp(p->row.p256dh, w->p256dh, sizeof w->p256dh) != 0;
	if (!p->new_keys)
		return SUBSCRIPTION_DONE;
	if (w->replaces && strcmp(w->replaced.url, w->endpoint->url) == 0 &&
	    text_equal_secret(p->row.auth, w->replaced.auth, sizeof p->row.auth))
		return SUBSCRIPTION_DONE;
	if (p->row.dead) {
		p->stranger = p->row.id;
		p->exists = p->new_keys = false;
		return SUBSCRIPTION_DONE;
	}
	return subscription_refuse(SUBSCRIPTION_CONFLICT, sentence,
	    "This endpoint is subscribed with other keys. Unsubscribe in the browser and "
	    "subscribe again.");
}

/* The key of ours to store: the one that is named, else the row's, else the current one. */
static enum subscription_result judge_own_key(
    const struct subscription_wish *w, struct subscription_plan *p, const char **sentence)
{
	const struct subscription_keys *keys = w->keys;

	if (w->key == NULL) {
		if (!p->exists && !keys->has_current)
			return subscription_refuse(SUBSCRIPTION_FULL, sentence,
			    "The keys for notifications are not set up on this site.");
		p->key = p->exists ? p->row.key : keys->current;
		return SUBSCRIPTION_DONE;
	}
	p->key = w->key;
	if ((keys->has_current && memcmp(w->key, keys->current, sizeof keys->current) == 0) ||
	    (keys->has_previous && memcmp(w->key, keys->previous, sizeof keys->previous) == 0))
		return SUBSCRIPTION_DONE;
	return subscription_refuse(SUBSCRIPTION_CONFLICT, sentence,
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
			return subscription_refuse(SUBSCRIPTION_BAD, sentence,
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
		return subscription_refuse(
		    SUBSCRIPTION_ABSENT, sentence, "There is no such incident.");
	if (over)
		return subscription_refuse(
		    SUBSCRIPTION_CONFLICT, sentence, "This incident is over.");
	return SUBSCRIPTION_DONE;
}

/* The choices to store.  A follow adds itself and changes nothing else. */
static enum subscription_result plan_choice(struct db *db, struct arena *a,
    const struct subscription_wish *w, struct subscription_plan *p, const char **sentence)
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
			return subscription_refuse(SUBSCRIPTION_BAD, sentence,
			    "Choose at least one component, or unsubscribe.");
	}
	return judge_components(db, a, p->choice.components, sentence);
}

static enum subscription_result plan_follow(struct db *db, const struct subscription_wish *w,
    int64_t now, struct subscription_plan *p, const char **sentence)
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
    struct db *db, struct arena *a, const struct subscription_wish *w, struct subscription_plan *p)
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

static bool nothing_new(const struct subscription_plan *p, int64_t now)
{
	return p->exists && !p->new_keys && !p->takes_over && !p->adds_follow && !p->row.dead &&
	       memcmp(p->key, p->row.key, sizeof p->row.key) == 0 &&
	       choice_equal(&p->choice, &p->row.choice) &&
	       now - p->row.last_seen_at < SEEN_EVERY_MS;
}

enum subscription_result subscription_plan_make(struct db *db, struct arena *a,
    const struct subscription_wish *w, int64_t now, struct subscription_plan *p,
    const char **sentence)
{
	enum subscription_result result;

	*p = (struct subscription_plan){0};
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
