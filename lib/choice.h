/* choice.h - what a subscriber wants to be told of, and when: the values, their rules, their
 * merging.
 *
 * Text as it is stored (schema.sql, subscriptions).  Pure but for choice_zone_valid, which looks
 * into the system's time zone files.  What exists (ids of components) is judged by subscription.h;
 * who is told in the end by audience.h.
 */
#ifndef CHOICE_H
#define CHOICE_H

#include "base.h"
#include "vocabulary.h"

struct arena;

/* Times of day in which notices come silently. */
struct choice_quiet {
	const char *from, *to; /* "HH:MM"; NULL = no quiet hours, and then all three are NULL */
	const char *tz;	       /* IANA name */
	bool critical;	       /* a critical incident breaks the silence */
};

struct choice {
	const char *components; /* ids with one space between; NULL = all, "" = none */
	const char *events;	/* trigger words with one space between; NULL = all */
	enum impact min_impact; /* none .. critical */
	const char *lang;	/* "en", "pt-BR" */
	struct choice_quiet quiet;
};

/* The choices in a request: which of them were there, and their values. */
struct choice_wish {
	bool components, events, min_impact, lang, quiet;
	struct choice value;
};

/* A new row: all components, all events, every impact, English, no quiet hours. */
extern const struct choice choice_default;

/* A row made by following one incident: that one and nothing else. */
extern const struct choice choice_follow;

/* The wishes replace what was chosen before; what was left out stays. */
void choice_merge(struct choice *choice, const struct choice_wish *wish);
bool choice_equal(const struct choice *a, const struct choice *b);

/* Appends a word to a list unless it is there; NULL and "" are empty lists. */
const char *choice_add_word(struct arena *a, const char *words, const char *word);

/* A trigger that can be chosen (the test to one browser cannot). */
bool choice_event_valid(const char *word);

/* Two lower-case letters, and "-" with two upper-case ones behind them or not. */
bool choice_lang_valid(const char *lang);

/* "00:00" to "23:59". */
bool choice_time_valid(const char *time);

/* A zone of the system's IANA database.  Where none is installed the form of the name decides. */
bool choice_zone_valid(const char *zone);

#endif
