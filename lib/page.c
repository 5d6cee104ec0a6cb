/* page.c - see page.h: one publication, and the sign of life. */
#include "base.h"
#include "page.h"

#include "clock.h"
#include "json.h"
#include "log.h"
#include "page_parts.h"
#include "words.h"

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

static void list_languages(struct publication *p)
{
	p->views = arena_array(&p->arena, words_languages(), sizeof *p->views);
	p->views[p->n_views++] = p->view;
	for (size_t i = 0; i < words_languages(); i++)
		if (words_at(i) != p->view.words)
			p->views[p->n_views++] = view_in(&p->view, words_at(i));
}

/* Reads under one snapshot; writing files happens after it, so that no reader holds the log of
 * SQLite. */
static int read_state(struct publication *p)
{
	int rc;

	if (db_begin_read(p->db) != 1)
		return -1;
	rc = view_load(p->conf, p->db, &p->arena, clock_now_ms(), &p->view);
	if (rc == 1) {
		list_languages(p);
		rc = page_plan(p);
	}
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
	if (rc == 1)
		page_sweep_moved(p);
	return rc;
}

/* Who waited for the lock, or works since the key of the page was changed, must not publish the old one over the new.
 * True: *fresh is to be used. */
static bool look_at_configuration(const struct conf *conf, struct conf *fresh)
{
	struct buf error = BUF_INIT;
	bool changed = conf_has_changed(conf) && conf_load(fresh, CONF_WEB, &error) >= 0;

	buf_release(&error); /* whoever answers requests with it says what is wrong */
	if (changed && strcmp(fresh->state_dir, conf->state_dir) == 0)
		return true;
	if (changed)
		conf_release(fresh);
	return false;
}

static int publish_presently(struct publication *p)
{
	const struct conf *known = p->conf;
	struct conf fresh;
	bool renewed = look_at_configuration(known, &fresh);

	if (renewed)
		p->conf = &fresh;
	int rc = publish_locked(p);
	if (renewed)
		conf_release(&fresh);
	p->conf = known;
	return rc;
}

int page_publish(const struct conf *conf, struct db *db, enum page_scope scope)
{
	struct publication p = {
	    .conf = conf,
	    .db = db,
	    .scope = scope,
	    .arena = ARENA_INIT,
	    .scratch = ARENA_INIT,
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
	rc = publish_presently(&p);
	if (rc < 0)
		log_error("PAGE-02", "the page could not be published; the next timer tries again");
	file_close(&lock);
	buf_release(&p.out);
	arena_release(&p.scratch);
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
