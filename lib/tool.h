/* tool.h - what the verbs of `atstatus` do.
 *
 * Every function gives the exit status of the command: 0 done, 1 failed (and said why on standard
 * error). Secrets are printed on standard output once and stored nowhere in clear.
 */
#ifndef TOOL_H
#define TOOL_H

#include "base.h"
#include "conf.h"

struct db;

struct tool {
	struct conf conf;
	bool has_file; /* the configuration file exists */
	struct db *db; /* opened on demand */
};

/* Creates what is missing and leaves what is there: configuration (0600), STATE_DIR 0711 with
 * public 0755 and data 0700, database with its secrets, first admin, page. */
int tool_init(struct tool *tool);

int tool_print_keys(void);
int tool_write_keys(struct tool *tool);

/* A fresh pair takes the place of the present one, which becomes the previous one; an earlier previous one goes, if no
 * living subscription needs it or force says so.  Retiring removes the previous one under the same condition.  The file
 * keeps owner, mode and every other line; an audit row tells of it. */
int tool_rotate_keys(struct tool *tool, bool force);
int tool_retire_keys(struct tool *tool, bool force);
int tool_list_keys(struct tool *tool); /* public keys and how many subscriptions each has */

int tool_add_admin(struct tool *tool, const char *name);
int tool_set_password(struct tool *tool, const char *name);
int tool_add_token(struct tool *tool, const char *name, const char *scopes);
int tool_revoke_token(struct tool *tool, const char *name);
int tool_publish(struct tool *tool, bool due); /* due: only what changed or is missing */
int tool_migrate(struct tool *tool);

void tool_close(struct tool *tool);

#endif
