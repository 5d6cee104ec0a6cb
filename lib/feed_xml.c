/* feed_xml.c - the feeds in XML: Atom (RFC 4287) and RSS 2.0 (rssboard.org/rss-specification). */
#include "base.h"
#include "feed_parts.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "feed.h"
#include "html.h"

#define ATOM_NAMESPACE "http://www.w3.org/2005/Atom"

static const char declaration[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/* U+FFFE and U+FFFF: the two that XML 1.0 forbids (§2.2) and HTML's escaping leaves alone. */
static const char *find_forbidden(const char *s)
{
	while ((s = strstr(s, "\xef\xbf")) != NULL) {
		if (s[2] == '\xbe' || s[2] == '\xbf')
			return s;
		s += 2;
	}
	return NULL;
}

/* Text for elements and quoted attributes. */
static void add_text(struct buf *out, const char *s)
{
	const char *bad;

	while ((bad = find_forbidden(s)) != NULL) {
		html_escape(out, s, (size_t)(bad - s));
		buf_add_str(out, "\xef\xbf\xbd");
		s = bad + 3;
	}
	html_escape(out, s, strlen(s));
}

/* <name>text</name>; the name may have attributes. */
static void add_element(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "<%s>", name);
	add_text(out, text);
	buf_printf(out, "</%.*s>\n", (int)strcspn(name, " "), name);
}

/* <name a="x" href="value"/>, where `start` is all in front of the value. */
static void add_empty(struct buf *out, const char *start, const char *value)
{
	buf_printf(out, "<%s\"", start);
	add_text(out, value);
	buf_add_str(out, "\"/>\n");
}

static void add_iso(struct buf *out, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_LEN + 1];

	clock_format_iso(ms, iso);
	add_element(out, name, iso);
}

/* ------------------------------------------------------------------ Atom */

static void add_atom_entry(struct buf *out, const struct feed_entry *e)
{
	buf_add_str(out, "<entry>\n");
	add_element(out, "id", e->url);
	add_element(out, "title", e->title);
	add_iso(out, "published", e->published_at);
	add_iso(out, "updated", e->changed_at);
	add_empty(out, "link rel=\"alternate\" type=\"text/html\" href=", e->url);
	for (size_t i = 0; i < e->n_tags; i++)
		add_empty(out, "category term=", e->tags[i]);
	add_element(out, "content type=\"html\"", e->html);
	buf_add_str(out, "</entry>\n");
}

int feed_draw_atom(const struct view *v, struct arena *a, struct buf *out)
{
	const char *home = arena_printf(a, "%s/", v->site_url);
	struct feed feed;

	feed_load(v, a, &feed);
	buf_add_str(out, declaration);
	buf_add_str(out, "<feed xmlns=\"" ATOM_NAMESPACE "\" xml:lang=\"en\">\n");
	add_element(out, "id", home);
	add_element(out, "title", feed.title);
	add_element(out, "subtitle", feed.description);
	add_iso(out, "updated", feed.changed_at);
	add_empty(out, "link rel=\"self\" type=\"application/atom+xml\" href=",
	    arena_printf(a, "%sfeed.atom", home));
	add_empty(out, "link rel=\"alternate\" type=\"text/html\" href=", home);
	add_element(out, "icon", arena_printf(a, "%slogo.png", home));
	buf_add_str(out, "<author>\n");
	add_element(out, "name", v->settings.site_name);
	add_element(out, "uri", home);
	buf_add_str(out, "</author>\n");
	for (size_t i = 0; i < feed.n_entries; i++)
		add_atom_entry(out, &feed.entries[i]);
	buf_add_str(out, "</feed>\n");
	return 1;
}

/* ------------------------------------------------------------------ RSS 2.0 */

/* "Sun, 23 Nov 2025 14:02:03 GMT": RFC 822 §5 with the year in four digits, as RSS wants it. */
static void add_rfc822(struct buf *out, const char *name, int64_t ms)
{
	static const char *const weekday[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct clock_date d;

	clock_split(ms, &d);
	buf_printf(out, "<%s>%s, %02d %s %04d %02d:%02d:%02d GMT</%s>\n", name, weekday[d.weekday],
	    d.day, clock_month_short[d.month - 1], d.year, d.hour, d.minute, d.second, name);
}

static void add_rss_item(struct buf *out, const struct feed_entry *e)
{
	buf_add_str(out, "<item>\n");
	add_element(out, "title", e->title);
	add_element(out, "link", e->url);
	add_element(out, "guid isPermaLink=\"true\"", e->url);
	add_rfc822(out, "pubDate", e->published_at);
	/* RSS has no element for a change */
	add_iso(out, "atom:updated", e->changed_at);
	for (size_t i = 0; i < e->n_tags; i++)
		add_element(out, "category", e->tags[i]);
	add_element(out, "description", e->html);
	buf_add_str(out, "</item>\n");
}

int feed_draw_rss(const struct view *v, struct arena *a, struct buf *out)
{
	const char *home = arena_printf(a, "%s/", v->site_url);
	struct feed feed;

	feed_load(v, a, &feed);
	buf_add_str(out, declaration);
	buf_add_str(out, "<rss version=\"2.0\" xmlns:atom=\"" ATOM_NAMESPACE "\">\n<channel>\n");
	add_element(out, "title", feed.title);
	add_element(out, "link", home);
	add_element(out, "description", feed.description);
	add_element(out, "language", "en");
	add_rfc822(out, "lastBuildDate", feed.changed_at);
	add_empty(out, "atom:link rel=\"self\" type=\"application/rss+xml\" href=",
	    arena_printf(a, "%sfeed.rss", home));
	for (size_t i = 0; i < feed.n_entries; i++)
		add_rss_item(out, &feed.entries[i]);
	buf_add_str(out, "</channel>\n</rss>\n");
	return 1;
}
