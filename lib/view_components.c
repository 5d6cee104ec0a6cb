/* view_components.c - the components of the page by group: state, bars of the past days, uptime. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "template.h"

static size_t index_of(const struct view *v, const struct component *c)
{
	return (size_t)(c - v->components);
}

static void set_state(struct tv *t, const struct view *v, enum component_status status)
{
	tv_set(t, "state", component_status_word(status));
	tv_set(t, "state_word", view_state_label(v, status));
}

static void set_description(struct tv *t, const struct component *c)
{
	if (c->description != NULL && *c->description != '\0')
		tv_set(tv_add(t, "description"), "text", c->description);
}

/* What goes on just now in a component, or in the members of a group that visitors see. */
static void find_now(const struct view *v, const struct component *c, struct view_bars *b)
{
	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *x = &v->components[i];
		bool counts =
		    c->is_group ? view_is_public(v, x) && view_group_of(v, x) == c : x == c;
		b->now[x->status] |= counts;
	}
}

/* Per cent and bars, unless the component is not to show them. */
static int set_record(
    struct tv *t, struct arena *a, const struct view *v, const struct component *c, size_t told)
{
	struct view_bars b = {
	    .name = c->name,
	    .uptime = &v->uptime[index_of(v, c)],
	    .told = told,
	};

	if (!c->showcase)
		return 1;
	find_now(v, c, &b);
	t = tv_add(t, "record");
	tv_set(t, "percent", view_percent_text(v, a, &b));
	return view_set_bars(t, a, v, &b);
}

static int add_component(
    struct tv *part, struct arena *a, const struct view *v, const struct component *c)
{
	struct tv *t = tv_add(part, "component");

	tv_set(t, "id", c->id);
	tv_set(t, "name", c->name);
	set_state(t, v, c->status);
	set_description(t, c);
	return set_record(t, a, v, c, VIEW_BARS_TOLD);
}

/* Open while something in it is wrong. */
static int add_head(
    struct tv *part, struct arena *a, const struct view *v, const struct component *group)
{
	enum component_status worst = COMPONENT_OPERATIONAL;
	struct tv *t = tv_add(part, "head");

	for (size_t i = 0; i < v->n_components; i++)
		if (view_is_public(v, &v->components[i]) &&
		    view_group_of(v, &v->components[i]) == group)
			worst = component_rollup(worst, v->components[i].status);
	tv_set(t, "id", group->id);
	tv_set(t, "name", group->name);
	tv_set(t, "open", worst != COMPONENT_OPERATIONAL ? " open" : "");
	set_state(t, v, worst);
	set_description(t, group);
	tv_add(part, "foot");
	return set_record(t, a, v, group, VIEW_BARS_TOLD_OF_GROUP);
}

/* A card: a group, or components without group that stand side by side.  `first` is its first
 * component that is seen. */
static int add_part(struct tv *all, struct arena *a, const struct view *v, size_t first)
{
	const struct component *group = view_group_of(v, &v->components[first]);
	struct tv *t = tv_add(all, "part");
	bool has_legend = group != NULL && group->showcase;

	tv_printf(t, "part_id", "p-%s", (group != NULL ? group : &v->components[first])->id);
	if (group != NULL && add_head(t, a, v, group) < 0)
		return -1;
	for (size_t i = first; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		if (!view_is_visible(v, c))
			continue;
		if (view_group_of(v, c) != group)
			break;
		if (add_component(t, a, v, c) < 0)
			return -1;
		if (c->showcase && !has_legend)
			tv_add(t, "legend");
		has_legend |= c->showcase;
	}
	return 1;
}

/* The list holds each group followed by its members, so a change of group begins a new card. */
static int add_parts(struct tv *all, struct arena *a, const struct view *v, size_t *n)
{
	const struct component *last = NULL;

	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		if (!view_is_visible(v, c))
			continue;
		if (last != NULL && view_group_of(v, last) == view_group_of(v, c))
			continue;
		if (add_part(all, a, v, i) < 0)
			return -1;
		last = c;
		(*n)++;
	}
	return 1;
}

int view_set_components(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *all = view_values(v, a);
	struct buf html = BUF_INIT;
	size_t n = 0;
	int rc = add_parts(all, a, v, &n);

	view_set_bars_days(all, v);
	if (rc == 1 && n > 0)
		rc = view_render(VIEW_COMPONENTS, all, &html);
	tv_set_html(values, "components", html.data, html.len);
	buf_release(&html);
	return rc;
}
