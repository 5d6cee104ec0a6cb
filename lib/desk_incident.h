/* desk_incident.h - what the files of the forms of incidents and maintenances share; nobody else
 * includes it. */
#ifndef DESK_INCIDENT_H
#define DESK_INCIDENT_H

#include "base.h"
#include "desk_parts.h"

/* Fields of every such form, named as in the write API. */
enum {
	DESK_F_CSRF,
	DESK_F_POST_ID,
	DESK_F_NAME,
	DESK_F_STATUS,
	DESK_F_BODY,
	DESK_F_OVERRIDE,
	DESK_F_COMPONENTS,
	DESK_F_DELIVER,
	DESK_F_INCIDENT, /* which one a preview is of; a new one without */
	/* of maintenances, see desk_window.c */
	DESK_F_FOR,
	DESK_F_UNTIL,
	DESK_F_FOR_WAS, /* what the two fields were drawn with */
	DESK_F_UNTIL_WAS,
	DESK_F_AUTO_START,
	DESK_F_AUTO_END,
	DESK_F_REMINDERS,
	DESK_F_EXTEND, /* minutes, of a button */
	DESK_F__MAX
};

/* Reminders and extensions that are offered, in minutes. */
#define DESK_REMINDER__MAX  4
#define DESK_EXTENSION__MAX 3
extern const char *const desk_reminder_words[DESK_REMINDER__MAX];
extern const char *const desk_extension_words[DESK_EXTENSION__MAX];

extern const struct form_field desk_incident_fields[DESK_F__MAX];

/* What the form says but for the times of a maintenance; strings live as long as the request. */
void desk_take_posting(struct desk *d, const struct form *form, struct incident_posting *p);

/* The number of a choice; `otherwise` where the form says none, or there is no form. */
int desk_chosen(const struct form *form, int field, int otherwise);

/* The steps as one line (block `step`), and the impacts to choose from (block `impact`). */
void desk_add_steps(struct tv *t, const enum incident_status *steps, size_t n, int chosen);
void desk_add_impacts(struct tv *t, int chosen);

/* ---- desk_statuses.c */

enum desk_offer {
	DESK_OFFER_INCIDENT, /* trouble, and its end */
	DESK_OFFER_PLAN,     /* maintenance or worse */
	DESK_OFFER_ALL
};

struct desk_statuses {
	const struct form_value *chosen; /* of the form, NULL without one */
	const char *keep_word;		 /* "Not affected", "No change" */
	enum desk_offer offer;
	const struct incident *planned; /* NULL, or whose plan is to be seen: what is affected by it
					   stays so */
};

/* A segmented control per component into `components`: what the form chose, else "keep". */
int desk_set_statuses(struct desk *d, struct tv *t, const struct desk_statuses *s);

/* One trigger of a set. */
#define DESK_TELLS(trigger) (1u << (trigger))
/* What follows from a changed component. */
#define DESK_TELLS_COMPONENTS                                                                      \
	(DESK_TELLS(TRIGGER_COMPONENT_DOWN) | DESK_TELLS(TRIGGER_COMPONENT_RECOVERED))

/* The buttons (block `publish`) and, where nobody can be told, why (block `told`); verb: "Publish",
 * "Resolve"; triggers: what the publishing may be. */
int desk_set_publish(struct desk *d, struct tv *t, const char *verb, unsigned triggers);

/* The same choice as a line of two (block `tell`), for a form whose buttons say something else. */
int desk_set_tell(struct desk *d, struct tv *t, unsigned triggers);

/* ---- desk_update.c: the timeline */

/* Blocks `update`. */
void desk_add_updates(struct desk *d, struct tv *t, const struct incident *i,
    const struct incident_update *updates, size_t n);

/* The page of an incident or maintenance, with ?done=word where that is not NULL. */
char *desk_place_of(struct desk *d, const struct incident *i, const char *word);

/* ---- desk_incident_page.c */

/* The incident or maintenance of the path; false: answered.  A page that belongs to the other kind
 * leads there. */
bool desk_find_incident(struct desk *d, bool maintenance, struct incident *i);

/* Block `affected` with a chip for each component. */
void desk_add_affected(struct tv *t, const struct incident *i);

/* Posts it in a transaction and goes to its page; on errors draws d->redraw. */
void desk_post_incident(
    struct desk *d, struct form *form, const struct incident_posting *p, const char *done);

/* True if it neither says something, nor takes a step, nor changes a component. */
bool desk_posting_is_empty(const struct incident *i, const struct incident_posting *p);

/* ---- desk_window.c: when a maintenance is */

/* What the form says of times, switches and reminders; was: as it is, NULL for a new one.  A time
 * that stands as it was drawn stays what it is.  Adds its errors to the form. */
void desk_take_window(
    struct desk *d, struct form *form, const struct incident *was, struct incident_posting *p);
int desk_take_planning(struct desk *d, const struct form *form, const struct incident *was,
    struct incident_posting *p);

/* The two times as fields into `window`; the switches and reminders into `planning`. */
int desk_set_window(
    struct desk *d, struct tv *t, const struct form *form, const struct incident *was);
int desk_set_planning(
    struct desk *d, struct tv *t, const struct form *form, const struct incident *was);

/* "23 Nov 2026, 16:00–18:00 CET" */
char *desk_window_text(struct desk *d, int64_t from, int64_t until);

/* "15 minutes", "1 hour", "7 days" */
char *desk_minutes_text(struct arena *a, int64_t minutes);

/* ---- others */

/* The delivery ledger of an incident into `ledger`; newest: the newest update, or NULL.  Where it was
 * just published and nobody is told, the message above the page says so. */
int desk_set_ledger(
    struct desk *d, struct tv *t, const struct incident *i, const struct incident_update *newest);

/* The same as the answer. */
int desk_draw_ledger(
    struct desk *d, const struct incident *i, const struct incident_update *newest);

/* Markdown as HTML. */
void desk_set_markdown(struct tv *t, const char *name, const char *markdown);

#endif
