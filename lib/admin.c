/* admin.c - see admin.h. */
#include "base.h"
#include "admin.h"

#include "arena.h"
#include "audience.h"
#include "buf.h"
#include "clock.h"
#include "db.h"

#define TOUCH_MS       (60 * CLOCK_SECOND)
#define TOKEN_TOUCH_MS CLOCK_HOUR

static const char *const role_word[] = {
    [ADMIN_VIEWER] = "viewer",
    [ADMIN_EDITOR] = "editor",
    [ADMIN_OWNER] = "owner",
};
static_assert(nelem(role_word) == ADMIN_ROLE__MAX, "a word for each");

static const char *const scope_word[] = {
    [ADMIN_SCOPE_READ] = "read",
    [ADMIN_SCOPE_COMPONENTS] = "components",
    [ADMIN_SCOPE_INCIDENTS] = "incidents",
    [ADMIN_SCOPE_MAINTENANCE] = "maintenance",
    [ADMIN_SCOPE_ADMIN] = "admin",
};
static_assert(nelem(scope_word) == ADMIN_SCOPE__MAX, "a word for each");

static enum admin_role role_from_word(const char *word)
{
	for (int r = 0; r < ADMIN_ROLE__MAX; r++)
		if (strcmp(role_word[r], word) == 0)
			return (enum admin_role)r;
	return ADMIN_VIEWER;
}

const char *admin_role_word(enum admin_role role)
{
	return role_word[role];
}

int admin_add_user(struct db *db, const char *name, const char *password_hash, enum admin_role role)
{
	struct db_stmt *s = db_stmt(db, SQL_USER_ADD);

	db_bind_text(s, ":name", name);
	db_bind_text(s, ":hash", password_hash);
	db_bind_text(s, ":role", role_word[role]);
	db_bind_int(s, ":now", clock_now_ms());
	return db_run(s);
}

int admin_find_user(struct db *db, struct arena *a, const char *name, struct admin_user *out)
{
	struct db_stmt *s = db_stmt(db, SQL_USER_BY_NAME);
	int rc;

	db_bind_text(s, ":name", name);
	rc = db_step(s);
	if (rc == 1)
		*out = (struct admin_user){
		    .id = db_col_int(s, 0),
		    .name = db_col_strdup(s, 1, a),
		    .password_hash = db_col_strdup(s, 2, a),
		    .role = role_from_word(db_col_text(s, 3)),
		};
	db_reset(s);
	return rc;
}

int admin_count_users(struct db *db, int64_t *out)
{
	return db_one_int(db_stmt(db, SQL_USER_COUNT), out);
}

int admin_set_password(
    struct db *db, const char *name, const char *password_hash, const uint8_t *except)
{
	static const uint8_t none[32];
	struct db_stmt *s = db_stmt(db, SQL_USER_SET_PASSWORD);
	int rc;

	db_bind_text(s, ":name", name);
	db_bind_text(s, ":hash", password_hash);
	rc = db_run(s);
	if (rc != 1)
		return rc;
	s = db_stmt(db, SQL_SESSION_DELETE_USER);
	db_bind_text(s, ":name", name);
	db_bind_blob(s, ":except", except == NULL ? none : except, 32);
	return db_run(s) < 0 ? -1 : 1;
}

int admin_open_session(struct db *db, int64_t user_id, const uint8_t hash[32])
{
	int64_t now = clock_now_ms();
	struct db_stmt *s = db_stmt(db, SQL_SESSION_DELETE_OLD);

	db_bind_int(s, ":idle", now - ADMIN_IDLE_MS);
	db_bind_int(s, ":absolute", now - ADMIN_ABSOLUTE_MS);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_SESSION_ADD);
	db_bind_blob(s, ":hash", hash, 32);
	db_bind_int(s, ":user", user_id);
	db_bind_int(s, ":now", now);
	return db_run(s);
}

/* A clock that was set back must not revive a session: a time in the future has ended as well. */
static bool within(int64_t since, int64_t now, int64_t limit)
{
	return now >= since - CLOCK_MINUTE && now - since < limit;
}

int admin_find_session(
    struct db *db, struct arena *a, const uint8_t hash[32], struct admin_user *out)
{
	struct db_stmt *s = db_stmt(db, SQL_SESSION_GET);
	int64_t now = clock_now_ms();
	int rc;

	db_bind_blob(s, ":hash", hash, 32);
	rc = db_step(s);
	bool ended = rc == 1 && !(within(db_col_int(s, 3), now, ADMIN_ABSOLUTE_MS) &&
				    within(db_col_int(s, 4), now, ADMIN_IDLE_MS));
	if (rc == 1 && !ended)
		*out = (struct admin_user){
		    .id = db_col_int(s, 0),
		    .name = db_col_strdup(s, 1, a),
		    .role = role_from_word(db_col_text(s, 2)),
		    .session_is_stale = now - db_col_int(s, 4) >= TOUCH_MS,
		};
	db_reset(s);
	if (!ended)
		return rc;
	/* not only refused: a clock that is set back later must not bring it to life again */
	return admin_close_session(db, hash) < 0 ? -1 : 0;
}

int admin_touch_session(struct db *db, const uint8_t hash[32])
{
	struct db_stmt *s = db_stmt(db, SQL_SESSION_TOUCH);

	db_bind_blob(s, ":hash", hash, 32);
	db_bind_int(s, ":now", clock_now_ms());
	db_bind_int(s, ":before", clock_now_ms() - TOUCH_MS);
	return db_run(s);
}

int admin_close_session(struct db *db, const uint8_t hash[32])
{
	struct db_stmt *s = db_stmt(db, SQL_SESSION_DELETE);

	db_bind_blob(s, ":hash", hash, 32);
	return db_run(s);
}

const char *admin_scope_word(enum admin_scope scope)
{
	return scope_word[scope];
}

char *admin_scopes_parse(struct arena *a, const char *text)
{
	struct buf out = BUF_INIT;
	bool ok = *text != '\0';

	for (const char *p = text; *p != '\0' && ok;) {
		size_t n = strcspn(p, ", ");
		bool known = false;
		for (int i = 0; i < ADMIN_SCOPE__MAX; i++)
			known |= strlen(scope_word[i]) == n && memcmp(scope_word[i], p, n) == 0;
		ok = known;
		buf_printf(&out, "%s%.*s", out.len > 0 ? " " : "", (int)n, p);
		p += n;
		p += *p != '\0';
	}
	char *words = ok ? buf_arena(&out, a) : NULL;
	buf_release(&out);
	return words;
}

int admin_add_token(struct db *db, const char *name, const uint8_t hash[32], const char *scopes)
{
	struct db_stmt *s = db_stmt(db, SQL_TOKEN_ADD);

	db_bind_text(s, ":name", name);
	db_bind_blob(s, ":hash", hash, 32);
	db_bind_text(s, ":scopes", scopes);
	db_bind_int(s, ":now", clock_now_ms());
	return db_run(s);
}

int admin_find_token(
    struct db *db, struct arena *a, const uint8_t hash[32], struct admin_token *out)
{
	struct db_stmt *s = db_stmt(db, SQL_TOKEN_GET);
	int rc;

	db_bind_blob(s, ":hash", hash, 32);
	rc = db_step(s);
	if (rc == 1)
		*out = (struct admin_token){
		    .id = db_col_int(s, 0),
		    .name = db_col_strdup(s, 1, a),
		    .scopes = db_col_strdup(s, 2, a),
		    .last_used_at = db_col_int(s, 3),
		};
	db_reset(s);
	return rc;
}

bool admin_token_is_stale(const struct admin_token *t)
{
	return clock_now_ms() - t->last_used_at >= TOKEN_TOUCH_MS;
}

int admin_touch_token(struct db *db, int64_t token_id)
{
	struct db_stmt *s = db_stmt(db, SQL_TOKEN_TOUCH);

	db_bind_int(s, ":now", clock_now_ms());
	db_bind_int(s, ":id", token_id);
	return db_run(s);
}

int admin_revoke_token(struct db *db, const char *name)
{
	struct db_stmt *s = db_stmt(db, SQL_TOKEN_REVOKE);

	db_bind_text(s, ":name", name);
	db_bind_int(s, ":now", clock_now_ms());
	return db_run(s);
}

bool admin_token_allows(const struct admin_token *t, enum admin_scope scope)
{
	return audience_words_meet(t->scopes, scope_word[scope]) ||
	       audience_words_meet(t->scopes, scope_word[ADMIN_SCOPE_ADMIN]);
}
