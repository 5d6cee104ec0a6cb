/* db.c - see db.h.  The only includer of sqlite3.h. */
#include "base.h"
#include "db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "arena.h"
#include "clock.h"
#include "log.h"

#define BUSY_LIMIT_MS 5000

struct db_stmt {
	struct db *db;
	sqlite3_stmt *handle;
	enum sql which;
};

struct db {
	sqlite3 *handle;
	enum db_role role;
	bool failed; /* a statement of the open transaction failed */
	int64_t busy_since;
	uint32_t random; /* of the busy handler's sleeps */
	struct db_stmt stmt[SQL__MAX];
};

/* ------------------------------------------------------------------ roles */

/* Tables a role may write; "*" is all.  Reading is free but for the secret tables. */
static const char *const writable[] = {
    [DB_VISITOR] = " subscriptions origins vapid_keys follows mutes jobs job_notices job_texts "
		   "exceptions sequences counters lanes sqlite_sequence ",
    [DB_ADMIN] = "*",
    [DB_SENDER] = " subscriptions origins follows mutes jobs job_notices job_texts exceptions "
		  "sequences counters lanes ledger settings components component_history incidents "
		  "incident_updates incident_update_components incident_components posts "
		  "sqlite_sequence ",
    [DB_TOOL] = "*",
    [DB_LIMITER] = "*",
};
static_assert(nelem(writable) == DB_ROLE__MAX, "rights for each role");

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(words, word); p != NULL; p = strstr(p + 1, word))
		if (p > words && p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

static bool may_write(enum db_role role, const char *table)
{
	return writable[role][0] == '*' || (table != NULL && word_in(writable[role], table));
}

static bool may_read(enum db_role role, const char *table)
{
	if (role != DB_VISITOR && role != DB_SENDER)
		return true;
	return table == NULL || !word_in(" users sessions tokens audit ", table);
}

static int authorize(
    void *arg, int action, const char *one, const char *two, const char *base, const char *trigger)
{
	const struct db *db = arg;

	(void)two;
	(void)base;
	(void)trigger;
	switch (action) {
	case SQLITE_READ:
		return may_read(db->role, one) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return may_write(db->role, one) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_SELECT:
	case SQLITE_FUNCTION:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	default:
		return db->role == DB_TOOL || db->role == DB_LIMITER ? SQLITE_OK : SQLITE_DENY;
	}
}

/* ------------------------------------------------------------------ opening */

/* SQLite's own handler sleeps up to 100 ms, which a web request would feel. */
static int wait_a_little(void *arg, int count)
{
	struct db *db = arg;
	int64_t now = clock_mono_ms();

	if (count == 0)
		db->busy_since = now;
	if (now - db->busy_since > BUSY_LIMIT_MS)
		return 0;
	db->random = db->random * 1664525u + 1013904223u;
	struct timespec pause = {0, 100000 + (long)(db->random >> 8) % 400000};
	nanosleep(&pause, NULL);
	return 1;
}

static int fail(struct db *db, const char *id, const char *what)
{
	db->failed = true;
	log_error(id, "%s: %s (%d)", what, sqlite3_errmsg(db->handle),
	    sqlite3_extended_errcode(db->handle));
	return -1;
}

static int run_text(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 1;
	return fail(db, "DB-01", sql);
}

/* What keeps a damaged or hostile schema from running code, and big values out. */
static void harden(sqlite3 *h)
{
	sqlite3_extended_result_codes(h, 1);
	sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(h, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
	sqlite3_limit(h, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
	sqlite3_limit(h, SQLITE_LIMIT_ATTACHED, 0);
}

static int set_pragmas(struct db *db)
{
	if (run_text(db, "PRAGMA foreign_keys = ON") < 0 ||
	    run_text(db, "PRAGMA temp_store = MEMORY") < 0)
		return -1;
	switch (db->role) {
	case DB_SENDER:
		return run_text(db, "PRAGMA synchronous = NORMAL");
	case DB_LIMITER:
		return run_text(db, "PRAGMA synchronous = OFF");
	default:
		return run_text(db, "PRAGMA synchronous = FULL");
	}
}

static int read_version(struct db *db)
{
	sqlite3_stmt *s;
	int version = -1;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK)
		return fail(db, "DB-02", "reading the version");
	if (sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version < 0 ? fail(db, "DB-03", "reading the version") : version;
}

static struct db *open_handle(const char *path, enum db_role role, int flags)
{
	struct db *db = calloc(1, sizeof *db);

	if (db == NULL)
		log_die("DB-04", "out of memory");
	db->role = role;
	db->random = (uint32_t)getpid() * 2654435761u;
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK) {
		fail(db, "DB-05", path);
		db_close(&db);
		return NULL;
	}
	harden(db->handle);
	sqlite3_busy_handler(db->handle, wait_a_little, db);
	if (set_pragmas(db) < 0) {
		db_close(&db);
		return NULL;
	}
	return db;
}

static bool right_version(struct db *db, const char *path)
{
	int version = read_version(db);

	if (version == DB_VERSION)
		return true;
	if (version >= 0 && version < DB_VERSION)
		log_error("DB-06",
		    "%s has schema version %d, this program needs %d: run `atstatus migrate`", path,
		    version, DB_VERSION);
	else if (version > DB_VERSION)
		log_error("DB-07",
		    "%s has schema version %d, newer than this program (%d): install the"
		    " newer ATStatus again",
		    path, version, DB_VERSION);
	return false;
}

/* Counts by key; see limiter.h.  No WAL and overwritten free pages: a destroyed salt must not lie
 * about in a log file. */
static const char limiter_schema[] =
    "PRAGMA journal_mode = TRUNCATE;"
    "PRAGMA secure_delete = ON;"
    "CREATE TABLE IF NOT EXISTS salts (day INTEGER PRIMARY KEY, salt BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS hits (key BLOB PRIMARY KEY, n INTEGER NOT NULL,"
    " ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS hits_by_end ON hits(ends_at);"
    "CREATE TABLE IF NOT EXISTS failures (key BLOB PRIMARY KEY, n INTEGER NOT NULL,"
    " next_at INTEGER NOT NULL, ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS failures_by_end ON failures(ends_at);";

int db_open(const char *path, enum db_role role, struct db **out)
{
	bool limiter = role == DB_LIMITER;
	struct db *db;

	if (!limiter && access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	db = open_handle(path, role, SQLITE_OPEN_READWRITE | (limiter ? SQLITE_OPEN_CREATE : 0));
	if (db == NULL)
		return -1;
	if (limiter ? run_text(db, limiter_schema) < 0 : !right_version(db, path)) {
		db_close(&db);
		return -1;
	}
	if (!limiter)
		sqlite3_set_authorizer(db->handle, authorize, db);
	*out = db;
	return 1;
}

int db_file_version(const char *path)
{
	struct db *db;
	int version;

	if (access(path, F_OK) != 0)
		return -1;
	db = open_handle(path, DB_TOOL, SQLITE_OPEN_READWRITE);
	if (db == NULL)
		return -1;
	version = read_version(db);
	db_close(&db);
	return version;
}

/* Fills an empty database; one transaction, so that a crash leaves version 0 and no tables. */
static int apply_schema(struct db *db, const char *schema)
{
	if (run_text(db, "PRAGMA journal_mode = WAL") < 0 || run_text(db, "BEGIN EXCLUSIVE") < 0)
		return -1;
	if (read_version(db) == DB_VERSION) {
		/* somebody else was quicker */
		db_rollback(db);
		return 0;
	}
	if (run_text(db, schema) < 0 || run_text(db, "COMMIT") < 0) {
		db_rollback(db);
		return -1;
	}
	return 1;
}

int db_create(const char *path, const char *schema)
{
	struct db *db;
	int fd, rc, version;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_errno("DB-08", "creating %s", path);
		return -1;
	}
	/* nobody has this file open through SQLite here, so closing it drops no lock */
	close(fd);
	db = open_handle(path, DB_TOOL, SQLITE_OPEN_READWRITE);
	if (db == NULL)
		return -1;
	version = read_version(db);
	if (version == 0)
		rc = apply_schema(db, schema);
	else
		rc = right_version(db, path) ? 0 : -1;
	db_close(&db);
	return rc;
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (db == NULL)
		return;
	for (size_t i = 0; i < SQL__MAX; i++)
		sqlite3_finalize(db->stmt[i].handle);
	/* closing rolls back whatever is open */
	sqlite3_close_v2(db->handle);
	free(db);
	*dbp = NULL;
}

/* ------------------------------------------------------------------ transactions */

#ifdef ATSTATUS_TEST
void db_test_full(struct db *db, bool full)
{
	char sql[64];

	snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", full ? 1 : 1073741823);
	sqlite3_set_authorizer(db->handle, NULL, NULL);
	run_text(db, sql);
	sqlite3_set_authorizer(db->handle, authorize, db);
}
#endif

static int begin(struct db *db, const char *sql)
{
	assert(sqlite3_get_autocommit(db->handle));
	db->failed = false;
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 1;
	if ((rc & 0xff) == SQLITE_BUSY) {
		log_warn("DB-09", "another process held the database for %d ms", BUSY_LIMIT_MS);
		return 0;
	}
	return fail(db, "DB-10", sql);
}

int db_begin_read(struct db *db)
{
	return begin(db, "BEGIN");
}

int db_begin_write(struct db *db)
{
	return begin(db, "BEGIN IMMEDIATE");
}

int db_commit(struct db *db)
{
	if (db->failed) {
		log_error("DB-11", "a statement failed: the transaction is undone");
		db_rollback(db);
		return -1;
	}
	if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 1;
	fail(db, "DB-12", "commit");
	db_rollback(db);
	return -1;
}

void db_rollback(struct db *db)
{
	if (db_is_open(db))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	db->failed = false;
}

bool db_is_open(const struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

/* ------------------------------------------------------------------ statements */

struct db_stmt *db_stmt(struct db *db, enum sql which)
{
	struct db_stmt *s = &db->stmt[which];

	if (s->handle == NULL) {
		if (sqlite3_prepare_v3(db->handle, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT,
			&s->handle, NULL) != SQLITE_OK)
			log_die("DB-13", "statement %d cannot be prepared: %s", (int)which,
			    sqlite3_errmsg(db->handle));
		s->db = db;
		s->which = which;
	}
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	return s;
}

static int parameter(struct db_stmt *s, const char *name)
{
	int i = sqlite3_bind_parameter_index(s->handle, name);

	if (i == 0)
		log_die("DB-14", "statement %d has no parameter %s", (int)s->which, name);
	return i;
}

static void bound(struct db_stmt *s, int rc)
{
	if (rc != SQLITE_OK)
		fail(s->db, "DB-15", "binding");
}

void db_bind_int(struct db_stmt *s, const char *name, int64_t value)
{
	bound(s, sqlite3_bind_int64(s->handle, parameter(s, name), value));
}

void db_bind_null(struct db_stmt *s, const char *name)
{
	bound(s, sqlite3_bind_null(s->handle, parameter(s, name)));
}

void db_bind_text(struct db_stmt *s, const char *name, const char *value)
{
	bound(s, sqlite3_bind_text(s->handle, parameter(s, name), value, -1, SQLITE_STATIC));
}

void db_bind_blob(struct db_stmt *s, const char *name, const void *bytes, size_t len)
{
	bound(s, sqlite3_bind_blob64(s->handle, parameter(s, name), bytes, len, SQLITE_STATIC));
}

int db_step(struct db_stmt *s)
{
	int rc = sqlite3_step(s->handle);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		fail(s->db, "DB-16", sql_text[s->which]);
	sqlite3_reset(s->handle);
	return rc == SQLITE_DONE ? 0 : -1;
}

int db_run(struct db_stmt *s)
{
	int rc;

	while ((rc = db_step(s)) == 1)
		continue;
	if (rc < 0)
		return -1;
	return sqlite3_changes(s->db->handle) > 0 ? 1 : 0;
}

void db_reset(struct db_stmt *s)
{
	sqlite3_reset(s->handle);
}

int64_t db_col_int(struct db_stmt *s, int col)
{
	return sqlite3_column_int64(s->handle, col);
}

bool db_col_null(struct db_stmt *s, int col)
{
	return sqlite3_column_type(s->handle, col) == SQLITE_NULL;
}

const char *db_col_text(struct db_stmt *s, int col)
{
	return (const char *)sqlite3_column_text(s->handle, col);
}

const void *db_col_blob(struct db_stmt *s, int col, size_t *len)
{
	const void *p = sqlite3_column_blob(s->handle, col);

	*len = (size_t)sqlite3_column_bytes(s->handle, col);
	return p;
}

char *db_col_strdup(struct db_stmt *s, int col, struct arena *a)
{
	return arena_strdup(a, db_col_text(s, col));
}

int db_one_int(struct db_stmt *s, int64_t *out)
{
	int rc = db_step(s);

	if (rc == 1)
		*out = db_col_int(s, 0);
	db_reset(s);
	return rc;
}

int db_checkpoint(struct db *db)
{
	int rc =
	    sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	if (rc == SQLITE_OK)
		return 1;
	return (rc & 0xff) == SQLITE_BUSY ? 0 : fail(db, "DB-20", "checkpoint");
}

int64_t db_last_id(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
