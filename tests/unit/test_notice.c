/* The JSON that a browser gets. */
#include "base.h"

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "notice.h"
#include "t.h"
#include "text.h"

static const struct notice example = {
    .site_url = "https://status.example.com",
    .path = "/incidents/abcdefghijkl/",
    .subject = "abcdefghijkl",
    .event = "incident_new",
    .status = "investigating",
    .impact = "major",
    .incident = "abcdefghijkl",
    .lang = "en",
    .title = "Major outage: API",
    .body = "We are looking into it.",
    .seq = 1700000000123,
    .ts = 1700000000000,
    .app_badge = 3,
};

static const char expected[] =
    "{\"web_push\":8030,\"notification\":{\"title\":\"Major outage: API\",\"body\":\"We are "
    "looking "
    "into it.\",\"navigate\":\"https://status.example.com/incidents/abcdefghijkl/\",\"icon\":"
    "\"https://status.example.com/logo.png\",\"badge\":\"https://status.example.com/badge.png\","
    "\"tag\":\"abcdefghijkl\",\"lang\":\"en\"},\"app_badge\":3,\"title\":\"Major outage: "
    "API\",\"body\":\"We are "
    "looking into it.\",\"icon\":\"https://status.example.com/logo.png\",\"badge\":"
    "\"https://status.example.com/badge.png\",\"tag\":\"abcdefghijkl\",\"data\":{\"url\":"
    "\"https://status.example.com/incidents/abcdefghijkl/\",\"event\":\"incident_new\",\"status\":"
    "\"investigating\",\"impact\":\"major\",\"incident\":\"abcdefghijkl\",\"lang\":\"en\",\"seq\":"
    "1700000000123,\"ts\":1700000000000}}";

static const struct json *parse(struct arena *a, const struct buf *b)
{
	const struct json *doc = NULL;
	const char *error = NULL;

	t_ok(json_parse(a, b->data, b->len, 4, &doc, &error));
	return doc;
}

static void test_whole(void)
{
	struct buf out = BUF_INIT;

	t_case("a notice is written as the contract says, octet by octet");
	t_ok(notice_write(&example, NOTICE_MAX, &out));
	t_str(out.data, expected);
	t_case("it is appended, not put in place of what was there");
	t_ok(notice_write(&example, NOTICE_MAX, &out));
	t_int(out.len, 2 * strlen(expected));
	buf_release(&out);
}

static void test_no_incident(void)
{
	struct notice n = example;
	struct buf out = BUF_INIT;
	struct arena a = ARENA_INIT;

	t_case("a notice about a component alone has null for the incident");
	n.incident = NULL;
	t_ok(notice_write(&n, NOTICE_MAX, &out));
	const struct json *doc = parse(&a, &out);
	t_ok(json_is(json_get(json_get(doc, "data"), "incident"), JSON_NULL));
	arena_release(&a);
	buf_release(&out);
}

/* The body of a text that had to be cut: valid, a prefix, with an ellipsis. */
static void check_cut(const char *body, size_t max)
{
	struct notice n = example;
	struct buf out = BUF_INIT;
	struct arena a = ARENA_INIT;
	size_t len = 0;

	n.body = body;
	t_ok(notice_write(&n, max, &out));
	t_ok(out.len <= max);
	/* as long as it can be: one more character would be at most 2 * 6 octets */
	t_ok(out.len + 2 * 6 + 2 > max);
	const struct json *doc = parse(&a, &out);
	const char *cut = json_string(json_get(doc, "body"), &len);
	t_ok(cut != NULL && len > 3 && strcmp(cut + len - 3, "\xe2\x80\xa6") == 0);
	t_ok(cut != NULL && strncmp(cut, body, len - 3) == 0);
	t_ok(text_is_utf8(cut, len));
	t_str(json_string(json_get(json_get(doc, "notification"), "body"), NULL), cut);
	arena_release(&a);
	buf_release(&out);
}

static void fill(char *out, size_t size, const char *unit)
{
	size_t len = strlen(unit), at = 0;

	while (at + len < size) {
		memcpy(out + at, unit, len);
		at += len;
	}
	out[at] = '\0';
}

static void test_cut(void)
{
	static const char *const units[] = {
	    "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x94\xb4", "\"", "\n", "\\ "};
	char body[9000];

	t_case("a body too long is cut between two characters, whatever they cost as JSON");
	for (size_t i = 0; i < nelem(units); i++) {
		fill(body, sizeof body, units[i]);
		check_cut(body, NOTICE_MAX);
		check_cut(body, 1024);
	}
}

static void test_left_out(void)
{
	struct notice n = example;
	struct buf out = BUF_INIT;
	char title[NOTICE_MAX];

	t_case("where not even a part of the body fits, it is left out");
	fill(title, 1000, "t");
	n.title = title;
	t_ok(notice_write(&n,
	    strlen(expected) + 2 * (strlen(title) - strlen(example.title)) -
		2 * (strlen(example.body) + strlen("\"body\":\"\",")),
	    &out));
	t_ok(strstr(out.data, "\"body\"") == NULL);

	t_case("a title that fits in no message is refused, and nothing is written");
	fill(title, sizeof title, "t");
	buf_clear(&out);
	buf_add_str(&out, "before");
	t_ok(!notice_write(&n, NOTICE_MAX, &out));
	t_str(out.data, "before");

	t_case("the smallest message then has the beginning of the title");
	buf_clear(&out);
	notice_write_minimal(&n, &out);
	t_ok(out.len < 512);
	t_ok(strstr(out.data, "\"title\":\"tttt") != NULL);
	buf_release(&out);
}

static void test_minimal(void)
{
	struct buf out = BUF_INIT;

	t_case("the smallest message is title, navigate and tag");
	notice_write_minimal(&example, &out);
	t_str(out.data, "{\"web_push\":8030,\"notification\":{\"title\":\"Major outage: API\","
			"\"navigate\":\"https://status.example.com/incidents/abcdefghijkl/\","
			"\"tag\":\"abcdefghijkl\"}}");
	buf_release(&out);
}

int main(void)
{
	test_whole();
	test_no_incident();
	test_cut();
	test_left_out();
	test_minimal();
	return t_end();
}
