/* view.h - what the public pages say: from rows to the values of the templates.
 *
 * One read of the database makes a struct view, which holds all that the pages and push.json need;
 * drawing then needs no database.  Nothing drawn depends on the hour, so that a file changes only
 * when the world did: ages are counted in the browser.  Only the day matters, for the list of past
 * days.
 *
 * Everything lives in the arena that is passed.  1 done, -1 broken and logged.
 */
#ifndef VIEW_H
#define VIEW_H

#include "base.h"
#include "component.h"
#include "incident.h"
#include "settings.h"

struct arena;
struct buf;
struct db;

#define VIEW_DAYS	   14
#define VIEW_INCIDENTS_MAX 1000 /* recent ones that are loaded */

struct view_incident {
	struct incident row;
	struct incident_update *updates; /* newest first */
	size_t n_updates;
};

struct view {
	struct settings settings;
	struct component *components; /* in the order of the page, groups included */
	int64_t *trouble_since;	      /* per component, ms; 0 while operational */
	size_t n_components;
	/* open ones and those that began or changed in the past days, newest first */
	struct view_incident *incidents;
	size_t n_incidents;
	int64_t today; /* midnight UTC, ms */
};

int view_load(struct db *db, struct arena *a, int64_t now_ms, struct view *out);

/* One more incident, to draw its page.  0 there is none with this id. */
int view_load_incident(struct db *db, struct arena *a, const char *id, struct view_incident *out);

/* Parses the templates; ends the process if one is damaged.  Once per process. */
void view_open(void);

/* Each appends a whole file. */
int view_draw_index(const struct view *v, struct arena *a, struct buf *out);
int view_draw_incident(
    const struct view *v, const struct view_incident *i, struct arena *a, struct buf *out);
int view_draw_not_found(const struct view *v, struct arena *a, struct buf *out);
int view_draw_manifest(const struct view *v, struct arena *a, struct buf *out);

/* /push.json of the contract; public_key is VAPID_PUBLIC_KEY or NULL. */
void view_draw_push_json(const struct view *v, const char *public_key, struct buf *out);

/* The headline's sentence and its state (a word for class names and shapes); needs components,
 * trouble_since and the rows of open incidents. */
char *view_headline(const struct view *v, struct arena *a, const char **state);

/* "23 Nov 2026, 14:02 UTC" */
char *view_time_text(struct arena *a, int64_t ms);

#endif
