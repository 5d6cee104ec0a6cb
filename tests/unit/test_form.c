/* test_form.c - one table of fields, judged alike from a form and from JSON. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "form.h"
#include "json.h"

static struct arena arena = ARENA_INIT;

enum { F_NAME, F_BODY, F_STATUS, F_PUSH, F_RATE, F_POST, F_AT, F_IDS, F_MAP, F_PASSWORD, F__MAX };

static const char *const statuses[] = {"investigating", "identified", "resolved"};

static const struct form_field fields[F__MAX] = {
    [F_NAME] = {"name", "Name", FORM_TEXT, .required = true, .min = 2, .max = 5},
    [F_BODY] = {"body", "Text", FORM_LINES, .max = 20},
    [F_STATUS] = {"status", "Status", FORM_CHOICE, .choices = statuses, .choices_count = 3},
    [F_PUSH] = {"push", "Push", FORM_BOOL, .required = false},
    [F_RATE] = {"rate", "Rate", FORM_INT, .min = 0, .max = 100},
    [F_POST] = {"post_id", "Form", FORM_ID, .required = false},
    [F_AT] = {"at", "Time", FORM_TIME, .required = false},
    [F_IDS] = {"component_ids", "Components", FORM_LIST, .max = 3},
    [F_MAP] = {"components", "Components", FORM_MAP, .max = 3, .choices = statuses,
	.choices_count = 3},
    [F_PASSWORD] = {"password", "Password", FORM_SECRET, .max = 8},
};

static struct form form;

static bool urlencoded(const char *text)
{
	return form_parse_urlencoded(&arena, text, strlen(text), fields, F__MAX, &form);
}

static bool json(const char *text)
{
	const struct json *doc = NULL;
	const char *error = "";

	t_ok(json_parse(&arena, text, strlen(text), 8, &doc, &error));
	return form_parse_json(&arena, doc, FORM_REFUSE_UNKNOWN, fields, F__MAX, &form);
}

static const char *sentence(const char *field)
{
	const char *s = form_error_of(&form, field);

	return s == NULL ? "" : s;
}

static void test_urlencoded(void)
{
	t_case("a form's values arrive decoded, tidied and typed");
	t_ok(urlencoded("name=+%C3%A4b%20&body=a%0D%0Ab%0Dc%0A%0A&status=identified&push=on&rate=7"
			"&post_id=abcdefghij12&at=2026-01-02T03:04&password=%20x%20"));
	t_int(form.error_count, 0);
	t_str(form.values[F_NAME].text, "\xc3\xa4"
					"b");
	t_str(form.values[F_BODY].text, "a\nb\nc");
	t_int(form.values[F_STATUS].number, 1);
	t_ok(form.values[F_PUSH].truth && form.values[F_PUSH].ok);
	t_int(form.values[F_RATE].number, 7);
	t_str(form.values[F_POST].text, "abcdefghij12");
	t_ok(form.values[F_AT].ok && form.values[F_AT].local);
	t_int(form.values[F_AT].number, INT64_C(1767323040000));
	t_str(form.values[F_PASSWORD].text, " x ");

	t_case("what is absent is absent, and an unticked box is off");
	t_ok(urlencoded("name=ab&rate=&status="));
	t_int(form.error_count, 0);
	t_ok(!form.values[F_PUSH].present && !form.values[F_PUSH].truth);
	t_ok(!form.values[F_RATE].present && !form.values[F_STATUS].ok);
	t_str(form.values[F_BODY].text, "");

	t_case("members of lists and maps are gathered");
	t_ok(urlencoded("name=ab&component_ids[]=aaaaaaaaaaaa&component_ids%5B%5D=bbbbbbbbbbbb"
			"&components[cccccccccccc]=resolved"));
	t_int(form.error_count, 0);
	t_int(form.values[F_IDS].count, 2);
	t_str(form.values[F_IDS].members[1].value, "bbbbbbbbbbbb");
	t_int(form.values[F_MAP].count, 1);
	t_str(form.values[F_MAP].members[0].key, "cccccccccccc");
	t_int(form.values[F_MAP].members[0].choice, 2);
}

static void test_malformed(void)
{
	static const char *const bad[] = {"name=ab&name=cd", "name=ab&other=1", "name=%zz",
	    "name=%00", "name=%ff", "name", "name=ab&rate=&rate=1", "name[]=ab",
	    "components=resolved", "components[a=resolved", "name=ab&",
	    "component_ids[x]=aaaaaaaaaaaa"};
	struct buf many = BUF_INIT;

	t_case("a form that no page of ours sends is refused as a whole");
	for (size_t i = 0; i < nelem(bad); i++) {
		t_check(!urlencoded(bad[i]), bad[i], __FILE__, __LINE__);
		t_ok(form.malformed != NULL);
	}

	t_case("a raw NUL is refused like an encoded one");
	t_ok(!form_parse_urlencoded(&arena, "name=a\0b", 8, fields, F__MAX, &form));

	t_case("more pairs than any form has are refused");
	for (int i = 0; i < FORM_PAIRS_MAX + 1; i++)
		buf_printf(&many, "%scomponent_ids[]=%012d", i > 0 ? "&" : "", i);
	t_ok(!urlencoded(many.data));
	buf_release(&many);
}

static void test_messages(void)
{
	t_case("each field has its own message");
	t_ok(urlencoded(
	    "name=a&body=123456789012345678901&status=x&push=maybe&rate=101&post_id=A&at=x"
	    "&component_ids[]=x&components[aaaaaaaaaaaa]=x&password=123456789"));
	t_int(form.error_count, F__MAX);
	t_str(sentence("name"), "Name must have at least 2 characters.");
	t_str(sentence("body"), "Text must have at most 20 characters.");
	t_str(sentence("status"), "Status must be one of investigating, identified, resolved.");
	t_str(sentence("push"), "Push must be on or off.");
	t_str(sentence("rate"), "Rate must be a number from 0 to 100.");
	t_str(sentence("post_id"), "Form is not an id.");
	t_str(sentence("at"), "Time is not a date and time.");
	t_str(sentence("components"),
	    "Components has \"x\", which must be one of investigating, identified, resolved.");
	t_str(sentence("component_ids"), "Components names \"x\", which is not an id.");
	t_str(form.errors[0].field, "name");
	t_str(form.values[F_NAME].text, "a");

	t_case("a required text that is missing or only white space is empty");
	t_ok(urlencoded("name=++"));
	t_str(sentence("name"), "Name must not be empty.");
	t_ok(urlencoded("body=x"));
	t_str(sentence("name"), "Name must be given.");

	t_case("lengths count code points, and controls are refused");
	t_ok(urlencoded("name=%F0%9F%94%B4%F0%9F%94%B4%F0%9F%94%B4%F0%9F%94%B4%F0%9F%94%B4"));
	t_int(form.error_count, 0);
	t_ok(urlencoded("name=a%0Ab"));
	t_str(sentence("name"), "Name must be a single line.");
	t_ok(urlencoded("name=ab&body=a%0A%09b"));
	t_int(form.error_count, 0);
	t_ok(urlencoded("name=ab&body=a%1bb"));
	t_int(form.error_count, 1);

	t_case("characters that turn the direction of a line are refused in a single line");
	t_ok(urlencoded("name=a%E2%80%AEb"));
	t_str(sentence("name"),
	    "Name holds an invisible character that turns the direction of writing; type it anew.");
	t_ok(urlencoded("name=a%E2%81%A6b") && form.error_count == 1);
	t_ok(urlencoded("name=a%E2%81%A9b") && form.error_count == 1);
	t_ok(urlencoded("name=a%E2%80%AAb") && form.error_count == 1);
	t_ok(urlencoded("name=a%E2%80%8Fb%E2%81%A5&body=a%E2%80%AEb"));
	t_int(form.error_count, 0);

	t_case("a text that nobody would see is refused");
	t_ok(urlencoded("name=%E2%80%8B+%E3%80%80"));
	t_str(sentence("name"), "Name holds nothing but characters that nobody sees.");
	t_ok(urlencoded("name=a%E2%80%8Bb") && form.error_count == 0);

	t_case("a value that is named is shortened");
	t_ok(urlencoded("name=ab&component_ids[]="
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
	t_str(sentence("component_ids"), "Components names "
					 "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xe2\x80\xa6\", "
					 "which is not an id.");

	t_case("a member twice, too many members and a key that is no id are refused");
	t_ok(urlencoded("name=ab&component_ids[]=aaaaaaaaaaaa&component_ids[]=aaaaaaaaaaaa"));
	t_str(sentence("component_ids"), "Components holds the same member twice.");
	t_ok(urlencoded("name=ab&components[x]=resolved"));
	t_str(sentence("components"), "Components names \"x\", which is not an id.");
	t_ok(urlencoded("name=ab&component_ids[]=aaaaaaaaaaaa&component_ids[]=aaaaaaaaaaab"
			"&component_ids[]=aaaaaaaaaaac&component_ids[]=aaaaaaaaaaad"));
	t_str(sentence("component_ids"), "Components has too many members.");

	t_case("a program can add a message, but not over an earlier one");
	form_add_error(&arena, &form, "name", "Name %s is taken.", "ab");
	form_add_error(&arena, &form, "name", "Later.");
	t_str(sentence("name"), "Name ab is taken.");
}

static void test_json(void)
{
	t_case("JSON gives the same values");
	t_ok(json("{\"name\":\"ab\",\"body\":\"a\\r\\nb\",\"status\":\"resolved\",\"push\":true,"
		  "\"rate\":7,"
		  "\"at\":\"2026-01-02T03:04:05.678+01:00\",\"component_ids\":[\"aaaaaaaaaaaa\"],"
		  "\"components\":{\"aaaaaaaaaaaa\":\"identified\"}}"));
	t_int(form.error_count, 0);
	t_str(form.values[F_BODY].text, "a\nb");
	t_int(form.values[F_STATUS].number, 2);
	t_ok(form.values[F_PUSH].truth);
	t_int(form.values[F_RATE].number, 7);
	t_ok(!form.values[F_AT].local);
	t_int(form.values[F_AT].number, INT64_C(1767319445678));
	t_int(form.values[F_IDS].count, 1);
	t_int(form.values[F_MAP].members[0].choice, 1);

	t_case("false and null are told from absent");
	t_ok(json("{\"name\":\"ab\",\"push\":false,\"status\":null}"));
	t_int(form.error_count, 0);
	t_ok(form.values[F_PUSH].ok && !form.values[F_PUSH].truth);
	t_ok(form.values[F_STATUS].present && form.values[F_STATUS].null &&
	     !form.values[F_STATUS].ok);
	t_ok(!form.values[F_RATE].present);
	t_ok(json("{\"name\":null}"));
	t_str(sentence("name"), "Name must be given.");

	t_case("a value of the wrong kind is refused, not converted");
	t_ok(json(
	    "{\"name\":1,\"push\":\"true\",\"rate\":\"7\",\"status\":true,\"component_ids\":\"x\","
	    "\"components\":[\"a\"],\"at\":5,\"body\":[]}"));
	t_str(sentence("name"), "Name must be a text.");
	t_str(sentence("push"), "Push must be true or false.");
	t_str(sentence("rate"), "Rate must be a whole number.");
	t_str(sentence("component_ids"), "Components must be an array of texts.");
	t_str(sentence("components"), "Components must be an object of texts.");
	t_int(form.error_count, 8);
	t_ok(json("{\"name\":\"ab\",\"rate\":1.0}"));
	t_int(form.error_count, 1);

	t_case("unknown members and documents that are no object are refused");
	t_ok(!json("{\"name\":\"ab\",\"other\":1}"));
	t_str(form.malformed, "\"other\" is not known here.");
	t_ok(!json("[1]") && form.malformed != NULL);
	t_ok(!form_parse_json(&arena, NULL, FORM_PASS_UNKNOWN, fields, F__MAX, &form));
	const struct json *doc;
	const char *error;
	static const char extra[] = "{\"name\":\"ab\",\"other\":1}";
	t_ok(json_parse(&arena, extra, strlen(extra), 8, &doc, &error) &&
	     form_parse_json(&arena, doc, FORM_PASS_UNKNOWN, fields, F__MAX, &form));
	t_int(form.error_count, 0);
}

int main(void)
{
	test_urlencoded();
	test_malformed();
	test_messages();
	test_json();
	arena_release(&arena);
	return t_end();
}
