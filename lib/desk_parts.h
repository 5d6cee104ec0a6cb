/* desk_parts.h - what the files of the admin pages share; nobody else includes it. */
#ifndef DESK_PARTS_H
#define DESK_PARTS_H

#include "base.h"
#include "admin.h"
#include "arena.h"
#include "component.h"
#include "desk.h"
#include "digest.h"
#include "form.h"
#include "incident.h"
#include "settings.h"
#include "template.h"

enum desk_route {
#define DESK(name, program, method, path, who, handler) DESK_##name,
#include "desk_table.h"
#undef DESK
	DESK_ROUTE__MAX
};

enum desk_template {
	DESK_FRAME,
	DESK_ALONE,
	DESK_SHAPES,
	DESK_ERROR_PAGE,
	DESK_SIGN_IN_PAGE,
	DESK_OVERVIEW_PAGE,
	DESK_INCIDENT_FORM_PAGE,
	DESK_INCIDENT_PAGE,
	DESK_UPDATE_PAGE,
	DESK_MAINTENANCES_PAGE,
	DESK_MAINTENANCE_FORM_PAGE,
	DESK_MAINTENANCE_PAGE,
	DESK_WINDOW_PART,
	DESK_PLANNING_PART,
	DESK_STATUSES_PART,
	DESK_LEDGER_PART,
	DESK_PREVIEW_PART,
	DESK_DELETE_PAGE,
	DESK_COMPONENTS_PAGE,
	DESK_COMPONENT_PAGE,
	DESK_NOTIFICATIONS_PAGE,
	DESK_SITE_PAGE,
	DESK_ACCOUNT_PAGE,
	DESK_TEMPLATE__MAX
};

enum desk_nav {
	DESK_NAV_INCIDENTS,
	DESK_NAV_COMPONENTS,
	DESK_NAV_MAINTENANCE,
	DESK_NAV_SETTINGS,
	DESK_NAV__MAX
};

struct desk;

/* Draws the page of a posted form again, with all that was written and what form->errors say. */
typedef void desk_redraw(struct desk *d, int status, const struct form *form);

/* One request on its way. */
struct desk {
	struct app *app;
	struct web *web;
	struct arena *arena;
	struct db *db;
	enum desk_route route;
	const char *id;	     /* of the path, NULL without one */
	const char *part_id; /* the second one of the path, NULL without one */
	struct settings settings;
	uint8_t secret[32]; /* of csrf tokens */
	bool signed_in;	    /* only then user and session are set */
	struct admin_user user;
	uint8_t session[DIGEST_SIZE]; /* hash of the session's cookie */
	bool checked;		      /* the form's csrf token was right: changes are allowed */
	struct form *form; /* what was posted; with the five below set by desk_read_form */
	desk_redraw *redraw;
	const char *post_id;	     /* NULL for forms without one */
	uint8_t digest[DIGEST_SIZE]; /* of what was posted, where to and by whom */
	int64_t retry_s;	     /* Retry-After of the answer; 0 none */
	const char *say_state;	     /* message above the page, see desk_say; NULL none */
	const char *say_sentence;
	const char *say_more; /* a second, quieter sentence, or NULL */
	bool nobody_told;     /* of what was just published, against what was meant */
};

/* Handlers, one per route. */
#define DESK(name, program, method, path, who, handler) void handler(struct desk *d);
#include "desk_table.h"
#undef DESK

/* ------------------------------------------------------------------ desk.c: gates and addresses */

/* The address of a route; id fills its "*", NULL where it has none. */
char *desk_path(struct arena *a, enum desk_route route, const char *id);

/* The address of a route with two. */
char *desk_path_part(struct arena *a, enum desk_route route, const char *id, const char *part_id);

/* The same with ?done=word behind it: what the page then says stands in desk_frame.c. */
char *desk_path_done(struct desk *d, enum desk_route route, const char *id, const char *word);

/* True if the path is one that GET answers: the only places a sign-in may lead to. */
bool desk_is_place(const char *path);

/* The name in the table; the action of a csrf token. */
const char *desk_route_name(enum desk_route route);

/* True if the signed-in user may do what the route stands for. */
bool desk_may(const struct desk *d, enum desk_route route);

/* 500 for a database that cannot be read. */
void desk_broken(struct desk *d);
void desk_not_found(struct desk *d, const char *sentence);

/* ------------------------------------------------------------------ desk_form.c: a posted form */

/* Reads the form of this POST and checks its csrf token, the field named "csrf".  False: answered.
 * Look at form->error_count then.  `redraw` (NULL where nothing is written in the form) answers
 * whatever the functions below refuse: no text is lost because a disk is full.  `form` must live as
 * long as d. */
bool desk_read_form(struct desk *d, const struct form_field *fields, size_t count,
    desk_redraw *redraw, struct form *form);

/* Begins the write transaction; only after desk_read_form.  False: answered, with 503, or because
 * the form's post_id was used: with the page its first sending led to, or with 409 and the form
 * where it says something else now. */
bool desk_begin(struct desk *d);

/* Commits; false: answered with 503. */
bool desk_commit(struct desk *d);

/* Keeps the form's post_id, commits, and answers with 303 to the path. */
void desk_done(struct desk *d, const char *path);

/* Undoes the transaction after a domain call did not give 1, and answers: 503 for -1, else by the
 * fault. */
void desk_refuse(struct desk *d, int rc, const struct fault *f);

/* The header for d->retry_s; desk_draw and desk_draw_alone do it. */
void desk_set_retry(struct desk *d);

/* The forms' two hidden fields. */
#define DESK_CSRF_FIELD                                                                            \
	{                                                                                          \
		"csrf", "The form's token", FORM_TEXT, .max = 100                                  \
	}
#define DESK_POST_ID_FIELD                                                                         \
	{                                                                                          \
		"post_id", "The form's one-time key", FORM_ID, .required = true                    \
	}

/* ------------------------------------------------------------------ desk_frame.c: drawing */

void desk_open_templates(void);

/* Appends a template.  1, or -1 and logged. */
int desk_render(enum desk_template which, const struct tv *values, struct buf *out);

/* Renders a part into the value `name`. */
int desk_set_part(
    struct tv *values, const char *name, enum desk_template which, const struct tv *part);

/* A message above the page; state: "operational" done, "degraded_performance" look here,
 * "major_outage" not done.  Draw afterwards. */
void desk_say(struct desk *d, const char *state, const char *sentence);

/* True if ?done= says that something was just published. */
bool desk_has_published(const struct desk *d);

/* The message for a form that must be drawn again; nothing if it has no errors. */
void desk_say_errors(struct desk *d, const struct form *form);

/* Answers with a page inside the frame. */
void desk_draw(struct desk *d, int status, enum desk_nav nav, const char *title,
    enum desk_template which, struct tv *values);

/* Answers with a page that stands alone, as sign-in does. */
void desk_draw_alone(
    struct desk *d, int status, const char *title, enum desk_template which, struct tv *values);

/* For web_set_error_page. */
void desk_draw_error(struct web *web, int status, const char *sentence, struct buf *out);

/* The csrf token for a route into the value `name`. */
void desk_set_token(struct desk *d, struct tv *t, const char *name, enum desk_route route);

/* Sets `action`, `csrf` and, where the form creates, `post_id` for a form that posts to the route.
 */
void desk_set_form(struct desk *d, struct tv *t, enum desk_route route, const char *id);

/* Sets the value `field` (from the form if there is one, else as given), the attributes
 * `field`_state, and the block `field`_wrong {sentence}.  `hint`: the field has a hint to name. */
void desk_set_field(struct tv *t, const struct form *form, const struct form_value *v,
    const char *field, const char *value, bool hint);

/* The same without the value. */
void desk_set_state(struct tv *t, const struct form *form, const char *field, bool hint);

/* ` checked` and the like, or nothing. */
void desk_set_flag(struct tv *t, const char *name, const char *attribute, bool on);

/* "23 Nov 2026, 14:02 CET": in the page's time zone. */
char *desk_time_text(struct desk *d, int64_t ms);

/* The same, without the day where it is today's. */
char *desk_time_text_short(struct desk *d, int64_t ms);

/* `name` and `name`_text. */
void desk_set_time(struct desk *d, struct tv *t, const char *name, int64_t ms);

/* "1,204" */
char *desk_number(struct arena *a, int64_t n);

/* "1 browser", "1,204 browsers" */
char *desk_count(struct arena *a, int64_t n, const char *one, const char *many);

/* Subscriptions that are not known to be dead. */
int desk_count_browsers(struct desk *d, int64_t *out);

/* ------------------------------------------------------------------ parts of pages */

/* The words of FORM_CHOICE and FORM_MAP for component statuses; the last one, "keep", means that
 * the status stays, and that the incident does not touch the component. */
#define DESK_KEEP COMPONENT_STATUS__MAX
extern const char *const desk_status_words[COMPONENT_STATUS__MAX + 1];

/* Short words for segmented controls. */
const char *desk_status_short(enum component_status s);

/* Stores the settings and goes back to their page. */
void desk_save_settings(struct desk *d, const struct settings *s, enum desk_route page);

/* The way between the pages of settings (block `tab`). */
void desk_add_tabs(struct desk *d, struct tv *t, enum desk_route here);

#endif
