/* test_json.c - what is refused as JSON, what is read, what is written. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "json.h"

static struct arena arena = ARENA_INIT;

static bool parses(const char *text)
{
	const struct json *doc = NULL;
	const char *error = NULL;
	bool ok = json_parse(&arena, text, strlen(text), 8, &doc, &error);

	t_ok(ok ? doc != NULL : error != NULL);
	return ok;
}

static const struct json *parsed(const char *text)
{
	const struct json *doc = NULL;
	const char *error = NULL;

	t_ok(json_parse(&arena, text, strlen(text), 8, &doc, &error));
	return doc;
}

static void test_refusals(void)
{
	static const char *const bad[] = {"", " ", "{", "}", "{}{}", "{} x", "[1,]", "{\"a\":1,}",
	    "{'a':1}", "{a:1}", "{\"a\" 1}", "[1 2]", "NaN", "[NaN]", "[Infinity]", "[-]", "[+1]",
	    "[01]", "[1.]", "[.5]", "[1e]", "[0x10]", "/* c */{}", "{} // c", "\xef\xbb\xbf{}",
	    "[\"\t\"]", "[\"a\nb\"]", "[\"\\u0000\"]", "[\"\\u0001\"]", "[\"\\b\"]", "[\"\\x41\"]",
	    "[\"\\u12\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"\xff\"]",
	    "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]", "[\"abc", "[\"abc\\", "tru", "nul", "[True]",
	    "[9223372036854775808]", "[-9223372036854775809]", "{\"a\":1,\"a\":2}",
	    "{\"endpoint\":1,\"\\u0065ndpoint\":2}", "{\"k\":{\"x\":1,\"x\":1}}", "\v{}"};

	t_case("everything that RFC 8259 does not allow, and more, is refused");
	for (size_t i = 0; i < nelem(bad); i++)
		if (parses(bad[i]))
			t_check(false, bad[i], __FILE__, __LINE__);

	t_case("a NUL inside the text is refused");
	const struct json *doc;
	const char *error;
	t_ok(!json_parse(&arena, "{}\0", 3, 8, &doc, &error));
	t_ok(!json_parse(&arena, "[\"a\0b\"]", 7, 8, &doc, &error));
}

static void test_acceptance(void)
{
	static const char *const good[] = {"{}", "[]", "1", "-0", "true", "null", "\"x\"",
	    " [ 1 , 2 ] ", "[1e5,1.5E-2,-0.0]", "{\"a\":{\"a\":1}}", "[\"\\ud83d\\udd34\"]",
	    "[\"\\n\\r\\t\\/\\\"\\\\\"]", "[9223372036854775807]", "[\"\xf0\x9f\x94\xb4\"]",
	    "{\"\":1}"};

	t_case("what RFC 8259 allows is taken");
	for (size_t i = 0; i < nelem(good); i++)
		if (!parses(good[i]))
			t_check(false, good[i], __FILE__, __LINE__);
}

static void test_depth(void)
{
	static char deep[200001];

	t_case("depth 8 is taken, depth 9 and 100,000 refused");
	t_ok(parses("[[[[[[[[1]]]]]]]]"));
	t_ok(!parses("[[[[[[[[[1]]]]]]]]]"));
	t_ok(parses("{\"a\":[{\"a\":[{\"a\":[{\"a\":[]}]}]}]}"));
	t_ok(!parses("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}"));
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	t_ok(!parses(deep));
}

static void test_members(void)
{
	struct buf b = BUF_INIT;

	t_case("an object may have 1,024 members, not one more");
	buf_add_str(&b, "{");
	for (int i = 0; i < 1024; i++)
		buf_printf(&b, "%s\"k%d\":%d", i > 0 ? "," : "", i, i);
	buf_add_str(&b, "}");
	const struct json *doc = parsed(b.data);
	int64_t n = -1;
	t_int(json_count(doc), 1024);
	t_ok(json_int(json_get(doc, "k1023"), &n));
	t_int(n, 1023);
	b.len--;
	buf_add_str(&b, ",\"one\":1}");
	t_ok(!parses(b.data));
	buf_release(&b);
}

static void test_reading(void)
{
	const struct json *doc = parsed(
	    "{\"s\":\"\\u00e4\\n\",\"i\":-5,\"r\":1.5,\"b\":true,\"n\":null,\"l\":[1,\"x\"]}");
	const char *name;
	bool truth = false;
	int64_t number = 0;
	size_t len = 0;

	t_case("each kind is read as itself and as nothing else");
	t_str(json_string(json_get(doc, "s"), &len), "\xc3\xa4\n");
	t_int(len, 3);
	t_ok(json_int(json_get(doc, "i"), &number) && number == -5);
	t_ok(!json_int(json_get(doc, "r"), &number));
	t_ok(json_is(json_get(doc, "r"), JSON_REAL));
	t_ok(json_boolean(json_get(doc, "b"), &truth) && truth);
	t_ok(json_is(json_get(doc, "n"), JSON_NULL));
	t_ok(json_string(json_get(doc, "i"), NULL) == NULL);
	t_ok(json_get(doc, "absent") == NULL && json_get(NULL, "s") == NULL);
	t_ok(json_get(json_get(doc, "l"), "s") == NULL);

	t_case("arrays and objects are walked in order");
	t_int(json_count(json_get(doc, "l")), 2);
	t_str(json_string(json_at(json_get(doc, "l"), 1, &name), NULL), "x");
	t_ok(name == NULL);
	json_at(doc, 5, &name);
	t_str(name, "l");
	t_int(json_count(json_get(doc, "s")), 0);
}

static void test_writing(void)
{
	struct buf b = BUF_INIT;
	struct json_writer w = JSON_WRITER(&b);

	t_case("commas, names and kinds are written right");
	json_begin_object(&w, NULL);
	json_put_string(&w, "a", "x");
	json_begin_array(&w, "l");
	json_put_int(&w, NULL, -7);
	json_begin_object(&w, NULL);
	json_end_object(&w);
	json_put_bool(&w, NULL, false);
	json_end_array(&w);
	json_put_string(&w, "n", NULL);
	json_put_time(&w, "t", 1000);
	json_end_object(&w);
	t_str(b.data,
	    "{\"a\":\"x\",\"l\":[-7,{},false],\"n\":null,\"t\":\"1970-01-01T00:00:01.000Z\"}");
	t_ok(parses(b.data));

	t_case("nothing in a string can leave it, nor a script element around it");
	buf_clear(&b);
	static const char nasty[] = "\"\\</script>\x01\x7f\n\xe2\x80\xa8\xff\xf0\x9f\x94\xb4";
	json_escape(&b, nasty, strlen(nasty));
	t_str(
	    b.data, "\\\"\\\\\\u003c/script>\\u0001\\u007f\\n\\u2028\xef\xbf\xbd\xf0\x9f\x94\xb4");
	buf_release(&b);
}

int main(void)
{
	test_refusals();
	test_acceptance();
	test_depth();
	test_members();
	test_reading();
	test_writing();
	arena_release(&arena);
	return t_end();
}
