/* view.c - see view.h: which components are seen, the frame, and the small files. */
#include "base.h"
#include "view.h"

#include <strings.h>

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "clock.h"
#include "db.h"
#include "json.h"
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

char *view_time_text(struct arena *a, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	return arena_printf(a, "%d %s %d, %02d:%02d UTC", d.day, clock_month_short[d.month - 1],
	    d.year, d.hour, d.minute);
}

void view_set_time(struct tv *values, struct arena *a, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_LEN + 1];

	clock_format_iso(ms, iso);
	tv_set(values, name, iso);
	tv_set(values, arena_printf(a, "%s_text", name), view_time_text(a, ms));
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

const char *view_impact_word(enum impact i)
{
	static const char *const word[] = {
	    [IMPACT_NONE] = "No impact",
	    [IMPACT_MINOR] = "Minor impact",
	    [IMPACT_MAJOR] = "Major impact",
	    [IMPACT_CRITICAL] = "Critical impact",
	    [IMPACT_MAINTENANCE] = "Maintenance",
	};
	static_assert(nelem(word) == IMPACT__MAX, "a word for each");

	return word[i];
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

int view_draw_frame(
    const struct view *v, struct arena *a, const struct view_frame *f, struct buf *out)
{
	struct tv *values = tv_new(a);
	struct buf shapes = BUF_INIT;
	int rc = view_render(VIEW_SHAPES, tv_new(a), &shapes);
	int64_t changed = f->changed ? newest_change(v) : 0;

	tv_set(values, "lang", "en");
	tv_set(values, "title", f->title);
	tv_set(values, "description", f->description);
	tv_set(values, "site_name", v->settings.site_name);
	if (f->path != NULL)
		tv_printf(tv_add(values, "address"), "url", "%s%s", v->site_url, f->path);
	tv_set(values, "site_url", v->site_url);
	if (v->settings.push_enabled && v->public_key != NULL)
		tv_add(values, "push");
	tv_set_html(values, "shapes", shapes.data, shapes.len);
	tv_set_html(values, "main", f->main->data, f->main->len);
	if (changed != 0)
		view_set_time(tv_add(values, "changed"), a, "at", changed);
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
	return arena_printf(a, "%s %s", name, word);
}

int view_draw_not_found(const struct view *v, struct arena *a, struct buf *out)
{
	struct buf main = BUF_INIT;
	int rc = view_render(VIEW_NOT_FOUND, tv_new(a), &main);
	struct view_frame frame = {
	    .title = arena_printf(a, "Page not found · %s", view_site_title(v, a)),
	    .description = "This page does not exist.",
	    .main = &main,
	};

	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}

int view_draw_manifest(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = tv_new(a);

	tv_set(values, "site_name", v->settings.site_name);
	tv_printf(values, "description", "Status of %s", v->settings.site_name);
	tv_set(values, "lang", "en");
	return view_render(VIEW_MANIFEST, values, out);
}

int view_draw_push_json(const struct view *v, struct arena *a, struct buf *out)
{
	struct json_writer w = JSON_WRITER(out);

	(void)a;
	json_begin_object(&w, NULL);
	json_put_bool(&w, "enabled", v->settings.push_enabled && v->public_key != NULL);
	json_put_string(&w, "publicKey", v->public_key);
	json_begin_array(&w, "components");
	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		const struct component *group = view_group_of(v, c);
		if (!view_is_public(v, c))
			continue;
		json_begin_object(&w, NULL);
		json_put_string(&w, "id", c->id);
		json_put_string(&w, "name", c->name);
		if (group == NULL) {
			json_put_null(&w, "group");
		} else {
			json_begin_object(&w, "group");
			json_put_string(&w, "id", group->id);
			json_put_string(&w, "name", group->name);
			json_end_object(&w);
		}
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
	buf_add_char(out, '\n');
	return 1;
}
