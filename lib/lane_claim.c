/* lane_claim.c - the next window of a place; see lane.h. */
#include "base.h"
#include "lane.h"

#include "db.h"
#include "lane_desk.h"
#include "lane_read.h"
#include "log.h"

#define SCAN_MAX     4096 /* rows read for one window; keeps the write lock short */
#define CARE_FIRST   64
#define CARE_DIVISOR 4
#define SINGLE	     (LANE_CRASHES + 3)	     /* crashes: three as usual, then at 64, 16 and 4 */
#define CULPRIT	     (SINGLE + LANE_CRASHES) /* and three with nobody else in the window */

/* ------------------------------------------------------------------ a window of a lane */

struct lane_row {
	int64_t job_id, cursor, claimed_to, tries;
};

static struct lane_window *new_window(
    struct lane_desk *desk, struct bulletin *b, const struct lane_place *place)
{
	struct lane_window *w = calloc(1, sizeof *w);

	if (w == NULL)
		log_die("LANE-02", "out of memory");
	w->bulletin = b;
	b->users++;
	w->origin_id = place->origin_id;
	w->shard = place->shard;
	w->messages = desk->scratch;
	return w;
}

/* What is sent gets memory of its own, as much as it needs: a window often holds a handful. */
static void keep_messages(struct lane_window *w)
{
	struct lane_message *kept = arena_array(&w->arena, w->n, sizeof *kept);

	memcpy(kept, w->messages, w->n * sizeof *kept);
	w->messages = kept;
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
static struct db_stmt *lane_page(const struct lane_reading *r)
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

static int read_lane(struct lane_reading *r, size_t messages)
{
	struct lane_window *w = r->window;
	struct db_stmt *s = lane_page(r);
	size_t rows = 0;
	int rc;

	w->to = w->from;
	while ((rc = db_step(s)) == 1) {
		w->to = lane_read_id(s);
		lane_read_row(r, s);
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

/* After the third crash at a claim it is sent in ever smaller parts: how many at once. */
static size_t care_limit(int64_t crashes)
{
	size_t limit = CARE_FIRST;

	if (crashes < LANE_CRASHES)
		return LANE_WINDOW_MAX;
	for (int64_t i = LANE_CRASHES; i < crashes && limit > 1; i++)
		limit /= CARE_DIVISOR;
	return limit;
}

/* Care lasts for as many ids as a whole window has; then the lane counts as innocent.  Whoever comes
 * next alone is not blamed for the one before: kills from outside hit anybody. */
static void take_care(struct lane_place *place, struct lane_window *w, int64_t crashes)
{
	if (place->careful == 0)
		place->careful = LANE_WINDOW_MAX;
	place->careful -= w->n < place->careful ? w->n : place->careful;
	w->tries_after = place->careful == 0 ? 0 : crashes < SINGLE ? crashes : SINGLE;
}

static void log_culprit(const struct lane_place *place, const struct lane_row *row)
{
	log_error("LANE-03",
	    "job %" PRId64 " at %s: the subscription behind %" PRId64
	    " crashes the sender; its message is dropped",
	    row->job_id, place->origin, row->cursor);
}

/* 1 read, 0 it must be alone, -1. */
static int claim_lane(struct lane_reading *r, const struct lane_row *row)
{
	struct lane_window *w = r->window;
	size_t limit = r->counting ? LANE_WINDOW_MAX : care_limit(row->tries);

	r->poison = row->claimed_to > row->cursor && row->tries >= CULPRIT && !r->counting;
	w->careful = limit < LANE_WINDOW_MAX && !r->poison;
	if (w->careful && !r->when->alone)
		return 0;
	w->from = row->cursor;
	if (read_lane(r, limit) < 0)
		return -1;
	if (r->poison)
		log_culprit(r->place, row);
	else if (w->careful)
		take_care(r->place, w, row->tries);
	return w->open == 0 ? 1 : write_claim(r->desk, w, row->tries + 1);
}

/* ------------------------------------------------------------------ a window of exceptions */

static struct db_stmt *exceptions_page(const struct lane_reading *r)
{
	const struct lane_window *w = r->window;
	struct db_stmt *s = db_stmt(r->desk->db, SQL_LANE_PAGE_EXCEPTIONS);

	db_bind_text(s, ":incident", w->bulletin->incident_id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":now", r->when->now_ms);
	db_bind_int(s, ":limit", LANE_WINDOW_MAX);
	return s;
}

/* Those that were claimed at crashes as often as the first one, or all that never were so often: 1
 * read, 0 they must be alone, -1. */
static int read_exceptions(struct lane_reading *r)
{
	struct lane_window *w = r->window;
	struct db_stmt *s = exceptions_page(r);
	size_t limit = LANE_WINDOW_MAX;
	int64_t crashes = 0;
	int rc;

	while ((rc = db_step(s)) == 1 && w->n < limit) {
		int64_t claims = r->counting ? 0 : lane_read_claims(s);

		if (w->n == 0) {
			crashes = claims;
			limit = care_limit(claims);
			r->poison = claims >= CULPRIT;
			w->careful = limit < LANE_WINDOW_MAX && !r->poison;
			if (w->careful && !r->when->alone)
				break;
		}
		if (care_limit(claims) != limit || (w->careful && claims != crashes))
			break;
		lane_read_exception(r, s);
	}
	db_reset(s);
	if (rc < 0)
		return -1;
	return !w->careful || r->when->alone;
}

static int claim_exceptions(struct lane_reading *r)
{
	struct lane_window *w = r->window;
	int rc;

	w->exceptions = true;
	if ((rc = read_exceptions(r)) != 1)
		return rc;
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

static bool is_counting(const struct lane_reading *r, const struct bulletin *b)
{
	return b->stopped || r->desk->push_off || b->expires_at <= r->when->now_ms ||
	       !r->place->allowed;
}

static enum lane_claim finish_claim(struct lane_reading *r, int rc, struct lane_window **out)
{
	struct lane_window *w = r->window;
	bool nothing = w->exceptions && w->n == 0;

	if (rc == 1 && w->open > 0) {
		keep_messages(w);
		*out = w;
		return LANE_CLAIM_WINDOW;
	}
	bool wait = rc == 0;
	if (rc == 1)
		rc = lane_store(r->desk, w, r->when->now_ms);
	lane_free(w);
	if (wait)
		return LANE_CLAIM_ALONE;
	if (rc < 0)
		return LANE_CLAIM_BROKEN;
	return nothing ? LANE_CLAIM_NOTHING : LANE_CLAIM_COUNTED;
}

/* The newest job below `below` that has something here: *row or *exception has its id.  1, 0 none. */
static int newest_job(struct lane_reading *r, int64_t below, struct lane_row *row, bool *retry)
{
	int64_t exception;

	if (newest_lane(r->desk, r->place, below, row) < 0 ||
	    newest_exception(r->desk, r->place, below, r->when->now_ms, &exception) < 0)
		return -1;
	*retry = exception >= row->job_id;
	if (*retry)
		row->job_id = exception;
	return row->job_id > 0;
}

enum lane_claim lane_claim(struct lane_desk *desk, struct lane_place *place,
    const struct lane_when *when, struct lane_window **out)
{
	struct lane_reading r = {.desk = desk, .place = place, .when = when};
	struct lane_row row = {.job_id = INT64_MAX};
	struct bulletin *b;
	bool retry;
	int rc;

	while ((rc = newest_job(&r, row.job_id, &row, &retry)) == 1) {
		rc = lane_desk_bulletin(desk, row.job_id, &b);
		if (rc <= 0)
			return rc < 0 ? LANE_CLAIM_BROKEN : abandon(desk, row.job_id);
		r.counting = is_counting(&r, b);
		if (when->paused && !r.counting)
			continue;
		r.window = new_window(desk, b, place);
		rc = retry ? claim_exceptions(&r) : claim_lane(&r, &row);
		return finish_claim(&r, rc, out);
	}
	return rc < 0 ? LANE_CLAIM_BROKEN : LANE_CLAIM_NOTHING;
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
