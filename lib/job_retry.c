/* job_retry.c - telling those again whom a finished job missed; see job.h. */
#include "base.h"
#include "job_private.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "fault.h"

#define RETRY_LIVES_MS CLOCK_HOUR

static int retry_row(struct db *db, int64_t job_id, int64_t now, char new_id[13], int64_t *new_job)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_RETRY_ADD);

	digest_new_id(new_id);
	db_bind_text(s, ":public_id", new_id);
	db_bind_int(s, ":now", now);
	db_bind_int(s, ":job", job_id);
	if (db_run(s) != 1)
		return -1;
	*new_job = db_last_id(db);
	return 1;
}

struct subject {
	int64_t position;
	char *id;
};

static int read_subjects(
    struct db *db, struct arena *a, int64_t job_id, struct subject **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_RETRY_SUBJECTS);
	int rc;

	*out = NULL;
	*n = 0;
	db_bind_int(s, ":job", job_id);
	while ((rc = db_step(s)) == 1) {
		*out = arena_grow(a, *out, *n, sizeof **out);
		(*out)[(*n)++] = (struct subject){db_col_int(s, 0), db_col_strdup(s, 1, a)};
	}
	return rc;
}

static int retry_notices(
    struct db *db, struct arena *a, int64_t job_id, int64_t new_job, int64_t now)
{
	struct subject *subjects;
	size_t n;

	if (read_subjects(db, a, job_id, &subjects, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t seq;
		if (job_next_seq(db, subjects[i].id, now, &seq) < 0)
			return -1;
		struct db_stmt *s = db_stmt(db, SQL_JOB_RETRY_NOTICE);
		db_bind_int(s, ":job", job_id);
		db_bind_int(s, ":new", new_job);
		db_bind_int(s, ":position", subjects[i].position);
		db_bind_int(s, ":seq", seq);
		db_bind_int(s, ":expires", now + RETRY_LIVES_MS);
		if (db_run(s) != 1)
			return -1;
	}
	struct db_stmt *s = db_stmt(db, SQL_JOB_RETRY_TEXTS);
	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":new", new_job);
	return db_run(s);
}

static int move_missed(struct db *db, int64_t job_id, int64_t new_job, int64_t now)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_RETRY_EXCEPTIONS);

	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":new", new_job);
	db_bind_int(s, ":now", now);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_JOB_RETRY_FORGET);
	db_bind_int(s, ":job", job_id);
	return db_run(s) < 0 ? -1 : 1;
}

/* 1 it may be told again, 0 with the fault, -1. */
static int may_retry(struct db *db, struct arena *a, const struct job_view *v, struct fault *f)
{
	struct db_stmt *s;
	int64_t is_true, n;
	int rc;

	if (strcmp(v->state, "sending") == 0)
		return fault_set(f, FAULT_STEP, NULL, "This notification is still being sent.");
	if ((rc = job_push_enabled(db, a)) < 0)
		return -1;
	if (rc == 0)
		return fault_set(
		    f, FAULT_STEP, NULL, "Notifications are switched off in Settings.");
	s = db_stmt(db, SQL_JOB_IS_TRUE);
	db_bind_int(s, ":job", v->id);
	if (db_one_int(s, &is_true) != 1 || job_count_missed(db, v->id, &n) < 0)
		return -1;
	if (is_true == 0)
		return fault_set(f, FAULT_STEP, NULL,
		    "What this notification says is no longer so, or something newer was said of "
		    "it: publish an update instead.");
	if (n == 0)
		return fault_set(
		    f, FAULT_STEP, NULL, "Nobody is left who could be told of this again.");
	return 1;
}

int job_count_missed(struct db *db, int64_t job_id, int64_t *out)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_MISSED);

	db_bind_int(s, ":job", job_id);
	return db_one_int(s, out) == 1 ? 1 : -1;
}

int job_retry(
    struct db *db, struct arena *a, const char *public_id, char new_id[13], struct fault *f)
{
	int64_t new_job, now = clock_now_ms();
	struct job_view v;
	int rc = job_get(db, a, public_id, &v);

	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no notification with this id.");
	if (rc == 1)
		rc = may_retry(db, a, &v, f);
	if (rc != 1)
		return rc;
	if (retry_row(db, v.id, now, new_id, &new_job) < 0 ||
	    retry_notices(db, a, v.id, new_job, now) < 0)
		return -1;
	return move_missed(db, v.id, new_job, now);
}
