/* form_parts.h - what form.c and form_json.c share; nobody else includes it. */
#ifndef FORM_PARTS_H
#define FORM_PARTS_H

#include "base.h"
#include "form.h"

/* One input on its way into a form. */
struct form_input {
	struct arena *arena;
	const struct form_field *fields;
	size_t count;
	struct form *form;
};

/* Empty values for all fields. */
void form_begin(struct form_input *in);

/* Judges what was taken, field by field. */
void form_check(struct form_input *in);

/* Adds "LABEL what" as the message of field i; always false, for `return form_bad(...)`. */
bool form_bad(struct form_input *in, size_t i, const char *what);

/* The input as a whole is refused; always false. */
bool form_malformed(struct form_input *in, const char *sentence);

/* Lists and maps. */
bool form_has_members(enum form_kind kind);
void form_add_member(struct arena *a, struct form_value *v, const char *key, const char *value);

#endif
