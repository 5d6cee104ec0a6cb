/* page.c - see page.h. */
#include "base.h"
#include "page.h"

#include <dirent.h>

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "db.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "settings.h"
#include "text.h"
#include "view.h"

#define FILE_MODE 0644

/* How long to wait for another publisher.  A request must be answered: what it stored is safe, and whoever publishes
 * next publishes it too. */
static const int lock_wait_ms[] = {
    [PAGE_CHANGED] = 2000,
    [PAGE_ALL] = 30000,
};

struct publication {
	const struct conf *conf;
	struct db *db;
	struct arena arena;
	struct view view;
	struct view_incident *missing; /* older ones whose page is not there */
	size_t n_missing;
	char dir[FILE_PATH_MAX];
	struct buf out; /* of the file being drawn */
};

void page_open(void)
{
	view_open();
}

/* Writes the drawn file, if drawing went well. */
static int put(struct publication *p, int drawn, const char *name)
{
	int rc = drawn;

	if (drawn == 1 && file_publish(p->dir, name, p->out.data, p->out.len, FILE_MODE) < 0)
		rc = -1;
	buf_clear(&p->out);
	return rc;
}

static char *incident_file(struct publication *p, const char *id)
{
	return arena_printf(&p->arena, "incidents/%s/index.html", id);
}

static int write_incidents(struct publication *p, const struct view_incident *incidents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct view_incident *x = &incidents[i];
		int drawn = view_draw_incident(&p->view, x, &p->arena, &p->out);
		if (put(p, drawn, incident_file(p, x->row.id)) < 0)
			return -1;
	}
	return 1;
}

static bool is_in_view(const struct view *v, const char *id)
{
	for (size_t i = 0; i < v->n_incidents; i++)
		if (strcmp(v->incidents[i].row.id, id) == 0)
			return true;
	return false;
}

/* The page of an old incident is written when it changes, and stays; one that is not there (a public
 * folder that was lost, a backup that was restored) is written again. */
static int find_missing(struct publication *p)
{
	char **ids;
	size_t n;

	if (incident_list_ids(p->db, &p->arena, &ids, &n) < 0)
		return -1;
	p->missing = arena_array(&p->arena, n, sizeof *p->missing);
	for (size_t i = 0; i < n; i++) {
		char *file = arena_printf(&p->arena, "%s/%s", p->dir, incident_file(p, ids[i]));
		if (access(file, F_OK) == 0 || is_in_view(&p->view, ids[i]))
			continue;
		if (view_load_incident(p->db, &p->arena, ids[i], &p->missing[p->n_missing]) != 1)
			return -1;
		p->n_missing++;
	}
	return 1;
}

static void remove_incident(struct publication *p, const char *id)
{
	char *file = arena_printf(&p->arena, "%s/incidents/%s/index.html", p->dir, id);
	char *folder = arena_printf(&p->arena, "%s/incidents/%s", p->dir, id);

	if ((unlink(file) != 0 && errno != ENOENT) || rmdir(folder) != 0)
		log_errno("PAGE-01", "removing %s", folder);
}

/* Pages of incidents that were deleted. */
static int remove_deleted(struct publication *p)
{
	char *path = arena_printf(&p->arena, "%s/incidents", p->dir);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 1;

	if (dir == NULL)
		return 1;
	while (rc >= 0 && (entry = readdir(dir)) != NULL) {
		struct incident incident;
		if (!text_is_id(entry->d_name, strlen(entry->d_name)))
			continue;
		rc = incident_get(p->db, &p->arena, entry->d_name, &incident);
		if (rc == 0)
			remove_incident(p, entry->d_name);
	}
	closedir(dir);
	return rc < 0 ? -1 : 1;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Templates, sources of images and the schema stay inside the programs. */
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

/* Details before the index: a link never leads to a page that is not there yet. */
static int write_pages(struct publication *p, enum page_scope scope)
{
	struct view *v = &p->view;
	struct arena *a = &p->arena;

	if (scope == PAGE_ALL && write_assets(p) < 0)
		return -1;
	if (write_incidents(p, v->incidents, v->n_incidents) < 0 ||
	    write_incidents(p, p->missing, p->n_missing) < 0 ||
	    put(p, view_draw_not_found(v, a, &p->out), "404.html") < 0 ||
	    put(p, view_draw_manifest(v, a, &p->out), "manifest.webmanifest") < 0 ||
	    put(p, view_draw_index(v, a, &p->out), "index.html") < 0)
		return -1;
	view_draw_push_json(v, p->conf->vapid_public_key, &p->out);
	return put(p, 1, "push.json");
}

/* What was published last: revision and day, so that the list of past days moves on at midnight. */
static char *stamp(struct arena *a, const struct view *v)
{
	return arena_printf(
	    a, "%" PRId64 "@%" PRId64, v->settings.content_rev, v->today / CLOCK_DAY);
}

static int is_current(struct publication *p)
{
	char *published;
	int rc = settings_get(p->db, "published", &p->arena, &published);

	if (rc < 0)
		return -1;
	return rc == 1 && strcmp(published, stamp(&p->arena, &p->view)) == 0;
}

static int note_published(struct publication *p)
{
	if (db_begin_write(p->db) != 1)
		return -1;
	if (settings_put(p->db, "published", stamp(&p->arena, &p->view)) < 0) {
		db_rollback(p->db);
		return -1;
	}
	return db_commit(p->db);
}

/* Reads under one snapshot; writing files happens after it, so that no reader holds the log of
 * SQLite. */
static int read_state(struct publication *p, enum page_scope scope)
{
	int rc;

	if (db_begin_read(p->db) != 1)
		return -1;
	rc = view_load(p->db, &p->arena, clock_now_ms(), &p->view);
	if (rc == 1 && scope == PAGE_CHANGED) {
		int current = is_current(p);
		rc = current < 0 ? -1 : !current;
	}
	if (rc == 1)
		rc = remove_deleted(p);
	if (rc == 1 && scope == PAGE_ALL)
		rc = find_missing(p);
	db_rollback(p->db);
	return rc;
}

static int publish_locked(struct publication *p, enum page_scope scope)
{
	int rc = read_state(p, scope);

	if (rc == 1)
		rc = write_pages(p, scope);
	if (rc == 1)
		rc = note_published(p);
	return rc;
}

int page_publish(const struct conf *conf, struct db *db, enum page_scope scope)
{
	struct publication p = {.conf = conf, .db = db, .arena = ARENA_INIT, .out = BUF_INIT};
	char lock_path[FILE_PATH_MAX];
	int lock, rc;

	conf_public_dir(conf, p.dir, sizeof p.dir);
	conf_path_publish_lock(conf, lock_path, sizeof lock_path);
	rc = file_lock(lock_path, lock_wait_ms[scope], &lock);
	if (rc == 0)
		log_warn("PAGE-03",
		    "another process is publishing and does not end: it is left to the next timer");
	if (rc != 1)
		return -1;
	rc = publish_locked(&p, scope);
	if (rc < 0)
		log_error("PAGE-02", "the page could not be published; the next timer tries again");
	file_close(&lock);
	buf_release(&p.out);
	arena_release(&p.arena);
	return rc;
}

int page_mark_alive(const struct conf *conf)
{
	char dir[FILE_PATH_MAX];
	struct buf out = BUF_INIT;
	struct json_writer w = JSON_WRITER(&out);
	int rc;

	json_begin_object(&w, NULL);
	json_put_time(&w, "at", clock_now_ms());
	json_end_object(&w);
	buf_add_char(&out, '\n');
	conf_public_dir(conf, dir, sizeof dir);
	rc = file_publish(dir, "alive.json", out.data, out.len, FILE_MODE);
	buf_release(&out);
	return rc;
}
