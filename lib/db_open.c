/* db_open.c - opening a database for a role: see db.h. */
#include "base.h"
#include "db_private.h"

#include "clock.h"
#include "log.h"

/* ------------------------------------------------------------------ roles */

/* Tables a role may write; "*" is all. */
static const char *const writable[] = {
    [DB_VISITOR] = " subscriptions origins vapid_keys follows mutes jobs job_notices job_texts "
		   "exceptions sequences counters lanes sqlite_sequence ",
    [DB_ADMIN] = "*",
    [DB_SENDER] =
	" subscriptions origins vapid_keys follows mutes jobs job_notices job_texts exceptions "
	"sequences counters lanes ledger missed settings components component_history incidents "
	"incident_updates incident_update_components incident_components reminders "
	"posts audit sqlite_sequence ",
    [DB_TOOL] = "*",
    [DB_LIMITER] = "*",
};
static_assert(nelem(writable) == DB_ROLE__MAX, "rights for each role");

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = len == 0 ? NULL : strstr(words, word); p != NULL;
	     p = strstr(p + 1, word))
		if (p > words && p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

static bool may_write(enum db_role role, const char *table)
{
	return writable[role][0] == '*' || (table != NULL && word_in(writable[role], table));
}

/* Tables a role may not read.  The visitors' program and the sender read `secrets`, for the row "topic" by which a job's
 * notices are named; an authorizer knows no rows, so the others (what forms of the admin's are signed with) are within its reach too. */
static const char *const unreadable[] = {
    [DB_VISITOR] = " users sessions tokens audit ",
    [DB_ADMIN] = "",
    [DB_SENDER] = " users sessions tokens audit ",
    [DB_TOOL] = "",
    [DB_LIMITER] = "",
};
static_assert(nelem(unreadable) == DB_ROLE__MAX, "a list for each role");

static bool may_read(enum db_role role, const char *table)
{
	return table == NULL || !word_in(unreadable[role], table);
}

int db_authorize(
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
	if (now - db->busy_since > DB_BUSY_LIMIT_MS)
		return 0;
	db->random = db->random * 1664525u + 1013904223u;
	struct timespec pause = {0, 100000 + (long)(db->random >> 8) % 400000};
	nanosleep(&pause, NULL);
	return 1;
}

/* Codes that say nothing about a statement: the next attempt may succeed. */
static bool is_trouble(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_PROTOCOL:
		return true;
	default:
		return false;
	}
}

bool db_is_news(struct db *db, int code)
{
	uint64_t bit = UINT64_C(1) << (code & 0x3f);

	if (!is_trouble(code))
		return true;
	if (db->troubles == 0) {
		db->trouble_since = clock_mono_ms();
		db->trouble_times = 0;
	}
	db->trouble_times++;
	if ((db->troubles & bit) != 0)
		return false;
	db->troubles |= bit;
	return true;
}

int db_fail(struct db *db, const char *id, const char *what)
{
	int code = sqlite3_extended_errcode(db->handle);

	db->failed = true;
	if (db_is_news(db, code))
		log_error(id, "%s: %s (%d)", what, sqlite3_errmsg(db->handle), code);
	return -1;
}

int db_run_text(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 1;
	return db_fail(db, "DB-01", sql);
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
	if (db_run_text(db, "PRAGMA foreign_keys = ON") < 0 ||
	    db_run_text(db, "PRAGMA temp_store = MEMORY") < 0)
		return -1;
	switch (db->role) {
	case DB_SENDER:
		/* it reads every page once: 2 MB of them would only be carried along */
		return db_run_text(db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512");
	case DB_LIMITER:
		return db_run_text(db, "PRAGMA synchronous = OFF");
	default:
		/* a checkpoint for every hundred new subscriptions would cost more than they do */
		return db_run_text(
		    db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
	}
}

int db_read_version(struct db *db)
{
	sqlite3_stmt *s;
	int version = -1;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK)
		return db_fail(db, "DB-02", "reading the version");
	if (sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version < 0 ? db_fail(db, "DB-03", "reading the version") : version;
}

struct db *db_open_handle(const char *path, enum db_role role, int flags)
{
	struct db *db = calloc(1, sizeof *db);

	if (db == NULL)
		log_die("DB-04", "out of memory");
	db->role = role;
	db->random = (uint32_t)getpid() * 2654435761u;
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK) {
		db_fail(db, "DB-05", path);
		db_close(&db);
		return NULL;
	}
	harden(db->handle);
	/* It opens and closes several times before its first push, and where nobody else has the
	 * file open each close would write it all back; it does that once, at its end. */
	if (role == DB_SENDER)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_busy_handler(db->handle, wait_a_little, db);
	if (set_pragmas(db) < 0) {
		db_close(&db);
		return NULL;
	}
	return db;
}

bool db_right_version(struct db *db, const char *path)
{
	int version = db_read_version(db);

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
	db = db_open_handle(path, role, SQLITE_OPEN_READWRITE | (limiter ? SQLITE_OPEN_CREATE : 0));
	if (db == NULL)
		return -1;
	if (limiter ? db_run_text(db, limiter_schema) < 0 : !db_right_version(db, path)) {
		db_close(&db);
		return -1;
	}
	if (!limiter) {
		/* a copy that was put back may have another mode; the next one to open it tries again
		 * where somebody is at work just now.  Not before its version is known: what a newer
		 * program made is not written to */
		sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		sqlite3_set_authorizer(db->handle, db_authorize, db);
	}
	*out = db;
	return 1;
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
