/* test_template.c - holes, blocks, and the refusal of everything else. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "log.h"
#include "template.h"
#include "words.h"

static struct arena arena = ARENA_INIT;

static struct template *parse(const char *text, const char **error)
{
	struct buf b = BUF_INIT;
	struct template *t = template_parse("t", text, strlen(text), &b);

	*error = buf_arena(&b, &arena);
	buf_release(&b);
	return t;
}

/* The rendered text, NULL if it failed. */
static const char *render(const char *text, const struct tv *values)
{
	const char *error, *done = NULL;
	struct buf out = BUF_INIT;
	struct template *t = parse(text, &error);

	t_str(error, "");
	if (t != NULL && template_render(t, values, &out) == 1)
		done = buf_arena(&out, &arena);
	template_free(&t);
	buf_release(&out);
	return done;
}

static void test_values(void)
{
	struct tv *v = tv_new(&arena);

	tv_set(v, "name", "<b>\"x\" & 'y'</b>");
	tv_set_html(v, "body", "<p>x</p>", 8);
	tv_set_int(v, "n", -5);
	tv_printf(v, "f", "%s-%d", "a", 1);
	tv_set(v, "none", NULL);

	t_case("a value is escaped by the place it stands in");
	t_str(render("[@@name@@]", v), "[&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/b&gt;]");
	t_str(render("\"@@json:name@@\"\n", v), "\"\\u003cb>\\\"x\\\" & 'y'\\u003c/b>\"\n");
	t_str(render("@@html:body@@@@n@@@@f@@@@none@@", v), "<p>x</p>-5a-1");

	t_case("a value is never read again as a template");
	tv_set(v, "name", "@@html:body@@ {{x}}");
	t_str(render("@@name@@", v), "@@html:body@@ {{x}}");

	t_case("a missing value, plain text as HTML and HTML as text fail");
	t_ok(render("@@absent@@", v) == NULL);
	t_ok(render("@@html:name@@", v) == NULL);
	t_ok(render("@@body@@", v) == NULL);
	t_ok(render("@@json:body@@", v) == NULL);
}

static void test_words(void)
{
	struct tv *v = tv_new(&arena);
	const char *error;

	t_case("a text is said in the language of the values, also in their blocks");
	tv_set_words(v, words_find("de"));
	tv_set(tv_add(v, "item"), "x", "y");
	t_str(render("[@@t:page.under_a_minute@@]", v), "[weniger als eine Minute]");
	t_str(render("@@block item@@\n@@x@@ @@t:page.under_a_minute@@\n@@end item@@\n", v),
	    "y weniger als eine Minute\n");

	t_case("what is before and behind its bar");
	tv_set_words(v, words_find("ja"));
	t_str(render("@@t0:page.began@@<b>@@t1:page.began@@", v), "<b>に開始");

	t_case("it is escaped, but where it is HTML");
	tv_set_words(v, words_find("en"));
	t_ok(strstr(render("@@t:help.iphone_share@@", v), "&lt;b&gt;") != NULL);
	t_ok(strstr(render("@@rich:help.iphone_share@@", v), "<b>") != NULL);

	t_case("without a language, a bar or a section there is nothing to say");
	t_ok(render("@@t:page.under_a_minute@@", tv_new(&arena)) == NULL);
	t_ok(render("@@t0:page.under_a_minute@@", v) == NULL);
	t_ok(parse("@@t:under_a_minute@@", &error) == NULL);
	t_ok(parse("@@t:page.a.b@@", &error) == NULL);
	t_ok(parse("@@page.under_a_minute@@", &error) == NULL);
}

static void test_blocks(void)
{
	static const char text[] = "<ul>\n"
				   "@@block item@@\n"
				   "<li>@@name@@ of @@site@@\n"
				   "  @@block tag@@\n"
				   "[@@tag@@]\n"
				   "  @@end tag@@\n"
				   "</li>\n"
				   "@@end item@@\n"
				   "</ul>";
	struct tv *v = tv_new(&arena);

	tv_set(v, "site", "S");
	t_case("a block that is never added leaves nothing, not even its lines");
	t_str(render(text, v), "<ul>\n</ul>");

	t_case("blocks repeat in order, nest, and see the values around them");
	struct tv *a = tv_add(v, "item"), *b = tv_add(v, "item");
	tv_set(a, "name", "a");
	tv_set(b, "name", "b");
	tv_set(b, "site", "T");
	tv_set(tv_add(b, "tag"), "tag", "1");
	tv_set(tv_add(b, "tag"), "tag", "2");
	t_str(render(text, v), "<ul>\n<li>a of S\n</li>\n<li>b of T\n[1]\n[2]\n</li>\n</ul>");
	t_case("a value of a block is not seen outside of it");
	t_ok(render("@@name@@", v) == NULL);
}

static void test_errors(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
	    {"a\n@@name", "t:2: an @@ without its partner: name"},
	    {"@@Name@@", "t:1: not a name: Name"},
	    {"@@@@", "t:1: not a name: "},
	    {"@@css:x@@", "t:1: not a name: css:x"},
	    {"@@block a@@\nx\n", "t:2: a block without its end: a"},
	    {"@@end a@@\n", "t:1: an end without its block: a"},
	    {"@@block a@@\n@@block b@@\n@@end a@@\n@@end b@@\n",
		"t:3: the end of another block than the one that is open: a"},
	    {"@@block a@@ x\n@@end a@@\n", "t:1: block and end stand alone on their lines: a@@ x"},
	    {"x @@block a@@\n", "t:1: not a name: block a"},
	};
	const char *error;

	t_case("a template with a mistake is refused with its line");
	for (size_t i = 0; i < nelem(bad); i++) {
		struct template *t = parse(bad[i].text, &error);
		t_ok(t == NULL);
		t_str(error, bad[i].error);
		template_free(&t);
	}
}

static void test_assets(void)
{
	const char *error;

	t_case("every template that is built in parses");
	t_ok(asset_count() > 5);
	for (size_t i = 0; i < asset_count(); i++) {
		const struct asset *a = asset_at(i);
		size_t n = strlen(a->name);
		if (n < 3 || strcmp(a->name + n - 3, ".in") != 0)
			continue;
		struct template *t = parse((const char *)a->data, &error);
		t_check_str(error, "", a->name, 0);
		t_ok(t != NULL);
		template_free(&t);
	}

	t_case("an asset is found by its name, with its length and a NUL");
	const struct asset *schema = asset_get("schema.sql");
	t_ok(schema != NULL && schema->len > 100 && schema->data[schema->len] == '\0' &&
	     strlen((const char *)schema->data) == schema->len);
	t_ok(asset_get("absent.html") == NULL);
}

int main(void)
{
	log_open("test_template");
	test_values();
	test_words();
	test_blocks();
	test_errors();
	test_assets();
	arena_release(&arena);
	return t_end();
}
