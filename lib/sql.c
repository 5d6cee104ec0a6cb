/* sql.c - the texts of all statements, indexed by enum sql.  The table itself is sql_table.h, so
 * that a name and its text stand in one place and cannot drift apart. */
#include "base.h"
#include "sql.h"

const char *const sql_text[] = {
#define SQL(name, text) [SQL_##name] = text,
#include "sql_table.h"
#undef SQL
};
static_assert(nelem(sql_text) == SQL__MAX, "a text for each statement");
