/* settings.c - see settings.h. */
#include "base.h"
#include "settings.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "log.h"
#include "text.h"

bool settings_trigger_default(enum trigger t)
{
	return t == TRIGGER_INCIDENT_NEW || t == TRIGGER_INCIDENT_UPDATE ||
	       t == TRIGGER_INCIDENT_RESOLVED;
}

static void set_defaults(struct arena *a, struct settings *s)
{
	*s = (struct settings){0};
	s->site_name = arena_strdup(a, "Status");
	s->page_id = arena_strdup(a, "");
	s->time_zone = arena_strdup(a, "Etc/UTC");
	s->page_lang = arena_strdup(a, "en");
	s->vapid_verdict = arena_strdup(a, "");
	s->push_enabled = true;
	for (int t = 0; t < TRIGGER__MAX; t++)
		s->trigger[t] = settings_trigger_default((enum trigger)t);
}

static int64_t number(const char *value)
{
	int64_t n = 0;

	text_parse_i64(value, strlen(value), 0, INT64_MAX, &n);
	return n;
}

static void take(struct arena *a, struct settings *s, const char *name, const char *value)
{
	static const char prefix[] = "trigger.";

	if (strcmp(name, "site_name") == 0)
		s->site_name = arena_strdup(a, value);
	else if (strcmp(name, "page_id") == 0)
		s->page_id = arena_strdup(a, value);
	else if (strcmp(name, "time_zone") == 0)
		s->time_zone = arena_strdup(a, value);
	else if (strcmp(name, "page.lang") == 0)
		s->page_lang = arena_strdup(a, value);
	else if (strcmp(name, "vapid_verdict") == 0)
		s->vapid_verdict = arena_strdup(a, value);
	else if (strcmp(name, "push_enabled") == 0)
		s->push_enabled = strcmp(value, "1") == 0;
	else if (strcmp(name, "content_rev") == 0)
		s->content_rev = number(value);
	else if (strcmp(name, "content_at") == 0)
		s->content_at = number(value);
	else if (strcmp(name, "content_all_rev") == 0)
		s->content_all_rev = number(value);
	else if (strncmp(name, prefix, strlen(prefix)) == 0) {
		int t = trigger_from_word(name + strlen(prefix));
		if (t >= 0 && t < TRIGGER__MAX)
			s->trigger[t] = strcmp(value, "1") == 0;
	}
}

int settings_load(struct db *db, struct arena *a, struct settings *out)
{
	struct db_stmt *s = db_stmt(db, SQL_SETTINGS_ALL);
	int rc;

	set_defaults(a, out);
	while ((rc = db_step(s)) == 1)
		take(a, out, db_col_text(s, 0), db_col_text(s, 1));
	return rc < 0 ? -1 : 1;
}

int settings_get(struct db *db, const char *name, struct arena *a, char **out)
{
	struct db_stmt *s = db_stmt(db, SQL_SETTINGS_GET);
	int rc;

	*out = NULL;
	db_bind_text(s, ":name", name);
	rc = db_step(s);
	if (rc == 1)
		*out = db_col_strdup(s, 0, a);
	db_reset(s);
	return rc;
}

int settings_put(struct db *db, const char *name, const char *value)
{
	struct db_stmt *s = db_stmt(db, SQL_SETTINGS_PUT);

	db_bind_text(s, ":name", name);
	db_bind_text(s, ":value", value);
	return db_run(s);
}

int settings_audit(
    struct db *db, const char *actor, const char *action, const char *object, const char *detail)
{
	struct db_stmt *s = db_stmt(db, SQL_AUDIT_ADD);

	db_bind_int(s, ":at", clock_now_ms());
	db_bind_text(s, ":actor", actor);
	db_bind_text(s, ":action", action);
	db_bind_text(s, ":object", object);
	db_bind_text(s, ":detail", detail);
	return db_run(s);
}

/* Stores one setting and, where that changed something, what it was and is. */
static int save_one(struct db *db, struct arena *a, const char *actor, const char *name,
    const char *old, const char *value)
{
	if (strcmp(old, value) == 0)
		return 0;
	if (settings_put(db, name, value) < 0)
		return -1;
	char *detail = arena_printf(a, "%s -> %s", old, value);
	return settings_audit(db, actor, "settings.save", name, detail);
}

int settings_save(struct db *db, struct arena *a, const struct settings *s, const char *actor)
{
	struct settings old;
	int changed = 0, rc;

	if (settings_load(db, a, &old) < 0)
		return -1;
	if ((rc = save_one(db, a, actor, "site_name", old.site_name, s->site_name)) < 0)
		return -1;
	changed |= rc;
	if ((rc = save_one(db, a, actor, "time_zone", old.time_zone, s->time_zone)) < 0)
		return -1;
	changed |= rc;
	if ((rc = save_one(db, a, actor, "page.lang", old.page_lang, s->page_lang)) < 0)
		return -1;
	changed |= rc;
	rc = save_one(db, a, actor, "push_enabled", old.push_enabled ? "1" : "0",
	    s->push_enabled ? "1" : "0");
	if (rc < 0)
		return -1;
	changed |= rc;
	for (int t = 0; t < TRIGGER__MAX; t++) {
		char *name = arena_printf(a, "trigger.%s", trigger_word((enum trigger)t));
		rc = save_one(
		    db, a, actor, name, old.trigger[t] ? "1" : "0", s->trigger[t] ? "1" : "0");
		if (rc < 0)
			return -1;
		changed |= rc;
	}
	if (changed && settings_touch_all(db) < 0)
		return -1;
	return changed;
}

int settings_touch_content(struct db *db)
{
	char now[24];

	snprintf(now, sizeof now, "%" PRId64, clock_now_ms());
	if (settings_put(db, "content_at", now) < 0)
		return -1;
	return db_run(db_stmt(db, SQL_SETTINGS_TOUCH));
}

int settings_touch_all(struct db *db)
{
	if (settings_touch_content(db) < 0)
		return -1;
	return db_run(db_stmt(db, SQL_SETTINGS_TOUCH_ALL));
}

int settings_secret(struct db *db, const char *name, uint8_t out[32])
{
	struct db_stmt *s = db_stmt(db, SQL_SECRET_GET);
	size_t len = 0;
	int rc;

	db_bind_text(s, ":name", name);
	rc = db_step(s);
	if (rc == 1) {
		const void *p = db_col_blob(s, 0, &len);
		if (len == 32)
			memcpy(out, p, 32);
	}
	db_reset(s);
	if (rc == 0)
		log_error("SETTINGS-01", "the secret %s is missing: run `atstatus init`", name);
	return rc == 1 && len == 32 ? 1 : -1;
}
