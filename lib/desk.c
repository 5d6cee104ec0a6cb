/* desk.c - see desk.h: routes, gates, and the life of a posted form. */
#include "base.h"
#include "desk.h"

#include "clock.h"
#include "desk_parts.h"
#include "desk_sign.h"
#include "guard.h"
#include "post.h"
#include "text.h"

#define FORM_MAX ((size_t)256 * 1024) /* a text of INCIDENT_BODY_MAX, each octet escaped */

enum who { ANYONE, VIEWER, EDITOR, OWNER };

struct route {
	const char *name;
	enum desk_program program;
	enum web_method method;
	const char *path;
	enum who who;
	void (*handle)(struct desk *d);
};

static const struct route routes[] = {
#define DESK(name, program, method, path, who, handler)                                            \
	{#name, DESK_##program, WEB_##method, path, who, handler},
#include "desk_table.h"
#undef DESK
};
static_assert(nelem(routes) == DESK_ROUTE__MAX, "a route for each");

static const char *const base_path[] = {
    [DESK_ADMIN_SETTINGS] = "/cgi-bin/admin-settings",
    [DESK_INCIDENT_POST] = "/cgi-bin/incident-post",
};
static_assert(nelem(base_path) == DESK_PROGRAM__MAX, "a path for each");

void desk_open(struct app *app)
{
	desk_open_templates();
	web_set_error_page(app->server, desk_draw_error);
}

void desk_close(void)
{
	desk_close_sign();
}

/* ------------------------------------------------------------------ addresses */

/* True if the path is the pattern; *id is what stands for its star. */
static bool path_matches(struct arena *a, const char *pattern, const char *path, const char **id)
{
	const char *star = strchr(pattern, '*');
	size_t before;

	*id = NULL;
	if (star == NULL)
		return strcmp(pattern, path) == 0;
	before = (size_t)(star - pattern);
	if (strncmp(pattern, path, before) != 0 || strlen(path) < before + TEXT_ID_LEN ||
	    !text_is_id(path + before, TEXT_ID_LEN) ||
	    strcmp(path + before + TEXT_ID_LEN, star + 1) != 0)
		return false;
	*id = arena_copy(a, path + before, TEXT_ID_LEN);
	return true;
}

char *desk_path(struct arena *a, enum desk_route route, const char *id)
{
	const struct route *r = &routes[route];
	const char *star = strchr(r->path, '*');

	if (star == NULL)
		return arena_printf(a, "%s%s", base_path[r->program], r->path);
	assert(id != NULL);
	return arena_printf(
	    a, "%s%.*s%s%s", base_path[r->program], (int)(star - r->path), r->path, id, star + 1);
}

char *desk_path_done(struct desk *d, enum desk_route route, const char *id, const char *word)
{
	return arena_printf(d->arena, "%s?done=%s", desk_path(d->arena, route, id), word);
}

bool desk_is_place(const char *path)
{
	struct arena arena = ARENA_INIT;
	const char *id;
	bool found = false;

	for (size_t i = 0; i < nelem(routes) && !found; i++) {
		const char *base = base_path[routes[i].program];
		size_t n = strlen(base);
		found = routes[i].method == WEB_GET && routes[i].who != ANYONE &&
			strncmp(path, base, n) == 0 &&
			path_matches(&arena, routes[i].path, path + n, &id);
	}
	arena_release(&arena);
	return found;
}

bool desk_may(const struct desk *d, enum desk_route route)
{
	static const enum who rank[] = {
	    [ADMIN_VIEWER] = VIEWER,
	    [ADMIN_EDITOR] = EDITOR,
	    [ADMIN_OWNER] = OWNER,
	};
	static_assert(nelem(rank) == ADMIN_ROLE__MAX, "a rank for each");

	if (routes[route].who == ANYONE)
		return true;
	return d->signed_in && rank[d->user.role] >= routes[route].who;
}

/* ------------------------------------------------------------------ gates */

static bool find_route(struct desk *d, enum desk_program program)
{
	enum web_method method = web_is_read(d->web) ? WEB_GET : d->web->method;
	bool get = false, post = false;

	for (size_t i = 0; i < nelem(routes); i++) {
		const char *id;
		if (routes[i].program != program ||
		    !path_matches(d->arena, routes[i].path, d->web->path, &id))
			continue;
		get |= routes[i].method == WEB_GET;
		post |= routes[i].method == WEB_POST;
		if (routes[i].method != method)
			continue;
		d->route = (enum desk_route)i;
		d->id = id;
		return true;
	}
	if (!get && !post)
		web_error(d->web, 404, "There is nothing at this address.");
	else
		web_method_error(d->web, get && post ? "GET, HEAD, POST"
					 : get	     ? "GET, HEAD"
						     : "POST");
	return false;
}

/* 1 signed in, 0 not, -1 broken. */
static int find_session(struct desk *d)
{
	const char *cookie = guard_cookie(d->web, &d->app->conf);
	int rc;

	if (cookie == NULL || !guard_token_hash(cookie, d->session))
		return 0;
	rc = admin_find_session(d->db, d->arena, d->session, &d->user);
	/* when it was last used is a courtesy that must not refuse a request */
	if (rc == 1)
		(void)admin_touch_session(d->db, d->session);
	return rc;
}

static bool load(struct desk *d)
{
	int rc = 0;

	if (settings_load(d->db, d->arena, &d->settings) < 0 ||
	    settings_secret(d->db, "csrf", d->secret) < 0) {
		desk_broken(d);
		return false;
	}
	/* whoever signs in is nobody yet, whatever cookie is there */
	if (d->route != DESK_SIGN_IN)
		rc = find_session(d);
	if (rc < 0) {
		desk_broken(d);
		return false;
	}
	d->signed_in = rc == 1;
	if (!d->signed_in)
		desk_load_sign_in_cookie(d);
	return true;
}

/* The page that holds the form which was sent. */
static char *form_place(struct desk *d)
{
	bool incident = routes[d->route].program == DESK_INCIDENT_POST;

	if (d->id != NULL)
		return desk_path(d->arena, incident ? DESK_INCIDENT : DESK_COMPONENT, d->id);
	if (incident)
		return desk_path(d->arena, DESK_INCIDENT_FORM, NULL);
	if (d->route == DESK_COMPONENT_ADD)
		return desk_path(d->arena, DESK_COMPONENT_FORM, NULL);
	char *here = desk_path(d->arena, d->route, NULL);
	return desk_is_place(here) ? here : desk_path(d->arena, DESK_OVERVIEW, NULL);
}

static char *sign_in_for(struct desk *d, const char *place)
{
	return arena_printf(d->arena, "%s?next=%s", desk_path(d->arena, DESK_START, NULL), place);
}

static void say_signed_out(struct desk *d)
{
	struct tv *t = tv_new(d->arena);

	tv_set(t, "title", "You are signed out");
	tv_set(t, "sentence",
	    "Nothing was changed. What you wrote is kept in this browser and will be put back into "
	    "its form.");
	tv_set(t, "start", sign_in_for(d, form_place(d)));
	tv_set(t, "start_word", "Sign in and go on");
	desk_draw_alone(d, 403, "You are signed out", DESK_ERROR_PAGE, t);
}

static void ask_to_sign_in(struct desk *d)
{
	if (routes[d->route].method == WEB_POST)
		say_signed_out(d);
	else if (d->route == DESK_OVERVIEW)
		web_redirect(d->web, 303, desk_path(d->arena, DESK_START, NULL));
	else
		web_redirect(d->web, 303, sign_in_for(d, desk_path(d->arena, d->route, d->id)));
}

/* True if the request may go on.  The order is the one that desk.h promises. */
static bool pass(struct desk *d)
{
	const struct route *r = &routes[d->route];

	if (r->method == WEB_POST && !guard_form_origin(d->web, &d->app->conf)) {
		web_error(d->web, 403,
		    "This form was not sent from a page of this site, so nothing was changed. Open "
		    "the admin pages at the address that SITE_URL names, and send it from there.");
		return false;
	}
	if (r->who != ANYONE && !d->signed_in) {
		ask_to_sign_in(d);
		return false;
	}
	if (desk_may(d, d->route))
		return true;
	web_error(d->web, 403,
	    r->who == OWNER ? "Only an owner may do this. Ask one, or sign in as one."
			    : "Your account may only look. Ask an owner for an editor's account.");
	return false;
}

void desk_route(struct app *app, enum desk_program program)
{
	struct desk d = {.app = app, .web = app->web, .arena = app->web->arena, .db = app->db};

	if (find_route(&d, program) && load(&d) && pass(&d))
		routes[d.route].handle(&d);
	digest_cleanse(d.secret, sizeof d.secret);
}

/* ------------------------------------------------------------------ a posted form */

void desk_set_token(struct desk *d, struct tv *t, const char *name, enum desk_route route)
{
	char csrf[GUARD_TOKEN_LEN + 1];

	guard_csrf(d->secret, sizeof d->secret, d->session, routes[route].name, csrf);
	tv_set(t, name, csrf);
}

void desk_set_form(struct desk *d, struct tv *t, enum desk_route route, const char *id)
{
	char post_id[13];

	digest_new_id(post_id);
	desk_set_token(d, t, "csrf", route);
	tv_set(t, "action", desk_path(d->arena, route, id));
	tv_set(t, "post_id", post_id);
}

bool desk_read_form(
    struct desk *d, const struct form_field *fields, size_t count, struct form *form)
{
	const char *token = NULL;

	if (form_read(d->web, FORM_MAX, fields, count, form) == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, "csrf") == 0 && form->values[i].ok)
			token = form->values[i].text;
	d->checked =
	    guard_csrf_ok(d->secret, sizeof d->secret, d->session, routes[d->route].name, token);
	if (!d->checked && d->route != DESK_SIGN_IN)
		web_error(d->web, 403,
		    "This form is out of date, and nothing was changed. Go back, load the page "
		    "again, and send it from there: what you wrote is kept in this browser.");
	/* the sign-in form says it on itself */
	return d->checked || d->route == DESK_SIGN_IN;
}

bool desk_begin(struct desk *d)
{
	/* a handler that forgot to read its form must not change anything */
	assert(d->checked);
	return app_begin(d->app);
}

bool desk_was_sent(struct desk *d, const char *post_id)
{
	char *location;
	int rc = post_find(d->db, d->arena, post_id, &location);

	if (rc == 0)
		return false;
	db_rollback(d->db);
	if (rc < 0)
		desk_broken(d);
	else
		web_redirect(d->web, 303, location);
	return true;
}

void desk_done(struct desk *d, const char *post_id, const char *path)
{
	if (post_id != NULL && post_keep(d->db, post_id, path) < 0) {
		app_refuse(d->app, -1, NULL);
		return;
	}
	if (app_commit(d->app))
		web_redirect(d->web, 303, path);
}

bool desk_refused(struct desk *d, int rc, const struct fault *f, struct form *form, int *status)
{
	if (rc < 0 || f->kind == FAULT_ABSENT || f->sentence == NULL) {
		app_refuse(d->app, rc, f);
		return false;
	}
	db_rollback(d->db);
	*status = f->kind == FAULT_STEP ? 409 : 422;
	form_add_error(d->arena, form, f->field == NULL ? "" : f->field, "%s", f->sentence);
	return true;
}

void desk_broken(struct desk *d)
{
	web_error(d->web, 500, "The database cannot be read; the log says why.");
}

void desk_not_found(struct desk *d, const char *sentence)
{
	web_error(d->web, 404, sentence);
}
