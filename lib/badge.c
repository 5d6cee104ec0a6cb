/* badge.c - see badge.h. */
#include "base.h"
#include "badge.h"

#include "arena.h"
#include "asset.h"
#include "buf.h"
#include "log.h"
#include "readapi.h"
#include "statuspage.h"
#include "template.h"
#include "text.h"

#define NAME_SHOWN 40 /* code points */

/* In pixels of the picture. */
#define MARGIN	   6
#define SHAPE_SIZE 11
#define SHAPE_GAP  5 /* between shape and word */

/* Thousandths of the font's size, in a wide face (Verdana): another one is narrower, and the
 * picture tells the renderer the width to fit in. */
#define FONT_SIZE 11
static const uint16_t ascii_advance[] = {
    /* space to slash */
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454,
    /* digits, colon to question mark */
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 454, 454, 818, 818, 818, 545,
    /* at sign, capitals, to underscore */
    1000, 684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843, 748, 787, 603, 787, 695,
    684, 616, 732, 684, 989, 685, 615, 685, 454, 454, 454, 818, 636,
    /* grave accent, small letters, to tilde */
    636, 601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973, 633, 607, 623, 623, 427,
    521, 394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818};
static_assert(nelem(ascii_advance) == '~' - ' ' + 1, "every printable character");

/* The rest by the first byte of its UTF-8: roughly Latin, Greek and Cyrillic; everything up to the
 * wide scripts; pictures. */
static unsigned advance(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];

	if (len == 1)
		return c >= ' ' && c <= '~' ? ascii_advance[c - ' '] : 0;
	if (len == 2)
		return c == 0xcc ? 0 : 720; /* U+0300 to U+033F stand above the letter before */
	return len == 3 ? 1000 : 1400;
}

static int text_width(const char *s)
{
	size_t len = strlen(s), n;
	unsigned sum = 0;

	for (size_t i = 0; i < len; i += n) {
		n = text_step(s + i, len - i);
		if (n == 0)
			n = 1;
		sum += advance(s + i, n);
	}
	return (int)(sum * FONT_SIZE + 999) / 1000;
}

static struct template *parsed(void)
{
	static struct template *t;
	struct buf error = BUF_INIT;
	const struct asset *asset = asset_get("state_badge.svg.in");

	if (t != NULL)
		return t;
	if (asset == NULL)
		log_die("BADGE-01", "the template of badges is not built in");
	t = template_parse(asset->name, (const char *)asset->data, asset->len, &error);
	if (t == NULL)
		log_die("BADGE-02", "%s", error.data);
	return t;
}

/* U+FFFE and U+FFFF are no characters of XML 1.0, whose readers would refuse the whole picture. */
static char *xml_text(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	for (char *at = copy; (at = strstr(at, "\xef\xbf")) != NULL; at += 3)
		if ((unsigned char)at[2] >= 0xbe)
			at[2] = '\xbd';
	return copy;
}

static int draw(
    struct arena *a, const char *full_name, enum component_status status, struct buf *out)
{
	const char *word = component_status_label(status);
	char *full = xml_text(a, full_name);
	char *name = text_shorten(a, full, NAME_SHOWN);
	int name_width = text_width(name), word_width = text_width(word);
	int split = MARGIN + name_width + MARGIN;
	int word_x = split + MARGIN + SHAPE_SIZE + SHAPE_GAP;
	int width = word_x + word_width + MARGIN;
	struct tv *values = tv_new(a);

	tv_printf(values, "label", "%s: %s", full, word);
	tv_set(values, "name", name);
	tv_set(values, "word", word);
	tv_set_int(values, "width", width);
	tv_set_int(values, "split", split);
	tv_set_int(values, "right", width - split);
	tv_set_int(values, "name_width", name_width);
	tv_set_int(values, "word_width", word_width);
	tv_set_int(values, "word_x", word_x);
	tv_set_int(values, "shape_left", split + MARGIN);
	tv_printf(values, "shape_x", "%d.5", split + MARGIN + SHAPE_SIZE / 2);
	tv_add(values, component_status_word(status));
	return template_render(parsed(), values, out);
}

/* The status of which the indicator speaks. */
static enum component_status page_status(const struct view *v)
{
	static const enum component_status status[IMPACT__MAX] = {
	    [IMPACT_NONE] = COMPONENT_OPERATIONAL,
	    [IMPACT_MINOR] = COMPONENT_DEGRADED_PERFORMANCE,
	    [IMPACT_MAJOR] = COMPONENT_PARTIAL_OUTAGE,
	    [IMPACT_CRITICAL] = COMPONENT_MAJOR_OUTAGE,
	    [IMPACT_MAINTENANCE] = COMPONENT_UNDER_MAINTENANCE,
	};
	const char *description;

	return status[impact_from_word(readapi_indicator(v, &description))];
}

int badge_draw(const struct view *v, struct arena *a, struct buf *out)
{
	return draw(a, v->settings.site_name, page_status(v), out);
}

int badge_draw_component(
    const struct view *v, const struct component *c, struct arena *a, struct buf *out)
{
	struct statuspage page = {
	    .components = v->components, .n_components = v->n_components, .is_public = true};

	return draw(a, c->name, statuspage_status(&page, c), out);
}
