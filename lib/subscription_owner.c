/* subscription_owner.c - what the owner of a subscription can do with it: see subscription.h. */
#include "base.h"
#include "subscription.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "job.h"
#include "subscription_row.h"

#define TEST_EVERY_MS CLOCK_MINUTE

/* What a call answers where no transaction could be begun, or no row was found. */
static enum subscription_result not_begun(int rc)
{
	return rc == 0 ? SUBSCRIPTION_BUSY : SUBSCRIPTION_BROKEN;
}

static enum subscription_result not_found(int rc)
{
	return rc == 0 ? SUBSCRIPTION_ABSENT : SUBSCRIPTION_BROKEN;
}

/* Commits if the work was done; undoes it otherwise. */
static enum subscription_result end(struct db *db, enum subscription_result result)
{
	if (result == SUBSCRIPTION_DONE && db_commit(db) != 1)
		result = SUBSCRIPTION_BROKEN;
	db_rollback(db);
	return result;
}

/* ------------------------------------------------------------------ ending */

static int run_for(struct db *db, enum sql which, int64_t id)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_int(s, ":id", id);
	return db_run(s);
}

static int end_follow(struct db *db, int64_t id, const char *incident)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_UNFOLLOW);

	db_bind_int(s, ":id", id);
	db_bind_text(s, ":incident", incident);
	if (db_run(s) < 0)
		return -1;
	return run_for(db, SQL_SUBSCRIPTION_DELETE_EMPTY, id);
}

enum subscription_result subscription_remove(
    struct db *db, struct arena *a, const struct subscription_proof *proof, const char *incident)
{
	struct subscription_row row;
	int rc = subscription_find_proven(db, a, proof, &row);

	/* nobody waits for the write lock to remove what is not there */
	if (rc != 1)
		return rc == 0 ? SUBSCRIPTION_DONE : SUBSCRIPTION_BROKEN;
	if ((rc = db_begin_write(db)) != 1)
		return not_begun(rc);
	rc = subscription_find_proven(db, a, proof, &row);
	if (rc == 1)
		rc = incident != NULL ? end_follow(db, row.id, incident)
				      : run_for(db, SQL_SUBSCRIPTION_DELETE, row.id);
	return end(db, rc < 0 ? SUBSCRIPTION_BROKEN : SUBSCRIPTION_DONE);
}

/* ------------------------------------------------------------------ seeing */

static int count_rows(struct db *db, enum sql which, int64_t id, size_t *n)
{
	struct db_stmt *s = db_stmt(db, which);
	int64_t count = 0;

	db_bind_int(s, ":id", id);
	int rc = db_one_int(s, &count);
	*n = (size_t)count;
	return rc == 1 ? 1 : -1;
}

static int read_follows(struct db *db, struct arena *a, int64_t id, struct subscription_view *out)
{
	size_t room;
	int rc;

	if (count_rows(db, SQL_SUBSCRIPTION_FOLLOWS_COUNT, id, &room) < 0)
		return -1;
	out->follows = arena_array(a, room, sizeof *out->follows);
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_FOLLOWS);
	db_bind_int(s, ":id", id);
	while ((rc = db_step(s)) == 1)
		out->follows[out->n_follows++] = db_col_strdup(s, 0, a);
	return rc;
}

static int read_mutes(struct db *db, struct arena *a, int64_t id, struct subscription_view *out)
{
	size_t room;
	int rc;

	if (count_rows(db, SQL_SUBSCRIPTION_MUTES_COUNT, id, &room) < 0)
		return -1;
	out->mutes = arena_array(a, room, sizeof *out->mutes);
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_MUTES);
	db_bind_int(s, ":id", id);
	while ((rc = db_step(s)) == 1) {
		out->mutes[out->n_mutes++] = (struct subscription_silence){
		    .incident = db_col_strdup(s, 0, a), .until = db_col_strdup(s, 1, a)};
	}
	return rc;
}

enum subscription_result subscription_read(struct db *db, struct arena *a,
    const struct subscription_proof *proof, const struct subscription_keys *keys,
    struct subscription_view *out)
{
	struct subscription_row row;
	int rc = db_begin_read(db);

	if (rc != 1)
		return not_begun(rc);
	rc = subscription_find_proven(db, a, proof, &row);
	if (rc != 1)
		return end(db, not_found(rc));
	*out = (struct subscription_view){
	    .gone = row.dead,
	    .choice = row.choice,
	    .key_current = keys->has_current && memcmp(row.key, keys->current, sizeof row.key) == 0,
	    .last_test_at = row.last_test_at,
	    .last_test_outcome = row.last_test_outcome,
	};
	if (read_follows(db, a, row.id, out) < 0 || read_mutes(db, a, row.id, out) < 0 ||
	    subscription_last_push(db, a, &row, out) < 0)
		return end(db, SUBSCRIPTION_BROKEN);
	return end(db, SUBSCRIPTION_DONE);
}

/* ------------------------------------------------------------------ muting, testing */

static int incident_exists(struct db *db, const char *id)
{
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_INCIDENT);

	db_bind_text(s, ":id", id);
	int rc = db_step(s);
	db_reset(s);
	return rc;
}

enum subscription_result subscription_mute(struct db *db, struct arena *a,
    const struct subscription_proof *proof, const struct subscription_silence *mute)
{
	struct subscription_row row;
	int rc = db_begin_write(db);

	if (rc != 1)
		return not_begun(rc);
	if ((rc = subscription_find_proven(db, a, proof, &row)) != 1 ||
	    (rc = incident_exists(db, mute->incident)) != 1)
		return end(db, not_found(rc));
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_MUTE);
	db_bind_int(s, ":id", row.id);
	db_bind_text(s, ":incident", mute->incident);
	db_bind_text(s, ":until", mute->until);
	return end(db, db_run(s) < 0 ? SUBSCRIPTION_BROKEN : SUBSCRIPTION_DONE);
}

/* A clock that was set back must not forbid tests for long. */
static bool tested_lately(const struct subscription_row *row, int64_t now, int64_t *wait_ms)
{
	int64_t since = now - row->last_test_at;

	*wait_ms = TEST_EVERY_MS - since;
	return since >= 0 && since < TEST_EVERY_MS;
}

enum subscription_result subscription_test(
    struct db *db, struct arena *a, const struct subscription_proof *proof, int64_t *wait_ms)
{
	struct subscription_row row;
	int64_t now = clock_now_ms();
	int rc = db_begin_write(db);

	if (rc != 1)
		return not_begun(rc);
	rc = subscription_find_proven(db, a, proof, &row);
	if (rc != 1 || row.dead)
		return end(db, rc == 1 ? SUBSCRIPTION_ABSENT : not_found(rc));
	if (tested_lately(&row, now, wait_ms))
		return end(db, SUBSCRIPTION_TOO_OFTEN);
	rc = job_add_test(db, a, row.id);
	if (rc != 1)
		return end(db, rc == 0 ? SUBSCRIPTION_OFF : SUBSCRIPTION_BROKEN);
	struct db_stmt *s = db_stmt(db, SQL_SUBSCRIPTION_TESTED);
	db_bind_int(s, ":id", row.id);
	db_bind_int(s, ":now", now);
	return end(db, db_run(s) < 0 ? SUBSCRIPTION_BROKEN : SUBSCRIPTION_DONE);
}
