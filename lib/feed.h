/* feed.h - what happened, for feed readers: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1.
 *
 * One entry per incident and maintenance, newest change first, at most VIEW_LATEST of each; its id
 * is its page's address and never changes, its content is the whole timeline, so an update is seen
 * as a change of the same entry.
 */
#ifndef FEED_H
#define FEED_H

#include "base.h"
#include "view.h"

view_draw feed_draw_atom; /* feed.atom */
view_draw feed_draw_rss;  /* feed.rss */
view_draw feed_draw_json; /* feed.json */

#endif
