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

static int run_incident(struct db *db, enum sql which, const char *incident)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_text(s, ":incident", incident);
	return db_run(s);
}

static int end_follows_of(struct db *db, const char *incident)
{
	if (run_incident(db, SQL_UPKEEP_ERASE_EMPTY, incident) < 0 ||
	    run_incident(db, SQL_UPKEEP_END_FOLLOWS, incident) < 0)
		return -1;
	return run_incident(db, SQL_UPKEEP_END_MUTES, incident);
}

/* 1 one incident's follows were ended, 0 none is left. */
static int end_one_follow(struct db *db, int64_t before)
{
	char incident[TEXT_ID_LEN + 1] = "";
	struct db_stmt *s;
	int rc = db_begin_write(db);

	if (rc != 1)
		return rc;
	s = db_stmt(db, SQL_UPKEEP_ENDED_FOLLOW);
	db_bind_int(s, ":before", before);
	rc = db_step(s);
	if (rc == 1)
		snprintf(incident, sizeof incident, "%s", db_col_text(s, 0));
	db_reset(s);
	if (rc == 1 && end_follows_of(db, incident) < 0)
		rc = -1;
	if (rc < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db) < 0 ? -1 : rc;
}

static int clean(struct db *db, int64_t now_ms)
{
	int rc;

	if (run_all(db, SQL_UPKEEP_PURGE_DEAD, now_ms - DEAD_MS) < 0 ||
	    run_all(db, SQL_UPKEEP_PURGE_UNSEEN, now_ms - UNSEEN_MS) < 0)
		return -1;
	while ((rc = end_one_follow(db, now_ms - FOLLOW_MS)) == 1)
		continue;
	if (rc < 0 || run_once(db, SQL_UPKEEP_POSTS, now_ms - POST_MS) < 0 ||
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
