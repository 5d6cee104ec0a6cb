/* t_sql.h - rows for unit tests: written and read with any SQL, past the library under test. */
#ifndef T_SQL_H
#define T_SQL_H

#include "base.h"

#include <sqlite3.h>

#include "t.h"

static sqlite3 *t_sql_db;

static inline void t_sql_open(const char *path)
{
	if (sqlite3_open_v2(path, &t_sql_db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		abort();
	sqlite3_busy_timeout(t_sql_db, 5000);
	sqlite3_exec(t_sql_db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
}

static inline void t_sql_close(void)
{
	sqlite3_close(t_sql_db);
	t_sql_db = NULL;
}

/* Runs statements; a mistake in them is a failed check. */
static inline void t_run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(t_sql_db, sql, NULL, NULL, &error) != SQLITE_OK)
		t_check(false, error, sql, 0);
	sqlite3_free(error);
}

/* The first column of the first row as text; "(none)" without a row, "(null)" for NULL.  Kept until
 * the next call but three. */
static inline const char *t_get(const char *sql)
{
	static char kept[4][4096];
	static int next;
	char *out = kept[next++ % 4];
	sqlite3_stmt *s;

	snprintf(out, sizeof kept[0], "(none)");
	if (sqlite3_prepare_v2(t_sql_db, sql, -1, &s, NULL) != SQLITE_OK) {
		t_check(false, sqlite3_errmsg(t_sql_db), sql, 0);
		return out;
	}
	if (sqlite3_step(s) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);
		snprintf(out, sizeof kept[0], "%s", text != NULL ? text : "(null)");
	}
	sqlite3_finalize(s);
	return out;
}

#define t_row(sql, want) t_str(t_get(sql), want)

#endif
