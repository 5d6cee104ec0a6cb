/* subscription_push.c - what became of the last notification that a subscription was to get (see subscription.h).
 *
 * Nothing is written per push, so it is concluded: the newest job whose audience the subscription is in, by its present
 * choices; then where its lane stands, whether it has an exception or was missed, and what the ledger of its push
 * service allows.  Where two answers are possible there is none.
 */
#include "base.h"
#include "subscription_row.h"

#include "arena.h"
#include "audience.h"
#include "clock.h"
#include "db.h"

#define JOBS_MAX 20 /* that are looked through */

/* Of who was missed there is a record for a week, and of some 10,000 a job (schema.sql). */
#define MISSED_MS  (7 * CLOCK_DAY)
#define MISSED_MAX 10000

enum outcome { ACCEPTED, REFUSED, EXPIRED, STOPPED, OTHER, OUTCOME__MAX };

struct job {
	int64_t id, created_at, max_id, first_at;
	const char *public_id, *retry_of; /* retry_of: NULL = none */
	bool is_spread, is_stopped;
	int64_t expires_at; /* of the notice that concerns the subscription */

	bool waits;    /* it has an exception ... */
	int64_t tries; /* ... after so many attempts */
	bool missed;
	bool has_lane, passed;	 /* passed: the lane is behind it */
	bool retried;		 /* a later job told it again to those who had missed it */
	int64_t n[OUTCOME__MAX]; /* the ledger of its push service */
};

/* ------------------------------------------------------------------ is it concerned? */

static bool follows(const struct subscription_view *v, const char *incident)
{
	for (size_t i = 0; i < v->n_follows; i++)
		if (strcmp(v->follows[i], incident) == 0)
			return true;
	return false;
}

static enum audience_mute mute_of(const struct subscription_view *v, const char *incident)
{
	for (size_t i = 0; i < v->n_mutes; i++)
		if (strcmp(v->mutes[i].incident, incident) == 0)
			return strcmp(v->mutes[i].until, "end") == 0
				   ? AUDIENCE_MUTED_UNTIL_END
				   : AUDIENCE_MUTED_UNTIL_RESOLVED;
	return AUDIENCE_NOT_MUTED;
}

/* The current row of JOB_NOTICES.  As the sender judges it: follows and mutes count for the job's own incident. */
static bool passes(const struct subscription_view *v, struct db_stmt *s, const char *own_incident)
{
	const char *incident = db_col_text(s, 1);
	int trigger = trigger_from_word(db_col_text(s, 0));
	int impact = impact_from_word(db_col_text(s, 3));
	bool own = incident != NULL && own_incident != NULL && strcmp(incident, own_incident) == 0;
	struct audience_choice c = {
	    .components = v->choice.components,
	    .events = v->choice.events,
	    .min_impact = v->choice.min_impact,
	    .follows = own && follows(v, incident),
	    .mute = own ? mute_of(v, incident) : AUDIENCE_NOT_MUTED,
	};
	struct audience_notice n = {
	    .trigger = trigger < 0 ? TRIGGER_TEST : (enum trigger)trigger,
	    .components = db_col_text(s, 2),
	    .max_impact = impact < 0 ? IMPACT_NONE : (enum impact)impact,
	};

	return audience_passes(&c, &n);
}

/* 1 one of its notices does, 0 none, -1. */
static int job_passes(
    struct db *db, struct arena *a, const struct subscription_view *v, struct job *job)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_JOB_NOTICES);
	const char *own = NULL;
	int rc;

	db_bind_int(s, ":job", job->id);
	while ((rc = db_step(s)) == 1) {
		if (own == NULL)
			own = db_col_strdup(s, 1, a);
		if (passes(v, s, own)) {
			job->expires_at = db_col_int(s, 4);
			break;
		}
	}
	db_reset(s);
	return rc;
}

/* ------------------------------------------------------------------ what is known of it */

static int read_rows(struct db *db, const struct subscription_row *row, struct job *job)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_JOB_ROWS);

	db_bind_int(s, ":job", job->id);
	db_bind_int(s, ":id", row->id);
	db_bind_int(s, ":origin", row->origin_id);
	db_bind_int(s, ":shard", row->shard);
	if (db_step(s) != 1)
		return -1;
	job->waits = !db_col_null(s, 0);
	job->tries = db_col_int(s, 0);
	job->missed = db_col_int(s, 1) != 0;
	job->has_lane = !db_col_null(s, 2);
	job->passed = db_col_int(s, 2) != 0;
	db_reset(s);
	return 1;
}

static enum outcome outcome_from_word(const char *word)
{
	static const char *const words[] = {"accepted", "refused", "expired", "stopped"};

	for (size_t i = 0; i < nelem(words); i++)
		if (strcmp(words[i], word) == 0)
			return (enum outcome)i;
	return OTHER;
}

static int read_ledger(struct db *db, const struct subscription_row *row, struct job *job)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_JOB_LEDGER);
	int rc;

	db_bind_int(s, ":job", job->id);
	db_bind_int(s, ":origin", row->origin_id);
	while ((rc = db_step(s)) == 1)
		job->n[outcome_from_word(db_col_text(s, 0))] += db_col_int(s, 1);
	return rc;
}

/* ------------------------------------------------------------------ what follows from it */

static void say(struct subscription_view *out, const char *outcome, int64_t at)
{
	out->last_push_outcome = outcome;
	out->last_push_at = at;
}

static void say_missed(const struct job *job, struct subscription_view *out)
{
	if (job->n[EXPIRED] == 0)
		say(out, "refused", job->created_at);
	else if (job->n[REFUSED] == 0)
		say(out, "expired", job->expires_at);
	else
		say(out, "missed", job->created_at);
}

/* Of those who lived on, all that were refused or too late are in `missed`. */
static bool record_is_whole(const struct job *job, int64_t now)
{
	int64_t n = job->n[REFUSED] + job->n[EXPIRED];

	return n == 0 || (n < MISSED_MAX && !job->retried && now - job->created_at < MISSED_MS);
}

/* The lane is behind it, and it has neither an exception nor a record of being missed.  That somebody else had a newer
 * notice of the same subject does not count: this is the newest one that concerns this subscription. */
static void say_passed(const struct subscription_row *row, const struct job *job, int64_t now,
    struct subscription_view *out)
{
	bool accepted = row->proven && job->n[ACCEPTED] > 0, stopped = job->n[STOPPED] > 0;

	if (!record_is_whole(job, now))
		return;
	if (accepted && !stopped)
		say(out, "accepted", job->first_at);
	else if (stopped && !accepted)
		say(out, "stopped", job->created_at);
}

/* 1 this is the job, 0 it was not for this subscription. */
static int conclude(const struct subscription_row *row, const struct job *job, int64_t now,
    struct subscription_view *out)
{
	if (job->waits)
		say(out, job->tries > 0 ? "retrying" : "sending", job->created_at);
	else if (job->missed)
		say_missed(job, out);
	else if (row->id > job->max_id)
		return 0;
	else if (!job->is_spread)
		say(out, job->is_stopped ? "stopped" : "sending", job->created_at);
	else if (job->has_lane && !job->passed)
		say(out, job->is_stopped ? "stopped" : "sending", job->created_at);
	else
		say_passed(row, job, now, out);
	return 1;
}

/* ------------------------------------------------------------------ the jobs */

static int list_jobs(struct db *db, struct arena *a, struct job jobs[JOBS_MAX], size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_JOBS);
	int rc;

	db_bind_int(s, ":limit", JOBS_MAX);
	for (*n = 0; (rc = db_step(s)) == 1; ++*n) {
		jobs[*n] = (struct job){
		    .id = db_col_int(s, 0),
		    .public_id = db_col_strdup(s, 1, a),
		    .created_at = db_col_int(s, 2),
		    .is_stopped = strcmp(db_col_text(s, 3), "stopped") == 0,
		    .is_spread = db_col_int(s, 4) != 0,
		    .max_id = db_col_int(s, 5),
		    .first_at = db_col_int(s, 6),
		    .retry_of = db_col_strdup(s, 7, a),
		};
	}
	return rc;
}

static bool was_retried(const struct job *jobs, size_t i)
{
	for (size_t newer = 0; newer < i; newer++)
		if (jobs[newer].retry_of != NULL &&
		    strcmp(jobs[newer].retry_of, jobs[i].public_id) == 0)
			return true;
	return false;
}

/* Jobs of before it was there can still be owed to it, in the place of a row that it took over. */
static int look_at(struct db *db, struct arena *a, const struct subscription_row *row,
    struct job *job, struct subscription_view *out)
{
	int rc = job_passes(db, a, out, job);

	if (rc != 1)
		return rc;
	if (read_rows(db, row, job) < 0 || read_ledger(db, row, job) < 0)
		return -1;
	return conclude(row, job, clock_now_ms(), out);
}

int subscription_last_push(struct db *db, struct arena *a, const struct subscription_row *row,
    struct subscription_view *out)
{
	struct job jobs[JOBS_MAX];
	size_t n;
	int rc = 0;

	if (row->dead_at != 0) {
		say(out, "gone", row->dead_at);
		return 1;
	}
	if (list_jobs(db, a, jobs, &n) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		jobs[i].retried = was_retried(jobs, i);
		rc = look_at(db, a, row, &jobs[i], out);
	}
	return rc < 0 ? -1 : 1;
}
