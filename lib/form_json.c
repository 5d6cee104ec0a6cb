/* form_json.c - see form.h: the input of JSON, brought into the shape that form.c checks. */
#include "base.h"
#include "form_parts.h"

#include "arena.h"
#include "json.h"
#include "text.h"
#include "web.h"

#define JSON_DEPTH   8
#define SHOWN_POINTS 40

static bool take_string(struct form_value *v, const struct json *value)
{
	size_t len;
	const char *s = json_string(value, &len);

	if (s == NULL)
		return false;
	v->text = s;
	v->len = len;
	return true;
}

/* A whole number counts as its digits, so that a choice of numbers can be written as numbers. */
static const char *member_text(struct arena *a, const struct json *value)
{
	int64_t number;

	if (json_int(value, &number))
		return arena_printf(a, "%" PRId64, number);
	return json_string(value, NULL);
}

static bool take_members(
    struct form_input *in, struct form_value *v, const struct json *value, enum json_kind container)
{
	if (!json_is(value, container))
		return false;
	for (size_t i = 0; i < json_count(value); i++) {
		const char *key;
		const char *s = member_text(in->arena, json_at(value, i, &key));
		if (s == NULL)
			return false;
		form_add_member(in->arena, v, key, s);
	}
	return true;
}

/* Numbers and truth become the text that a form would have sent, so that one check serves both. */
static bool take_plain(
    struct form_input *in, struct form_value *v, const struct json *value, enum form_kind kind)
{
	bool truth;
	int64_t number;

	if (kind == FORM_BOOL && json_boolean(value, &truth)) {
		v->text = truth ? "true" : "false";
	} else if (kind == FORM_INT && json_int(value, &number)) {
		v->text = arena_printf(in->arena, "%" PRId64, number);
	} else {
		return kind != FORM_BOOL && kind != FORM_INT && take_string(v, value);
	}
	v->len = strlen(v->text);
	return true;
}

static void take_json(struct form_input *in, size_t i, const struct json *value)
{
	static const char *const wanted[] = {
	    [FORM_TEXT] = "must be a text.",
	    [FORM_LINES] = "must be a text.",
	    [FORM_SECRET] = "must be a text.",
	    [FORM_CHOICE] = "must be a text.",
	    [FORM_BOOL] = "must be true or false.",
	    [FORM_INT] = "must be a whole number.",
	    [FORM_ID] = "must be a text.",
	    [FORM_TIME] = "must be a text.",
	    [FORM_LIST] = "must be an array of texts.",
	    [FORM_MAP] = "must be an object of texts.",
	};
	static_assert(nelem(wanted) == FORM_KIND__MAX, "a sentence for each kind");
	enum form_kind kind = in->fields[i].kind;
	struct form_value *v = &in->form->values[i];
	bool ok;

	v->present = true;
	v->null = json_is(value, JSON_NULL);
	if (v->null)
		return;
	if (form_has_members(kind))
		ok = take_members(in, v, value, kind == FORM_LIST ? JSON_ARRAY : JSON_OBJECT);
	else
		ok = take_plain(in, v, value, kind);
	if (!ok)
		form_bad(in, i, wanted[kind]);
}

static bool is_declared(const struct form_input *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (strcmp(in->fields[i].name, name) == 0)
			return true;
	return false;
}

bool form_parse_json(struct arena *a, const struct json *object, enum form_unknown unknown,
    const struct form_field *fields, size_t count, struct form *form)
{
	struct form_input in = {a, fields, count, form};

	form_begin(&in);
	if (!json_is(object, JSON_OBJECT))
		return form_malformed(&in, "The JSON is not an object where one is expected.");
	for (size_t i = 0; unknown == FORM_REFUSE_UNKNOWN && i < json_count(object); i++) {
		const char *name;
		json_at(object, i, &name);
		if (!is_declared(&in, name))
			return form_malformed(&in, arena_printf(a, "\"%s\" is not known here.",
						       text_shorten(a, name, SHOWN_POINTS)));
	}
	for (size_t i = 0; i < count; i++) {
		const struct json *value = json_get(object, fields[i].name);
		if (value != NULL)
			take_json(&in, i, value);
	}
	form_check(&in);
	return true;
}

/* --- from a request --------------------------------------------------------------------------- */

/* What json.h says of a document, as a sentence about the body of a request. */
static const char *not_json(struct arena *a, const char *error)
{
	static const char subject[] = "The JSON ";

	if (strncmp(error, subject, sizeof subject - 1) != 0)
		return error;
	return arena_printf(a, "The body is not JSON: it %s", error + sizeof subject - 1);
}

int form_read_json(struct web *web, size_t max_body, const struct json **doc)
{
	const char *error;

	if (web->media != WEB_MEDIA_JSON) {
		web_json_error(web, 415, "The body must be application/json.");
		return 0;
	}
	if (web_read_body(web, max_body) == 0)
		return 0;
	if (json_parse(web->arena, web->body, web->body_len, JSON_DEPTH, doc, &error))
		return 1;
	web_json_error(web, 400, not_json(web->arena, error));
	return 0;
}
