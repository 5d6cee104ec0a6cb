/* api_components.c - /v1/pages/{page_id}/components */
#include "base.h"
#include "api_parts.h"

#include "announce.h"
#include "arena.h"
#include "clock.h"

#define ABSENT "There is no component with this id."

enum {
	C_NAME,
	C_DESCRIPTION,
	C_STATUS,
	C_GROUP,
	C_GROUP_ID,
	C_SHOWCASE,
	C_ONLY_DEGRADED,
	C_HIDDEN,
	C_START_DATE,
	C__MAX
};

static const struct form_field fields[C__MAX] = {
    [C_NAME] = {"name", "Name", FORM_TEXT, .min = 1, .max = COMPONENT_NAME_MAX},
    [C_DESCRIPTION] = {"description", "Description", FORM_LINES, .max = COMPONENT_DESCRIPTION_MAX},
    [C_STATUS] = {"status", "Status", FORM_CHOICE, .choices = component_status_words,
	.choices_count = COMPONENT_STATUS__MAX},
    [C_GROUP] = {"group", "Group", FORM_BOOL},
    [C_GROUP_ID] = {"group_id", "Group", FORM_ID},
    [C_SHOWCASE] = {"showcase", "Showcase", FORM_BOOL},
    [C_ONLY_DEGRADED] = {"only_show_if_degraded", "Only show if degraded", FORM_BOOL},
    [C_HIDDEN] = {"hidden", "Hidden", FORM_BOOL},
    [C_START_DATE] = {"start_date", "Start date", FORM_TEXT, .min = 10, .max = 10},
};

static const char *const ignored[] = {
    /* of Statuspage, with nothing behind it here */
    "automation_email",
    /* of our answers */
    "id", "page_id", "created_at", "updated_at", "position", "components", NULL};

static const struct api_shape shape = {"component", fields, C__MAX, ignored};

/* YYYY-MM-DD that exists. */
static bool is_date(const char *s)
{
	int64_t ms;
	char text[32];

	snprintf(text, sizeof text, "%sT00:00Z", s);
	return strlen(s) == 10 && clock_parse_iso(text, strlen(text), &ms);
}

static void take_flag(const struct form_value *v, bool *out)
{
	if (v->ok)
		*out = v->truth;
}

static void take_text(struct arena *a, const struct form_value *v, char **out)
{
	if (v->null || (v->ok && v->len == 0))
		*out = NULL;
	else if (v->ok)
		*out = arena_strdup(a, v->text);
}

/* Everything but the status.  False: answered. */
static bool take_fields(struct api_call *c, const struct form *form, struct component *to)
{
	const struct form_value *v = form->values;

	if (v[C_NAME].ok)
		to->name = arena_strdup(c->arena, v[C_NAME].text);
	take_text(c->arena, &v[C_DESCRIPTION], &to->description);
	take_text(c->arena, &v[C_GROUP_ID], &to->group_id);
	take_text(c->arena, &v[C_START_DATE], &to->start_date);
	take_flag(&v[C_SHOWCASE], &to->showcase);
	take_flag(&v[C_ONLY_DEGRADED], &to->only_show_if_degraded);
	take_flag(&v[C_HIDDEN], &to->hidden);
	if (to->name == NULL || *to->name == '\0') {
		web_json_field_error(c->web, 422, "name", "A component needs a name.");
		return false;
	}
	if (to->start_date != NULL && !is_date(to->start_date)) {
		web_json_field_error(c->web, 422, "start_date",
		    "The start date must be a day of the calendar, as 2026-11-23.");
		return false;
	}
	return true;
}

/* A group's status follows from its members, and a group stays a group; `status`: what a group may
 * be said to have, for it has it already, or -1.  False: answered. */
static bool check_group_rules(
    struct api_call *c, const struct form *form, bool is_group, int status)
{
	const struct form_value *v = form->values;

	if (v[C_GROUP].ok && v[C_GROUP].truth != is_group) {
		web_json_field_error(c->web, 422, "group",
		    "A component cannot turn into a group, nor a group into a component: make a "
		    "new "
		    "one.");
		return false;
	}
	if (is_group && v[C_STATUS].ok && v[C_STATUS].number != status) {
		web_json_field_error(c->web, 422, "status",
		    "The status of a group follows from its components: leave this member out.");
		return false;
	}
	return true;
}

static bool answer_one(struct api_call *c, int status, const char *id)
{
	struct statuspage page;
	struct json_writer w;

	if (!api_load_page(c, &page))
		return false;
	for (size_t i = 0; i < page.n_components; i++) {
		if (strcmp(page.components[i].id, id) != 0)
			continue;
		web_answer(c->web, status, WEB_JSON);
		w = (struct json_writer)JSON_WRITER(web_body(c->web));
		statuspage_put_component(&w, NULL, &page, &page.components[i]);
		return true;
	}
	web_json_error(c->web, 404, ABSENT);
	return false;
}

static void list(struct api_call *c)
{
	struct statuspage page;
	struct json_writer w;

	if (!api_load_page(c, &page))
		return;
	web_answer(c->web, 200, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < page.n_components; i++)
		statuspage_put_component(&w, NULL, &page, &page.components[i]);
	json_end_array(&w);
}

static void create(struct api_call *c)
{
	struct component new = {.showcase = true};
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;

	if (!api_read_object(c, &shape, &form) || !take_fields(c, &form, &new))
		return;
	take_flag(&form.values[C_GROUP], &new.is_group);
	if (!check_group_rules(c, &form, new.is_group, -1))
		return;
	if (form.values[C_STATUS].ok)
		new.status = (enum component_status)form.values[C_STATUS].number;
	if (!app_begin(c->app))
		return;
	int rc = component_create(c->app->db, c->arena, &new, c->actor, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		answer_one(c, 201, new.id);
}

static int set_status(struct api_call *c, const char *id, enum component_status status)
{
	struct component_change change;
	int rc = component_set_status(
	    c->app->db, c->arena, id, status, COMPONENT_CAUSE_API, NULL, &change);

	if (rc != 1)
		return rc;
	return announce_component(c->app->db, c->arena, &change);
}

static void change(struct api_call *c)
{
	struct statuspage page;
	struct component to;
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;

	if (!api_read_object(c, &shape, &form) || !app_begin(c->app))
		return;
	int rc = component_get(c->app->db, c->arena, c->id, &to);
	if (rc != 1) {
		f.sentence = ABSENT;
		app_refuse(c->app, rc, &f);
		return;
	}
	if (!api_load_page(c, &page) ||
	    !check_group_rules(c, &form, to.is_group, (int)statuspage_status(&page, &to)) ||
	    !take_fields(c, &form, &to)) {
		db_rollback(c->app->db);
		return;
	}
	rc = component_save(c->app->db, c->arena, &to, c->actor, &f);
	if (rc == 1 && form.values[C_STATUS].ok &&
	    set_status(c, c->id, (enum component_status)form.values[C_STATUS].number) < 0)
		rc = -1;
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		answer_one(c, 200, c->id);
}

static int remove_one(struct api_call *c)
{
	return component_delete(c->app->db, c->arena, c->id, c->actor);
}

void api_components(struct api_call *c)
{
	static const struct api_verbs verbs = {
	    .scope = ADMIN_SCOPE_COMPONENTS,
	    .list = list,
	    .create = create,
	    .show = answer_one,
	    .change = change,
	    .remove = remove_one,
	    .absent = ABSENT,
	};

	api_dispatch(c, &verbs);
}
