/* db_version.c - making a database and bringing it to another version: see db.h. */
#include "base.h"
#include "db_private.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "log.h"

int db_file_version(const char *path)
{
	struct db *db;
	int version;

	if (access(path, F_OK) != 0)
		return -1;
	db = db_open_handle(path, DB_TOOL, SQLITE_OPEN_READWRITE);
	if (db == NULL)
		return -1;
	version = db_read_version(db);
	db_close(&db);
	return version;
}

/* Fills an empty database; one transaction, so that a crash leaves version 0 and no tables. */
static int apply_schema(struct db *db, const char *schema)
{
	if (db_run_text(db, "PRAGMA journal_mode = WAL") < 0 ||
	    db_run_text(db, "BEGIN EXCLUSIVE") < 0)
		return -1;
	if (db_read_version(db) == DB_VERSION) {
		/* somebody else was quicker */
		db_rollback(db);
		return 0;
	}
	if (db_run_text(db, schema) < 0 || db_run_text(db, "COMMIT") < 0) {
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
	db = db_open_handle(path, DB_TOOL, SQLITE_OPEN_READWRITE);
	if (db == NULL)
		return -1;
	version = db_read_version(db);
	if (version == 0)
		rc = apply_schema(db, schema);
	else
		rc = db_right_version(db, path) ? 0 : -1;
	db_close(&db);
	return rc;
}

/* A copy of the database as it is, for whoever has to go back. */
static int keep_copy(struct db *db, const char *path, int version)
{
	char *sql = sqlite3_mprintf("VACUUM INTO '%q.v%d'", path, version);
	char *copy = sqlite3_mprintf("%s.v%d", path, version);
	int rc = -1;

	if (sql != NULL && copy != NULL) {
		/* one of an earlier try that failed */
		if (unlink(copy) != 0 && errno != ENOENT)
			log_errno("DB-17", "removing %s", copy);
		/* copying counts as attaching one */
		sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 1);
		rc = db_run_text(db, sql);
		sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
		if (rc == 1 && chmod(copy, 0600) != 0)
			rc = -1;
	}
	sqlite3_free(sql);
	sqlite3_free(copy);
	return rc;
}

/* Inside one exclusive transaction. */
static int run_steps(struct db *db, const char *const *steps, int from, int target)
{
	char set_version[64];

	if (db_read_version(db) != from)
		return 0; /* somebody else was quicker */
	for (int v = from; v < target; v++)
		if (db_run_text(db, steps[v]) < 0)
			return -1;
	snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", target);
	return db_run_text(db, set_version);
}

int db_migrate(const char *path, const char *const *steps, int target)
{
	struct db *db = db_open_handle(path, DB_TOOL, SQLITE_OPEN_READWRITE);
	int from, rc;

	if (db == NULL)
		return -1;
	from = db_read_version(db);
	if (from == target) {
		db_close(&db);
		return 0;
	}
	/* a step may rebuild a table that others refer to; this cannot be set inside a transaction */
	rc = from > 0 && from < target && keep_copy(db, path, from) == 1 &&
		     db_run_text(db, "PRAGMA foreign_keys = OFF") == 1 &&
		     db_run_text(db, "BEGIN EXCLUSIVE") == 1
		 ? run_steps(db, steps, from, target)
		 : -1;
	if (rc == 1)
		rc = db_run_text(db, "COMMIT");
	db_rollback(db);
	db_close(&db);
	return rc;
}
