/* admin.h - people who may sign in, their sessions, and the tokens of programs.
 *
 * Secrets (session cookies, tokens) come in as their SHA-256 (guard.h makes and hashes them);
 * passwords as the stored form of password.h.  Nothing here computes a password hash: that takes
 * 128 MiB and half a second and must happen outside a transaction.
 *
 * 1 done, 0 no such thing / not allowed, -1 broken and logged.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include "base.h"

struct arena;
struct db;

#define ADMIN_NAME_MAX 64

/* A session ends after 30 minutes without a request, and 12 hours after signing in. */
#define ADMIN_IDLE_MS	  (INT64_C(30) * 60 * 1000)
#define ADMIN_ABSOLUTE_MS (INT64_C(12) * 3600 * 1000)

/* A viewer reads, an editor posts and sets statuses, an owner also changes the page and settings. */
enum admin_role { ADMIN_VIEWER, ADMIN_EDITOR, ADMIN_OWNER, ADMIN_ROLE__MAX };

struct admin_user {
	int64_t id;
	char *name;
	char *password_hash;
	enum admin_role role;
	bool
	    session_is_stale; /* of admin_find_session: its last use was noted a minute ago or longer */
};

/* 1 created, 0 the name is taken. */
int admin_add_user(
    struct db *db, const char *name, const char *password_hash, enum admin_role role);
int admin_find_user(struct db *db, struct arena *a, const char *name, struct admin_user *out);
int admin_count_users(struct db *db, int64_t *out);

/* Sets a password and ends every session of that user but the one with the hash `except` (NULL:
 * every one). */
int admin_set_password(
    struct db *db, const char *name, const char *password_hash, const uint8_t *except);

/* Sessions.  Opening also clears away what has ended. */
int admin_open_session(struct db *db, int64_t user_id, const uint8_t hash[32]);

/* The user of a session that has not ended (password_hash stays NULL).  One that has is removed;
 * needs no transaction. */
int admin_find_session(
    struct db *db, struct arena *a, const uint8_t hash[32], struct admin_user *out);

/* Notes that the session was used.  It writes, which may have to wait for others, so it is for stale sessions alone and
 * for the time after the answer.  Needs no transaction. */
int admin_touch_session(struct db *db, const uint8_t hash[32]);
int admin_close_session(struct db *db, const uint8_t hash[32]);

/* "viewer", "editor", "owner". */
const char *admin_role_word(enum admin_role role);

/* Scopes of a token: words of the contract.  ADMIN_SCOPE_ADMIN holds all others. */
enum admin_scope {
	ADMIN_SCOPE_READ,
	ADMIN_SCOPE_COMPONENTS,
	ADMIN_SCOPE_INCIDENTS,
	ADMIN_SCOPE_MAINTENANCE,
	ADMIN_SCOPE_ADMIN,
	ADMIN_SCOPE__MAX
};

const char *admin_scope_word(enum admin_scope scope);

/* A comma or space separated list of scopes as it is stored; NULL if a word is none of them. */
char *admin_scopes_parse(struct arena *a, const char *text);

struct admin_token {
	int64_t id;
	char *name;
	char *scopes;
	int64_t last_used_at; /* ms; 0 = never */
};

/* 1 created, 0 the name is taken. */
int admin_add_token(struct db *db, const char *name, const uint8_t hash[32], const char *scopes);
int admin_find_token(
    struct db *db, struct arena *a, const uint8_t hash[32], struct admin_token *out);
int admin_revoke_token(struct db *db, const char *name);

/* True if the date of the last use is an hour old: then it should be noted, when the answer has
 * left, because writing may have to wait for others. */
bool admin_token_is_stale(const struct admin_token *t);
int admin_touch_token(struct db *db, int64_t token_id);

/* True if the token may do what the scope stands for. */
bool admin_token_allows(const struct admin_token *t, enum admin_scope scope);

#endif
