/* lane_read.c - from a row to a message: who is told what, and what needs no sending. */
#include "base.h"
#include "lane_read.h"

#include "audience.h"
#include "clock.h"
#include "db.h"
#include "vocabulary.h"

#define LANE_NEXT_SENDER_MS (5 * CLOCK_SECOND)

/* Columns of LANE_PAGE, LANE_PAGE_CHOSEN and LANE_PAGE_EXCEPTIONS. */
enum {
	COL_ID,
	COL_HASH,
	COL_ENDPOINT,
	COL_P256DH,
	COL_AUTH,
	COL_KEY,
	COL_COMPONENTS,
	COL_EVENTS,
	COL_MIN_IMPACT,
	COL_LANG,
	COL_PROVEN,
	COL_MAX_PAYLOAD,
	COL_STRIKES,
	COL_STRUCK_AT,
	COL_SUSPENDED_UNTIL,
	COL_QUIET_FROM,
	COL_QUIET_TO,
	COL_QUIET_TZ,
	COL_QUIET_CRITICAL,
	COL_FOLLOWS,
	COL_MUTE,
	COL_SUBSCRIPTION, /* from here on: exceptions alone */
	COL_TRIES,
	COL_CLAIMS,
	COL_WITHOUT_TOPIC,
	COL_MINIMAL,
	COL_SHORT_TTL
};

/* ------------------------------------------------------------------ who is told what */

static enum audience_mute read_mute(const char *until)
{
	if (until == NULL)
		return AUDIENCE_NOT_MUTED;
	return strcmp(until, "end") == 0 ? AUDIENCE_MUTED_UNTIL_END : AUDIENCE_MUTED_UNTIL_RESOLVED;
}

static struct audience_choice read_choice(struct db_stmt *s)
{
	int impact = impact_from_word(db_col_text(s, COL_MIN_IMPACT));

	return (struct audience_choice){
	    .components = db_col_text(s, COL_COMPONENTS),
	    .events = db_col_text(s, COL_EVENTS),
	    .min_impact = impact < 0 ? IMPACT_NONE : (enum impact)impact,
	    .follows = db_col_int(s, COL_FOLLOWS) != 0,
	    .mute = read_mute(db_col_text(s, COL_MUTE)),
	};
}

static bool same_incident(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The first notice that passes; NULL = this job does not concern them. */
static const struct bulletin_notice *choose(
    const struct bulletin *b, const struct audience_choice *choice)
{
	if (b->is_test)
		return &b->notices[0];
	for (size_t i = 0; i < b->n_notices; i++) {
		struct audience_choice c = *choice;

		if (!same_incident(b->notices[i].incident_id, b->incident_id)) {
			c.follows = false;
			c.mute = AUDIENCE_NOT_MUTED;
		}
		if (audience_passes(&c, &b->notices[i].audience))
			return &b->notices[i];
	}
	return NULL;
}

/* Fills in what the subscriber said about another incident than the job's own. */
static void ask_about(
    struct db *db, int64_t id, const char *incident, struct audience_choice *choice)
{
	struct db_stmt *s;

	choice->follows = false;
	choice->mute = AUDIENCE_NOT_MUTED;
	if (incident == NULL)
		return;
	s = db_stmt(db, SQL_LANE_FOLLOW);
	db_bind_int(s, ":id", id);
	db_bind_text(s, ":incident", incident);
	if (db_step(s) == 1) {
		choice->follows = db_col_int(s, 0) != 0;
		choice->mute = read_mute(db_col_text(s, 1));
	}
	db_reset(s);
}

static bool newer_reaches(struct db *db, const struct bulletin_newer *newer, int64_t id)
{
	struct db_stmt *s;
	bool found;

	if (id <= newer->max_subscription_id)
		return true;
	/* a subscription that replaced another one is told by an exception */
	s = db_stmt(db, SQL_LANE_HAS_EXCEPTION);
	db_bind_int(s, ":job", newer->job_id);
	db_bind_int(s, ":id", id);
	found = db_step(s) == 1;
	db_reset(s);
	return found;
}

static bool is_superseded(struct db *db, const struct bulletin *b, const struct bulletin_notice *n,
    int64_t id, const struct audience_choice *choice)
{
	for (size_t i = 0; i < n->n_newer; i++) {
		const struct bulletin_newer *newer = &n->newer[i];
		struct audience_choice c = *choice;

		if (!same_incident(newer->incident_id, b->incident_id))
			ask_about(db, id, newer->incident_id, &c);
		if (audience_passes(&c, &newer->audience) && newer_reaches(db, newer, id))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ one message */

void lane_settle(struct lane_message *m, enum lane_outcome outcome, const char *word)
{
	assert(m->state == LANE_QUEUED || m->state == LANE_IN_FLIGHT);
	m->state = LANE_SETTLED;
	m->outcome = outcome;
	m->word = word;
	m->window->open--;
}

/* It subscribed with a key that came after this sender had read its configuration: the next one knows it. */
static void leave_to_next(struct lane_message *m, int64_t now_ms)
{
	m->state = LANE_LATER;
	m->due_at = now_ms + LANE_NEXT_SENDER_MS;
	m->window->open--;
}

static bool is_known(const struct lane_desk *desk, int64_t key)
{
	return key != 0 && (key == desk->key_id || key == desk->previous_key_id);
}

static bool is_outdated(const struct lane_desk *desk)
{
	return desk->outdated != NULL && desk->outdated(desk->user);
}

static void settle_dead(struct lane_message *m, enum lane_outcome outcome, const char *reason)
{
	m->dead_reason = reason;
	lane_settle(m, outcome, reason);
}

static void read_blob(struct db_stmt *s, int col, uint8_t *out, size_t size)
{
	size_t len;
	const void *p = db_col_blob(s, col, &len);

	if (len == size) /* the schema promises it */
		memcpy(out, p, size);
}

/* The path, which starts behind the origin; NULL where the endpoint does not belong to it. */
static const char *read_path(struct db_stmt *s, const struct lane_reading *r)
{
	const char *endpoint = db_col_text(s, COL_ENDPOINT);
	size_t len = strlen(r->place->origin);

	if (strncmp(endpoint, r->place->origin, len) != 0 || endpoint[len] != '/')
		return NULL;
	return arena_strdup(&r->window->arena, endpoint + len);
}

static void read_message(struct db_stmt *s, const struct lane_reading *r, struct lane_message *m)
{
	m->id = db_col_int(s, COL_ID);
	read_blob(s, COL_HASH, m->hash, sizeof m->hash);
	read_blob(s, COL_P256DH, m->p256dh, sizeof m->p256dh);
	read_blob(s, COL_AUTH, m->auth, sizeof m->auth);
	m->text = bulletin_text(m->notice, db_col_text(s, COL_LANG));
	if (!db_col_null(s, COL_QUIET_FROM))
		m->quiet = quiet_read(db_col_text(s, COL_QUIET_FROM), db_col_text(s, COL_QUIET_TO),
		    db_col_text(s, COL_QUIET_TZ), db_col_int(s, COL_QUIET_CRITICAL) != 0);
	m->proven = db_col_int(s, COL_PROVEN) != 0;
	m->gap_before = r->gap;
	m->max_payload = db_col_int(s, COL_MAX_PAYLOAD);
	m->standing.strikes = db_col_int(s, COL_STRIKES);
	m->standing.struck_at = db_col_int(s, COL_STRUCK_AT);
	m->standing.suspended_until = db_col_int(s, COL_SUSPENDED_UNTIL);
}

/* Settles what needs no sending. */
static void settle_early(struct db_stmt *s, const struct lane_reading *r, struct lane_message *m,
    const struct audience_choice *choice)
{
	const struct lane_desk *desk = r->desk;
	const struct bulletin *b = r->window->bulletin;
	int64_t key = db_col_int(s, COL_KEY);

	m->previous_key = key != desk->key_id;
	if (b->stopped || desk->push_off)
		lane_settle(m, LANE_STOPPED, "stopped");
	else if (m->notice->expires_at <= r->when->now_ms)
		lane_settle(m, LANE_EXPIRED, "expired");
	else if (is_superseded(desk->db, b, m->notice, m->id, choice))
		lane_settle(m, LANE_SUPERSEDED, "superseded");
	else if (m->standing.suspended_until > r->when->now_ms)
		lane_settle(m, LANE_REFUSED, "suspended");
	else if (!r->place->allowed)
		lane_settle(m, LANE_REFUSED, "not_allowed");
	else if (r->poison)
		lane_settle(m, LANE_REFUSED, "crashed");
	else if (!is_known(desk, key) && is_outdated(desk))
		leave_to_next(m, r->when->now_ms);
	else if (!is_known(desk, key))
		/* it lives: keys that were changed by mistake are put back */
		lane_settle(m, LANE_REFUSED, "key_mismatch");
	else if ((m->path = read_path(s, r)) == NULL)
		settle_dead(m, LANE_REFUSED, "bad_endpoint");
}

static struct lane_message *add_message(struct lane_reading *r)
{
	struct lane_message *m = &r->window->messages[r->window->n++];

	*m = (struct lane_message){.window = r->window};
	m->state = LANE_QUEUED;
	r->window->open++;
	return m;
}

void lane_read_row(struct lane_reading *r, struct db_stmt *s)
{
	struct audience_choice choice = read_choice(s);
	const struct bulletin_notice *notice = choose(r->window->bulletin, &choice);
	struct lane_message *m;

	if (notice == NULL) {
		r->gap |= db_col_int(s, COL_PROVEN) == 0;
		return;
	}
	m = add_message(r);
	m->notice = notice;
	read_message(s, r, m);
	r->gap = false;
	settle_early(s, r, m, &choice);
}

void lane_read_exception(struct lane_reading *r, struct db_stmt *s)
{
	struct lane_message *m = add_message(r);
	struct audience_choice choice;

	m->id = db_col_int(s, COL_SUBSCRIPTION);
	m->tries = db_col_int(s, COL_TRIES);
	m->without_topic = db_col_int(s, COL_WITHOUT_TOPIC) != 0;
	m->minimal = db_col_int(s, COL_MINIMAL) != 0;
	m->short_ttl = db_col_int(s, COL_SHORT_TTL) != 0;
	if (db_col_null(s, COL_ID)) {
		lane_settle(m, LANE_GONE, "unsubscribed");
		return;
	}
	choice = read_choice(s);
	m->notice = choose(r->window->bulletin, &choice);
	if (m->notice == NULL) {
		/* other choices since; never sent to means never of the audience */
		lane_settle(m, m->tries > 0 ? LANE_GONE : LANE_OUTCOME__MAX, "unsubscribed");
		return;
	}
	read_message(s, r, m);
	settle_early(s, r, m, &choice);
}

int64_t lane_read_id(struct db_stmt *s)
{
	return db_col_int(s, COL_ID);
}

int64_t lane_read_claims(struct db_stmt *s)
{
	return db_col_int(s, COL_CLAIMS);
}
