/* throttle.c - see throttle.h. */
#include "base.h"
#include "throttle.h"

#include <fcntl.h>

#include "buf.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "log.h"

#define KEY_LEN	    16
#define FIRST_MS    CLOCK_SECOND
#define REMEMBER_MS CLOCK_HOUR
#define REOPEN_MS   (10 * CLOCK_SECOND)

struct count {
	int64_t n, next_at; /* attempts; wall ms */
};

struct throttle {
	char *path;
	struct db *db;
	int64_t reopen_at; /* monotonic; the database is left alone before */
	uint8_t secret[THROTTLE_SECRET_LEN];
	struct count here; /* for everybody, while there is no database */
};

struct throttle *throttle_open(const char *path, const uint8_t secret[THROTTLE_SECRET_LEN])
{
	struct throttle *t = calloc(1, sizeof *t);

	if (t == NULL || (t->path = strdup(path)) == NULL)
		log_die("THROTTLE-01", "out of memory");
	memcpy(t->secret, secret, sizeof t->secret);
	return t;
}

void throttle_close(struct throttle **tp)
{
	if (*tp == NULL)
		return;
	db_close(&(*tp)->db);
	digest_cleanse((*tp)->secret, sizeof(*tp)->secret);
	free((*tp)->path);
	free(*tp);
	*tp = NULL;
}

/* ------------------------------------------------------------------ the rule */

static int64_t delay_after(int64_t n, int64_t cap_ms)
{
	int64_t ms = FIRST_MS;

	if (n < THROTTLE_FREE)
		return 0;
	for (int64_t i = THROTTLE_FREE; i < n && ms < cap_ms; i++)
		ms *= 2;
	return ms < cap_ms ? ms : cap_ms;
}

/* The rest of the delay or period.  One longer than the longest means that the clock was set back.
 */
static int64_t rest_of(const struct count *c, int64_t now, int64_t cap_ms)
{
	int64_t rest = c->next_at - now;

	return rest > 0 && rest <= cap_ms ? rest : 0;
}

static int64_t wait_of(const struct count *c, int64_t now, const struct throttle_key *k)
{
	return c->n < k->limit ? 0 : rest_of(c, now, k->cap_ms);
}

static void add(struct count *c, int64_t now, const struct throttle_key *k)
{
	if (k->limit == 0) {
		c->n++;
		c->next_at = now + delay_after(c->n, k->cap_ms);
	} else if (rest_of(c, now, k->cap_ms) > 0) {
		c->n++;
	} else {
		*c = (struct count){1, now + k->cap_ms};
	}
}

/* ------------------------------------------------------------------ the database */

static int open_database(struct throttle *t)
{
	/* made here, because SQLite would make it readable for others */
	int fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		log_errno("THROTTLE-02", "%s", t->path);
		return -1;
	}
	close(fd);
	return db_open(t->path, DB_LIMITER, &t->db) == 1 ? 1 : -1;
}

static void make_key(const struct throttle *t, const struct throttle_key *k, uint8_t out[KEY_LEN])
{
	uint8_t mac[DIGEST_SIZE];
	struct buf message = BUF_INIT;

	buf_add(&message, k->what, strlen(k->what) + 1);
	buf_add(&message, k->bytes, k->len);
	digest_hmac(t->secret, sizeof t->secret, message.data, message.len, mac);
	memcpy(out, mac, KEY_LEN);
	buf_release(&message);
}

static int load(struct throttle *t, const struct throttle_key *k, struct count *c)
{
	struct db_stmt *s = db_stmt(t->db, SQL_THROTTLE_GET);
	uint8_t key[KEY_LEN];

	make_key(t, k, key);
	db_bind_blob(s, ":key", key, sizeof key);
	*c = (struct count){0};
	int rc = db_step(s);
	if (rc == 1)
		*c = (struct count){db_col_int(s, 0), db_col_int(s, 1)};
	db_reset(s);
	return rc < 0 ? -1 : 1;
}

static int store(struct throttle *t, const struct throttle_key *k, const struct count *c)
{
	struct db_stmt *s = db_stmt(t->db, SQL_THROTTLE_PUT);
	uint8_t key[KEY_LEN];

	make_key(t, k, key);
	db_bind_blob(s, ":key", key, sizeof key);
	db_bind_int(s, ":n", c->n);
	db_bind_int(s, ":next_at", c->next_at);
	db_bind_int(s, ":ends_at", c->next_at + REMEMBER_MS);
	return db_run(s);
}

/* The longest wait of the keys; 0 if all of them let the attempt through. */
static int longest_wait(
    struct throttle *t, const struct throttle_key *keys, size_t n, int64_t now, int64_t *wait_ms)
{
	*wait_ms = 0;
	for (size_t i = 0; i < n; i++) {
		struct count c;
		if (load(t, &keys[i], &c) < 0)
			return -1;
		int64_t wait = wait_of(&c, now, &keys[i]);
		if (wait > *wait_ms)
			*wait_ms = wait;
	}
	return 1;
}

static int count_all(struct throttle *t, const struct throttle_key *keys, size_t n, int64_t now)
{
	struct db_stmt *s = db_stmt(t->db, SQL_THROTTLE_SWEEP);

	db_bind_int(s, ":now", now);
	if (db_run(s) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct count c;
		if (load(t, &keys[i], &c) < 0)
			return -1;
		add(&c, now, &keys[i]);
		if (store(t, &keys[i], &c) < 0)
			return -1;
	}
	return 1;
}

/* 1 counted, 0 refused, -1 there is no database to count in. */
static int enter_database(
    struct throttle *t, const struct throttle_key *keys, size_t n, int64_t *wait_ms)
{
	int64_t now = clock_now_ms();

	if (t->db == NULL && (clock_mono_ms() < t->reopen_at || open_database(t) != 1))
		return -1;
	if (db_begin_write(t->db) != 1)
		return -1;
	int rc = longest_wait(t, keys, n, now, wait_ms);
	if (rc == 1 && *wait_ms > 0)
		rc = 0;
	if (rc == 1)
		rc = count_all(t, keys, n, now);
	if (rc != 1) {
		db_rollback(t->db);
		return rc;
	}
	return db_commit(t->db);
}

/* ------------------------------------------------------------------ attempts */

static int enter_here(struct throttle *t, const struct throttle_key *keys, int64_t *wait_ms)
{
	int64_t now = clock_now_ms();

	*wait_ms = wait_of(&t->here, now, &keys[0]);
	if (*wait_ms > 0)
		return 0;
	add(&t->here, now, &keys[0]);
	return 1;
}

int throttle_enter(struct throttle *t, const struct throttle_key *keys, size_t n, int64_t *wait_ms)
{
	int rc = enter_database(t, keys, n, wait_ms);

	assert(n > 0);
	if (rc >= 0)
		return rc;
	if (clock_mono_ms() >= t->reopen_at) {
		log_warn("THROTTLE-03", "one delay for everybody holds meanwhile");
		db_close(&t->db);
		t->reopen_at = clock_mono_ms() + REOPEN_MS;
	}
	return enter_here(t, keys, wait_ms);
}

static void drop(struct throttle *t, const struct throttle_key *key)
{
	struct db_stmt *s = db_stmt(t->db, SQL_THROTTLE_DROP);
	uint8_t bytes[KEY_LEN];

	make_key(t, key, bytes);
	db_bind_blob(s, ":key", bytes, sizeof bytes);
	/* what stays behind ends by itself */
	(void)db_run(s);
}

static void take_back(struct throttle *t, const struct throttle_key *key)
{
	struct count c;

	if (db_begin_write(t->db) != 1)
		return;
	if (load(t, key, &c) == 1 && c.n > 0) {
		c.n--;
		(void)store(t, key, &c);
	}
	(void)db_commit(t->db);
}

void throttle_clear(struct throttle *t, const struct throttle_key *key)
{
	t->here = (struct count){0};
	if (t->db == NULL)
		return;
	if (key->limit > 0)
		take_back(t, key);
	else
		drop(t, key);
}
