/* template.c - see template.h.
 *
 * A template is a flat list of parts.  A block's part knows how many parts it spans, so rendering
 * is a walk over the list with one recursion per nesting level of the template's own text.
 */
#include "base.h"
#include "template.h"

#include "arena.h"
#include "buf.h"
#include "html.h"
#include "json.h"
#include "log.h"
#include "words.h"

#define NAME_MAX_LEN 48
#define NESTING_MAX  8

enum part_kind {
	PART_TEXT,
	PART_VALUE,
	PART_HTML,
	PART_JSON,
	PART_WORDS,  /* a text of the language */
	PART_BEFORE, /* what is before its bar */
	PART_BEHIND,
	PART_RICH, /* a text that is HTML */
	PART_BLOCK,
	PART__MAX
};

static const char *const prefix_of_part[] = {
    [PART_HTML] = "html:",
    [PART_JSON] = "json:",
    [PART_WORDS] = "t:",
    [PART_BEFORE] = "t0:",
    [PART_BEHIND] = "t1:",
    [PART_RICH] = "rich:",
};

struct part {
	enum part_kind kind;
	char *text; /* the text, or the name */
	size_t len;
	size_t span; /* of a block: the parts inside it */
};

struct template
{
	char *name;
	struct part *parts;
	size_t count, room;
};

struct parser {
	struct template *t;
	size_t open[NESTING_MAX];
	size_t depth;
	int line;
	struct buf *error;
};

static bool refuse(struct parser *p, const char *what, const char *at, size_t len)
{
	buf_printf(p->error, "%s:%d: %s: %.*s", p->t->name, p->line, what, (int)len, at);
	return false;
}

static struct part *add_part(struct template *t, enum part_kind kind, const char *text, size_t len)
{
	if (t->count == t->room) {
		t->room = t->room == 0 ? 32 : t->room * 2;
		struct part *wider = reallocarray(t->parts, t->room, sizeof *wider);
		if (wider == NULL)
			log_die("TEMPLATE-01", "out of memory");
		t->parts = wider;
	}
	struct part *p = &t->parts[t->count++];
	*p = (struct part){.kind = kind, .len = len, .text = strndup(text, len)};
	if (p->text == NULL)
		log_die("TEMPLATE-02", "out of memory");
	return p;
}

static bool is_name(const char *s, size_t len)
{
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}

/* A text of the language files has two names: "page.history". */
static bool is_text_name(const char *s, size_t len)
{
	const char *dot = memchr(s, '.', len);

	return dot != NULL && is_name(s, (size_t)(dot - s)) &&
	       is_name(dot + 1, (size_t)(s + len - dot - 1));
}

static bool begins(const char **s, size_t *len, const char *prefix)
{
	size_t n = strlen(prefix);

	if (*len < n || memcmp(*s, prefix, n) != 0)
		return false;
	*s += n;
	*len -= n;
	return true;
}

static bool add_value(struct parser *p, const char *tag, size_t len)
{
	size_t kind = PART_VALUE;
	const char *name = tag;
	size_t name_len = len;

	for (size_t k = PART_HTML; k < nelem(prefix_of_part) && kind == PART_VALUE; k++)
		if (begins(&name, &name_len, prefix_of_part[k]))
			kind = k;
	if (kind < PART_WORDS ? !is_name(name, name_len) : !is_text_name(name, name_len))
		return refuse(p, "not a name", tag, len);
	add_part(p->t, (enum part_kind)kind, name, name_len);
	return true;
}

/* A line without block or end: text and values. */
static bool parse_text(struct parser *p, const char *s, size_t len)
{
	const char *end = s + len, *at, *close;

	while ((at = memmem(s, (size_t)(end - s), "@@", 2)) != NULL) {
		if (at > s)
			add_part(p->t, PART_TEXT, s, (size_t)(at - s));
		at += 2;
		close = memmem(at, (size_t)(end - at), "@@", 2);
		if (close == NULL)
			return refuse(p, "an @@ without its partner", at, (size_t)(end - at));
		if (!add_value(p, at, (size_t)(close - at)))
			return false;
		s = close + 2;
	}
	if (end > s)
		add_part(p->t, PART_TEXT, s, (size_t)(end - s));
	return true;
}

static bool open_block(struct parser *p, const char *name, size_t len)
{
	if (!is_name(name, len))
		return refuse(p, "not a name", name, len);
	if (p->depth == NESTING_MAX)
		return refuse(p, "nested too deeply", name, len);
	p->open[p->depth++] = p->t->count;
	add_part(p->t, PART_BLOCK, name, len);
	return true;
}

static bool close_block(struct parser *p, const char *name, size_t len)
{
	if (p->depth == 0)
		return refuse(p, "an end without its block", name, len);
	size_t i = p->open[--p->depth];
	struct part *block = &p->t->parts[i];
	if (block->len != len || memcmp(block->text, name, len) != 0)
		return refuse(p, "the end of another block than the one that is open", name, len);
	block->span = p->t->count - i - 1;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* s[0..len) is one line with its line feed. */
static bool parse_line(struct parser *p, const char *s, size_t len)
{
	const char *at = s;
	size_t left = len;

	while (left > 0 && is_space(*at)) {
		at++;
		left--;
	}
	while (left > 0 && is_space(at[left - 1]))
		left--;
	bool opens = begins(&at, &left, "@@block "), closes = begins(&at, &left, "@@end ");
	if (!opens && !closes)
		return parse_text(p, s, len);
	if (left < 2 || memcmp(at + left - 2, "@@", 2) != 0)
		return refuse(p, "block and end stand alone on their lines", at, left);
	return opens ? open_block(p, at, left - 2) : close_block(p, at, left - 2);
}

static bool parse_all(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)(feed == NULL ? end - text : feed + 1 - text);
		p->line++;
		if (!parse_line(p, text, n))
			return false;
		text += n;
	}
	if (p->depth > 0) {
		const struct part *block = &p->t->parts[p->open[p->depth - 1]];
		return refuse(p, "a block without its end", block->text, block->len);
	}
	return true;
}

struct template *template_parse(const char *name, const char *text, size_t len, struct buf *error)
{
	struct template *t = calloc(1, sizeof *t);
	struct parser p = {.t = t, .error = error};

	if (t == NULL || (t->name = strdup(name)) == NULL)
		log_die("TEMPLATE-03", "out of memory");
	if (!parse_all(&p, text, len))
		template_free(&t);
	return t;
}

void template_free(struct template **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->count; i++)
		free((*t)->parts[i].text);
	free((*t)->parts);
	free((*t)->name);
	free(*t);
	*t = NULL;
}

/* --- values ----------------------------------------------------------------------------------- */

struct entry {
	struct entry *next;
	const char *name;
	const char *value;
	size_t len;
	bool html;
};

struct repeat {
	struct repeat *next;
	const char *block;
	struct tv *values;
};

struct tv {
	struct arena *arena;
	const struct tv *outer;
	const struct words *words;
	struct entry *entries;
	struct repeat *first, **last;
};

struct tv *tv_new(struct arena *a)
{
	struct tv *tv = arena_alloc(a, sizeof *tv);

	tv->arena = a;
	tv->last = &tv->first;
	return tv;
}

static struct entry *find_here(const struct tv *tv, const char *name)
{
	for (struct entry *e = tv->entries; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

static void put(struct tv *tv, const char *name, const char *value, size_t len, bool html)
{
	struct entry *e = find_here(tv, name);

	if (e == NULL) {
		e = arena_alloc(tv->arena, sizeof *e);
		e->name = arena_strdup(tv->arena, name);
		e->next = tv->entries;
		tv->entries = e;
	}
	e->value = arena_copy(tv->arena, value, len);
	e->len = len;
	e->html = html;
}

void tv_set(struct tv *values, const char *name, const char *value)
{
	put(values, name, value == NULL ? "" : value, value == NULL ? 0 : strlen(value), false);
}

void tv_set_int(struct tv *values, const char *name, int64_t value)
{
	tv_printf(values, name, "%" PRId64, value);
}

void tv_printf(struct tv *values, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("TEMPLATE-04", "out of memory");
	put(values, name, text, (size_t)n, false);
	free(text);
}

void tv_set_html(struct tv *values, const char *name, const char *html, size_t len)
{
	put(values, name, html, len, true);
}

void tv_set_words(struct tv *values, const struct words *words)
{
	values->words = words;
}

struct tv *tv_add(struct tv *values, const char *block)
{
	struct repeat *r = arena_alloc(values->arena, sizeof *r);

	r->block = arena_strdup(values->arena, block);
	r->values = tv_new(values->arena);
	r->values->outer = values;
	*values->last = r;
	values->last = &r->next;
	return r->values;
}

/* --- rendering -------------------------------------------------------------------------------- */

static const struct entry *find(const struct tv *tv, const char *name)
{
	const struct entry *e = NULL;

	for (; tv != NULL && e == NULL; tv = tv->outer)
		e = find_here(tv, name);
	return e;
}

static int render_value(
    const struct template *t, const struct part *p, const struct tv *tv, struct buf *out)
{
	const struct entry *e = find(tv, p->text);

	if (e == NULL || e->html != (p->kind == PART_HTML)) {
		log_error("TEMPLATE-05", "%s: no %s named %s", t->name,
		    p->kind == PART_HTML ? "safe HTML" : "plain value", p->text);
		return -1;
	}
	if (p->kind == PART_HTML)
		buf_add(out, e->value, e->len);
	else if (p->kind == PART_JSON)
		json_escape(out, e->value, e->len);
	else
		html_escape(out, e->value, e->len);
	return 1;
}

/* The languages come with the program: their texts are as safe as the template itself. */
static int render_words(
    const struct template *t, const struct part *p, const struct tv *tv, struct buf *out)
{
	const char *text, *bar;

	while (tv->words == NULL && tv->outer != NULL)
		tv = tv->outer;
	if (tv->words == NULL) {
		log_error("TEMPLATE-06", "%s: no language to say %s in", t->name, p->text);
		return -1;
	}
	text = words_say(tv->words, p->text);
	bar = strchr(text, '|');
	if (bar == NULL && (p->kind == PART_BEFORE || p->kind == PART_BEHIND)) {
		log_error("TEMPLATE-07", "%s: the text %s has no bar", t->name, p->text);
		return -1;
	}
	if (p->kind == PART_BEHIND)
		text = bar + 1;
	if (p->kind == PART_RICH)
		buf_add_str(out, text);
	else
		html_escape(
		    out, text, p->kind == PART_BEFORE ? (size_t)(bar - text) : strlen(text));
	return 1;
}

static int render_parts(
    const struct template *t, size_t from, size_t to, const struct tv *tv, struct buf *out);

static int render_block(const struct template *t, size_t i, const struct tv *tv, struct buf *out)
{
	const struct part *p = &t->parts[i];

	for (const struct repeat *r = tv->first; r != NULL; r = r->next)
		if (strcmp(r->block, p->text) == 0 &&
		    render_parts(t, i + 1, i + 1 + p->span, r->values, out) < 0)
			return -1;
	return 1;
}

static int render_parts(
    const struct template *t, size_t from, size_t to, const struct tv *tv, struct buf *out)
{
	int rc = 1;

	for (size_t i = from; i < to && rc > 0; i++) {
		const struct part *p = &t->parts[i];
		if (p->kind == PART_TEXT)
			buf_add(out, p->text, p->len);
		else if (p->kind == PART_BLOCK)
			rc = render_block(t, i, tv, out);
		else if (p->kind >= PART_WORDS)
			rc = render_words(t, p, tv, out);
		else
			rc = render_value(t, p, tv, out);
		i += p->span;
	}
	return rc;
}

int template_render(const struct template *t, const struct tv *values, struct buf *out)
{
	return render_parts(t, 0, t->count, values, out);
}
