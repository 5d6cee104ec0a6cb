/* view_timeline.c - what an incident did: its updates one by one, and the components it affected. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "html.h"
#include "maintenance.h"
#include "template.h"

void view_set_markdown(struct tv *values, const char *name, const char *markdown)
{
	struct buf html = BUF_INIT;

	html_markdown(&html, markdown, strlen(markdown));
	tv_set_html(values, name, html.data, html.len);
	buf_release(&html);
}

void view_add_edited(
    struct tv *values, struct arena *a, const struct view *v, const struct incident_update *u)
{
	if (u->updated_at > u->created_at)
		view_set_time(tv_add(values, "edited"), a, v, "edited", u->updated_at);
}

bool view_is_reopening(const struct view_incident *x, size_t k)
{
	return k + 1 < x->n_updates && !incident_status_is_over(x->updates[k].status) &&
	       incident_status_is_over(x->updates[k + 1].status);
}

/* ------------------------------------------------------------------ updates */

/* The component as it is today, if it may be named: one that was deleted may have been hidden. */
static const struct incident_component *find_named(const struct view_incident *x, const char *id)
{
	for (size_t i = 0; i < x->row.n_components; i++)
		if (strcmp(x->row.components[i].id, id) == 0)
			return x->row.components[i].hidden ? NULL : &x->row.components[i];
	return NULL;
}

/* Today's name, because an old one may hold that of a group which is hidden now. */
static void add_changes(
    struct tv *update, const struct view *v, const struct view_incident *x, size_t k)
{
	const struct incident_update *u = &x->updates[k];
	struct tv *changes = NULL;

	for (size_t i = 0; i < u->n_components; i++) {
		const struct incident_update_component *c = &u->components[i];
		const struct incident_component *named = find_named(x, c->id);
		if (named == NULL || c->old_status == c->new_status)
			continue;
		if (changes == NULL)
			changes = tv_add(update, "changes");
		struct tv *t = tv_add(changes, "change");
		tv_set(t, "name", named->name);
		tv_set(t, "state", component_status_word(c->new_status));
		tv_set(t, "old_word", view_state_inner(v, c->old_status));
		tv_set(t, "new_word", view_state_inner(v, c->new_status));
	}
}

/* The postmortem stands in a section of its own.  An update without a text that only repeats the
 * state before it says nothing. */
static bool is_told(const struct view_incident *x, size_t k)
{
	const struct incident_update *u = &x->updates[k];

	if (u->status == INCIDENT_POSTMORTEM)
		return false;
	return *u->body != '\0' || k + 1 == x->n_updates || u->status != x->updates[k + 1].status;
}

static char *reopening_text(const struct view *v, struct arena *a, enum incident_status status)
{
	return words_fill(v->words, a, "page.reopened_as",
	    WORDS_VALUES({"status", view_status_inner(v, status)}));
}

static void add_update(struct tv *timeline, struct arena *a, const struct view *v,
    const struct view_incident *x, size_t k, const char *tag)
{
	const struct incident_update *u = &x->updates[k];
	struct tv *t = tv_add(timeline, "update");

	tv_set(t, "tag", tag);
	tv_set(t, "status", incident_status_word(u->status));
	tv_set(t, "status_word",
	    view_is_reopening(x, k) ? reopening_text(v, a, u->status)
				    : view_status_label(v, u->status));
	view_set_time(t, a, v, "at", u->display_at);
	view_add_edited(t, a, v, u);
	if (*u->body != '\0')
		view_set_markdown(tv_add(t, "text"), "body", u->body);
	add_changes(t, v, x, k);
}

static int set_timeline(struct tv *values, struct arena *a, const struct view *v,
    const struct view_incident *x, const char *tag)
{
	struct tv *timeline = view_values(v, a);
	struct buf html = BUF_INIT;
	int rc;

	for (size_t k = 0; k < x->n_updates; k++)
		if (is_told(x, k))
			add_update(timeline, a, v, x, k, tag);
	rc = view_render(VIEW_TIMELINE, timeline, &html);
	tv_set_html(values, "timeline", html.data, html.len);
	buf_release(&html);
	return rc;
}

int view_set_timeline(
    struct tv *values, struct arena *a, const struct view *v, const struct view_incident *x)
{
	return set_timeline(values, a, v, x, "p");
}

int view_set_page_timeline(
    struct tv *values, struct arena *a, const struct view *v, const struct view_incident *x)
{
	bool over = x->row.resolved_at != 0;
	size_t told = 0;

	for (size_t k = 0; k < x->n_updates; k++)
		told += is_told(x, k);
	if (told == 0 && over)
		return 1;
	struct tv *updates = tv_add(values, "updates");
	if (!over && v->settings.push_enabled && v->public_key != NULL)
		tv_set(tv_add(updates, "follow"), "id", x->row.id);
	if (told > 0)
		return set_timeline(updates, a, v, x, "h3");
	tv_add(updates, "none");
	tv_set_html(updates, "timeline", "", 0);
	return 1;
}

/* ------------------------------------------------------------------ components */

/* The worst status that the incident ever gave a component.  A maintenance that left it as it was
 * gave it nothing: then what was planned for it is told. */
static enum component_status worst_status(
    const struct view_incident *x, const struct incident_component *c)
{
	bool planned = incident_is_maintenance(&x->row);
	enum component_status worst = planned ? c->status : COMPONENT_OPERATIONAL;

	for (size_t k = 0; k < x->n_updates; k++) {
		for (size_t i = 0; i < x->updates[k].n_components; i++) {
			const struct incident_update_component *u = &x->updates[k].components[i];
			if (strcmp(u->id, c->id) == 0 &&
			    !(planned && u->old_status == u->new_status))
				worst = component_rollup(worst, u->new_status);
		}
	}
	if (planned && worst == COMPONENT_OPERATIONAL)
		return COMPONENT_UNDER_MAINTENANCE;
	return worst;
}

/* A maintenance that has not begun, or never did. */
static bool is_only_planned(const struct incident *i)
{
	return incident_is_maintenance(i) && i->begun_at == 0 && !maintenance_is_running(i);
}

static enum component_status status_to_show(
    const struct view_incident *x, const struct incident_component *c)
{
	if (is_only_planned(&x->row))
		return c->status;
	return x->row.resolved_at == 0 ? c->current_status : worst_status(x, c);
}

void view_add_affected(
    struct tv *values, const struct view *v, const struct view_incident *x, const char *label)
{
	struct tv *affected = NULL;

	for (size_t k = 0; k < x->row.n_components; k++) {
		const struct incident_component *c = &x->row.components[k];
		enum component_status status = status_to_show(x, c);
		if (c->hidden)
			continue;
		if (affected == NULL) {
			affected = tv_add(values, "affected");
			tv_set(affected, "label", words_say(v->words, label));
		}
		struct tv *chip = tv_add(affected, "chip");
		tv_set(chip, "state", component_status_word(status));
		tv_set(chip, "name", c->name);
		tv_set(chip, "state_word", view_state_label(v, status));
	}
}
