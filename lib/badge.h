/* badge.h - small pictures of the state for other pages: /badge.svg, and /badge/<id>.svg for each
 * component that visitors see.
 */
#ifndef BADGE_H
#define BADGE_H

#include "base.h"
#include "view.h"

view_draw badge_draw;
int badge_draw_component(
    const struct view *v, const struct component *c, struct arena *a, struct buf *out);

#endif
