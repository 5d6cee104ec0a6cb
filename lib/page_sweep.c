/* page_sweep.c - what a publication removes: pages and badges of what is no more. */
#include "base.h"
#include "page_parts.h"

#include <dirent.h>
#include <ftw.h>

#include "log.h"
#include "text.h"
#include "words.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void remove_page(struct publication *p, const struct view *v, const char *folder)
{
	char *file = arena_printf(&p->arena, "%s%s/%s/index.html", p->dir, v->root, folder);
	char *path = arena_printf(&p->arena, "%s%s/%s", p->dir, v->root, folder);

	if ((unlink(file) != 0 && errno != ENOENT) || rmdir(path) != 0)
		log_errno("PAGE-01", "removing %s", path);
}

/* Pages of incidents, or of maintenances, that were deleted. */
static int sweep_pages(struct publication *p, const struct view *v, bool maintenances)
{
	char *path = arena_printf(
	    &p->arena, "%s%s/%s", p->dir, v->root, maintenances ? "maintenance" : "incidents");
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
			remove_page(p, v, page_folder_of(&p->arena, entry->d_name, maintenances));
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
static void sweep_months(struct publication *p, const struct view *v)
{
	char *path = arena_printf(&p->arena, "%s%s/history", p->dir, v->root);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int year, month;
	char end;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (sscanf(entry->d_name, "%4d-%2d%c", &year, &month, &end) != 2 ||
		    (int64_t)year * 12 + month - 1 >= p->oldest_month)
			continue;
		remove_page(p, v, arena_printf(&p->arena, "history/%s", entry->d_name));
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

static int sweep_language(struct publication *p, const struct view *v)
{
	sweep_months(p, v);
	return sweep_pages(p, v, false) < 0 || sweep_pages(p, v, true) < 0 ? -1 : 1;
}

int page_sweep(struct publication *p)
{
	if (p->interrupted && nftw(p->dir, sweep_leftover, 16, FTW_PHYS) != 0 && errno != ENOENT)
		log_errno("PAGE-07", "looking through %s", p->dir);
	if (!p->everything)
		return 1;
	sweep_badges(p);
	for (size_t i = 0; i < p->n_views; i++)
		if (sweep_language(p, &p->views[i]) < 0)
			return -1;
	return 1;
}

static int remove_any(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	if (remove(path) != 0)
		log_errno("PAGE-08", "removing %s", path);
	return 0;
}

void page_sweep_moved(struct publication *p)
{
	char *path = arena_printf(&p->arena, "%s/%s", p->dir, words_tag(p->view.words));

	if (!p->everything)
		return;
	if (nftw(path, remove_any, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		log_errno("PAGE-09", "looking through %s", path);
}
