/* calendar.c - see calendar.h. */
#include "base.h"
#include "calendar.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "html.h"
#include "text.h"

#define LINE_MAX_OCTETS 75 /* RFC 5545 §3.1: without the line break */

/* ------------------------------------------------------------------ lines */

/* Ends a line: what stands in `line` goes out in pieces, each but the first behind a space. */
static void end_line(struct buf *out, struct buf *line)
{
	const char *s = line->data;
	size_t left = line->len, room = LINE_MAX_OCTETS;

	while (left > room) {
		size_t n = text_cut_bytes(s, left, room);
		buf_add(out, s, n);
		buf_add_str(out, "\r\n ");
		s += n;
		left -= n;
		room = LINE_MAX_OCTETS - 1;
	}
	buf_add(out, s, left);
	buf_add_str(out, "\r\n");
	buf_clear(line);
}

/* Line breaks of Unicode: some readers take them for ends of a line of the file. */
static bool is_line_break(const char *s, size_t len)
{
	static const char *const breaks[] = {"\n", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

	for (size_t i = 0; i < nelem(breaks); i++)
		if (strlen(breaks[i]) == len && memcmp(s, breaks[i], len) == 0)
			return true;
	return false;
}

/* A value of type TEXT (RFC 5545 §3.3.11); what may not stand in one becomes U+FFFD. */
static void escape(struct buf *out, const char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = text_step(s, left);
		if (n == 0 || text_has_control(s, n, true))
			buf_add_str(out, "\xef\xbf\xbd");
		else if (is_line_break(s, n))
			buf_add_str(out, "\\n");
		else if (*s == '\\' || *s == ';' || *s == ',')
			buf_printf(out, "\\%c", *s);
		else
			buf_add(out, s, n);
		n = n == 0 ? 1 : n;
		s += n;
		left -= n;
	}
}

struct writer {
	struct buf *out;
	struct buf line; /* the one being written, not yet folded */
};

static void put(struct writer *w, const char *name, const char *value)
{
	buf_printf(&w->line, "%s:%s", name, value);
	end_line(w->out, &w->line);
}

static void put_text(struct writer *w, const char *name, const char *text)
{
	buf_printf(&w->line, "%s:", name);
	escape(&w->line, text);
	end_line(w->out, &w->line);
}

static void put_time(struct writer *w, const char *name, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	buf_printf(&w->line, "%s:%04d%02d%02dT%02d%02d%02dZ", name, d.year, d.month, d.day, d.hour,
	    d.minute, d.second);
	end_line(w->out, &w->line);
}

/* ------------------------------------------------------------------ an event */

/* The host of an origin, without its port. */
static char *host_of(struct arena *a, const char *origin)
{
	const char *slashes = strstr(origin, "://");
	const char *host = slashes == NULL ? origin : slashes + 3;
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	return arena_copy(a, host, len < strlen(host) ? len : strlen(host));
}

static int64_t whole_minute(int64_t ms)
{
	return ms - ms % CLOCK_MINUTE;
}

/* As planned; from an early beginning on, and when it is completed, as it was.  What changes here is a change of the entry, so
 * each has to come with a raised sequence (maintenance_rules.c). */
static void window_of(const struct incident *i, int64_t *start, int64_t *end)
{
	*start = i->scheduled_for;
	*end = i->scheduled_until;
	if (i->begun_at != 0 && i->begun_at < i->scheduled_for)
		*start = whole_minute(i->begun_at);
	if (i->status == INCIDENT_COMPLETED && i->resolved_at != 0)
		*end = whole_minute(i->resolved_at);
	/* RFC 5545 §3.8.2.2: it has to end after it begins */
	if (*end <= *start)
		*end = *start + CLOCK_MINUTE;
}

static void add_affected(struct buf *b, const struct incident *i)
{
	bool any = false;

	for (size_t k = 0; k < i->n_components; k++) {
		if (i->components[k].hidden)
			continue;
		buf_add_str(b, any ? ", " : "Affected: ");
		buf_add_str(b, i->components[k].name);
		any = true;
	}
	if (any)
		buf_add_char(b, '\n');
}

static void add_update(struct buf *b, struct arena *a, const struct incident_update *u)
{
	const char *body = html_plain(a, u->body, strlen(u->body));

	buf_printf(
	    b, "\n%s · %s\n", incident_status_label(u->status), view_time_text(a, u->display_at));
	if (*body != '\0')
		buf_printf(b, "%s\n", body);
}

static void put_description(
    struct writer *w, struct arena *a, const struct view_incident *x, const char *url)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "Status: %s\n", incident_status_label(x->row.status));
	add_affected(&b, &x->row);
	for (size_t k = 0; k < x->n_updates; k++)
		add_update(&b, a, &x->updates[k]);
	/* not every calendar shows the property URL */
	buf_printf(&b, "\n%s", url);
	put_text(w, "DESCRIPTION", b.data);
	buf_release(&b);
}

/* A list of texts: its commas are not escaped, those inside of a name are. */
static void put_categories(struct writer *w, const struct incident *i)
{
	buf_add_str(&w->line, "CATEGORIES:Maintenance");
	for (size_t k = 0; k < i->n_components; k++) {
		if (i->components[k].hidden)
			continue;
		buf_add_char(&w->line, ',');
		escape(&w->line, i->components[k].name);
	}
	end_line(w->out, &w->line);
}

static void put_event(
    struct writer *w, struct arena *a, const struct view *v, const struct view_incident *x)
{
	const struct incident *i = &x->row;
	bool cancelled = i->status == INCIDENT_CANCELLED;
	const char *url = arena_printf(a, "%s/maintenance/%s/", v->site_url, i->id);
	int64_t start, end;

	window_of(i, &start, &end);
	put(w, "BEGIN", "VEVENT");
	put_text(w, "UID", arena_printf(a, "%s@%s", i->id, host_of(a, v->site_url)));
	put_time(w, "DTSTAMP", i->updated_at);
	put_time(w, "CREATED", i->created_at);
	put_time(w, "LAST-MODIFIED", i->updated_at);
	put_time(w, "DTSTART", start);
	put_time(w, "DTEND", end);
	put(w, "SEQUENCE", arena_printf(a, "%" PRId64, i->sequence));
	put(w, "STATUS", cancelled ? "CANCELLED" : "CONFIRMED");
	put_text(w, "SUMMARY", cancelled ? arena_printf(a, "Cancelled: %s", i->name) : i->name);
	put_description(w, a, x, url);
	put(w, "URL", url);
	put(w, "TRANSP", "TRANSPARENT");
	put_categories(w, i);
	put(w, "END", "VEVENT");
}

/* ------------------------------------------------------------------ the calendar */

/* A calendar has at least one component (RFC 5545 §3.6); where nothing was ever planned, this is it. */
static void put_zone(struct writer *w)
{
	put(w, "BEGIN", "VTIMEZONE");
	put(w, "TZID", "UTC");
	put(w, "BEGIN", "STANDARD");
	put(w, "DTSTART", "19700101T000000");
	put(w, "TZOFFSETFROM", "+0000");
	put(w, "TZOFFSETTO", "+0000");
	put(w, "END", "STANDARD");
	put(w, "END", "VTIMEZONE");
}

int calendar_draw(const struct view *v, struct arena *a, struct buf *out)
{
	struct writer w = {.out = out, .line = BUF_INIT};
	const char *name = arena_printf(a, "%s: maintenance", v->settings.site_name);

	put(&w, "BEGIN", "VCALENDAR");
	put(&w, "VERSION", "2.0");
	put(&w, "PRODID", "-//ATStatus//Maintenance//EN");
	put(&w, "CALSCALE", "GREGORIAN");
	put(&w, "METHOD", "PUBLISH");
	put_text(&w, "NAME", name);
	put_text(&w, "X-WR-CALNAME", name);
	put(&w, "URL", arena_printf(a, "%s/", v->site_url));
	put(&w, "SOURCE;VALUE=URI", arena_printf(a, "%s/maintenance.ics", v->site_url));
	put(&w, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
	put(&w, "X-PUBLISHED-TTL", "PT1H");
	for (size_t i = 0; i < v->n_maintenances; i++)
		put_event(&w, a, v, &v->maintenances[i]);
	if (v->n_maintenances == 0)
		put_zone(&w);
	put(&w, "END", "VCALENDAR");
	buf_release(&w.line);
	return 1;
}
