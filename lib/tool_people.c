/* tool_people.c - people and tokens: the verbs admin and token. */
#include "base.h"
#include "tool_parts.h"

#include <termios.h>

#include "admin.h"
#include "arena.h"
#include "db.h"
#include "guard.h"
#include "password.h"
#include "settings.h"
#include "text.h"

/* A password that nobody has to think up: 20 characters of base64url, 120 bits. */
static void make_password(char out[32])
{
	char secret[44];

	digest_new_secret(secret);
	snprintf(out, 32, "%.20s", secret);
	digest_cleanse(secret, sizeof secret);
}

/* Reads one line without showing it.  False at the end of the input. */
static bool read_line(char *line, size_t cap)
{
	struct termios old, quiet;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;

	if (terminal) {
		fputs("New password (empty: one is made): ", stderr);
		quiet = old;
		quiet.c_lflag &= (tcflag_t)~ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	bool got = fgets(line, (int)cap, stdin) != NULL;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	if (got)
		line[strcspn(line, "\r\n")] = '\0';
	return got;
}

/* The password to set; *made says that it must be printed. */
static int ask_password(char password[PASSWORD_MAX + 2], bool *made)
{
	if (!read_line(password, PASSWORD_MAX + 2))
		password[0] = '\0';
	*made = password[0] == '\0';
	if (*made)
		make_password(password);
	if (text_length(password, strlen(password)) < PASSWORD_MIN)
		return tool_fail("a password has at least %d characters", PASSWORD_MIN);
	if (strlen(password) > PASSWORD_MAX)
		return tool_fail("a password has at most %d bytes", PASSWORD_MAX);
	return 0;
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= ADMIN_NAME_MAX && text_is_utf8(name, len) &&
	       !text_has_control(name, len, false);
}

/* The stored part of adding a person: row and audit in one transaction.  1, 0 the name is taken,
 * -1. */
static int store_admin(struct tool *tool, const char *name, const char *hash)
{
	int rc = db_begin_write(tool->db);

	if (rc != 1)
		return -1;
	rc = admin_add_user(tool->db, name, hash, ADMIN_OWNER);
	if (rc == 1 && settings_audit(tool->db, "atstatus", "admin.add", name, NULL) < 0)
		rc = -1;
	if (rc == 1)
		return db_commit(tool->db);
	db_rollback(tool->db);
	return rc;
}

int tool_make_admin(struct tool *tool, const char *name, const char *password)
{
	char hash[PASSWORD_HASH_MAX];

	if (password_hash(password, strlen(password), hash) < 0)
		return -1;
	return store_admin(tool, name, hash);
}

int tool_first_admin(struct tool *tool)
{
	int64_t users;
	char password[32];

	if (admin_count_users(tool->db, &users) != 1)
		return tool_fail("the users cannot be counted");
	if (users > 0)
		return 0;
	make_password(password);
	if (tool_make_admin(tool, "admin", password) != 1)
		return tool_fail("the first admin could not be stored");
	printf("The first admin was created; this password is shown only now.\n"
	       "name: admin\npassword: %s\n",
	    password);
	digest_cleanse(password, sizeof password);
	return 0;
}

int tool_add_admin(struct tool *tool, const char *name)
{
	char password[PASSWORD_MAX + 2];
	bool made;
	int rc;

	if (!is_name(name))
		return tool_fail(
		    "a name has 1 to %d characters and no control characters", ADMIN_NAME_MAX);
	if (tool_open_db(tool) != 0 || ask_password(password, &made) != 0)
		return 1;
	rc = tool_make_admin(tool, name, password);
	if (rc == 1 && made)
		printf("password: %s\n", password);
	digest_cleanse(password, sizeof password);
	if (rc == 0)
		return tool_fail("there is somebody called %s already; `atstatus admin passwd %s` "
				 "sets a new password",
		    name, name);
	return rc == 1 ? 0 : tool_fail("%s could not be stored", name);
}

static int store_password(struct tool *tool, const char *name, const char *hash)
{
	int rc = db_begin_write(tool->db);

	if (rc != 1)
		return -1;
	rc = admin_set_password(tool->db, name, hash, NULL);
	if (rc == 1 && settings_audit(tool->db, "atstatus", "admin.passwd", name, NULL) < 0)
		rc = -1;
	if (rc == 1)
		return db_commit(tool->db);
	db_rollback(tool->db);
	return rc;
}

int tool_set_password(struct tool *tool, const char *name)
{
	char password[PASSWORD_MAX + 2], hash[PASSWORD_HASH_MAX];
	bool made;
	int rc;

	if (tool_open_db(tool) != 0 || ask_password(password, &made) != 0)
		return 1;
	rc = password_hash(password, strlen(password), hash);
	if (rc == 1)
		rc = store_password(tool, name, hash);
	if (rc == 1 && made)
		printf("password: %s\n", password);
	digest_cleanse(password, sizeof password);
	if (rc == 0)
		return tool_fail("there is nobody called %s", name);
	return rc == 1 ? 0 : tool_fail("the password could not be stored");
}

int tool_add_token(struct tool *tool, const char *name, const char *scopes)
{
	struct arena a = ARENA_INIT;
	char token[GUARD_TOKEN_LEN + 1];
	uint8_t hash[DIGEST_SIZE];
	char *words = admin_scopes_parse(&a, scopes);
	int rc = -1;

	if (words == NULL || !is_name(name)) {
		arena_release(&a);
		return tool_fail(words == NULL
				     ? "scopes are read, components, incidents, maintenance, admin"
				     : "a name has 1 to 64 characters and no control characters");
	}
	guard_new_token(token, hash);
	if (tool_open_db(tool) == 0 && db_begin_write(tool->db) == 1) {
		rc = admin_add_token(tool->db, name, hash, words);
		if (rc == 1 && settings_audit(tool->db, "atstatus", "token.add", name, words) < 0)
			rc = -1;
		rc = rc == 1 ? db_commit(tool->db) : (db_rollback(tool->db), rc);
	}
	arena_release(&a);
	if (rc == 1)
		printf("%s\n", token);
	digest_cleanse(token, sizeof token);
	if (rc == 0)
		return tool_fail("there is, or was, a token called %s; take another name", name);
	return rc == 1 ? 0 : tool_fail("the token could not be stored");
}

int tool_revoke_token(struct tool *tool, const char *name)
{
	int rc = -1;

	if (tool_open_db(tool) == 0 && db_begin_write(tool->db) == 1) {
		rc = admin_revoke_token(tool->db, name);
		if (rc == 1 && settings_audit(tool->db, "atstatus", "token.revoke", name, NULL) < 0)
			rc = -1;
		rc = rc == 1 ? db_commit(tool->db) : (db_rollback(tool->db), rc);
	}
	if (rc == 0)
		return tool_fail("there is no valid token called %s", name);
	return rc == 1 ? 0 : 1;
}
