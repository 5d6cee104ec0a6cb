/* view_index.c - the status page itself: headline, what happens now, components, the past days. */
#include "base.h"
#include "view_parts.h"

#include "announce.h"
#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "html.h"
#include "template.h"

#define PAST_MAX 100 /* incidents in the list of past days */

/* ------------------------------------------------------------------ which components are seen */

static const struct component *group_of(const struct view *v, const struct component *c)
{
	for (size_t i = 0; c->group_id != NULL && i < v->n_components; i++)
		if (strcmp(v->components[i].id, c->group_id) == 0)
			return &v->components[i];
	return NULL;
}

/* Not hidden, neither by itself nor by its group. */
static bool is_public(const struct view *v, const struct component *c)
{
	const struct component *group = group_of(v, c);

	return !c->is_group && !c->hidden && (group == NULL || !group->hidden);
}

/* Also has a row of its own just now. */
static bool is_visible(const struct view *v, const struct component *c)
{
	return is_public(v, c) && (!c->only_show_if_degraded || c->status != COMPONENT_OPERATIONAL);
}

/* ------------------------------------------------------------------ headline */

struct headline {
	enum component_status worst;
	const char *names[3];
	size_t n;      /* components in that status */
	int64_t since; /* when the first of them left operational */
	size_t visible;
	const char *only; /* the name where there is a single component */
};

static void note(struct headline *h, const struct component *c, int64_t since)
{
	if (c->status > h->worst) {
		h->worst = c->status;
		h->n = 0;
		h->since = since;
	}
	if (c->status < h->worst)
		return;
	if (h->n < nelem(h->names))
		h->names[h->n] = c->name;
	h->n++;
	if (since < h->since)
		h->since = since;
}

static struct headline find_headline(const struct view *v)
{
	struct headline h = {.worst = COMPONENT_OPERATIONAL};

	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		if (!is_public(v, c))
			continue;
		h.visible++;
		h.only = c->name;
		if (c->status != COMPONENT_OPERATIONAL)
			note(&h, c, v->trouble_since[i]);
	}
	return h;
}

static char *name_list(struct arena *a, const struct headline *h)
{
	if (h->n == 1)
		return arena_strdup(a, h->names[0]);
	if (h->n == 2)
		return arena_printf(a, "%s and %s", h->names[0], h->names[1]);
	return arena_printf(a, "%s, %s and %zu more", h->names[0], h->names[1], h->n - 2);
}

static const struct incident *first_open(const struct view *v)
{
	for (size_t i = 0; i < v->n_incidents; i++)
		if (v->incidents[i].row.resolved_at == 0)
			return &v->incidents[i].row;
	return NULL;
}

static char *trouble_sentence(struct arena *a, const struct headline *h)
{
	return arena_printf(a, "%s: %s", component_status_label(h->worst), name_list(a, h));
}

static char *well_sentence(struct arena *a, const struct headline *h)
{
	return h->visible == 1 ? arena_printf(a, "%s is operational", h->only)
			       : arena_strdup(a, "All components are operational");
}

char *view_headline(const struct view *v, struct arena *a, const char **state)
{
	struct headline h = find_headline(v);
	const struct incident *open = first_open(v);

	*state = "none";
	if (h.n > 0) {
		*state = component_status_word(h.worst);
		return trouble_sentence(a, &h);
	}
	if (open != NULL) {
		*state = view_state_of_impact(open->impact);
		return arena_strdup(a, open->name);
	}
	if (h.visible == 0)
		return arena_strdup(a, "No components yet");
	*state = component_status_word(COMPONENT_OPERATIONAL);
	return well_sentence(a, &h);
}

static char *set_trouble(
    struct tv *values, struct arena *a, const char *state, char *sentence, int64_t since)
{
	struct tv *t = tv_add(values, "trouble");

	tv_set(t, "state", state);
	tv_set(t, "sentence", sentence);
	view_set_time(t, a, "since", since);
	return sentence;
}

/* Exactly one of the blocks trouble, well, empty.  Gives the sentence for the title, NULL for an
 * empty page. */
static char *set_headline(struct tv *values, struct arena *a, const struct view *v)
{
	struct headline h = find_headline(v);
	const struct incident *open = first_open(v);

	if (h.n > 0)
		return set_trouble(
		    values, a, component_status_word(h.worst), trouble_sentence(a, &h), h.since);
	if (open != NULL)
		return set_trouble(values, a, view_state_of_impact(open->impact),
		    arena_strdup(a, open->name), open->started_at);
	if (h.visible == 0) {
		tv_add(values, "empty");
		return NULL;
	}
	char *sentence = well_sentence(a, &h);
	tv_set(tv_add(values, "well"), "sentence", sentence);
	return sentence;
}

/* ------------------------------------------------------------------ what happens now */

static int add_active(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *active = NULL;

	for (size_t i = 0; i < v->n_incidents; i++) {
		const struct incident *row = &v->incidents[i].row;
		if (row->resolved_at != 0)
			continue;
		if (active == NULL)
			active = tv_add(values, "active");
		struct tv *t = tv_add(active, "incident");
		tv_printf(t, "url", "/incidents/%s/", row->id);
		tv_set(t, "name", row->name);
		tv_set(t, "state", view_state_of_impact(row->impact));
		tv_set(t, "impact_word", view_impact_word(row->impact));
		tv_set(t, "status_word", incident_status_label(row->status));
		view_set_time(t, a, "started", row->started_at);
		view_add_affected(t, &v->incidents[i], "Affected");
		if (view_set_timeline(t, a, &v->incidents[i]) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ components */

static void add_component(struct tv *group, const struct component *c)
{
	struct tv *t = tv_add(group, "component");

	tv_set(t, "state", component_status_word(c->status));
	tv_set(t, "name", c->name);
	tv_set(t, "state_word", component_status_label(c->status));
	if (c->description != NULL && *c->description != '\0')
		tv_set(tv_add(t, "description"), "text", c->description);
}

/* The list holds each group followed by its members, so a change of group begins a new block. */
static void add_components(struct tv *values, const struct view *v)
{
	struct tv *all = NULL, *block = NULL;
	const struct component *current = NULL;

	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		const struct component *group = group_of(v, c);
		if (!is_visible(v, c))
			continue;
		if (all == NULL)
			all = tv_add(values, "components");
		if (block == NULL || group != current) {
			block = tv_add(all, "group");
			current = group;
			if (group != NULL)
				tv_set(tv_add(block, "group_name"), "name", group->name);
		}
		add_component(block, c);
	}
}

/* ------------------------------------------------------------------ past days */

static const char *const month_name[] = {"January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December"};

static char *day_text(struct arena *a, int64_t day)
{
	struct clock_date d;

	clock_split(day, &d);
	return arena_printf(a, "%d %s", d.day, month_name[d.month - 1]);
}

static char *range_text(struct arena *a, int64_t from, int64_t to)
{
	struct clock_date x, y;

	clock_split(from, &x);
	clock_split(to, &y);
	if (from == to)
		return arena_printf(a, "No incidents on %s", day_text(a, from));
	if (x.month == y.month)
		return arena_printf(a, "No incidents from %d to %s", x.day, day_text(a, to));
	return arena_printf(a, "No incidents from %s to %s", day_text(a, from), day_text(a, to));
}

static void add_quiet(struct tv *past, struct arena *a, int64_t from, int64_t to, bool everything)
{
	struct tv *quiet = tv_add(tv_add(past, "day"), "quiet");

	tv_set(quiet, "text",
	    everything ? "No incidents in the past fourteen days" : range_text(a, from, to));
}

static void set_summary(struct tv *entry, const struct view_incident *i)
{
	struct buf html = BUF_INIT;

	if (i->n_updates == 0 || *i->updates[0].body == '\0')
		return;
	html_markdown(&html, i->updates[0].body, strlen(i->updates[0].body));
	tv_set_html(tv_add(entry, "summary"), "body", html.data, html.len);
	buf_release(&html);
}

/* What is still open is told above: here its day only says so. */
static void add_open(struct tv *busy, const struct incident *row)
{
	struct tv *open = tv_add(busy, "open");

	tv_printf(open, "url", "/incidents/%s/", row->id);
	tv_set(open, "name", row->name);
}

static void add_entry(struct tv *busy, struct arena *a, const struct view_incident *i)
{
	const struct incident *row = &i->row;
	struct tv *entry;

	if (row->resolved_at == 0) {
		add_open(busy, row);
		return;
	}
	entry = tv_add(busy, "entry");
	tv_printf(entry, "url", "/incidents/%s/", row->id);
	tv_set(entry, "name", row->name);
	tv_set(entry, "impact_word", view_impact_word(row->impact));
	view_set_time(entry, a, "started", row->started_at);
	tv_set(entry, "duration_text", announce_duration(a, row->resolved_at - row->started_at));
	set_summary(entry, i);
}

/* The incidents that began on a day, as many as there is room for; false where there is none. */
static bool add_busy(
    struct tv *past, struct arena *a, const struct view *v, int64_t day, size_t *room)
{
	static const char *const weekday[] = {
	    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	struct tv *busy = NULL;
	struct clock_date d;

	for (size_t i = 0; i<v->n_incidents && * room> 0; i++) {
		if (clock_day_start(v->incidents[i].row.started_at) != day)
			continue;
		(*room)--;
		if (busy == NULL) {
			clock_split(day, &d);
			busy = tv_add(tv_add(past, "day"), "busy");
			tv_printf(busy, "date", "%04d-%02d-%02d", d.year, d.month, d.day);
			tv_printf(
			    busy, "date_text", "%s, %s", weekday[d.weekday], day_text(a, day));
		}
		add_entry(busy, a, &v->incidents[i]);
	}
	return busy != NULL;
}

static bool is_busy(const struct view *v, int64_t day)
{
	for (size_t i = 0; i < v->n_incidents; i++)
		if (clock_day_start(v->incidents[i].row.started_at) == day)
			return true;
	return false;
}

/* How many began within the days that are shown. */
static size_t count_past(const struct view *v, int64_t oldest)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_incidents; i++) {
		int64_t day = clock_day_start(v->incidents[i].row.started_at);
		n += day >= oldest && day <= v->today;
	}
	return n;
}

static void add_past(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *past = tv_add(values, "past");
	int64_t oldest = v->today - (VIEW_DAYS - 1) * CLOCK_DAY;
	size_t all = count_past(v, oldest), room = PAST_MAX;
	size_t more = all > room ? all - room : 0;

	/* beyond the last one that there is room for nothing is said of any day */
	for (int64_t day = v->today; day >= oldest && (room > 0 || more == 0);) {
		int64_t to = day;
		if (add_busy(past, a, v, day, &room)) {
			day -= CLOCK_DAY;
			continue;
		}
		while (day > oldest && !is_busy(v, day - CLOCK_DAY))
			day -= CLOCK_DAY;
		add_quiet(past, a, day, to, day == oldest && to == v->today);
		day -= CLOCK_DAY;
	}
	if (more > 0)
		tv_printf(tv_add(past, "more"), "text", "and %s%zu more",
		    v->n_incidents >= VIEW_INCIDENTS_MAX ? "at least " : "", more);
}

int view_draw_index(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = tv_new(a);
	struct buf main = BUF_INIT;
	char *sentence = set_headline(values, a, v);
	struct view_frame frame = {.main = &main, .changed = true};
	int rc = add_active(values, a, v);

	add_components(values, v);
	if (sentence != NULL || v->n_incidents > 0)
		add_past(values, a, v);
	frame.title = sentence == NULL
			  ? view_site_title(v, a)
			  : arena_printf(a, "%s · %s", sentence, view_site_title(v, a));
	frame.description = sentence == NULL
				? arena_printf(a, "Status of %s.", v->settings.site_name)
				: arena_printf(a, "%s.", sentence);
	if (rc == 1)
		rc = view_render(VIEW_INDEX, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
