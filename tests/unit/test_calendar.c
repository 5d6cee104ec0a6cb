/* test_calendar.c - the calendar of maintenances: lines, values, and what an event says. */
#include "base.h"
#include "calendar.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "t.h"
#include "text.h"

/* 2026-11-24T16:00Z, planned for two hours */
#define WINDOW INT64_C(1795536000000)

static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;
static struct view_incident planned[2];
static struct incident_component components[3];
static struct incident_update updates[2];
static struct view view;

/* The structs of a view own their strings. */
static char *own(const char *s)
{
	return arena_strdup(&arena, s);
}

static void reset(void)
{
	planned[0] = (struct view_incident){
	    .row = {.id = own("mainten00001"),
		.name = own("Database"),
		.status = INCIDENT_SCHEDULED,
		.impact = IMPACT_MAINTENANCE,
		.impact_override = -1,
		.created_at = WINDOW - CLOCK_DAY,
		.updated_at = WINDOW - CLOCK_HOUR,
		.scheduled_for = WINDOW,
		.scheduled_until = WINDOW + 2 * CLOCK_HOUR,
		.sequence = 3},
	};
	planned[1] = planned[0];
	planned[1].row.id = own("mainten00002");
	view = (struct view){
	    .site_url = "https://status.example.com:8443",
	    .settings = {.site_name = own("Example")},
	    .maintenances = planned,
	    .n_maintenances = 1,
	};
}

static const char *draw(void)
{
	buf_clear(&out);
	t_int(calendar_draw(&view, &arena, &out), 1);
	t_ok(text_is_utf8(out.data, out.len));
	return out.data;
}

static bool has(const char *what)
{
	return strstr(out.data, what) != NULL;
}

/* The lines with their folds undone, each ended by one line feed. */
static char *unfolded(void)
{
	struct buf b = BUF_INIT;

	for (const char *s = out.data; *s != '\0'; s++) {
		if (strncmp(s, "\r\n ", 3) == 0)
			s += 2;
		else if (*s != '\r')
			buf_add_char(&b, *s);
	}
	char *text = buf_arena(&b, &arena);
	buf_release(&b);
	return text;
}

/* The value of the first line that begins so. */
static const char *value(const char *name)
{
	const char *s = strstr(unfolded(), arena_printf(&arena, "\n%s:", name));

	if (s == NULL)
		return "(none)";
	s += strlen(name) + 2;
	return arena_copy(&arena, s, strcspn(s, "\n"));
}

/* Every line ends in CR LF, has at most 75 octets, and is whole UTF-8 by itself. */
static void check_lines(void)
{
	const char *s = out.data;

	while (*s != '\0') {
		size_t len = strcspn(s, "\r\n");
		t_ok(len <= 75);
		t_ok(text_is_utf8(s, len) && !text_has_control(s, len, true));
		t_ok(strncmp(s + len, "\r\n", 2) == 0);
		s += len + 2;
	}
}

static void frame(void)
{
	t_case("a calendar that can be subscribed to, with its name and when to look again");
	reset();
	draw();
	check_lines();
	t_ok(strncmp(out.data, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//ATStatus//", 50) == 0);
	t_ok(has("\r\nMETHOD:PUBLISH\r\n"));
	t_str(value("NAME"), "Example: maintenance");
	t_str(value("X-WR-CALNAME"), "Example: maintenance");
	t_str(value("REFRESH-INTERVAL;VALUE=DURATION"), "PT1H");
	t_str(value("SOURCE;VALUE=URI"), "https://status.example.com:8443/maintenance.ics");
	t_ok(has("\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"));

	t_case("one event for each maintenance");
	view.n_maintenances = 2;
	draw();
	t_ok(has("\r\nUID:mainten00001@") && has("\r\nUID:mainten00002@"));

	t_case("without a maintenance it still holds a component");
	view.n_maintenances = 0;
	draw();
	t_ok(!has("VEVENT"));
	t_ok(has("\r\nBEGIN:VTIMEZONE\r\nTZID:UTC\r\n"));

	t_case("the moment of drawing shows nowhere");
	reset();
	char *first = own(draw());
	view.now = WINDOW + 40 * CLOCK_DAY;
	view.today = clock_day_start(view.now);
	t_str(draw(), first);
}

static void event(void)
{
	t_case("an event has times in UTC, its page, and an id from the host without its port");
	reset();
	draw();
	t_str(value("UID"), "mainten00001@status.example.com");
	t_str(value("DTSTAMP"), "20261124T150000Z");
	t_str(value("LAST-MODIFIED"), "20261124T150000Z");
	t_str(value("CREATED"), "20261123T160000Z");
	t_str(value("DTSTART"), "20261124T160000Z");
	t_str(value("DTEND"), "20261124T180000Z");
	t_str(value("SEQUENCE"), "3");
	t_str(value("STATUS"), "CONFIRMED");
	t_str(value("SUMMARY"), "Database");
	t_str(value("TRANSP"), "TRANSPARENT");
	t_ok(has("\r\nURL:https://status.example.com:8443/maintenance/mainten00001/\r\n"));

	t_case("the id of a site without a port, and of one that is an address");
	view.site_url = "http://localhost";
	draw();
	t_str(value("UID"), "mainten00001@localhost");
	view.site_url = "http://[2001:db8::1]:8080";
	draw();
	t_str(value("UID"), "mainten00001@[2001:db8::1]");

	t_case("a cancelled one stays, and says so");
	reset();
	planned[0].row.status = INCIDENT_CANCELLED;
	planned[0].row.resolved_at = WINDOW - CLOCK_HOUR;
	draw();
	t_str(value("STATUS"), "CANCELLED");
	t_str(value("SUMMARY"), "Cancelled: Database");
	t_str(value("DTEND"), "20261124T180000Z");
	t_str(value("UID"), "mainten00001@status.example.com");
}

static const char *window(enum incident_status status, int64_t begun, int64_t ended)
{
	reset();
	planned[0].row.status = status;
	planned[0].row.begun_at = begun;
	planned[0].row.resolved_at = ended;
	draw();
	return arena_printf(&arena, "%s %s", value("DTSTART"), value("DTEND"));
}

static void windows(void)
{
	const int64_t late = WINDOW + 3 * CLOCK_HOUR + 42 * CLOCK_SECOND;

	t_case("while it runs, the planned end stands, also when that has passed");
	t_str(window(INCIDENT_IN_PROGRESS, WINDOW + CLOCK_SECOND, 0),
	    "20261124T160000Z 20261124T180000Z");
	t_case("completed later or earlier, it ends when it ended, to the minute");
	t_str(window(INCIDENT_COMPLETED, WINDOW, late), "20261124T160000Z 20261124T190000Z");
	t_str(window(INCIDENT_COMPLETED, WINDOW, WINDOW + CLOCK_HOUR),
	    "20261124T160000Z 20261124T170000Z");
	t_case("begun early, it began when it began; and it never ends before");
	t_str(window(INCIDENT_IN_PROGRESS, WINDOW - CLOCK_HOUR, 0),
	    "20261124T150000Z 20261124T180000Z");
	t_str(window(INCIDENT_COMPLETED, WINDOW - CLOCK_HOUR, WINDOW - CLOCK_HOUR / 2),
	    "20261124T150000Z 20261124T153000Z");
	t_str(window(INCIDENT_COMPLETED, WINDOW, WINDOW), "20261124T160000Z 20261124T160100Z");
	t_str(
	    window(INCIDENT_COMPLETED, 0, WINDOW - CLOCK_DAY), "20261124T160000Z 20261124T160100Z");
}

static void texts(void)
{
	t_case("the description is plain text: state, components, each update, the page");
	reset();
	components[0] = (struct incident_component){.id = own("c1"), .name = own("API, v2")};
	components[1] =
	    (struct incident_component){.id = own("c2"), .name = own("Secret"), .hidden = true};
	components[2] = (struct incident_component){.id = own("c3"), .name = own("Web")};
	updates[0] = (struct incident_update){.status = INCIDENT_SCHEDULED,
	    .body = own("**Slow**; then\nfast."),
	    .display_at = WINDOW};
	planned[0].row.components = components;
	planned[0].row.n_components = 3;
	planned[0].updates = updates;
	planned[0].n_updates = 1;
	draw();
	check_lines();
	t_str(value("DESCRIPTION"),
	    "Status: Scheduled\\nAffected: API\\, v2\\, Web\\n\\nScheduled · 24 Nov 2026\\, "
	    "16:00 UTC\\nSlow\\; then fast.\\n\\n"
	    "https://status.example.com:8443/maintenance/mainten00001/");
	t_str(value("CATEGORIES"), "Maintenance,API\\, v2,Web");
	t_ok(strstr(unfolded(), "Secret") == NULL);

	t_case("backslash, semicolon, comma and every kind of line break are escaped");
	planned[0].row.name =
	    own("a\\b;c,d:\"e\"\nf\xc2\x85g\xe2\x80\xa8h\xe2\x80\xa9i\r\x01\xffj");
	draw();
	check_lines();
	t_str(value("SUMMARY"),
	    "a\\\\b\\;c\\,d:\"e\"\\nf\\ng\\nh\\ni\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdj");

	t_case("what an update's text hides as entities is as tame");
	updates[0].body = own("x&#1;y&#13;z\n\nBEGIN:VALARM");
	draw();
	check_lines();
	t_ok(strstr(value("DESCRIPTION"), "x\xef\xbf\xbdy\xef\xbf\xbdz\\nBEGIN:VALARM\\n") != NULL);
}

static void folds(void)
{
	static const char *const point[] = {"x", "ä", "€", "😀"};

	t_case("lines of every length are folded between code points and read back whole");
	reset();
	for (size_t p = 0; p < nelem(point); p++)
		for (size_t n = 1; n < 120; n++) {
			struct buf name = BUF_INIT;
			for (size_t i = 0; i < n; i++)
				buf_add_str(&name, point[p]);
			planned[0].row.name = name.data;
			draw();
			check_lines();
			t_str(value("SUMMARY"), name.data);
			buf_release(&name);
		}

	t_case("a line of exactly 75 octets stays one line");
	planned[0].row.name = arena_copy(
	    &arena, "a name of sixty-seven octets so that its line is full to the very end", 67);
	draw();
	t_ok(has(arena_printf(&arena, "\r\nSUMMARY:%s\r\n", planned[0].row.name)));
	planned[0].row.name = arena_printf(&arena, "%s!", planned[0].row.name);
	draw();
	t_ok(has("\r\n !\r\n"));
}

int main(void)
{
	frame();
	event();
	windows();
	texts();
	folds();
	buf_release(&out);
	arena_release(&arena);
	return t_end();
}
