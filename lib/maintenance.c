/* maintenance.c - lists, and what becomes due: see maintenance.h. */
#include "base.h"
#include "maintenance.h"

#include "announce.h"
#include "arena.h"
#include "clock.h"
#include "db.h"
#include "incident_private.h"
#include "log.h"
#include "settings.h"

#define ACTOR "atstatus"

/* ------------------------------------------------------------------ lists */

int maintenance_list_planned(struct db *db, struct arena *a, struct incident **out, size_t *n)
{
	return incident_read_list(db, a, db_stmt(db, SQL_MAINTENANCE_LIST_PLANNED), out, n);
}

int maintenance_list_recent(struct db *db, struct arena *a, int64_t since_ms, int64_t limit,
    struct incident **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_LIST_RECENT);

	db_bind_int(s, ":since", since_ms);
	db_bind_int(s, ":limit", limit);
	return incident_read_list(db, a, s, out, n);
}

int maintenance_reminders(
    struct db *db, struct arena *a, const char *id, int64_t **minutes, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_REMINDERS);
	int rc;

	*minutes = NULL;
	*n = 0;
	db_bind_text(s, ":incident", id);
	while ((rc = db_step(s)) == 1) {
		*minutes = arena_grow(a, *minutes, *n, sizeof **minutes);
		(*minutes)[(*n)++] = db_col_int(s, 0);
	}
	return rc < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------ what is due */

enum due { DUE_NOTHING, DUE_BEGIN, DUE_END, DUE_OVERRUN, DUE_REMINDER };

/* The shortest reminder whose moment has come, in minutes; 0 none. */
static int due_reminder(struct db *db, const struct incident *i, int64_t now, int64_t *minutes)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_REMINDER_DUE);

	*minutes = 0;
	db_bind_text(s, ":incident", i->id);
	db_bind_int(s, ":for", i->scheduled_for);
	db_bind_int(s, ":now", now);
	/* NULL, where there is none, reads as 0 */
	return db_one_int(s, minutes) < 0 ? -1 : 1;
}

static int find_due(struct db *db, const struct incident *i, int64_t now, enum due *out)
{
	bool past = i->scheduled_until <= now;
	int64_t minutes = 0;

	*out = DUE_NOTHING;
	if (incident_status_is_over(i->status))
		return 1;
	if (maintenance_is_running(i)) {
		if (past && i->auto_end)
			*out = DUE_END;
		else if (past && i->overrun_at == 0)
			*out = DUE_OVERRUN;
		return 1;
	}
	if (i->scheduled_for > now) {
		if (due_reminder(db, i, now, &minutes) < 0)
			return -1;
		*out = minutes > 0 ? DUE_REMINDER : DUE_NOTHING;
	} else if (i->auto_start) {
		/* nobody was there for the whole of it: it is over, and never was at work */
		*out = past && i->auto_end ? DUE_END : DUE_BEGIN;
	}
	return 1;
}

static int go_to(struct db *db, struct arena *a, const struct incident *i, enum incident_status to)
{
	struct incident_posting p = INCIDENT_POSTING;
	struct fault f = {FAULT_NONE, NULL, NULL};
	int rc;

	p.status = (int)to;
	p.actor = ACTOR;
	rc = incident_post(db, a, i->id, &p, &f);
	if (rc == 0)
		log_error("MAINTENANCE-01", "%s does not become %s: %s", i->id,
		    incident_status_word(to), f.sentence);
	return rc == 1 ? 1 : -1;
}

static int tell_overrun(struct db *db, struct arena *a, const struct incident *i, int64_t now)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_OVERRUN);

	db_bind_text(s, ":id", i->id);
	db_bind_int(s, ":now", now);
	if (db_run(s) < 0 || settings_touch_content(db) < 0 ||
	    settings_audit(db, ACTOR, "maintenance.overrun", i->id, NULL) < 0)
		return -1;
	return announce_incident(db, a, i, TRIGGER_MAINTENANCE_OVERRUN, NULL, NULL, 0) < 0 ? -1 : 1;
}

static int remind(struct db *db, struct arena *a, const struct incident *i, int64_t now)
{
	if (maintenance_settle_reminders(db, i, now) < 0)
		return -1;
	return announce_incident(db, a, i, TRIGGER_MAINTENANCE_REMINDER, NULL, NULL, 0) < 0 ? -1
											    : 1;
}

static int act(struct db *db, struct arena *a, const struct incident *i, enum due due, int64_t now)
{
	switch (due) {
	case DUE_BEGIN:
		return go_to(db, a, i, INCIDENT_IN_PROGRESS);
	case DUE_END:
		return go_to(db, a, i, INCIDENT_COMPLETED);
	case DUE_OVERRUN:
		return tell_overrun(db, a, i, now);
	case DUE_REMINDER:
		return remind(db, a, i, now);
	default:
		return 0;
	}
}

/* Read anew inside the transaction: a person may have done it in between. */
static int act_on_newest(struct db *db, struct arena *a, const char *id, int64_t now)
{
	struct incident i;
	enum due due;
	int rc = incident_get(db, a, id, &i);

	if (rc == 1 && find_due(db, &i, now, &due) < 0)
		rc = -1;
	return rc == 1 ? act(db, a, &i, due, now) : rc;
}

static int run_one(struct db *db, struct arena *a, const char *id, int64_t now)
{
	int rc;

	if (db_begin_write(db) != 1)
		return -1;
	rc = act_on_newest(db, a, id, now);
	if (rc != 1) {
		db_rollback(db);
		return rc;
	}
	return db_commit(db);
}

int maintenance_run_due(struct db *db, int64_t now_ms)
{
	struct arena a = ARENA_INIT;
	struct incident *planned;
	size_t n;
	int done = 0, rc = maintenance_list_planned(db, &a, &planned, &n);

	for (size_t i = 0; rc >= 0 && i < n; i++) {
		enum due due;
		rc = find_due(db, &planned[i], now_ms, &due);
		if (rc < 0 || due == DUE_NOTHING)
			continue;
		/* one that cannot be moved on must not hold up the others */
		if (run_one(db, &a, planned[i].id, now_ms) == 1)
			done = 1;
	}
	arena_release(&a);
	return rc < 0 ? -1 : done;
}
