/* template.h - pages with holes.
 *
 *	@@name@@	a value, escaped for element text and quoted attributes
 *	@@html:name@@	HTML that is safe already: Markdown output, another rendered template
 *	@@json:name@@	a value, escaped for the inside of a JSON string
 *	@@t:page.name@@	a text of the language that was set (words.h), escaped like a value
 *	@@t0:page.name@@, @@t1:page.name@@	what is before and behind its bar, for what stands inside
 *	@@rich:help.name@@	a text that is HTML: the language files are trusted as templates are
 *	@@block name@@	on a line of its own, up to
 *	@@end name@@	rendered once per tv_add of that name, each with values of its own
 *
 * The lines of block and end vanish whole.  There is nothing else: no condition (a block that is
 * added once or not at all), no expression, nothing that text of a user could trigger, for values
 * are never read again.
 *
 * A name that a block does not have is looked for in the blocks around it, up to the page.  A name
 * that is nowhere is an error of the program: the rendering fails and is logged.  A value set by
 * tv_set cannot be used by @@html:@@ and the other way round: what is safe HTML is said where it is
 * made, by tv_set_html.
 *
 * Templates are parsed once at start-up and live as long as the program; values live in an arena.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "base.h"

struct arena;
struct buf;
struct template;
struct tv;
struct words;

/* The name is for messages.  NULL: `error` holds "<name>:<line>: ...".  Text is copied. */
struct template *template_parse(const char *name, const char *text, size_t len, struct buf *error);

void template_free(struct template **t);

/* 1 appended to out; -1 a value is missing (logged), out has a part. */
int template_render(const struct template *t, const struct tv *values, struct buf *out);

/* An empty set of values. */
struct tv *tv_new(struct arena *a);

/* Sets or replaces; the string is copied; NULL counts as "". */
void tv_set(struct tv *values, const char *name, const char *value);
void tv_set_int(struct tv *values, const char *name, int64_t value);
void tv_printf(struct tv *values, const char *name, const char *fmt, ...) attr_printf(3, 4);

/* HTML that is safe: only output of html_markdown and of template_render. */
void tv_set_html(struct tv *values, const char *name, const char *html, size_t len);

/* The language of these values and of all blocks in them. */
void tv_set_words(struct tv *values, const struct words *words);

/* One more repetition of a block; its values are set on the result. */
struct tv *tv_add(struct tv *values, const char *block);

#endif
