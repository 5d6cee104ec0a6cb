/* html.h - text into HTML, and Markdown into safe HTML; the only user of cmark.
 *
 * One escaper serves element text and quoted attributes: & < > " ' become entities, bytes that are
 * not UTF-8 and control characters become U+FFFD.
 */
#ifndef HTML_H
#define HTML_H

#include "base.h"

struct arena;
struct buf;

void html_escape(struct buf *out, const char *s, size_t len);

/* True if a link may lead there: http:, https: or mailto:, with nothing hidden in it. */
bool html_url_ok(const char *url, size_t len);

/* Appends the HTML of CommonMark text.  Raw HTML in it is shown as text, images become their
 * alternative text, links other than http, https and mailto become their text; the rest get
 * rel="noopener nofollow", and their address as text if they have none.  Headings are moved below
 * the page's own (h4 to h6) and skip no level; one without words is left out.  What html_escape
 * refuses is U+FFFD here too, written as a reference (&#1;) or not. */
void html_markdown(struct buf *out, const char *markdown, size_t len);

/* The same text without any mark-up, one line per paragraph. */
char *html_plain(struct arena *a, const char *markdown, size_t len);

/* The first sentence of html_plain, at most max_points code points, cut at a word with "…". */
char *html_plain_first_sentence(
    struct arena *a, const char *markdown, size_t len, size_t max_points);

#endif
