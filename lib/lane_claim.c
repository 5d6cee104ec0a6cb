/* lane_claim.c - reading the next window of a place; see lane.h. */
#include "base.h"
#include "lane.h"

#include "audience.h"
#include "db.h"
#include "lane_desk.h"
#include "log.h"
#include "vocabulary.h"

#define SCAN_MAX 4096 /* rows read for one window; keeps the write lock short */

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

/* What a window is read for. */
struct reading {
	struct lane_desk *desk;
	const struct lane_place *place;
	struct lane_window *window;
	int64_t now_ms;
	bool counting; /* nothing of this job is sent any more */
	bool poison;   /* what is read has crashed us too often */
	bool gap;      /* an unproven row that does not pass came before */
};

void lane_settle(struct lane_message *m, enum lane_outcome outcome, const char *word)
{
	assert(m->state == LANE_QUEUED || m->state == LANE_IN_FLIGHT);
	m->state = LANE_SETTLED;
	m->outcome = outcome;
	m->word = word;
	m->window->open--;
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
static const char *read_path(struct db_stmt *s, const struct reading *r)
{
	const char *endpoint = db_col_text(s, COL_ENDPOINT);
	size_t len = strlen(r->place->origin);

	if (strncmp(endpoint, r->place->origin, len) != 0 || endpoint[len] != '/')
		return NULL;
	return arena_strdup(&r->window->arena, endpoint + len);
}

static void read_message(struct db_stmt *s, const struct reading *r, struct lane_message *m)
{
	m->id = db_col_int(s, COL_ID);
	read_blob(s, COL_HASH, m->hash, sizeof m->hash);
	read_blob(s, COL_P256DH, m->p256dh, sizeof m->p256dh);
	read_blob(s, COL_AUTH, m->auth, sizeof m->auth);
	m->text = bulletin_text(m->notice, db_col_text(s, COL_LANG));
	m->proven = db_col_int(s, COL_PROVEN) != 0;
	m->gap_before = r->gap;
	m->max_payload = db_col_int(s, COL_MAX_PAYLOAD);
	m->standing.strikes = db_col_int(s, COL_STRIKES);
	m->standing.struck_at = db_col_int(s, COL_STRUCK_AT);
	m->standing.suspended_until = db_col_int(s, COL_SUSPENDED_UNTIL);
}

/* Settles what needs no sending. */
static void settle_early(struct db_stmt *s, const struct reading *r, struct lane_message *m,
    const struct audience_choice *choice)
{
	const struct lane_desk *desk = r->desk;
	const struct bulletin *b = r->window->bulletin;
	int64_t key = db_col_int(s, COL_KEY);

	m->previous_key = key != desk->key_id;
	if (b->stopped || desk->push_off)
		lane_settle(m, LANE_STOPPED, "stopped");
	else if (m->notice->expires_at <= r->now_ms)
		lane_settle(m, LANE_EXPIRED, "expired");
	else if (is_superseded(desk->db, b, m->notice, m->id, choice))
		lane_settle(m, LANE_SUPERSEDED, "superseded");
	else if (m->standing.suspended_until > r->now_ms)
		lane_settle(m, LANE_REFUSED, "suspended");
	else if (!r->place->allowed)
		lane_settle(m, LANE_REFUSED, "not_allowed");
	else if (r->poison)
		lane_settle(m, LANE_REFUSED, "crashed");
	else if (key == 0 || (key != desk->key_id && key != desk->previous_key_id))
		settle_dead(m, LANE_REFUSED, "key_mismatch");
	else if ((m->path = read_path(s, r)) == NULL)
		settle_dead(m, LANE_REFUSED, "bad_endpoint");
}

static struct lane_message *add_message(struct reading *r)
{
	struct lane_message *m = &r->window->messages[r->window->n++];

	m->window = r->window;
	m->state = LANE_QUEUED;
	r->window->open++;
	return m;
}

/* ------------------------------------------------------------------ a window of a lane */

struct lane_row {
	int64_t job_id, cursor, claimed_to, tries;
};

static struct lane_window *new_window(
    struct bulletin *b, const struct lane_place *place, size_t messages)
{
	struct lane_window *w = calloc(1, sizeof *w);

	if (w == NULL)
		log_die("LANE-02", "out of memory");
	w->bulletin = b;
	b->users++;
	w->origin_id = place->origin_id;
	w->shard = place->shard;
	w->messages = arena_array(&w->arena, messages, sizeof *w->messages);
	return w;
}

static void read_lane_row(struct db_stmt *s, struct reading *r)
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

static bool somebody_chose(struct db *db, const char *incident)
{
	struct db_stmt *s;
	int64_t found = 1;

	if (incident == NULL)
		return false;
	s = db_stmt(db, SQL_LANE_CHOSEN);
	db_bind_text(s, ":incident", incident);
	return db_one_int(s, &found) != 1 || found != 0;
}

/* The joins cost as much as the row itself, and mostly nobody follows or mutes the incident. */
static struct db_stmt *lane_page(const struct reading *r)
{
	const struct lane_window *w = r->window;
	bool chosen = somebody_chose(r->desk->db, w->bulletin->incident_id);
	struct db_stmt *s = db_stmt(r->desk->db, chosen ? SQL_LANE_PAGE_CHOSEN : SQL_LANE_PAGE);

	if (chosen)
		db_bind_text(s, ":incident", w->bulletin->incident_id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":from", w->from);
	db_bind_int(s, ":to", w->bulletin->max_subscription_id);
	db_bind_int(s, ":limit", SCAN_MAX);
	return s;
}

static int read_lane(struct reading *r, size_t messages)
{
	struct lane_window *w = r->window;
	struct db_stmt *s = lane_page(r);
	size_t rows = 0;
	int rc;

	w->to = w->from;
	while ((rc = db_step(s)) == 1) {
		w->to = db_col_int(s, COL_ID);
		read_lane_row(s, r);
		rows++;
		if (w->n == messages)
			break;
	}
	db_reset(s);
	w->last = rc == 0 && rows < SCAN_MAX;
	if (w->last)
		w->to = w->bulletin->max_subscription_id;
	return rc < 0 ? -1 : 1;
}

static int write_claim(struct lane_desk *desk, const struct lane_window *w, int64_t tries)
{
	struct db_stmt *s = db_stmt(desk->db, SQL_LANE_CLAIM);

	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":to", w->to);
	db_bind_int(s, ":tries", tries);
	return db_run(s);
}

/* After LANE_CRASHES crashes: one id at a time, for as long as a whole window has ids. */
static void go_single(struct lane_place *place, struct lane_window *w)
{
	if (place->singles == 0)
		place->singles = LANE_WINDOW_MAX;
	place->singles--;
	w->tries_after = place->singles > 0 ? LANE_CRASHES : 0;
}

static int claim_lane(struct reading *r, struct lane_place *place, const struct lane_row *row)
{
	struct lane_window *w = r->window;
	bool single = row->tries >= LANE_CRASHES && !r->counting;

	w->from = row->cursor;
	r->poison = row->claimed_to > row->cursor && row->tries >= 2 * LANE_CRASHES;
	if (r->poison)
		log_error("LANE-03",
		    "job %" PRId64 " at %s: the subscription behind %" PRId64
		    " has crashed the sender %d times; its message is dropped",
		    row->job_id, place->origin, row->cursor, LANE_CRASHES);
	else if (single)
		go_single(place, w);
	if (read_lane(r, single ? 1 : LANE_WINDOW_MAX) < 0)
		return -1;
	return w->open == 0 ? 1 : write_claim(r->desk, w, row->tries + 1);
}

/* ------------------------------------------------------------------ a window of exceptions */

static struct db_stmt *exceptions_page(const struct reading *r)
{
	const struct lane_window *w = r->window;
	struct db_stmt *s = db_stmt(r->desk->db, SQL_LANE_PAGE_EXCEPTIONS);

	db_bind_text(s, ":incident", w->bulletin->incident_id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":now", r->now_ms);
	db_bind_int(s, ":limit", LANE_WINDOW_MAX);
	return s;
}

static void read_exception(struct db_stmt *s, struct reading *r)
{
	struct lane_message *m = add_message(r);
	struct audience_choice choice;

	m->id = db_col_int(s, COL_SUBSCRIPTION);
	m->tries = db_col_int(s, COL_TRIES);
	m->without_topic = db_col_int(s, COL_WITHOUT_TOPIC) != 0;
	m->minimal = db_col_int(s, COL_MINIMAL) != 0;
	m->short_ttl = db_col_int(s, COL_SHORT_TTL) != 0;
	r->poison = db_col_int(s, COL_CLAIMS) >= 2 * LANE_CRASHES;
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

/* An exception that was claimed at crashes is sent alone. */
static int read_exceptions(struct reading *r)
{
	struct db_stmt *s = exceptions_page(r);
	bool single = false;
	int rc;

	while (!single && (rc = db_step(s)) == 1) {
		single = db_col_int(s, COL_CLAIMS) >= LANE_CRASHES && !r->counting;
		if (single && r->window->n > 0)
			break;
		read_exception(s, r);
	}
	db_reset(s);
	return rc < 0 ? -1 : 1;
}

static int claim_exceptions(struct reading *r)
{
	struct lane_window *w = r->window;

	w->exceptions = true;
	if (read_exceptions(r) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		if (w->messages[i].state != LANE_QUEUED)
			continue;
		struct db_stmt *s = db_stmt(r->desk->db, SQL_LANE_CLAIM_EXCEPTION);
		db_bind_int(s, ":job", w->bulletin->job_id);
		db_bind_int(s, ":id", w->messages[i].id);
		if (db_run(s) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ which comes next */

static int newest_lane(
    struct lane_desk *desk, const struct lane_place *place, int64_t below, struct lane_row *out)
{
	struct db_stmt *s = db_stmt(desk->db, SQL_LANE_NEWEST);
	int rc;

	db_bind_int(s, ":origin", place->origin_id);
	db_bind_int(s, ":shard", place->shard);
	db_bind_int(s, ":below", below);
	*out = (struct lane_row){0};
	if ((rc = db_step(s)) != 1)
		return rc;
	out->job_id = db_col_int(s, 0);
	out->cursor = db_col_int(s, 1);
	out->claimed_to = db_col_int(s, 2);
	out->tries = db_col_int(s, 3);
	db_reset(s);
	return 1;
}

/* *job = 0 if there is none due. */
static int newest_exception(struct lane_desk *desk, const struct lane_place *place, int64_t below,
    int64_t now_ms, int64_t *job)
{
	struct db_stmt *s = db_stmt(desk->db, SQL_LANE_NEWEST_EXCEPTION);

	db_bind_int(s, ":origin", place->origin_id);
	db_bind_int(s, ":shard", place->shard);
	db_bind_int(s, ":now", now_ms);
	db_bind_int(s, ":below", below);
	return db_one_int(s, job);
}

/* A job that cannot be read (damaged rows) must not be met again and again. */
static enum lane_claim abandon(struct lane_desk *desk, int64_t job_id)
{
	static const enum sql texts[] = {
	    SQL_LANE_ABANDON_LANES, SQL_LANE_ABANDON_EXCEPTIONS, SQL_LANE_JOB_DONE};

	for (size_t i = 0; i < nelem(texts); i++) {
		struct db_stmt *s = db_stmt(desk->db, texts[i]);
		db_bind_int(s, ":job", job_id);
		if (db_run(s) < 0)
			return LANE_CLAIM_BROKEN;
	}
	return LANE_CLAIM_COUNTED;
}

static bool is_counting(const struct reading *r, const struct bulletin *b)
{
	return b->stopped || r->desk->push_off || b->expires_at <= r->now_ms || !r->place->allowed;
}

static enum lane_claim finish_claim(struct reading *r, int rc, struct lane_window **out)
{
	struct lane_window *w = r->window;
	bool nothing = rc >= 0 && w->exceptions && w->n == 0;

	if (rc >= 0 && w->open > 0) {
		*out = w;
		return LANE_CLAIM_WINDOW;
	}
	if (rc >= 0)
		rc = lane_store(r->desk, w, r->now_ms);
	lane_free(r->desk, w);
	if (rc < 0)
		return LANE_CLAIM_BROKEN;
	return nothing ? LANE_CLAIM_NOTHING : LANE_CLAIM_COUNTED;
}

enum lane_claim lane_claim(struct lane_desk *desk, struct lane_place *place, bool paused,
    int64_t now_ms, struct lane_window **out)
{
	struct reading r = {.desk = desk, .place = place, .now_ms = now_ms};
	struct lane_row row;
	struct bulletin *b;
	int64_t below = INT64_MAX, exception;

	for (;; below = row.job_id > exception ? row.job_id : exception) {
		if (newest_lane(desk, place, below, &row) < 0 ||
		    newest_exception(desk, place, below, now_ms, &exception) < 0)
			return LANE_CLAIM_BROKEN;
		bool retry = exception >= row.job_id;
		int64_t job_id = retry ? exception : row.job_id;
		if (job_id == 0)
			return LANE_CLAIM_NOTHING;
		int rc = lane_desk_bulletin(desk, job_id, &b);
		if (rc <= 0)
			return rc < 0 ? LANE_CLAIM_BROKEN : abandon(desk, job_id);
		r.counting = is_counting(&r, b);
		if (paused && !r.counting)
			continue;
		r.window = new_window(b, place, LANE_WINDOW_MAX);
		rc = retry ? claim_exceptions(&r) : claim_lane(&r, place, &row);
		return finish_claim(&r, rc, out);
	}
}

int lane_next_due(struct lane_desk *desk, const struct lane_place *place, int64_t *out)
{
	struct db_stmt *s = db_stmt(desk->db, SQL_LANE_NEXT_DUE);
	int rc;

	db_bind_int(s, ":origin", place->origin_id);
	db_bind_int(s, ":shard", place->shard);
	rc = db_step(s);
	*out = rc == 1 && !db_col_null(s, 0) ? db_col_int(s, 0) : INT64_MAX;
	db_reset(s);
	return rc < 0 ? -1 : 1;
}
