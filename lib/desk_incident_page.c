/* desk_incident_page.c - one incident: its state, the forms to go on with it, its timeline. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "buf.h"
#include "html.h"
#include "view_parts.h"

/* The usual sentence, ready to be sent by one tap. */
#define RESOLVED_TEXT "This incident has been resolved."

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

static void set_facts(struct desk *d, struct tv *t, const struct incident *i)
{
	bool over = i->resolved_at != 0;

	tv_set(t, "name", i->name);
	tv_printf(t, "public", "/incidents/%s/", i->id);
	tv_set(t, "state", over ? "operational" : "none");
	tv_set(t, "status_word", incident_status_label(i->status));
	tv_set(t, "impact_word", impact_label(i->impact));
	tv_set(t, "impact_state", view_state_of_impact(i->impact));
	desk_set_time(t, d->arena, "started", i->started_at);
	if (over) {
		struct tv *ended = tv_add(t, "ended");
		desk_set_time(ended, d->arena, "at", i->resolved_at);
		tv_set(
		    ended, "duration", announce_duration(d->arena, i->resolved_at - i->started_at));
	}
	struct tv *affected = i->n_components == 0 ? NULL : tv_add(t, "affected");
	for (size_t k = 0; k < i->n_components; k++) {
		struct tv *chip = tv_add(affected, "chip");
		enum component_status now = i->components[k].current_status;
		tv_set(chip, "name", i->components[k].name);
		tv_set(chip, "state", component_status_word(now));
		tv_set(chip, "state_word", component_status_label(now));
	}
}

static void add_updates(
    struct desk *d, struct tv *t, const struct incident_update *updates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct incident_update *u = &updates[i];
		struct tv *x = tv_add(t, "update");
		tv_set(x, "status", incident_status_word(u->status));
		tv_set(x, "status_word", incident_status_label(u->status));
		desk_set_time(x, d->arena, "at", u->display_at);
		desk_set_markdown(x, "body", u->body);
		if (!u->deliver_notifications)
			tv_add(x, "quiet");
		struct tv *changes = u->n_components == 0 ? NULL : tv_add(x, "changes");
		for (size_t k = 0; k < u->n_components; k++) {
			struct tv *c = tv_add(changes, "change");
			enum component_status now = u->components[k].new_status;
			tv_set(c, "name", u->components[k].name);
			tv_set(c, "state", component_status_word(now));
			tv_set(c, "state_word", component_status_label(now));
		}
	}
}

/* ------------------------------------------------------------------ the forms */

static int add_update_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	static const enum incident_status open[] = {
	    INCIDENT_INVESTIGATING, INCIDENT_IDENTIFIED, INCIDENT_MONITORING, INCIDENT_RESOLVED};
	static const enum incident_status over[] = {INCIDENT_RESOLVED, INCIDENT_POSTMORTEM,
	    INCIDENT_INVESTIGATING, INCIDENT_IDENTIFIED, INCIDENT_MONITORING};
	const struct form_value *v = form == NULL ? NULL : form->values;
	bool ended = i->resolved_at != 0;
	struct tv *f = tv_add(t, "update_form");
	int chosen = desk_chosen(form, DESK_F_STATUS, (int)i->status);

	desk_set_form(d, f, DESK_INCIDENT_UPDATE, i->id);
	tv_set(f, "title", ended ? "Add to it, or open it again" : "Post an update");
	tv_set(f, "id", i->id);
	tv_set(f, "preview", desk_path(d->arena, DESK_PREVIEW, NULL));
	desk_set_token(d, f, "preview_csrf", DESK_PREVIEW);
	desk_set_flag(f, "redrawn", " data-redrawn", form != NULL);
	desk_set_field(f, form, v == NULL ? NULL : &v[DESK_F_BODY], "body", "", true);
	if (ended)
		desk_add_steps(f, over, nelem(over), chosen);
	else
		desk_add_steps(f, open, nelem(open), chosen);
	desk_set_flag(f, "open", " open", v != NULL && v[DESK_F_COMPONENTS].ok);
	if (desk_set_statuses(d, f, v == NULL ? NULL : &v[DESK_F_COMPONENTS], "No change") < 0)
		return -1;
	return desk_set_publish(d, f, "Publish", TRIGGER_INCIDENT_UPDATE);
}

static int add_resolve_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	struct tv *f = tv_add(t, "resolve_form");

	desk_set_form(d, f, DESK_INCIDENT_RESOLVE, i->id);
	desk_set_field(f, form, form == NULL ? NULL : &form->values[DESK_F_BODY], "body",
	    RESOLVED_TEXT, false);
	return desk_set_publish(d, f, "Resolve", TRIGGER_INCIDENT_RESOLVED);
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
	if (i->resolved_at == 0 && add_resolve_form(d, t, i, form_of(a, DESK_INCIDENT_RESOLVE)) < 0)
		return -1;
	return add_update_form(d, t, i, form_of(a, DESK_INCIDENT_UPDATE));
}

/* ------------------------------------------------------------------ the page */

/* False: answered. */
static bool find(struct desk *d, struct incident *i)
{
	int rc = incident_get(d->db, d->arena, d->id, i);

	if (rc == 0)
		desk_not_found(d, "There is no such incident. It may have been deleted.");
	else if (rc < 0)
		desk_broken(d);
	return rc == 1;
}

static void draw(struct desk *d, int status, struct attempt *a)
{
	struct tv *t = tv_new(d->arena);
	struct incident_update *updates;
	struct incident i;
	size_t n;

	if (!find(d, &i))
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
	add_updates(d, t, updates, n);
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

static void post(
    struct desk *d, struct form *form, const struct incident_posting *p, const char *done)
{
	struct fault f = {FAULT_NONE, NULL, NULL};

	if (form->error_count > 0) {
		redraw(d, 422, form);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = incident_post(d->db, d->arena, d->id, p, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_path_done(d, DESK_INCIDENT, d->id, done));
	} else {
		desk_refuse(d, rc, &f);
	}
}

/* An update says something, or takes a step, or changes a component. */
static bool is_empty(struct desk *d, const struct incident_posting *p)
{
	struct incident i;

	if (p->body != NULL || p->n_components > 0)
		return false;
	return incident_get(d->db, d->arena, d->id, &i) != 1 || p->status < 0 ||
	       p->status == (int)i.status;
}

void desk_update_incident(struct desk *d)
{
	struct incident_posting p;
	struct form form;

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, redraw, &form))
		return;
	desk_take_posting(d, &form, &p);
	if (form.error_count == 0 && is_empty(d, &p))
		form_add_error(d->arena, &form, "body",
		    "Say what is new: this is what the page and the notification tell.");
	post(d, &form, &p, p.status == INCIDENT_RESOLVED ? "resolved" : "updated");
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
	post(d, &form, &p, "resolved");
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
	post(d, &form, &p, "edited");
}

/* ------------------------------------------------------------------ the end of it */

void desk_ask_delete_incident(struct desk *d)
{
	struct tv *t = tv_new(d->arena);
	struct incident i;

	if (!find(d, &i))
		return;
	desk_set_form(d, t, DESK_INCIDENT_DELETE, i.id);
	tv_printf(t, "title", "Delete “%s”?", i.name);
	tv_set(tv_add(t, "lost"), "text",
	    "Lost for good: the incident, its updates and its page. Links that people have to it "
	    "will lead nowhere.");
	if (i.resolved_at == 0)
		tv_set(tv_add(t, "lost"), "text",
		    "Its components return to operational, or to what another open incident says. "
		    "Notifications that are still being sent stop.");
	tv_set(tv_add(t, "lost"), "text",
	    "Nobody is told. To end an incident so that people hear of it, resolve it instead.");
	tv_set(t, "word", "Delete this incident");
	tv_set(t, "back", desk_path(d->arena, DESK_INCIDENT, i.id));
	tv_set(t, "back_word", "Keep it");
	desk_draw(d, 200, DESK_NAV_INCIDENTS, "Delete incident", DESK_DELETE_PAGE, t);
}

void desk_delete_incident(struct desk *d)
{
	static const struct form_field fields[] = {DESK_CSRF_FIELD};
	struct fault f = {FAULT_ABSENT, NULL, "There is no such incident. It may be gone already."};
	struct form form;

	if (!desk_read_form(d, fields, nelem(fields), NULL, &form) || !desk_begin(d))
		return;
	int rc = incident_delete(d->db, d->arena, d->id, d->user.name);
	if (rc != 1) {
		desk_refuse(d, rc, &f);
		return;
	}
	d->app->content_changed = true;
	desk_done(d, desk_path_done(d, DESK_OVERVIEW, NULL, "incident_deleted"));
}
