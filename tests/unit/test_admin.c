/* test_admin.c - people, sessions, tokens and their scopes. */
#include "base.h"
#include "t_db.h"

#include "admin.h"
#include "clock.h"
#include "t.h"
#include "t_sql.h"

static struct db *db;
static struct arena arena = ARENA_INIT;
static int64_t ada, bob;

static void hash_of(uint8_t first, uint8_t out[32])
{
	memset(out, 0, 32);
	out[0] = first;
}

static void people(void)
{
	struct admin_user u;
	int64_t n;

	t_case("a person is found by the exact name, with role and password");
	t_int(admin_add_user(db, "ada", "hash-a", ADMIN_OWNER), 1);
	t_int(admin_add_user(db, "bob", "hash-b", ADMIN_VIEWER), 1);
	t_int(admin_find_user(db, &arena, "ada", &u), 1);
	ada = u.id;
	t_str(u.password_hash, "hash-a");
	t_int(u.role, ADMIN_OWNER);
	t_int(admin_find_user(db, &arena, "bob", &u), 1);
	bob = u.id;
	t_int(u.role, ADMIN_VIEWER);
	t_int(admin_find_user(db, &arena, "Ada", &u), 0);
	t_int(admin_find_user(db, &arena, "ada' OR '1'='1", &u), 0);

	t_case("a name is given once, and the first person stays as it was");
	t_int(admin_add_user(db, "ada", "other", ADMIN_VIEWER), 0);
	t_row("SELECT password_hash || role FROM users WHERE name = 'ada'", "hash-aowner");
	t_int(admin_count_users(db, &n), 1);
	t_int(n, 2);

	t_case("somebody who was disabled is nobody");
	t_run("UPDATE users SET disabled_at = 1 WHERE name = 'bob'");
	t_int(admin_find_user(db, &arena, "bob", &u), 0);
	t_run("UPDATE users SET disabled_at = NULL");
}

static void open_session(uint8_t first, int64_t user)
{
	uint8_t hash[32];

	hash_of(first, hash);
	t_int(admin_open_session(db, user, hash), 1);
}

static int find_session(uint8_t first)
{
	uint8_t hash[32];
	struct admin_user u;

	hash_of(first, hash);
	int rc = admin_find_session(db, &arena, hash, &u);
	if (rc == 1)
		t_ok(u.password_hash == NULL && u.name != NULL);
	return rc;
}

static void shift(uint8_t first, const char *column, int64_t ms)
{
	t_run(arena_printf(&arena,
	    "UPDATE sessions SET %s = %s + (%" PRId64 ") WHERE hex(token_hash) LIKE '%02X%%'",
	    column, column, ms, first));
}

static void session_ends(void)
{
	static const struct {
		const char *sentence, *column;
		int64_t ms;
		int found;
	} table[] = {
	    {"used 29 minutes ago it goes on", "last_used_at", -29 * CLOCK_MINUTE, 1},
	    {"unused for 31 minutes it has ended", "last_used_at", -31 * CLOCK_MINUTE, 0},
	    {"after 11 hours it goes on", "created_at", -11 * CLOCK_HOUR, 1},
	    {"12 hours and a minute after signing in it has ended", "created_at",
		-(12 * CLOCK_HOUR + CLOCK_MINUTE), 0},
	    {"used in the future, as after a clock set back, it has ended", "last_used_at",
		2 * CLOCK_HOUR, 0},
	    {"begun in the future it has ended", "created_at", 2 * CLOCK_HOUR, 0},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		t_case(table[i].sentence);
		open_session(9, ada);
		shift(9, table[i].column, table[i].ms);
		t_int(find_session(9), table[i].found);
		/* one that has ended is gone for good, whatever the clock does next */
		shift(9, table[i].column, -table[i].ms);
		t_int(find_session(9), table[i].found);
		t_run("DELETE FROM sessions WHERE hex(token_hash) LIKE '09%'");
	}
}

static void sessions(void)
{
	uint8_t hash[32];

	t_case("a session belongs to its person, and an unknown one to nobody");
	open_session(1, ada);
	open_session(2, ada);
	open_session(3, bob);
	t_int(find_session(1), 1);
	t_int(find_session(7), 0);

	t_case("closing ends one session, and no other");
	hash_of(1, hash);
	t_int(admin_close_session(db, hash), 1);
	t_int(find_session(1), 0);
	t_int(find_session(2), 1);

	t_case("a session of somebody who was disabled is none");
	t_run("UPDATE users SET disabled_at = 1 WHERE name = 'bob'");
	t_int(find_session(3), 0);
	t_run("UPDATE users SET disabled_at = NULL");
	t_int(find_session(3), 1);

	t_case("a new password ends the sessions of that person but the one that is kept");
	open_session(4, ada);
	hash_of(4, hash);
	t_int(admin_set_password(db, "ada", "new", hash), 1);
	t_int(find_session(2), 0);
	t_int(find_session(4), 1);
	t_int(find_session(3), 1);
	t_int(admin_set_password(db, "ada", "newer", NULL), 1);
	t_int(find_session(4), 0);
	t_row("SELECT password_hash FROM users WHERE name = 'ada'", "newer");
	t_int(admin_set_password(db, "nobody", "x", NULL), 0);

	session_ends();

	t_case("opening a session clears away what has ended");
	open_session(5, ada);
	shift(5, "last_used_at", -CLOCK_DAY);
	open_session(6, ada);
	t_row("SELECT count(*) FROM sessions WHERE hex(token_hash) LIKE '05%'", "0");
}

static void scopes(void)
{
	static const struct {
		const char *text, *stored; /* NULL: refused */
	} table[] = {
	    {"read", "read"},
	    {"read,components", "read components"},
	    {"components incidents", "components incidents"},
	    {"admin", "admin"},
	    {"maintenance", "maintenance"},
	    {"", NULL},
	    {"write", NULL},
	    {"Read", NULL},
	    {"readx", NULL},
	    {"rea", NULL},
	    {"read,,admin", NULL},
	    {",read", NULL},
	    {"read;admin", NULL},
	};

	t_case("scopes are the contract's words, with commas or spaces between; anything else is "
	       "refused");
	for (size_t i = 0; i < nelem(table); i++) {
		char *words = admin_scopes_parse(&arena, table[i].text);
		if (table[i].stored == NULL)
			t_ok(words == NULL);
		else
			t_str(words, table[i].stored);
	}

	t_case("a token may do what its scopes say and nothing else; admin may do all");
	for (int have = 0; have < ADMIN_SCOPE__MAX; have++) {
		struct admin_token t = {
		    .scopes = arena_strdup(&arena, admin_scope_word((enum admin_scope)have))};
		for (int need = 0; need < ADMIN_SCOPE__MAX; need++)
			t_int(admin_token_allows(&t, (enum admin_scope)need),
			    have == need || have == ADMIN_SCOPE_ADMIN);
	}
}

static void tokens(void)
{
	uint8_t hash[32], other[32];
	struct admin_token t;

	hash_of(40, hash);
	hash_of(41, other);
	t_case("a token is found by its hash alone");
	t_int(admin_add_token(db, "monitor", hash, "read incidents"), 1);
	t_int(admin_find_token(db, &arena, hash, &t), 1);
	t_str(t.name, "monitor");
	t_str(t.scopes, "read incidents");
	t_int(admin_find_token(db, &arena, other, &t), 0);

	t_case("its use is noted once an hour");
	t_int(admin_find_token(db, &arena, hash, &t), 1);
	t_int(t.last_used_at, 0);
	t_ok(admin_token_is_stale(&t));
	t_int(admin_touch_token(db, t.id), 1);
	t_int(admin_find_token(db, &arena, hash, &t), 1);
	t_ok(t.last_used_at > 0 && !admin_token_is_stale(&t));
	t_run("UPDATE tokens SET last_used_at = last_used_at - 3600001");
	t_int(admin_find_token(db, &arena, hash, &t), 1);
	t_ok(admin_token_is_stale(&t));

	t_case("a name is given once, also after it was revoked; revoked it opens nothing");
	t_int(admin_add_token(db, "monitor", other, "admin"), 0);
	t_int(admin_revoke_token(db, "monitor"), 1);
	t_int(admin_revoke_token(db, "monitor"), 0);
	t_int(admin_revoke_token(db, "nothing"), 0);
	t_int(admin_find_token(db, &arena, hash, &t), 0);
	t_int(admin_add_token(db, "monitor", other, "admin"), 0);
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	people();
	sessions();
	scopes();
	tokens();
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
