/* page.c - see page.h: one publication, and the sign of life. */
#include "base.h"
#include "page.h"

#include "clock.h"
#include "json.h"
#include "log.h"
#include "page_parts.h"

#define FILE_MODE 0644

/* How long to wait for another publisher.  A request must be answered: what it stored is safe, and whoever publishes
 * next publishes it too. */
static const int lock_wait_ms[] = {
    [PAGE_CHANGED] = 2000,
    [PAGE_DUE] = 30000,
    [PAGE_ALL] = 30000,
};

void page_open(void)
{
	view_open();
}

/* Reads under one snapshot; writing files happens after it, so that no reader holds the log of
 * SQLite. */
static int read_state(struct publication *p)
{
	int rc;

	if (db_begin_read(p->db) != 1)
		return -1;
	rc = view_load(p->conf, p->db, &p->arena, clock_now_ms(), &p->view);
	if (rc == 1)
		rc = page_plan(p);
	if (rc == 1)
		rc = page_begin(p);
	if (rc == 1)
		rc = page_sweep(p);
	db_rollback(p->db);
	return rc;
}

static int publish_locked(struct publication *p)
{
	int rc = read_state(p);

	if (rc == 1)
		rc = page_write(p);
	if (rc == 1)
		rc = page_note_published(p);
	return rc;
}

int page_publish(const struct conf *conf, struct db *db, enum page_scope scope)
{
	struct publication p = {
	    .conf = conf,
	    .db = db,
	    .scope = scope,
	    .arena = ARENA_INIT,
	    .out = BUF_INIT,
	};
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
	rc = publish_locked(&p);
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
