/* sql.h - the names of all SQL statements of the suite; their texts are in sql.c.
 *
 * Grouped by the module that uses them.  A statement that scans a large table on purpose says so
 * with the comment "scan" in its text; the lint (tests/lint) refuses other scans.
 */
#ifndef SQL_H
#define SQL_H

enum sql {
#define SQL(name, text) SQL_##name,
#include "sql_table.h"
#undef SQL
	SQL__MAX
};

extern const char *const sql_text[];

#endif
