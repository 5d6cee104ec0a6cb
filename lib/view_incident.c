/* view_incident.c - the page of one incident, and the parts that the index shows of it. */
#include "base.h"
#include "view_parts.h"

#include "announce.h"
#include "arena.h"
#include "buf.h"
#include "html.h"
#include "template.h"

static void set_markdown(struct tv *values, const char *name, const char *markdown)
{
	struct buf html = BUF_INIT;

	html_markdown(&html, markdown, strlen(markdown));
	tv_set_html(values, name, html.data, html.len);
	buf_release(&html);
}

/* The k-th update has no text and only repeats the state that the one before it gave. */
static bool says_nothing(const struct view_incident *i, size_t k)
{
	return *i->updates[k].body == '\0' && k + 1 < i->n_updates &&
	       i->updates[k].status == i->updates[k + 1].status;
}

int view_set_timeline(struct tv *values, struct arena *a, const struct view_incident *i)
{
	struct tv *timeline = tv_new(a);
	struct buf html = BUF_INIT;
	int rc;

	for (size_t k = 0; k < i->n_updates; k++) {
		const struct incident_update *u = &i->updates[k];
		if (says_nothing(i, k))
			continue;
		struct tv *t = tv_add(timeline, "update");
		tv_set(t, "status", incident_status_word(u->status));
		tv_set(t, "status_word", incident_status_label(u->status));
		view_set_time(t, a, "at", u->display_at);
		if (*u->body != '\0')
			set_markdown(tv_add(t, "text"), "body", u->body);
	}
	rc = view_render(VIEW_TIMELINE, timeline, &html);
	tv_set_html(values, "timeline", html.data, html.len);
	buf_release(&html);
	return rc;
}

/* The worst status that the incident ever gave a component. */
static enum component_status worst_status(const struct view_incident *x, const char *id)
{
	enum component_status worst = COMPONENT_OPERATIONAL;

	for (size_t k = 0; k < x->n_updates; k++)
		for (size_t c = 0; c < x->updates[k].n_components; c++)
			if (strcmp(x->updates[k].components[c].id, id) == 0)
				worst =
				    component_rollup(worst, x->updates[k].components[c].new_status);
	return worst;
}

void view_add_affected(struct tv *values, const struct view_incident *x, const char *label)
{
	const struct incident *i = &x->row;
	struct tv *affected = NULL;

	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		enum component_status status =
		    i->resolved_at == 0 ? c->current_status : worst_status(x, c->id);
		if (c->hidden)
			continue;
		if (affected == NULL) {
			affected = tv_add(values, "affected");
			tv_set(affected, "label", label);
		}
		struct tv *chip = tv_add(affected, "chip");
		tv_set(chip, "state", component_status_word(status));
		tv_set(chip, "name", c->name);
		tv_set(chip, "state_word", component_status_label(status));
	}
}

static void set_end(struct tv *values, struct arena *a, const struct incident *i)
{
	struct tv *resolved = tv_add(values, "resolved");
	struct tv *ended = tv_add(values, "ended");

	tv_set(resolved, "name", i->name);
	tv_set(resolved, "status_word", incident_status_label(INCIDENT_RESOLVED));
	view_set_time(ended, a, "at", i->resolved_at);
	tv_set(ended, "duration_text", announce_duration(a, i->resolved_at - i->started_at));
}

static void set_open(struct tv *values, struct arena *a, const struct incident *i)
{
	struct tv *open = tv_add(values, "open");

	tv_set(open, "state", view_state_of_impact(i->impact));
	tv_set(open, "name", i->name);
	tv_set(open, "status_word", incident_status_label(i->status));
	view_set_time(open, a, "started", i->started_at);
}

int view_draw_incident(
    const struct view *v, const struct view_incident *x, struct arena *a, struct buf *out)
{
	const struct incident *i = &x->row;
	bool over = i->resolved_at != 0;
	struct tv *values = tv_new(a);
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(a, "%s · %s", i->name, view_site_title(v, a)),
	    .description = arena_printf(a, "%s: %s", i->name, incident_status_label(i->status)),
	    .main = &main,
	};
	int rc;

	tv_set(values, "state", view_state_of_impact(i->impact));
	tv_set(values, "impact_word", view_impact_word(i->impact));
	tv_set(values, "site_name", v->settings.site_name);
	view_set_time(values, a, "started", i->started_at);
	if (over)
		set_end(values, a, i);
	else
		set_open(values, a, i);
	view_add_affected(values, x, over ? "Was affected" : "Affected");
	rc = view_set_timeline(values, a, x);
	if (rc == 1)
		rc = view_render(VIEW_INCIDENT, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
