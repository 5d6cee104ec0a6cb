/* form.c - see form.h: the checks, and the input of an HTML form.
 *
 * Both inputs are brought into one shape first, a raw value per field, and then judged by the same
 * checks, so a form and the API can never differ in what they accept.
 */
#include "base.h"
#include "form_parts.h"

#include "arena.h"
#include "clock.h"
#include "log.h"
#include "pairs.h"
#include "text.h"
#include "web.h"

/* The text of a field that did not come, told by its address from one that came empty. */
static const char not_given[] = "";

/* Of a value that is named in a message. */
#define SHOWN_POINTS 40

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

bool form_bad(struct form_input *in, size_t i, const char *what)
{
	const struct form_field *f = &in->fields[i];
	const char *label = f->label != NULL ? f->label : f->name;

	append_error(in->arena, in->form, f->name, arena_printf(in->arena, "%s %s", label, what));
	return false;
}

bool form_malformed(struct form_input *in, const char *sentence)
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

static bool check_length(struct form_input *in, size_t i, size_t length, const char *unit)
{
	const struct form_field *f = &in->fields[i];

	if (length == 0 && (f->required || f->min > 0))
		return form_bad(in, i, "must not be empty.");
	if ((int64_t)length < f->min)
		return form_bad(in, i,
		    arena_printf(in->arena, "must have at least %" PRId64 " %s.", f->min, unit));
	if ((int64_t)length > f->max)
		return form_bad(in, i,
		    arena_printf(in->arena, "must have at most %" PRId64 " %s.", f->max, unit));
	return true;
}

/* U+202A to U+202E and U+2066 to U+2069 make the rest of a line read backwards, also on a lock
 * screen; no language needs them within one line. */
static bool turns_direction(const char *s)
{
	for (; (s = strchr(s, '\xe2')) != NULL; s++) {
		unsigned char a = (unsigned char)s[1], b = a == '\0' ? 0 : (unsigned char)s[2];
		if ((a == 0x80 && b >= 0xaa && b <= 0xae) || (a == 0x81 && b >= 0xa6 && b <= 0xa9))
			return true;
	}
	return false;
}

static bool check_text(struct form_input *in, size_t i, struct form_value *v)
{
	bool lines = in->fields[i].kind == FORM_LINES;

	tidy(in->arena, v);
	if (text_has_control(v->text, v->len, lines))
		return form_bad(
		    in, i, lines ? "holds a control character." : "must be a single line.");
	if (!lines && turns_direction(v->text))
		return form_bad(in, i,
		    "holds an invisible character that turns the direction of writing; type it "
		    "anew.");
	if (v->len > 0 && text_is_unseen(v->text))
		return form_bad(in, i, "holds nothing but characters that nobody sees.");
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

/* "investigating, identified, resolved" */
static const char *possible(struct arena *a, const struct form_field *f)
{
	const char *list = NULL;

	for (size_t i = 0; i < f->choices_count; i++)
		if (f->choices[i] != NULL)
			list = list == NULL ? f->choices[i]
					    : arena_printf(a, "%s, %s", list, f->choices[i]);
	return list == NULL ? "" : list;
}

static bool check_choice(struct form_input *in, size_t i, struct form_value *v)
{
	size_t index;

	if (!find_choice(&in->fields[i], v->text, &index))
		return form_bad(in, i,
		    arena_printf(
			in->arena, "must be one of %s.", possible(in->arena, &in->fields[i])));
	v->number = (int64_t)index;
	return true;
}

static bool check_bool(struct form_input *in, size_t i, struct form_value *v)
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
	return form_bad(in, i, "must be on or off.");
}

static bool check_int(struct form_input *in, size_t i, struct form_value *v)
{
	const struct form_field *f = &in->fields[i];

	if (text_parse_i64(v->text, v->len, f->min, f->max, &v->number))
		return true;
	return form_bad(in, i,
	    arena_printf(
		in->arena, "must be a number from %" PRId64 " to %" PRId64 ".", f->min, f->max));
}

static bool check_time(struct form_input *in, size_t i, struct form_value *v)
{
	if (clock_parse_iso(v->text, v->len, &v->number))
		return true;
	/* what <input type=datetime-local> sends */
	const char *as_utc = arena_printf(in->arena, "%sZ", v->text);
	v->local = clock_parse_iso(as_utc, strlen(as_utc), &v->number);
	return v->local || form_bad(in, i, "is not a date and time.");
}

static bool bad_id(struct form_input *in, size_t i, const char *given)
{
	return form_bad(in, i,
	    arena_printf(in->arena, "names \"%s\", which is not an id.",
		text_shorten(in->arena, given, SHOWN_POINTS)));
}

static bool check_member(struct form_input *in, size_t i, struct form_member *m)
{
	const struct form_field *f = &in->fields[i];

	if (m->key != NULL && !text_is_id(m->key, strlen(m->key)))
		return bad_id(in, i, m->key);
	if (f->choices_count == 0)
		return text_is_id(m->value, strlen(m->value)) || bad_id(in, i, m->value);
	if (find_choice(f, m->value, &m->choice))
		return true;
	return form_bad(in, i,
	    arena_printf(in->arena, "has \"%s\", which must be one of %s.",
		text_shorten(in->arena, m->value, SHOWN_POINTS), possible(in->arena, f)));
}

static bool same_member(const struct form_member *a, const struct form_member *b)
{
	return a->key != NULL ? strcmp(a->key, b->key) == 0 : strcmp(a->value, b->value) == 0;
}

static bool check_members(struct form_input *in, size_t i, struct form_value *v)
{
	if ((int64_t)v->count > in->fields[i].max)
		return form_bad(in, i, "has too many members.");
	for (size_t k = 0; k < v->count; k++) {
		if (!check_member(in, i, &v->members[k]))
			return false;
		for (size_t j = 0; j < k; j++)
			if (same_member(&v->members[j], &v->members[k]))
				return form_bad(in, i, "holds the same member twice.");
	}
	return true;
}

static bool check_kind(struct form_input *in, size_t i, struct form_value *v)
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
		return text_is_id(v->text, v->len) || form_bad(in, i, "is not an id.");
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

bool form_has_members(enum form_kind kind)
{
	return kind == FORM_LIST || kind == FORM_MAP;
}

void form_check(struct form_input *in)
{
	for (size_t i = 0; i < in->count; i++) {
		const struct form_field *f = &in->fields[i];
		struct form_value *v = &in->form->values[i];
		if (form_error_of(in->form, f->name) != NULL)
			continue;
		if (!v->present || v->null) {
			if (f->required)
				form_bad(in, i, "must be given.");
			continue;
		}
		v->ok = check_kind(in, i, v);
	}
}

void form_begin(struct form_input *in)
{
	*in->form = (struct form){0};
	in->form->values = arena_array(in->arena, in->count, sizeof *in->form->values);
	for (size_t i = 0; i < in->count; i++)
		in->form->values[i].text = not_given;
}

/* --- from a form ------------------------------------------------------------------------------ */

/* The field that a pair belongs to: "name", "name[]" of a list, "name[key]" of a map (then *key).
 */
static const struct form_field *field_of(
    const struct form_input *in, const char *name, const char **key)
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

void form_add_member(struct arena *a, struct form_value *v, const char *key, const char *value)
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

static bool take_pair(struct form_input *in, const struct pair *p, size_t *plain)
{
	const char *key;
	const struct form_field *f = field_of(in, p->name, &key);

	if (f == NULL)
		return form_malformed(in, "The form holds a field that is not known here.");
	struct form_value *v = &in->form->values[f - in->fields];
	if (form_has_members(f->kind)) {
		v->present = true;
		form_add_member(in->arena, v, key, p->value);
		return true;
	}
	if (++*plain > FORM_FIELDS_MAX)
		return form_malformed(in, "There are too many fields.");
	if (v->text != not_given)
		return form_malformed(in, "A field of the form stands twice.");
	v->text = p->value;
	v->len = p->len;
	v->present = p->len > 0 || is_text(f->kind);
	return true;
}

bool form_parse_urlencoded(struct arena *a, const char *bytes, size_t len,
    const struct form_field *fields, size_t count, struct form *form)
{
	struct form_input in = {a, fields, count, form};
	struct pair *pairs;
	size_t n, plain = 0;
	const char *error;

	form_begin(&in);
	if (!pairs_parse(a, bytes, len, FORM_PAIRS_MAX, &pairs, &n, &error))
		return form_malformed(&in, error);
	for (size_t i = 0; i < n; i++)
		if (!take_pair(&in, &pairs[i], &plain))
			return false;
	form_check(&in);
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

void form_answer_error(struct web *web, const struct form *form)
{
	if (form->malformed != NULL)
		web_json_error(web, 400, form->malformed);
	else if (form->error_count > 0)
		web_json_field_error(web, 422, form->errors[0].field, form->errors[0].sentence);
	else
		web_json_error(web, 400, "The request is malformed.");
}
