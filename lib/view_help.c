/* view_help.c - /help/notifications/: which browsers can, what to do where nothing arrives. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "template.h"

int view_draw_help(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = tv_new(a);
	struct buf main = BUF_INIT;
	struct view_frame frame = {
	    .title = arena_printf(a, "Help with notifications · %s", view_site_title(v, a)),
	    .description = arena_printf(a,
		"Which browsers show notifications of %s, and what to do where none arrive.",
		v->settings.site_name),
	    .path = "/help/notifications/",
	    .main = &main,
	};
	int rc;

	tv_set(values, "site_name", v->settings.site_name);
	rc = view_render(VIEW_HELP, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
