/* incident.h - incidents, their updates, and what they do to components.
 *
 * A maintenance is an incident with scheduled_for and scheduled_until; what differs for it stands in
 * maintenance.h.
 *
 * A posting is one struct: what was said, and the component statuses it sets.  The rules:
 *  - a new incident is investigating, identified, monitoring, or resolved (a record of something
 * past);
 *  - an update may go to any of these in any order; from resolved to another one it reopens;
 * postmortem only follows resolved;
 *  - impact = the override, else the worst status that the incident sets now to a component that
 * visitors see (none where all are hidden); of an incident that is over, the highest it had;
 *  - resolving returns every component that the posting does not name to the worst that another
 * open incident gives it, else to operational;
 *  - components left out of an update keep theirs.
 *
 * The job that tells subscribers is written in the same transaction (announce.h).  Every function
 * that changes something must be called inside a write transaction of the caller.
 *
 * 1 done, 0 refused (fault) or not there, -1 broken and logged.
 */
#ifndef INCIDENT_H
#define INCIDENT_H

#include "base.h"
#include "component.h"
#include "fault.h"
#include "vocabulary.h"

struct arena;
struct db;

#define INCIDENT_NAME_MAX 200	/* code points */
#define INCIDENT_BODY_MAX 25000 /* code points */

struct incident_component {
	char *id, *name;
	char *group_id;			      /* or NULL */
	enum component_status status;	      /* that the incident gave it last */
	enum component_status current_status; /* that it has now */
	bool hidden;			      /* by itself or by its group */
};

struct incident {
	char *id, *name;
	enum incident_status status;
	enum impact impact, max_impact;
	int impact_override; /* enum impact, or -1 for none */
	int64_t created_at, started_at, updated_at;
	int64_t monitoring_at, resolved_at; /* 0 = not; of a maintenance: completed or cancelled */
	/* of a maintenance; else 0 and false */
	int64_t scheduled_for, scheduled_until;
	int64_t begun_at;   /* first in progress; 0 = not yet */
	int64_t overrun_at; /* people were told that it takes longer; 0 = not */
	bool auto_start, auto_end;
	const int64_t *reminders; /* minutes before; NULL until maintenance_reminders is asked */
	size_t n_reminders;
	int64_t sequence;    /* raised with each change of the calendar entry */
	int64_t content_rev; /* of settings, at the last change of its page */
	struct incident_component
	    *components; /* ever affected; filled by incident_get and _load_components */
	size_t n_components;
};

struct incident_update_component {
	char *id;
	char *name; /* as it was then; "Group - Component" where it was in a group */
	enum component_status old_status, new_status;
};

struct incident_update {
	char *id;
	enum incident_status status;
	char *body; /* Markdown */
	int64_t created_at, updated_at, display_at;
	bool deliver_notifications;
	struct incident_update_component *components;
	size_t n_components;
};

/* A component named by a posting; status -1: affected, but its status stays as it is. */
struct incident_set {
	const char *id;
	int status;
};

struct incident_posting {
	const char *name;    /* NULL: keep */
	int status;	     /* enum incident_status; -1: keep (a new one: investigating) */
	const char *body;    /* Markdown; NULL: no text */
	bool set_override;   /* impact_override says something */
	int impact_override; /* enum impact; -1: none */
	const struct incident_set *components;
	size_t n_components;
	/* of a maintenance that has not begun: components that are not named are taken out of it */
	bool only_these;
	/* of a maintenance; a new incident with scheduled_for is one */
	int64_t scheduled_for, scheduled_until; /* ms; 0: keep */
	int auto_start, auto_end;		/* 1, 0; -1: keep (a new one: 1) */
	bool set_reminders;			/* the list below replaces the old one */
	const int64_t *reminders;		/* minutes before the beginning */
	size_t n_reminders;
	bool deliver_notifications;
	const char *actor; /* for the audit */
};

/* What a posting says that says nothing. */
#define INCIDENT_POSTING                                                                           \
	{                                                                                          \
		.status = -1, .impact_override = -1, .auto_start = -1, .auto_end = -1,             \
		.deliver_notifications = true                                                      \
	}

/* True for what is planned: see maintenance.h. */
static inline bool incident_is_maintenance(const struct incident *i)
{
	return i->scheduled_for != 0;
}

int incident_create(
    struct db *db, struct arena *a, const struct incident_posting *p, char id[13], struct fault *f);

/* With a status or a body: an update on the timeline.  Without: a silent edit of the rest, which
 * tells nobody of the incident (a component that goes down or recovers by it is told as its own
 * trigger). */
int incident_post(struct db *db, struct arena *a, const char *id, const struct incident_posting *p,
    struct fault *f);

/* Changes what an update said, and says so on the page (updated_at); tells nobody.  display_at 0:
 * keep. */
int incident_edit_update(struct db *db, struct arena *a, const char *id, const char *update_id,
    const char *body, int64_t display_at, const char *actor, struct fault *f);

/* Removes it with its updates; its components return as if it had resolved; unfinished jobs of it
 * stop. */
int incident_delete(struct db *db, struct arena *a, const char *id, const char *actor);

int incident_get(struct db *db, struct arena *a, const char *id, struct incident *out);

/* Incidents and maintenances, newest first, components filled. */
int incident_list_all(
    struct db *db, struct arena *a, int64_t limit, struct incident **out, size_t *n);

/* Incidents that are no maintenances, newest first, components filled.  Recent: begun or changed
 * since then. */
int incident_list_open(struct db *db, struct arena *a, struct incident **out, size_t *n);
int incident_list_recent(struct db *db, struct arena *a, int64_t since_ms, int64_t limit,
    struct incident **out, size_t *n);

/* The worst impact of the components that visitors see: the rule where there is no override. */
enum impact incident_worst_impact(const struct incident_component *components, size_t n);

/* The component of the incident that visitors see, if it is exactly one; else NULL. */
const struct incident_component *incident_only_visible(const struct incident *i);

/* All incidents and maintenances whose page changed after a revision of the content (-1: all), in no
 * order: what a publisher looks through. */
struct incident_ref {
	char *id;
	bool is_maintenance;
	int64_t at; /* ms; began, or is planned for: the month of the history that it stands in */
	int64_t content_rev;
};

int incident_list_refs(
    struct db *db, struct arena *a, int64_t after_rev, struct incident_ref **out, size_t *n);

/* The timeline, newest first. */
int incident_updates(
    struct db *db, struct arena *a, const char *id, struct incident_update **out, size_t *n);

#endif
