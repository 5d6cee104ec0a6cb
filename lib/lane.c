/* lane.c - see lane.h: the desk, spreading jobs over lanes, finding places with work.  Claims are
 * in lane_claim.c, results in lane_store.c. */
#include "base.h"
#include "lane.h"

#include "db.h"
#include "lane_desk.h"
#include "log.h"

#define AHEAD_MS 2000 /* clocks are not set back by less */

static const char *const outcome_words[] = {
    [LANE_ACCEPTED] = "accepted",
    [LANE_GONE] = "gone",
    [LANE_REFUSED] = "refused",
    [LANE_EXPIRED] = "expired",
    [LANE_SUPERSEDED] = "superseded",
    [LANE_STOPPED] = "stopped",
};
static_assert(nelem(outcome_words) == LANE_OUTCOME__MAX, "a word for each outcome");

const char *lane_outcome_word(enum lane_outcome o)
{
	return outcome_words[o];
}

/* ------------------------------------------------------------------ the desk */

struct lane_desk *lane_open(const struct lane_settings *settings)
{
	struct lane_desk *desk = calloc(1, sizeof *desk);

	if (desk == NULL)
		log_die("LANE-01", "out of memory");
	desk->db = settings->db;
	desk->site_url = settings->site_url;
	desk->scratch = calloc(LANE_WINDOW_MAX, sizeof *desk->scratch);
	if (desk->scratch == NULL)
		log_die("LANE-06", "out of memory");
	desk->key_id = settings->key_id;
	desk->previous_key_id = settings->previous_key_id;
	desk->outdated = settings->outdated;
	desk->user = settings->user;
	return desk;
}

static void free_unused(struct bulletin **list)
{
	while (*list != NULL) {
		struct bulletin *b = *list;

		if (b->users > 0) {
			list = &b->next;
			continue;
		}
		*list = b->next;
		bulletin_free(b);
	}
}

/* Bulletins in use go on living for their windows, but no new window gets them. */
static void forget_bulletins(struct lane_desk *desk)
{
	while (desk->bulletins != NULL) {
		struct bulletin *b = desk->bulletins;

		desk->bulletins = b->next;
		b->next = desk->stale;
		desk->stale = b;
	}
	free_unused(&desk->stale);
}

void lane_close(struct lane_desk **deskp)
{
	struct lane_desk *desk = *deskp;

	if (desk == NULL)
		return;
	forget_bulletins(desk);
	assert(desk->stale == NULL);
	free(desk->scratch);
	free(desk);
	*deskp = NULL;
}

int lane_begin(struct lane_desk *desk)
{
	int64_t newest, stopped;
	int rc = db_begin_write(desk->db);

	if (rc != 1)
		return rc;
	struct db_stmt *s = db_stmt(desk->db, SQL_LANE_REVISION);
	if (db_step(s) != 1) {
		db_rollback(desk->db);
		return -1;
	}
	newest = db_col_int(s, 0);
	stopped = db_col_int(s, 1);
	desk->push_off = db_col_int(s, 2) != 0;
	db_reset(s);
	if (newest != desk->newest_job || stopped != desk->stopped_jobs)
		forget_bulletins(desk);
	desk->newest_job = newest;
	desk->stopped_jobs = stopped;
	return 1;
}

int lane_desk_bulletin(struct lane_desk *desk, int64_t job_id, struct bulletin **out)
{
	for (struct bulletin *b = desk->bulletins; b != NULL; b = b->next)
		if (b->job_id == job_id) {
			*out = b;
			return 1;
		}
	int rc = bulletin_load(desk->db, job_id, desk->site_url, out);
	if (rc == 1) {
		(*out)->next = desk->bulletins;
		desk->bulletins = *out;
	}
	return rc;
}

void lane_free(struct lane_window *w)
{
	w->bulletin->users--;
	arena_release(&w->arena);
	free(w);
}

/* ------------------------------------------------------------------ spreading */

static int spread_job(struct db *db, int64_t job_id)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_SPREAD);

	db_bind_int(s, ":job", job_id);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LANE_SPREAD_DONE);
	db_bind_int(s, ":job", job_id);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LANE_JOB_DONE); /* nobody to tell */
	db_bind_int(s, ":job", job_id);
	return db_run(s);
}

/* Who waits for a retry of a job that was stopped, or while push is off, is counted now. */
static int hurry_stopped(struct db *db, int64_t now_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_HURRY_STOPPED);

	db_bind_int(s, ":now", now_ms);
	return db_run(s);
}

/* Errors of push services are remembered with their time.  One in the future tells by how much the
 * clock was set back since, at least; pauses and retries are as far ahead as they were then. */
static int rewind_errors(struct db *db, int64_t now_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_REWIND_RETRIES);

	db_bind_int(s, ":now", now_ms);
	db_bind_int(s, ":ahead", now_ms + AHEAD_MS);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LANE_REWIND_PAUSES);
	db_bind_int(s, ":now", now_ms);
	db_bind_int(s, ":ahead", now_ms + AHEAD_MS);
	return db_run(s);
}

static int rewind_times(struct db *db, int64_t now_ms)
{
	struct db_stmt *s;
	int rc = rewind_errors(db, now_ms);

	if (rc < 0)
		return -1;
	if (rc == 1)
		log_warn("LANE-05", "the clock was set back: retries and pauses follow it");
	s = db_stmt(db, SQL_LANE_REWIND_EXCEPTIONS);
	db_bind_int(s, ":now", now_ms);
	db_bind_int(s, ":far", now_ms + VERDICT_DELAY_MAX_MS + 1000);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LANE_REWIND_ORIGINS);
	db_bind_int(s, ":now", now_ms);
	db_bind_int(s, ":far", now_ms + VERDICT_PAUSE_MAX_MS + 1000);
	return db_run(s);
}

int lane_spread(struct db *db, int64_t now_ms)
{
	int64_t job_id;
	int rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	rc = rewind_times(db, now_ms);
	if (rc >= 0)
		rc = hurry_stopped(db, now_ms);
	while (rc >= 0 && (rc = db_one_int(db_stmt(db, SQL_LANE_UNSPREAD), &job_id)) == 1)
		rc = spread_job(db, job_id);
	if (rc < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db);
}

int lane_rewind(struct db *db, int64_t now_ms)
{
	int rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	if (rewind_errors(db, now_ms) < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db);
}

/* ------------------------------------------------------------------ where there is work */

int lane_places(struct db *db, int workers, int worker, lane_found *found, void *user)
{
	struct db_stmt *s = db_stmt(db, SQL_LANE_PLACES);
	int rc;

	db_bind_int(s, ":workers", workers);
	db_bind_int(s, ":worker", worker);
	while ((rc = db_step(s)) == 1)
		found(user, db_col_int(s, 0), db_col_text(s, 1), *db_col_text(s, 2) != '\0',
		    (int)db_col_int(s, 3));
	return rc;
}

int lane_next_work(struct db *db, int64_t *out)
{
	return db_one_int(db_stmt(db, SQL_LANE_NEXT_WORK), out);
}
