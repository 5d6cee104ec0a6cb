/* test_badge.c - pictures of the state: word, shape, width, and names that mean harm. */
#include "base.h"

#include "arena.h"
#include "badge.h"
#include "buf.h"
#include "t.h"
#include "text.h"

#define S(text) ((char *)(text)) /* the structs take char *, and nobody writes to them */

static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;

static struct component components[] = {
    {.id = S("gggggggggggg"), .name = S("Group"), .is_group = true},
    {.id = S("aaaaaaaaaaaa"), .name = S("API"), .group_id = S("gggggggggggg")},
    {.id = S("hhhhhhhhhhhh"),
	.name = S("Hidden"),
	.group_id = S("gggggggggggg"),
	.hidden = true,
	.status = COMPONENT_MAJOR_OUTAGE},
};
static struct view v = {
    .site_url = "https://s.example", .components = components, .n_components = nelem(components)};

static const char *page(const char *name)
{
	v.settings.site_name = S(name);
	buf_clear(&out);
	t_int(badge_draw(&v, &arena, &out), 1);
	return out.data;
}

static const char *of(const struct component *c)
{
	buf_clear(&out);
	t_int(badge_draw_component(&v, c, &arena, &out), 1);
	return out.data;
}

static bool has(const char *text)
{
	return strstr(out.data, text) != NULL;
}

/* The number in the first name="number" of the picture. */
static int number(const char *name)
{
	const char *at = strstr(out.data, arena_printf(&arena, " %s=\"", name));
	uint64_t value = 0;

	t_ok(at != NULL);
	if (at == NULL)
		return -1;
	at += strlen(name) + 3;
	t_ok(text_parse_u64(at, strcspn(at, "\""), 0, 100000, &value));
	return (int)value;
}

static void states(void)
{
	static const struct {
		enum component_status status;
		const char *word, *shape;
	} table[] = {
	    {COMPONENT_OPERATIONAL, ">Operational</text>", "<circle"},
	    {COMPONENT_UNDER_MAINTENANCE, ">Under maintenance</text>", "d=\"M10.9.9a4.6"},
	    {COMPONENT_DEGRADED_PERFORMANCE, ">Degraded performance</text>", "d=\"M5.5 1L"},
	    {COMPONENT_PARTIAL_OUTAGE, ">Partial outage</text>", "d=\"M5.5 0L"},
	    {COMPONENT_MAJOR_OUTAGE, ">Major outage</text>", "d=\"M1 1H"},
	};

	t_case("each state has its word and its shape, and no other's");
	for (size_t i = 0; i < nelem(table); i++) {
		components[1].status = table[i].status;
		of(&components[1]);
		t_ok(has(">API</text>"));
		for (size_t k = 0; k < nelem(table); k++) {
			t_int(has(table[k].word), i == k);
			t_int(has(table[k].shape), i == k);
		}
		page("Example");
		t_ok(has(">Example</text>"));
		t_ok(has(table[i].word));
	}

	t_case("a group shows the worst of its members that are not hidden");
	components[1].status = COMPONENT_DEGRADED_PERFORMANCE;
	of(&components[0]);
	t_ok(has(">Group</text>") && has(">Degraded performance</text>"));

	t_case("it is an image that says in words what it shows");
	components[1].status = COMPONENT_PARTIAL_OUTAGE;
	of(&components[1]);
	t_ok(has("role=\"img\"") && has("aria-label=\"API: Partial outage\""));
	t_ok(has("<title>API: Partial outage</title>"));
}

static void widths(void)
{
	int narrow, wide;

	t_case("the width follows the letters, not their number");
	page("iiiiiiiiii");
	narrow = number("width");
	page("WWWWWWWWWW");
	wide = number("width");
	t_ok(wide - narrow > 70);
	t_int(number("textLength"), 109);

	t_case("other scripts have room, and marks above a letter take none");
	page("日本語日本語");
	t_int(number("textLength"), 66);
	page("e\u0301\u0301\u0301");
	t_int(number("textLength"), 7);

	t_case("a very long name is shortened in the picture and whole in its title");
	page("Very long name of a page that nobody could read in such a small picture");
	t_ok(has("…</text>"));
	t_ok(has("in such a small picture: Partial outage</title>"));
	t_ok(number("width") < 420);
}

static void hostile_names(void)
{
	t_case("a name is text, whatever it holds");
	page("</text><script>alert('1')</script>\"&");
	t_ok(!has("<script") && has("&lt;script&gt;") && has("&quot;&amp;"));
	t_ok(!has("'"));
	page("@@width@@");
	t_ok(has(">@@width@@</text>"));

	t_case("what XML cannot hold is replaced");
	page("a\x01"
	     "b\xef\xbf\xbe"
	     "c\xef\xbf\xbf");
	t_ok(has(">a\xef\xbf\xbd"
		 "b\xef\xbf\xbd"
		 "c\xef\xbf\xbd</text>"));
	page("\xef\xbf\xbc \xef\xbf\xa0");
	t_ok(has(">\xef\xbf\xbc \xef\xbf\xa0</text>"));
}

int main(void)
{
	states();
	widths();
	hostile_names();
	buf_release(&out);
	arena_release(&arena);
	return t_end();
}
