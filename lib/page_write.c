/* page_write.c - the files of a publication: drawn, written, swept. */
#include "base.h"
#include "page_parts.h"

#include <dirent.h>
#include <ftw.h>

#include "asset.h"
#include "badge.h"
#include "calendar.h"
#include "clock.h"
#include "feed.h"
#include "log.h"
#include "readapi.h"
#include "text.h"

#define FILE_MODE 0644

/* Drawn at each publication, in this order: what a link leads to before the page with the link, and
 * status.json, by which open pages learn of a change, after the page itself. */
static const struct {
	const char *name;
	view_draw *draw;
} front[] = {
    {"404.html", view_draw_not_found},
    {"manifest.webmanifest", view_draw_manifest},
    {"help/notifications/index.html", view_draw_help},
    {"feed.atom", feed_draw_atom},
    {"feed.rss", feed_draw_rss},
    {"feed.json", feed_draw_json},
    {"maintenance.ics", calendar_draw},
    {"badge.svg", badge_draw},
    {"push.json", view_draw_push_json},
    {"index.html", view_draw_index},
    {"api/v2/components.json", readapi_components},
    {"api/v2/incidents.json", readapi_incidents},
    {"api/v2/incidents/unresolved.json", readapi_unresolved},
    {"api/v2/scheduled-maintenances.json", readapi_maintenances},
    {"api/v2/scheduled-maintenances/upcoming.json", readapi_upcoming},
    {"api/v2/scheduled-maintenances/active.json", readapi_active},
    {"api/v2/summary.json", readapi_summary},
    {"api/v2/status.json", readapi_status},
};

/* Writes the drawn file, if drawing went well. */
static int put(struct publication *p, int drawn, const char *name)
{
	int rc = drawn;

	if (drawn == 1 && file_publish(p->dir, name, p->out.data, p->out.len, FILE_MODE) < 0)
		rc = -1;
	buf_clear(&p->out);
	return rc;
}

char *page_folder_of(struct arena *a, const char *id, bool is_maintenance)
{
	return arena_printf(a, "%s/%s", is_maintenance ? "maintenance" : "incidents", id);
}

static int write_pages(struct publication *p)
{
	for (size_t i = 0; i < p->n_pages; i++) {
		const struct view_incident *x = &p->pages[i];
		bool planned = incident_is_maintenance(&x->row);
		int drawn = planned ? view_draw_maintenance(&p->view, x, &p->arena, &p->out)
				    : view_draw_incident(&p->view, x, &p->arena, &p->out);
		char *name = arena_printf(
		    &p->arena, "%s/index.html", page_folder_of(&p->arena, x->row.id, planned));
		if (put(p, drawn, name) < 0)
			return -1;
	}
	return 1;
}

/* The oldest first: a month's links lead to older ones. */
static int write_history(struct publication *p)
{
	int64_t oldest =
	    clock_month_start((int)(p->oldest_month / 12), (int)(p->oldest_month % 12) + 1);

	for (size_t i = p->n_months; i-- > 0;) {
		const struct view_month *m = &p->months[i];
		int drawn = view_draw_month(&p->view, m, oldest, &p->arena, &p->out);
		char *name = arena_printf(
		    &p->arena, "%s/index.html", page_folder_of_month(p, m->year, m->month));
		if (put(p, drawn, name) < 0)
			return -1;
	}
	return 1;
}

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
		int drawn = badge_draw_component(&p->view, c, &p->arena, &p->out);
		if (put(p, drawn, badge_file(&p->arena, c->id)) < 0)
			return -1;
	}
	return 1;
}

static int write_front(struct publication *p)
{
	for (size_t i = 0; i < nelem(front); i++)
		if (put(p, front[i].draw(&p->view, &p->arena, &p->out), front[i].name) < 0)
			return -1;
	return 1;
}

/* ------------------------------------------------------------------ files as they are */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Templates, sources of images and the schema stay inside the programs; so does what is for admins'
 * eyes only, which its program serves. */
static bool is_public(const char *name)
{
	static const char *const private_end[] = {".in", ".svg", ".sql", ".sh"};

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

int page_write(struct publication *p)
{
	bool assets = p->scope != PAGE_CHANGED || p->everything;

	if ((assets && write_assets(p) < 0) || write_pages(p) < 0 || write_history(p) < 0 ||
	    write_badges(p) < 0)
		return -1;
	return write_front(p);
}

/* ------------------------------------------------------------------ what is no more */

static void remove_page(struct publication *p, const char *folder)
{
	char *file = arena_printf(&p->arena, "%s/%s/index.html", p->dir, folder);
	char *path = arena_printf(&p->arena, "%s/%s", p->dir, folder);

	if ((unlink(file) != 0 && errno != ENOENT) || rmdir(path) != 0)
		log_errno("PAGE-01", "removing %s", path);
}

/* Pages of incidents, or of maintenances, that were deleted. */
static int sweep_pages(struct publication *p, bool maintenances)
{
	char *path =
	    arena_printf(&p->arena, "%s/%s", p->dir, maintenances ? "maintenance" : "incidents");
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 1;

	if (dir == NULL)
		return 1;
	while (rc >= 0 && (entry = readdir(dir)) != NULL) {
		struct incident i;
		if (!text_is_id(entry->d_name, strlen(entry->d_name)))
			continue;
		rc = incident_get(p->db, &p->arena, entry->d_name, &i);
		if (rc == 0 || (rc == 1 && incident_is_maintenance(&i) != maintenances))
			remove_page(p, page_folder_of(&p->arena, entry->d_name, maintenances));
	}
	closedir(dir);
	return rc < 0 ? -1 : 1;
}

static bool has_badge(const struct publication *p, const char *file)
{
	for (size_t i = 0; i < p->view.n_components; i++) {
		const struct component *c = &p->view.components[i];
		if (view_is_public(&p->view, c) && strncmp(file, c->id, TEXT_ID_LEN) == 0)
			return true;
	}
	return false;
}

/* Badges of components that are gone or hidden now. */
static void sweep_badges(struct publication *p)
{
	char *path = arena_printf(&p->arena, "%s/badge", p->dir);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strlen(name) != TEXT_ID_LEN + 4 || !ends_with(name, ".svg") ||
		    !text_is_id(name, TEXT_ID_LEN) || has_badge(p, name))
			continue;
		char *file = arena_printf(&p->arena, "%s/%s", path, name);
		if (unlink(file) != 0)
			log_errno("PAGE-04", "removing %s", file);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Months before the first one of which something is on record. */
static void sweep_months(struct publication *p)
{
	char *path = arena_printf(&p->arena, "%s/history", p->dir);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int year, month;
	char end;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (sscanf(entry->d_name, "%4d-%2d%c", &year, &month, &end) != 2 ||
		    (int64_t)year * 12 + month - 1 >= p->oldest_month)
			continue;
		remove_page(p, arena_printf(&p->arena, "history/%s", entry->d_name));
	}
	if (dir != NULL)
		closedir(dir);
}

/* What a publisher that was killed left half written: "name.PID.tmp", see file_publish. */
static int sweep_leftover(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_F && ends_with(path, ".tmp") && unlink(path) != 0)
		log_errno("PAGE-06", "removing %s", path);
	return 0;
}

int page_sweep(struct publication *p)
{
	if (p->interrupted && nftw(p->dir, sweep_leftover, 16, FTW_PHYS) != 0 && errno != ENOENT)
		log_errno("PAGE-07", "looking through %s", p->dir);
	if (!p->everything)
		return 1;
	sweep_badges(p);
	sweep_months(p);
	return sweep_pages(p, false) < 0 || sweep_pages(p, true) < 0 ? -1 : 1;
}
