/* desk_window.c - when a maintenance is: its times, switches and reminders in forms and in words. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "maintenance.h"
#include "zone.h"

const char *const desk_reminder_words[DESK_REMINDER__MAX] = {"10080", "1440", "60", "15"};
const char *const desk_extension_words[DESK_EXTENSION__MAX] = {"30", "60", "120"};

char *desk_minutes_text(struct arena *a, int64_t minutes)
{
	const int64_t hour = 60, day = 24 * hour;

	if (minutes % day == 0 && minutes > day)
		return desk_count(a, minutes / day, "day", "days");
	if (minutes % hour == 0)
		return desk_count(a, minutes / hour, "hour", "hours");
	return desk_count(a, minutes, "minute", "minutes");
}

char *desk_window_text(struct desk *d, int64_t from, int64_t until)
{
	const char *zone = d->settings.time_zone;
	char first[ZONE_SHORT_SIZE], last[ZONE_SHORT_SIZE];
	struct clock_date x, y;

	zone_split(zone, from, &x, first);
	zone_split(zone, until, &y, last);
	char *begin = desk_time_text(d, from);
	if (x.year != y.year || x.month != y.month || x.day != y.day || strcmp(first, last) != 0)
		return arena_printf(d->arena, "%s – %s", begin, desk_time_text(d, until));
	/* the same day: its name and the zone once */
	return arena_printf(d->arena, "%.*s–%02d:%02d %s", (int)(strlen(begin) - strlen(first) - 1),
	    begin, y.hour, y.minute, last);
}

/* ------------------------------------------------------------------ the two times */

/* was_ms: what is stored, 0 where nothing is.  What came as it was drawn is no wish: somebody may have
 * moved the maintenance since. */
static int64_t take_time(
    struct desk *d, struct form *form, int field, int64_t was_ms, const char *missing)
{
	const struct form_value *v = &form->values[field];
	const struct form_value *drawn =
	    &form->values[field == DESK_F_FOR ? DESK_F_FOR_WAS : DESK_F_UNTIL_WAS];
	const char *name = desk_incident_fields[field].name;
	char local[ZONE_LOCAL_LEN + 1] = "";
	int64_t ms = 0;

	if (was_ms != 0)
		zone_format_local(d->settings.time_zone, was_ms, local);
	if (v->ok && v->len > 0 &&
	    strcmp(v->text, drawn->ok && drawn->len > 0 ? drawn->text : local) == 0)
		return 0;
	if (!v->ok || v->len == 0) {
		if (was_ms == 0)
			form_add_error(d->arena, form, name, "%s", missing);
		return 0;
	}
	if (!zone_parse_local(d->settings.time_zone, v->text, v->len, &ms))
		form_add_error(d->arena, form, name,
		    "There is no such time. Write it as 2026-11-23T16:00; where clocks go forward "
		    "an"
		    " hour is left out.");
	return ms;
}

void desk_take_window(
    struct desk *d, struct form *form, const struct incident *was, struct incident_posting *p)
{
	int64_t from = was == NULL ? 0 : was->scheduled_for;
	int64_t until = was == NULL ? 0 : was->scheduled_until;

	p->scheduled_for = take_time(d, form, DESK_F_FOR, from, "Say when it begins.");
	p->scheduled_until = take_time(d, form, DESK_F_UNTIL, until, "Say when it ends.");
}

static void set_time(struct desk *d, struct tv *t, const struct form *form, int field, int64_t ms)
{
	char local[ZONE_LOCAL_LEN + 1] = "";

	if (ms != 0)
		zone_format_local(d->settings.time_zone, ms, local);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[field],
	    desk_incident_fields[field].name, local, true);
	/* after a refusal what was drawn first: only against that a wish can be told */
	const struct form_value *drawn =
	    form == NULL ? NULL
			 : &form->values[field == DESK_F_FOR ? DESK_F_FOR_WAS : DESK_F_UNTIL_WAS];
	tv_set(t, field == DESK_F_FOR ? "for_was" : "until_was",
	    drawn != NULL && drawn->ok ? drawn->text : local);
}

int desk_set_window(
    struct desk *d, struct tv *t, const struct form *form, const struct incident *was)
{
	struct tv *part = tv_new(d->arena);
	/* what has begun begins no more */
	bool begun = was != NULL && was->begun_at != 0;

	tv_set(part, "zone", d->settings.time_zone);
	set_time(d, begun ? part : tv_add(part, "start"), form, DESK_F_FOR,
	    was == NULL ? 0 : was->scheduled_for);
	set_time(d, part, form, DESK_F_UNTIL, was == NULL ? 0 : was->scheduled_until);
	return desk_set_part(t, "window", DESK_WINDOW_PART, part);
}

/* ------------------------------------------------------------------ switches and reminders */

static bool is_offered(int64_t minutes)
{
	for (size_t i = 0; i < DESK_REMINDER__MAX; i++)
		if (strtoll(desk_reminder_words[i], NULL, 10) == minutes)
			return true;
	return false;
}

/* The reminders as they are; of a new one the usual ones. */
static int reminders_of(struct desk *d, const struct incident *was, int64_t **minutes, size_t *n)
{
	static const int64_t usual[] = MAINTENANCE_REMINDERS_DEFAULT;

	if (was != NULL)
		return maintenance_reminders(d->db, d->arena, was->id, minutes, n);
	*n = nelem(usual);
	*minutes = arena_array(d->arena, *n, sizeof **minutes);
	memcpy(*minutes, usual, sizeof usual);
	return 1;
}

int desk_take_planning(
    struct desk *d, const struct form *form, const struct incident *was, struct incident_posting *p)
{
	const struct form_value *v = form->values;
	int64_t *old = NULL, *minutes;
	size_t n_old = 0, n = 0;

	p->auto_start = v[DESK_F_AUTO_START].truth;
	p->auto_end = v[DESK_F_AUTO_END].truth;
	if (was != NULL && reminders_of(d, was, &old, &n_old) < 0)
		return -1;
	minutes = arena_array(d->arena, n_old + v[DESK_F_REMINDERS].count, sizeof *minutes);
	for (size_t i = 0; v[DESK_F_REMINDERS].ok && i < v[DESK_F_REMINDERS].count; i++)
		minutes[n++] =
		    strtoll(desk_reminder_words[v[DESK_F_REMINDERS].members[i].choice], NULL, 10);
	/* those that the form does not show were set by a program */
	for (size_t i = 0; i < n_old; i++)
		if (!is_offered(old[i]))
			minutes[n++] = old[i];
	p->set_reminders = true;
	p->reminders = minutes;
	p->n_reminders = n;
	return 1;
}

static bool is_chosen(const struct form *form, size_t choice, const int64_t *minutes, size_t n)
{
	const struct form_value *v = form == NULL ? NULL : &form->values[DESK_F_REMINDERS];

	for (size_t i = 0; v != NULL && v->ok && i < v->count; i++)
		if (v->members[i].choice == choice)
			return true;
	for (size_t i = 0; v == NULL && i < n; i++)
		if (minutes[i] == strtoll(desk_reminder_words[choice], NULL, 10))
			return true;
	return false;
}

int desk_set_planning(
    struct desk *d, struct tv *t, const struct form *form, const struct incident *was)
{
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct tv *part = tv_new(d->arena);
	int64_t *minutes;
	size_t n;

	if (reminders_of(d, was, &minutes, &n) < 0)
		return -1;
	desk_set_flag(part, "auto_start", " checked",
	    v != NULL ? v[DESK_F_AUTO_START].truth : was == NULL || was->auto_start);
	desk_set_flag(part, "auto_end", " checked",
	    v != NULL ? v[DESK_F_AUTO_END].truth : was == NULL || was->auto_end);
	for (size_t i = 0; i < DESK_REMINDER__MAX; i++) {
		struct tv *r = tv_add(part, "reminder");
		tv_set(r, "value", desk_reminder_words[i]);
		tv_set(r, "word",
		    desk_minutes_text(d->arena, strtoll(desk_reminder_words[i], NULL, 10)));
		desk_set_flag(r, "checked", " checked", is_chosen(form, i, minutes, n));
	}
	desk_set_state(part, form, "reminders", true);
	tv_set(part, "told",
	    d->settings.push_enabled && d->settings.trigger[TRIGGER_MAINTENANCE_REMINDER]
		? "Subscribers are reminded so long before it begins."
		: "Nobody is reminded just now: Settings → Notifications has reminders switched "
		  "off.");
	return desk_set_part(t, "planning", DESK_PLANNING_PART, part);
}
