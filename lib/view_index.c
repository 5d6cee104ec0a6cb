/* view_index.c - the status page itself: headline, what happens now, components, what is
 * planned, the past days. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "maintenance.h"
#include "template.h"

/* ------------------------------------------------------------------ what happens now */

/* What an open incident and a running maintenance have in common. */
static struct tv *add_card(
    struct tv **active, struct tv *values, const struct view *v, const struct view_incident *x)
{
	const struct incident *row = &x->row;
	struct tv *t;

	if (*active == NULL)
		*active = tv_add(values, "active");
	t = tv_add(*active, "incident");
	tv_printf(t, "url", "%s/%s/%s/", v->root,
	    incident_is_maintenance(row) ? "maintenance" : "incidents", row->id);
	tv_set(t, "name", row->name);
	tv_set(t, "state", view_state_of_impact(row->impact));
	tv_set(t, "impact_word", view_impact_label(v, row->impact));
	tv_set(t, "status_word", view_status_label(v, row->status));
	view_add_affected(t, v, x, "page.affected");
	return t;
}

static int add_open(struct tv **active, struct tv *values, struct arena *a, const struct view *v,
    const struct view_incident *x)
{
	struct tv *t = add_card(active, values, v, x);

	view_set_time(tv_add(t, "since"), a, v, "started", x->row.started_at);
	return view_set_timeline(t, a, v, x);
}

static int add_running(struct tv **active, struct tv *values, struct arena *a, const struct view *v,
    const struct view_incident *x)
{
	struct tv *t = add_card(active, values, v, x);

	view_set_window(tv_add(t, "window"), a, v, &x->row);
	if (maintenance_is_late(&x->row, v->now))
		tv_add(t, "late");
	return view_set_timeline(t, a, v, x);
}

/* Incidents before maintenances: what was not planned comes first. */
static int add_active(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *active = NULL;

	for (size_t i = 0; i < v->n_incidents; i++)
		if (v->incidents[i].row.resolved_at == 0 &&
		    add_open(&active, values, a, v, &v->incidents[i]) < 0)
			return -1;
	for (size_t i = v->n_maintenances; i > 0; i--)
		if (maintenance_is_running(&v->maintenances[i - 1].row) &&
		    add_running(&active, values, a, v, &v->maintenances[i - 1]) < 0)
			return -1;
	return 1;
}

/* ------------------------------------------------------------------ the page */

/* Exactly one of the blocks trouble, well, empty. */
static void set_headline(
    struct tv *values, struct arena *a, const struct view *v, const struct view_summary *s)
{
	struct tv *t;

	if (s->sentence == NULL) {
		tv_add(values, "empty");
		return;
	}
	t = tv_add(values, s->since != 0 ? "trouble" : "well");
	tv_set(t, "state", s->state);
	tv_set(t, "sentence", s->sentence);
	if (s->since != 0)
		view_set_time(t, a, v, "since", s->since);
}

static char *describe(const struct view *v, struct arena *a, const struct view_summary *s)
{
	const char *site = v->settings.site_name, *sentence = s->sentence;

	if (sentence == NULL)
		sentence =
		    words_fill(v->words, a, "page.site_description", WORDS_VALUES({"site", site}));
	return words_fill(v->words, a, "page.full_stop", WORDS_VALUES({"sentence", sentence}));
}

int view_draw_index(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = view_values(v, a);
	struct buf main = BUF_INIT;
	struct view_summary s;
	struct view_frame frame = {.path = "/", .main = &main, .changed = true};
	int rc;

	view_summarize(v, a, &s);
	set_headline(values, a, v, &s);
	rc = add_active(values, a, v);
	if (rc == 1)
		rc = view_set_components(values, a, v);
	view_add_planned(values, a, v);
	if (s.sentence != NULL || v->n_incidents + v->n_maintenances > 0)
		view_add_past(values, a, v);
	frame.title = s.sentence == NULL
			  ? view_site_title(v, a)
			  : arena_printf(a, "%s · %s", s.sentence, view_site_title(v, a));
	frame.description = describe(v, a, &s);
	if (rc == 1)
		rc = view_render(VIEW_INDEX, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
