/* maintenance.h - what is planned: maintenances, which begin and end by themselves.
 *
 * A maintenance is an incident with scheduled_for and scheduled_until: incident_create,
 * incident_post, incident_delete and the readers of incident.h serve both.  What differs stands
 * here:
 *  - scheduled -> in_progress <-> verifying -> completed, and cancelled from any of the first three;
 * what is over stays over;
 *  - it begins at scheduled_for and ends at scheduled_until by itself, unless auto_start or auto_end
 * is false; a person may begin it early, move it, make it longer or shorter;
 *  - its components keep their status until it begins; then each gets the planned one (as a rule
 * under_maintenance) unless it has a worse one: an outage is never masked.  At the end those it set
 * return to what another open incident gives them, else to operational;
 *  - reminders are told at chosen times before the beginning.
 *
 * 1 done, 0 nothing or refused, -1 broken and logged.
 */
#ifndef MAINTENANCE_H
#define MAINTENANCE_H

#include "base.h"
#include "incident.h"

/* How long before the beginning people are reminded, unless a posting says otherwise. */
#define MAINTENANCE_REMINDERS_DEFAULT                                                              \
	{                                                                                          \
		24 * 60, 60                                                                        \
	}
#define MAINTENANCE_REMINDERS_MAX 16
#define MAINTENANCE_REMINDER_MOST (365 * 24 * 60)
#define MAINTENANCE_LONGEST_MS	  (366 * CLOCK_DAY)

/* The lead times that forms and the write API offer, as their minutes in words ("1440"), the longest
 * first. */
#define MAINTENANCE_REMINDER__MAX 9
extern const char *const maintenance_reminder_words[MAINTENANCE_REMINDER__MAX];
int64_t maintenance_reminder_minutes(size_t choice);

/* True while it is at work: in_progress or verifying. */
bool maintenance_is_running(const struct incident *i);

/* True if its time has passed and it has not ended, or not even begun. */
bool maintenance_is_late(const struct incident *i, int64_t now_ms);

/* Begins, ends and reminds: everything that is due, each in a transaction of its own.  Called by the
 * sender before it drains.  1 something happened (the page must be published), 0 nothing was due. */
int maintenance_run_due(struct db *db, int64_t now_ms);

/* Those that are not over, the next first; components filled. */
int maintenance_list_planned(struct db *db, struct arena *a, struct incident **out, size_t *n);

/* Those that are over or not, by scheduled_for, latest first. */
int maintenance_list_recent(struct db *db, struct arena *a, int64_t since_ms, int64_t limit,
    struct incident **out, size_t *n);

/* The minutes before its beginning at which people are reminded, longest first. */
int maintenance_reminders(
    struct db *db, struct arena *a, const char *id, int64_t **minutes, size_t *n);

#endif
