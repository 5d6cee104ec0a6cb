/* test_text.c - strict numbers, base64, hex, UTF-8, cutting, decoding. */
#include "base.h"
#include "text.h"

#include "arena.h"
#include "buf.h"
#include "t.h"

static void check_u64(void)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		bool ok;
		uint64_t value;
	} table[] = {
	    {"0", 0, 9, true, 0},
	    {"7", 7, 7, true, 7},
	    {"8", 7, 7, false, 0},
	    {"6", 7, 7, false, 0},
	    {"18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX},
	    {"18446744073709551616", 0, UINT64_MAX, false, 0},
	    {"99999999999999999999", 0, UINT64_MAX, false, 0},
	    {"100000000000000000000", 0, UINT64_MAX, false, 0},
	    {"", 0, 9, false, 0},
	    {"00", 0, 9, false, 0},
	    {"01", 0, 9, false, 0},
	    {"+1", 0, 9, false, 0},
	    {"-1", 0, 9, false, 0},
	    {" 1", 0, 9, false, 0},
	    {"1 ", 0, 9, false, 0},
	    {"1.0", 0, 9, false, 0},
	    {"1e1", 0, 99, false, 0},
	    {"0x1", 0, 9, false, 0},
	    {"\xd9\xa1", 0, 9, false, 0},
	};

	t_case("an unsigned number is digits alone, in range, without a leading zero; else the "
	       "output is untouched");
	for (size_t i = 0; i < nelem(table); i++) {
		uint64_t v = 4711;
		const char *s = table[i].text;
		t_check(text_parse_u64(s, strlen(s), table[i].min, table[i].max, &v) == table[i].ok,
		    s, __FILE__, __LINE__);
		t_int(v, table[i].ok ? table[i].value : 4711);
	}
	t_case("a number ends where its length says, and a NUL within it is foreign");
	uint64_t v;
	t_ok(text_parse_u64("123", 2, 0, 99, &v) && v == 12);
	t_ok(!text_parse_u64("1\0002", 3, 0, 999, &v));
}

static void check_i64(void)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool ok;
		int64_t value;
	} table[] = {
	    {"0", -1, 1, true, 0},
	    {"-1", -1, 1, true, -1},
	    {"-2", -1, 1, false, 0},
	    {"2", -1, 1, false, 0},
	    {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
	    {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
	    {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
	    {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
	    {"-0", -1, 1, false, 0},
	    {"--1", -9, 9, false, 0},
	    {"+1", -9, 9, false, 0},
	    {"-", -9, 9, false, 0},
	    {"", -9, 9, false, 0},
	    {"-01", -9, 9, false, 0},
	};

	t_case("a signed number may have one minus, reaches both ends of its type, and -0 is none");
	for (size_t i = 0; i < nelem(table); i++) {
		int64_t v = 4711;
		const char *s = table[i].text;
		t_check(text_parse_i64(s, strlen(s), table[i].min, table[i].max, &v) == table[i].ok,
		    s, __FILE__, __LINE__);
		t_int(v, table[i].ok ? table[i].value : 4711);
	}
}

static void check_base64_encode(void)
{
	static const struct {
		const char *bytes, *text;
	} table[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
	    {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
	struct buf b = BUF_INIT;

	t_case("the examples of RFC 4648 §10 are written without padding, in the URL alphabet");
	for (size_t i = 0; i < nelem(table); i++) {
		buf_clear(&b);
		text_base64url_add(&b, table[i].bytes, strlen(table[i].bytes));
		t_str(b.data, table[i].text);
	}
	t_case("every octet in every place comes back from base64url, in the length announced");
	for (size_t len = 0; len < 260; len++) {
		uint8_t in[260], out[260];
		for (size_t i = 0; i < len; i++)
			in[i] = (uint8_t)(i * 37 + len);
		buf_clear(&b);
		text_base64url_add(&b, in, len);
		t_int(b.len, TEXT_BASE64URL_LEN(len));
		t_int(text_base64_decode(TEXT_BASE64URL, b.data, b.len, out, len), len);
		t_mem(in, out, len);
	}
	buf_release(&b);
}

static void check_base64_decode(void)
{
	static const struct {
		const char *text;
		ssize_t strict, either;
	} table[] = {
	    {"", 0, 0},
	    {"Zg", 1, 1},
	    {"Zm8", 2, 2},
	    {"Zm9v", 3, 3},
	    {"Zg==", -1, 1},
	    {"Zm8=", -1, 2},
	    {"-_-_", 3, 3},
	    {"++++", -1, 3},
	    {"////", -1, 3},
	    {"+_8=", -1, 2},
	    /* padding that the length does not ask for */
	    {"Zg=", -1, -1},
	    {"Zg===", -1, -1},
	    {"Zm8==", -1, -1},
	    {"Zm9v=", -1, -1},
	    {"Zm9v==", -1, -1},
	    {"Zm9v====", -1, -1},
	    {"=", -1, -1},
	    {"==", -1, -1},
	    {"====", -1, -1},
	    {"Z===", -1, -1},
	    {"Zg==Zg==", -1, -1},
	    /* lengths that no octets have */
	    {"Z", -1, -1},
	    {"Zm9vZ", -1, -1},
	    /* bits behind the last octet */
	    {"Zh", -1, -1},
	    {"Zo", -1, -1},
	    {"Zm9", -1, -1},
	    {"Zh==", -1, -1},
	    /* foreign characters */
	    {"Zm 9", -1, -1},
	    {"Zm9v\n", -1, -1},
	    {"Zm9.", -1, -1},
	    {"Zm9\xc3", -1, -1},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		static char name[nelem(table)][64];
		uint8_t out[16], before[16];
		const char *s = table[i].text;
		snprintf(name[i], sizeof name[i], "base64 \"%s\" is judged rightly", s);
		t_case(name[i]);
		memset(before, 0xa5, sizeof before);
		memset(out, 0xa5, sizeof out);
		t_int(text_base64_decode(TEXT_BASE64URL, s, strlen(s), out, sizeof out),
		    table[i].strict);
		t_mem(out + (table[i].strict < 0 ? 0 : table[i].strict), before, 8);
		memset(out, 0xa5, sizeof out);
		t_int(text_base64_decode(TEXT_BASE64_EITHER, s, strlen(s), out, sizeof out),
		    table[i].either);
		t_mem(out + (table[i].either < 0 ? 0 : table[i].either), before, 8);
	}
	t_case("base64 that is one octet longer than its target is refused");
	uint8_t out[4] = {1, 2, 3, 4};
	t_int(text_base64_decode(TEXT_BASE64URL, "Zm9v", 4, out, 3), 3);
	t_int(out[3], 4);
	t_int(text_base64_decode(TEXT_BASE64URL, "Zm9vYg", 6, out, 3), -1);
	t_int(text_base64_decode(TEXT_BASE64URL, "Zg", 2, out, 0), -1);
}

static void check_hex(void)
{
	struct buf b = BUF_INIT;
	uint8_t out[3] = {9, 9, 9};

	t_case("hex is written in lower case and read in either");
	text_hex_add(&b, "\x00\x1f\xff", 3);
	t_str(b.data, "001fff");
	t_ok(text_hex_decode("001fFF", 6, out, 3));
	t_mem(out, "\x00\x1f\xff", 3);
	t_case("hex of another length or with a foreign digit is refused and nothing written");
	memset(out, 9, sizeof out);
	t_ok(!text_hex_decode("001ff", 5, out, 3));
	t_ok(!text_hex_decode("001fff00", 8, out, 3));
	t_ok(!text_hex_decode("001ffg", 6, out, 3));
	t_ok(!text_hex_decode(" 01fff", 6, out, 3));
	t_mem(out, "\x09\x09\x09", 3);
	buf_release(&b);
}

static void check_utf8(void)
{
	static const struct {
		const char *text;
		bool ok;
	} table[] = {
	    {"", true},
	    {"plain", true},
	    {"\x7f", true},
	    {"\xc2\x80", true},
	    {"\xdf\xbf", true},
	    {"\xe0\xa0\x80", true},
	    {"\xed\x9f\xbf", true},
	    {"\xee\x80\x80", true},
	    {"\xef\xbf\xbf", true},
	    {"\xf0\x90\x80\x80", true},
	    {"\xf4\x8f\xbf\xbf", true},
	    {"\x80", false},
	    {"\xbf", false},
	    {"\xc0\x80", false},
	    {"\xc1\xbf", false},
	    {"\xc2", false},
	    {"\xc2\x7f", false},
	    {"\xc2\xc0", false},
	    {"\xe0\x9f\xbf", false},
	    {"\xed\xa0\x80", false},
	    {"\xed\xbf\xbf", false},
	    {"\xe2\x82", false},
	    {"\xe2\x82\x28", false},
	    {"\xf0\x8f\xbf\xbf", false},
	    {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false},
	    {"\xf0\x9f\x98", false},
	    {"\xf0\x9f\x98\x28", false},
	    {"\xfe", false},
	    {"\xff", false},
	    {"a\xe2\x82\xac"
	     "b\xff",
		false},
	};

	t_case("UTF-8 is taken up to each border of RFC 3629 and refused one beyond");
	for (size_t i = 0; i < nelem(table); i++) {
		char what[16];
		snprintf(what, sizeof what, "row %zu", i);
		t_check(text_is_utf8(table[i].text, strlen(table[i].text)) == table[i].ok, what,
		    __FILE__, __LINE__);
	}
	t_case("a NUL is valid UTF-8");
	t_ok(text_is_utf8("a\0b", 3));
	t_case("a code point that ends beyond the length is none");
	t_ok(!text_is_utf8("\xc3\xa4", 1));
	t_ok(!text_is_utf8("\xf0\x9f\x98\x80", 3));
	t_int(text_step("\xf0\x9f\x98\x80", 4), 4);
	t_int(text_step("\xf0\x9f\x98\x80", 3), 0);
	t_int(text_step("", 0), 0);
}

static void check_control(void)
{
	t_case("a NUL, a C0 control or DEL is found anywhere");
	t_ok(text_has_control("a\0b", 3, true));
	t_ok(text_has_control("\x01", 1, true));
	t_ok(text_has_control("ab\x1f", 3, true));
	t_ok(text_has_control("\x7f", 1, true));
	t_ok(!text_has_control("\x20\x7e\xc3\xa4", 4, false));
	t_ok(!text_has_control("", 0, false));
	t_case(
	    "tab and line feed count as controls in one line, not in several; return always does");
	t_ok(text_has_control("a\nb", 3, false));
	t_ok(text_has_control("a\tb", 3, false));
	t_ok(!text_has_control("a\n\tb", 4, true));
	t_ok(text_has_control("a\r\nb", 4, true));
}

/* 1, 2, 3 and 4 octets: borders at 0 1 3 6 10 */
#define STEPS "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"

static void check_cutting(void)
{
	static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

	t_case("code points are counted, not octets");
	t_int(text_length("", 0), 0);
	t_int(text_length(STEPS, 10), 4);
	t_case("a cut to a number of octets never splits a code point");
	for (size_t max = 0; max < nelem(want); max++)
		t_int(text_cut_bytes(STEPS, 10, max), want[max]);
	t_int(text_cut_bytes("", 0, 0), 0);
	t_case("a text that fits is not read beyond its end");
	const char *exact = memcpy(malloc(3), STEPS, 3);
	t_int(text_cut_bytes(exact, 3, 3), 3);
	free((void *)exact);
}

static void check_shorten(void)
{
	static const struct {
		const char *text;
		size_t max;
		const char *want;
	} table[] = {
	    {"short", 5, "short"},
	    {"", 0, ""},
	    {"", 3, ""},
	    {"abcdefghijkl", 5, "abcd…"},
	    {"The quick brown fox", 12, "The quick…"},
	    {"The quick brown fox", 10, "The quick…"},
	    {"a bcdefghijklmnopq", 10, "a bcdefgh…"},
	    {"Hello, wonderful", 8, "Hello…"},
	    {"one\ntwo three", 5, "one…"},
	    {"abcdefgh\nij klm", 11, "abcdefgh…"},
	    {"abcdefg hijklmnop", 13, "abcdefg hijk…"},
	    {"abcdefghi jklmnop", 13, "abcdefghi…"},
	    {"äöüäöü", 4, "äöü…"},
	    {"äöü", 3, "äöü"},
	    {"ab", 1, "…"},
	    {"ab", 0, ""},
	};
	struct arena a = ARENA_INIT;

	t_case("a text too long is cut behind a word of its last third, with an ellipsis that "
	       "counts");
	for (size_t i = 0; i < nelem(table); i++) {
		char *got = text_shorten(&a, table[i].text, table[i].max);
		t_str(got, table[i].want);
		t_ok(text_length(got, strlen(got)) <= table[i].max);
		t_ok(text_is_utf8(got, strlen(got)));
	}
	arena_release(&a);
}

static void check_trim(void)
{
	char both[] = " \t\r\n a b \n", none[] = "ab", blank[] = " \n ", empty[] = "";

	t_case("white space goes at both ends and stays within");
	t_str(text_trim(both), "a b");
	t_str(text_trim(none), "ab");
	t_str(text_trim(blank), "");
	t_str(text_trim(empty), "");

	t_case("a text of characters that nobody sees is unseen; one that is seen makes it seen");
	static const char *const unseen[] = {"", " ", "\u00a0", "\u200b\u200d\u2060", "\u3000",
	    "\u3164", "\u2800", "\ufeff", "\U000e0041", "\u00ad \u202f"};
	for (size_t i = 0; i < nelem(unseen); i++)
		t_ok(text_is_unseen(unseen[i]));
	static const char *const seen[] = {"a", "\u200ba", "日本", "🔴", "é", "👩\u200d💻", "\u2026"};
	for (size_t i = 0; i < nelem(seen); i++)
		t_ok(!text_is_unseen(seen[i]));
}

static void check_id(void)
{
	t_case("an id is 12 characters of a to z and 0 to 9");
	t_ok(text_is_id("abcxyz019zz0", 12));
	t_ok(!text_is_id("abcxyz019zz", 11));
	t_ok(!text_is_id("abcxyz019zz00", 13));
	t_ok(!text_is_id("Abcxyz019zz0", 12));
	t_ok(!text_is_id("abcxyz019zz/", 12));
	t_ok(!text_is_id("abcxyz019zz\0", 12));
	t_ok(!text_is_id("", 0));
}

static void check_urldecode(void)
{
	static const struct {
		const char *text, *want;
	} table[] = {
	    {"", ""},
	    {"a+b%20c", "a b c"},
	    {"%2b%2B%25", "++%"},
	    {"%C3%a4", "ä"},
	    {"100%", NULL},
	    {"%4", NULL},
	    {"%4g", NULL},
	    {"%g4", NULL},
	    {"%%41", NULL},
	    {"%00", NULL},
	    {"a%00b", NULL},
	};
	struct buf b = BUF_INIT;

	t_case("a form's escapes are decoded, and a broken escape or a NUL is refused");
	for (size_t i = 0; i < nelem(table); i++) {
		buf_clear(&b);
		const char *s = table[i].text;
		bool ok = text_urldecode_add(&b, s, strlen(s));
		t_check(ok == (table[i].want != NULL), s, __FILE__, __LINE__);
		if (table[i].want != NULL)
			t_str(b.data, table[i].want);
	}
	buf_clear(&b);
	t_ok(!text_urldecode_add(&b, "a\0b", 3));
	t_case("an escape is not read beyond the length");
	t_ok(!text_urldecode_add(&b, "%41", 2));
	buf_release(&b);
}

static void check_equal(void)
{
	t_case("secrets are equal if every octet is");
	t_ok(text_equal_secret("abc", "abc", 3));
	t_ok(!text_equal_secret("abc", "abd", 3));
	t_ok(!text_equal_secret("abc", "bbc", 3));
	t_ok(text_equal_secret("abc", "abd", 2));
	t_ok(text_equal_secret("a", "b", 0));
	t_ok(!text_equal_secret("\x01\x01", "\x02\x02", 2));
}

int main(void)
{
	check_u64();
	check_i64();
	check_base64_encode();
	check_base64_decode();
	check_hex();
	check_utf8();
	check_control();
	check_cutting();
	check_shorten();
	check_trim();
	check_id();
	check_urldecode();
	check_equal();
	return t_end();
}
