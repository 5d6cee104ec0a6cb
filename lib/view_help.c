/* view_help.c - /help/notifications/: which browsers can, what to do where nothing arrives. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "template.h"

int view_draw_help(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = view_values(v, a);
	const char *site = v->settings.site_name;
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(
		a, "%s · %s", words_say(v->words, "page.help_title"), view_site_title(v, a)),
	    .description =
		words_fill(v->words, a, "page.help_description", WORDS_VALUES({"site", site})),
	    .path = "/help/notifications/",
	    .main = &main,
	};
	int rc;

	tv_set(values, "site_name", site);
	rc = view_render(VIEW_HELP, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
