/* api.c - see api.h: who calls, what is called, and the readers that all resources share. */
#include "base.h"
#include "api.h"

#include "api_parts.h"
#include "arena.h"
#include "guard.h"
#include "text.h"

/* The longest text, 25,000 code points, with all its escapes and everything around it. */
#define BODY_MAX ((size_t)320 * 1024)

#define NAME_SHOWN 60 /* code points of a member's name in a sentence */

struct resource {
	const char *name;
	const char *const *filters; /* ended by NULL */
	void (*handle)(struct api_call *c);
};

static const char *const no_filters[] = {NULL};

/* The lists of Statuspage's write API. */
static const char *const incident_filters[] = {
    "unresolved", "scheduled", "upcoming", "active_maintenance", NULL};

static const struct resource resources[] = {
    {"components", no_filters, api_components},
    {"incidents", incident_filters, api_incidents},
    {"notifications", no_filters, api_notifications},
};

void api_not_found(struct api_call *c)
{
	web_json_error(c->web, 404, "There is nothing at this path.");
}

bool api_load_page(struct api_call *c, struct statuspage *page)
{
	struct component *list;
	size_t n;

	if (component_list(c->app->db, c->arena, &list, &n) < 0) {
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
		return false;
	}
	*page = (struct statuspage){
	    .page_id = c->settings.page_id,
	    .site_url = c->app->conf.site_url,
	    .components = list,
	    .n_components = n,
	};
	return true;
}

/* Whole components, as answers hold them; ids or statuses alone are not meant. */
static bool is_answered_list(const struct json *value)
{
	for (size_t i = 0; i < json_count(value); i++)
		if (json_get(json_at(value, i, NULL), "page_id") == NULL)
			return false;
	return json_is(value, JSON_ARRAY);
}

static bool is_known(const struct api_shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->fields[i].name, name) == 0)
			return true;
	for (size_t i = 0; shape->ignored[i] != NULL; i++)
		if (strcmp(shape->ignored[i], name) == 0)
			return true;
	return false;
}

/* False: answered. */
static bool check_members(
    struct api_call *c, const struct api_shape *shape, const struct json *object)
{
	for (size_t i = 0; i < json_count(object); i++) {
		const char *name;
		json_at(object, i, &name);
		if (is_known(shape, name))
			continue;
		web_json_error(c->web, 400,
		    arena_printf(c->arena, "The member \"%s\" of \"%s\" is not known here.",
			text_shorten(c->arena, name, NAME_SHOWN), shape->wrapper));
		return false;
	}
	return true;
}

/* The fields to look for; one that came as the list of an answer is none. */
static const struct form_field *pick_fields(
    struct api_call *c, const struct api_shape *shape, const struct json *object)
{
	struct form_field *fields = arena_array(c->arena, shape->count, sizeof *fields);

	memcpy(fields, shape->fields, shape->count * sizeof *fields);
	for (size_t i = 0; i < shape->count; i++)
		if (fields[i].kind == FORM_MAP &&
		    is_answered_list(json_get(object, fields[i].name)))
			fields[i].name = "";
	return fields;
}

bool api_read_object(struct api_call *c, const struct api_shape *shape, struct form *form)
{
	const struct json *doc;

	if (form_read_json(c->web, BODY_MAX, &doc) == 0)
		return false;
	const struct json *object = json_get(doc, shape->wrapper);
	if (!json_is(object, JSON_OBJECT)) {
		web_json_error(c->web, 400,
		    arena_printf(c->arena, "The body must be {\"%s\": {...}}.", shape->wrapper));
		return false;
	}
	if (!check_members(c, shape, object))
		return false;
	if (!form_parse_json(c->arena, object, FORM_PASS_UNKNOWN, pick_fields(c, shape, object),
		shape->count, form) ||
	    form->error_count > 0) {
		form_answer_error(c->web, form);
		return false;
	}
	return true;
}

bool api_allowed(struct api_call *c, enum admin_scope scope)
{
	bool reading = c->web->method == WEB_GET || c->web->method == WEB_HEAD;

	if (admin_token_allows(&c->token, scope) ||
	    (reading && admin_token_allows(&c->token, ADMIN_SCOPE_READ)))
		return true;
	web_json_error(c->web, 403,
	    arena_printf(c->arena, "This token lacks the scope \"%s\".",
		admin_scope_word(reading ? ADMIN_SCOPE_READ : scope)));
	return false;
}

static void run_remove(struct api_call *c, const struct api_verbs *verbs)
{
	struct fault f = {FAULT_ABSENT, NULL, verbs->absent};

	/* the answer is the object as it was */
	if (!verbs->show(c, 200, c->id) || !app_begin(c->app))
		return;
	int rc = verbs->remove(c);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	app_commit(c->app);
}

static void dispatch_one(struct api_call *c, const struct api_verbs *verbs)
{
	switch (c->web->method) {
	case WEB_GET:
	case WEB_HEAD:
		verbs->show(c, 200, c->id);
		break;
	case WEB_PATCH:
		verbs->change(c);
		break;
	case WEB_DELETE:
		run_remove(c, verbs);
		break;
	default:
		web_method_error(c->web, "GET, HEAD, PATCH, DELETE");
		break;
	}
}

static void dispatch_all(struct api_call *c, const struct api_verbs *verbs)
{
	switch (c->web->method) {
	case WEB_GET:
	case WEB_HEAD:
		verbs->list(c);
		break;
	case WEB_POST:
		if (c->filter != NULL)
			web_method_error(c->web, "GET, HEAD");
		else
			verbs->create(c);
		break;
	default:
		web_method_error(c->web, c->filter != NULL ? "GET, HEAD" : "GET, HEAD, POST");
		break;
	}
}

void api_dispatch(struct api_call *c, const struct api_verbs *verbs)
{
	if (c->sub != NULL)
		api_not_found(c);
	else if (verbs->allowed != NULL ? verbs->allowed(c) : api_allowed(c, verbs->scope))
		(c->id == NULL ? dispatch_all : dispatch_one)(c, verbs);
}

static bool authenticate(struct api_call *c)
{
	uint8_t hash[DIGEST_SIZE];
	const char *bearer = web_bearer(c->web);
	int rc = 0;

	if (bearer != NULL && guard_token_hash(bearer, hash))
		rc = admin_find_token(c->app->db, c->arena, hash, &c->token);
	if (rc < 0) {
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
		return false;
	}
	if (rc == 0) {
		web_json_error(c->web, 401,
		    "Send a valid token as \"Authorization: Bearer <token>\"; `atstatus token add` "
		    "makes one.");
		web_header(c->web, "WWW-Authenticate", "Bearer");
		return false;
	}
	c->actor = arena_printf(c->arena, "token %s", c->token.name);
	if (admin_token_is_stale(&c->token))
		c->app->stale_token = c->token.id;
	return true;
}

/* Cuts one segment off *path (which begins with a slash); NULL at its end. */
static char *take_segment(struct arena *a, const char **path)
{
	const char *begin = *path;
	size_t len;

	if (*begin != '/' || begin[1] == '\0')
		return NULL;
	begin++;
	len = strcspn(begin, "/");
	*path = begin + len;
	return arena_copy(a, begin, len);
}

static bool is_page(const struct api_call *c, const char *page)
{
	return page != NULL &&
	       (strcmp(page, "default") == 0 || strcmp(page, c->settings.page_id) == 0);
}

/* A word of the resource in the place of an id: a part of the list. */
static bool take_filter(struct api_call *c, const struct resource *r)
{
	for (size_t i = 0; r->filters[i] != NULL; i++) {
		if (strcmp(r->filters[i], c->id) != 0)
			continue;
		c->filter = r->filters[i];
		c->id = NULL;
		return true;
	}
	return false;
}

/* /v1/pages/{page_id}/{resource}[/{id or filter}[/{sub}[/{sub_id}]]] */
static const struct resource *find_resource(struct api_call *c)
{
	const char *path = c->web->path;
	const char *v1 = take_segment(c->arena, &path);
	const char *pages = take_segment(c->arena, &path);
	const char *page = take_segment(c->arena, &path);
	const char *name = take_segment(c->arena, &path);

	c->id = take_segment(c->arena, &path);
	c->sub = take_segment(c->arena, &path);
	c->sub_id = take_segment(c->arena, &path);
	if (v1 == NULL || strcmp(v1, "v1") != 0 || pages == NULL || strcmp(pages, "pages") != 0 ||
	    !is_page(c, page) || name == NULL || *path != '\0')
		return NULL;
	for (size_t i = 0; i < nelem(resources); i++) {
		const struct resource *r = &resources[i];
		if (strcmp(r->name, name) != 0)
			continue;
		bool fine = c->id == NULL || text_is_id(c->id, strlen(c->id)) || take_filter(c, r);
		return fine ? r : NULL;
	}
	return NULL;
}

void api_route(struct app *app)
{
	struct api_call c = {.app = app, .web = app->web, .arena = app->web->arena};

	if (!authenticate(&c))
		return;
	if (settings_load(app->db, c.arena, &c.settings) < 0) {
		web_json_error(c.web, 500, "The database cannot be read; the log says why.");
		return;
	}
	const struct resource *r = find_resource(&c);
	if (r == NULL)
		api_not_found(&c);
	else
		r->handle(&c);
}
