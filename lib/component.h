/* component.h - components and their groups: rows, order, status, history of the status.
 *
 * A status changes only through component_set_status, which also writes the history, so that uptime
 * computed from the history is always true.  Every function that changes something must be called
 * inside a write transaction of the caller, and raises content_rev itself.
 *
 * 1 done, 0 refused (fault) or no such component, -1 broken and logged.
 */
#ifndef COMPONENT_H
#define COMPONENT_H

#include "base.h"
#include "fault.h"
#include "vocabulary.h"

struct arena;
struct db;

#define COMPONENT_NAME_MAX	  100 /* code points */
#define COMPONENT_DESCRIPTION_MAX 1000

struct component {
	char *id;
	char *name;
	char *description;	      /* or NULL */
	enum component_status status; /* of a group: not kept, see component_rollup */
	bool is_group;
	char *group_id;	  /* or NULL */
	int64_t position; /* 1-based inside its group */
	bool showcase;
	bool only_show_if_degraded;
	bool hidden;
	char *start_date; /* YYYY-MM-DD or NULL */
	int64_t created_at, updated_at;
};

enum component_cause {
	COMPONENT_CAUSE_MANUAL,
	COMPONENT_CAUSE_API,
	COMPONENT_CAUSE_INCIDENT,
	COMPONENT_CAUSE_MAINTENANCE,
	COMPONENT_CAUSE__MAX
};

/* What a change of status means to those who are told of it. */
struct component_change {
	char *id, *name;
	char *group_id; /* or NULL */
	bool hidden;	/* by itself or by its group: nobody is told */
	enum component_status old_status, new_status;
	bool went_down;		/* trigger component_down, see the contract */
	bool recovered;		/* trigger component_recovered */
	int64_t trouble_since;	/* ms; when it last left operational; 0 unknown */
	enum impact max_impact; /* worst since then */
};

/* All of them in the order of the page: each group followed by its members. */
int component_list(struct db *db, struct arena *a, struct component **out, size_t *n);
int component_get(struct db *db, struct arena *a, const char *id, struct component *out);

/* Components that are no groups. */
int component_count(struct db *db, int64_t *out);

/* Adds c at the end of its group (c->id and c->position are ignored and then set). */
int component_create(
    struct db *db, struct arena *a, struct component *c, const char *actor, struct fault *f);

/* Stores everything but the status.  Its place (c->position is ignored) stays, but in another group
 * it goes to the end. */
int component_save(
    struct db *db, struct arena *a, const struct component *c, const char *actor, struct fault *f);

/* Sets the status and writes the history.  1 changed, 0 it had it already or is unknown. */
int component_set_status(struct db *db, struct arena *a, const char *id,
    enum component_status status, enum component_cause cause, const char *incident_id,
    struct component_change *out);

/* Moves one place up (-1) or down (+1) among its neighbours.  0 at the end. */
int component_move(
    struct db *db, struct arena *a, const char *id, int direction, const char *actor);

/* Removes it with its history; members of a removed group stay, at the end and without group,
 * hidden where the group was. */
int component_delete(struct db *db, struct arena *a, const char *id, const char *actor);

/* The status a component has when `except` (an incident id) no longer speaks for it: the worst that
 * another open incident gives it, else operational. */
int component_status_without(
    struct db *db, const char *id, const char *except, enum component_status *out);

/* When the component last left operational, ms; its creation where the history does not tell. */
int component_trouble_since(struct db *db, const struct component *c, int64_t *out);

/* What made a component what it is. */
struct component_last {
	int64_t at; /* ms */
	enum component_cause cause;
	char *incident_id;   /* of an incident or maintenance that caused it; NULL where none did */
	char *incident_name; /* NULL where none did, or it was deleted */
};

/* The newest change of its status.  0 it never changed. */
int component_last_change(
    struct db *db, struct arena *a, const char *id, struct component_last *out);

/* The worst of two for a headline: an outage is never masked by maintenance. */
enum component_status component_rollup(enum component_status x, enum component_status y);

#endif
