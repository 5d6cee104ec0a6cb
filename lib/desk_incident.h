/* desk_incident.h - what the files of the incident forms share; nobody else includes it. */
#ifndef DESK_INCIDENT_H
#define DESK_INCIDENT_H

#include "base.h"
#include "desk_parts.h"

/* Fields of every incident form, named as in the write API. */
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
	DESK_F__MAX
};

extern const struct form_field desk_incident_fields[DESK_F__MAX];

/* What the form says; strings live as long as the request. */
void desk_take_posting(struct desk *d, const struct form *form, struct incident_posting *p);

/* The number of a choice; `otherwise` where the form says none, or there is no form. */
int desk_chosen(const struct form *form, int field, int otherwise);

/* The steps as one line (block `step`), and the impacts to choose from (block `impact`). */
void desk_add_steps(struct tv *t, const enum incident_status *steps, size_t n, int chosen);
void desk_add_impacts(struct tv *t, int chosen);

/* A segmented control per component into `components`: what the form chose, else "keep".
 * keep_word: "Not affected", "No change". */
int desk_set_statuses(
    struct desk *d, struct tv *t, const struct form_value *chosen, const char *keep_word);

/* The buttons (block `publish`) and, where nobody can be told, why (block `told`); verb: "Publish",
 * "Resolve"; trigger: of what is published. */
int desk_set_publish(struct desk *d, struct tv *t, const char *verb, enum trigger trigger);

/* The delivery ledger of an incident into `ledger`; newest: the newest update, or NULL. */
int desk_set_ledger(
    struct desk *d, struct tv *t, const struct incident *i, const struct incident_update *newest);

/* Markdown as HTML. */
void desk_set_markdown(struct tv *t, const char *name, const char *markdown);

#endif
