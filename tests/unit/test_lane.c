/* Claims, windows and their results, row by row: what a crash, a pause and a half-sent window leave. */
#include "base.h"

#include "db.h"
#include "lane.h"
#include "t.h"
#include "t_db.h"
#include "t_sql.h"

#define NOW    INT64_C(1700000000000)
#define ORIGIN "https://push.example.net"

static struct db *db;
static struct lane_desk *desk;
static struct lane_place place;

/* ------------------------------------------------------------------ the stage */

static void put_subscription(int id, const char *columns, const char *values)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
	    "INSERT INTO subscriptions (id, endpoint_hash, endpoint, p256dh, auth, key_id, "
	    "origin_id,"
	    " shard, created_at, last_seen_at%s) VALUES (%d, randomblob(16), '" ORIGIN "/p/%d',"
	    " zeroblob(65), zeroblob(16), 1, 1, 3, 1, 1%s)",
	    columns, id, id, values);
	t_run(sql);
}

static void put_job(int id, int max, const char *topic, const char *events)
{
	char sql[2048];

	snprintf(sql, sizeof sql,
	    "INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id)"
	    " VALUES (%d, printf('job%%09d', %d), 1, '%s', 't', %d);"
	    "INSERT INTO job_notices (job_id, position, trigger, subject_id, topic, components, "
	    "status,"
	    " impact, max_impact, urgency, path, seq, expires_at) VALUES (%d, 0, '%s', 'subject', "
	    "printf('%%032d', %s), '', 'investigating', 'major', 'major', 'high', '/', 1, "
	    "1700000100000);"
	    "INSERT INTO job_texts VALUES (%d, 0, 'en', 'Title', 'Body')",
	    id, id, events, max, id, events, topic, id);
	t_run(sql);
}

static void begin(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	t_run("INSERT INTO vapid_keys (id, public_key, created_at) VALUES (1, zeroblob(65), 1);"
	      "INSERT INTO origins (id, origin, suffix) VALUES (1, '" ORIGIN "', '')");
	struct lane_settings settings = {.db = db, .site_url = "https://s.example", .key_id = 1};
	desk = lane_open(&settings);
	place = (struct lane_place){.origin_id = 1, .origin = ORIGIN, .shard = 3, .allowed = true};
}

static void begin_with(int subscriptions)
{
	begin();
	for (int i = 1; i <= subscriptions; i++)
		put_subscription(i, "", "");
	put_job(1, subscriptions, "'1'", "incident_new");
	t_int(lane_spread(db, NOW), 1);
}

static void end(void)
{
	lane_close(&desk);
	t_sql_close();
	t_db_close(&db);
}

static enum lane_claim claim_when(struct lane_when when, struct lane_window **w)
{
	enum lane_claim rc;

	when.now_ms = when.now_ms == 0 ? NOW : when.now_ms;
	t_int(lane_begin(desk), 1);
	rc = lane_claim(desk, &place, &when, w);
	t_int(db_commit(db), 1);
	return rc;
}

static enum lane_claim claim(struct lane_window **w)
{
	return claim_when((struct lane_when){.alone = true}, w);
}

static void store(struct lane_window *w)
{
	t_int(lane_begin(desk), 1);
	t_int(lane_store(desk, w, NOW), 1);
	t_int(db_commit(db), 1);
	lane_free(w);
}

static void finish(struct lane_message *m, enum lane_state state, bool sent)
{
	m->state = state;
	m->sent = sent;
	m->due_at = NOW + 5000;
	m->window->open--;
}

static void accept_all(struct lane_window *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->messages[i].state != LANE_QUEUED)
			continue;
		w->messages[i].sent = true;
		lane_settle(&w->messages[i], LANE_ACCEPTED, "accepted");
	}
}

/* What a crash leaves: the claim, and nobody who remembers it. */
static void crash(struct lane_window *w)
{
	lane_free(w);
	place.careful = 0;
}

/* ------------------------------------------------------------------ lanes */

static void test_spread(void)
{
	t_case("a job gets a lane for each shard of an origin that has somebody in it");
	begin_with(2);
	t_row("SELECT group_concat(origin_id || '/' || shard) FROM lanes", "1/3");
	t_row("SELECT spread FROM jobs", "1");
	end();

	t_case("a job that concerns nobody is done at once");
	begin();
	put_job(1, 0, "'1'", "incident_new");
	t_int(lane_spread(db, NOW), 1);
	t_row("SELECT state FROM jobs", "done");
	end();
}

static void test_window(void)
{
	struct lane_window *w;

	t_case(
	    "a claim is on disk before the window is handed out, and its results move the cursor");
	begin_with(3);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, 3);
	t_str(w->messages[1].path, "/p/2");
	t_row("SELECT cursor || ' ' || claimed_to || ' ' || tries FROM lanes", "0 3 1");
	accept_all(w);
	w->first_at = w->last_at = NOW;
	store(w);
	t_row("SELECT cursor || ' ' || claimed_to || ' ' || tries || ' ' || done FROM lanes",
	    "3 3 0 1");
	t_row("SELECT outcome || n FROM ledger", "accepted3");
	t_row("SELECT state FROM jobs", "done");
	t_row("SELECT count(*) FROM subscriptions WHERE proven = 1", "3");
	t_int(claim(&w), LANE_CLAIM_NOTHING);
	end();

	t_case("a window has no more than its number of messages, the next goes on behind it");
	begin_with(LANE_WINDOW_MAX + 10);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, LANE_WINDOW_MAX);
	accept_all(w);
	store(w);
	t_row("SELECT done FROM lanes", "0");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, 10);
	t_int(w->messages[0].id, LANE_WINDOW_MAX + 1);
	accept_all(w);
	store(w);
	t_row("SELECT state || (SELECT sum(n) FROM ledger) FROM jobs", "done266");
	end();
}

static void test_proven(void)
{
	struct lane_window *w;

	t_case("only who accepted becomes proven, not those between them");
	begin();
	put_subscription(1, "", "");
	put_subscription(2, ", events", ", 'component_down'");
	put_subscription(3, "", "");
	put_subscription(4, "", "");
	put_subscription(5, "", "");
	put_job(1, 5, "'1'", "incident_new");
	t_int(lane_spread(db, NOW), 1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, 4);
	w->messages[2].sent = true;
	w->messages[2].dead_reason = "gone";
	lane_settle(&w->messages[2], LANE_GONE, "gone");
	accept_all(w);
	store(w);
	t_row("SELECT group_concat(id) FROM subscriptions WHERE proven = 1", "1,3,5");
	t_row("SELECT dead_reason FROM subscriptions WHERE id = 4", "gone");
	end();
}

static void test_guard(void)
{
	struct lane_window *w;

	t_case("a verdict applies only to the endpoint that was sent to");
	begin_with(1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_run("UPDATE subscriptions SET endpoint_hash = randomblob(16)");
	w->messages[0].dead_reason = "gone";
	lane_settle(&w->messages[0], LANE_GONE, "gone");
	store(w);
	t_row("SELECT dead_at FROM subscriptions", "(null)");
	t_row("SELECT outcome FROM ledger", "gone");
	end();

	t_case("a window whose lane was moved by somebody else is not counted");
	begin_with(1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_run("UPDATE lanes SET cursor = 1, done = 1");
	accept_all(w);
	store(w);
	t_row("SELECT count(*) FROM ledger", "0");
	end();
}

/* ------------------------------------------------------------------ windows that were not finished */

static void test_held(void)
{
	struct lane_window *w;

	t_case("a window of which nothing was sent is given back whole");
	begin_with(5);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	for (size_t i = 0; i < w->n; i++)
		finish(&w->messages[i], LANE_HELD, false);
	store(w);
	t_row("SELECT cursor || ' ' || claimed_to || ' ' || tries || ' ' || done FROM lanes",
	    "0 0 0 0");
	t_row("SELECT count(*) FROM exceptions", "0");
	end();

	t_case("of one that broke half-way the end is left to the lane, gaps become exceptions");
	begin_with(6);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	w->messages[0].sent = true;
	lane_settle(&w->messages[0], LANE_ACCEPTED, "accepted");
	finish(&w->messages[1], LANE_HELD, true);
	w->messages[2].tries = 1;
	finish(&w->messages[2], LANE_LATER, true);
	w->messages[3].sent = true;
	lane_settle(&w->messages[3], LANE_ACCEPTED, "accepted");
	finish(&w->messages[4], LANE_HELD, true);
	finish(&w->messages[5], LANE_HELD, false);
	store(w);
	t_row("SELECT cursor || ' ' || claimed_to || ' ' || done FROM lanes", "4 4 0");
	t_row("SELECT group_concat(subscription_id || ':' || tries || ':' || (due_at - "
	      "1700000000000))"
	      " FROM exceptions",
	    "2:0:0,3:1:5000");
	t_row("SELECT outcome || n FROM ledger", "accepted2");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->exceptions, true);
	t_int(w->n, 1);
	accept_all(w);
	store(w);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->exceptions, false);
	t_int(w->messages[0].id, 5);
	accept_all(w);
	store(w);
	t_row("SELECT state FROM jobs", "sending");
	t_int(claim_when((struct lane_when){.now_ms = NOW + 5000, .alone = true}, &w),
	    LANE_CLAIM_WINDOW);
	accept_all(w);
	store(w);
	t_row("SELECT state || (SELECT n FROM ledger) FROM jobs", "done6");
	end();

	t_case(
	    "what was settled behind the last one sent is counted when its turn comes, not twice");
	begin();
	put_subscription(1, "", "");
	put_subscription(2, ", suspended_until", ", 1800000000000");
	put_job(1, 2, "'1'", "incident_new");
	t_int(lane_spread(db, NOW), 1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	finish(&w->messages[0], LANE_HELD, false);
	store(w);
	t_row("SELECT count(*) FROM ledger", "0");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	accept_all(w);
	store(w);
	t_row("SELECT group_concat(outcome || n) FROM ledger", "accepted1,refused1");
	end();
}

static void test_pause(void)
{
	struct lane_window *w;

	t_case("a paused origin gives no window, but what needs no sending is counted");
	begin_with(2);
	t_int(claim_when((struct lane_when){.paused = true}, &w), LANE_CLAIM_NOTHING);
	t_row("SELECT claimed_to FROM lanes", "0");
	t_int(claim_when((struct lane_when){.paused = true, .now_ms = NOW + 1000000}, &w),
	    LANE_CLAIM_COUNTED);
	t_row("SELECT outcome || n FROM ledger", "expired2");
	t_row("SELECT state FROM jobs", "done");
	end();
}

/* ------------------------------------------------------------------ order of jobs */

static void test_newest_first(void)
{
	struct lane_window *w;

	t_case("the newest job goes first, the older of the same topic is superseded");
	begin_with(3);
	put_job(2, 3, "'1'", "incident_update");
	t_int(lane_spread(db, NOW), 1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 2);
	accept_all(w);
	store(w);
	t_int(claim(&w), LANE_CLAIM_COUNTED);
	t_row("SELECT outcome || n FROM ledger WHERE job_id = 1", "superseded3");
	end();

	t_case("a job of another topic is sent, and one that was stopped supersedes nothing");
	begin_with(2);
	put_job(2, 2, "'2'", "incident_new");
	put_job(3, 2, "'1'", "incident_update");
	t_run("UPDATE jobs SET state = 'stopped' WHERE id = 3");
	t_int(lane_spread(db, NOW), 1);
	t_int(claim(&w), LANE_CLAIM_COUNTED);
	t_row("SELECT outcome || n FROM ledger WHERE job_id = 3", "stopped2");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 2);
	accept_all(w);
	store(w);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 1);
	accept_all(w);
	store(w);
	end();

	t_case("a job that comes while a window is under way is seen at the next claim");
	begin_with(LANE_WINDOW_MAX + 1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	put_job(2, LANE_WINDOW_MAX + 1, "'1'", "incident_update");
	t_int(lane_spread(db, NOW), 1);
	accept_all(w);
	store(w);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 2);
	accept_all(w);
	store(w);
	end();

	t_case("the retry of an older job waits for the newer job");
	begin_with(1);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	w->messages[0].tries = 1;
	finish(&w->messages[0], LANE_LATER, true);
	store(w);
	put_job(2, 1, "'2'", "incident_new");
	t_int(lane_spread(db, NOW), 1);
	t_int(claim_when((struct lane_when){.now_ms = NOW + 9000, .alone = true}, &w),
	    LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 2);
	accept_all(w);
	store(w);
	t_int(claim_when((struct lane_when){.now_ms = NOW + 9000, .alone = true}, &w),
	    LANE_CLAIM_WINDOW);
	t_int(w->bulletin->job_id, 1);
	t_int(w->messages[0].tries, 1);
	accept_all(w);
	store(w);
	end();
}

/* ------------------------------------------------------------------ crashes */

static void test_crashes(void)
{
	static const size_t sizes[] = {256, 256, 256, 64, 16, 4, 1, 1, 1};
	struct lane_window *w;

	t_case("a claim that crashes again and again is sent in ever smaller parts, then dropped");
	begin_with(LANE_WINDOW_MAX + 50);
	for (size_t i = 0; i < nelem(sizes); i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		t_int(w->n, sizes[i]);
		t_int(w->careful, i >= LANE_CRASHES);
		t_int(w->messages[0].id, 1);
		crash(w);
	}
	t_int(claim(&w), LANE_CLAIM_COUNTED);
	t_row("SELECT outcome || n FROM ledger", "refused1");
	t_row("SELECT cursor || ' ' || tries FROM lanes", "1 0");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, LANE_WINDOW_MAX);
	accept_all(w);
	store(w);
	end();

	t_case("what has crashed us is claimed only when nothing else is under way");
	begin_with(5);
	for (int i = 0; i < LANE_CRASHES; i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		crash(w);
	}
	t_int(claim_when((struct lane_when){.alone = false}, &w), LANE_CLAIM_ALONE);
	t_row("SELECT tries FROM lanes", "3");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	accept_all(w);
	store(w);
	t_row("SELECT state FROM jobs", "done");
	end();

	t_case("who comes next alone begins with a clean record, so that kills from outside "
	       "convict nobody");
	begin_with(10);
	for (int i = 0; i < 8; i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		crash(w);
	}
	t_row("SELECT tries FROM lanes", "8");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, 1);
	accept_all(w);
	store(w);
	t_row("SELECT cursor || ' ' || tries FROM lanes", "1 6");
	for (int i = 0; i < 2; i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		t_int(w->messages[0].id, 2);
		crash(w);
	}
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	accept_all(w);
	store(w);
	t_row("SELECT coalesce(sum(n), 0) FROM ledger WHERE outcome <> 'accepted'", "0");
	end();

	t_case("care ends after as many ids as a window has");
	begin_with(LANE_WINDOW_MAX + 100);
	for (int i = 0; i < LANE_CRASHES; i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		crash(w);
	}
	for (int i = 0; i < 4; i++) {
		t_int(claim(&w), LANE_CLAIM_WINDOW);
		t_int(w->n, 64);
		accept_all(w);
		store(w);
	}
	t_row("SELECT tries FROM lanes", "0");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_int(w->n, 100);
	accept_all(w);
	store(w);
	end();
}

static void test_exceptions(void)
{
	struct lane_window *w;

	t_case("a retry keeps what was learnt, and a crash is counted at it");
	begin_with(1);
	t_run("UPDATE lanes SET cursor = 1, claimed_to = 1, done = 1;"
	      "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at, tries, "
	      "without_topic, minimal, short_ttl) VALUES (1, 1, 1, 3, 5, 2, 1, 1, 1)");
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_ok(w->messages[0].tries == 2 && w->messages[0].without_topic && w->messages[0].minimal &&
	     w->messages[0].short_ttl);
	t_row("SELECT claims FROM exceptions", "1");
	crash(w);
	t_int(claim(&w), LANE_CLAIM_WINDOW);
	t_row("SELECT claims FROM exceptions", "2");
	finish(&w->messages[0], LANE_HELD, false);
	store(w);
	t_row("SELECT claims || ' ' || tries FROM exceptions", "0 2");
	end();

	t_case("who chose otherwise before the first try was never of the audience");
	begin_with(1);
	t_run("UPDATE lanes SET cursor = 1, claimed_to = 1, done = 1;"
	      "UPDATE subscriptions SET components = '';"
	      "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) "
	      "VALUES (1, 1, 1, 3, 5)");
	t_int(claim(&w), LANE_CLAIM_COUNTED);
	t_row("SELECT count(*) FROM ledger", "0");
	t_row("SELECT count(*) FROM exceptions", "0");
	t_row("SELECT state FROM jobs", "done");
	end();
}

/* ------------------------------------------------------------------ when */

static void test_next_work(void)
{
	int64_t next;

	t_case(
	    "the next work is now for a new job, at the pause's end, at the next retry, or never");
	begin();
	t_int(lane_next_work(db, &next), 1);
	t_ok(next == INT64_MAX);
	put_subscription(1, "", "");
	put_job(1, 1, "'1'", "incident_new");
	t_int(lane_next_work(db, &next), 1);
	t_int(next, 0);
	t_int(lane_spread(db, NOW), 1);
	t_run("UPDATE origins SET paused_until = 1700000050000");
	t_int(lane_next_work(db, &next), 1);
	t_int(next, 1700000050000);
	t_run("UPDATE lanes SET done = 1; UPDATE origins SET paused_until = 7;"
	      "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) "
	      "VALUES (1, 1, 1, 3, 1700000070000)");
	t_int(lane_next_work(db, &next), 1);
	t_int(next, 1700000070000);
	end();
}

int main(void)
{
	test_spread();
	test_window();
	test_proven();
	test_guard();
	test_held();
	test_pause();
	test_newest_first();
	test_crashes();
	test_exceptions();
	test_next_work();
	return t_end();
}
