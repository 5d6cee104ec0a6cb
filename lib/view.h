/* view.h - what the public pages say: from rows to the values of the templates.
 *
 * One read of the database makes a struct view, which holds all that the pages and push.json need;
 * drawing then needs no database.  Nothing drawn depends on the hour, so that a file changes only
 * when the world did: ages are counted in the browser.  Only the day matters, for the list of past
 * days.
 *
 * A view speaks one language: what is drawn from it is said in its words, and its links lead to
 * pages of the same language.  view_load gives the view of the page's own language; view_in makes
 * the others from it, which share all that was read.
 *
 * Everything lives in the arena that is passed.  1 done, -1 broken and logged.
 */
#ifndef VIEW_H
#define VIEW_H

#include "base.h"
#include "component.h"
#include "incident.h"
#include "settings.h"

#include "uptime.h"

struct arena;
struct buf;
struct conf;
struct db;
struct words;

#define VIEW_DAYS	   14
#define VIEW_INCIDENTS_MAX 200 /* that began or changed in the past days: more are in the history */
#define VIEW_LATEST	   50 /* incidents, and maintenances, that the read API and the feeds tell of */

/* An incident or a maintenance. */
struct view_incident {
	struct incident row;
	struct incident_update *updates; /* newest first */
	size_t n_updates;
};

struct view {
	const struct words *words;
	char root[8];		/* where the language's pages begin: "" or "/de" */
	const char *site_url;	/* origin of the page, without a slash at its end */
	const char *public_key; /* VAPID_PUBLIC_KEY or NULL */
	struct settings settings;
	struct component *components; /* in the order of the page, groups included */
	int64_t *trouble_since;	      /* per component, ms; 0 while operational */
	struct uptime *uptime;	      /* per component; of a group: of its members that are seen */
	size_t n_components;
	/* incidents: open ones, those that began or changed in the past days, and the VIEW_LATEST
	 * newest; newest first */
	struct view_incident *incidents;
	size_t n_incidents;
	/* maintenances: all that are not over, and the VIEW_LATEST newest; latest scheduled_for
	 * first */
	struct view_incident *maintenances;
	size_t n_maintenances;
	int64_t now;   /* ms; when it was read */
	int64_t today; /* midnight UTC, ms */
};

/* The strings of conf must live as long as the view. */
int view_load(
    const struct conf *conf, struct db *db, struct arena *a, int64_t now_ms, struct view *out);

/* The same in one of the languages. */
struct view view_in(const struct view *v, const struct words *language);

/* One more incident or maintenance, to draw its page.  0 there is none with this id. */
int view_load_incident(struct db *db, struct arena *a, const char *id, struct view_incident *out);

/* The incidents that began in one month (UTC), and the maintenances planned for it, newest first:
 * a page of the history.  Bodies alone of their newest update. */
struct view_month {
	int year, month;	   /* 1..12 */
	int64_t first_ms, next_ms; /* midnight of its first day and of the next month's */
	struct view_incident *incidents;
	size_t n_incidents;
};

int view_load_month(struct db *db, struct arena *a, int year, int month, struct view_month *out);

/* The month of the oldest incident or maintenance; this month where there is none. */
int view_oldest_month(struct db *db, int64_t now_ms, int *year, int *month);

/* ---- which components visitors see */

/* The group of a component, or NULL. */
const struct component *view_group_of(const struct view *v, const struct component *c);

/* No group, and hidden neither by itself nor by its group. */
bool view_is_public(const struct view *v, const struct component *c);

/* Also has a row of its own just now: not one that shows only in trouble while it has none. */
bool view_is_visible(const struct view *v, const struct component *c);

/* Parses the templates; ends the process if one is damaged.  Once per process. */
void view_open(void);

/* Each appends a whole file.  1 or -1. */
typedef int view_draw(const struct view *v, struct arena *a, struct buf *out);

view_draw view_draw_index;
view_draw view_draw_not_found;
view_draw view_draw_manifest;
view_draw view_draw_help;	  /* /help/notifications/ */
view_draw view_draw_push_json;	  /* of the contract */
view_draw view_draw_words;	  /* /words-<tag>.js: what the scripts say */
view_draw view_draw_dialog_words; /* /words-<tag>-dialog.js: what the dialogs say */
view_draw view_draw_worker_words;

int view_draw_incident(
    const struct view *v, const struct view_incident *i, struct arena *a, struct buf *out);
int view_draw_maintenance(
    const struct view *v, const struct view_incident *i, struct arena *a, struct buf *out);

/* A page of the history; `oldest` and the view's today say which neighbours it links to. */
int view_draw_month(const struct view *v, const struct view_month *m, int64_t oldest_ms,
    struct arena *a, struct buf *out);

/* The headline's sentence in English, whatever the view's language, and its state (a word for class
 * names and shapes); needs components, trouble_since and the rows of open incidents. */
char *view_headline(const struct view *v, struct arena *a, const char **state);

/* The state word that stands for an impact in class names and shapes. */
const char *view_state_of_impact(enum impact i);

/* "23 Nov 2026, 14:02 UTC", in English, for feeds and the calendar. */
char *view_time_text(struct arena *a, int64_t ms);

#endif
