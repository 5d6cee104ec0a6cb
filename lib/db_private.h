/* db_private.h - what the files of the database module share; nobody else includes it. */
#ifndef DB_PRIVATE_H
#define DB_PRIVATE_H

#include "base.h"
#include "db.h"

#include <sqlite3.h>

#define DB_BUSY_LIMIT_MS 5000

struct db_stmt {
	struct db *db;
	sqlite3_stmt *handle;
	enum sql which;
};

struct db {
	sqlite3 *handle;
	enum db_role role;
	bool failed; /* a statement of the open transaction failed */
	bool writing;
	int64_t busy_since;
	/* a trouble of the machine's, from its first failure to the next commit of a write */
	uint64_t troubles;     /* a bit for each primary code that was logged; 0 = none */
	int64_t trouble_since; /* monotonic */
	unsigned trouble_times;
	uint32_t random; /* of the busy handler's sleeps */
	struct db_stmt stmt[SQL__MAX];
};

/* Logs what SQLite says and marks the transaction as failed; gives -1.  What is no fault of the
 * statement (disk full, errors of the disk, held by others) is logged once until a write succeeds. */
int db_fail(struct db *db, const char *id, const char *what);

/* To be asked before a failure is logged: false if its trouble was logged and goes on. */
bool db_is_news(struct db *db, int code);

/* Runs statements without parameters and results.  1 or -1. */
int db_run_text(struct db *db, const char *sql);

/* PRAGMA user_version, or -1. */
int db_read_version(struct db *db);

/* True for DB_VERSION; else logs what to do. */
bool db_right_version(struct db *db, const char *path);

/* Opens with everything set but the authorizer; NULL and logged if that fails. */
struct db *db_open_handle(const char *path, enum db_role role, int flags);

/* SQLite's authorizer by role. */
int db_authorize(
    void *arg, int action, const char *one, const char *two, const char *base, const char *trigger);

#endif
