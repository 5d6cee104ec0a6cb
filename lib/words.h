/* words.h - what the page, the notices and the scripts say, in each language.
 *
 * One file per language, www/words-<tag>.json, built into the programs: an object of sections
 * (`page`, `help`, `notice`, `script`, `push`, `worker`), each an object of texts.  A text is known
 * by section and name: "notice.resolved".  Texts are UTF-8 and may hold
 *
 *	{name}	a value: words_fill
 *	|	where an element of the template stands: words_part gives what is before and behind it
 *
 * A text that depends on a number is two names, "minute.one" and "minute.other", of which
 * words_count takes the one that the language's plural rule asks for.  Every language has both, also
 * Japanese, whose rule never asks for the first.
 *
 * English is complete by definition, and a test sees that the others are; a text that is missing
 * nevertheless is said in English.  A name that English does not have, and a value that a text wants
 * and is not given, are errors of the program and end it.
 *
 * Read once per process, at the first call; everything handed out lives as long as the process.
 */
#ifndef WORDS_H
#define WORDS_H

#include "base.h"

struct arena;
struct buf;
struct words;

/* The languages that there are, in the order of their tags. */
size_t words_languages(void);
const struct words *words_at(size_t i);

/* The language of a tag, or of its first part: "de-AT" is "de".  NULL: there is none. */
const struct words *words_find(const char *tag);

/* The same, but English where there is none; tag may be NULL. */
const struct words *words_for(const char *tag);

/* "de", and what the language calls itself: "Deutsch". */
const char *words_tag(const struct words *w);
const char *words_own_name(const struct words *w);

/* The text as it is written. */
const char *words_say(const struct words *w, const char *name);

/* What stands before (0) and behind (1) the bar of a text. */
char *words_part(const struct words *w, struct arena *a, const char *name, int part);

/* One value of a text; the last of a list has name NULL. */
struct words_value {
	const char *name, *text;
};

/* WORDS_VALUES({"name", name}, {"duration", text}) */
#define WORDS_VALUES(...) ((const struct words_value[]){__VA_ARGS__, {NULL, NULL}})

/* The text with its {names} replaced. */
char *words_fill(
    const struct words *w, struct arena *a, const char *name, const struct words_value *values);

/* The same for a text of the number n, which {n} stands for; values may be NULL. */
char *words_count(const struct words *w, struct arena *a, const char *name, int64_t n,
    const struct words_value *values);

/* Appends a section as a JSON object, for scripts. */
void words_section(const struct words *w, const char *section, struct buf *out);

#endif
