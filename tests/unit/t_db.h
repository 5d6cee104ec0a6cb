/* t_db.h - a fresh database for a unit program: made from schema.sql in a temporary folder, with
 * its secrets. */
#ifndef T_DB_H
#define T_DB_H

#include "base.h"
#include "arena.h"
#include "asset.h"
#include "db.h"

static char t_db_folder[64], t_db_path[128];

static inline void t_db_add_secret(struct db *db, const char *name)
{
	static const uint8_t value[32] = {1, 2, 3};
	struct db_stmt *s = db_stmt(db, SQL_SECRET_ADD);

	db_bind_text(s, ":name", name);
	db_bind_blob(s, ":value", value, sizeof value);
	db_run(s);
}

/* Opens it for everything; ends the program if it cannot be made. */
static inline struct db *t_db_open(void)
{
	struct db *db;

	snprintf(t_db_folder, sizeof t_db_folder, "/tmp/atstatus-unit-XXXXXX");
	if (mkdtemp(t_db_folder) == NULL)
		abort();
	snprintf(t_db_path, sizeof t_db_path, "%s/test.db", t_db_folder);
	if (db_create(t_db_path, (const char *)asset_get("schema.sql")->data) != 1 ||
	    db_open(t_db_path, DB_TOOL, &db) != 1)
		abort();
	if (db_begin_write(db) != 1)
		abort();
	t_db_add_secret(db, "topic");
	t_db_add_secret(db, "csrf");
	if (db_commit(db) != 1)
		abort();
	return db;
}

static inline void t_db_close(struct db **db)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[160];

	db_close(db);
	for (size_t i = 0; i < nelem(ends); i++) {
		snprintf(path, sizeof path, "%s%s", t_db_path, ends[i]);
		unlink(path);
	}
	rmdir(t_db_folder);
}

#endif
