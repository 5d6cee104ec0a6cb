/* test_settings.c - settings: defaults, what changed, who changed it, secrets. */
#include "base.h"
#include "t_db.h"

#include "capture.h"
#include "settings.h"
#include "t.h"
#include "t_sql.h"

static struct db *db;
static struct arena arena = ARENA_INIT;

static struct settings load(void)
{
	struct settings s;

	t_int(settings_load(db, &arena, &s), 1);
	return s;
}

static int save(const struct settings *s)
{
	t_int(db_begin_write(db), 1);
	int rc = settings_save(db, &arena, s, "ada");
	t_int(db_commit(db), 1);
	return rc;
}

static void defaults(void)
{
	struct settings s = load();

	t_case("without rows everything has its default: push on, incidents told, components not");
	t_str(s.site_name, "Status");
	t_str(s.time_zone, "Etc/UTC");
	t_str(s.vapid_verdict, "");
	t_ok(s.push_enabled);
	t_int(s.content_rev, 0);
	t_ok(s.trigger[TRIGGER_INCIDENT_NEW] && s.trigger[TRIGGER_INCIDENT_UPDATE] &&
	     s.trigger[TRIGGER_INCIDENT_RESOLVED]);
	t_ok(!s.trigger[TRIGGER_COMPONENT_DOWN] && !s.trigger[TRIGGER_COMPONENT_RECOVERED] &&
	     !s.trigger[TRIGGER_MAINTENANCE_STARTING]);
	for (int i = 0; i < TRIGGER__MAX; i++)
		t_int(s.trigger[i], settings_trigger_default((enum trigger)i));
}

static void saving(void)
{
	struct settings s = load();

	t_case("saving what is so already writes nothing");
	t_int(save(&s), 0);
	t_row("SELECT count(*) FROM settings", "0");
	t_row("SELECT count(*) FROM audit", "0");

	t_case("what changed is stored, each with an audit row of before and after");
	s.site_name = arena_strdup(&arena, "Example Cloud");
	s.push_enabled = false;
	s.trigger[TRIGGER_COMPONENT_DOWN] = true;
	s.trigger[TRIGGER_INCIDENT_NEW] = false;
	t_int(save(&s), 1);
	struct settings now = load();
	t_str(now.site_name, "Example Cloud");
	t_ok(!now.push_enabled);
	t_ok(now.trigger[TRIGGER_COMPONENT_DOWN] && !now.trigger[TRIGGER_INCIDENT_NEW]);
	t_ok(now.trigger[TRIGGER_INCIDENT_UPDATE]);
	t_row("SELECT group_concat(actor || '|' || action || '|' || object || '|' || detail, ';')"
	      " FROM (SELECT * FROM audit ORDER BY object)",
	    "ada|settings.save|push_enabled|1 -> 0;ada|settings.save|site_name|Status -> Example "
	    "Cloud;ada|settings.save|trigger.component_down|0 -> "
	    "1;ada|settings.save|trigger.incident_new|1 -> 0");

	t_case("a change raises the content's revision once, no change leaves it");
	t_int(now.content_rev, 1);
	t_int(save(&now), 0);
	t_int(load().content_rev, 1);
	t_int(settings_touch_content(db), 1);
	t_int(load().content_rev, 2);
}

static void one_value(void)
{
	char *value;

	t_case("one value: absent, stored, unchanged, changed");
	t_int(settings_get(db, "thing", &arena, &value), 0);
	t_ok(value == NULL);
	t_int(settings_put(db, "thing", "x"), 1);
	t_int(settings_put(db, "thing", "x"), 0);
	t_int(settings_put(db, "thing", "y"), 1);
	t_int(settings_get(db, "thing", &arena, &value), 1);
	t_str(value, "y");

	t_case("a value with line ends, quotes and SQL is kept as it is");
	t_int(settings_put(db, "thing", "a\nSITE_URL=x\n'; DROP TABLE settings; --"), 1);
	t_int(settings_get(db, "thing", &arena, &value), 1);
	t_str(value, "a\nSITE_URL=x\n'; DROP TABLE settings; --");

	t_case("a row of a trigger that is none, or of nothing known, is passed over");
	t_run("INSERT INTO settings VALUES ('trigger.nothing', '1'), ('unknown', '1'),"
	      " ('trigger.test', '1')");
	t_ok(load().trigger[TRIGGER_COMPONENT_DOWN]);

	t_case("a revision that is no number counts as none");
	t_run("UPDATE settings SET value = 'abc' WHERE name = 'content_rev'");
	t_int(load().content_rev, 0);
}

static void secrets(void)
{
	uint8_t out[32] = {0};

	t_case("a secret is read whole");
	t_int(settings_secret(db, "topic", out), 1);
	t_ok(out[0] == 1 && out[1] == 2 && out[2] == 3 && out[3] == 0);

	t_case("a missing secret is an error that names the command that mends it");
	capture_start();
	t_int(settings_secret(db, "nothing", out), -1);
	const char *log = capture_end();
	t_ok(strstr(log, "atstatus init") != NULL && strstr(log, "nothing") != NULL);
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	defaults();
	saving();
	one_value();
	secrets();
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
