/* db.h - the only door to SQLite.
 *
 * Hides: opening with the right pragmas, what a role may touch, waiting for other writers, prepared
 * statements. No SQL stands outside lib/sql.c; a statement is named by its enum, prepared once per
 * handle, and bound by the names in its text.
 *
 * A handle belongs to one process: it must not cross a fork, not even to be closed (sqlite.org,
 * "How To Corrupt", §2.6).  Open after forking.
 *
 * Errors: whatever SQLite reports is logged here, once; callers get -1.  A trouble of the machine's (disk full, held by
 * others) is logged when it begins and when a write succeeds again, not at each attempt.  A statement that failed
 * inside a transaction makes db_commit fail too, so a row can never be lost by an unchecked return
 * value.
 *
 *	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_GET);
 *	db_bind_text(s, ":id", id);
 *	if (db_step(s) == 1)
 *		name = db_col_strdup(s, 1, arena);
 *	db_reset(s);
 */
#ifndef DB_H
#define DB_H

#include "base.h"
#include "sql.h"

struct arena;
struct db;
struct db_stmt;

/* What a handle may do, enforced by SQLite's authorizer while statements are prepared. */
enum db_role {
	DB_VISITOR, /* subscribe: subscriptions and test jobs; cannot read users, sessions, tokens,
		     * audit; reads secrets, of which it needs one */
	DB_ADMIN,   /* incident-post, admin-settings: everything but the schema */
	DB_SENDER, /* push-sender: the queue and what it learns, and maintenances that begin and end;
		     * cannot read users, sessions, tokens, audit; reads secrets, of which it needs
		     * one (the topics of the notices of a maintenance).  Commits with synchronous=NORMAL: what a power failure undoes is only
		     * sent again */
	DB_TOOL,   /* atstatus: everything */
	DB_LIMITER, /* the limiter's own small file, made when absent */
	DB_ROLE__MAX
};

/* The schema this library is written for (PRAGMA user_version). */
#define DB_VERSION 4

/* Opens an existing database of this version.  1 opened, 0 there is none, -1 broken, or of another
 * version (the log names the command that mends it). */
int db_open(const char *path, enum db_role role, struct db **out);

/* Creates the database (0600, WAL) from the schema text, or finds it there already.  1 created, 0
 * it existed, -1 failed and nothing is left behind. */
int db_create(const char *path, const char *schema);

/* Rolls back what is open and closes; *db becomes NULL. */
void db_close(struct db **db);

/* True if the file that this handle has open no longer stands at its path: it was replaced (a backup
 * that was restored), moved or removed.  What is written through the handle would then be lost.
 * Whoever keeps a handle asks before each piece of work, and opens anew. */
bool db_has_moved(const struct db *db);

/* Brings a database file to version `target`: steps[v] is the SQL that leads from version v to v + 1 (steps[0] is
 * not used, an empty database gets the whole schema by db_create).  A copy is kept beside it first, <path>.v<old>
 * (0600); then all steps run in one exclusive transaction, so a kill at any point leaves the old version or the new
 * one.  1 done, 0 it has this version already, -1 failed and nothing has changed. */
int db_migrate(const char *path, const char *const *steps, int target);

/* The version of a database file without opening it for work; -1 broken or absent. */
int db_file_version(const char *path);

/* Transactions.  Every write transaction is BEGIN IMMEDIATE, so it waits at its beginning (5 s at
 * most, by sleeps of 0.1 to 0.5 ms) and never fails half-way because of another writer. db_begin_*:
 * 1 begun, 0 others held the lock too long (answer 503), -1 broken.  A write transaction is also refused (-1), at its
 * beginning and at its commit, when the file has moved. */
int db_begin_read(struct db *db);
int db_begin_write(struct db *db);

/* 1 on disk; -1 nothing of the transaction happened. */
int db_commit(struct db *db);

/* Undoes an open transaction; harmless without one. */
void db_rollback(struct db *db);
bool db_is_open(const struct db *db);

/* The statement, reset and with nothing bound.  One use at a time: asking again resets the first
 * use. */
struct db_stmt *db_stmt(struct db *db, enum sql which);

/* Binding; text and blobs must stay unchanged until the statement was stepped and reset.  A NULL
 * pointer binds NULL.  An unknown name is a programming error and ends the process. */
void db_bind_int(struct db_stmt *s, const char *name, int64_t value);
void db_bind_text(struct db_stmt *s, const char *name, const char *value);
void db_bind_blob(struct db_stmt *s, const char *name, const void *bytes, size_t len);

/* 1 a row, 0 no more (the statement is reset), -1 failed (reset, logged). */
int db_step(struct db_stmt *s);

/* Runs a statement that gives no rows.  1 it changed at least one row, 0 none, -1 failed. */
int db_run(struct db_stmt *s);

/* Ends a statement early, also after the last row that is wanted: an open one holds its
 * transaction. */
void db_reset(struct db_stmt *s);

/* Columns of the current row, from 0.  Pointers live until the next step or reset. */
int64_t db_col_int(struct db_stmt *s, int col);
bool db_col_null(struct db_stmt *s, int col);
const char *db_col_text(struct db_stmt *s, int col); /* NULL for NULL */
const void *db_col_blob(struct db_stmt *s, int col, size_t *len);
char *db_col_strdup(struct db_stmt *s, int col, struct arena *a); /* NULL for NULL */

/* One integer from a statement without parameters left to bind: 1 read, 0 no row, -1 failed. */
int db_one_int(struct db_stmt *s, int64_t *out);

/* Moves the write-ahead log into the database and empties it where nobody else reads; outside of a
 * transaction.  1, 0 somebody was in the way, -1 failed. */
int db_checkpoint(struct db *db);

/* Rowid of the last insert of this handle. */
int64_t db_last_id(const struct db *db);

#ifdef ATSTATUS_TEST
/* Each write transaction fails as if the disk were full while this is set. */
void db_test_full(struct db *db, bool full);
#endif

#endif
