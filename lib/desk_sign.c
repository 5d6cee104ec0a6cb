/* desk_sign.c - signing in and out.
 *
 * The sign-in form has no session yet, so its csrf token belongs to a random cookie of its own: a
 * page elsewhere can neither read nor set it.  Password hashing is expensive on purpose, so what is
 * cheap comes first: origin, size, token, then the delay after failed attempts (throttle.h), and
 * only then one of the two places for a computation.
 *
 * Whoever floods an account with wrong passwords makes it slow, which must not keep its owner out:
 * a browser that has signed in to the account before holds a cookie that proves it, and is counted
 * apart.  The proof is bound to the stored password, so it ends with it.
 */
#include "base.h"
#include "desk_sign.h"

#include "clock.h"
#include "desk_parts.h"
#include "file.h"
#include "guard.h"
#include "log.h"
#include "password.h"
#include "throttle.h"

#define ACCOUNT_CAP_MS (60 * CLOCK_SECOND)
#define NETWORK_CAP_MS (15 * CLOCK_MINUTE)
/* Over all accounts and networks: guessing from many places must not keep both of the machine's
 * places for a computation busy. */
#define ATTEMPTS_A_MINUTE 60
#define KNOWN_AGE_S	  (INT64_C(180) * 24 * 3600)

static struct throttle *throttle;

void desk_close_sign(void)
{
	throttle_close(&throttle);
}

/* ------------------------------------------------------------------ the two cookies */

static const char *form_cookie(const struct desk *d)
{
	return d->app->conf.site_is_https ? "__Host-sign-in" : "sign-in";
}

static const char *known_cookie(const struct desk *d)
{
	return d->app->conf.site_is_https ? "__Host-known" : "known";
}

static void set_cookie(struct desk *d, const char *name, const char *value, int64_t max_age)
{
	web_set_cookie(d->web, name, value, d->app->conf.site_is_https, max_age);
}

static bool has_form_cookie(const struct desk *d, uint8_t hash[DIGEST_SIZE])
{
	const char *cookie = web_cookie(d->web, form_cookie(d));

	return cookie != NULL && guard_token_hash(cookie, hash);
}

void desk_load_sign_in_cookie(struct desk *d)
{
	memset(d->session, 0, sizeof d->session);
	has_form_cookie(d, d->session);
}

static void password_mark(const char *password_hash, uint8_t out[DIGEST_SIZE])
{
	digest_sha256(password_hash, strlen(password_hash), out);
}

void desk_set_known(struct desk *d, const char *password_hash)
{
	uint8_t mark[DIGEST_SIZE];
	char token[GUARD_TOKEN_LEN + 1];

	password_mark(password_hash, mark);
	guard_csrf(d->secret, sizeof d->secret, mark, "known", token);
	set_cookie(d, known_cookie(d), token, KNOWN_AGE_S);
}

static bool is_known(const struct desk *d, const char *password_hash)
{
	uint8_t mark[DIGEST_SIZE];

	if (password_hash == NULL)
		return false;
	password_mark(password_hash, mark);
	return guard_csrf_ok(
	    d->secret, sizeof d->secret, mark, "known", web_cookie(d->web, known_cookie(d)));
}

/* ------------------------------------------------------------------ the form */

enum { S_CSRF, S_NAME, S_PASSWORD, S_NEXT, S__MAX };

static const struct form_field fields[S__MAX] = {
    [S_CSRF] = DESK_CSRF_FIELD,
    [S_NAME] = {"username", "User name", FORM_TEXT, .required = true, .min = 1,
	.max = ADMIN_NAME_MAX},
    [S_PASSWORD] = {"password", "Password", FORM_SECRET, .required = true, .min = 1,
	.max = PASSWORD_MAX},
    [S_NEXT] = {"next", "The page to go on to", FORM_TEXT, .max = 200},
};

/* Where to go on to; the overview unless a place of ours was asked for. */
static const char *next_place(struct desk *d, const char *asked)
{
	return asked != NULL && desk_is_place(asked) ? asked
						     : desk_path(d->arena, DESK_OVERVIEW, NULL);
}

/* name is put back into the form; the password never is. */
static void draw(struct desk *d, int status, const struct form *form, const char *next)
{
	struct tv *t = tv_new(d->arena);
	char token[GUARD_TOKEN_LEN + 1];
	bool fresh = !has_form_cookie(d, d->session);

	if (fresh)
		guard_new_token(token, d->session);
	desk_set_form(d, t, DESK_SIGN_IN, NULL);
	tv_set(t, "next", next_place(d, next));
	tv_set(t, "site_name", d->settings.site_name);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[S_NAME], "username", "", false);
	desk_set_state(t, form, "password", false);
	desk_draw_alone(d, status, "Sign in", DESK_SIGN_IN_PAGE, t);
	if (fresh)
		set_cookie(d, form_cookie(d), token, -1);
}

void desk_show_sign_in(struct desk *d)
{
	if (d->signed_in) {
		web_redirect(d->web, 303, next_place(d, web_query(d->web, "next")));
		return;
	}
	if (web_query(d->web, "done") != NULL)
		desk_say(d, "operational", "You are signed out.");
	draw(d, 200, NULL, web_query(d->web, "next"));
}

void desk_show_start(struct desk *d)
{
	desk_show_sign_in(d);
}

/* ------------------------------------------------------------------ an attempt */

static struct throttle *the_throttle(struct desk *d)
{
	char path[FILE_PATH_MAX];

	if (throttle == NULL) {
		conf_path_limiter(&d->app->conf, path, sizeof path);
		throttle = throttle_open(path, d->secret);
	}
	return throttle;
}

enum { KEY_ACCOUNT, KEY_NETWORK, KEY_ALL, KEY__MAX };

/* Gives the number of keys.  Whoever is known, or signed in already, is not held up by what all the
 * others do. */
static size_t make_keys(struct desk *d, const char *name, const char *password_hash,
    uint8_t network[8], struct throttle_key keys[KEY__MAX])
{
	bool known = is_known(d, password_hash);

	keys[KEY_ACCOUNT] = (struct throttle_key){
	    known ? "sign-in.known" : "sign-in.account", name, strlen(name), ACCOUNT_CAP_MS, 0};
	keys[KEY_NETWORK] = (struct throttle_key){
	    "sign-in.network", network, web_client_network(d->web, network), NETWORK_CAP_MS, 0};
	keys[KEY_ALL] =
	    (struct throttle_key){"sign-in.all", "", 0, CLOCK_MINUTE, ATTEMPTS_A_MINUTE};
	return known || d->signed_in ? KEY_ALL : KEY__MAX;
}

bool desk_enter(struct desk *d, const char *name, const char *password_hash)
{
	struct throttle_key keys[KEY__MAX];
	uint8_t network[8];
	int64_t wait_ms = 0;
	size_t n = make_keys(d, name, password_hash, network, keys);

	if (throttle_enter(the_throttle(d), keys, n, &wait_ms) == 1)
		return true;
	d->retry_s = (wait_ms + CLOCK_SECOND - 1) / CLOCK_SECOND;
	desk_say(d, "degraded_performance",
	    arena_printf(d->arena, "There were too many attempts. Try again in %s.",
		desk_count(d->arena, d->retry_s, "second", "seconds")));
	return false;
}

void desk_forgive(struct desk *d, const char *name, const char *password_hash)
{
	struct throttle_key keys[KEY__MAX];
	uint8_t network[8];
	size_t n = make_keys(d, name, password_hash, network, keys);

	for (size_t i = 0; i < n; i++)
		throttle_clear(the_throttle(d), &keys[i]);
}

/* 1, or -1 and answered. */
static int take_slot(struct desk *d, int *fd)
{
	char dir[FILE_PATH_MAX];

	conf_path_data(&d->app->conf, dir, sizeof dir);
	int rc = password_slot_take(dir, fd);
	if (rc == 1)
		return 1;
	if (rc == 0) {
		web_error(d->web, 503,
		    "Too many people are signing in just now. Please try again in a few seconds.");
		web_header(d->web, "Retry-After", "5");
	} else {
		desk_broken(d);
	}
	return -1;
}

int desk_check_password(struct desk *d, const char *stored, const struct form_value *password,
    const struct form_value *next, char hash[PASSWORD_HASH_MAX])
{
	int fd, rc;

	hash[0] = '\0';
	if (take_slot(d, &fd) < 0)
		return -1;
	rc = password_verify(stored, password->text, password->len);
	if (rc == 1 && (next != NULL || password_is_outdated(stored)) &&
	    password_hash((next != NULL ? next : password)->text,
		(next != NULL ? next : password)->len, hash) < 0)
		rc = -1;
	file_close(&fd);
	if (rc < 0)
		web_error(d->web, 500, "The password could not be checked; the log says why.");
	return rc;
}

/* The old session of this browser ends, a new one begins: an id that was known before the sign-in
 * is never one afterwards. */
static int open_session(
    struct desk *d, const struct admin_user *user, const char *rehashed, const uint8_t *hash)
{
	uint8_t old[DIGEST_SIZE];
	const char *cookie = guard_cookie(d->web, &d->app->conf);

	if (cookie != NULL && guard_token_hash(cookie, old) && admin_close_session(d->db, old) < 0)
		return -1;
	if (rehashed[0] != '\0' && admin_set_password(d->db, user->name, rehashed, NULL) < 0)
		return -1;
	if (settings_audit(d->db, user->name, "sign_in", NULL, NULL) < 0)
		return -1;
	return admin_open_session(d->db, user->id, hash);
}

static void let_in(
    struct desk *d, const struct admin_user *user, const char *rehashed, const struct form *form)
{
	char token[GUARD_TOKEN_LEN + 1];
	uint8_t hash[DIGEST_SIZE];

	guard_new_token(token, hash);
	if (!desk_begin(d))
		return;
	if (open_session(d, user, rehashed, hash) < 0) {
		desk_refuse(d, -1, NULL);
		return;
	}
	if (!desk_commit(d))
		return;
	d->app->wake_sender = false; /* nothing to send has come of it */
	web_redirect(d->web, 303, next_place(d, form->values[S_NEXT].text));
	guard_set_cookie(d->web, &d->app->conf, token);
	set_cookie(d, form_cookie(d), "", 0);
	desk_set_known(d, rehashed[0] != '\0' ? rehashed : user->password_hash);
}

static void attempt(struct desk *d, struct form *form)
{
	struct admin_user user = {0};
	char rehashed[PASSWORD_HASH_MAX];
	const char *name = form->values[S_NAME].text, *next = form->values[S_NEXT].text;
	int rc = admin_find_user(d->db, d->arena, name, &user);

	if (rc < 0) {
		desk_broken(d);
		return;
	}
	if (!desk_enter(d, name, user.password_hash)) {
		draw(d, 429, form, next);
		return;
	}
	rc = desk_check_password(d, user.password_hash, &form->values[S_PASSWORD], NULL, rehashed);
	if (rc == 0) {
		log_info("DESK-01", "a sign-in was refused: wrong name or password");
		desk_say(d, "major_outage",
		    "This name and password do not fit together. Check both and try again.");
		draw(d, 403, form, next);
	} else if (rc == 1) {
		desk_forgive(d, name, user.password_hash);
		let_in(d, &user, rehashed, form);
	}
	digest_cleanse(rehashed, sizeof rehashed);
}

static void redraw(struct desk *d, int status, const struct form *form)
{
	desk_say(d, "major_outage", form->errors[0].sentence);
	draw(d, status, form, form->values[S_NEXT].text);
}

void desk_sign_in(struct desk *d)
{
	struct form form;

	if (!desk_read_form(d, fields, S__MAX, redraw, &form))
		return;
	if (!d->checked) {
		desk_say(d, "degraded_performance",
		    "This form was out of date, so here is a new one. Please sign in once more.");
		draw(d, 403, &form, form.values[S_NEXT].text);
	} else if (form.error_count > 0) {
		draw(d, 400, &form, form.values[S_NEXT].text);
	} else {
		attempt(d, &form);
	}
}

/* ------------------------------------------------------------------ the end */

void desk_sign_out(struct desk *d)
{
	static const struct form_field out_fields[] = {DESK_CSRF_FIELD};
	struct form form;

	if (!desk_read_form(d, out_fields, nelem(out_fields), NULL, &form) || !desk_begin(d))
		return;
	if (admin_close_session(d->db, d->session) < 0 ||
	    settings_audit(d->db, d->user.name, "sign_out", NULL, NULL) < 0) {
		desk_refuse(d, -1, NULL);
		return;
	}
	if (!desk_commit(d))
		return;
	d->app->wake_sender = false;
	web_redirect(d->web, 303, desk_path_done(d, DESK_SIGN_IN_FORM, NULL, "out"));
	guard_drop_cookie(d->web, &d->app->conf);
}
