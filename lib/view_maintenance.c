/* view_maintenance.c - the page of one maintenance: what is planned, what happens, how it went. */
#include "base.h"
#include "view_parts.h"

#include "announce.h"
#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "maintenance.h"
#include "template.h"

/* ------------------------------------------------------------------ headline */

static void set_ahead(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	struct tv *ahead = tv_add(values, "ahead");
	const char *word = incident_status_label(i->status);
	bool scheduled = i->status == INCIDENT_SCHEDULED;

	tv_set(ahead, "name", i->name);
	tv_set(ahead, "after", "");
	if (scheduled && maintenance_is_late(i, v->now)) {
		tv_set(ahead, "before", "It was planned for");
		tv_set(ahead, "after", " and has not begun.");
	} else if (scheduled) {
		tv_set(ahead, "before", "Scheduled for");
	} else if (maintenance_is_late(i, v->now)) {
		tv_printf(ahead, "before", "%s. It was to end at", word);
		tv_set(ahead, "after", " and goes on.");
	} else {
		tv_printf(ahead, "before", "%s, until", word);
	}
	view_set_time(ahead, a, "at", scheduled ? i->scheduled_for : i->scheduled_until);
}

char *view_maintenance_end(struct arena *a, const struct incident *i)
{
	const char *word = incident_status_label(i->status);

	if (i->begun_at == 0 || i->resolved_at <= i->begun_at)
		return arena_strdup(a, word);
	return arena_printf(
	    a, "%s after %s", word, announce_duration(a, i->resolved_at - i->begun_at));
}

static void set_over(struct tv *values, struct arena *a, const struct incident *i)
{
	struct tv *over = tv_add(values, "over");

	tv_set(over, "name", i->name);
	tv_set(over, "state",
	    i->status == INCIDENT_CANCELLED ? "none"
					    : component_status_word(COMPONENT_OPERATIONAL));
	tv_set(over, "sentence", view_maintenance_end(a, i));
}

/* ------------------------------------------------------------------ facts */

/* "5 minutes earlier than planned", counted in the minutes that are shown. */
static void add_off_plan(struct tv *fact, struct arena *a, int64_t at, int64_t planned)
{
	int64_t minutes = at / CLOCK_MINUTE - planned / CLOCK_MINUTE;

	if (minutes != 0)
		tv_printf(tv_add(fact, "off_plan"), "text", "%s %s than planned",
		    announce_duration(a, (minutes > 0 ? minutes : -minutes) * CLOCK_MINUTE),
		    minutes > 0 ? "later" : "earlier");
}

static void add_moment(
    struct tv *values, struct arena *a, const char *word, int64_t at, int64_t planned)
{
	struct tv *fact = tv_add(values, "moment");

	tv_set(fact, "word", word);
	view_set_time(fact, a, "at", at);
	if (planned != 0)
		add_off_plan(fact, a, at, planned);
}

static void set_facts(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	bool over = i->resolved_at != 0, cancelled = i->status == INCIDENT_CANCELLED;

	tv_set(values, "planned_word", over ? "Was planned for" : "Planned for");
	view_set_window(values, a, v, i);
	if (i->begun_at != 0)
		add_moment(values, a, "Began", i->begun_at, i->scheduled_for);
	if (over)
		add_moment(values, a, incident_status_label(i->status), i->resolved_at,
		    cancelled ? 0 : i->scheduled_until);
	else
		tv_add(values, "calendar");
	if (i->begun_at == 0)
		tv_set(tv_add(values, "length"), "duration_text",
		    announce_duration(a, i->scheduled_until - i->scheduled_for));
}

static const char *affected_label(const struct incident *i)
{
	if (i->status == INCIDENT_SCHEDULED)
		return "Will be affected";
	if (i->resolved_at == 0)
		return "Affected";
	return i->begun_at == 0 ? "Was to be affected" : "Was affected";
}

/* ------------------------------------------------------------------ the page */

int view_draw_maintenance(
    const struct view *v, const struct view_incident *x, struct arena *a, struct buf *out)
{
	const struct incident *i = &x->row;
	struct tv *values = tv_new(a);
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(a, "%s · %s", i->name, view_site_title(v, a)),
	    .description = arena_printf(a, "%s: %s, planned for %s", i->name,
		incident_status_label(i->status), view_time_text(a, i->scheduled_for)),
	    .path = arena_printf(a, "/maintenance/%s/", i->id),
	    .main = &main,
	};
	int rc;

	tv_set(values, "site_name", v->settings.site_name);
	if (i->resolved_at == 0)
		set_ahead(values, a, v, i);
	else
		set_over(values, a, i);
	set_facts(values, a, v, i);
	view_add_affected(values, x, affected_label(i));
	rc = view_set_page_timeline(values, a, x);
	if (rc == 1)
		rc = view_render(VIEW_MAINTENANCE, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
