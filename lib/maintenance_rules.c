/* maintenance_rules.c - steps and times of what is planned: see maintenance.h and
 * incident_private.h. */
#include "base.h"
#include "maintenance.h"

#include "clock.h"
#include "db.h"
#include "incident_private.h"

/* 2000-01-01 and 2100-01-01: whatever lies outside is a slip of the pen. */
#define EARLIEST INT64_C(946684800000)
#define LATEST	 INT64_C(4102444800000)

bool maintenance_is_running(const struct incident *i)
{
	return i->status == INCIDENT_IN_PROGRESS || i->status == INCIDENT_VERIFYING;
}

bool maintenance_is_late(const struct incident *i, int64_t now_ms)
{
	if (maintenance_is_running(i))
		return i->scheduled_until < now_ms;
	return i->status == INCIDENT_SCHEDULED && i->scheduled_for + CLOCK_MINUTE * 2 < now_ms;
}

/* ------------------------------------------------------------------ steps */

static bool may_follow(enum incident_status from, enum incident_status to)
{
	switch (from) {
	case INCIDENT_SCHEDULED:
		return to != INCIDENT_VERIFYING;
	case INCIDENT_IN_PROGRESS:
	case INCIDENT_VERIFYING:
		return to != INCIDENT_SCHEDULED;
	default: /* over: only one more word about the same state */
		return to == from;
	}
}

/* Only a record of something past is completed at once. */
static bool may_be_first(enum incident_status status)
{
	return status != INCIDENT_CANCELLED && status != INCIDENT_VERIFYING;
}

static bool ends_before_it_begins(const struct incident *i, const struct incident_posting *p)
{
	int64_t from = p->scheduled_for != 0 ? p->scheduled_for : i->scheduled_for;

	return i->begun_at == 0 && !incident_status_is_over(i->status) && from > clock_now_ms();
}

static int check_step(
    const struct incident *i, const struct incident_posting *p, bool is_new, struct fault *f)
{
	enum incident_status to = (enum incident_status)p->status;

	if (p->status < 0)
		return 1;
	if (!incident_status_is_maintenance(to))
		return fault_set(f, FAULT_FIELD, "status",
		    "This is a status of incidents: a maintenance is scheduled, in_progress, "
		    "verifying,"
		    " completed or cancelled.");
	if (to == INCIDENT_COMPLETED && ends_before_it_begins(i, p))
		return fault_set(f, FAULT_STEP, "status",
		    "This maintenance has not begun: begin it early, or cancel it.");
	if (is_new ? may_be_first(to) : may_follow(i->status, to))
		return 1;
	if (is_new)
		return fault_set(f, FAULT_STEP, "status",
		    "A new maintenance is scheduled, in_progress, or completed where it is past.");
	if (incident_status_is_over(i->status))
		return fault_set(f, FAULT_STEP, "status",
		    "This maintenance is over; plan a new one for more work.");
	if (to == INCIDENT_SCHEDULED)
		return fault_set(f, FAULT_STEP, "status",
		    "This maintenance has begun: complete or cancel it, and plan a new one.");
	return fault_set(
	    f, FAULT_STEP, "status", "Verifying follows in_progress: begin the maintenance first.");
}

/* ------------------------------------------------------------------ times */

static bool in_range(int64_t ms)
{
	return ms >= EARLIEST && ms <= LATEST;
}

/* The window as it will be. */
static int check_window(int64_t from, int64_t until, struct fault *f)
{
	if (!in_range(from))
		return fault_set(f, FAULT_FIELD, "scheduled_for",
		    "A maintenance needs a time at which it begins, between 2000 and 2100.");
	if (!in_range(until))
		return fault_set(f, FAULT_FIELD, "scheduled_until",
		    "A maintenance needs a time at which it ends, between 2000 and 2100.");
	if (until <= from)
		return fault_set(
		    f, FAULT_FIELD, "scheduled_until", "The end must be later than the beginning.");
	if (until - from > MAINTENANCE_LONGEST_MS)
		return fault_set(f, FAULT_FIELD, "scheduled_until",
		    "A maintenance lasts a year at most; check the end.");
	return 1;
}

static int64_t or_else(int64_t new, int64_t old)
{
	return new != 0 ? new : old;
}

static int check_times(
    const struct incident *i, const struct incident_posting *p, bool is_new, struct fault *f)
{
	int64_t from = or_else(p->scheduled_for, i->scheduled_for);
	int64_t until = or_else(p->scheduled_until, i->scheduled_until);
	enum incident_status status = p->status < 0 ? i->status : (enum incident_status)p->status;
	bool moved = !is_new && (from != i->scheduled_for || until != i->scheduled_until);

	if (moved && incident_status_is_over(i->status))
		return fault_set(f, FAULT_STEP, "scheduled_for",
		    "This maintenance is over; its times stay. Plan a new one.");
	if (moved && i->begun_at != 0 && from != i->scheduled_for)
		return fault_set(f, FAULT_STEP, "scheduled_for",
		    "This maintenance has begun; only its end can be moved.");
	if ((is_new || moved) && check_window(from, until, f) != 1)
		return 0;
	if ((is_new || moved) && status == INCIDENT_SCHEDULED && until <= clock_now_ms())
		return fault_set(f, FAULT_FIELD, "scheduled_until",
		    "This time is past already: choose a later end, or give the status completed.");
	return 1;
}

static int check_reminders(const struct incident_posting *p, struct fault *f)
{
	if (!p->set_reminders)
		return 1;
	if (p->n_reminders > MAINTENANCE_REMINDERS_MAX)
		return fault_set(
		    f, FAULT_FIELD, "reminders", "At most sixteen reminders are sent.");
	for (size_t k = 0; k < p->n_reminders; k++)
		if (p->reminders[k] < 1 || p->reminders[k] > MAINTENANCE_REMINDER_MOST)
			return fault_set(f, FAULT_FIELD, "reminders",
			    "A reminder is sent 1 to 525600 minutes before the beginning.");
	return 1;
}

int maintenance_check(
    const struct incident *i, const struct incident_posting *p, bool is_new, struct fault *f)
{
	if (p->set_override && p->impact_override >= 0 && p->impact_override != IMPACT_MAINTENANCE)
		return fault_set(f, FAULT_FIELD, "impact_override",
		    "The impact of a maintenance is always maintenance; leave this member out.");
	if (check_step(i, p, is_new, f) != 1 || check_times(i, p, is_new, f) != 1)
		return 0;
	return check_reminders(p, f);
}

/* ------------------------------------------------------------------ what a posting sets */

static void set_times(struct incident *i, const struct incident_posting *p)
{
	int64_t from = or_else(p->scheduled_for, i->scheduled_for);
	int64_t until = or_else(p->scheduled_until, i->scheduled_until);

	/* made longer after it overran: it may overrun again */
	if (until > i->scheduled_until)
		i->overrun_at = 0;
	i->scheduled_for = from;
	i->scheduled_until = until;
	if (i->begun_at == 0)
		i->started_at = from;
	if (p->auto_start >= 0)
		i->auto_start = p->auto_start != 0;
	if (p->auto_end >= 0)
		i->auto_end = p->auto_end != 0;
}

/* A record of something past (new, and completed at once) was as it was planned. */
static void set_past(struct incident *i)
{
	i->begun_at = i->scheduled_for;
	i->started_at = i->scheduled_for;
	i->resolved_at = i->scheduled_until;
}

static void set_status(struct incident *i, int status, int64_t now)
{
	if (status >= 0)
		i->status = (enum incident_status)status;
	if (maintenance_is_running(i) && i->begun_at == 0) {
		i->begun_at = now;
		i->started_at = now;
	}
	if (!incident_status_is_over(i->status) || i->resolved_at != 0)
		return;
	if (i->status == INCIDENT_COMPLETED && i->begun_at == 0 && i->scheduled_until <= now)
		set_past(i);
	else
		i->resolved_at = now;
}

/* What a calendar must hear of. */
static bool calendar_differs(const struct incident *x, const struct incident *y)
{
	bool early = x->begun_at == 0 && y->begun_at != 0 && y->begun_at < y->scheduled_for;

	return early || x->scheduled_for != y->scheduled_for ||
	       x->scheduled_until != y->scheduled_until || x->resolved_at != y->resolved_at ||
	       strcmp(x->name, y->name) != 0 ||
	       (x->status == INCIDENT_CANCELLED) != (y->status == INCIDENT_CANCELLED);
}

void maintenance_set(
    struct incident *i, const char *old_name, const struct incident_posting *p, int64_t now)
{
	struct incident was = *i;
	bool is_new = old_name == NULL;

	was.name = is_new ? i->name : (char *)old_name;
	set_times(i, p);
	set_status(i, p->status, now);
	if (!is_new && calendar_differs(&was, i))
		i->sequence++;
}

/* ------------------------------------------------------------------ triggers */

static int trigger_of_new(const struct incident *i)
{
	switch (i->status) {
	case INCIDENT_SCHEDULED:
		return TRIGGER_MAINTENANCE_SCHEDULED;
	case INCIDENT_COMPLETED:
		return TRIGGER_MAINTENANCE_COMPLETED;
	default:
		return TRIGGER_MAINTENANCE_STARTING;
	}
}

int maintenance_trigger(const struct incident *was, const struct incident *i, bool is_update)
{
	if (was == NULL)
		return trigger_of_new(i);
	if (i->status == INCIDENT_CANCELLED && was->status != INCIDENT_CANCELLED)
		return TRIGGER_MAINTENANCE_CANCELLED;
	if (i->status == INCIDENT_COMPLETED && was->status != INCIDENT_COMPLETED)
		return TRIGGER_MAINTENANCE_COMPLETED;
	if (maintenance_is_running(i) && was->begun_at == 0)
		return TRIGGER_MAINTENANCE_STARTING;
	if (i->scheduled_for != was->scheduled_for || i->scheduled_until != was->scheduled_until)
		return TRIGGER_MAINTENANCE_RESCHEDULED;
	return is_update ? TRIGGER_INCIDENT_UPDATE : -1;
}

/* ------------------------------------------------------------------ reminders */

const char *const maintenance_reminder_words[MAINTENANCE_REMINDER__MAX] = {
    "10080", "2880", "1440", "720", "240", "120", "60", "30", "15"};

int64_t maintenance_reminder_minutes(size_t choice)
{
	return strtoll(maintenance_reminder_words[choice], NULL, 10);
}

static int add_reminders(struct db *db, const char *id, const int64_t *minutes, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_REMINDER_ADD);
		db_bind_text(s, ":incident", id);
		db_bind_int(s, ":minutes", minutes[k]);
		if (db_run(s) < 0)
			return -1;
	}
	return 1;
}

static int drop_reminders(struct db *db, const char *id)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_REMINDERS_DROP);

	db_bind_text(s, ":incident", id);
	return db_run(s);
}

int maintenance_settle_reminders(struct db *db, const struct incident *i, int64_t now)
{
	struct db_stmt *s = db_stmt(db, SQL_MAINTENANCE_REMINDERS_SETTLE);

	db_bind_text(s, ":incident", i->id);
	db_bind_int(s, ":for", i->scheduled_for);
	db_bind_int(s, ":now", now);
	return db_run(s);
}

/* Those whose moment has passed when it is planned or moved are not told: the posting itself is. */
int maintenance_plan_reminders(
    struct db *db, const struct incident *i, const struct incident_posting *p, bool is_new)
{
	static const int64_t usual[] = MAINTENANCE_REMINDERS_DEFAULT;
	bool moved = p->scheduled_for != 0;

	if (p->set_reminders && (drop_reminders(db, i->id) < 0 ||
				    add_reminders(db, i->id, p->reminders, p->n_reminders) < 0))
		return -1;
	if (is_new && !p->set_reminders && add_reminders(db, i->id, usual, nelem(usual)) < 0)
		return -1;
	if (!is_new && !moved && !p->set_reminders)
		return 1;
	return maintenance_settle_reminders(db, i, i->updated_at) < 0 ? -1 : 1;
}
