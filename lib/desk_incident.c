/* desk_incident.c - opening an incident: the form on one screen, and what it sends. */
#include "base.h"
#include "desk_incident.h"

#include "vocabulary.h"

const struct form_field desk_incident_fields[DESK_F__MAX] = {
    [DESK_F_CSRF] = DESK_CSRF_FIELD,
    [DESK_F_POST_ID] = DESK_POST_ID_FIELD,
    [DESK_F_NAME] = {"name", "The title", FORM_TEXT, .max = INCIDENT_NAME_MAX},
    [DESK_F_STATUS] = {"status", "The step", FORM_CHOICE, .choices = incident_status_words,
	.choices_count = INCIDENT_STATUS__MAX},
    [DESK_F_BODY] = {"body", "The message", FORM_LINES, .max = INCIDENT_BODY_MAX},
    [DESK_F_OVERRIDE] = {"impact_override", "The impact", FORM_CHOICE, .choices = impact_words,
	.choices_count = IMPACT_CRITICAL + 1},
    [DESK_F_COMPONENTS] = {"components", "The list of components", FORM_MAP, .max = 400,
	.choices = desk_status_words, .choices_count = nelem(desk_status_words)},
    [DESK_F_DELIVER] = {"deliver_notifications", "The choice to notify", FORM_BOOL,
	.required = false},
    [DESK_F_INCIDENT] = {"incident", "The incident", FORM_ID, .required = false},
    [DESK_F_FOR] = {"scheduled_for", "The start", FORM_TEXT, .max = 40},
    [DESK_F_UNTIL] = {"scheduled_until", "The end", FORM_TEXT, .max = 40},
    [DESK_F_FOR_WAS] = {"scheduled_for_was", "The start", FORM_TEXT, .max = 40},
    [DESK_F_UNTIL_WAS] = {"scheduled_until_was", "The end", FORM_TEXT, .max = 40},
    [DESK_F_AUTO_START] = {"scheduled_auto_in_progress", "The choice to begin", FORM_BOOL,
	.required = false},
    [DESK_F_AUTO_END] = {"scheduled_auto_completed", "The choice to end", FORM_BOOL,
	.required = false},
    [DESK_F_REMINDERS] = {"reminders", "The list of reminders", FORM_LIST,
	.max = DESK_REMINDER__MAX, .choices = desk_reminder_words,
	.choices_count = DESK_REMINDER__MAX},
    [DESK_F_EXTEND] = {"extend", "The extension", FORM_CHOICE, .choices = desk_extension_words,
	.choices_count = DESK_EXTENSION__MAX},
};

/* ------------------------------------------------------------------ what was sent */

static void take_components(
    struct desk *d, const struct form_value *map, struct incident_posting *p)
{
	struct incident_set *set = arena_array(d->arena, map->ok ? map->count : 0, sizeof *set);

	for (size_t i = 0; map->ok && i < map->count; i++)
		if (map->members[i].choice != DESK_KEEP)
			set[p->n_components++] =
			    (struct incident_set){map->members[i].key, (int)map->members[i].choice};
	p->components = set;
}

void desk_take_posting(struct desk *d, const struct form *form, struct incident_posting *p)
{
	const struct form_value *v = form->values;

	*p = (struct incident_posting){
	    .name = v[DESK_F_NAME].ok && v[DESK_F_NAME].len > 0 ? v[DESK_F_NAME].text : NULL,
	    .status = v[DESK_F_STATUS].ok ? (int)v[DESK_F_STATUS].number : -1,
	    .body = v[DESK_F_BODY].ok && v[DESK_F_BODY].len > 0 ? v[DESK_F_BODY].text : NULL,
	    .set_override = v[DESK_F_OVERRIDE].ok,
	    .impact_override = v[DESK_F_OVERRIDE].ok ? (int)v[DESK_F_OVERRIDE].number : -1,
	    .auto_start = -1,
	    .auto_end = -1,
	    .deliver_notifications = !v[DESK_F_DELIVER].ok || v[DESK_F_DELIVER].truth,
	    .actor = d->user.name,
	};
	take_components(d, &v[DESK_F_COMPONENTS], p);
}

/* ------------------------------------------------------------------ parts of the forms */

void desk_add_steps(struct tv *t, const enum incident_status *steps, size_t n, int chosen)
{
	for (size_t i = 0; i < n; i++) {
		struct tv *s = tv_add(t, "step");
		tv_set(s, "value", incident_status_word(steps[i]));
		tv_set(s, "word", incident_status_label(steps[i]));
		desk_set_flag(s, "checked", " checked", (int)steps[i] == chosen);
	}
}

void desk_add_impacts(struct tv *t, int chosen)
{
	static const char *const words[] = {"No impact", "Minor", "Major", "Critical"};

	for (int i = 0; i <= IMPACT_CRITICAL; i++) {
		struct tv *o = tv_add(t, "impact");
		tv_set(o, "value", impact_word((enum impact)i));
		tv_set(o, "word", words[i]);
		desk_set_flag(o, "selected", " selected", i == chosen);
	}
}

int desk_chosen(const struct form *form, int field, int otherwise)
{
	if (form == NULL || !form->values[field].ok)
		return otherwise;
	return (int)form->values[field].number;
}

/* ------------------------------------------------------------------ the form */

/* form NULL: nothing is written yet. */
static void draw(struct desk *d, int status, const struct form *form)
{
	static const enum incident_status steps[] = {
	    INCIDENT_INVESTIGATING, INCIDENT_IDENTIFIED, INCIDENT_MONITORING, INCIDENT_RESOLVED};
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct tv *t = tv_new(d->arena);

	desk_say_errors(d, form);
	desk_set_form(d, t, DESK_INCIDENT_ADD, NULL);
	desk_set_field(t, form, v == NULL ? NULL : &v[DESK_F_NAME], "name", "", true);
	desk_set_field(t, form, v == NULL ? NULL : &v[DESK_F_BODY], "body", "", true);
	desk_set_flag(t, "redrawn", " data-redrawn", form != NULL);
	tv_set(t, "preview", desk_path(d->arena, DESK_PREVIEW, NULL));
	desk_set_token(d, t, "preview_csrf", DESK_PREVIEW);
	desk_add_steps(
	    t, steps, nelem(steps), desk_chosen(form, DESK_F_STATUS, INCIDENT_INVESTIGATING));
	desk_add_impacts(t, desk_chosen(form, DESK_F_OVERRIDE, -1));
	struct desk_statuses statuses = {.chosen = v == NULL ? NULL : &v[DESK_F_COMPONENTS],
	    .keep_word = "Not affected",
	    .offer = DESK_OFFER_INCIDENT};
	if (desk_set_statuses(d, t, &statuses) < 0 ||
	    desk_set_publish(
		d, t, "Publish", DESK_TELLS(TRIGGER_INCIDENT_NEW) | DESK_TELLS_COMPONENTS) < 0) {
		desk_broken(d);
		return;
	}
	desk_draw(d, status, DESK_NAV_INCIDENTS, "New incident", DESK_INCIDENT_FORM_PAGE, t);
}

void desk_show_new_incident(struct desk *d)
{
	draw(d, 200, NULL);
}

void desk_add_incident(struct desk *d)
{
	struct incident_posting p;
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;
	char id[13];

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, draw, &form))
		return;
	desk_take_posting(d, &form, &p);
	if (p.name == NULL)
		form_add_error(d->arena, &form, "name", "Give the incident a title.");
	if (form.error_count > 0) {
		draw(d, 422, &form);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = incident_create(d->db, d->arena, &p, id, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_path_done(d, DESK_INCIDENT, id, "published"));
	} else {
		desk_refuse(d, rc, &f);
	}
}
