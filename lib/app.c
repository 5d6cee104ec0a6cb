/* app.c - see app.h. */
#include "base.h"
#include "app.h"

#include "admin.h"
#include "buf.h"
#include "clock.h"
#include "file.h"
#include "job.h"
#include "log.h"
#include "page.h"
#include "privilege.h"
#include "spawn.h"

/* How often a program looks for work that nobody does: a sender that was killed, a timer that is
 * missing. */
#define LOOK_MS (10 * CLOCK_SECOND)

/* How often a configuration is tried again that is right, but could not be used: its database may be there by now. */
#define TRY_AGAIN_MS (5 * CLOCK_SECOND)

/* 1 the database of `fresh` is open in *db, which stays NULL where it is the one that is open already; -1. */
static int open_other_database(const struct app *app, const struct conf *fresh, struct db **db)
{
	char old[FILE_PATH_MAX], path[FILE_PATH_MAX];

	*db = NULL;
	conf_path_database(&app->conf, old, sizeof old);
	conf_path_database(fresh, path, sizeof path);
	if (strcmp(old, path) == 0)
		return 1;
	if (db_open(path, app->role, db) == 1)
		return 1;
	if (!app->conf_waits)
		log_error("APP-06", "STATE_DIR: there is no usable database at %s", path);
	return -1;
}

static void take_over(struct app *app, struct conf *fresh, struct db *db)
{
	if (db != NULL) {
		db_close(&app->db);
		app->db = db;
	}
	conf_release(&app->conf);
	app->conf = *fresh;
	web_trust_proxies(app->server, app->conf.trusted_proxies);
}

static int use(struct app *app, struct conf *fresh)
{
	struct db *db;

	if (open_other_database(app, fresh, &db) < 0)
		return -1;
	if (app->renew != NULL && app->renew(app, fresh) < 0) {
		db_close(&db);
		return -1;
	}
	take_over(app, fresh, db);
	return 1;
}

static void try_again(struct app *app)
{
	if (!app->conf_waits || clock_mono_ms() < app->conf_try_at)
		return;
	app->conf_try_at = clock_mono_ms() + TRY_AGAIN_MS;
	conf_look_again(&app->conf);
}

/* 1 or -1; what cannot be used is tried again later, and told once. */
static int use_or_wait(struct app *app, struct conf *fresh, bool *told)
{
	*told = app->conf_waits;
	if (use(app, fresh) == 1) {
		app->conf_waits = false;
		log_info("APP-07", "the configuration has changed and was read again");
		return 1;
	}
	conf_release(fresh);
	if (!app->conf_waits)
		app->conf_try_at = clock_mono_ms() + TRY_AGAIN_MS;
	app->conf_waits = true;
	return -1;
}

/* Before each request: what the file says now is what it is answered by. */
static void follow_configuration(void *user)
{
	struct app *app = user;
	struct buf error = BUF_INIT;
	struct conf fresh;
	bool told = false;

	try_again(app);
	int rc = conf_renew(&app->conf, CONF_WEB, &fresh, &error);
	if (rc < 0)
		app->conf_waits = false;
	if (rc == 1)
		rc = use_or_wait(app, &fresh, &told);
	if (rc < 0 && !told)
		log_error("APP-08",
		    "the configuration has changed and cannot be used; what it said before stays "
		    "in use%s%s",
		    error.len > 0 ? ": " : "", error.len > 0 ? error.data : "");
	buf_release(&error);
}

void app_open(struct app *app, const char *program, enum db_role role)
{
	struct buf error = BUF_INIT;
	char path[FILE_PATH_MAX];
	int rc;

	*app = (struct app){.role = role};
	log_open(program);
	privilege_refuse_root(false);
	if (conf_load(&app->conf, CONF_WEB, &error) < 0)
		log_die("APP-01", "%s", error.data);
	conf_path_database(&app->conf, path, sizeof path);
	rc = db_open(path, role, &app->db);
	if (rc == 0)
		log_die("APP-02", "there is no database at %s: run `atstatus init`", path);
	if (rc < 0)
		log_die("APP-03", "the database cannot be used");
	page_open();
	app->server = web_open(program);
	web_trust_proxies(app->server, app->conf.trusted_proxies);
	web_set_prelude(app->server, follow_configuration, app);
	buf_release(&error);
}

void app_close(struct app *app)
{
	web_close(&app->server);
	db_close(&app->db);
	conf_release(&app->conf);
}

/* Also true while the file stays where it was. */
static bool follow_database(struct app *app)
{
	char path[FILE_PATH_MAX];

	if (!db_has_moved(app->db))
		return true;
	conf_path_database(&app->conf, path, sizeof path);
	log_warn("APP-04", "%s was replaced: it is opened anew", path);
	db_close(&app->db);
	return db_open(path, app->role, &app->db) == 1;
}

bool app_next(struct app *app)
{
	spawn_reap();
	app->content_changed = false;
	app->wake_sender = false;
	app->stale_token = 0;
	app->session_is_stale = false;
	if (web_next(app->server, &app->web) != 1)
		return false;
	if (follow_database(app))
		return true;
	log_error("APP-05", "there is no usable database at its place any more: this program ends");
	web_error(app->web, 503, "The database is not at its place just now; the log says more.");
	web_header(app->web, "Retry-After", "30");
	web_finish(&app->web);
	return false;
}

bool app_begin(struct app *app)
{
	int rc = db_begin_write(app->db);

	if (rc == 1)
		return true;
	if (rc < 0) {
		web_error(app->web, 500, "The database cannot be used; the log says why.");
		return false;
	}
	/* no second wait for the same lock */
	app->stale_token = 0;
	app->session_is_stale = false;
	web_error(app->web, 503, "Another process is writing just now. Please send this again.");
	web_header(app->web, "Retry-After", "5");
	return false;
}

bool app_commit(struct app *app)
{
	if (db_commit(app->db) < 0) {
		web_error(app->web, 503,
		    "This could not be stored, and nothing was changed; the log says why. Is the "
		    "disk full?");
		web_header(app->web, "Retry-After", "30");
		return false;
	}
	app->wake_sender = true;
	if (app->content_changed)
		page_publish(&app->conf, app->db, PAGE_CHANGED);
	return true;
}

void app_refuse(struct app *app, int rc, const struct fault *f)
{
	static const int status[] = {
	    [FAULT_NONE] = 404,
	    [FAULT_FIELD] = 422,
	    [FAULT_STEP] = 409,
	    [FAULT_ABSENT] = 404,
	};
	static_assert(nelem(status) == FAULT__MAX, "a status for each");

	db_rollback(app->db);
	if (rc < 0)
		web_error(app->web, 500, "This could not be stored; the log says why.");
	else if (f->field != NULL && app->web->is_api)
		web_json_field_error(app->web, status[f->kind], f->field, f->sentence);
	else
		web_error(app->web, status[f->kind],
		    f->sentence != NULL ? f->sentence : "There is no such thing.");
}

/* Work that is due though nobody told us: at most one look in ten seconds. */
static bool overdue(struct app *app)
{
	int64_t now = clock_mono_ms();

	if (now - app->looked_at < LOOK_MS)
		return false;
	app->looked_at = now;
	return job_work_due(app->db, clock_now_ms(), 0) == 1;
}

void app_end_request(struct app *app)
{
	db_rollback(app->db);
	web_finish(&app->web);
	if (app->wake_sender || overdue(app))
		spawn_sender(&app->conf);
	/* a courtesy to the operator; the database says in the log why it failed */
	if (app->stale_token != 0)
		(void)admin_touch_token(app->db, app->stale_token);
	if (app->session_is_stale)
		(void)admin_touch_session(app->db, app->stale_session);
}
