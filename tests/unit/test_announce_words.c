/* test_announce_words.c - what the notices say in each language: every trigger, with what an admin wrote as it was
 * written. */
#include "base.h"
#include "t_db.h"

#include "announce.h"
#include "clock.h"
#include "t.h"
#include "t_sql.h"
#include "text.h"
#include "words.h"

#define S(text) ((char *)(text)) /* the structs take char *, and nobody writes to them */

/* 24 November 2026, 16:00 and 18:00 in Berlin */
#define FROM  INT64_C(1795532400000)
#define UNTIL (FROM + 2 * CLOCK_HOUR)

static struct db *db;
static struct arena arena = ARENA_INIT;

static struct incident_component api = {.id = S("aaaaaaaaaaaa"), .name = S("API")};

static struct incident incident(enum incident_status status, enum impact impact)
{
	return (struct incident){.id = S("incident0001"),
	    .name = S("Checkout fails"),
	    .status = status,
	    .impact = impact,
	    .max_impact = impact,
	    .impact_override = -1,
	    .started_at = clock_now_ms() - 42 * CLOCK_MINUTE - 5000,
	    .components = &api,
	    .n_components = 1};
}

static struct incident maintenance(enum incident_status status)
{
	return (struct incident){.id = S("mainten00001"),
	    .name = S("Database upgrade"),
	    .status = status,
	    .impact = IMPACT_MAINTENANCE,
	    .max_impact = IMPACT_MAINTENANCE,
	    .impact_override = -1,
	    .scheduled_for = FROM,
	    .scheduled_until = UNTIL};
}

static void tell(const struct incident *i, int trigger, const char *body)
{
	t_run("DELETE FROM jobs");
	t_int(db_begin_write(db), 1);
	t_int(announce_incident(db, &arena, i, trigger, body, NULL, 0), 1);
	t_int(db_commit(db), 1);
}

/* "title|body" of the newest job */
static const char *text_of(const char *lang)
{
	char sql[128];

	snprintf(
	    sql, sizeof sql, "SELECT title || '|' || body FROM job_texts WHERE lang = '%s'", lang);
	return t_get(sql);
}

struct saying {
	const char *lang, *text;
};

#define expect(...) expect_all((const struct saying[]){__VA_ARGS__, {NULL, NULL}})

static void expect_all(const struct saying *s)
{
	for (; s->lang != NULL; s++)
		t_str(text_of(s->lang), s->text);
}

static void incidents(void)
{
	struct incident i = incident(INCIDENT_INVESTIGATING, IMPACT_CRITICAL);

	t_case("a new incident is told in each language, the text of the admin as it is");
	api.status = COMPONENT_MAJOR_OUTAGE;
	tell(&i, TRIGGER_INCIDENT_NEW, "Orders {fail} | 50 %. More later.");
	expect({"en", "🔴 Major outage: API|Orders {fail} | 50 %."},
	    {"de", "🔴 Ausfall: API|Orders {fail} | 50 %."},
	    {"fr", "🔴 Panne majeure\u00a0: API|Orders {fail} | 50 %."},
	    {"es", "🔴 Interrupción grave: API|Orders {fail} | 50 %."},
	    {"ja", "🔴 重大な障害：API|Orders {fail} | 50 %."});
	t_case("the ledger shows the English title");
	t_row("SELECT title FROM jobs", "🔴 Major outage: API");

	t_case("without a text of the admin's it is the status and the name");
	tell(&i, TRIGGER_INCIDENT_NEW, NULL);
	expect({"en", "🔴 Major outage: API|Investigating: Checkout fails"},
	    {"de", "🔴 Ausfall: API|Wird untersucht: Checkout fails"},
	    {"ja", "🔴 重大な障害：API|調査中：Checkout fails"});

	t_case("the end says how long it took, in each language's units");
	i = incident(INCIDENT_RESOLVED, IMPACT_CRITICAL);
	tell(&i, TRIGGER_INCIDENT_RESOLVED, "Fixed.");
	expect({"en", "🟢 Resolved: API, down 42 minutes|Fixed."},
	    {"de", "🟢 Behoben: API, Ausfalldauer 42 Minuten|Fixed."},
	    {"fr", "🟢 Résolu\u00a0: API, indisponible pendant 42\u00a0minutes|Fixed."},
	    {"es", "🟢 Resuelto: API, sin servicio durante 42 minutos|Fixed."},
	    {"ja", "🟢 解決：API（停止時間 42分）|Fixed."});
	i.max_impact = IMPACT_MINOR;
	i.started_at = clock_now_ms() - CLOCK_HOUR;
	tell(&i, TRIGGER_INCIDENT_RESOLVED, NULL);
	expect({"en", "🟢 Resolved: API, after 1 hour|Resolved: Checkout fails"},
	    {"de", "🟢 Behoben: API, Dauer 1 Stunde|Behoben: Checkout fails"},
	    {"es", "🟢 Resuelto: API, tras 1 hora|Resuelto: Checkout fails"});

	t_case("a name that looks like a pattern is a name");
	i = incident(INCIDENT_RESOLVED, IMPACT_CRITICAL);
	i.name = S("{duration} {n} {name} <b>|");
	i.n_components = 0;
	tell(&i, TRIGGER_INCIDENT_RESOLVED, "x");
	expect({"de", "🟢 Behoben: {duration} {n} {name} <b>|, Ausfalldauer 42 Minuten|x"});
}

static void component_change(const struct component_change *c)
{
	t_run("DELETE FROM jobs");
	t_int(db_begin_write(db), 1);
	t_int(announce_component(db, &arena, c), 1);
	t_int(db_commit(db), 1);
}

static void components(void)
{
	struct component_change c = {.id = S("cccccccccccc"),
	    .name = S("Pay"),
	    .new_status = COMPONENT_PARTIAL_OUTAGE,
	    .went_down = true};

	t_case("a component that goes down is told in each language");
	component_change(&c);
	expect({"en", "🟠 Partial outage: Pay|Pay is partly not available."},
	    {"de", "🟠 Teilausfall: Pay|Pay ist teilweise nicht verfügbar."},
	    {"fr", "🟠 Panne partielle\u00a0: Pay|Pay est partiellement indisponible."},
	    {"es", "🟠 Interrupción parcial: Pay|Pay solo está disponible en parte."},
	    {"ja", "🟠 部分的な障害：Pay|Payは一部ご利用いただけません。"});

	t_case("and that it is well again, after how long");
	c = (struct component_change){.id = S("cccccccccccc"),
	    .name = S("Pay"),
	    .recovered = true,
	    .trouble_since = clock_now_ms() - 90 * CLOCK_MINUTE - 5};
	component_change(&c);
	expect({"en", "🟢 Recovered: Pay, down 1 hour 30 minutes|Pay is operational again."},
	    {"de",
		"🟢 Wieder verfügbar: Pay, Ausfalldauer 1 Stunde 30 Minuten|Pay ist wieder in "
		"Betrieb."},
	    {"es", "🟢 Restablecido: Pay, sin servicio durante 1 hora y 30 minutos|Pay vuelve a "
		   "funcionar."},
	    {"ja", "🟢 復旧：Pay（停止時間 1時間30分）|Payは復旧しました。"});
}

static void maintenances(void)
{
	struct incident i = maintenance(INCIDENT_SCHEDULED);

	t_case("a plan is told with its window in the page's zone, as each language writes dates");
	tell(&i, TRIGGER_MAINTENANCE_SCHEDULED, NULL);
	expect({"en", "🔧 Maintenance scheduled: Database upgrade|24 Nov 2026, 16:00–18:00 CET. "
		      "Database upgrade"},
	    {"de", "🔧 Wartung geplant: Database upgrade|24. Nov. 2026, 16:00–18:00 Uhr CET. "
		   "Database upgrade"},
	    {"fr", "🔧 Maintenance prévue\u00a0: Database upgrade|24 nov. 2026, 16:00–18:00 CET. "
		   "Database upgrade"},
	    {"es", "🔧 Mantenimiento programado: Database upgrade|24 nov 2026, 16:00–18:00 CET. "
		   "Database upgrade"},
	    {"ja", "🔧 メンテナンス予定：Database upgrade|2026年11月24日 "
		   "16:00～18:00（CET）。Database upgrade"});

	t_case("a window over midnight names both days");
	i.scheduled_until = FROM + 10 * CLOCK_HOUR;
	tell(&i, TRIGGER_MAINTENANCE_RESCHEDULED, "Moved.");
	expect({"en", "🔧 Maintenance rescheduled: Database upgrade|24 Nov 2026, 16:00 to 25 Nov "
		      "2026, 02:00 CET. Moved."},
	    {"de", "🔧 Wartung verschoben: Database upgrade|24. Nov. 2026, 16:00 bis 25. Nov. 2026, "
		   "02:00 Uhr CET. Moved."},
	    {"fr", "🔧 Maintenance reprogrammée\u00a0: Database upgrade|Du 24 nov. 2026, 16:00 au "
		   "25 nov. 2026, 02:00 CET. Moved."},
	    {"ja", "🔧 メンテナンス日程の変更：Database upgrade|2026年11月24日 "
		   "16:00から2026年11月25日 02:00（CET）まで。Moved."});

	t_case("once it has begun, only its end is told");
	i = maintenance(INCIDENT_IN_PROGRESS);
	i.begun_at = FROM;
	tell(&i, TRIGGER_MAINTENANCE_RESCHEDULED, NULL);
	expect({"en", "🔧 Maintenance has a new end: Database upgrade|Now until 24 Nov 2026, 18:00 "
		      "CET. Database upgrade"},
	    {"es", "🔧 Nueva hora de fin del mantenimiento: Database upgrade|Nuevo final previsto: "
		   "24 nov "
		   "2026, 18:00 CET. Database upgrade"});
	tell(&i, TRIGGER_MAINTENANCE_STARTING, NULL);
	expect({"en", "🔧 Maintenance started: Database upgrade|Until 24 Nov 2026, 18:00 CET. "
		      "Database upgrade"},
	    {"de", "🔧 Wartung begonnen: Database upgrade|Bis 24. Nov. 2026, 18:00 Uhr CET. "
		   "Database upgrade"});
	tell(&i, TRIGGER_MAINTENANCE_OVERRUN, NULL);
	expect({"en", "🔧 Maintenance takes longer: Database upgrade|The work goes on; it was to "
		      "end on 24 Nov 2026, 18:00 CET. Database upgrade"},
	    {"de", "🔧 Wartung dauert länger: Database upgrade|Die Arbeiten dauern an; geplant "
		   "waren sie bis 24. Nov. 2026, 18:00 Uhr CET. Database upgrade"});

	t_case("its end has its own colour, its calling off and its updates have not");
	tell(&i, TRIGGER_MAINTENANCE_COMPLETED, "Done.");
	expect({"en", "🟢 Maintenance completed: Database upgrade|Done."},
	    {"de", "🟢 Wartung abgeschlossen: Database upgrade|Done."});
	tell(&i, TRIGGER_MAINTENANCE_CANCELLED, NULL);
	expect({"en", "🔧 Maintenance cancelled: Database upgrade|Database upgrade"},
	    {"fr", "🔧 Maintenance annulée\u00a0: Database upgrade|Database upgrade"});
	tell(&i, TRIGGER_INCIDENT_UPDATE, "Half way.");
	expect({"en", "🔧 Maintenance: Database upgrade|Half way."},
	    {"ja", "🔧 メンテナンス：Database upgrade|Half way."});

	t_case("a reminder says in how long, rounded up to the minute");
	i = maintenance(INCIDENT_SCHEDULED);
	i.scheduled_for = clock_now_ms() + CLOCK_HOUR - 500;
	i.scheduled_until = i.scheduled_for + CLOCK_HOUR;
	tell(&i, TRIGGER_MAINTENANCE_REMINDER, NULL);
	t_row("SELECT group_concat(title) FROM (SELECT title FROM job_texts ORDER BY lang)",
	    "🔧 Noch 1 Stunde bis zur Wartung: Database upgrade,🔧 Maintenance in 1 hour: Database "
	    "upgrade,"
	    "🔧 Mantenimiento dentro de 1 hora: Database upgrade,🔧 Maintenance dans "
	    "1\u00a0heure\u00a0: "
	    "Database upgrade,"
	    "🔧 メンテナンスまであと1時間：Database upgrade");
}

/* Whatever happens: a text in each language, without a hole, with the name in it. */
static void every_trigger(void)
{
	for (int t = 0; t < TRIGGER__MAX; t++) {
		bool planned = t >= TRIGGER_MAINTENANCE_STARTING;
		struct incident i =
		    planned ? maintenance(INCIDENT_SCHEDULED)
			    : incident(t == TRIGGER_INCIDENT_RESOLVED ? INCIDENT_RESOLVED
								      : INCIDENT_MONITORING,
				  IMPACT_NONE);
		char name[4 * 200 + 1] = "";

		if (t == TRIGGER_COMPONENT_DOWN || t == TRIGGER_COMPONENT_RECOVERED)
			continue;
		for (int k = 0; k < 200; k++)
			memcpy(name + 4 * k, "🚀", 5);
		i.name = name;
		i.n_components = 0;
		tell(&i, t, NULL);
		t_case("each trigger has a text in each language, without a hole in it");
		t_int(strtol(t_get("SELECT count(*) FROM job_texts"), NULL, 10),
		    (long)words_languages());
		t_row("SELECT count(*) FROM job_texts WHERE title || body LIKE '%{%' OR title = '' "
		      "OR body = ''",
		    "0");
		t_case("a long name leaves each title short, and whole characters");
		t_row("SELECT count(*) FROM job_texts WHERE length(title) > 160 OR title NOT LIKE "
		      "'%🚀%' OR title LIKE '%\ufffd%'",
		    "0");
	}
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	t_run("INSERT INTO settings VALUES ('time_zone', 'Europe/Berlin');"
	      "INSERT INTO settings SELECT 'trigger.' || value, '1' FROM "
	      "json_each('[\"component_down\", \"component_recovered\","
	      " \"maintenance_scheduled\", \"maintenance_reminder\", \"maintenance_starting\", "
	      "\"maintenance_overrun\","
	      " \"maintenance_completed\", \"maintenance_rescheduled\", "
	      "\"maintenance_cancelled\"]')");
	incidents();
	components();
	maintenances();
	every_trigger();
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
