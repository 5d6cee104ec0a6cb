/* metrics.c - see metrics.h. */
#include "base.h"
#include "metrics.h"

#include <sys/stat.h>

#include "admin.h"
#include "alarm.h"
#include "arena.h"
#include "clock.h"
#include "digest.h"
#include "file.h"
#include "guard.h"
#include "job.h"
#include "settings.h"
#include "text.h"

#define PATH "/metrics"

bool metrics_is_meant(const struct web *web)
{
	return strcmp(web->path, PATH) == 0;
}

/* ------------------------------------------------------------------ the format */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP atstatus_%s %s\n# TYPE atstatus_%s %s\n", name, help, name, type);
}

/* The three characters that end or break a label's value. */
static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\n') {
			buf_add(out, "\\n", 2);
			continue;
		}
		if (*p == '\\' || *p == '"')
			buf_add(out, "\\", 1);
		buf_add(out, p, 1);
	}
	buf_add(out, "\"", 1);
}

static void one(struct buf *out, const char *name, const char *help, int64_t value)
{
	head(out, name, "gauge", help);
	buf_printf(out, "atstatus_%s %" PRId64 "\n", name, value);
}

/* ms as seconds with their thousandths */
static void add_seconds(struct buf *out, int64_t ms)
{
	buf_printf(out, " %s%" PRId64 ".%03d\n", ms < 0 ? "-" : "", (int64_t)llabs(ms) / 1000,
	    (int)(llabs(ms) % 1000));
}

static void one_time(struct buf *out, const char *name, const char *help, int64_t ms)
{
	head(out, name, "gauge", help);
	buf_printf(out, "atstatus_%s", name);
	add_seconds(out, ms);
}

/* ------------------------------------------------------------------ figures */

struct scrape {
	struct app *app;
	struct arena *arena;
	struct db *db;
	struct buf *out;
	struct settings settings;
	int64_t now;
};

/* One push service. */
struct service {
	char *origin;
	int64_t subscriptions, paused_ms, failures, clock_skew;
};

static int read_services(struct scrape *s, struct service **out, size_t *n)
{
	struct db_stmt *st = db_stmt(s->db, SQL_METRICS_ORIGINS);
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = db_step(st)) == 1) {
		int64_t until = db_col_int(st, 2);
		*out = arena_grow(s->arena, *out, *n, sizeof **out);
		(*out)[(*n)++] = (struct service){
		    .origin = db_col_strdup(st, 0, s->arena),
		    .subscriptions = db_col_int(st, 1),
		    .paused_ms = until > s->now ? until - s->now : 0,
		    .failures = db_col_int(st, 3),
		    .clock_skew = db_col_int(st, 4),
		};
	}
	return rc;
}

static void add_origin(struct scrape *s, const char *name, const char *origin)
{
	buf_printf(s->out, "atstatus_%s{", name);
	add_label(s->out, "origin", origin);
	buf_add(s->out, "}", 1);
}

static void add_services(struct scrape *s, const struct service *list, size_t n)
{
	static const char subscriptions[] = "origin_subscriptions", paused[] = "origin_paused",
			  left[] = "origin_pause_seconds", failures[] = "origin_failures",
			  skew[] = "origin_clock_skew_seconds";

	head(s->out, subscriptions, "gauge", "Subscriptions of a push service that are not dead.");
	for (size_t i = 0; i < n; i++) {
		add_origin(s, subscriptions, list[i].origin);
		buf_printf(s->out, " %" PRId64 "\n", list[i].subscriptions);
	}
	head(s->out, paused, "gauge", "1 while a push service is left alone.");
	for (size_t i = 0; i < n; i++) {
		add_origin(s, paused, list[i].origin);
		buf_printf(s->out, " %d\n", list[i].paused_ms > 0);
	}
	head(s->out, left, "gauge", "How long it still is.");
	for (size_t i = 0; i < n; i++) {
		add_origin(s, left, list[i].origin);
		add_seconds(s->out, list[i].paused_ms);
	}
	head(s->out, failures, "gauge", "Pauses in a row, each longer than the one before.");
	for (size_t i = 0; i < n; i++) {
		add_origin(s, failures, list[i].origin);
		buf_printf(s->out, " %" PRId64 "\n", list[i].failures);
	}
	head(s->out, skew, "gauge",
	    "How far its clock is ahead of this machine's; 0 while it is less than a minute.");
	for (size_t i = 0; i < n; i++) {
		add_origin(s, skew, list[i].origin);
		add_seconds(s->out, list[i].clock_skew);
	}
}

static int add_pushes(struct scrape *s)
{
	static const char name[] = "pushes_total";
	struct db_stmt *st = db_stmt(s->db, SQL_METRICS_LEDGER);
	int rc;

	head(s->out, name, "counter",
	    "Subscribers counted, by push service and by what became of their notification.");
	while ((rc = db_step(st)) == 1) {
		buf_printf(s->out, "atstatus_%s{", name);
		add_label(s->out, "origin", db_col_text(st, 0));
		buf_add(s->out, ",", 1);
		add_label(s->out, "outcome", db_col_text(st, 1));
		buf_printf(s->out, "} %" PRId64 "\n", db_col_int(st, 2));
	}
	return rc;
}

static int add_subscriptions(struct scrape *s, const struct service *list, size_t n)
{
	int64_t all, alive = 0;

	if (db_one_int(db_stmt(s->db, SQL_SUBSCRIPTION_COUNT), &all) != 1)
		return -1;
	for (size_t i = 0; i < n; i++)
		alive += list[i].subscriptions;
	head(s->out, "subscriptions", "gauge", "Subscriptions; dead: ended, kept for a while.");
	buf_printf(s->out,
	    "atstatus_subscriptions{state=\"active\"} %" PRId64
	    "\natstatus_subscriptions{state=\"dead\"} %" PRId64 "\n",
	    alive, all - alive);
	one(s->out, "subscriptions_max", "SUBSCRIBE_MAX of the configuration.",
	    s->app->conf.subscribe_max);
	return 1;
}

/* Two figures of a statement. */
static int read_pair(struct scrape *s, enum sql which, int64_t *first, int64_t *second)
{
	struct db_stmt *st = db_stmt(s->db, which);
	int rc;

	if (which == SQL_METRICS_EXCEPTIONS)
		db_bind_int(st, ":now", s->now);
	rc = db_step(st);
	if (rc == 1) {
		*first = db_col_int(st, 0);
		*second = db_col_int(st, 1);
	}
	db_reset(st);
	return rc == 1 ? 1 : -1;
}

static int add_queue(struct scrape *s)
{
	int64_t sending, oldest, again, due, unread;

	if (read_pair(s, SQL_METRICS_JOBS, &sending, &oldest) < 0 ||
	    read_pair(s, SQL_METRICS_EXCEPTIONS, &again, &due) < 0 ||
	    db_one_int(db_stmt(s->db, SQL_METRICS_UNREAD), &unread) != 1)
		return -1;
	one(s->out, "jobs_sending", "Notifications that are being sent.", sending);
	one(s->out, "undelivered",
	    "Subscribers still to be told, about: those to be tried again, and those not looked "
	    "at.",
	    unread + again);
	one_time(s->out, "oldest_undelivered_age_seconds",
	    "Since the oldest notification that is being sent was published; 0 without one.",
	    sending == 0 || oldest > s->now ? 0 : s->now - oldest);
	one(s->out, "exceptions", "Subscribers whose push must be tried again.", again);
	one(s->out, "exceptions_due", "Those of them whose time has come.", due);
	return 1;
}

/* ------------------------------------------------------------------ the installation */

static int number_of(struct scrape *s, const char *name, int64_t *out)
{
	char *value;
	int rc = settings_get(s->db, name, s->arena, &value);

	*out = 0;
	/* of "published" the first part */
	if (rc == 1 && !text_parse_i64(value, strcspn(value, "@"), 0, INT64_MAX, out))
		*out = 0;
	return rc;
}

/* The sender writes its pid there when it begins. */
static int64_t sender_began(struct scrape *s)
{
	char path[FILE_PATH_MAX];
	struct stat st;

	conf_path_sender_lock(&s->app->conf, path, sizeof path);
	if (stat(path, &st) != 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int add_installation(struct scrape *s)
{
	int64_t published, upkeep;

	if (number_of(s, "published", &published) < 0 || number_of(s, "upkeep_at", &upkeep) < 0)
		return -1;
	head(s->out, "build_info", "gauge", "Always 1; schema: the database's version.");
	buf_printf(s->out, "atstatus_build_info{schema=\"%d\"} 1\n", DB_VERSION);
	one(s->out, "push_enabled", "1 while notifications are switched on.",
	    s->settings.push_enabled);
	one(s->out, "vapid_ok", "1 if the sender found the keys in order.",
	    strcmp(s->settings.vapid_verdict, "ok") == 0);
	one(s->out, "content_revision", "Raised by each change that shows on the page.",
	    s->settings.content_rev);
	one(s->out, "published_revision", "The one that the static files show.", published);
	one_time(s->out, "last_upkeep_timestamp_seconds",
	    "When old rows were last cleared away; 0 never.", upkeep);
	one_time(s->out, "sender_started_timestamp_seconds",
	    "When a sender last began its work; 0 never.", sender_began(s));
	return 1;
}

static int add_alarms(struct scrape *s)
{
	struct alarm list[ALARM__MAX];
	bool on[ALARM__MAX] = {false};
	size_t n;

	if (alarm_list(s->db, s->arena, &s->app->conf, &s->settings, list, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		on[list[i].kind] = true;
	head(s->out, "alarm", "gauge", "1 while the admin pages show this alarm.");
	for (int i = 0; i < ALARM__MAX; i++)
		buf_printf(s->out, "atstatus_alarm{name=\"%s\"} %d\n",
		    alarm_word((enum alarm_kind)i), on[i]);
	return 1;
}

static int add_all(struct scrape *s)
{
	struct service *services;
	size_t n;

	if (settings_load(s->db, s->arena, &s->settings) < 0 || add_installation(s) < 0 ||
	    add_alarms(s) < 0 || read_services(s, &services, &n) < 0 ||
	    add_subscriptions(s, services, n) < 0 || add_queue(s) < 0)
		return -1;
	add_services(s, services, n);
	return add_pushes(s);
}

/* ------------------------------------------------------------------ the request */

/* True if the token may read; else answered. */
static bool may_read(struct app *app)
{
	const char *bearer = web_bearer(app->web);
	uint8_t hash[DIGEST_SIZE];
	struct admin_token token;
	int rc = 0;

	if (bearer != NULL && guard_token_hash(bearer, hash))
		rc = admin_find_token(app->db, app->web->arena, hash, &token);
	if (rc < 0) {
		web_error(app->web, 500, "The database cannot be read; the log says why.");
		return false;
	}
	if (rc == 0) {
		web_error(app->web, 401,
		    "Send a valid token as “Authorization: Bearer <token>”; “atstatus token add "
		    "NAME "
		    "--scope read” makes one.");
		web_header(app->web, "WWW-Authenticate", "Bearer");
		return false;
	}
	if (!admin_token_allows(&token, ADMIN_SCOPE_READ)) {
		web_error(app->web, 403, "This token lacks the scope “read”.");
		return false;
	}
	if (admin_token_is_stale(&token))
		app->stale_token = token.id;
	return true;
}

void metrics_answer(struct app *app)
{
	struct scrape s = {
	    .app = app, .arena = app->web->arena, .db = app->db, .now = clock_now_ms()};

	if (!web_is_read(app->web)) {
		web_method_error(app->web, "GET, HEAD");
		return;
	}
	if (!may_read(app))
		return;
	web_answer(app->web, 200, WEB_TEXT);
	web_header(app->web, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	s.out = web_body(app->web);
	/* one moment for all figures */
	if (db_begin_read(app->db) != 1 || add_all(&s) < 0)
		web_error(app->web, 500, "The database cannot be read; the log says why.");
	db_rollback(app->db);
}
