/* view_planned.c - maintenances that are not over, and the window of one as people say it. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "clock.h"
#include "maintenance.h"
#include "template.h"
#include "words_time.h"

#define PLANNED_MAX 10 /* on the page; the calendar has all */

/* "Tue 24 Nov 16:00"; with the year where it is not this one. */
static char *moment_text(const struct view *v, struct arena *a, int64_t ms)
{
	struct clock_date d, today;

	clock_split(ms, &d);
	clock_split(v->today, &today);
	return words_date(
	    v->words, a, d.year == today.year ? "page.date_window" : "page.date_window_year", &d);
}

void view_set_window(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i)
{
	bool same_day = clock_day_start(i->scheduled_for) == clock_day_start(i->scheduled_until);
	struct clock_date until;

	view_set_time(values, a, v, "from", i->scheduled_for);
	view_set_time(values, a, v, "until", i->scheduled_until);
	tv_set(values, "from_text", moment_text(v, a, i->scheduled_for));
	tv_set(values, "gap", same_day ? "–" : " – ");
	clock_split(i->scheduled_until, &until);
	if (same_day)
		tv_printf(values, "until_text", "%02d:%02d UTC", until.hour, until.minute);
	else
		tv_printf(values, "until_text", "%s UTC", moment_text(v, a, i->scheduled_until));
}

static void set_newest_text(struct tv *t, const struct view_incident *i)
{
	for (size_t k = 0; k < i->n_updates; k++) {
		if (*i->updates[k].body == '\0')
			continue;
		view_set_markdown(tv_add(t, "text"), "body", i->updates[k].body);
		return;
	}
}

static void add_maintenance(
    struct tv *planned, struct arena *a, const struct view *v, const struct view_incident *i)
{
	const struct incident *row = &i->row;
	struct tv *t = tv_add(planned, "maintenance");

	tv_printf(t, "url", "%s/maintenance/%s/", v->root, row->id);
	tv_set(t, "name", row->name);
	tv_set(t, "status_word", view_status_label(v, row->status));
	view_set_window(t, a, v, row);
	if (maintenance_is_late(row, v->now))
		tv_add(t, "late");
	else
		view_set_time(tv_add(t, "ahead"), a, v, "from", row->scheduled_for);
	view_add_affected(t, v, i, "page.affected");
	set_newest_text(t, i);
}

/* The list has the latest first; here the next comes first.  What is at work stands further up,
 * among what happens now. */
void view_add_planned(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *planned = NULL;
	size_t shown = 0, left = 0;

	for (size_t i = v->n_maintenances; i > 0; i--) {
		const struct view_incident *x = &v->maintenances[i - 1];
		if (x->row.status != INCIDENT_SCHEDULED)
			continue;
		if (shown == PLANNED_MAX) {
			left++;
			continue;
		}
		shown++;
		if (planned == NULL)
			planned = tv_add(values, "planned");
		add_maintenance(planned, a, v, x);
	}
	if (left > 0)
		tv_set(tv_add(planned, "more"), "text",
		    words_count(v->words, a, "page.more_in_calendar", (int64_t)left, NULL));
}
