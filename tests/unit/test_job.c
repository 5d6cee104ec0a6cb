/* test_job.c - jobs: what is written for an action, in which order it is told, how it ends. */
#include "base.h"
#include "t_db.h"

#include "clock.h"
#include "digest.h"
#include "job.h"
#include "t.h"
#include "t_sql.h"
#include "text.h"

static struct db *db;
static struct arena arena = ARENA_INIT;

static const struct job_text texts[] = {
    {"de", "Titel 🔴", "Text"},
    {"en", "Title 🔴", "Body"},
};

static const struct job_notice notice = {
    .trigger = TRIGGER_INCIDENT_NEW,
    .subject_id = "incident0001",
    .incident_id = "incident0001",
    .components = "aaaaaaaaaaaa bbbbbbbbbbbb",
    .status = "investigating",
    .impact = IMPACT_MAJOR,
    .max_impact = IMPACT_CRITICAL,
    .urgency = "high",
    .path = "/incidents/incident0001/",
    .expires_at = 99,
    .texts = texts,
    .n_texts = nelem(texts),
};

static int add(const struct job_notice *notices, size_t n, char id[13])
{
	t_int(db_begin_write(db), 1);
	int rc = job_add(db, &arena, notices, n, id);
	t_int(db_commit(db), 1);
	return rc;
}

static void add_subscription(int id)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "INSERT INTO subscriptions (id, endpoint_hash, endpoint, p256dh, auth, key_id, "
	    "origin_id, shard, created_at, last_seen_at) VALUES (%d, randomblob(16), 'e', "
	    "zeroblob(65), zeroblob(16), 1, 1, %d, 1, 1)",
	    id, id % 16);
	t_run(sql);
}

static void writing(void)
{
	char id[13], hex[33] = "";
	uint8_t mac[32], secret[32] = {1, 2, 3};

	t_case(
	    "a job is one row with the English title, its notices and their texts, and knows the "
	    "audience's end");
	add_subscription(41);
	add_subscription(42);
	t_int(add(&notice, 1, id), 1);
	t_row("SELECT public_id FROM jobs", id);
	t_row("SELECT trigger || '|' || title || '|' || incident_id || '|' || "
	      "coalesce(component_id, '-') || '|' || max_subscription_id || '|' || state || '|' || "
	      "is_test || '|' || spread FROM jobs",
	    "incident_new|Title 🔴|incident0001|-|42|sending|0|0");
	t_row(
	    "SELECT position || '|' || trigger || '|' || subject_id || '|' || components || '|' || "
	    "status || '|' || impact || '|' || max_impact || '|' || urgency || '|' || path || '|' "
	    "|| expires_at FROM job_notices",
	    "0|incident_new|incident0001|aaaaaaaaaaaa "
	    "bbbbbbbbbbbb|investigating|major|critical|high|/incidents/incident0001/|99");
	t_row("SELECT group_concat(lang || '|' || title || '|' || body) FROM job_texts",
	    "de|Titel 🔴|Text,en|Title 🔴|Body");

	t_case("the topic is the first half of an HMAC of the subject, in hex");
	digest_hmac(secret, sizeof secret, "incident0001", 12, mac);
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	t_row("SELECT topic FROM job_notices", hex);

	t_case("a component's own job names the component");
	struct job_notice own = notice;
	own.trigger = TRIGGER_COMPONENT_DOWN;
	own.subject_id = "component001";
	own.incident_id = NULL;
	t_int(add(&own, 1, id), 1);
	t_row("SELECT component_id || '|' || coalesce(incident_id, '-') FROM jobs ORDER BY id DESC",
	    "component001|-");

	t_case("notices keep their order");
	struct job_notice three[] = {notice, own, notice};
	three[2].subject_id = "component002";
	t_int(add(three, 3, id), 1);
	t_row(
	    "SELECT group_concat(subject_id) FROM (SELECT subject_id FROM job_notices WHERE job_id "
	    "= (SELECT max(id) FROM jobs) ORDER BY position)",
	    "incident0001,component001,component002");
}

static void sequence(void)
{
	char id[13];

	t_case("seq grows with each notice of a subject, also after the clock was set back");
	int64_t before = strtoll(t_get("SELECT max(seq) FROM job_notices WHERE subject_id = "
				       "'incident0001'"),
	    NULL, 10);
	t_ok(before <= clock_now_ms() && before > clock_now_ms() - CLOCK_MINUTE);
	t_run("UPDATE sequences SET seq = seq + 86400000");
	add(&notice, 1, id);
	int64_t after =
	    strtoll(t_get("SELECT seq FROM job_notices ORDER BY job_id DESC"), NULL, 10);
	t_int(after, before + CLOCK_DAY + 1);
	add(&notice, 1, id);
	t_int(strtoll(t_get("SELECT seq FROM job_notices ORDER BY job_id DESC"), NULL, 10),
	    after + 1);

	t_case("two subjects have sequences and topics of their own");
	t_row("SELECT count(DISTINCT topic) = count(DISTINCT subject_id) FROM job_notices", "1");
}

static void push_off(void)
{
	const char *before = t_get("SELECT count(*) FROM jobs");
	char id[13];

	t_case("with push switched off nothing is written, neither a job nor a test");
	t_run("INSERT INTO settings VALUES ('push_enabled', '0')");
	t_int(add(&notice, 1, id), 0);
	t_str(id, "");
	t_int(job_add_test(db, &arena, 41), 0);
	t_row("SELECT count(*) FROM jobs", before);
	t_run("UPDATE settings SET value = '1'");
	t_int(add(&notice, 1, id), 1);
}

static void reading(void)
{
	struct job_view *list, one;
	size_t n;

	t_run("DELETE FROM jobs; INSERT INTO jobs (id, public_id, created_at, trigger, title,"
	      " incident_id, max_subscription_id, first_at, last_at) VALUES"
	      " (1, 'job000000001', 5, 'incident_new', 'one', 'i', 0, 7, 9),"
	      " (2, 'job000000002', 6, 'incident_update', 'two', 'i', 0, NULL, NULL),"
	      " (3, 'job000000003', 6, 'incident_new', 'three', 'k', 0, NULL, NULL);"
	      "INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id, "
	      "is_test) VALUES (4, 'job000000004', 6, 'test', 'test', 0, 1);"
	      "INSERT INTO origins (id, origin, suffix) VALUES (2, 'https://z.example', ''), (3, "
	      "'https://m.example', '');"
	      "INSERT INTO ledger VALUES (1, 3, 'accepted', 10), (1, 2, 'accepted', 1), (1, 2, "
	      "'gone', 2), (1, 2, 'refused', 3), (1, 2, 'expired', 4), (1, 2, 'superseded', 5),"
	      " (1, 2, 'stopped', 6);"
	      "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES"
	      " (1, 41, 2, 0, 5), (1, 42, 2, 0, 5)");

	t_case(
	    "lists have the newest first, as many as asked for, of all or of one incident, and no "
	    "tests");
	t_int(job_list(db, &arena, 2, &list, &n), 1);
	t_int(n, 2);
	t_str(list[0].title, "three");
	t_str(list[1].title, "two");
	t_int(job_list_incident(db, &arena, "i", 10, &list, &n), 1);
	t_int(n, 2);
	t_str(list[0].title, "two");
	t_str(list[1].title, "one");
	t_int(job_list_incident(db, &arena, "nothing", 10, &list, &n), 1);
	t_int(n, 0);

	t_case("the counts are the ledger's and those that wait, in all and by origin in order");
	t_int(job_get(db, &arena, "job000000001", &one), 1);
	t_int(one.n_origins, 2);
	t_str(one.origins[0].origin, "https://m.example");
	t_int(one.origins[0].counts.accepted, 10);
	t_int(one.origins[1].counts.accepted, 1);
	t_int(one.counts.accepted, 11);
	t_int(one.counts.gone, 2);
	t_int(one.counts.refused, 3);
	t_int(one.counts.expired, 4);
	t_int(one.counts.superseded, 5);
	t_int(one.counts.stopped, 6);
	t_int(one.counts.retrying, 2);
	t_int(one.first_at, 7);
	t_int(one.last_at, 9);

	t_case("a test and an unknown id are no notification");
	t_int(job_get(db, &arena, "job000000004", &one), 0);
	t_int(job_get(db, &arena, "job00000000x", &one), 0);
}

static void stopping(void)
{
	t_case("what is being sent can be stopped once; what is done, a test, or unknown cannot");
	t_run("UPDATE jobs SET state = 'done' WHERE id = 2");
	t_int(job_stop(db, "job000000001"), 1);
	t_int(job_stop(db, "job000000001"), 0);
	t_int(job_stop(db, "job000000002"), 0);
	t_int(job_stop(db, "job000000004"), 0);
	t_int(job_stop(db, "job00000000x"), 0);
	t_row("SELECT group_concat(state) FROM (SELECT state FROM jobs ORDER BY id)",
	    "stopped,done,sending,sending");

	t_case("stopping an incident stops what is being sent of it, and nothing else");
	t_run("UPDATE jobs SET state = 'sending' WHERE id = 1");
	t_ok(job_stop_incident(db, "i") >= 0);
	t_row("SELECT group_concat(state) FROM (SELECT state FROM jobs ORDER BY id)",
	    "stopped,done,sending,sending");
}

static void due(void)
{
	t_case("there is work while a job is not spread, a lane is open, or an exception is due");
	t_run("DELETE FROM jobs; DELETE FROM exceptions");
	t_int(job_work_due(db, 1000, 0), 0);
	t_run("INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id)"
	      " VALUES (1, 'job000000001', 5, 'incident_new', 'one', 0)");
	t_int(job_work_due(db, 1000, 0), 1);
	t_run("UPDATE jobs SET spread = 1");
	t_int(job_work_due(db, 1000, 0), 0);
	t_run("INSERT INTO lanes (job_id, origin_id, shard) VALUES (1, 2, 0)");
	t_int(job_work_due(db, 1000, 0), 1);
	t_run("UPDATE lanes SET done = 1; INSERT INTO exceptions (job_id, subscription_id, "
	      "origin_id, "
	      "shard, due_at) VALUES (1, 41, 2, 0, 1500)");
	t_int(job_work_due(db, 1000, 0), 0);
	t_int(job_work_due(db, 1000, 500), 1);
	t_int(job_work_due(db, 1500, 0), 1);

	t_case("work of an origin that is paused is not due before the pause ends");
	t_run("UPDATE lanes SET done = 0; UPDATE origins SET paused_until = 3000");
	t_int(job_work_due(db, 2000, 0), 0);
	t_int(job_work_due(db, 3000, 0), 1);
	t_int(job_work_due(db, 2000, 1000), 1);
}

static void tests(void)
{
	t_case("a test is a job of its own for one subscription: one exception, due now, for a "
	       "minute");
	t_run("DELETE FROM jobs; DELETE FROM exceptions");
	t_int(db_begin_write(db), 1);
	t_int(job_add_test(db, &arena, 42), 1);
	t_int(db_commit(db), 1);
	t_row("SELECT is_test || '|' || spread || '|' || max_subscription_id FROM jobs", "1|1|0");
	t_row("SELECT subscription_id || '|' || origin_id || '|' || shard || '|' || tries FROM "
	      "exceptions",
	    "42|1|10|0");
	t_row(
	    "SELECT n.expires_at - j.created_at FROM job_notices n JOIN jobs j ON j.id = n.job_id",
	    "60000");
	t_ok(strstr(t_get("SELECT trigger || path FROM job_notices"), "test/") != NULL);

	t_case("a test to a subscription that is not there is none");
	t_int(db_begin_write(db), 1);
	t_ok(job_add_test(db, &arena, 4711) <= 0);
	db_rollback(db);
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	t_run("INSERT INTO origins (id, origin, suffix) VALUES (1, 'https://o.example', '');"
	      "INSERT INTO vapid_keys (id, public_key, created_at) VALUES (1, zeroblob(65), 1)");
	writing();
	sequence();
	push_off();
	reading();
	stopping();
	due();
	tests();
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
