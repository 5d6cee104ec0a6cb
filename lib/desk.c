/* desk.c - see desk.h: routes and gates. */
#include "base.h"
#include "desk.h"

#include "clock.h"
#include "desk_parts.h"
#include "desk_sign.h"
#include "guard.h"
#include "text.h"

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

/* Sign-ins are counted in the configuration's STATE_DIR. */
static int renew(struct app *app, const struct conf *fresh)
{
	(void)app;
	(void)fresh;
	desk_close_sign();
	return 1;
}

void desk_open(struct app *app)
{
	app->renew = renew;
	desk_open_templates();
	web_set_error_page(app->server, desk_draw_error);
}

void desk_close(void)
{
	desk_close_sign();
}

const char *desk_route_name(enum desk_route route)
{
	return routes[route].name;
}

/* ------------------------------------------------------------------ addresses */

/* As many stars as a path has at most. */
#define STARS 2

/* True if the path is the pattern; ids are what stands for its stars, NULL for those it has not. */
static bool path_matches(
    struct arena *a, const char *pattern, const char *path, const char *ids[STARS])
{
	size_t n = 0;

	ids[0] = ids[1] = NULL;
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		assert(n < STARS);
		if (strlen(path) < TEXT_ID_LEN || !text_is_id(path, TEXT_ID_LEN))
			return false;
		ids[n++] = arena_copy(a, path, TEXT_ID_LEN);
		path += TEXT_ID_LEN;
	}
	return *path == '\0';
}

char *desk_path_part(struct arena *a, enum desk_route route, const char *id, const char *part_id)
{
	const struct route *r = &routes[route];
	const char *ids[STARS] = {id, part_id}, *rest = r->path, *star;
	char *path = arena_strdup(a, base_path[r->program]);

	for (size_t n = 0; (star = strchr(rest, '*')) != NULL; n++) {
		assert(n < STARS && ids[n] != NULL);
		path = arena_printf(a, "%s%.*s%s", path, (int)(star - rest), rest, ids[n]);
		rest = star + 1;
	}
	return arena_printf(a, "%s%s", path, rest);
}

char *desk_path(struct arena *a, enum desk_route route, const char *id)
{
	return desk_path_part(a, route, id, NULL);
}

char *desk_path_done(struct desk *d, enum desk_route route, const char *id, const char *word)
{
	return arena_printf(d->arena, "%s?done=%s", desk_path(d->arena, route, id), word);
}

bool desk_is_place(const char *path)
{
	struct arena arena = ARENA_INIT;
	const char *ids[STARS];
	bool found = false;

	for (size_t i = 0; i < nelem(routes) && !found; i++) {
		const char *base = base_path[routes[i].program];
		size_t n = strlen(base);
		found = routes[i].method == WEB_GET && routes[i].who != ANYONE &&
			strncmp(path, base, n) == 0 &&
			path_matches(&arena, routes[i].path, path + n, ids);
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
		const char *ids[STARS];
		if (routes[i].program != program ||
		    !path_matches(d->arena, routes[i].path, d->web->path, ids))
			continue;
		get |= routes[i].method == WEB_GET;
		post |= routes[i].method == WEB_POST;
		if (routes[i].method != method)
			continue;
		d->route = (enum desk_route)i;
		d->id = ids[0];
		d->part_id = ids[1];
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
	if (rc == 1 && d->user.session_is_stale) {
		d->app->session_is_stale = true;
		memcpy(d->app->stale_session, d->session, sizeof d->app->stale_session);
	}
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

/* True for the routes of one maintenance. */
static bool is_of_maintenance(enum desk_route route)
{
	return strncmp(routes[route].path, "/maintenance/", strlen("/maintenance/")) == 0;
}

/* The page that holds the form which was sent. */
static char *form_place(struct desk *d)
{
	bool incident = routes[d->route].program == DESK_INCIDENT_POST;

	if (d->part_id != NULL)
		return desk_path_part(d->arena, DESK_UPDATE_FORM, d->id, d->part_id);
	if (d->id != NULL)
		return desk_path(d->arena,
		    is_of_maintenance(d->route) ? DESK_MAINTENANCE
		    : incident			? DESK_INCIDENT
						: DESK_COMPONENT,
		    d->id);
	if (d->route == DESK_MAINTENANCE_ADD)
		return desk_path(d->arena, DESK_MAINTENANCE_FORM, NULL);
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
		web_redirect(d->web, 303,
		    sign_in_for(d, desk_path_part(d->arena, d->route, d->id, d->part_id)));
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

void desk_broken(struct desk *d)
{
	web_error(d->web, 500, "The database cannot be read; the log says why.");
}

void desk_not_found(struct desk *d, const char *sentence)
{
	web_error(d->web, 404, sentence);
}
