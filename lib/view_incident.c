/* view_incident.c - the page of one incident. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "template.h"
#include "words_time.h"

/* ------------------------------------------------------------------ headline */

/* "Partial outage: API", of the components that the incident affects and visitors see; NULL where
 * all of them are well. */
static char *find_sentence(const struct view *v, struct arena *a, const struct incident *i)
{
	enum component_status worst = COMPONENT_OPERATIONAL;
	const char *names[2] = {NULL, NULL};
	size_t n = 0;

	for (size_t k = 0; k < i->n_components; k++)
		if (!i->components[k].hidden)
			worst = component_rollup(worst, i->components[k].current_status);
	for (size_t k = 0; k < i->n_components; k++) {
		if (i->components[k].hidden || i->components[k].current_status != worst)
			continue;
		if (n < nelem(names))
			names[n] = i->components[k].name;
		n++;
	}
	if (worst == COMPONENT_OPERATIONAL)
		return NULL;
	return view_of(v, a, view_state_label(v, worst), view_name_list(v, a, names, n));
}

/* When it was reopened last, ms; 0 never. */
static int64_t reopened_at(const struct view_incident *x)
{
	for (size_t k = 0; k < x->n_updates; k++)
		if (view_is_reopening(x, k))
			return x->updates[k].display_at;
	return 0;
}

static void set_end(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	struct tv *resolved = tv_add(values, "resolved");
	struct tv *ended = tv_add(values, "ended");

	tv_set(resolved, "name", i->name);
	tv_set(resolved, "status_word", view_status_label(v, INCIDENT_RESOLVED));
	view_set_time(ended, a, v, "at", i->resolved_at);
	tv_set(ended, "duration_text", words_duration(v->words, a, i->resolved_at - i->started_at));
}

static void set_open(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	struct tv *open = tv_add(values, "open");
	char *sentence = find_sentence(v, a, i);

	tv_set(open, "state", view_state_of_impact(i->impact));
	tv_set(open, "name", i->name);
	tv_set(open, "status_word", view_status_label(v, i->status));
	view_set_time(open, a, v, "started", i->started_at);
	if (sentence != NULL)
		tv_set(tv_add(open, "trouble"), "sentence", sentence);
}

/* ------------------------------------------------------------------ postmortem */

static void add_postmortem(
    struct tv *values, struct arena *a, const struct view *v, const struct view_incident *x)
{
	struct tv *postmortem = NULL;

	for (size_t k = 0; k < x->n_updates; k++) {
		const struct incident_update *u = &x->updates[k];
		if (u->status != INCIDENT_POSTMORTEM || *u->body == '\0')
			continue;
		if (postmortem == NULL)
			postmortem = tv_add(values, "postmortem");
		struct tv *text = tv_add(postmortem, "text");
		view_set_time(text, a, v, "at", u->display_at);
		view_add_edited(text, a, v, u);
		view_set_markdown(text, "body", u->body);
	}
}

/* ------------------------------------------------------------------ the page */

static void set_values(
    struct tv *values, const struct view *v, const struct view_incident *x, struct arena *a)
{
	const struct incident *i = &x->row;
	bool over = i->resolved_at != 0;
	int64_t again = reopened_at(x);

	tv_set(values, "state", view_state_of_impact(i->impact));
	tv_set(values, "impact_word", view_impact_label(v, i->impact));
	tv_set(values, "site_name", v->settings.site_name);
	view_set_time(values, a, v, "started", i->started_at);
	if (over)
		set_end(values, a, v, i);
	else
		set_open(values, a, v, i);
	if (again != 0)
		view_set_time(tv_add(values, "reopened"), a, v, "at", again);
	view_add_affected(values, v, x, over ? "page.was_affected" : "page.affected");
	add_postmortem(values, a, v, x);
}

int view_draw_incident(
    const struct view *v, const struct view_incident *x, struct arena *a, struct buf *out)
{
	const struct incident *i = &x->row;
	struct tv *values = view_values(v, a);
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(a, "%s · %s", i->name, view_site_title(v, a)),
	    .description = view_of(v, a, i->name, view_status_label(v, i->status)),
	    .path = arena_printf(a, "/incidents/%s/", i->id),
	    .main = &main,
	};
	int rc;

	set_values(values, v, x, a);
	rc = view_set_page_timeline(values, a, v, x);
	if (rc == 1)
		rc = view_render(VIEW_INCIDENT, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
