/* page_write.c - the files of a publication: drawn and written. */
#include "base.h"
#include "page_parts.h"

#include "asset.h"
#include "badge.h"
#include "calendar.h"
#include "clock.h"
#include "feed.h"
#include "readapi.h"
#include "words.h"

#define FILE_MODE 0644

struct file {
	const char *name;
	view_draw *draw;
};

/* In the page's own language, or in none: what no change of content concerns... */
static const struct file settled[] = {
    {"404.html", view_draw_not_found},
    {"manifest.webmanifest", view_draw_manifest},
    {"words-worker.js", view_draw_worker_words},
};

/* ...what links lead to... */
static const struct file beside[] = {
    {"feed.atom", feed_draw_atom},
    {"feed.rss", feed_draw_rss},
    {"feed.json", feed_draw_json},
    {"maintenance.ics", calendar_draw},
    {"badge.svg", badge_draw},
    {"push.json", view_draw_push_json},
};

/* ...and the read API, behind the pages: by status.json open pages learn of a change. */
static const struct file api[] = {
    {"api/v2/components.json", readapi_components},
    {"api/v2/incidents.json", readapi_incidents},
    {"api/v2/incidents/unresolved.json", readapi_unresolved},
    {"api/v2/scheduled-maintenances.json", readapi_maintenances},
    {"api/v2/scheduled-maintenances/upcoming.json", readapi_upcoming},
    {"api/v2/scheduled-maintenances/active.json", readapi_active},
    {"api/v2/summary.json", readapi_summary},
    {"api/v2/status.json", readapi_status},
};

/* Also what only the program and the settings decide. */
static bool is_whole(const struct publication *p)
{
	return p->scope != PAGE_CHANGED || p->everything;
}

/* Writes the drawn file, if drawing went well. */
static int put(struct publication *p, int drawn, const char *name)
{
	/* where everything is drawn, one wait for the disk stands for thousands: a publication that
	 * does not come to its end is done again as a whole */
	int (*publish)(const char *, const char *, const void *, size_t, mode_t) =
	    p->everything ? file_publish_some : file_publish;
	int rc = drawn;

	if (drawn == 1 && publish(p->dir, name, p->out.data, p->out.len, FILE_MODE) < 0)
		rc = -1;
	buf_clear(&p->out);
	arena_reset(&p->scratch);
	return rc;
}

static int write_files(struct publication *p, const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (put(p, files[i].draw(&p->view, &p->scratch, &p->out), files[i].name) < 0)
			return -1;
	return 1;
}

char *page_folder_of(struct arena *a, const char *id, bool is_maintenance)
{
	return arena_printf(a, "%s/%s", is_maintenance ? "maintenance" : "incidents", id);
}

char *page_file_in(struct arena *a, const struct view *v, const char *folder)
{
	const char *root = *v->root == '\0' ? "" : v->root + 1;

	return arena_printf(a, "%s%s%s%sindex.html", root, *root == '\0' ? "" : "/", folder,
	    *folder == '\0' ? "" : "/");
}

/* ------------------------------------------------------------------ pages of one language */

static int write_page(
    struct publication *p, const struct view *v, view_draw *draw, const char *folder)
{
	int drawn = draw(v, &p->scratch, &p->out);

	return put(p, drawn, page_file_in(&p->scratch, v, folder));
}

static int write_pages(struct publication *p, const struct view *v)
{
	for (size_t i = 0; i < p->n_pages; i++) {
		const struct view_incident *x = &p->pages[i];
		bool planned = incident_is_maintenance(&x->row);
		int drawn = planned ? view_draw_maintenance(v, x, &p->scratch, &p->out)
				    : view_draw_incident(v, x, &p->scratch, &p->out);
		char *folder = page_folder_of(&p->scratch, x->row.id, planned);
		if (put(p, drawn, page_file_in(&p->scratch, v, folder)) < 0)
			return -1;
	}
	return 1;
}

/* The oldest first: a month's links lead to older ones. */
static int write_history(struct publication *p, const struct view *v)
{
	int64_t oldest =
	    clock_month_start((int)(p->oldest_month / 12), (int)(p->oldest_month % 12) + 1);

	for (size_t i = p->n_months; i-- > 0;) {
		const struct view_month *m = &p->months[i];
		int drawn = view_draw_month(v, m, oldest, &p->scratch, &p->out);
		char *folder = page_folder_of_month(p, m->year, m->month);
		if (put(p, drawn, page_file_in(&p->scratch, v, folder)) < 0)
			return -1;
	}
	return 1;
}

static int write_language(struct publication *p, const struct view *v)
{
	if (is_whole(p) && write_page(p, v, view_draw_help, "help/notifications") < 0)
		return -1;
	if (write_pages(p, v) < 0 || write_history(p, v) < 0)
		return -1;
	return write_page(p, v, view_draw_index, "");
}

/* ------------------------------------------------------------------ files of no language */

static char *badge_file(struct arena *a, const char *id)
{
	return arena_printf(a, "badge/%s.svg", id);
}

static int write_badges(struct publication *p)
{
	for (size_t i = 0; i < p->view.n_components; i++) {
		const struct component *c = &p->view.components[i];
		if (!view_is_public(&p->view, c))
			continue;
		int drawn = badge_draw_component(&p->view, c, &p->scratch, &p->out);
		if (put(p, drawn, badge_file(&p->scratch, c->id)) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ files as they are */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Templates, texts, sources of images and the schema stay inside the programs; so does what is for admins'
 * eyes only, which its program serves. */
static bool is_public(const char *name)
{
	static const char *const private_end[] = {".in", ".svg", ".sql", ".sh", ".json"};

	for (size_t i = 0; i < nelem(private_end); i++)
		if (ends_with(name, private_end[i]))
			return false;
	return true;
}

static int write_assets(struct publication *p)
{
	for (size_t i = 0; i < asset_count(); i++) {
		const struct asset *x = asset_at(i);
		if (is_public(x->name) &&
		    file_publish(p->dir, x->name, x->data, x->len, FILE_MODE) < 0)
			return -1;
	}
	return 1;
}

static int write_words(struct publication *p)
{
	for (size_t i = 0; i < p->n_views; i++) {
		const struct view *v = &p->views[i];
		const char *tag = words_tag(v->words);
		int drawn = view_draw_words(v, &p->scratch, &p->out);
		if (put(p, drawn, arena_printf(&p->scratch, "words-%s.js", tag)) < 0)
			return -1;
		drawn = view_draw_dialog_words(v, &p->scratch, &p->out);
		if (put(p, drawn, arena_printf(&p->scratch, "words-%s-dialog.js", tag)) < 0)
			return -1;
	}
	return 1;
}

/* What depends on the program and the settings alone. */
static int write_settled(struct publication *p)
{
	if (!is_whole(p))
		return 1;
	if (write_assets(p) < 0 || write_words(p) < 0)
		return -1;
	return write_files(p, settled, nelem(settled));
}

int page_write(struct publication *p)
{
	if (write_settled(p) < 0 || write_badges(p) < 0 ||
	    write_files(p, beside, nelem(beside)) < 0)
		return -1;
	for (size_t i = 0; i < p->n_views; i++)
		if (write_language(p, &p->views[i]) < 0)
			return -1;
	if (write_files(p, api, nelem(api)) < 0)
		return -1;
	return p->everything ? file_sync(p->dir) : 1;
}
