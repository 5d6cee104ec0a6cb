/* test_bulletin.c - a job as the sender reads it: which text a language gets, what is silent, the number of open
 * incidents. */
#include "base.h"
#include "bulletin.h"

#include "json.h"
#include "t.h"
#include "t_db.h"
#include "t_sql.h"

static struct db *db;
static struct bulletin *b;

/* A job with one notice. */
static void put_job(int id, const char *trigger, const char *status, const char *impact)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
	    "INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id, "
	    "is_test)"
	    " VALUES (%d, printf('job%%09d', %d), 1, '%s', 't', 1, '%s' = 'test');"
	    "INSERT INTO job_notices (job_id, position, trigger, subject_id, topic, components, "
	    "status,"
	    " impact, max_impact, urgency, path, seq, expires_at) VALUES (%d, 0, '%s', 'subject',"
	    " printf('%%032d', %d), '', '%s', '%s', 'critical', 'high', '/', 1, 1700000100000)",
	    id, id, trigger, trigger, id, trigger, id, status, impact);
	t_run(sql);
}

static void put_text(int job, const char *lang)
{
	char sql[256];

	snprintf(sql, sizeof sql, "INSERT INTO job_texts VALUES (%d, 0, '%s', 'Title %s', 'Body')",
	    job, lang, lang);
	t_run(sql);
}

static const struct bulletin_notice *load(int job)
{
	if (b != NULL)
		bulletin_free(b);
	b = NULL;
	t_int(bulletin_load(db, job, "https://s.example", &b), 1);
	return &b->notices[0];
}

static void languages(void)
{
	static const struct {
		const char *sentence, *asked, *got;
	} table[] = {
	    {"a language gets its own text", "de", "de"},
	    {"English gets English", "en", "en"},
	    {"one of a country gets that of its language", "de-AT", "de"},
	    {"unless there is one of the country", "pt-BR", "pt-BR"},
	    {"which another country does not get", "pt-PT", "en"},
	    {"nor the language itself", "pt", "en"},
	    {"a language that is not there gets English", "sv", "en"},
	    {"the beginning of a tag is no language", "d", "en"},
	    {"nor is nothing", "", "en"},
	};
	const struct bulletin_notice *n;

	put_job(1, "incident_new", "investigating", "major");
	put_text(1, "de");
	put_text(1, "en");
	put_text(1, "ja");
	put_text(1, "pt-BR");
	n = load(1);
	for (size_t i = 0; i < nelem(table); i++) {
		t_case(table[i].sentence);
		t_str(bulletin_text(n, table[i].asked)->lang, table[i].got);
	}
	t_case("a job of an older version has English alone");
	put_job(2, "incident_new", "investigating", "major");
	put_text(2, "en");
	t_str(bulletin_text(load(2), "de")->lang, "en");
	t_case("a test has the one language of the browser that asked for it");
	put_job(3, "test", "test", "none");
	put_text(3, "ja");
	t_str(bulletin_text(load(3), "de")->lang, "ja");
}

static void quiet(void)
{
	static const struct {
		const char *sentence, *trigger, *status, *impact;
		enum quiet_notice quiet;
	} table[] = {
	    {"a critical incident is critical", "incident_new", "investigating", "critical",
		QUIET_CRITICAL},
	    {"its updates too", "incident_update", "identified", "critical", QUIET_CRITICAL},
	    {"one that was critical and is no more is not", "incident_update", "monitoring",
		"minor", QUIET_USUAL},
	    {"a major one is not", "incident_new", "investigating", "major", QUIET_USUAL},
	    {"the end of a critical one is not", "incident_resolved", "resolved", "critical",
		QUIET_USUAL},
	    {"nor is what is said after it", "incident_update", "postmortem", "critical",
		QUIET_USUAL},
	    {"a component's major outage is critical", "component_down", "major_outage", "critical",
		QUIET_CRITICAL},
	    {"its partial outage is not", "component_down", "partial_outage", "major", QUIET_USUAL},
	    {"nor that it is well again", "component_recovered", "operational", "none",
		QUIET_USUAL},
	    {"a maintenance is not", "maintenance_starting", "in_progress", "maintenance",
		QUIET_USUAL},
	    {"a test is always heard", "test", "test", "none", QUIET_NEVER},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		int job = 10 + (int)i;
		t_case(table[i].sentence);
		put_job(job, table[i].trigger, table[i].status, table[i].impact);
		put_text(job, "en");
		t_int(load(job)->quiet, table[i].quiet);
	}
}

static const struct json *parse(struct arena *a, const uint8_t *text, size_t len)
{
	const struct json *doc = NULL;
	const char *error;

	t_ok(json_parse(a, (const char *)text, len, 4, &doc, &error));
	return doc;
}

static void payloads(void)
{
	struct arena a = ARENA_INIT;
	int64_t badge = -1;
	bool silent = false;

	t_case(
	    "the number of open incidents is on the badge; maintenances and what is over are not");
	t_run("INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	      " updated_at, resolved_at, scheduled_for) VALUES"
	      " ('openopen0001', 'x', 'investigating', 'minor', 'minor', 1, 1, 1, NULL, NULL),"
	      " ('openopen0002', 'x', 'monitoring', 'none', 'none', 1, 1, 1, NULL, NULL),"
	      " ('overover0001', 'x', 'resolved', 'minor', 'minor', 1, 1, 1, 2, NULL),"
	      " ('planplan0001', 'x', 'in_progress', 'maintenance', 'maintenance', 1, 1, 1, NULL, "
	      "5)");
	const struct bulletin_text *text = bulletin_text(load(1), "de");
	const struct json *usual = parse(&a, text->usual.full, text->usual.full_len);
	t_ok(json_int(json_get(usual, "app_badge"), &badge));
	t_int(badge, 2);

	t_case("only the silent text says that it is, in both places");
	t_ok(json_get(usual, "silent") == NULL);
	t_ok(json_get(json_get(usual, "notification"), "silent") == NULL);
	const struct json *quiet_one = parse(&a, text->silent.full, text->silent.full_len);
	t_ok(json_boolean(json_get(quiet_one, "silent"), &silent) && silent);
	silent = false;
	t_ok(json_boolean(json_get(json_get(quiet_one, "notification"), "silent"), &silent) &&
	     silent);
	quiet_one = parse(&a, text->silent.minimal, text->silent.minimal_len);
	silent = false;
	t_ok(json_boolean(json_get(json_get(quiet_one, "notification"), "silent"), &silent) &&
	     silent);
	t_ok(
	    json_get(parse(&a, text->usual.minimal, text->usual.minimal_len), "app_badge") == NULL);
	arena_release(&a);
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	languages();
	quiet();
	payloads();
	bulletin_free(b);
	t_sql_close();
	t_db_close(&db);
	return t_end();
}
