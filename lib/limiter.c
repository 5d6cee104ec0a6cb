/* limiter.c - see limiter.h. */
#include "base.h"
#include "limiter.h"

#include <fcntl.h>

#include "buf.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "log.h"

#define KEY_LEN	  16
#define SALT_LEN  32
#define REOPEN_MS (10 * CLOCK_SECOND)

/* How many processes count, each for itself, while there is no database ("max-procs" of subscribe in
 * deploy/lighttpd.conf): so all of them together keep to the limit. */
#define PROCESSES 3

struct limiter {
	char *path;
	struct db *db;
	int64_t reopen_at; /* monotonic; the database is left alone before */
	/* the count for everybody, while there is no database */
	int64_t n, ends_at;
};

struct limiter *limiter_open(const char *path)
{
	struct limiter *l = calloc(1, sizeof *l);

	if (l == NULL || (l->path = strdup(path)) == NULL)
		log_die("LIMIT-01", "out of memory");
	return l;
}

void limiter_close(struct limiter **lp)
{
	if (*lp == NULL)
		return;
	db_close(&(*lp)->db);
	free((*lp)->path);
	free(*lp);
	*lp = NULL;
}

/* ------------------------------------------------------------------ the database */

/* A file that is no database of ours is replaced: it holds nothing that is missed. */
static int open_database(struct limiter *l)
{
	/* made here, because SQLite would make it readable for others */
	int fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		log_errno("LIMIT-04", "%s", l->path);
		return -1;
	}
	close(fd);
	if (db_open(l->path, DB_LIMITER, &l->db) == 1)
		return 1;
	if (unlink(l->path) != 0)
		return -1;
	log_warn("LIMIT-02", "%s could not be used and is made anew", l->path);
	return db_open(l->path, DB_LIMITER, &l->db);
}

/* Destroys the salt of another day, and with it the meaning of all counts. */
static int new_salt(struct db *db, int64_t day, uint8_t salt[SALT_LEN])
{
	if (db_run(db_stmt(db, SQL_LIMITER_FORGET_SALTS)) < 0 ||
	    db_run(db_stmt(db, SQL_LIMITER_FORGET_HITS)) < 0)
		return -1;
	digest_random(salt, SALT_LEN);
	struct db_stmt *s = db_stmt(db, SQL_LIMITER_ADD_SALT);
	db_bind_int(s, ":day", day);
	db_bind_blob(s, ":salt", salt, SALT_LEN);
	return db_run(s);
}

static int load_salt(struct db *db, int64_t now, uint8_t salt[SALT_LEN])
{
	struct db_stmt *s = db_stmt(db, SQL_LIMITER_SALT);
	int64_t day = clock_day_start(now) / CLOCK_DAY;
	size_t len = 0;

	db_bind_int(s, ":day", day);
	int rc = db_step(s);
	if (rc == 1) {
		const void *p = db_col_blob(s, 0, &len);
		if (len == SALT_LEN)
			memcpy(salt, p, SALT_LEN);
	}
	db_reset(s);
	if (rc < 0)
		return -1;
	return len == SALT_LEN ? 1 : new_salt(db, day, salt);
}

static void make_key(const uint8_t salt[SALT_LEN], const char *what, const uint8_t *network,
    size_t len, uint8_t key[KEY_LEN])
{
	uint8_t mac[DIGEST_SIZE];
	struct buf message = BUF_INIT;

	buf_add(&message, what, strlen(what) + 1);
	buf_add(&message, network, len);
	digest_hmac(salt, SALT_LEN, message.data, message.len, mac);
	memcpy(key, mac, KEY_LEN);
	digest_cleanse(message.data, message.len);
	buf_release(&message);
}

static int hit(struct db *db, const uint8_t key[KEY_LEN], int64_t now, int64_t period_ms,
    int64_t *n, int64_t *ends_at)
{
	struct db_stmt *s = db_stmt(db, SQL_LIMITER_SWEEP);

	db_bind_int(s, ":now", now);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_LIMITER_HIT);
	db_bind_blob(s, ":key", key, KEY_LEN);
	db_bind_int(s, ":ends_at", now + period_ms);
	int rc = db_step(s);
	if (rc == 1) {
		*n = db_col_int(s, 0);
		*ends_at = db_col_int(s, 1);
		/* the row is written when the statement has come to its end */
		rc = db_step(s) == 0 ? 1 : -1;
	}
	db_reset(s);
	return rc;
}

static int count_in_database(struct limiter *l, const char *what, const uint8_t *network,
    size_t len, int64_t now, int64_t period_ms, int64_t *n, int64_t *ends_at)
{
	uint8_t salt[SALT_LEN], key[KEY_LEN];

	if (db_begin_write(l->db) != 1)
		return -1;
	if (load_salt(l->db, now, salt) < 0) {
		db_rollback(l->db);
		return -1;
	}
	make_key(salt, what, network, len, key);
	digest_cleanse(salt, sizeof salt);
	if (hit(l->db, key, now, period_ms, n, ends_at) < 0) {
		db_rollback(l->db);
		return -1;
	}
	return db_commit(l->db);
}

/* ------------------------------------------------------------------ counting */

static void count_here(struct limiter *l, int64_t period_ms, int64_t *n, int64_t *left_ms)
{
	int64_t now = clock_mono_ms();

	if (now >= l->ends_at) {
		l->n = 0;
		l->ends_at = now + period_ms;
	}
	*n = ++l->n;
	*left_ms = l->ends_at - now;
}

static int count(struct limiter *l, const char *what, const uint8_t *network, size_t len,
    int64_t period_ms, int64_t *n, int64_t *left_ms)
{
	int64_t now = clock_now_ms(), ends_at = 0;

	if (l->db != NULL && db_has_moved(l->db))
		db_close(&l->db);
	if (l->db == NULL && (clock_mono_ms() < l->reopen_at || open_database(l) != 1))
		return -1;
	if (count_in_database(l, what, network, len, now, period_ms, n, &ends_at) != 1)
		return -1;
	*left_ms = ends_at - now;
	return 1;
}

int limiter_take(struct limiter *l, const char *what, const uint8_t *network, size_t len,
    int64_t limit, int64_t period_ms, int64_t *wait_ms)
{
	int64_t n = 0, left_ms = 0;

	if (count(l, what, network, len, period_ms, &n, &left_ms) != 1) {
		if (clock_mono_ms() >= l->reopen_at) {
			log_warn("LIMIT-03", "one limit for all addresses holds meanwhile");
			db_close(&l->db);
			l->reopen_at = clock_mono_ms() + REOPEN_MS;
		}
		count_here(l, period_ms, &n, &left_ms);
		limit = limit > PROCESSES ? limit / PROCESSES : limit > 0;
	}
	if (n <= limit)
		return 1;
	*wait_ms = left_ms < 1 ? 1 : left_ms;
	return 0;
}
