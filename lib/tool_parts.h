/* tool_parts.h - what the files behind `atstatus` share; nobody else includes it. */
#ifndef TOOL_PARTS_H
#define TOOL_PARTS_H

#include "base.h"
#include "tool.h"

/* "atstatus: <sentence>" on standard error; gives 1. */
int tool_fail(const char *fmt, ...) attr_printf(1, 2);

/* Opens the database once.  0 open, 1 not (said why). */
int tool_open_db(struct tool *tool);

/* Writes the configuration file with what is known, and a fresh pair if there is none.  0 or 1. */
int tool_create_configuration(struct tool *tool);

/* Makes a public key (as the configuration has it, or NULL) known to the database.  1 added, 0 nothing to do, -1. */
int tool_add_key_row(struct db *db, const char *public_key);

/* Hashes and stores.  1, 0 the name is taken, -1. */
int tool_make_admin(struct tool *tool, const char *name, const char *password);

/* Creates `admin` with a random password, printed, if there is nobody.  0 or 1. */
int tool_first_admin(struct tool *tool);

#endif
