/* test_limiter.c - counts per network, the daily salt, and life without the database. */
#include "base.h"
#include "t.h"

#include <sys/stat.h>

#include "buf.h"
#include "clock.h"
#include "db.h"
#include "file.h"
#include "limiter.h"
#include "log.h"

static char folder[] = "/tmp/limiter-XXXXXX";
static char path[256], bad_path[256], clock_path[256];

static const uint8_t home[4] = {192, 0, 2, 1}, other[4] = {192, 0, 2, 2};
static const uint8_t network6[8] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1};

static int take(struct limiter *l, const uint8_t *network, size_t len, int64_t limit)
{
	int64_t wait = 0;
	int rc = limiter_take(l, "subscribe", network, len, limit, CLOCK_MINUTE, &wait);

	if (rc == 0)
		t_ok(wait >= 1 && wait <= CLOCK_MINUTE);
	return rc;
}

static int take_n(struct limiter *l, const uint8_t *network, size_t len, int64_t limit, int n)
{
	int allowed = 0;

	for (int i = 0; i < n; i++)
		allowed += take(l, network, len, limit);
	return allowed;
}

static bool file_holds(const void *bytes, size_t len)
{
	struct buf b = BUF_INIT;
	bool found = false;

	t_int(file_read(path, 1 << 20, &b), 1);
	for (size_t i = 0; !found && i + len <= b.len; i++)
		found = memcmp(b.data + i, bytes, len) == 0;
	buf_release(&b);
	return found;
}

static void test_counts(void)
{
	struct limiter *l = limiter_open(path);

	t_case("the limit is allowed and not one more");
	t_int(take_n(l, home, 4, 10, 10), 10);
	t_int(take(l, home, 4, 10), 0);
	t_int(take(l, home, 4, 10), 0);
	t_case("another network is not affected");
	t_int(take(l, other, 4, 10), 1);
	t_int(take(l, network6, 8, 10), 1);
	t_case("clients without an address share one count");
	t_int(take_n(l, NULL, 0, 3, 5), 3);
	t_case("what else is counted for the same network has its own count");
	int64_t wait;
	t_int(limiter_take(l, "sign-in", home, 4, 1, CLOCK_MINUTE, &wait), 1);
	t_int(limiter_take(l, "sign-in", home, 4, 1, CLOCK_MINUTE, &wait), 0);
	t_case("two processes count together");
	struct limiter *second = limiter_open(path);
	t_int(take(second, home, 4, 10), 0);
	t_int(take_n(second, other, 4, 10, 9), 9);
	t_int(take(l, other, 4, 10), 0);
	limiter_close(&second);
	t_case("a limit of none allows nothing");
	t_int(take(l, (const uint8_t[4]){192, 0, 2, 3}, 4, 0), 0);
	limiter_close(&l);
	t_case("the file is for its owner alone");
	struct stat st;
	t_int(stat(path, &st), 0);
	t_int(st.st_mode & 0777, 0600);
}

static void test_no_address(void)
{
	t_case("the file holds no address in any form");
	t_ok(!file_holds(home, sizeof home));
	t_ok(!file_holds(network6, sizeof network6));
	t_ok(!file_holds("192.0.2.1", 9));
	t_ok(!file_holds("c0000201", 8));
	t_ok(!file_holds("\x01\x02\x00\xc0", 4));
}

static void write_text(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	t_ok(f != NULL);
	if (f == NULL)
		return;
	fputs(text, f);
	fclose(f);
}

static void test_without_database(void)
{
	struct limiter *l = limiter_open("/nonexistent/limiter.db");

	t_case("without a database a third of the limit holds for everybody together");
	t_int(take_n(l, home, 4, 15, 3), 3);
	t_int(take_n(l, other, 4, 15, 5), 2);
	limiter_close(&l);
	t_case("but never less than one, where the limit is not none");
	l = limiter_open("/nonexistent/limiter.db");
	t_int(take_n(l, home, 4, 2, 3), 1);
	t_int(take_n(l, home, 4, 0, 3), 0);
	limiter_close(&l);

	t_case("a folder in the place of the file gives the same");
	char dir[300];
	snprintf(dir, sizeof dir, "%s/folder.db", folder);
	t_int(mkdir(dir, 0700), 0);
	l = limiter_open(dir);
	t_int(take_n(l, home, 4, 6, 4), 2);
	limiter_close(&l);
	rmdir(dir);

	t_case("a damaged file is made anew");
	write_text(bad_path,
	    "this is no database, but it is longer than the header of one is, by far: "
	    "one hundred octets are read before SQLite decides what it has found here");
	l = limiter_open(bad_path);
	t_int(take_n(l, home, 4, 2, 4), 2);
	t_int(take(l, other, 4, 2), 1);
	limiter_close(&l);
}

static void test_deleted(void)
{
	struct limiter *l = limiter_open(path);

	t_case("a file that is deleted while in use stops nobody, and no request fails");
	t_int(take_n(l, network6, 8, 100, 3), 3);
	t_int(unlink(path), 0);
	t_int(take_n(l, network6, 8, 100, 5), 5);
	t_case("and is made anew, where every process counts");
	t_int(access(path, F_OK), 0);
	struct limiter *second = limiter_open(path);
	t_int(take_n(second, network6, 8, 6, 3), 1);
	limiter_close(&second);
	limiter_close(&l);
}

#ifdef ATSTATUS_TEST
static int64_t read_salt(uint8_t salt[32])
{
	struct db *db;
	size_t len = 0;
	int64_t day = clock_day_start(clock_now_ms()) / CLOCK_DAY;

	t_int(db_open(path, DB_LIMITER, &db), 1);
	struct db_stmt *s = db_stmt(db, SQL_LIMITER_SALT);
	db_bind_int(s, ":day", day);
	t_int(db_step(s), 1);
	const void *p = db_col_blob(s, 0, &len);
	t_int(len, 32);
	memcpy(salt, p, 32);
	db_reset(s);
	db_close(&db);
	return day;
}

static void shift_clock(int64_t ms)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, ms);
	write_text(clock_path, text);
}

static void test_time(void)
{
	struct limiter *l = limiter_open(path);
	uint8_t old[32], new[32];

	t_case("after the period the network is free again");
	shift_clock(0);
	/* midnight would begin a new day in between */
	int64_t noon = clock_day_start(clock_now_ms()) + CLOCK_DAY / 2 - clock_now_ms();
	shift_clock(noon);
	t_int(take_n(l, home, 4, 2, 3), 2);
	shift_clock(noon + CLOCK_MINUTE - 2000);
	t_int(take(l, home, 4, 2), 0);
	shift_clock(noon + CLOCK_MINUTE + 1000);
	t_int(take(l, home, 4, 2), 1);

	t_case("a clock that is set back does not lock anybody out");
	shift_clock(noon - CLOCK_HOUR);
	t_int(take(l, home, 4, 2), 1);

	t_case("each day has its own salt, and the old one is nowhere in the file");
	int64_t day = read_salt(old);
	t_ok(file_holds(old, sizeof old));
	shift_clock(noon + CLOCK_DAY);
	t_int(take(l, home, 4, 2), 1);
	t_int(read_salt(new), day + 1);
	t_ok(memcmp(old, new, sizeof old) != 0);
	t_ok(!file_holds(old, sizeof old));
	limiter_close(&l);
	shift_clock(0);
}
#endif

/* SQLite leaves an emptied journal beside each file. */
static void remove_database(const char *file)
{
	char journal[320];

	snprintf(journal, sizeof journal, "%s-journal", file);
	unlink(journal);
	unlink(file);
}

int main(void)
{
	log_open("test_limiter");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/limiter.db", folder);
	snprintf(bad_path, sizeof bad_path, "%s/bad.db", folder);
	snprintf(clock_path, sizeof clock_path, "%s/clock", folder);
	setenv("ATSTATUS_CLOCK_FILE", clock_path, 1);
	write_text(clock_path, "0");
	test_counts();
	test_no_address();
	test_without_database();
	test_deleted();
#ifdef ATSTATUS_TEST
	test_time();
#endif
	remove_database(path);
	remove_database(bad_path);
	unlink(clock_path);
	t_int(rmdir(folder), 0);
	return t_end();
}
