/* lane_store.c - writing what became of a window; see lane.h.  Changes nothing in memory, so that
 * it can be repeated after a commit that failed. */
#include "base.h"
#include "lane.h"

#include "db.h"
#include "lane_desk.h"
#include "log.h"

/* ------------------------------------------------------------------ the subscription */

static void bind_subscription(struct db_stmt *s, const struct lane_message *m)
{
	db_bind_int(s, ":id", m->id);
	db_bind_blob(s, ":hash", m->hash, sizeof m->hash);
}

static int store_dead(struct db *db, const struct lane_message *m, int64_t now_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_DEAD);

	bind_subscription(s, m);
	db_bind_int(s, ":now", now_ms);
	db_bind_text(s, ":reason", m->dead_reason);
	return db_run(s);
}

static int store_standing(struct db *db, const struct lane_message *m)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_STANDING);

	bind_subscription(s, m);
	db_bind_int(s, ":strikes", m->standing.strikes);
	db_bind_int(s, ":struck", m->standing.struck_at);
	db_bind_int(s, ":suspended", m->standing.suspended_until);
	return db_run(s);
}

static int store_max_payload(struct db *db, const struct lane_message *m)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_MAX_PAYLOAD);

	bind_subscription(s, m);
	db_bind_int(s, ":octets", m->max_payload);
	return db_run(s);
}

static int store_subscription(struct db *db, const struct lane_message *m, int64_t now_ms)
{
	if (m->dead_reason != NULL && store_dead(db, m, now_ms) < 0)
		return -1;
	if (m->standing_changed && store_standing(db, m) < 0)
		return -1;
	if (m->max_payload_changed && store_max_payload(db, m) < 0)
		return -1;
	return 1;
}

/* ------------------------------------------------------------------ proven */

static int store_proven(struct db *db, const struct lane_window *w, int64_t from, int64_t to)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_PROVEN);

	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":from", from);
	db_bind_int(s, ":to", to);
	return db_run(s);
}

static bool is_accepted(const struct lane_message *m)
{
	return m->state == LANE_SETTLED && m->outcome == LANE_ACCEPTED;
}

/* One update for each run of ids that were accepted, mostly one for the whole window; none where
 * all were proven before. */
static int store_runs(struct db *db, const struct lane_window *w)
{
	for (size_t i = 0; i < w->n; i++) {
		size_t first = i;
		bool news = false;

		if (!is_accepted(&w->messages[i]))
			continue;
		for (; i < w->n && is_accepted(&w->messages[i]); i++) {
			/* exceptions are not in the order of their ids */
			if (i > first && (w->exceptions || w->messages[i].gap_before))
				break;
			news |= !w->messages[i].proven;
		}
		i--;
		if (news && store_proven(db, w, w->messages[first].id, w->messages[i].id) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ exceptions */

static int put_exception(
    struct db *db, const struct lane_window *w, const struct lane_message *m, int64_t due_at)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_PUT_EXCEPTION);

	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":id", m->id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":due", due_at);
	db_bind_int(s, ":tries", m->tries);
	db_bind_int(s, ":without_topic", m->without_topic);
	db_bind_int(s, ":minimal", m->minimal);
	db_bind_int(s, ":short_ttl", m->short_ttl);
	return db_run(s);
}

static int run_for(struct db *db, enum sql which, const struct lane_window *w, int64_t id)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":id", id);
	return db_run(s);
}

/* ------------------------------------------------------------------ the ledger */

static int store_counts(struct db *db, const struct lane_window *w, const int64_t *counts)
{
	for (int o = 0; o < LANE_OUTCOME__MAX; o++) {
		if (counts[o] == 0 || w->bulletin->is_test)
			continue;
		struct db_stmt *s = db_stmt(db, SQL_LANE_COUNT);
		db_bind_int(s, ":job", w->bulletin->job_id);
		db_bind_int(s, ":origin", w->origin_id);
		db_bind_text(s, ":outcome", lane_outcome_word((enum lane_outcome)o));
		db_bind_int(s, ":n", counts[o]);
		if (db_run(s) < 0)
			return -1;
	}
	return 1;
}

static int store_times(struct db *db, const struct lane_window *w)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_JOB_TIMES);

	if (w->first_at == 0)
		return 1;
	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":first", w->first_at);
	db_bind_int(s, ":last", w->last_at);
	return db_run(s);
}

static int end_job(struct db *db, const struct lane_window *w)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_JOB_DONE);

	db_bind_int(s, ":job", w->bulletin->job_id);
	return db_run(s);
}

/* ------------------------------------------------------------------ a window of a lane */

/* Messages are in the order of their ids.  Where some were held, the cursor goes as far as the last
 * id that was sent; what is held behind it is left to the lane, what is held before it gets an
 * exception: few, as messages are sent in order. */
static size_t reach(const struct lane_window *w)
{
	size_t end = 0;
	bool held = false;

	for (size_t i = 0; i < w->n; i++) {
		held |= w->messages[i].state == LANE_HELD;
		if (w->messages[i].sent && w->messages[i].state != LANE_HELD)
			end = i + 1;
	}
	return held ? end : w->n;
}

static int advance(struct db *db, const struct lane_window *w, size_t end)
{
	bool whole = end == w->n;
	struct db_stmt *s = db_stmt(db, SQL_LANE_ADVANCE);

	db_bind_int(s, ":job", w->bulletin->job_id);
	db_bind_int(s, ":origin", w->origin_id);
	db_bind_int(s, ":shard", w->shard);
	db_bind_int(s, ":from", w->from);
	db_bind_int(s, ":cursor", whole ? w->to : end == 0 ? w->from : w->messages[end - 1].id);
	db_bind_int(s, ":tries", w->tries_after);
	db_bind_int(s, ":done", whole && w->last);
	return db_run(s);
}

/* A push that was refused or came too late for somebody who is still there can be sent again by hand. */
static int store_missed(struct db *db, const struct lane_window *w, const struct lane_message *m)
{
	bool missed = m->outcome == LANE_REFUSED || m->outcome == LANE_EXPIRED;

	if (!missed || m->dead_reason != NULL || w->bulletin->is_test)
		return 1;
	return run_for(db, SQL_LANE_MISSED, w, m->id);
}

static int store_lane_message(struct db *db, const struct lane_window *w,
    const struct lane_message *m, int64_t now_ms, int64_t *counts)
{
	switch (m->state) {
	case LANE_SETTLED:
		counts[m->outcome]++;
		if (store_missed(db, w, m) < 0)
			return -1;
		break;
	case LANE_LATER:
		if (put_exception(db, w, m, m->due_at) < 0)
			return -1;
		break;
	default:
		if (put_exception(db, w, m, now_ms) < 0)
			return -1;
		break;
	}
	return store_subscription(db, m, now_ms);
}

static int store_lane(struct db *db, const struct lane_window *w, int64_t now_ms)
{
	int64_t counts[LANE_OUTCOME__MAX + 1] = {0};
	size_t end = reach(w);
	int rc = advance(db, w, end);

	if (rc == 0)
		log_error("LANE-04",
		    "job %" PRId64 ": the lane %" PRId64
		    "/%d was moved by somebody else; the window is not counted",
		    w->bulletin->job_id, w->origin_id, w->shard);
	if (rc != 1)
		return rc;
	for (size_t i = 0; i < end; i++)
		if (store_lane_message(db, w, &w->messages[i], now_ms, counts) < 0)
			return -1;
	if (store_counts(db, w, counts) < 0)
		return -1;
	return w->last && end == w->n ? end_job(db, w) : 1;
}

/* ------------------------------------------------------------------ a window of exceptions */

static int store_test(
    struct db *db, const struct lane_window *w, const struct lane_message *m, int64_t now_ms)
{
	char outcome[64];
	struct db_stmt *s = db_stmt(db, SQL_LANE_TEST_OUTCOME);

	if (m->outcome == LANE_REFUSED)
		snprintf(outcome, sizeof outcome, "refused: %s", m->word);
	else
		snprintf(outcome, sizeof outcome, "%s", lane_outcome_word(m->outcome));
	db_bind_int(s, ":id", m->id);
	db_bind_int(s, ":now", now_ms);
	db_bind_text(s, ":outcome", outcome);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LANE_TEST_END);
	db_bind_int(s, ":job", w->bulletin->job_id);
	return db_run(s);
}

static int store_exception(struct db *db, const struct lane_window *w, const struct lane_message *m,
    int64_t now_ms, int64_t *counts)
{
	switch (m->state) {
	case LANE_SETTLED:
		if (run_for(db, SQL_LANE_DROP_EXCEPTION, w, m->id) < 0)
			return -1;
		counts[m->outcome]++;
		if (store_missed(db, w, m) < 0)
			return -1;
		if (w->bulletin->is_test && store_test(db, w, m, now_ms) < 0)
			return -1;
		break;
	case LANE_LATER:
		if (put_exception(db, w, m, m->due_at) < 0)
			return -1;
		break;
	default:
		if (run_for(db, SQL_LANE_UNCLAIM_EXCEPTION, w, m->id) < 0)
			return -1;
		break;
	}
	return store_subscription(db, m, now_ms);
}

static int store_exceptions(struct db *db, const struct lane_window *w, int64_t now_ms)
{
	int64_t counts[LANE_OUTCOME__MAX + 1] = {0};

	for (size_t i = 0; i < w->n; i++)
		if (store_exception(db, w, &w->messages[i], now_ms, counts) < 0)
			return -1;
	if (store_counts(db, w, counts) < 0)
		return -1;
	return end_job(db, w);
}

int lane_store(struct lane_desk *desk, const struct lane_window *w, int64_t now_ms)
{
	struct db *db = desk->db;

	assert(w->open == 0);
	if ((w->exceptions ? store_exceptions(db, w, now_ms) : store_lane(db, w, now_ms)) < 0)
		return -1;
	if (store_runs(db, w) < 0)
		return -1;
	return store_times(db, w) < 0 ? -1 : 1;
}
