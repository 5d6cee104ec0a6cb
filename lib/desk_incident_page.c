/* desk_incident_page.c - one incident: its state, the forms to go on with it, its timeline. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "buf.h"
#include "html.h"
#include "view.h"

/* The usual sentences, ready to be sent by one tap. */
#define RESOLVED_TEXT "This incident has been resolved."
#define REOPENED_TEXT "This incident has been opened again."

/* What was sent and could not be done, so that it can be drawn again. */
struct attempt {
	enum desk_route route;
	const struct form *form;
};

void desk_set_markdown(struct tv *t, const char *name, const char *markdown)
{
	struct buf html = BUF_INIT;

	html_markdown(&html, markdown, strlen(markdown));
	tv_set_html(t, name, html.data, html.len);
	buf_release(&html);
}

static const struct form *form_of(const struct attempt *a, enum desk_route route)
{
	return a != NULL && a->route == route ? a->form : NULL;
}

/* ------------------------------------------------------------------ what there is to see */

void desk_add_affected(struct tv *t, const struct incident *i)
{
	bool ahead = i->status == INCIDENT_SCHEDULED;
	struct tv *affected;

	if (i->n_components == 0)
		return;
	affected = tv_add(t, "affected");
	tv_set(affected, "label",
	    ahead ? "Affected, and what is planned" : "Affected, and how they are now");
	for (size_t k = 0; k < i->n_components; k++) {
		struct tv *chip = tv_add(affected, "chip");
		enum component_status now =
		    ahead ? i->components[k].status : i->components[k].current_status;
		tv_set(chip, "name", i->components[k].name);
		tv_set(chip, "state", component_status_word(now));
		tv_set(chip, "state_word", component_status_label(now));
	}
}

static void set_facts(struct desk *d, struct tv *t, const struct incident *i)
{
	bool over = i->resolved_at != 0;

	tv_set(t, "name", i->name);
	tv_printf(t, "public", "/incidents/%s/", i->id);
	tv_set(t, "state", over ? "operational" : "none");
	tv_set(t, "status_word", incident_status_label(i->status));
	tv_set(t, "impact_word", impact_label(i->impact));
	tv_set(t, "impact_state", view_state_of_impact(i->impact));
	desk_set_time(d, t, "started", i->started_at);
	if (over) {
		struct tv *ended = tv_add(t, "ended");
		desk_set_time(d, ended, "at", i->resolved_at);
		tv_set(
		    ended, "duration", announce_duration(d->arena, i->resolved_at - i->started_at));
	}
	desk_add_affected(t, i);
}

/* ------------------------------------------------------------------ the forms */

/* What the two forms that publish an update share.  The draft of each is its own. */
static int set_update_form(struct desk *d, struct tv *f, const struct incident *i,
    const struct form *form, const char *text, const char *draft)
{
	bool reopens = strcmp(draft, "reopen") == 0;

	desk_set_form(d, f, DESK_INCIDENT_UPDATE, i->id);
	tv_set(f, "id", i->id);
	tv_printf(f, "draft", "%s-%s", draft, i->id);
	if (!reopens)
		tv_add(f, "hint");
	tv_set(f, "preview", desk_path(d->arena, DESK_PREVIEW, NULL));
	desk_set_token(d, f, "preview_csrf", DESK_PREVIEW);
	desk_set_flag(f, "redrawn", " data-redrawn", form != NULL);
	desk_set_field(
	    f, form, form == NULL ? NULL : &form->values[DESK_F_BODY], "body", text, !reopens);
	return desk_set_publish(d, f, reopens ? "Open it again" : "Publish",
	    DESK_TELLS(TRIGGER_INCIDENT_UPDATE) | DESK_TELLS(TRIGGER_INCIDENT_RESOLVED) |
		DESK_TELLS_COMPONENTS);
}

/* An open one: what is new, and how components are. */
static int add_open_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	static const enum incident_status steps[] = {
	    INCIDENT_INVESTIGATING, INCIDENT_IDENTIFIED, INCIDENT_MONITORING, INCIDENT_RESOLVED};
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct desk_statuses statuses = {.chosen = v == NULL ? NULL : &v[DESK_F_COMPONENTS],
	    .keep_word = "No change",
	    .offer = DESK_OFFER_INCIDENT};
	struct tv *f = tv_add(t, "update_form");

	desk_add_steps(f, steps, nelem(steps), desk_chosen(form, DESK_F_STATUS, (int)i->status));
	struct tv *fold = tv_add(f, "statuses");
	desk_set_flag(fold, "open", " open", v != NULL && v[DESK_F_COMPONENTS].ok);
	if (desk_set_statuses(d, fold, &statuses) < 0)
		return -1;
	tv_set(f, "anchor", "update");
	tv_set(f, "title", "Post an update");
	tv_set(f, "asks", "Where does it stand?");
	tv_set(f, "label", "What is new?");
	return set_update_form(d, f, i, form, "", "incident");
}

static void add_step(struct tv *f, enum incident_status status, const char *word, bool checked)
{
	struct tv *s = tv_add(f, "step");

	tv_set(s, "value", incident_status_word(status));
	tv_set(s, "word", word);
	desk_set_flag(s, "checked", " checked", checked);
}

/* One that is over: what was learnt from it, and the way back. */
static int add_over_forms(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	static const enum incident_status steps[] = {
	    INCIDENT_INVESTIGATING, INCIDENT_IDENTIFIED, INCIDENT_MONITORING};
	int chosen = desk_chosen(form, DESK_F_STATUS, INCIDENT_RESOLVED);
	bool reopens = !incident_status_is_over((enum incident_status)chosen);
	const struct form *note = reopens ? NULL : form, *again = reopens ? form : NULL;
	struct tv *f = tv_add(t, "update_form");

	tv_set(f, "anchor", "postmortem");
	tv_set(f, "title", "Write a postmortem");
	tv_set(f, "asks", "What is it?");
	tv_set(f, "label", "What happened, and what follows from it?");
	add_step(
	    f, INCIDENT_POSTMORTEM, "A postmortem", note == NULL || chosen == INCIDENT_POSTMORTEM);
	add_step(f, INCIDENT_RESOLVED, "A note", note != NULL && chosen == INCIDENT_RESOLVED);
	if (set_update_form(d, f, i, note, "", "incident") < 0)
		return -1;
	f = tv_add(t, "update_form");
	tv_set(f, "anchor", "reopen");
	tv_set(f, "title", "It is not over: open it again");
	tv_set(f, "asks", "Where does it stand?");
	tv_set(f, "label", "What is new?");
	desk_add_steps(f, steps, nelem(steps), reopens ? chosen : INCIDENT_INVESTIGATING);
	return set_update_form(d, f, i, again, REOPENED_TEXT, "reopen");
}

static int add_resolve_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	struct tv *f = tv_add(t, "resolve_form");

	desk_set_form(d, f, DESK_INCIDENT_RESOLVE, i->id);
	desk_set_field(f, form, form == NULL ? NULL : &form->values[DESK_F_BODY], "body",
	    RESOLVED_TEXT, false);
	return desk_set_publish(
	    d, f, "Resolve", DESK_TELLS(TRIGGER_INCIDENT_RESOLVED) | DESK_TELLS_COMPONENTS);
}

static void add_edit_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	struct tv *f = tv_add(t, "edit_form");

	desk_set_form(d, f, DESK_INCIDENT_EDIT, i->id);
	desk_set_flag(f, "open", " open", form != NULL);
	desk_set_field(
	    f, form, form == NULL ? NULL : &form->values[DESK_F_NAME], "name", i->name, false);
	desk_add_impacts(
	    f, desk_chosen(form, DESK_F_OVERRIDE, form == NULL ? i->impact_override : -1));
	tv_set(f, "delete", desk_path(d->arena, DESK_INCIDENT_DELETE_FORM, i->id));
}

static int add_forms(
    struct desk *d, struct tv *t, const struct incident *i, const struct attempt *a)
{
	if (!desk_may(d, DESK_INCIDENT_UPDATE))
		return 1;
	add_edit_form(d, t, i, form_of(a, DESK_INCIDENT_EDIT));
	const struct form *update = form_of(a, DESK_INCIDENT_UPDATE);
	if (i->resolved_at != 0)
		return add_over_forms(d, t, i, update);
	if (add_resolve_form(d, t, i, form_of(a, DESK_INCIDENT_RESOLVE)) < 0)
		return -1;
	return add_open_form(d, t, i, update);
}

/* ------------------------------------------------------------------ the page */

bool desk_find_incident(struct desk *d, bool maintenance, struct incident *i)
{
	int rc = incident_get(d->db, d->arena, d->id, i);

	if (rc < 0) {
		desk_broken(d);
		return false;
	}
	if (rc == 1 && incident_is_maintenance(i) == maintenance)
		return true;
	if (rc == 1 && d->web->method != WEB_POST)
		web_redirect(d->web, 303, desk_place_of(d, i, web_query(d->web, "done")));
	else
		desk_not_found(d, maintenance
				      ? "There is no such maintenance. It may have been deleted."
				      : "There is no such incident. It may have been deleted.");
	return false;
}

static void draw(struct desk *d, int status, struct attempt *a)
{
	struct tv *t = tv_new(d->arena);
	struct incident_update *updates;
	struct incident i;
	size_t n;

	if (!desk_find_incident(d, false, &i))
		return;
	if (a != NULL)
		desk_say_errors(d, a->form);
	/* what is over has no form to resolve it: the text goes on in the other one */
	if (a != NULL && a->route == DESK_INCIDENT_RESOLVE && i.resolved_at != 0)
		a->route = DESK_INCIDENT_UPDATE;
	set_facts(d, t, &i);
	if (incident_updates(d->db, d->arena, i.id, &updates, &n) < 0 ||
	    add_forms(d, t, &i, a) < 0 ||
	    desk_set_ledger(d, t, &i, n == 0 ? NULL : &updates[0]) < 0) {
		desk_broken(d);
		return;
	}
	desk_add_updates(d, t, &i, updates, n);
	desk_draw(d, status, DESK_NAV_INCIDENTS, i.name, DESK_INCIDENT_PAGE, t);
}

static void redraw(struct desk *d, int status, const struct form *form)
{
	struct attempt a = {d->route, form};

	draw(d, status, &a);
}

void desk_show_incident(struct desk *d)
{
	draw(d, 200, NULL);
}

/* ------------------------------------------------------------------ what the forms do */

void desk_post_incident(
    struct desk *d, struct form *form, const struct incident_posting *p, const char *done)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct incident i;

	if (form->error_count > 0) {
		d->redraw(d, 422, form);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = incident_post(d->db, d->arena, d->id, p, &f);
	if (rc == 1)
		rc = incident_get(d->db, d->arena, d->id, &i);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_place_of(d, &i, done));
	} else {
		desk_refuse(d, rc, &f);
	}
}

bool desk_posting_is_empty(const struct incident *i, const struct incident_posting *p)
{
	if (p->body != NULL || p->n_components > 0)
		return false;
	return p->status < 0 || p->status == (int)i->status;
}

/* What is said afterwards. */
static const char *done_word(const struct incident *i, const struct incident_posting *p)
{
	bool over = i->resolved_at != 0;

	if (p->status < 0 || p->status == (int)i->status)
		return "updated";
	if (p->status == INCIDENT_POSTMORTEM)
		return "postmortem";
	if (p->status == INCIDENT_RESOLVED)
		return over ? "updated" : "resolved";
	return over ? "reopened" : "updated";
}

void desk_update_incident(struct desk *d)
{
	struct incident_posting p;
	struct incident i;
	struct form form;

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, redraw, &form) ||
	    !desk_find_incident(d, false, &i))
		return;
	desk_take_posting(d, &form, &p);
	if (form.error_count == 0 && desk_posting_is_empty(&i, &p))
		form_add_error(d->arena, &form, "body",
		    "Say what is new: this is what the page and the notification tell.");
	desk_post_incident(d, &form, &p, done_word(&i, &p));
}

void desk_resolve_incident(struct desk *d)
{
	struct incident_posting p;
	struct form form;

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, redraw, &form))
		return;
	desk_take_posting(d, &form, &p);
	p.status = INCIDENT_RESOLVED;
	if (p.body == NULL)
		p.body = RESOLVED_TEXT;
	desk_post_incident(d, &form, &p, "resolved");
}

void desk_edit_incident(struct desk *d)
{
	struct incident_posting p;
	struct form form;

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, redraw, &form))
		return;
	desk_take_posting(d, &form, &p);
	if (p.name == NULL)
		form_add_error(d->arena, &form, "name", "Give the incident a title.");
	/* a silent edit: whatever else came is not part of it */
	p.status = -1;
	p.body = NULL;
	p.n_components = 0;
	p.set_override = true;
	p.deliver_notifications = false;
	desk_post_incident(d, &form, &p, "edited");
}

/* ------------------------------------------------------------------ the end of it */

/* True for the routes of a maintenance. */
static bool of_maintenance(const struct desk *d)
{
	return d->route == DESK_MAINTENANCE_DELETE_FORM || d->route == DESK_MAINTENANCE_DELETE;
}

static void say_lost(struct tv *t, const char *sentence)
{
	tv_set(tv_add(t, "lost"), "text", sentence);
}

void desk_ask_delete_incident(struct desk *d)
{
	bool planned = of_maintenance(d);
	struct tv *t = tv_new(d->arena);
	struct incident i;

	if (!desk_find_incident(d, planned, &i))
		return;
	desk_set_form(d, t, planned ? DESK_MAINTENANCE_DELETE : DESK_INCIDENT_DELETE, i.id);
	tv_printf(t, "title", "Delete “%s”?", i.name);
	say_lost(t,
	    planned ? "Lost for good: the maintenance, its updates and its page. Links that people "
		      "have to it will lead nowhere, and calendars forget it without a word."
		    : "Lost for good: the incident, its updates and its page. Links that people "
		      "have to it will lead nowhere.");
	if (i.resolved_at == 0 && !planned)
		say_lost(t,
		    "Its components return to operational, or to what another open incident says. "
		    "Notifications that are still being sent stop.");
	say_lost(t,
	    planned ? "Nobody is told. To call it off so that people hear of it, cancel it instead."
		    : "Nobody is told. To end an incident so that people hear of it, resolve it "
		      "instead.");
	tv_set(t, "word", planned ? "Delete this maintenance" : "Delete this incident");
	tv_set(t, "back", desk_place_of(d, &i, NULL));
	tv_set(t, "back_word", "Keep it");
	desk_draw(d, 200, planned ? DESK_NAV_MAINTENANCE : DESK_NAV_INCIDENTS,
	    planned ? "Delete maintenance" : "Delete incident", DESK_DELETE_PAGE, t);
}

void desk_delete_incident(struct desk *d)
{
	static const struct form_field fields[] = {DESK_CSRF_FIELD};
	bool planned = of_maintenance(d);
	struct fault f = {
	    FAULT_ABSENT, NULL, "There is nothing of this kind. It may be gone already."};
	struct form form;

	if (!desk_read_form(d, fields, nelem(fields), NULL, &form) || !desk_begin(d))
		return;
	int rc = incident_delete(d->db, d->arena, d->id, d->user.name);
	if (rc != 1) {
		desk_refuse(d, rc, &f);
		return;
	}
	d->app->content_changed = true;
	desk_done(d, desk_path_done(d, planned ? DESK_MAINTENANCES : DESK_OVERVIEW, NULL,
			 planned ? "maintenance_deleted" : "incident_deleted"));
}
