/* feed.c - see feed.h: the entries, and JSON Feed.  The two XML formats are in feed_xml.c. */
#include "base.h"
#include "feed_parts.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "feed.h"
#include "html.h"
#include "json.h"

/* ------------------------------------------------------------------ title */

static char *day_text(struct arena *a, const struct clock_date *d)
{
	return arena_printf(a, "%d %s %d", d->day, clock_month_short[d->month - 1], d->year);
}

/* "24 Nov 2026 16:00–18:00 UTC", with both days where they differ. */
static char *window_text(struct arena *a, int64_t from_ms, int64_t until_ms)
{
	struct clock_date from, until;

	clock_split(from_ms, &from);
	clock_split(until_ms, &until);
	char *first = day_text(a, &from), *last = day_text(a, &until);
	if (strcmp(first, last) == 0)
		return arena_printf(a, "%s %02d:%02d–%02d:%02d UTC", first, from.hour, from.minute,
		    until.hour, until.minute);
	return arena_printf(a, "%s %02d:%02d – %s %02d:%02d UTC", first, from.hour, from.minute,
	    last, until.hour, until.minute);
}

static const char *maintenance_words(enum incident_status s)
{
	switch (s) {
	case INCIDENT_IN_PROGRESS:
		return "Maintenance in progress";
	case INCIDENT_VERIFYING:
		return "Maintenance being verified";
	case INCIDENT_COMPLETED:
		return "Maintenance completed";
	case INCIDENT_CANCELLED:
		return "Maintenance cancelled";
	default:
		return "Scheduled maintenance";
	}
}

static char *title(struct arena *a, const struct incident *i)
{
	if (!incident_is_maintenance(i))
		return arena_printf(a, "%s: %s", incident_status_label(i->status), i->name);
	return arena_printf(a, "%s: %s, %s", maintenance_words(i->status), i->name,
	    window_text(a, i->scheduled_for, i->scheduled_until));
}

/* ------------------------------------------------------------------ content */

static void add_window(struct buf *html, struct arena *a, const struct incident *i)
{
	if (incident_is_maintenance(i))
		buf_printf(html, "<p><strong>Planned:</strong> %s</p>\n",
		    window_text(a, i->scheduled_for, i->scheduled_until));
}

static void add_affected(struct buf *html, const struct incident *i)
{
	bool any = false;

	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		if (c->hidden)
			continue;
		buf_add_str(html, any ? ", " : "<p><strong>Affected:</strong> ");
		html_escape(html, c->name, strlen(c->name));
		any = true;
	}
	if (any)
		buf_add_str(html, "</p>\n");
}

/* The k-th update has no text and only repeats the state that the one before it gave. */
static bool says_nothing(const struct view_incident *x, size_t k)
{
	return *x->updates[k].body == '\0' && k + 1 < x->n_updates &&
	       x->updates[k].status == x->updates[k + 1].status;
}

static void add_update(struct buf *html, struct arena *a, const struct incident_update *u)
{
	char iso[CLOCK_ISO_LEN + 1];

	clock_format_iso(u->display_at, iso);
	buf_printf(html, "<p><strong>%s</strong> · <time datetime=\"%s\">%s</time>%s</p>\n",
	    incident_status_label(u->status), iso, view_time_text(a, u->display_at),
	    u->updated_at > u->created_at ? " (edited)" : "");
	html_markdown(html, u->body, strlen(u->body));
}

static char *content(struct arena *a, const struct view_incident *x)
{
	struct buf html = BUF_INIT;

	add_window(&html, a, &x->row);
	add_affected(&html, &x->row);
	for (size_t k = 0; k < x->n_updates; k++)
		if (!says_nothing(x, k))
			add_update(&html, a, &x->updates[k]);
	char *text = buf_arena(&html, a);
	buf_release(&html);
	return text;
}

/* ------------------------------------------------------------------ entries */

static int64_t changed_at(const struct view_incident *x)
{
	int64_t at = x->row.updated_at > x->row.created_at ? x->row.updated_at : x->row.created_at;

	for (size_t k = 0; k < x->n_updates; k++)
		if (x->updates[k].updated_at > at)
			at = x->updates[k].updated_at;
	return at;
}

static void set_tags(struct feed_entry *e, const struct incident *i)
{
	bool planned = incident_is_maintenance(i);

	e->tags[e->n_tags++] = planned ? "maintenance" : "incident";
	e->tags[e->n_tags++] = incident_status_word(i->status);
	if (!planned)
		e->tags[e->n_tags++] = impact_word(i->impact);
}

static struct feed_entry entry_of(
    const struct view *v, struct arena *a, const struct view_incident *x)
{
	const struct incident *i = &x->row;
	struct feed_entry e = {
	    .url = arena_printf(a, "%s/%s/%s/", v->site_url,
		incident_is_maintenance(i) ? "maintenance" : "incidents", i->id),
	    .title = title(a, i),
	    .html = content(a, x),
	    .published_at = i->created_at,
	    .changed_at = changed_at(x),
	};

	set_tags(&e, i);
	return e;
}

/* Of the same moment the greater address first, so that the order never wavers. */
static int newest_change_first(const void *x, const void *y)
{
	const struct feed_entry *a = x, *b = y;

	if (a->changed_at != b->changed_at)
		return a->changed_at < b->changed_at ? 1 : -1;
	return strcmp(b->url, a->url);
}

static void sort(struct feed_entry *entries, size_t n)
{
	if (n > 1)
		qsort(entries, n, sizeof *entries, newest_change_first);
}

/* Incidents are chosen by their beginning: those the view has beyond the newest are there because
 * of today's date, which must not show.  Maintenances by their last change: the view lists what is
 * planned for the far future first. */
void feed_load(const struct view *v, struct arena *a, struct feed *out)
{
	size_t incidents = v->n_incidents < VIEW_LATEST ? v->n_incidents : VIEW_LATEST;
	size_t n = 0;

	*out = (struct feed){
	    .title = arena_printf(a, "%s: incidents and maintenance", v->settings.site_name),
	    .description =
		arena_printf(a, "What happens to %s, and what is planned.", v->settings.site_name),
	    .entries = arena_array(a, incidents + v->n_maintenances, sizeof *out->entries),
	};
	for (size_t k = 0; k < v->n_maintenances; k++)
		out->entries[n++] = entry_of(v, a, &v->maintenances[k]);
	sort(out->entries, n);
	if (n > VIEW_LATEST)
		n = VIEW_LATEST;
	for (size_t k = 0; k < incidents; k++)
		out->entries[n++] = entry_of(v, a, &v->incidents[k]);
	sort(out->entries, n);
	out->n_entries = n;
	out->changed_at = n > 0 ? out->entries[0].changed_at : v->settings.content_at;
}

/* ------------------------------------------------------------------ JSON Feed 1.1 */

static void put_item(struct json_writer *w, const struct feed_entry *e)
{
	json_begin_object(w, NULL);
	json_put_string(w, "id", e->url);
	json_put_string(w, "url", e->url);
	json_put_string(w, "title", e->title);
	json_put_string(w, "content_html", e->html);
	json_put_time(w, "date_published", e->published_at);
	json_put_time(w, "date_modified", e->changed_at);
	json_begin_array(w, "tags");
	for (size_t i = 0; i < e->n_tags; i++)
		json_put_string(w, NULL, e->tags[i]);
	json_end_array(w);
	json_end_object(w);
}

static void put_authors(struct json_writer *w, const struct view *v, const char *home)
{
	json_begin_array(w, "authors");
	json_begin_object(w, NULL);
	json_put_string(w, "name", v->settings.site_name);
	json_put_string(w, "url", home);
	json_end_object(w);
	json_end_array(w);
}

int feed_draw_json(const struct view *v, struct arena *a, struct buf *out)
{
	struct json_writer w = JSON_WRITER(out);
	const char *home = arena_printf(a, "%s/", v->site_url);
	struct feed feed;

	feed_load(v, a, &feed);
	json_begin_object(&w, NULL);
	json_put_string(&w, "version", "https://jsonfeed.org/version/1.1");
	json_put_string(&w, "title", feed.title);
	json_put_string(&w, "description", feed.description);
	json_put_string(&w, "home_page_url", home);
	json_put_string(&w, "feed_url", arena_printf(a, "%sfeed.json", home));
	json_put_string(&w, "icon", arena_printf(a, "%slogo.png", home));
	json_put_string(&w, "favicon", arena_printf(a, "%sfavicon.ico", home));
	json_put_string(&w, "language", "en");
	put_authors(&w, v, home);
	json_begin_array(&w, "items");
	for (size_t i = 0; i < feed.n_entries; i++)
		put_item(&w, &feed.entries[i]);
	json_end_array(&w);
	json_end_object(&w);
	buf_add_char(out, '\n');
	return 1;
}
