/* view_maintenance.c - the page of one maintenance: what is planned, what happens, how it went. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "maintenance.h"
#include "template.h"
#include "words_time.h"

/* ------------------------------------------------------------------ headline */

/* What is said around the time: of a text with a bar, which may have the status in it. */
static void set_around(struct tv *ahead, struct arena *a, const struct view *v,
    const struct incident *i, const char *text)
{
	char *said = words_fill(
	    v->words, a, text, WORDS_VALUES({"status", view_status_label(v, i->status)}));
	char *bar = strchr(said, '|');

	tv_set(ahead, "after", bar == NULL ? "" : bar + 1);
	if (bar != NULL)
		*bar = '\0';
	tv_set(ahead, "before", said);
}

static void set_ahead(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	struct tv *ahead = tv_add(values, "ahead");
	bool scheduled = i->status == INCIDENT_SCHEDULED, late = maintenance_is_late(i, v->now);

	tv_set(ahead, "name", i->name);
	if (scheduled)
		set_around(ahead, a, v, i, late ? "page.planned_not_begun" : "page.scheduled_for");
	else
		set_around(ahead, a, v, i, late ? "page.goes_on" : "page.status_until");
	view_set_time(ahead, a, v, "at", scheduled ? i->scheduled_for : i->scheduled_until);
}

char *view_maintenance_end(const struct view *v, struct arena *a, const struct incident *i)
{
	const char *word = view_status_label(v, i->status);
	char *duration;

	if (i->begun_at == 0 || i->resolved_at <= i->begun_at)
		return arena_strdup(a, word);
	duration = words_duration(v->words, a, i->resolved_at - i->begun_at);
	return words_fill(v->words, a, "page.status_after",
	    WORDS_VALUES({"status", word}, {"duration", duration}));
}

static void set_over(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	struct tv *over = tv_add(values, "over");

	tv_set(over, "name", i->name);
	tv_set(over, "state",
	    i->status == INCIDENT_CANCELLED ? "none"
					    : component_status_word(COMPONENT_OPERATIONAL));
	tv_set(over, "sentence", view_maintenance_end(v, a, i));
}

/* ------------------------------------------------------------------ facts */

/* "5 minutes earlier than planned", counted in the minutes that are shown. */
static void add_off_plan(
    struct tv *fact, struct arena *a, const struct view *v, int64_t at, int64_t planned)
{
	int64_t minutes = at / CLOCK_MINUTE - planned / CLOCK_MINUTE;

	if (minutes != 0)
		tv_set(tv_add(fact, "off_plan"), "text",
		    view_after(v, a, minutes > 0 ? "page.later" : "page.earlier",
			(minutes > 0 ? minutes : -minutes) * CLOCK_MINUTE));
}

static void add_moment(struct tv *values, struct arena *a, const struct view *v, const char *word,
    int64_t at, int64_t planned)
{
	struct tv *fact = tv_add(values, "moment");

	tv_set(fact, "word", word);
	view_set_time(fact, a, v, "at", at);
	if (planned != 0)
		add_off_plan(fact, a, v, at, planned);
}

static void set_facts(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	bool over = i->resolved_at != 0, cancelled = i->status == INCIDENT_CANCELLED;

	tv_set(values, "planned_word",
	    words_say(v->words, over ? "page.was_planned" : "page.planned"));
	view_set_window(values, a, v, i);
	if (i->begun_at != 0)
		add_moment(
		    values, a, v, words_say(v->words, "page.begun"), i->begun_at, i->scheduled_for);
	if (over)
		add_moment(values, a, v, view_status_label(v, i->status), i->resolved_at,
		    cancelled ? 0 : i->scheduled_until);
	else
		tv_add(values, "calendar");
	if (i->begun_at == 0)
		tv_set(tv_add(values, "length"), "duration_text",
		    words_duration(v->words, a, i->scheduled_until - i->scheduled_for));
}

static const char *affected_label(const struct incident *i)
{
	if (i->status == INCIDENT_SCHEDULED)
		return "page.will_be_affected";
	if (i->resolved_at == 0)
		return "page.affected";
	return i->begun_at == 0 ? "page.was_to_be_affected" : "page.was_affected";
}

/* ------------------------------------------------------------------ the page */

int view_draw_maintenance(
    const struct view *v, const struct view_incident *x, struct arena *a, struct buf *out)
{
	const struct incident *i = &x->row;
	struct tv *values = view_values(v, a);
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(a, "%s · %s", i->name, view_site_title(v, a)),
	    .description = words_fill(v->words, a, "page.planned_description",
		WORDS_VALUES({"name", i->name}, {"status", view_status_label(v, i->status)},
		    {"time", view_moment_text(v, a, i->scheduled_for)})),
	    .path = arena_printf(a, "/maintenance/%s/", i->id),
	    .main = &main,
	};
	int rc;

	tv_set(values, "site_name", v->settings.site_name);
	if (i->resolved_at == 0)
		set_ahead(values, a, v, i);
	else
		set_over(values, a, v, i);
	set_facts(values, a, v, i);
	view_add_affected(values, v, x, affected_label(i));
	rc = view_set_page_timeline(values, a, v, x);
	if (rc == 1)
		rc = view_render(VIEW_MAINTENANCE, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
