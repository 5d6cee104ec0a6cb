/* test_feed.c - the three feeds: which entries, in which order, what they say, and that nothing a
 * person wrote can break them. */
#include "base.h"
#include "feed.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "t.h"
#include "text.h"

/* 2026-11-23T14:02:03.000Z, a Monday */
#define NOW INT64_C(1795442523000)
/* 2026-11-24T16:00Z */
#define WINDOW INT64_C(1795536000000)

static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;

static struct view_incident incidents[VIEW_LATEST + 20], maintenances[VIEW_LATEST + 20];
static struct incident_update updates[4];
static struct incident_component components[3];

/* The structs of a view own their strings. */
static char *own(const char *s)
{
	return arena_strdup(&arena, s);
}

static struct view world(void)
{
	return (struct view){
	    .site_url = "https://status.example.com",
	    .settings = {.site_name = own("Example & Co"), .content_at = NOW - CLOCK_HOUR},
	    .incidents = incidents,
	    .maintenances = maintenances,
	    .now = NOW,
	    .today = clock_day_start(NOW),
	};
}

static struct incident_update update(enum incident_status status, const char *body, int64_t at)
{
	return (struct incident_update){
	    .id = own("update000000"),
	    .status = status,
	    .body = own(body),
	    .created_at = at,
	    .updated_at = at,
	    .display_at = at,
	};
}

static struct view_incident incident(const char *id, const char *name, int64_t at)
{
	return (struct view_incident){
	    .row = {.id = own(id),
		.name = own(name),
		.status = INCIDENT_INVESTIGATING,
		.impact = IMPACT_MAJOR,
		.impact_override = -1,
		.created_at = at,
		.started_at = at,
		.updated_at = at},
	};
}

static struct view_incident maintenance(const char *id, const char *name, int64_t at)
{
	struct view_incident x = incident(id, name, at);

	x.row.status = INCIDENT_SCHEDULED;
	x.row.impact = IMPACT_MAINTENANCE;
	x.row.scheduled_for = WINDOW;
	x.row.scheduled_until = WINDOW + 2 * CLOCK_HOUR;
	return x;
}

static const char *draw(view_draw *f, const struct view *v)
{
	buf_clear(&out);
	t_int(f(v, &arena, &out), 1);
	t_ok(text_is_utf8(out.data, out.len));
	return out.data;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *s = text; (s = strstr(s, what)) != NULL; s += strlen(what))
		n++;
	return n;
}

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

static bool before(const char *text, const char *first, const char *second)
{
	const char *x = strstr(text, first), *y = strstr(text, second);

	return x != NULL && y != NULL && x < y;
}

/* The value of `name` in the k-th item of the JSON feed that stands in out. */
static const char *item(size_t k, const char *name)
{
	const struct json *doc;
	const char *error, *value;

	if (!json_parse(&arena, out.data, out.len, 8, &doc, &error))
		return error;
	value = json_string(json_get(json_at(json_get(doc, "items"), k, NULL), name), NULL);
	return value == NULL ? "(none)" : value;
}

static const char *title_of(struct view_incident x)
{
	struct view v = world();

	v.incidents = v.maintenances = &x;
	v.n_incidents = !incident_is_maintenance(&x.row);
	v.n_maintenances = incident_is_maintenance(&x.row);
	draw(feed_draw_json, &v);
	return item(0, "title");
}

/* ------------------------------------------------------------------ entries */

static void titles(void)
{
	struct view_incident x = incident("incident0001", "Checkout is failing", NOW);

	t_case("the title says state and name, of a maintenance also when");
	t_str(title_of(x), "Investigating: Checkout is failing");
	x.row.status = INCIDENT_RESOLVED;
	t_str(title_of(x), "Resolved: Checkout is failing");
	x = maintenance("mainten00001", "Database", NOW);
	t_str(title_of(x), "Scheduled maintenance: Database, 24 Nov 2026 16:00–18:00 UTC");
	x.row.status = INCIDENT_IN_PROGRESS;
	t_str(title_of(x), "Maintenance in progress: Database, 24 Nov 2026 16:00–18:00 UTC");
	x.row.status = INCIDENT_VERIFYING;
	t_str(title_of(x), "Maintenance being verified: Database, 24 Nov 2026 16:00–18:00 UTC");
	x.row.status = INCIDENT_COMPLETED;
	t_str(title_of(x), "Maintenance completed: Database, 24 Nov 2026 16:00–18:00 UTC");
	x.row.status = INCIDENT_CANCELLED;
	t_str(title_of(x), "Maintenance cancelled: Database, 24 Nov 2026 16:00–18:00 UTC");

	t_case("a window over midnight names both days");
	x.row.status = INCIDENT_SCHEDULED;
	x.row.scheduled_until = WINDOW + 9 * CLOCK_HOUR;
	t_str(title_of(x),
	    "Scheduled maintenance: Database, 24 Nov 2026 16:00 – 25 Nov 2026 01:00 UTC");
}

static void identity(void)
{
	struct view v = world();
	char *first;

	t_case("id and address of an entry are its page's, and stay when it changes");
	incidents[0] = incident("incident0001", "Checkout is failing", NOW - CLOCK_DAY);
	maintenances[0] = maintenance("mainten00001", "Database", NOW - CLOCK_HOUR);
	v.n_incidents = v.n_maintenances = 1;
	first = own(draw(feed_draw_atom, &v));
	t_ok(has(first, "<id>https://status.example.com/incidents/incident0001/</id>"));
	t_ok(has(first, "<id>https://status.example.com/maintenance/mainten00001/</id>"));
	t_ok(before(first, "mainten00001", "incident0001"));
	t_ok(has(first, "<updated>2026-11-23T13:02:03.000Z</updated>\n<link rel=\"self\""));

	t_case("a change of an entry changes its date of change alone, and brings it to the top");
	incidents[0].row.updated_at = NOW;
	incidents[0].row.status = INCIDENT_RESOLVED;
	draw(feed_draw_atom, &v);
	t_ok(has(out.data, "<id>https://status.example.com/incidents/incident0001/</id>\n"
			   "<title>Resolved: Checkout is failing</title>\n"
			   "<published>2026-11-22T14:02:03.000Z</published>\n"
			   "<updated>2026-11-23T14:02:03.000Z</updated>\n"));
	t_ok(before(out.data, "incident0001", "mainten00001"));
	t_ok(has(out.data, "<updated>2026-11-23T14:02:03.000Z</updated>\n<link rel=\"self\""));

	t_case("what was edited of an update is a change of the entry");
	updates[0] = update(INCIDENT_INVESTIGATING, "Text.", NOW - CLOCK_DAY);
	updates[0].updated_at = NOW + CLOCK_MINUTE;
	incidents[0].updates = updates;
	incidents[0].n_updates = 1;
	draw(feed_draw_json, &v);
	t_str(item(0, "date_modified"), "2026-11-23T14:03:03.000Z");
	t_str(item(0, "date_published"), "2026-11-22T14:02:03.000Z");
	t_ok(has(item(0, "content_html"), "22 Nov 2026, 14:02 UTC</time> (edited)</p>"));
	t_ok(!has(item(1, "content_html"), "edited"));
}

static void choice(void)
{
	struct view v = world();

	t_case(
	    "at most VIEW_LATEST incidents, the first of the view, whatever changed in the rest");
	for (size_t i = 0; i < nelem(incidents); i++)
		incidents[i] =
		    incident(arena_printf(&arena, "incident%04zu", i), "I", NOW - i * CLOCK_HOUR);
	incidents[VIEW_LATEST].row.updated_at = NOW + CLOCK_HOUR;
	v.n_incidents = nelem(incidents);
	draw(feed_draw_atom, &v);
	t_int(count(out.data, "<entry>"), VIEW_LATEST);
	t_ok(has(out.data, "incident0049") && !has(out.data, "incident0050"));

	t_case("at most VIEW_LATEST maintenances, those that changed last");
	for (size_t i = 0; i < nelem(maintenances); i++)
		maintenances[i] = maintenance(
		    arena_printf(&arena, "mainten0%04zu", i), "M", NOW - i * CLOCK_HOUR);
	maintenances[VIEW_LATEST + 5].row.updated_at = NOW + CLOCK_HOUR;
	v.n_maintenances = nelem(maintenances);
	draw(feed_draw_rss, &v);
	t_int(count(out.data, "<item>"), 2 * VIEW_LATEST);
	t_ok(has(out.data, "mainten00055") && has(out.data, "mainten00048"));
	t_ok(!has(out.data, "mainten00049") && !has(out.data, "mainten00050"));
	t_ok(before(out.data, "mainten00055", "incident0000"));

	t_case("the moment of drawing shows nowhere");
	view_draw *const all[] = {feed_draw_atom, feed_draw_rss, feed_draw_json};
	for (size_t i = 0; i < nelem(all); i++) {
		struct view later = v;
		char *first = own(draw(all[i], &v));
		later.now += 40 * CLOCK_DAY;
		later.today += 40 * CLOCK_DAY;
		t_str(draw(all[i], &later), first);
	}
}

/* ------------------------------------------------------------------ content */

static void content(void)
{
	struct view v = world();

	t_case("the content is the whole timeline, newest first, with state and time of each");
	updates[0] = update(INCIDENT_RESOLVED, "All is **well**.", NOW);
	updates[1] = update(INCIDENT_INVESTIGATING, "", NOW - CLOCK_HOUR);
	updates[2] = update(INCIDENT_INVESTIGATING, "We look.\n\nAnd look.", NOW - CLOCK_DAY);
	incidents[0] = incident("incident0001", "Checkout", NOW - CLOCK_DAY);
	incidents[0].updates = updates;
	incidents[0].n_updates = 3;
	v.n_incidents = 1;
	draw(feed_draw_json, &v);
	t_str(item(0, "content_html"),
	    "<p><strong>Resolved</strong> · <time datetime=\"2026-11-23T14:02:03.000Z\">"
	    "23 Nov 2026, 14:02 UTC</time></p>\n<p>All is <strong>well</strong>.</p>\n"
	    "<p><strong>Investigating</strong> · <time datetime=\"2026-11-22T14:02:03.000Z\">"
	    "22 Nov 2026, 14:02 UTC</time></p>\n<p>We look.</p>\n<p>And look.</p>\n");

	t_case("components that are affected are named, hidden ones never");
	components[0] = (struct incident_component){.id = own("c1"), .name = own("A <b> & co")};
	components[1] =
	    (struct incident_component){.id = own("c2"), .name = own("Secret"), .hidden = true};
	components[2] = (struct incident_component){.id = own("c3"), .name = own("Web")};
	maintenances[0] = maintenance("mainten00001", "Database", NOW + CLOCK_HOUR);
	maintenances[0].row.components = components;
	maintenances[0].row.n_components = 3;
	v.n_maintenances = 1;
	draw(feed_draw_json, &v);
	t_str(item(0, "content_html"),
	    "<p><strong>Planned:</strong> 24 Nov 2026 16:00–18:00 UTC</p>\n"
	    "<p><strong>Affected:</strong> A &lt;b&gt; &amp; co, Web</p>\n");
	t_ok(!has(draw(feed_draw_atom, &v), "Secret"));
	t_ok(!has(draw(feed_draw_rss, &v), "Secret"));
	components[0].hidden = components[2].hidden = true;
	draw(feed_draw_json, &v);
	t_ok(!has(out.data, "Affected"));
}

/* No byte sequence that XML 1.0 §2.2 forbids, and no bracket but of the formats' own tags. */
static void check_xml(const char *xml)
{
	size_t left = strlen(xml);

	t_ok(!has(xml, "\xef\xbf\xbe") && !has(xml, "\xef\xbf\xbf"));
	for (const char *s = xml; left > 0; s++, left--)
		t_ok((unsigned char)*s >= 0x20 || *s == '\n' || *s == '\t');
	t_ok(!has(xml, "<script") && !has(xml, "]]>") && !has(xml, "<!"));
}

static void hostile(void)
{
	static const char text[] = "]]> <script>alert(1)</script> <!-- \" ' & &#1; &#xFFFE; \x01 "
				   "\xef\xbf\xbf \xef\xbf\xbe\xef\xbf \xff \xef";
	struct view v = world();

	t_case("nothing that a person wrote breaks the XML");
	updates[0] = update(INCIDENT_IDENTIFIED, text, NOW);
	incidents[0] = incident("incident0001", text, NOW);
	incidents[0].updates = updates;
	incidents[0].n_updates = 1;
	components[0] = (struct incident_component){.id = own("c1"), .name = own(text)};
	incidents[0].row.components = components;
	incidents[0].row.n_components = 1;
	v.settings.site_name = own(text);
	v.n_incidents = 1;
	check_xml(draw(feed_draw_atom, &v));
	t_ok(has(out.data,
	    "<title>Investigating: ]]&gt; &lt;script&gt;alert(1)&lt;/script&gt; &lt;!-- "
	    "&quot; &#39; &amp; &amp;#1; &amp;#xFFFE; "));
	t_ok(has(out.data, "\n&lt;p&gt;]]&amp;gt; &amp;lt;script&amp;gt;alert(1)&amp;lt;/script"));
	check_xml(draw(feed_draw_rss, &v));
	draw(feed_draw_json, &v);
	t_ok(has(out.data, "\"title\":\"Investigating: ]]> \\u003cscript>alert(1)\\u003c/script>"));
	t_ok(has(out.data, "\\u003cp>]]&gt; &lt;script&gt;alert(1)&lt;/script&gt;"));
}

/* ------------------------------------------------------------------ formats */

static void formats(void)
{
	struct view v = world();

	incidents[0] = incident("incident0001", "Checkout", NOW);
	v.n_incidents = 1;
	t_case("Atom: who, where, what it is about");
	draw(feed_draw_atom, &v);
	t_ok(has(out.data, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			   "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n"
			   "<id>https://status.example.com/</id>\n"
			   "<title>Example &amp; Co: incidents and maintenance</title>\n"));
	t_ok(has(out.data, "<link rel=\"self\" type=\"application/atom+xml\" "
			   "href=\"https://status.example.com/feed.atom\"/>\n"
			   "<link rel=\"alternate\" type=\"text/html\" "
			   "href=\"https://status.example.com/\"/>\n"));
	t_ok(has(out.data, "<author>\n<name>Example &amp; Co</name>\n"));
	t_ok(has(out.data, "<category term=\"incident\"/>\n<category term=\"investigating\"/>\n"
			   "<category term=\"major\"/>\n<content type=\"html\">"));

	t_case("RSS: dates of RFC 822, the address as guid, the feed's date is the newest change");
	draw(feed_draw_rss, &v);
	t_ok(has(out.data, "<lastBuildDate>Mon, 23 Nov 2026 14:02:03 GMT</lastBuildDate>\n"
			   "<atom:link rel=\"self\" type=\"application/rss+xml\" "
			   "href=\"https://status.example.com/feed.rss\"/>\n"));
	t_ok(has(out.data,
	    "<guid isPermaLink=\"true\">https://status.example.com/incidents/incident0001/</guid>\n"
	    "<pubDate>Mon, 23 Nov 2026 14:02:03 GMT</pubDate>\n"));

	t_case("JSON Feed: version, addresses and tags");
	draw(feed_draw_json, &v);
	t_ok(has(out.data, "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":"));
	t_ok(has(out.data, "\"home_page_url\":\"https://status.example.com/\","
			   "\"feed_url\":\"https://status.example.com/feed.json\""));
	t_ok(has(out.data, "\"tags\":[\"incident\",\"investigating\",\"major\"]"));
	t_str(item(0, "id"), "https://status.example.com/incidents/incident0001/");
	t_str(item(0, "url"), item(0, "id"));

	t_case("without any entry the feeds are whole, and as old as the page's last change");
	v.n_incidents = 0;
	t_ok(has(draw(feed_draw_atom, &v), "<updated>2026-11-23T13:02:03.000Z</updated>"));
	t_ok(has(out.data, "</author>\n</feed>\n"));
	t_ok(has(draw(feed_draw_rss, &v),
	    "href=\"https://status.example.com/feed.rss\"/>\n</channel>\n</rss>\n"));
	t_ok(has(draw(feed_draw_json, &v), "\"items\":[]}\n"));
}

int main(void)
{
	titles();
	identity();
	choice();
	content();
	hostile();
	formats();
	buf_release(&out);
	arena_release(&arena);
	return t_end();
}
