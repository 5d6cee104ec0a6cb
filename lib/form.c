/* form.c - see form.h.
 *
 * Both inputs are brought into one shape first, a raw value per field (given), and then judged by
 * the same checks, so a form and the API can never differ in what they accept.
 */
#include "base.h"
#include "form.h"

#include "arena.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "pairs.h"
#include "text.h"
#include "web.h"

#define JSON_DEPTH 8

/* The text of a field that did not come, told by its address from one that came empty. */
static const char not_given[] = "";

struct input {
	struct arena *arena;
	const struct form_field *fields;
	size_t count;
	struct form *form;
};

/* --- messages --------------------------------------------------------------------------------- */

const char *form_error_of(const struct form *form, const char *field)
{
	for (size_t i = 0; i < form->error_count; i++)
		if (strcmp(form->errors[i].field, field) == 0)
			return form->errors[i].sentence;
	return NULL;
}

static void append_error(
    struct arena *a, struct form *form, const char *field, const char *sentence)
{
	struct form_error *wider;

	if (form_error_of(form, field) != NULL)
		return;
	wider = arena_array(a, form->error_count + 1, sizeof *wider);
	if (form->error_count > 0)
		memcpy(wider, form->errors, form->error_count * sizeof *wider);
	wider[form->error_count] = (struct form_error){field, sentence};
	form->errors = wider;
	form->error_count++;
}

void form_add_error(struct arena *a, struct form *form, const char *field, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("FORM-01", "out of memory");
	append_error(a, form, field, arena_copy(a, text, (size_t)n));
	free(text);
}

static bool bad(struct input *in, size_t i, const char *what)
{
	const struct form_field *f = &in->fields[i];
	const char *label = f->label != NULL ? f->label : f->name;

	append_error(in->arena, in->form, f->name, arena_printf(in->arena, "%s %s", label, what));
	return false;
}

static bool malformed(struct input *in, const char *sentence)
{
	in->form->malformed = sentence;
	return false;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Line ends become \n, white space at both ends goes. */
static void tidy(struct arena *a, struct form_value *v)
{
	char *copy = arena_copy(a, v->text, v->len), *to = copy;

	for (const char *s = v->text; s < v->text + v->len; s++) {
		if (*s == '\r' && s + 1 < v->text + v->len && s[1] == '\n')
			continue;
		*to++ = *s == '\r' ? '\n' : *s;
	}
	*to = '\0';
	v->text = text_trim(copy);
	v->len = strlen(v->text);
}

static bool check_length(struct input *in, size_t i, size_t length, const char *unit)
{
	const struct form_field *f = &in->fields[i];

	if (length == 0 && (f->required || f->min > 0))
		return bad(in, i, "must not be empty.");
	if ((int64_t)length < f->min)
		return bad(in, i,
		    arena_printf(in->arena, "must have at least %" PRId64 " %s.", f->min, unit));
	if ((int64_t)length > f->max)
		return bad(in, i,
		    arena_printf(in->arena, "must have at most %" PRId64 " %s.", f->max, unit));
	return true;
}

static bool check_text(struct input *in, size_t i, struct form_value *v)
{
	bool lines = in->fields[i].kind == FORM_LINES;

	tidy(in->arena, v);
	if (text_has_control(v->text, v->len, lines))
		return bad(in, i, lines ? "holds a control character." : "must be a single line.");
	/* an optional text may be left empty whatever its least length */
	if (v->len == 0 && !in->fields[i].required)
		return true;
	return check_length(in, i, text_length(v->text, v->len), "characters");
}

static bool find_choice(const struct form_field *f, const char *text, size_t *index)
{
	for (size_t i = 0; i < f->choices_count; i++) {
		if (f->choices[i] != NULL && strcmp(f->choices[i], text) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool check_choice(struct input *in, size_t i, struct form_value *v)
{
	size_t index;

	if (!find_choice(&in->fields[i], v->text, &index))
		return bad(in, i, "is none of the values that are possible.");
	v->number = (int64_t)index;
	return true;
}

static bool check_bool(struct input *in, size_t i, struct form_value *v)
{
	static const char *const yes[] = {"1", "on", "true"}, *const no[] = {"0", "off", "false"};

	for (size_t k = 0; k < nelem(yes); k++) {
		if (strcmp(v->text, yes[k]) == 0) {
			v->truth = true;
			return true;
		}
		if (strcmp(v->text, no[k]) == 0)
			return true;
	}
	return bad(in, i, "must be on or off.");
}

static bool check_int(struct input *in, size_t i, struct form_value *v)
{
	const struct form_field *f = &in->fields[i];

	if (text_parse_i64(v->text, v->len, f->min, f->max, &v->number))
		return true;
	return bad(in, i,
	    arena_printf(
		in->arena, "must be a number from %" PRId64 " to %" PRId64 ".", f->min, f->max));
}

static bool check_time(struct input *in, size_t i, struct form_value *v)
{
	if (clock_parse_iso(v->text, v->len, &v->number))
		return true;
	/* what <input type=datetime-local> sends */
	const char *as_utc = arena_printf(in->arena, "%sZ", v->text);
	v->local = clock_parse_iso(as_utc, strlen(as_utc), &v->number);
	return v->local || bad(in, i, "is not a date and time.");
}

static bool check_member(struct input *in, size_t i, struct form_member *m)
{
	const struct form_field *f = &in->fields[i];

	if (m->key != NULL && !text_is_id(m->key, strlen(m->key)))
		return bad(in, i, "names something that is not an id.");
	if (f->choices_count == 0)
		return text_is_id(m->value, strlen(m->value)) ||
		       bad(in, i, "holds something that is not an id.");
	return find_choice(f, m->value, &m->choice) ||
	       bad(in, i, "holds a value that is not possible.");
}

static bool same_member(const struct form_member *a, const struct form_member *b)
{
	return a->key != NULL ? strcmp(a->key, b->key) == 0 : strcmp(a->value, b->value) == 0;
}

static bool check_members(struct input *in, size_t i, struct form_value *v)
{
	if ((int64_t)v->count > in->fields[i].max)
		return bad(in, i, "has too many members.");
	for (size_t k = 0; k < v->count; k++) {
		if (!check_member(in, i, &v->members[k]))
			return false;
		for (size_t j = 0; j < k; j++)
			if (same_member(&v->members[j], &v->members[k]))
				return bad(in, i, "holds the same member twice.");
	}
	return true;
}

static bool check_kind(struct input *in, size_t i, struct form_value *v)
{
	switch (in->fields[i].kind) {
	case FORM_TEXT:
	case FORM_LINES:
		return check_text(in, i, v);
	case FORM_SECRET:
		return check_length(in, i, v->len, "characters");
	case FORM_CHOICE:
		return check_choice(in, i, v);
	case FORM_BOOL:
		return check_bool(in, i, v);
	case FORM_INT:
		return check_int(in, i, v);
	case FORM_ID:
		return text_is_id(v->text, v->len) || bad(in, i, "is not an id.");
	case FORM_TIME:
		return check_time(in, i, v);
	case FORM_LIST:
	case FORM_MAP:
		return check_members(in, i, v);
	case FORM_KIND__MAX:
		break;
	}
	return false;
}

static bool is_text(enum form_kind kind)
{
	return kind == FORM_TEXT || kind == FORM_LINES || kind == FORM_SECRET;
}

static bool has_members(enum form_kind kind)
{
	return kind == FORM_LIST || kind == FORM_MAP;
}

static void check_all(struct input *in)
{
	for (size_t i = 0; i < in->count; i++) {
		const struct form_field *f = &in->fields[i];
		struct form_value *v = &in->form->values[i];
		if (form_error_of(in->form, f->name) != NULL)
			continue;
		if (!v->present || v->null) {
			if (f->required)
				bad(in, i, "must be given.");
			continue;
		}
		v->ok = check_kind(in, i, v);
	}
}

static void begin(struct input *in)
{
	*in->form = (struct form){0};
	in->form->values = arena_array(in->arena, in->count, sizeof *in->form->values);
	for (size_t i = 0; i < in->count; i++)
		in->form->values[i].text = not_given;
}

/* --- from a form ------------------------------------------------------------------------------ */

/* The field that a pair belongs to: "name", "name[]" of a list, "name[key]" of a map (then *key).
 */
static const struct form_field *field_of(const struct input *in, const char *name, const char **key)
{
	size_t n = strcspn(name, "["), len = strlen(name);
	bool indexed = name[n] == '[';

	*key = NULL;
	if (indexed && name[len - 1] != ']')
		return NULL;
	for (size_t i = 0; i < in->count; i++) {
		const struct form_field *f = &in->fields[i];
		if (strlen(f->name) != n || strncmp(f->name, name, n) != 0)
			continue;
		if (!indexed)
			return f->kind == FORM_MAP ? NULL : f;
		if (f->kind == FORM_LIST)
			return len == n + 2 ? f : NULL;
		if (f->kind != FORM_MAP)
			return NULL;
		*key = arena_copy(in->arena, name + n + 1, len - n - 2);
		return f;
	}
	return NULL;
}

static void add_member(struct arena *a, struct form_value *v, const char *key, const char *value)
{
	if ((v->count & (v->count - 1)) == 0) { /* full at every power of two */
		size_t room = v->count == 0 ? 1 : v->count * 2;
		struct form_member *wider = arena_array(a, room, sizeof *wider);
		if (v->count > 0)
			memcpy(wider, v->members, v->count * sizeof *wider);
		v->members = wider;
	}
	v->members[v->count++] = (struct form_member){.key = key, .value = value};
}

static bool take_pair(struct input *in, const struct pair *p, size_t *plain)
{
	const char *key;
	const struct form_field *f = field_of(in, p->name, &key);

	if (f == NULL)
		return malformed(in, "The form holds a field that is not known here.");
	struct form_value *v = &in->form->values[f - in->fields];
	if (has_members(f->kind)) {
		v->present = true;
		add_member(in->arena, v, key, p->value);
		return true;
	}
	if (++*plain > FORM_FIELDS_MAX)
		return malformed(in, "There are too many fields.");
	if (v->text != not_given)
		return malformed(in, "A field of the form stands twice.");
	v->text = p->value;
	v->len = p->len;
	v->present = p->len > 0 || is_text(f->kind);
	return true;
}

bool form_parse_urlencoded(struct arena *a, const char *bytes, size_t len,
    const struct form_field *fields, size_t count, struct form *form)
{
	struct input in = {a, fields, count, form};
	struct pair *pairs;
	size_t n, plain = 0;
	const char *error;

	begin(&in);
	if (!pairs_parse(a, bytes, len, FORM_PAIRS_MAX, &pairs, &n, &error))
		return malformed(&in, error);
	for (size_t i = 0; i < n; i++)
		if (!take_pair(&in, &pairs[i], &plain))
			return false;
	check_all(&in);
	return true;
}

/* --- from JSON -------------------------------------------------------------------------------- */

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

static bool take_members(
    struct input *in, struct form_value *v, const struct json *value, enum json_kind container)
{
	if (!json_is(value, container))
		return false;
	for (size_t i = 0; i < json_count(value); i++) {
		const char *key, *s = json_string(json_at(value, i, &key), NULL);
		if (s == NULL)
			return false;
		add_member(in->arena, v, key, s);
	}
	return true;
}

/* Numbers and truth become the text that a form would have sent, so that one check serves both. */
static bool take_plain(
    struct input *in, struct form_value *v, const struct json *value, enum form_kind kind)
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

static void take_json(struct input *in, size_t i, const struct json *value)
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
	if (has_members(kind))
		ok = take_members(in, v, value, kind == FORM_LIST ? JSON_ARRAY : JSON_OBJECT);
	else
		ok = take_plain(in, v, value, kind);
	if (!ok)
		bad(in, i, wanted[kind]);
}

static bool is_declared(const struct input *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (strcmp(in->fields[i].name, name) == 0)
			return true;
	return false;
}

bool form_parse_json(struct arena *a, const struct json *object, enum form_unknown unknown,
    const struct form_field *fields, size_t count, struct form *form)
{
	struct input in = {a, fields, count, form};

	begin(&in);
	if (!json_is(object, JSON_OBJECT))
		return malformed(&in, "The JSON is not an object where one is expected.");
	for (size_t i = 0; unknown == FORM_REFUSE_UNKNOWN && i < json_count(object); i++) {
		const char *name;
		json_at(object, i, &name);
		if (!is_declared(&in, name))
			return malformed(&in, "The JSON holds a member that is not known here.");
	}
	for (size_t i = 0; i < count; i++) {
		const struct json *value = json_get(object, fields[i].name);
		if (value != NULL)
			take_json(&in, i, value);
	}
	check_all(&in);
	return true;
}

/* --- from a request --------------------------------------------------------------------------- */

int form_read(struct web *web, size_t max_body, const struct form_field *fields, size_t count,
    struct form *form)
{
	if (web->media != WEB_MEDIA_FORM) {
		web_error(web, 415, "A form is expected here.");
		return 0;
	}
	if (web_read_body(web, max_body) == 0)
		return 0;
	if (form_parse_urlencoded(web->arena, web->body, web->body_len, fields, count, form))
		return 1;
	web_error(web, 400, form->malformed);
	return 0;
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
	web_json_error(web, 400, error);
	return 0;
}

void form_answer_error(struct web *web, const struct form *form)
{
	if (form->malformed != NULL)
		web_json_error(web, 400, form->malformed);
	else if (form->error_count > 0)
		web_json_field_error(web, 422, form->errors[0].field, form->errors[0].sentence);
	else
		web_json_error(web, 400, "The request is malformed.");
}
