/* test_html.c - escaping, Markdown without danger, first sentences. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "html.h"

static struct arena arena = ARENA_INIT;

static const char *markdown(const char *text)
{
	struct buf b = BUF_INIT;

	html_markdown(&b, text, strlen(text));
	const char *html = buf_arena(&b, &arena);
	buf_release(&b);
	return html;
}

static const char *escaped(const char *text, size_t len)
{
	struct buf b = BUF_INIT;

	html_escape(&b, text, len);
	const char *html = buf_arena(&b, &arena);
	buf_release(&b);
	return html;
}

static void test_escape(void)
{
	t_case("mark-up characters become entities, bad bytes and controls U+FFFD");
	t_str(escaped("<a b='c\" d>&", 12), "&lt;a b=&#39;c&quot; d&gt;&amp;");
	t_str(
	    escaped("\xc3\xa4\xff\x01\n\0x", 7), "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\n\xef\xbf\xbdx");
	t_str(escaped("\xe2\x82", 2), "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_urls(void)
{
	static const char *const good[] = {
	    "https://example.com/a?b=c#d", "HTTP://x", "mailto:a@b.c", "http://[::1]/"};
	static const char *const bad[] = {"javascript:alert(1)", "data:text/html,x", "//host",
	    "/path", "https:", "https://", "ftp://x", " https://x", "https://x y", "https://x\\y",
	    "java\tscript:", "vbscript:x", "http://x\n", ""};

	t_case("links lead to http, https and mailto only");
	for (size_t i = 0; i < nelem(good); i++)
		t_check(html_url_ok(good[i], strlen(good[i])), good[i], __FILE__, __LINE__);
	for (size_t i = 0; i < nelem(bad); i++)
		t_check(!html_url_ok(bad[i], strlen(bad[i])), bad[i], __FILE__, __LINE__);
}

static void test_markdown(void)
{
	t_case("ordinary Markdown becomes ordinary HTML");
	t_str(markdown("a **b** `c`\n\n- d\n"),
	    "<p>a <strong>b</strong> <code>c</code></p>\n<ul>\n<li>d</li>\n</ul>\n");

	t_case("raw HTML is shown as text");
	t_str(markdown("x <script>alert(1)</script> y"),
	    "<p>x &lt;script&gt;alert(1)&lt;/script&gt; y</p>\n");
	t_str(markdown("<div onclick=\"x\">\n"), "<p>&lt;div onclick=&quot;x&quot;&gt;</p>\n");
	t_str(markdown("<!-- c -->"), "<p>&lt;!-- c --&gt;</p>\n");

	t_case("images become their alternative text");
	t_str(markdown("![a *b*](https://x/y.png \"t\")"), "<p>a <em>b</em></p>\n");

	t_case("links are kept with rel, or become their text");
	t_str(markdown("[a *b*](https://x/?a=1&b=2 \"t\")"),
	    "<p><a href=\"https://x/?a=1&amp;b=2\" rel=\"noopener nofollow\">a "
	    "<em>b</em></a></p>\n");
	t_str(markdown("[a](javascript:alert(1)) [b](data:text/html,x) [c](/d)"), "<p>a b c</p>\n");
	t_str(markdown("<https://x/\">"),
	    "<p><a href=\"https://x/&quot;\" rel=\"noopener nofollow\">https://x/&quot;</a></p>\n");
	t_str(markdown("[![i](https://x/i.png)](https://y/)"),
	    "<p><a href=\"https://y/\" rel=\"noopener nofollow\">i</a></p>\n");

	t_case("headings are lower than the page's");
	t_str(markdown("# a\n\n## b\n\n### c"), "<h4>a</h4>\n<h5>b</h5>\n<h6>c</h6>\n");

	t_case("headings begin right below the page's and skip no level, whatever was written");
	t_str(markdown("## a\n\ntext\n\n## b"), "<h4>a</h4>\n<p>text</p>\n<h4>b</h4>\n");
	t_str(markdown("# a\n\n###### b\n\n### c"), "<h4>a</h4>\n<h5>b</h5>\n<h5>c</h5>\n");
	t_str(markdown("### a\n\n# b\n\n## c"), "<h4>a</h4>\n<h4>b</h4>\n<h5>c</h5>\n");
	t_str(markdown("# a\n\n## b\n\n### c\n\n#### d\n\n##### e\n\n###### f\n\n# g"),
	    "<h4>a</h4>\n<h5>b</h5>\n<h6>c</h6>\n<h6>d</h6>\n<h6>e</h6>\n<h6>f</h6>\n<h4>g</h4>\n");

	t_case("a heading without words is left out, a link without words shows its address");
	t_str(markdown("#\n\n# ![ ](x)\n\n## a"), "<h4>a</h4>\n");
	t_str(markdown("[](https://x/) [![](y)](https://y/)"),
	    "<p><a href=\"https://x/\" rel=\"noopener nofollow\">https://x/</a> "
	    "<a href=\"https://y/\" rel=\"noopener nofollow\">https://y/</a></p>\n");

	t_case("a control character written as a reference is U+FFFD, wherever it stands");
	t_str(markdown("a&#1;b&#x7f;c"), "<p>a\xef\xbf\xbd"
					 "b\xef\xbf\xbd"
					 "c</p>\n");
	t_str(markdown("[a&#2;](https://x/&#3;)"), "<p>a\xef\xbf\xbd</p>\n");
	t_str(markdown("``` x&#4;\ny\n```"),
	    "<pre><code class=\"language-x\xef\xbf\xbd\">y\n</code></pre>\n");
	t_str(markdown("a&#9;b&#10;c"), "<p>a\tb\nc</p>\n");

	t_case("what looks like a template stays as it is");
	t_str(markdown("{{7*7}} ${x} %s%n @@name@@"), "<p>{{7*7}} ${x} %s%n @@name@@</p>\n");
}

/* The property that matters: whatever goes in, only these tags come out. */
static void test_property(void)
{
	static const char *const allowed[] = {"p", "h4", "h5", "h6", "ul", "ol", "li", "em",
	    "strong", "code", "pre", "blockquote", "br", "hr", "a"};
	static const char *const hostile[] = {"<img src=x onerror=alert(1)>",
	    "<svg/onload=alert(1)>", "[x](<javascript:alert(1)>)", "![x](x \"onerror=alert(1)\")",
	    "```\"><script>\n</script>\n", "[a]: javascript:x\n\n[a]", "<a href=\"x\">b</a>",
	    "\\<script>", "&lt;script&gt;", "<b <script>alert(1)</script>0",
	    "``` x\" onclick=\"y\nz\n```", "[a](https://x\"onclick=y)", "<mailto:x@y\"onclick=z>",
	    "<https://a/'\"><script>", "1. x\n\n   <p onclick=x>"};

	t_case("no tag but ours comes out, and no attribute but ours");
	for (size_t i = 0; i < nelem(hostile); i++) {
		const char *html = markdown(hostile[i]);
		for (const char *s = strchr(html, '<'); s != NULL; s = strchr(s + 1, '<')) {
			const char *tag = s + 1 + (s[1] == '/');
			size_t n = strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789");
			bool known = false;
			for (size_t k = 0; k < nelem(allowed); k++)
				known = known || (strlen(allowed[k]) == n &&
						     strncmp(allowed[k], tag, n) == 0);
			t_check(known, html, __FILE__, __LINE__);
			const char *rest = tag + n;
			bool plain = *rest == '>' || strncmp(rest, " />", 3) == 0 ||
				     strncmp(rest, " href=\"", 7) == 0 ||
				     strncmp(rest, " class=\"language-", 17) == 0 ||
				     strncmp(rest, " start=\"", 8) == 0;
			t_check(plain, html, __FILE__, __LINE__);
			/* an attribute cannot be left: after its closing quote comes > or rel */
			const char *quote = strchr(rest, '"'), *close = strchr(rest, '>');
			if (quote != NULL && quote < close)
				t_check(strpbrk(quote + 1, "\"<") != NULL &&
					    *strpbrk(quote + 1, "\"<") == '"',
				    html, __FILE__, __LINE__);
		}
	}

	t_case("10,000 nested markers are done at once");
	char *deep = malloc(30001);
	for (int i = 0; i < 10000; i++)
		memcpy(deep + 3 * i, "*a_", 3);
	deep[30000] = '\0';
	t_ok(strlen(markdown(deep)) > 10000);
	memset(deep, '[', 30000);
	t_ok(strlen(markdown(deep)) >= 30000);
	free(deep);
}

static void test_sentences(void)
{
	static const struct {
		const char *markdown, *want;
	} t[] = {
	    {"We *look* into [it](https://x). More soon.", "We look into it."},
	    {"v1.2 is slow\nfor some. Yes", "v1.2 is slow for some."},
	    {"Some users, e.g. in Europe, wait. Sorry.", "Some users, e.g. in Europe, wait."},
	    {"# Title\n\nText here.", "Title"},
	    {"Really?! Yes", "Really?!"},
	    {"障害が発生。調査中。", "障害が発生。"},
	    {"- one\n- two", "one"},
	    {"x <b>y</b>", "x <b>y</b>"},
	    {"", ""},
	    {"   \n", ""},
	    {"one two three four five six", "one two three four…"},
	};

	t_case("the first sentence is found in plain text");
	for (size_t i = 0; i < nelem(t); i++)
		t_str(html_plain_first_sentence(&arena, t[i].markdown, strlen(t[i].markdown),
			  i == nelem(t) - 1 ? 22 : 160),
		    t[i].want);

	t_case("plain text has one line per paragraph");
	static const char blocks[] = "a *b*\nc\n\n    code\n\n- d";
	t_str(html_plain(&arena, blocks, strlen(blocks)), "a b c\ncode\nd");
	static const char controls[] = "a&#1; \t&#2;b  c<d";
	t_str(html_plain(&arena, controls, strlen(controls)), "a\xef\xbf\xbd \xef\xbf\xbd"
							      "b c<d");
}

int main(void)
{
	test_escape();
	test_urls();
	test_markdown();
	test_property();
	test_sentences();
	arena_release(&arena);
	return t_end();
}
