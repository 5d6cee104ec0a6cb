/* test_subscription_owner.c - what the owner of a subscription can do with it: follow, end, mute,
 * see, test. */
#include "base.h"
#include "subscription_stage.h"

static void test_follow(void)
{
	struct subscription_wish w = wish("f", 30);

	t_case("a row made by following has nothing else");
	w.incident = "incident0001";
	w.choice = (struct choice_wish){
	    .components = true, .lang = true, .value = {.components = NULL, .lang = "ja"}};
	t_int(save(&w), SUBSCRIPTION_NEW);
	t_row(CHOICES "f'", "|all|none|ja||0");
	t_case("following again changes nothing");
	t_int(save(&w), SUBSCRIPTION_UNCHANGED);
	t_case("a second follow is added, and the choices stay as they are");
	w.incident = "incident0002";
	w.choice.value.lang = "de";
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "f'", "|all|none|ja||0");
	t_row("SELECT group_concat(incident_id) FROM follows f JOIN subscriptions s ON s.id ="
	      " f.subscription_id WHERE endpoint LIKE '%/f'",
	    "incident0001,incident0002");
	t_case("a row with choices keeps them when it follows");
	w = wish("b2", 31);
	t_int(save(&w), SUBSCRIPTION_NEW);
	w.incident = "incident0001";
	t_int(save(&w), SUBSCRIPTION_KNOWN);
	t_row(CHOICES "b2'", "all|all|none|en||0");
	t_case("an unknown incident cannot be followed, nor one that is long over");
	w.incident = "incident9999";
	t_int(save(&w), SUBSCRIPTION_ABSENT);
	w.incident = "incident0003";
	t_int(save(&w), SUBSCRIPTION_CONFLICT);
	t_case("one that ended within a day can still be followed");
	t_run(arena_printf(&arena,
	    "UPDATE incidents SET resolved_at = %" PRId64 " WHERE id = 'incident0003'",
	    clock_now_ms() - CLOCK_HOUR));
	t_int(save(&w), SUBSCRIPTION_KNOWN);
}

static void test_remove(void)
{
	struct subscription_proof p = proof("f", 30), wrong = proof("f", 31);

	t_case("a wrong secret and an unknown endpoint get the same answer, and nothing goes");
	t_int(subscription_remove(db, &arena, &wrong, NULL), SUBSCRIPTION_DONE);
	wrong = proof("nowhere", 30);
	t_int(subscription_remove(db, &arena, &wrong, NULL), SUBSCRIPTION_DONE);
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/f'", "1");
	t_case("a follow ends alone");
	t_int(subscription_remove(db, &arena, &p, "incident0001"), SUBSCRIPTION_DONE);
	t_row("SELECT group_concat(incident_id) FROM follows f JOIN subscriptions s ON s.id ="
	      " f.subscription_id WHERE endpoint LIKE '%/f'",
	    "incident0002");
	t_case("a row whose last follow ended is erased");
	t_int(subscription_remove(db, &arena, &p, "incident0002"), SUBSCRIPTION_DONE);
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/f'", "0");
	t_case("a row with choices stays when its last follow ends");
	p = proof("b2", 31);
	t_int(subscription_remove(db, &arena, &p, "incident0001"), SUBSCRIPTION_DONE);
	t_int(subscription_remove(db, &arena, &p, "incident0003"), SUBSCRIPTION_DONE);
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/b2'", "1");
	t_case("the right pair ends the row, and again is the same");
	const char *n = t_get("SELECT n - 1 FROM counters WHERE name = 'subscriptions'");
	t_int(subscription_remove(db, &arena, &p, NULL), SUBSCRIPTION_DONE);
	t_row("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%/b2'", "0");
	t_row("SELECT n FROM counters WHERE name = 'subscriptions'", n);
	t_int(subscription_remove(db, &arena, &p, NULL), SUBSCRIPTION_DONE);
}

static void test_mute(void)
{
	struct subscription_proof p = proof("a", 1), wrong = proof("a", 2);
	struct subscription_silence mute = {"incident0001", "resolved"},
				    none = {"incident9999", "end"};

	t_case("a mute is stored, and changed by the next one");
	t_int(subscription_mute(db, &arena, &p, &mute), SUBSCRIPTION_DONE);
	t_row("SELECT group_concat(until) FROM mutes m JOIN subscriptions s ON s.id ="
	      " m.subscription_id WHERE endpoint LIKE '%/a'",
	    "resolved");
	mute.until = "end";
	t_int(subscription_mute(db, &arena, &p, &mute), SUBSCRIPTION_DONE);
	t_row("SELECT group_concat(until) FROM mutes m JOIN subscriptions s ON s.id ="
	      " m.subscription_id WHERE endpoint LIKE '%/a'",
	    "end");
	t_case("a wrong pair or an unknown incident cannot be muted");
	t_int(subscription_mute(db, &arena, &wrong, &mute), SUBSCRIPTION_ABSENT);
	t_int(subscription_mute(db, &arena, &p, &none), SUBSCRIPTION_ABSENT);
	t_case("muting leaves no transaction open");
	t_ok(!db_is_open(db));
}

static void test_read(void)
{
	struct subscription_proof p = proof("a", 1), wrong = proof("a", 2);
	struct subscription_view v;

	t_case("only the owner sees a subscription");
	t_int(subscription_read(db, &arena, &wrong, &keys, &v), SUBSCRIPTION_ABSENT);
	wrong = proof("nowhere", 1);
	t_int(subscription_read(db, &arena, &wrong, &keys, &v), SUBSCRIPTION_ABSENT);
	t_case("and sees all of it");
	t_run(
	    "INSERT INTO follows SELECT id, 'incident0002' FROM subscriptions WHERE endpoint LIKE "
	    "'%/a'");
	t_int(subscription_read(db, &arena, &p, &keys, &v), SUBSCRIPTION_DONE);
	t_ok(v.choice.components == NULL && v.choice.events == NULL);
	t_str(v.choice.lang, "de");
	t_int(v.n_follows, 1);
	t_str(v.follows[0], "incident0002");
	t_int(v.n_mutes, 1);
	t_str(v.mutes[0].incident, "incident0001");
	t_str(v.mutes[0].until, "end");
	t_ok(v.key_current && !v.gone && v.last_test_at == 0);
	t_case("a key of before is not the current one");
	memset(keys.current, 6, sizeof keys.current);
	t_int(subscription_read(db, &arena, &p, &keys, &v), SUBSCRIPTION_DONE);
	t_ok(!v.key_current);
	memset(keys.current, 4, sizeof keys.current);
}

static void test_test(void)
{
	struct subscription_proof p = proof("a", 1), wrong = proof("a", 2);
	int64_t wait;

	t_case("a test is a job for one, due now, outside of the audience");
	t_int(subscription_test(db, &arena, &wrong, &wait), SUBSCRIPTION_ABSENT);
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_DONE);
	t_row("SELECT is_test || max_subscription_id || state FROM jobs", "10sending");
	t_row("SELECT endpoint FROM exceptions e JOIN subscriptions s ON s.id = e.subscription_id",
	    FCM "a");
	t_row(
	    "SELECT last_test_outcome || (last_test_at > 0) FROM subscriptions WHERE endpoint LIKE "
	    "'%/a'",
	    "queued1");
	t_case("one a minute");
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_TOO_OFTEN);
	t_ok(wait > 50000 && wait <= 60000);
	t_row("SELECT count(*) FROM jobs", "1");
	t_run("UPDATE subscriptions SET last_test_at = last_test_at - 60001");
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_DONE);
	t_case("a clock that was set back forbids nothing");
	t_run("UPDATE subscriptions SET last_test_at = last_test_at + 3600000");
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_DONE);
	t_case("what its push service called gone cannot be tested");
	t_run(
	    "UPDATE subscriptions SET last_test_at = NULL, dead_at = 1 WHERE endpoint LIKE '%/a'");
	t_int(subscription_test(db, &arena, &p, &wait), SUBSCRIPTION_ABSENT);
}

int main(void)
{
	struct subscription_wish w;

	log_open("test_subscription_owner");
	stage();
	t_case("the stage stands");
	w = wish("a", 1);
	w.choice.lang = true;
	w.choice.value.lang = "de";
	t_int(save(&w), SUBSCRIPTION_NEW);
	test_follow();
	test_remove();
	test_mute();
	test_read();
	test_test();
	strike();
	return t_end();
}
