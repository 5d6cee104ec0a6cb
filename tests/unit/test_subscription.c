/* test_subscription.c - subscribing: every rule, with the rows that it leaves. */
#include "base.h"
#include "subscription_stage.h"

/* ------------------------------------------------------------------ new and known */

static void test_new(void)
{
	struct subscription_wish w = wish("a", 1);

	t_case("a check writes nothing");
	t_int(check(&w), SUBSCRIPTION_NEW);
	t_row("SELECT count(*) FROM subscriptions", "0");
	t_case("a new row has everything, in English, with the current key");
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row(CHOICES "a'", "all|all|none|en||0");
	t_row("SELECT hex(substr(k.public_key, 1, 2)) FROM subscriptions s JOIN vapid_keys k ON "
	      "k.id ="
	      " s.key_id",
	    "0404");
	t_row("SELECT origin || ' ' || suffix FROM origins",
	    "https://fcm.googleapis.com fcm.googleapis.com");
	t_row("SELECT proven || '|' || strikes || '|' || (dead_at IS NULL) || '|' ||"
	      " (created_at = last_seen_at) FROM subscriptions",
	    "0|0|1|1");
	t_case(
	    "the hash is the first half of SHA-256 of the endpoint, the shard its last four bits");
	/* printf %s https://fcm.googleapis.com/fcm/send/a | sha256sum */
	t_row("SELECT hex(endpoint_hash) FROM subscriptions", "168CD2D59D77208396024219A6D9FA25");
	t_row("SELECT shard FROM subscriptions", "5");
	t_case("the number of rows is counted");
	t_row("SELECT n FROM counters WHERE name = 'subscriptions'", "1");
}

static void test_unchanged(void)
{
	struct subscription_wish w = wish("a", 1);

	t_case("the same posted again is known and writes nothing");
	t_run("UPDATE subscriptions SET last_seen_at = last_seen_at - 1000");
	const char *before = t_get("SELECT last_seen_at FROM subscriptions");
	t_int(check(&w), SUBSCRIPTION_UNCHANGED);
	t_int(save(&w), SUBSCRIPTION_UNCHANGED);
	t_row("SELECT last_seen_at FROM subscriptions", before);
	t_case("a day later the visit is written down");
	t_run("UPDATE subscriptions SET last_seen_at = last_seen_at - 86400000");
	t_int(check(&w), SUBSCRIPTION_KNOWN);
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row("SELECT count(*) FROM subscriptions WHERE last_seen_at > created_at - 60000", "1");
	t_row("SELECT count(*) FROM subscriptions", "1");
	t_case("a row that was gone is revived, and has to prove itself again");
	t_run("UPDATE subscriptions SET dead_at = 5, dead_reason = 'gone', proven = 1, strikes = 3,"
	      " suspended_until = 9");
	t_int(check(&w), SUBSCRIPTION_KNOWN);
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row("SELECT (dead_at IS NULL) || (dead_reason IS NULL) || proven || strikes || "
	      "suspended_until"
	      " FROM subscriptions",
	    "11000");
	t_case("a row that lives keeps its proof and its strikes when a choice changes");
	t_run("UPDATE subscriptions SET proven = 1, strikes = 2, suspended_until = 9");
	w.choice.lang = true;
	w.choice.value.lang = "de";
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row("SELECT proven || strikes || suspended_until || lang FROM subscriptions", "129de");
}

static void test_choices(void)
{
	struct subscription_wish w = wish("b", 2);

	w.choice = (struct choice_wish){true, true, true, true, true,
	    {"apiapiapiapi corecorecore", "incident_new component_down", IMPACT_MAJOR, "pt-BR",
		{"22:00", "07:30", "Europe/Berlin", true}}};
	t_case("all choices are stored");
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row(CHOICES "b'", "apiapiapiapi corecorecore|incident_new component_down|major|pt-BR|"
			    "22:00-07:30 Europe/Berlin|1");
	t_case("members that are left out keep what the row has");
	struct subscription_wish less = wish("b", 2);
	t_int(save(&less), SUBSCRIPTION_UNCHANGED);
	less.choice.min_impact = true;
	less.choice.value.min_impact = IMPACT_MINOR;
	t_int(save(&less), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "b'", "apiapiapiapi corecorecore|incident_new component_down|minor|pt-BR|"
			    "22:00-07:30 Europe/Berlin|1");
	t_case("all components, all events and no quiet hours can be chosen again");
	less.choice = (struct choice_wish){
	    .components = true, .events = true, .quiet = true, .value = choice_default};
	t_int(save(&less), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "b'", "all|all|minor|pt-BR||0");
	t_case("an unknown component is named, and nothing is stored");
	less.choice = (struct choice_wish){
	    .components = true, .value = {.components = "apiapiapiapi nosuchnosuch"}};
	t_int(check(&less), SUBSCRIPTION_BAD);
	t_str(sentence, "There is no component or group \"nosuchnosuch\".");
	t_int(save(&less), SUBSCRIPTION_BAD);
	t_row(CHOICES "b'", "all|all|minor|pt-BR||0");
	t_case("no component at all is refused where nothing is followed");
	less.choice.value.components = "";
	t_int(save(&less), SUBSCRIPTION_BAD);
	t_run("INSERT INTO follows SELECT id, 'incident0001' FROM subscriptions WHERE lang = "
	      "'pt-BR'");
	t_int(save(&less), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "b'", "|all|minor|pt-BR||0");
}

static void test_own_key(void)
{
	struct subscription_wish w = wish("key", 3);
	uint8_t foreign[SUBSCRIPTION_KEY_LEN] = {4, 9};

	t_case("a key that is not ours is refused");
	w.key = foreign;
	t_int(check(&w), SUBSCRIPTION_CONFLICT);
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/key'", "0");
	t_case("the previous key is stored as the one it was made with");
	w.key = keys.previous;
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row("SELECT hex(substr(public_key, 1, 1)) FROM vapid_keys k JOIN subscriptions s"
	      " ON s.key_id = k.id WHERE endpoint LIKE '%/key'",
	    "05");
	t_case("a key that is left out stays");
	w.key = NULL;
	t_int(check(&w), SUBSCRIPTION_UNCHANGED);
	t_case("the current key takes its place");
	w.key = keys.current;
	t_int(check(&w), SUBSCRIPTION_KNOWN);
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row("SELECT hex(substr(public_key, 1, 1)) FROM vapid_keys k JOIN subscriptions s"
	      " ON s.key_id = k.id WHERE endpoint LIKE '%/key'",
	    "04");
	t_case("without any key of ours nobody can subscribe");
	keys.has_current = keys.has_previous = false;
	w = wish("nokey", 3);
	t_int(save(&w), SUBSCRIPTION_FULL);
	keys.has_current = keys.has_previous = true;
}

static void test_switch(void)
{
	struct subscription_wish w = wish("off", 4);
	struct subscription_proof p = proof("a", 1);
	struct subscription_view view;
	int64_t wait;

	t_run("INSERT INTO settings VALUES ('push_enabled', '0')");
	t_case("nobody subscribes or tests while push is off");
	t_int(check(&w), SUBSCRIPTION_OFF);
	t_int(save(&w), SUBSCRIPTION_OFF);
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_OFF);
	t_row("SELECT count(*) FROM jobs", "0");
	t_row("SELECT last_test_at FROM subscriptions WHERE endpoint LIKE '%/a'", "(null)");
	t_case("state and remove work while push is off");
	t_int(subscription_read(db, &arena, &p, &keys, &view), SUBSCRIPTION_DONE);
	t_run("UPDATE settings SET value = '1' WHERE name = 'push_enabled'");
}

/* ------------------------------------------------------------------ other keys, other endpoint */

static void test_keys(void)
{
	t_case("other keys for a known endpoint are refused without proof");
	subscribe("k", 10);
	struct subscription_wish w = wish("k", 11);
	t_int(check(&w), SUBSCRIPTION_CONFLICT);
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
	t_case("a wrong proof is no proof");
	w.replaces = true;
	w.replaced = proof("k", 12);
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
	t_case("the proof of another subscription is none for this one");
	subscribe("k2", 13);
	w = wish("k", 11);
	w.replaces = true;
	w.replaced = proof("k2", 13);
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
	t_row("SELECT hex(substr(auth, 1, 1)) FROM subscriptions WHERE endpoint LIKE '%/k'", "0A");
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/k2'", "1");
	t_case("the old secret is proof; the row keeps its id and has to prove itself again");
	t_run("UPDATE subscriptions SET proven = 1");
	const char *id = t_get("SELECT id FROM subscriptions WHERE endpoint LIKE '%/k'");
	w.replaced = proof("k", 10);
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row("SELECT id FROM subscriptions WHERE endpoint LIKE '%/k'", id);
	t_row("SELECT hex(substr(auth, 1, 1)) || hex(substr(p256dh, 65, 1)) || proven FROM "
	      "subscriptions"
	      " WHERE endpoint LIKE '%/k'",
	    "0B0B0");
	t_case("the same post again finds it done");
	t_int(save(&w), SUBSCRIPTION_UNCHANGED);
	t_case("the same secret with another public key needs the proof too");
	w = wish("k", 11);
	w.p256dh[64] ^= 1;
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
}

/* Jobs: 1 sending and old; 2 done; 3 stopped; 4 sending, written when the old row was not there
 * yet. */
static void add_jobs(const char *old_id)
{
	t_run(arena_printf(&arena,
	    "INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id, "
	    "state)"
	    " VALUES (1, 'job000000001', 0, 'incident_new', '', %s, 'sending'),"
	    " (2, 'job000000002', 0, 'incident_new', '', %s, 'done'),"
	    " (3, 'job000000003', 0, 'incident_new', '', %s, 'stopped'),"
	    " (4, 'job000000004', 0, 'incident_new', '', %s - 1, 'sending'),"
	    " (5, 'job000000005', 0, 'incident_new', '', %s + 1000, 'sending');"
	    "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at, tries)"
	    " VALUES (1, %s, 1, 0, 99, 3)",
	    old_id, old_id, old_id, old_id, old_id, old_id));
}

static void test_replaces(void)
{
	struct subscription_wish w = wish("old", 20);

	t_case("a right proof takes over choices, follows and mutes, and ends the old row");
	w.choice = (struct choice_wish){.components = true,
	    .lang = true,
	    .value = {.components = "webwebwebweb", .lang = "fr"}};
	t_int(save(&w), SUBSCRIPTION_NEW);
	const char *old_id = t_get("SELECT id FROM subscriptions WHERE endpoint LIKE '%/old'");
	t_run(
	    "INSERT INTO follows SELECT id, 'incident0001' FROM subscriptions WHERE endpoint LIKE "
	    "'%/old'; INSERT INTO mutes SELECT id, 'incident0002', 'end' FROM subscriptions WHERE"
	    " endpoint LIKE '%/old'");
	add_jobs(old_id);
	w = wish("new", 21);
	w.replaces = true;
	w.replaced = proof("old", 20);
	w.choice.lang = true;
	w.choice.value.lang = "es";
	t_int(check(&w), SUBSCRIPTION_NEW);
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row(CHOICES "new'", "webwebwebweb|all|none|es||0");
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/old'", "0");
	t_row("SELECT incident_id FROM follows f JOIN subscriptions s ON s.id = f.subscription_id"
	      " WHERE endpoint LIKE '%/new'",
	    "incident0001");
	t_row("SELECT incident_id || until FROM mutes m JOIN subscriptions s ON s.id ="
	      " m.subscription_id WHERE endpoint LIKE '%/new'",
	    "incident0002end");
	t_case("the new row is owed the unfinished jobs of the old one, now, and no others");
	t_row("SELECT group_concat(job_id || ':' || (e.subscription_id = s.id) || ':' ||"
	      " (e.origin_id = s.origin_id) || ':' || (e.shard = s.shard) || ':' || e.tries)"
	      " FROM exceptions e JOIN subscriptions s WHERE s.endpoint LIKE '%/new'",
	    "1:1:1:1:0");
	t_row("SELECT count(*) FROM exceptions WHERE due_at > 1000 AND due_at <="
	      " (SELECT max(last_seen_at) FROM subscriptions)",
	    "1");
	t_case("the same post again finds it done and owes nothing twice");
	t_int(save(&w), SUBSCRIPTION_UNCHANGED);
	t_row("SELECT count(*) FROM exceptions", "1");
	t_case("a wrong proof of another endpoint is ignored");
	w = wish("newer", 22);
	w.replaces = true;
	w.replaced = proof("new", 99);
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row(CHOICES "newer'", "all|all|none|en||0");
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/new'", "1");
	t_case("a row that is known already can take another one over");
	w.replaced = proof("new", 21);
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "newer'", "webwebwebweb|all|none|es||0");
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/new'", "0");
	t_row("SELECT incident_id FROM follows f JOIN subscriptions s ON s.id = f.subscription_id"
	      " WHERE endpoint LIKE '%/newer'",
	    "incident0001");
	t_run("DELETE FROM exceptions; DELETE FROM jobs");
}

/* ------------------------------------------------------------------ limits */

static enum subscription_result save_max(const char *name, int64_t max)
{
	struct subscription_wish w = wish(name, 50);

	return subscription_save(db, &arena, &w, max, &sentence);
}

static void test_cap(void)
{
	t_run("DELETE FROM subscriptions");
	t_case("at the cap the oldest row without proof makes room");
	for (int i = 0; i < 4; i++)
		t_int(save_max(arena_printf(&arena, "cap%d", i), 4), SUBSCRIPTION_NEW);
	t_run("UPDATE subscriptions SET proven = 1 WHERE endpoint LIKE '%cap0'");
	t_int(save_max("cap4", 4), SUBSCRIPTION_NEW);
	t_row(
	    "SELECT group_concat(substr(endpoint, -1), '') FROM (SELECT endpoint FROM subscriptions"
	    " ORDER BY id)",
	    "0234");
	t_case("a known row is saved at the cap");
	t_run("UPDATE subscriptions SET proven = 1, last_seen_at = 0");
	t_int(save_max("cap4", 4), SUBSCRIPTION_KNOWN);
	t_case("where all are proven a new one is refused, and nothing of it stays");
	t_int(save_max("cap5", 4), SUBSCRIPTION_FULL);
	t_row(
	    "SELECT group_concat(substr(endpoint, -1), '') FROM (SELECT endpoint FROM subscriptions"
	    " ORDER BY id)",
	    "0234");
	t_row("SELECT n FROM counters WHERE name = 'subscriptions'", "4");
	t_case("who takes a row over needs no further room");
	struct subscription_wish w = wish("cap6", 51);
	w.replaces = true;
	w.replaced = proof("cap0", 50);
	t_int(subscription_save(db, &arena, &w, 4, &sentence), SUBSCRIPTION_NEW);
	t_row(
	    "SELECT group_concat(substr(endpoint, -1), '') FROM (SELECT endpoint FROM subscriptions"
	    " ORDER BY id)",
	    "2346");
}

static void test_origins(void)
{
	struct subscription_wish w = wish("origins", 60);

	t_case("hosts under one built-in name are limited, others are not affected");
	t_run("DELETE FROM exceptions; DELETE FROM subscriptions; DELETE FROM origins");
	for (int i = 0; i < SUBSCRIPTION_ORIGINS_MAX; i++) {
		last_endpoint = endpoint(
		    arena_printf(&arena, "https://wns%d.notify.windows.com/w/?token=1", i));
		t_int(save(&w), SUBSCRIPTION_NEW);
	}
	last_endpoint = endpoint("https://one-too-many.notify.windows.com/w/");
	t_int(save(&w), SUBSCRIPTION_FULL);
	t_row("SELECT count(*) FROM subscriptions", "256");
	t_row("SELECT count(*) FROM origins", "256");
	last_endpoint = endpoint("https://wns7.notify.windows.com/w/?token=2");
	t_int(save(&w), SUBSCRIPTION_NEW);
	last_endpoint = endpoint("https://web.push.apple.com/x");
	t_int(save(&w), SUBSCRIPTION_NEW);
}

static void test_full_disk(void)
{
	struct subscription_wish w = wish("busy", 70);

	t_case("a full disk leaves nothing behind, and the next one works");
#ifdef ATSTATUS_TEST
	for (int i = 0; i < 2000 && t_bad == 0; i++) {
		db_test_full(db, true);
		last_endpoint = endpoint(arena_printf(&arena, FCM "%0700d", i));
		enum subscription_result r = save(&w);
		db_test_full(db, false);
		if (r == SUBSCRIPTION_BROKEN)
			break;
		t_int(r, SUBSCRIPTION_NEW);
	}
	t_ok(!db_is_open(db));
	t_row("PRAGMA integrity_check", "ok");
#endif
	w = wish("busy", 70);
	t_int(save(&w), SUBSCRIPTION_NEW);
}

int main(void)
{
	log_open("test_subscription");
	stage();
	test_new();
	test_unchanged();
	test_choices();
	test_own_key();
	test_switch();
	test_keys();
	test_replaces();
	test_cap();
	test_origins();
	test_full_disk();
	strike();
	return t_end();
}
