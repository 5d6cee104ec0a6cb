/* view.c - see view.h: which components are seen, the frame, and the small files. */
#include "base.h"
#include "view.h"

#include <strings.h>

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "clock.h"
#include "db.h"
#include "log.h"
#include "template.h"
#include "view_parts.h"

static const char *const template_file[] = {
    [VIEW_FRAME] = "frame.html.in",
    [VIEW_SHAPES] = "shapes.html.in",
    [VIEW_INDEX] = "index.html.in",
    [VIEW_COMPONENTS] = "components.html.in",
    [VIEW_BARS] = "bars.html.in",
    [VIEW_INCIDENT] = "incident.html.in",
    [VIEW_TIMELINE] = "timeline.html.in",
    [VIEW_MAINTENANCE] = "maintenance.html.in",
    [VIEW_HISTORY] = "history.html.in",
    [VIEW_HELP] = "help.html.in",
    [VIEW_NOT_FOUND] = "notfound.html.in",
    [VIEW_MANIFEST] = "manifest.webmanifest.in",
    [VIEW_WORDS] = "words.js.in",
};
static_assert(nelem(template_file) == VIEW_TEMPLATE__MAX, "a file for each");

static struct template *templates[VIEW_TEMPLATE__MAX];

void view_open(void)
{
	struct buf error = BUF_INIT;

	for (int i = 0; i < VIEW_TEMPLATE__MAX; i++) {
		const struct asset *asset = asset_get(template_file[i]);
		if (asset == NULL)
			log_die("VIEW-01", "the template %s is not built in", template_file[i]);
		if (templates[i] != NULL)
			continue;
		templates[i] =
		    template_parse(asset->name, (const char *)asset->data, asset->len, &error);
		if (templates[i] == NULL)
			log_die("VIEW-02", "%s", error.data);
	}
}

int view_render(enum view_template which, const struct tv *values, struct buf *out)
{
	assert(templates[which] != NULL);
	return template_render(templates[which], values, out);
}

struct view view_in(const struct view *v, const struct words *language)
{
	struct view x = *v;
	bool own = language == words_for(v->settings.page_lang);

	x.words = language;
	snprintf(x.root, sizeof x.root, "%s%s", own ? "" : "/", own ? "" : words_tag(language));
	return x;
}

char *view_time_text(struct arena *a, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	return arena_printf(a, "%d %s %d, %02d:%02d UTC", d.day, clock_month_short[d.month - 1],
	    d.year, d.hour, d.minute);
}

const char *view_state_of_impact(enum impact i)
{
	switch (i) {
	case IMPACT_MINOR:
		return component_status_word(COMPONENT_DEGRADED_PERFORMANCE);
	case IMPACT_MAJOR:
		return component_status_word(COMPONENT_PARTIAL_OUTAGE);
	case IMPACT_CRITICAL:
		return component_status_word(COMPONENT_MAJOR_OUTAGE);
	case IMPACT_MAINTENANCE:
		return component_status_word(COMPONENT_UNDER_MAINTENANCE);
	default:
		return "none";
	}
}

/* ------------------------------------------------------------------ which components are seen */

const struct component *view_group_of(const struct view *v, const struct component *c)
{
	for (size_t i = 0; c->group_id != NULL && i < v->n_components; i++)
		if (strcmp(v->components[i].id, c->group_id) == 0)
			return &v->components[i];
	return NULL;
}

bool view_is_public(const struct view *v, const struct component *c)
{
	const struct component *group = view_group_of(v, c);

	return !c->is_group && !c->hidden && (group == NULL || !group->hidden);
}

bool view_is_visible(const struct view *v, const struct component *c)
{
	return view_is_public(v, c) &&
	       (!c->only_show_if_degraded || c->status != COMPONENT_OPERATIONAL);
}

/* ------------------------------------------------------------------ the frame and small files */

/* The newest change on record; a page without any has none. */
static int64_t newest_change(const struct view *v)
{
	int64_t newest = 0;

	for (size_t i = 0; i < v->n_components; i++)
		if (v->components[i].updated_at > newest)
			newest = v->components[i].updated_at;
	for (size_t i = 0; i < v->n_incidents; i++)
		if (v->incidents[i].row.updated_at > newest)
			newest = v->incidents[i].row.updated_at;
	return newest;
}

/* The frame as far as every page has it. */
static struct tv *frame_values(const struct view *v, struct arena *a, const struct view_frame *f)
{
	struct tv *values = view_values(v, a);

	tv_set(values, "lang", words_tag(v->words));
	tv_set(values, "title", f->title);
	tv_set(values, "description", f->description);
	tv_set(values, "site_name", v->settings.site_name);
	tv_set(values, "site_url", v->site_url);
	if (v->settings.push_enabled && v->public_key != NULL)
		tv_add(values, "push");
	tv_set_html(values, "main", f->main->data, f->main->len);
	return values;
}

static void add_alternate(
    struct tv *values, const struct view *x, const char *tag, const char *path)
{
	struct tv *t = tv_add(values, "alternate");

	tv_set(t, "tag", tag);
	tv_printf(t, "url", "%s%s%s", x->site_url, x->root, path);
}

/* The same page in each language: for search engines, and for people. */
static void add_languages(struct tv *values, const struct view *v, const char *path)
{
	struct view own = view_in(v, words_for(v->settings.page_lang));
	struct tv *list = tv_add(values, "languages");

	for (size_t i = 0; i < words_languages(); i++) {
		struct view x = view_in(v, words_at(i));
		struct tv *t = tv_add(list, "language");
		add_alternate(values, &x, words_tag(x.words), path);
		tv_printf(t, "url", "%s%s", x.root, path);
		tv_set(t, "tag", words_tag(x.words));
		tv_set(t, "current", x.words == v->words ? "page" : "false");
		tv_set(t, "own_name", words_own_name(x.words));
	}
	add_alternate(values, &own, "x-default", path);
}

int view_draw_frame(
    const struct view *v, struct arena *a, const struct view_frame *f, struct buf *out)
{
	struct tv *values = frame_values(v, a, f);
	struct buf shapes = BUF_INIT;
	int rc = view_render(VIEW_SHAPES, tv_new(a), &shapes);
	int64_t changed = f->changed ? newest_change(v) : 0;

	tv_set_html(values, "shapes", shapes.data, shapes.len);
	if (f->path != NULL) {
		tv_printf(
		    tv_add(values, "address"), "url", "%s%s%s", v->site_url, v->root, f->path);
		add_languages(values, v, f->path);
	}
	if (changed != 0)
		view_set_time(tv_add(values, "changed"), a, v, "at", changed);
	if (rc == 1)
		rc = view_render(VIEW_FRAME, values, out);
	buf_release(&shapes);
	return rc;
}

char *view_site_title(const struct view *v, struct arena *a)
{
	static const char word[] = "status";
	const char *name = v->settings.site_name;
	size_t len = strlen(name), n = strlen(word);

	/* "Status status" would be silly */
	if (len >= n && strcasecmp(name + len - n, word) == 0)
		return arena_strdup(a, name);
	return words_fill(v->words, a, "page.site_title", WORDS_VALUES({"site", name}));
}

int view_draw_not_found(const struct view *v, struct arena *a, struct buf *out)
{
	struct buf main = BUF_INIT;
	int rc = view_render(VIEW_NOT_FOUND, view_values(v, a), &main);
	struct view_frame frame = {
	    .title = arena_printf(
		a, "%s · %s", words_say(v->words, "page.not_found"), view_site_title(v, a)),
	    .description = words_say(v->words, "page.not_found_description"),
	    .main = &main,
	};

	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
