/* view_parts.h - what the files that draw public pages share; nobody else includes it. */
#ifndef VIEW_PARTS_H
#define VIEW_PARTS_H

#include "base.h"
#include "view.h"

struct tv;

enum view_template {
	VIEW_FRAME,
	VIEW_SHAPES,
	VIEW_INDEX,
	VIEW_INCIDENT,
	VIEW_TIMELINE,
	VIEW_NOT_FOUND,
	VIEW_MANIFEST,
	VIEW_TEMPLATE__MAX
};

/* The frame around a page. */
struct view_frame {
	const char *title, *description;
	const struct buf *main; /* the rendered page */
	bool changed;		/* says when something last changed */
};

/* Renders a template that view_open has parsed.  1, or -1 and logged. */
int view_render(enum view_template which, const struct tv *values, struct buf *out);

int view_draw_frame(
    const struct view *v, struct arena *a, const struct view_frame *f, struct buf *out);

/* "Example Cloud status": how titles call the page. */
char *view_site_title(const struct view *v, struct arena *a);

/* Sets `name` (ISO) and `name`_text (to be read without JavaScript). */
void view_set_time(struct tv *values, struct arena *a, const char *name, int64_t ms);

/* The state word that stands for an impact in class names and shapes. */
const char *view_state_of_impact(enum impact i);
const char *view_impact_word(enum impact i);

/* The timeline of an incident as HTML into `timeline` of values, without the updates that neither
 * have a text nor change the state. */
int view_set_timeline(struct tv *values, struct arena *a, const struct view_incident *i);

/* Adds the block `affected` with `label` and a chip for each affected component that is not hidden:
 * with the status it has now while the incident is open, with the worst one the incident gave it
 * afterwards. */
void view_add_affected(struct tv *values, const struct view_incident *i, const char *label);

#endif
