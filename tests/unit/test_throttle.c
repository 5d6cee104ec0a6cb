/* test_throttle.c - growing delays after failed attempts. */
#include "base.h"

#include <sys/stat.h>

#include "clock.h"
#include "log.h"
#include "t.h"
#include "t_sql.h"
#include "throttle.h"

static char dir[] = "/tmp/test_throttle.XXXXXX";
static char path[64];
static const uint8_t secret[THROTTLE_SECRET_LEN] = {1};

static const struct throttle_key account = {"account", "ada", 3, 60 * CLOCK_SECOND, 0};
static const struct throttle_key other = {"account", "bob", 3, 60 * CLOCK_SECOND, 0};
static const struct throttle_key network = {"network", "ada", 3, 900 * CLOCK_SECOND, 0};

static int enter(struct throttle *t, const struct throttle_key *key, int64_t *wait_ms)
{
	return throttle_enter(t, key, 1, wait_ms);
}

/* As if all waiting were over. */
static void wait_all(void)
{
	t_run("UPDATE failures SET next_at = 0");
}

static void use_up(struct throttle *t, const struct throttle_key *key)
{
	int64_t wait_ms;

	for (int i = 0; i < THROTTLE_FREE; i++)
		t_int(enter(t, key, &wait_ms), 1);
}

static void growth(struct throttle *t)
{
	static const int64_t want[] = {1, 2, 4, 8, 16, 32, 60, 60};
	int64_t wait_ms;

	t_case("the first attempts are free, then the delay doubles up to its cap");
	use_up(t, &account);
	for (size_t i = 0; i < nelem(want); i++) {
		t_int(enter(t, &account, &wait_ms), 0);
		t_ok(wait_ms > (want[i] - 1) * CLOCK_SECOND && wait_ms <= want[i] * CLOCK_SECOND);
		wait_all();
		t_int(enter(t, &account, &wait_ms), 1);
	}
	t_case("what is refused is not counted");
	const char *n = t_get("SELECT n FROM failures");
	for (int i = 0; i < 5; i++)
		t_int(enter(t, &account, &wait_ms), 0);
	t_row("SELECT n FROM failures", n);
}

static void keys(struct throttle *t)
{
	const struct throttle_key both[] = {account, other};
	int64_t wait_ms;

	t_case("each key is counted by itself, also under another word");
	t_int(enter(t, &account, &wait_ms), 0);
	t_int(enter(t, &other, &wait_ms), 1);
	t_int(enter(t, &network, &wait_ms), 1);
	t_case("several keys: one that refuses refuses all, and none is counted");
	t_int(throttle_enter(t, both, nelem(both), &wait_ms), 0);
	t_row("SELECT count(*) FROM failures WHERE n > 1", "1");
	t_case("a success clears its key alone");
	throttle_clear(t, &account);
	t_int(throttle_enter(t, both, nelem(both), &wait_ms), 1);
	t_row("SELECT count(*) FROM failures", "3");
	t_case("no name is stored as it is");
	t_row("SELECT count(*) FROM failures WHERE length(key) = 16", "3");
	t_row("SELECT count(*) FROM failures WHERE instr(key, x'616461') > 0", "0");
}

static void ends(struct throttle *t)
{
	int64_t wait_ms;

	t_case("a count ends an hour after its last attempt");
	t_run("UPDATE failures SET ends_at = 1");
	t_int(enter(t, &other, &wait_ms), 1);
	t_row("SELECT count(*) FROM failures", "1");
	t_case("a clock that was set back locks nobody out");
	use_up(t, &account);
	t_run("UPDATE failures SET next_at = next_at + 1000000000");
	t_int(enter(t, &account, &wait_ms), 1);
}

static void limited(struct throttle *t)
{
	static const struct throttle_key all = {"all", "", 0, CLOCK_MINUTE, 5};
	int64_t wait_ms;

	t_run("DELETE FROM failures");
	t_case("a key with a limit takes so many attempts in each period, without delays");
	for (int i = 0; i < 5; i++)
		t_int(enter(t, &all, &wait_ms), 1);
	t_int(enter(t, &all, &wait_ms), 0);
	t_ok(wait_ms > 59 * CLOCK_SECOND && wait_ms <= CLOCK_MINUTE);
	t_case("a success takes back one attempt");
	throttle_clear(t, &all);
	t_row("SELECT n FROM failures", "4");
	t_int(enter(t, &all, &wait_ms), 1);
	t_int(enter(t, &all, &wait_ms), 0);
	t_case("the next period begins anew");
	wait_all();
	t_int(enter(t, &all, &wait_ms), 1);
	t_row("SELECT n FROM failures", "1");
	t_case("a clock that was set back begins anew too");
	for (int i = 0; i < 5; i++)
		(void)enter(t, &all, &wait_ms);
	t_run("UPDATE failures SET next_at = next_at + 1000000000");
	t_int(enter(t, &all, &wait_ms), 1);
}

static void without_database(void)
{
	char nowhere[96];
	int64_t wait_ms;

	snprintf(nowhere, sizeof nowhere, "%s/none/limiter.db", dir);
	struct throttle *t = throttle_open(nowhere, secret);
	t_case("without a database one delay holds for everybody");
	use_up(t, &account);
	t_int(enter(t, &other, &wait_ms), 0);
	t_ok(wait_ms > 0 && wait_ms <= CLOCK_SECOND);
	throttle_clear(t, &account);
	t_int(enter(t, &other, &wait_ms), 1);
	throttle_close(&t);
	t_ok(t == NULL);
}

int main(void)
{
	struct stat st;

	log_open("test_throttle");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/limiter.db", dir);
	struct throttle *t = throttle_open(path, secret);
	int64_t wait_ms;
	t_case("the file is made, for its owner alone");
	t_int(enter(t, &network, &wait_ms), 1);
	throttle_clear(t, &network);
	t_int(stat(path, &st), 0);
	t_int(st.st_mode & 0777, 0600);
	t_sql_open(path);
	growth(t);
	keys(t);
	ends(t);
	limited(t);
	throttle_close(&t);
	t_sql_close();
	without_database();
	unlink(path);
	rmdir(dir);
	return t_end();
}
