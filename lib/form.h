/* form.h - declared fields in, checked values out; from HTML forms and from JSON alike.
 *
 * A program declares its fields once, as a table indexed by an enum, and gets an array of values
 * with the same index, and at most one message per field.  Names that are not in the table are
 * refused (or passed over, for JSON, if asked), duplicates always.
 *
 *	enum { F_NAME, F_STATUS, F_COMPONENTS, F__MAX };
 *	static const struct form_field fields[F__MAX] = {
 *		[F_NAME] = {"name", "Name", FORM_TEXT, .required = true, .min = 1, .max = 120},
 *		[F_STATUS] = {"status", "Status", FORM_CHOICE, .choices = status_name,
 *		    .choices_count = STATUS__MAX},
 *		[F_COMPONENTS] = {"components", "Components", FORM_MAP, .max = 200,
 *		    .choices = component_status_name, .choices_count = COMPONENT_STATUS__MAX},
 *	};
 *	struct form form;
 *	if (form_read(web, FORM_BODY_MAX, fields, F__MAX, &form) == 0)
 *		return;					// answered: 400, 411, 413 or 415
 *	if (form.error_count > 0)
 *		...					// draw the form again
 *
 * HTML form and JSON differ only here:
 *   FORM_BOOL	form: "1", "on", "true" / "0", "off", "false", absent = false.  JSON: true, false
 *   FORM_LIST	form: name[]=a&name[]=b.  JSON: ["a","b"]
 *   FORM_MAP	form: name[key]=a&name[key2]=b.  JSON: {"key":"a","key2":"b"}
 *   null	JSON only: present and null; a required field must not be null
 * In a form an empty value of a field that is not text counts as absent.
 */
#ifndef FORM_H
#define FORM_H

#include "base.h"

struct arena;
struct json;
struct web;

#define FORM_BODY_MAX	((size_t)64 * 1024)
#define FORM_FIELDS_MAX 64   /* pairs of a form that are no list or map members */
#define FORM_PAIRS_MAX	1024 /* all pairs */

enum form_kind {
	FORM_TEXT,   /* one line; trimmed; min and max in code points */
	FORM_LINES,  /* several lines; \r\n and \r become \n; trimmed; min and max in code points */
	FORM_SECRET, /* bytes as they are, any but NUL; min and max in bytes */
	FORM_CHOICE, /* one of choices; number is the index */
	FORM_BOOL,   /* truth */
	FORM_INT,    /* number within min and max */
	FORM_ID,     /* 12 characters [a-z0-9]: ids and post_id */
	FORM_TIME,   /* number = ms since 1970; `local` if the text had no zone: then number is the
			wall clock's reading as if it were UTC */
	FORM_LIST,   /* members: ids, or one of choices; at most max */
	FORM_MAP,    /* members: id = one of choices; at most max */
	FORM_KIND__MAX
};

struct form_field {
	const char *name;
	const char *label; /* how messages call it: "Name" */
	enum form_kind kind;
	bool required;
	int64_t min, max;
	const char *const *choices;
	size_t choices_count;
};

/* One member of a list or map; key is NULL in a list. */
struct form_member {
	const char *key;
	const char *value;
	size_t choice; /* index of value in choices, if there are any */
};

struct form_value {
	bool present; /* was in the input (and not an empty value of a field that is not text) */
	bool null;    /* JSON null */
	bool ok;      /* present, not null, and valid: only then are the members below set */
	const char *text; /* what was sent, for drawing the form again; never NULL, maybe "" */
	size_t len;
	int64_t number;
	bool truth;
	bool local;
	struct form_member *members;
	size_t count;
};

struct form_error {
	const char *field; /* the name in the table */
	const char *sentence;
};

struct form {
	struct form_value *values;
	struct form_error *errors; /* in the order of the table */
	size_t error_count;
	const char *malformed; /* a sentence: the input as a whole is refused (400) */
};

enum form_unknown { FORM_REFUSE_UNKNOWN, FORM_PASS_UNKNOWN, FORM_UNKNOWN__MAX };

/* False: form->malformed says why and there are no values.  True: look at error_count. */
bool form_parse_urlencoded(struct arena *a, const char *bytes, size_t len,
    const struct form_field *fields, size_t count, struct form *form);

/* `object` need not be an object: then the form is malformed. */
bool form_parse_json(struct arena *a, const struct json *object, enum form_unknown unknown,
    const struct form_field *fields, size_t count, struct form *form);

/* Reads the body of an HTML form and parses it.  1 parsed, look at error_count; 0 refused and
 * answered. */
int form_read(struct web *web, size_t max_body, const struct form_field *fields, size_t count,
    struct form *form);

/* Reads a JSON body of at most max_body bytes and depth 8.  1 *doc is set; 0 refused and answered
 * (415 unless application/json). */
int form_read_json(struct web *web, size_t max_body, const struct json **doc);

/* The message for a field, NULL if it is fine. */
const char *form_error_of(const struct form *form, const char *field);

/* Adds a message that only the program could find; the first one of a field stays. */
void form_add_error(struct arena *a, struct form *form, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Answers 400 {"error"} for malformed input, else 422 {"error","field"} with the first error. */
void form_answer_error(struct web *web, const struct form *form);

#endif
