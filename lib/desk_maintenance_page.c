/* desk_maintenance_page.c - one maintenance: its state and window, the forms to go on with it, its
 * timeline. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "maintenance.h"

/* The usual sentences, ready to be sent by one tap. */
#define STARTED_TEXT   "The maintenance has begun."
#define COMPLETED_TEXT "The maintenance is completed."
#define CANCELLED_TEXT "This maintenance is cancelled."

/* What was sent and could not be done, so that it can be drawn again. */
struct attempt {
	enum desk_route route;
	const struct form *form;
};

static const struct form *form_of(const struct attempt *a, enum desk_route route)
{
	return a != NULL && a->route == route ? a->form : NULL;
}

/* ------------------------------------------------------------------ what there is to see */

static const char *by_itself(const struct incident *i)
{
	if (i->auto_start && i->auto_end)
		return "It begins and ends by itself.";
	if (i->auto_start)
		return "It begins by itself and ends when somebody completes it.";
	if (i->auto_end)
		return "It begins when somebody starts it, and ends by itself.";
	return "It begins and ends when somebody says so.";
}

/* "24 hours and 1 hour before": of a maintenance that is still to come. */
static int set_reminders(struct desk *d, struct tv *t, const struct incident *i)
{
	int64_t *minutes;
	size_t n;

	if (i->status != INCIDENT_SCHEDULED)
		return 1;
	if (maintenance_reminders(d->db, d->arena, i->id, &minutes, &n) < 0)
		return -1;
	char *text = arena_strdup(d->arena, "");
	for (size_t k = 0; k < n; k++)
		text = arena_printf(d->arena, "%s%s%s", text,
		    k == 0	 ? ""
		    : k + 1 == n ? " and "
				 : ", ",
		    desk_minutes_text(d->arena, minutes[k]));
	tv_set(tv_add(t, "reminders"), "text",
	    n == 0 ? "None" : arena_printf(d->arena, "%s before it begins", text));
	return 1;
}

static int set_facts(struct desk *d, struct tv *t, const struct incident *i)
{
	int64_t now = clock_now_ms();
	bool late = maintenance_is_running(i) && i->scheduled_until < now;

	tv_set(t, "name", i->name);
	tv_printf(t, "public", "/maintenance/%s/", i->id);
	tv_set(t, "state",
	    maintenance_is_running(i)	      ? "under_maintenance"
	    : i->status == INCIDENT_COMPLETED ? "operational"
					      : "none");
	tv_set(t, "status_word", incident_status_label(i->status));
	tv_set(t, "window", desk_window_text(d, i->scheduled_for, i->scheduled_until));
	if (late)
		tv_set(tv_add(t, "late"), "text",
		    arena_printf(d->arena, "%s longer than planned",
			announce_duration(d->arena, now - i->scheduled_until)));
	if (i->begun_at != 0)
		desk_set_time(d, tv_add(t, "begun"), "at", i->begun_at);
	if (i->resolved_at != 0) {
		struct tv *ended = tv_add(t, "ended");
		tv_set(ended, "word", i->status == INCIDENT_CANCELLED ? "Called off" : "Ended");
		desk_set_time(d, ended, "at", i->resolved_at);
	} else {
		tv_set(tv_add(t, "plan"), "text", by_itself(i));
	}
	desk_add_affected(t, i);
	return set_reminders(d, t, i);
}

/* ------------------------------------------------------------------ the forms */

/* One tap: a step with its usual sentence. */
struct act {
	enum desk_route route;
	const char *title, *verb, *text;
	enum trigger trigger;
};

static const struct act start = {
    DESK_MAINTENANCE_START, "Start now", "Start now", STARTED_TEXT, TRIGGER_MAINTENANCE_STARTING};
static const struct act complete = {DESK_MAINTENANCE_COMPLETE, "Complete now", "Complete now",
    COMPLETED_TEXT, TRIGGER_MAINTENANCE_COMPLETED};
static const struct act cancel = {DESK_MAINTENANCE_CANCEL, "Cancel this maintenance",
    "Cancel the maintenance", CANCELLED_TEXT, TRIGGER_MAINTENANCE_CANCELLED};

static int add_act(struct desk *d, struct tv *t, const char *block, const struct incident *i,
    const struct act *act, const struct attempt *a)
{
	const struct form *form = form_of(a, act->route);
	struct tv *f = tv_add(t, block);

	desk_set_form(d, f, act->route, i->id);
	tv_set(f, "title", act->title);
	desk_set_flag(f, "open", " open", form != NULL);
	desk_set_field(
	    f, form, form == NULL ? NULL : &form->values[DESK_F_BODY], "body", act->text, false);
	return desk_set_publish(d, f, act->verb, DESK_TELLS(act->trigger) | DESK_TELLS_COMPONENTS);
}

static int add_update_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	static const enum incident_status before[] = {INCIDENT_SCHEDULED, INCIDENT_IN_PROGRESS};
	static const enum incident_status running[] = {
	    INCIDENT_IN_PROGRESS, INCIDENT_VERIFYING, INCIDENT_COMPLETED};
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct desk_statuses statuses = {.chosen = v == NULL ? NULL : &v[DESK_F_COMPONENTS],
	    .keep_word = "No change",
	    .offer = DESK_OFFER_ALL};
	struct tv *f = tv_add(t, "update_form");
	int chosen = desk_chosen(form, DESK_F_STATUS, (int)i->status);

	desk_set_form(d, f, DESK_MAINTENANCE_UPDATE, i->id);
	tv_set(f, "id", i->id);
	tv_set(f, "preview", desk_path(d->arena, DESK_PREVIEW, NULL));
	desk_set_token(d, f, "preview_csrf", DESK_PREVIEW);
	desk_set_flag(f, "redrawn", " data-redrawn", form != NULL);
	desk_set_field(f, form, v == NULL ? NULL : &v[DESK_F_BODY], "body", "", true);
	if (maintenance_is_running(i))
		desk_add_steps(tv_add(f, "steps"), running, nelem(running), chosen);
	else if (i->status == INCIDENT_SCHEDULED)
		desk_add_steps(tv_add(f, "steps"), before, nelem(before), chosen);
	if (maintenance_is_running(i)) {
		struct tv *fold = tv_add(f, "statuses");
		desk_set_flag(fold, "open", " open", v != NULL && v[DESK_F_COMPONENTS].ok);
		if (desk_set_statuses(d, fold, &statuses) < 0)
			return -1;
	}
	return desk_set_publish(d, f, "Publish",
	    DESK_TELLS(TRIGGER_INCIDENT_UPDATE) | DESK_TELLS(TRIGGER_MAINTENANCE_STARTING) |
		DESK_TELLS(TRIGGER_MAINTENANCE_COMPLETED) | DESK_TELLS_COMPONENTS);
}

static int add_extend_form(struct desk *d, struct tv *t, const struct incident *i)
{
	static const char *const words[DESK_EXTENSION__MAX] = {"30 minutes", "1 hour", "2 hours"};
	struct tv *f = tv_add(t, "extend_form");

	desk_set_form(d, f, DESK_MAINTENANCE_MOVE, i->id);
	desk_set_time(d, f, "until", i->scheduled_until);
	for (size_t k = 0; k < DESK_EXTENSION__MAX; k++) {
		struct tv *b = tv_add(f, "extension");
		tv_set(b, "value", desk_extension_words[k]);
		tv_set(b, "word", words[k]);
	}
	return desk_set_tell(d, f, DESK_TELLS(TRIGGER_MAINTENANCE_RESCHEDULED));
}

static int add_move_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	struct tv *f = tv_add(t, "move_form");

	desk_set_form(d, f, DESK_MAINTENANCE_MOVE, i->id);
	desk_set_flag(f, "open", " open", form != NULL);
	desk_set_field(
	    f, form, form == NULL ? NULL : &form->values[DESK_F_BODY], "body", "", false);
	if (desk_set_window(d, f, form, i) < 0)
		return -1;
	return desk_set_publish(d, f, "Move it", DESK_TELLS(TRIGGER_MAINTENANCE_RESCHEDULED));
}

static int add_edit_form(
    struct desk *d, struct tv *t, const struct incident *i, const struct form *form)
{
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct desk_statuses statuses = {.chosen = v == NULL ? NULL : &v[DESK_F_COMPONENTS],
	    .keep_word = "Not affected",
	    .offer = DESK_OFFER_PLAN,
	    .planned = i};
	struct tv *f = tv_add(t, "edit_form");

	desk_set_form(d, f, DESK_MAINTENANCE_EDIT, i->id);
	desk_set_flag(f, "open", " open", form != NULL);
	desk_set_field(f, form, v == NULL ? NULL : &v[DESK_F_NAME], "name", i->name, false);
	tv_set(
	    tv_add(t, "delete"), "url", desk_path(d->arena, DESK_MAINTENANCE_DELETE_FORM, i->id));
	if (i->resolved_at != 0)
		return 1;
	struct tv *plan = tv_add(f, "plan");
	if (desk_set_planning(d, plan, form, i) < 0)
		return -1;
	/* what is at work is changed by an update */
	if (i->status != INCIDENT_SCHEDULED)
		return 1;
	return desk_set_statuses(d, tv_add(plan, "statuses"), &statuses);
}

static int add_forms(
    struct desk *d, struct tv *t, const struct incident *i, const struct attempt *a)
{
	if (!desk_may(d, DESK_MAINTENANCE_UPDATE))
		return 1;
	if (add_edit_form(d, t, i, form_of(a, DESK_MAINTENANCE_EDIT)) < 0 ||
	    add_update_form(d, t, i, form_of(a, DESK_MAINTENANCE_UPDATE)) < 0)
		return -1;
	if (i->resolved_at != 0)
		return 1;
	if (add_act(d, t, "act", i, maintenance_is_running(i) ? &complete : &start, a) < 0 ||
	    (maintenance_is_running(i) && add_extend_form(d, t, i) < 0))
		return -1;
	if (add_move_form(d, t, i, form_of(a, DESK_MAINTENANCE_MOVE)) < 0)
		return -1;
	return add_act(d, t, "cancel_form", i, &cancel, a);
}

/* ------------------------------------------------------------------ the page */

/* False for a form that is there no more: what was written in it goes on as an update. */
static bool has_form(const struct incident *i, enum desk_route route)
{
	switch (route) {
	case DESK_MAINTENANCE_START:
		return i->status == INCIDENT_SCHEDULED;
	case DESK_MAINTENANCE_COMPLETE:
		return maintenance_is_running(i);
	case DESK_MAINTENANCE_CANCEL:
	case DESK_MAINTENANCE_MOVE:
		return i->resolved_at == 0;
	default:
		return true;
	}
}

static void draw(struct desk *d, int status, struct attempt *a)
{
	struct tv *t = tv_new(d->arena);
	struct incident_update *updates;
	struct incident i;
	size_t n;

	if (!desk_find_incident(d, true, &i))
		return;
	if (a != NULL)
		desk_say_errors(d, a->form);
	if (a != NULL && !has_form(&i, a->route))
		a->route = DESK_MAINTENANCE_UPDATE;
	if (set_facts(d, t, &i) < 0 || incident_updates(d->db, d->arena, i.id, &updates, &n) < 0 ||
	    add_forms(d, t, &i, a) < 0 ||
	    desk_set_ledger(d, t, &i, n == 0 ? NULL : &updates[0]) < 0) {
		desk_broken(d);
		return;
	}
	desk_add_updates(d, t, &i, updates, n);
	desk_draw(d, status, DESK_NAV_MAINTENANCE, i.name, DESK_MAINTENANCE_PAGE, t);
}

static void redraw(struct desk *d, int status, const struct form *form)
{
	struct attempt a = {d->route, form};

	draw(d, status, &a);
}

void desk_show_maintenance(struct desk *d)
{
	draw(d, 200, NULL);
}

/* ------------------------------------------------------------------ what the forms do */

/* Reads the form and finds the maintenance.  False: answered. */
static bool read_form(
    struct desk *d, struct form *form, struct incident *i, struct incident_posting *p)
{
	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, redraw, form) ||
	    !desk_find_incident(d, true, i))
		return false;
	desk_take_posting(d, form, p);
	p->set_override = false;
	return true;
}

void desk_update_maintenance(struct desk *d)
{
	struct incident_posting p;
	struct incident i;
	struct form form;

	if (!read_form(d, &form, &i, &p))
		return;
	if (form.error_count == 0 && desk_posting_is_empty(&i, &p))
		form_add_error(d->arena, &form, "body",
		    "Say what is new: this is what the page and the notification tell.");
	desk_post_incident(d, &form, &p, "updated");
}

static void take_step(
    struct desk *d, enum incident_status status, const char *text, const char *done)
{
	struct incident_posting p;
	struct incident i;
	struct form form;

	if (!read_form(d, &form, &i, &p))
		return;
	p.status = (int)status;
	if (p.body == NULL)
		p.body = text;
	desk_post_incident(d, &form, &p, done);
}

void desk_start_maintenance(struct desk *d)
{
	take_step(d, INCIDENT_IN_PROGRESS, STARTED_TEXT, "started");
}

void desk_complete_maintenance(struct desk *d)
{
	take_step(d, INCIDENT_COMPLETED, COMPLETED_TEXT, "completed");
}

void desk_cancel_maintenance(struct desk *d)
{
	take_step(d, INCIDENT_CANCELLED, CANCELLED_TEXT, "cancelled");
}

void desk_move_maintenance(struct desk *d)
{
	struct incident_posting p;
	struct incident i;
	struct form form;

	if (!read_form(d, &form, &i, &p))
		return;
	const struct form_value *extend = &form.values[DESK_F_EXTEND];
	p.status = -1;
	if (extend->ok) {
		/* from now on where the planned end has passed */
		int64_t now = clock_now_ms();
		int64_t from = i.scheduled_until > now ? i.scheduled_until : now;
		p.scheduled_until =
		    from + strtoll(desk_extension_words[extend->number], NULL, 10) * CLOCK_MINUTE;
	} else {
		desk_take_window(d, &form, &i, &p);
		if (form.error_count == 0 && p.scheduled_for == 0 && p.scheduled_until == 0)
			form_add_error(d->arena, &form, "scheduled_until",
			    "These are the times that it has already.");
	}
	desk_post_incident(d, &form, &p, "rescheduled");
}

void desk_edit_maintenance(struct desk *d)
{
	struct incident_posting p;
	struct incident i;
	struct form form;

	if (!read_form(d, &form, &i, &p))
		return;
	if (p.name == NULL)
		form_add_error(d->arena, &form, "name", "Give the maintenance a title.");
	/* a silent edit: whatever else came is not part of it */
	p.status = -1;
	p.body = NULL;
	p.deliver_notifications = false;
	p.only_these = i.status == INCIDENT_SCHEDULED && form.values[DESK_F_COMPONENTS].ok;
	if (!p.only_these)
		p.n_components = 0;
	if (i.resolved_at == 0 && desk_take_planning(d, &form, &i, &p) < 0) {
		desk_broken(d);
		return;
	}
	desk_post_incident(d, &form, &p, "edited");
}
