/* db.c - transactions and statements: see db.h. */
#include "base.h"
#include "db_private.h"

#include "arena.h"
#include "clock.h"
#include "log.h"

/* ------------------------------------------------------------------ transactions */

#ifdef ATSTATUS_TEST
void db_test_full(struct db *db, bool full)
{
	char sql[64];

	snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", full ? 1 : 1073741823);
	sqlite3_set_authorizer(db->handle, NULL, NULL);
	db_run_text(db, sql);
	sqlite3_set_authorizer(db->handle, db_authorize, db);
}
#endif

static int begin(struct db *db, const char *sql)
{
	assert(sqlite3_get_autocommit(db->handle));
	db->failed = db->writing = false;
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 1;
	if ((rc & 0xff) == SQLITE_BUSY) {
		if (db_is_news(db, rc))
			log_warn("DB-09", "another process held the database for %d ms",
			    DB_BUSY_LIMIT_MS);
		return 0;
	}
	return db_fail(db, "DB-10", sql);
}

int db_begin_read(struct db *db)
{
	return begin(db, "BEGIN");
}

bool db_has_moved(const struct db *db)
{
	int moved = 0;

	return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
		   SQLITE_OK &&
	       moved != 0;
}

/* An answer "stored" must be true of the file at the path, not of one that nobody will open again. */
static bool refuse_moved(struct db *db)
{
	if (!db_has_moved(db))
		return false;
	log_error("DB-21", "%s was replaced, moved or removed: nothing is written to the old file",
	    sqlite3_db_filename(db->handle, "main"));
	db_rollback(db);
	return true;
}

int db_begin_write(struct db *db)
{
	int rc = begin(db, "BEGIN IMMEDIATE");

	if (rc != 1)
		return rc;
	db->writing = true;
	return refuse_moved(db) ? -1 : 1;
}

/* A write is on disk: whatever was in the way is gone. */
static void end_trouble(struct db *db)
{
	if (!db->writing || db->troubles == 0)
		return;
	db->troubles = 0;
	log_info("DB-22",
	    "the database can be written to again, after %" PRId64 " s and %u attempts",
	    (clock_mono_ms() - db->trouble_since) / CLOCK_SECOND, db->trouble_times);
}

int db_commit(struct db *db)
{
	if (db->failed) {
		if (db->troubles == 0)
			log_error("DB-11", "a statement failed: the transaction is undone");
		db_rollback(db);
		return -1;
	}
	if (refuse_moved(db))
		return -1;
	if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
		end_trouble(db);
		return 1;
	}
	db_fail(db, "DB-12", "commit");
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
		db_fail(s->db, "DB-15", "binding");
}

void db_bind_int(struct db_stmt *s, const char *name, int64_t value)
{
	bound(s, sqlite3_bind_int64(s->handle, parameter(s, name), value));
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
		db_fail(s->db, "DB-16", sql_text[s->which]);
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
	return (rc & 0xff) == SQLITE_BUSY ? 0 : db_fail(db, "DB-20", "checkpoint");
}

int64_t db_last_id(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
