/* words.c - see words.h: the language files, read once.
 *
 * A language is a list of texts sorted by "section.name", searched by halving.
 */
#include "base.h"
#include "words.h"

#include <strings.h>

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "json.h"
#include "log.h"

#define FILE_DEPTH 2 /* sections, texts */
#define ENGLISH	   "en"

struct text {
	const char *name; /* "notice.resolved" */
	const char *text;
};

struct words {
	const char *tag, *own_name;
	int64_t one_from, one_to; /* the numbers that take the form "one" */
	const struct json *doc;
	struct text *texts;
	size_t n_texts;
};

static struct arena memory = ARENA_INIT;
static struct words *languages;
static size_t n_languages;

/* ------------------------------------------------------------------ reading */

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct text *)x)->name, ((const struct text *)y)->name);
}

static const char *member(const struct asset *file, const struct json *doc, const char *name)
{
	const char *value = json_string(json_get(doc, name), NULL);

	if (value == NULL)
		log_die("WORDS-01", "%s has no \"%s\"", file->name, name);
	return value;
}

static void read_texts(const struct asset *file, struct words *w)
{
	for (size_t i = 0; i < json_count(w->doc); i++) {
		const char *section, *name, *text;
		const struct json *texts = json_at(w->doc, i, &section);
		for (size_t k = 0; json_is(texts, JSON_OBJECT) && k < json_count(texts); k++) {
			text = json_string(json_at(texts, k, &name), NULL);
			if (text == NULL)
				log_die(
				    "WORDS-02", "%s: %s.%s is no text", file->name, section, name);
			w->texts = arena_grow(&memory, w->texts, w->n_texts, sizeof *w->texts);
			w->texts[w->n_texts++] =
			    (struct text){arena_printf(&memory, "%s.%s", section, name), text};
		}
	}
	qsort(w->texts, w->n_texts, sizeof *w->texts, by_name);
}

/* The plural rules of CLDR for whole numbers, as far as our languages need them. */
static void set_plural(struct words *w)
{
	w->one_from = strcmp(w->tag, "fr") == 0 ? 0 : 1;
	w->one_to = strcmp(w->tag, "ja") == 0 ? -1 : 1;
}

static void read_language(const struct asset *file, struct words *w)
{
	const char *error;

	if (!json_parse(&memory, (const char *)file->data, file->len, FILE_DEPTH, &w->doc, &error))
		log_die("WORDS-03", "%s: %s", file->name, error);
	w->tag = member(file, w->doc, "tag");
	w->own_name = member(file, w->doc, "name");
	set_plural(w);
	read_texts(file, w);
}

static bool is_language(const struct asset *file)
{
	return strncmp(file->name, "words-", 6) == 0 && strstr(file->name, ".json") != NULL;
}

/* Assets come in the order of their names, hence languages in that of their tags. */
static void read_all(void)
{
	if (languages != NULL)
		return;
	languages = arena_array(&memory, asset_count(), sizeof *languages);
	for (size_t i = 0; i < asset_count(); i++)
		if (is_language(asset_at(i)))
			read_language(asset_at(i), &languages[n_languages++]);
	if (words_find(ENGLISH) == NULL)
		log_die("WORDS-04", "the English texts are not built in");
}

/* ------------------------------------------------------------------ languages */

size_t words_languages(void)
{
	read_all();
	return n_languages;
}

const struct words *words_at(size_t i)
{
	read_all();
	assert(i < n_languages);
	return &languages[i];
}

const struct words *words_find(const char *tag)
{
	size_t len = strcspn(tag, "-");

	read_all();
	for (size_t i = 0; i < n_languages; i++)
		if (strlen(languages[i].tag) == len && strncasecmp(languages[i].tag, tag, len) == 0)
			return &languages[i];
	return NULL;
}

const struct words *words_for(const char *tag)
{
	const struct words *w = tag == NULL ? NULL : words_find(tag);

	return w != NULL ? w : words_find(ENGLISH);
}

const char *words_tag(const struct words *w)
{
	return w->tag;
}

const char *words_own_name(const struct words *w)
{
	return w->own_name;
}

/* ------------------------------------------------------------------ texts */

static const char *find(const struct words *w, const char *name)
{
	struct text key = {.name = name};
	const struct text *found = bsearch(&key, w->texts, w->n_texts, sizeof key, by_name);

	return found == NULL ? NULL : found->text;
}

const char *words_say(const struct words *w, const char *name)
{
	const char *text = find(w, name);

	if (text == NULL)
		text = find(words_find(ENGLISH), name);
	if (text == NULL)
		log_die("WORDS-05", "there is no text %s", name);
	return text;
}

char *words_part(const struct words *w, struct arena *a, const char *name, int part)
{
	const char *text = words_say(w, name), *bar = strchr(text, '|');

	if (bar == NULL)
		log_die("WORDS-06", "the text %s has no bar", name);
	return part == 0 ? arena_copy(a, text, (size_t)(bar - text)) : arena_strdup(a, bar + 1);
}

/* ------------------------------------------------------------------ values */

static const char *value_of(const struct words_value *values, const char *name, size_t len)
{
	for (; values != NULL && values->name != NULL; values++)
		if (strlen(values->name) == len && memcmp(values->name, name, len) == 0)
			return values->text;
	return NULL;
}

/* Values are copied as they are, never read again. */
static char *fill(struct arena *a, const char *name, const char *text, const char *number,
    const struct words_value *values)
{
	const struct words_value n[] = {{"n", number}, {NULL, NULL}};
	struct buf out = BUF_INIT;
	char *filled;

	for (const char *open; (open = strchr(text, '{')) != NULL;) {
		size_t len = strcspn(open + 1, "}");
		const char *value = value_of(values, open + 1, len);
		if (value == NULL && number != NULL)
			value = value_of(n, open + 1, len);
		if (value == NULL || open[1 + len] == '\0')
			log_die("WORDS-07", "the text %s wants a value {%.*s}", name, (int)len,
			    open + 1);
		buf_add(&out, text, (size_t)(open - text));
		buf_add_str(&out, value);
		text = open + 1 + len + 1;
	}
	buf_add_str(&out, text);
	filled = buf_arena(&out, a);
	buf_release(&out);
	return filled;
}

char *words_fill(
    const struct words *w, struct arena *a, const char *name, const struct words_value *values)
{
	return fill(a, name, words_say(w, name), NULL, values);
}

char *words_count(const struct words *w, struct arena *a, const char *name, int64_t n,
    const struct words_value *values)
{
	bool one = n >= w->one_from && n <= w->one_to;
	char *full = arena_printf(a, "%s.%s", name, one ? "one" : "other");

	return fill(a, full, words_say(w, full), arena_printf(a, "%" PRId64, n), values);
}

/* ------------------------------------------------------------------ for scripts */

void words_section(const struct words *w, const char *section, struct buf *out)
{
	const struct json *texts = json_get(words_find(ENGLISH)->doc, section);
	const struct json *own = json_get(w->doc, section);
	struct json_writer json = JSON_WRITER(out);

	if (!json_is(texts, JSON_OBJECT))
		log_die("WORDS-08", "there is no section %s", section);
	json_begin_object(&json, NULL);
	for (size_t i = 0; i < json_count(texts); i++) {
		const char *name;
		const char *english = json_string(json_at(texts, i, &name), NULL);
		const char *text = json_string(json_get(own, name), NULL);
		json_put_string(&json, name, text != NULL ? text : english);
	}
	json_end_object(&json);
}
