/* view_words.c - what the language of a view calls states, times and lists of names. */
#include "base.h"
#include "view_parts.h"

#include <ctype.h>

#include "arena.h"
#include "clock.h"
#include "template.h"
#include "words_time.h"

#define NAME_SIZE 64 /* of a text: "page.state_degraded_performance_inner" */

struct tv *view_values(const struct view *v, struct arena *a)
{
	struct tv *values = tv_new(a);

	tv_set_words(values, v->words);
	tv_set(values, "root", v->root);
	return values;
}

/* ------------------------------------------------------------------ the vocabulary */

static const char *label(
    const struct view *v, const char *kind, const char *word, const char *inner)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof name, "page.%s_%s%s", kind, word, inner);
	return words_say(v->words, name);
}

const char *view_state_label(const struct view *v, enum component_status s)
{
	return label(v, "state", component_status_word(s), "");
}

const char *view_state_inner(const struct view *v, enum component_status s)
{
	return label(v, "state", component_status_word(s), "_inner");
}

const char *view_status_label(const struct view *v, enum incident_status s)
{
	return label(v, "status", incident_status_word(s), "");
}

const char *view_status_inner(const struct view *v, enum incident_status s)
{
	return label(v, "status", incident_status_word(s), "_inner");
}

const char *view_impact_label(const struct view *v, enum impact i)
{
	return label(v, "impact", impact_word(i), "");
}

/* ------------------------------------------------------------------ sentences */

char *view_of(const struct view *v, struct arena *a, const char *what, const char *who)
{
	return words_fill(v->words, a, "page.colon", WORDS_VALUES({"what", what}, {"who", who}));
}

char *view_name_list(const struct view *v, struct arena *a, const char *const *names, size_t n)
{
	if (n == 1)
		return arena_strdup(a, names[0]);

	const struct words_value *two = WORDS_VALUES({"a", names[0]}, {"b", names[1]});
	if (n == 2)
		return words_fill(v->words, a, "page.names_two", two);
	return words_count(v->words, a, "page.names_more", (int64_t)n - 2, two);
}

char *view_after(const struct view *v, struct arena *a, const char *text, int64_t ms)
{
	char *duration = words_duration(v->words, a, ms);

	return words_fill(v->words, a, text, WORDS_VALUES({"duration", duration}));
}

char *view_capital(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text);

	*s = (char)toupper((unsigned char)*s);
	return s;
}

/* ------------------------------------------------------------------ times */

char *view_moment_text(const struct view *v, struct arena *a, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	return arena_printf(a, "%s UTC", words_moment(v->words, a, &d));
}

void view_set_time(
    struct tv *values, struct arena *a, const struct view *v, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_LEN + 1];

	clock_format_iso(ms, iso);
	tv_set(values, name, iso);
	tv_set(values, arena_printf(a, "%s_text", name), view_moment_text(v, a, ms));
}
