/* upkeep.c - see upkeep.h. */
#include "base.h"
#include "upkeep.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "settings.h"
#include "text.h"

#define DEAD_MS	  (30 * CLOCK_DAY)
#define UNSEEN_MS (180 * CLOCK_DAY)
#define FOLLOW_MS CLOCK_DAY
#define POST_MS	  (2 * CLOCK_DAY)
#define MISSED_MS (7 * CLOCK_DAY)

/* One statement in a transaction of its own: 1 it changed rows, 0 none, -1. */
static int run_once(struct db *db, enum sql which, int64_t before)
{
	struct db_stmt *s;
	int rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	s = db_stmt(db, which);
	if (before != 0)
		db_bind_int(s, ":before", before);
	rc = db_run(s);
	if (rc < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db) < 0 ? -1 : rc;
}

/* Some hundred rows at a time, so that others can write in between. */
static int run_all(struct db *db, enum sql which, int64_t before)
{
	int rc;

	while ((rc = run_once(db, which, before)) == 1)
		continue;
	return rc;
}

/* ------------------------------------------------------------------ follows and mutes */

static int run_of_incident(struct db *db, enum sql which, const char *incident)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_text(s, ":incident", incident);
	return db_run(s);
}

/* Some hundred rows in a transaction of their own: 1 done, 0 others held the database, -1. */
static int end_some(struct db *db, const char *incident)
{
	static const enum sql steps[] = {
	    SQL_UPKEEP_ERASE_FOLLOWERS, SQL_UPKEEP_END_FOLLOWS, SQL_UPKEEP_END_MUTES};
	int changed = 0, rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	for (size_t i = 0; changed == 0 && i < nelem(steps); i++)
		changed = run_of_incident(db, steps[i], incident);
	if (changed < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db);
}

/* An incident that ended by then and is followed or muted still: 1, 0 none, -1. */
static int find_ended(struct db *db, int64_t before, char incident[TEXT_ID_LEN + 1])
{
	struct db_stmt *s = db_stmt(db, SQL_UPKEEP_ENDED);
	int rc;

	db_bind_int(s, ":before", before);
	rc = db_step(s);
	if (rc == 1)
		snprintf(incident, TEXT_ID_LEN + 1, "%s", db_col_text(s, 0));
	db_reset(s);
	return rc;
}

int upkeep_end_follows(struct db *db, int64_t now_ms)
{
	char incident[TEXT_ID_LEN + 1];
	int rc;

	while ((rc = find_ended(db, now_ms - FOLLOW_MS, incident)) == 1)
		if ((rc = end_some(db, incident)) != 1)
			break;
	return rc < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------ once an hour */

static int clean(struct db *db, int64_t now_ms)
{
	if (run_all(db, SQL_UPKEEP_PURGE_DEAD, now_ms - DEAD_MS) < 0 ||
	    run_all(db, SQL_UPKEEP_PURGE_UNSEEN, now_ms - UNSEEN_MS) < 0)
		return -1;
	if (run_once(db, SQL_UPKEEP_POSTS, now_ms - POST_MS) < 0 ||
	    run_once(db, SQL_UPKEEP_MISSED, now_ms - MISSED_MS) < 0)
		return -1;
	return run_once(db, SQL_UPKEEP_LANES, 0) < 0 ? -1 : 1;
}

static int is_due(struct db *db, int64_t now_ms)
{
	struct arena a = ARENA_INIT;
	char *value = NULL;
	int64_t last = 0;
	int rc = settings_get(db, "upkeep_at", &a, &value);

	if (rc == 1 && !text_parse_i64(value, strlen(value), 0, INT64_MAX, &last))
		last = 0;
	arena_release(&a);
	if (rc < 0)
		return -1;
	/* a time in the future: the clock was set back */
	return last > now_ms || now_ms - last >= CLOCK_HOUR;
}

static int note_time(struct db *db, int64_t now_ms)
{
	char value[24];
	int rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	snprintf(value, sizeof value, "%" PRId64, now_ms);
	if (settings_put(db, "upkeep_at", value) < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db);
}

int upkeep_run(struct db *db, int64_t now_ms)
{
	int rc = is_due(db, now_ms);

	if (rc != 1)
		return rc;
	/* noted first: if a row makes it fail, it does not fail every minute */
	rc = note_time(db, now_ms);
	return rc == 1 ? clean(db, now_ms) : rc;
}
