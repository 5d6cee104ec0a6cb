/* desk_preview.c - what a form would publish, asked by admin.js while somebody writes.  Nothing is
 * stored; the answer is a piece of HTML. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "buf.h"
#include "clock.h"
#include "html.h"

#define BODY_POINTS 160

static struct incident_component *grow(struct arena *a, struct incident *i)
{
	struct incident_component *wider = arena_array(a, i->n_components + 1, sizeof *wider);

	if (i->n_components > 0)
		memcpy(wider, i->components, i->n_components * sizeof *wider);
	i->components = wider;
	return &wider[i->n_components++];
}

/* The status that the form gives a component. */
static int set_component(struct desk *d, struct incident *i, const struct incident_set *set)
{
	enum component_status status = (enum component_status)set->status;
	struct component c;

	for (size_t k = 0; k < i->n_components; k++) {
		if (strcmp(i->components[k].id, set->id) == 0) {
			i->components[k].status = status;
			return 1;
		}
	}
	int rc = component_get(d->db, d->arena, set->id, &c);
	if (rc != 1)
		return rc;
	struct component group = {.hidden = false};
	if (c.group_id != NULL && component_get(d->db, d->arena, c.group_id, &group) < 0)
		return -1;
	*grow(d->arena, i) = (struct incident_component){
	    .id = c.id, .name = c.name, .status = status, .hidden = c.hidden || group.hidden};
	return 1;
}

/* The incident as it would be. */
static int apply(struct desk *d, const struct incident_posting *p, struct incident *i)
{
	if (p->name != NULL)
		i->name = arena_strdup(d->arena, p->name);
	if (p->status >= 0)
		i->status = (enum incident_status)p->status;
	if (p->set_override)
		i->impact_override = p->impact_override;
	for (size_t k = 0; k < p->n_components; k++)
		if (set_component(d, i, &p->components[k]) < 0)
			return -1;
	if (incident_is_maintenance(i))
		i->impact = IMPACT_MAINTENANCE;
	else if (i->impact_override >= 0)
		i->impact = (enum impact)i->impact_override;
	else if (!incident_status_is_over(i->status))
		i->impact = incident_worst_impact(i->components, i->n_components);
	if (i->impact > i->max_impact)
		i->max_impact = i->impact;
	return 1;
}

/* The times of a maintenance as far as they are written. */
static void take_window(
    struct desk *d, struct form *form, const struct incident_posting *p, struct incident *i)
{
	struct incident_posting window = INCIDENT_POSTING;
	bool is_new = !form->values[DESK_F_INCIDENT].ok;

	if (!is_new || p->status < 0 ||
	    !incident_status_is_maintenance((enum incident_status)p->status))
		return;
	desk_take_window(d, form, NULL, &window);
	/* of this alone is seen that it is one */
	i->scheduled_for = window.scheduled_for == 0 ? clock_now_ms() : window.scheduled_for;
	i->scheduled_until = window.scheduled_for == 0 ? 0 : window.scheduled_until;
}

static void draw(struct desk *d, const struct incident *i, const char *body)
{
	struct tv *t = tv_new(d->arena);
	int64_t now = clock_now_ms();

	tv_set(t, "title", announce_title(d->arena, i, now));
	tv_set(t, "text", html_plain_first_sentence(d->arena, body, strlen(body), BODY_POINTS));
	tv_set(t, "name", i->name);
	if (incident_is_maintenance(i))
		tv_set(tv_add(t, "window"), "text",
		    i->scheduled_until > i->scheduled_for
			? desk_window_text(d, i->scheduled_for, i->scheduled_until)
			: "When it is, is not said yet");
	tv_set(t, "status_word", incident_status_label(i->status));
	desk_set_time(d, t, "at", now);
	desk_set_markdown(t, "body", body);
	web_answer(d->web, 200, WEB_HTML);
	if (desk_render(DESK_PREVIEW_PART, t, web_body(d->web)) < 0)
		web_error(d->web, 500, "The preview could not be drawn; the log says why.");
}

void desk_preview_incident(struct desk *d)
{
	struct incident_posting p;
	struct form form;
	struct incident i = {
	    .name = arena_strdup(d->arena, "(no title yet)"),
	    .impact_override = -1,
	    .started_at = clock_now_ms(),
	};
	int rc = 1;

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, NULL, &form))
		return;
	desk_take_posting(d, &form, &p);
	if (form.values[DESK_F_INCIDENT].ok)
		rc = incident_get(d->db, d->arena, form.values[DESK_F_INCIDENT].text, &i);
	if (rc == 1) {
		take_window(d, &form, &p, &i);
		rc = apply(d, &p, &i);
	}
	if (rc < 0)
		desk_broken(d);
	else
		draw(d, &i, p.body == NULL ? "" : p.body);
}
