/* fault.h - why the domain refused what somebody asked for, in words for that person.
 *
 * A function that may refuse returns 0 and fills the fault; its sentence says what is wrong and
 * what to do.  The web programs answer 422 for a field, 409 for a step that is not possible now,
 * 404 for a thing that is not there.
 */
#ifndef FAULT_H
#define FAULT_H

enum fault_kind { FAULT_NONE, FAULT_FIELD, FAULT_STEP, FAULT_ABSENT, FAULT__MAX };

struct fault {
	enum fault_kind kind;
	const char *field;    /* name of the member of the request; NULL where none is to blame */
	const char *sentence; /* static or of the request's arena */
};

/* Fills *f and gives 0, for `return fault_set(...)`. */
static inline int fault_set(
    struct fault *f, enum fault_kind kind, const char *field, const char *sentence)
{
	f->kind = kind;
	f->field = field;
	f->sentence = sentence;
	return 0;
}

#endif
