/* html.c - see html.h.
 *
 * Markdown goes through cmark's tree, which is changed before it is drawn: what would be raw HTML
 * becomes text, an image its alternative text, a link we do not want its text.  After that cmark's
 * own renderer, in its safe mode, can only write mark-up of cmark's and the <a> of ours.
 */
#include "base.h"
#include "html.h"

#include <cmark.h>

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "text.h"

#define HEADING_FIRST 4 /* the page's own headings end at h3 */
#define HEADING_LAST  6

/* Bytes of the valid, printable sequence at s; 0 if there is none. */
static size_t good_step(const char *s, size_t len)
{
	size_t n = 1;

	if ((unsigned char)s[0] < 0x80)
		return text_has_control(s, 1, true) ? 0 : 1;
	while (n < len && n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return text_is_utf8(s, n) ? n : 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Markup is ours already: only what no page may hold is replaced in it. */
static void add_printable(struct buf *out, const char *s, size_t len, bool as_markup)
{
	size_t i = 0;

	while (i < len) {
		size_t n = good_step(s + i, len - i);
		const char *e = as_markup ? NULL : entity(s[i]);
		if (n == 0)
			buf_add_str(out, "\xef\xbf\xbd");
		else if (e != NULL)
			buf_add_str(out, e);
		else
			buf_add(out, s + i, n);
		i += n == 0 ? 1 : n;
	}
}

void html_escape(struct buf *out, const char *s, size_t len)
{
	add_printable(out, s, len, false);
}

static bool has_prefix(const char *s, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len > n && strncasecmp(s, prefix, n) == 0;
}

bool html_url_ok(const char *url, size_t len)
{
	if (!text_is_utf8(url, len) || text_has_control(url, len, false))
		return false;
	if (memchr(url, ' ', len) != NULL || memchr(url, '\\', len) != NULL)
		return false;
	return has_prefix(url, len, "https://") || has_prefix(url, len, "http://") ||
	       has_prefix(url, len, "mailto:");
}

/* --- the tree --------------------------------------------------------------------------------- */

static void move_children_before(cmark_node *parent, cmark_node *place)
{
	cmark_node *child;

	while ((child = cmark_node_first_child(parent)) != NULL)
		cmark_node_insert_before(place, child);
}

/* Puts the children of an inline node into its place. */
static void unwrap(cmark_node *node)
{
	move_children_before(node, node);
	cmark_node_free(node);
}

/* True if anything of it can be read. */
static bool has_words(cmark_node *node)
{
	cmark_iter *walk = cmark_iter_new(node);
	bool found = false;

	while (!found && cmark_iter_next(walk) != CMARK_EVENT_DONE) {
		const char *words = cmark_node_get_literal(cmark_iter_get_node(walk));
		found = words != NULL && words[strspn(words, " \t\n")] != '\0';
	}
	cmark_iter_free(walk);
	return found;
}

static cmark_node *new_text(const char *words)
{
	cmark_node *text = cmark_node_new(CMARK_NODE_TEXT);

	cmark_node_set_literal(text, words);
	return text;
}

static void replace_link(cmark_node *node)
{
	const char *url = cmark_node_get_url(node);
	size_t len = url == NULL ? 0 : strlen(url);
	struct buf open = BUF_INIT;

	if (len == 0 || !html_url_ok(url, len)) {
		unwrap(node);
		return;
	}
	if (!has_words(node))
		cmark_node_append_child(node, new_text(url));
	cmark_node *link = cmark_node_new(CMARK_NODE_CUSTOM_INLINE);
	buf_add_str(&open, "<a href=\"");
	html_escape(&open, url, len);
	buf_add_str(&open, "\" rel=\"noopener nofollow\">");
	cmark_node_set_on_enter(link, open.data);
	cmark_node_set_on_exit(link, "</a>");
	buf_release(&open);
	cmark_node_insert_before(node, link);
	cmark_node *child;
	while ((child = cmark_node_first_child(node)) != NULL)
		cmark_node_append_child(link, child);
	cmark_node_free(node);
}

static void replace_html_inline(cmark_node *node)
{
	cmark_node_insert_before(node, new_text(cmark_node_get_literal(node)));
	cmark_node_free(node);
}

static void replace_html_block(cmark_node *node)
{
	cmark_node *paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH);
	const char *html = cmark_node_get_literal(node);
	char *line = strdup(html == NULL ? "" : html);

	if (line == NULL)
		log_die("HTML-01", "out of memory");
	cmark_node_append_child(paragraph, new_text(text_trim(line)));
	free(line);
	cmark_node_insert_before(node, paragraph);
	cmark_node_free(node);
}

/* The levels, as written, of the headings that the place we are at stands under. */
struct outline {
	int level[6];
	int depth;
};

/* One level below the heading that it stands under, whatever its writer skipped. */
static void lower_heading(cmark_node *node, struct outline *outline)
{
	int level = cmark_node_get_heading_level(node);

	if (!has_words(node)) {
		cmark_node_free(node);
		return;
	}
	while (outline->depth > 0 && outline->level[outline->depth - 1] >= level)
		outline->depth--;
	int shown = HEADING_FIRST + outline->depth;
	outline->level[outline->depth++] = level;
	cmark_node_set_heading_level(node, shown > HEADING_LAST ? HEADING_LAST : shown);
}

static void tame(cmark_node *node, struct outline *outline)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_HTML_BLOCK:
		replace_html_block(node);
		break;
	case CMARK_NODE_HTML_INLINE:
		replace_html_inline(node);
		break;
	case CMARK_NODE_IMAGE:
		unwrap(node);
		break;
	case CMARK_NODE_LINK:
		replace_link(node);
		break;
	case CMARK_NODE_HEADING:
		lower_heading(node, outline);
		break;
	default:
		break;
	}
}

/* Changing a node is safe once the walk has left it: EXIT comes after its children, and leaves have
 * ENTER only. */
static bool is_last_visit(cmark_event_type event, cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	return event == CMARK_EVENT_EXIT || type == CMARK_NODE_HTML_BLOCK ||
	       type == CMARK_NODE_HTML_INLINE;
}

static void tame_tree(cmark_node *root)
{
	cmark_iter *walk = cmark_iter_new(root);
	struct outline outline = {.depth = 0};
	cmark_event_type event;

	while ((event = cmark_iter_next(walk)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(walk);
		if (is_last_visit(event, node))
			tame(node, &outline);
	}
	cmark_iter_free(walk);
}

void html_markdown(struct buf *out, const char *markdown, size_t len)
{
	cmark_node *root = cmark_parse_document(markdown, len, CMARK_OPT_VALIDATE_UTF8);
	char *html;

	tame_tree(root);
	html = cmark_render_html(root, CMARK_OPT_DEFAULT);
	/* A reference such as &#1; is no control character before cmark has read it. */
	add_printable(out, html, strlen(html), true);
	free(html);
	cmark_node_free(root);
}

/* --- plain text ---------------------------------------------------------------------------------
 */

static void end_line(struct buf *b)
{
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_add_char(b, '\n');
}

/* Adds text with every run of white space as one space. */
static void add_words(struct buf *b, const char *s)
{
	while (s != NULL && *s != '\0') {
		bool after = b->len == 0 || strchr(" \n", b->data[b->len - 1]) != NULL;
		size_t space = strspn(s, " \n\t"), word = strcspn(s, " \n\t");
		if (space > 0 && !after)
			buf_add_char(b, ' ');
		add_printable(b, s, word, true);
		s += space > 0 ? space : word;
	}
}

static void add_plain(struct buf *b, cmark_event_type event, cmark_node *node)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
	case CMARK_NODE_CODE:
	case CMARK_NODE_HTML_INLINE:
		add_words(b, cmark_node_get_literal(node));
		break;
	case CMARK_NODE_CODE_BLOCK:
	case CMARK_NODE_HTML_BLOCK:
		add_words(b, cmark_node_get_literal(node));
		end_line(b);
		break;
	case CMARK_NODE_SOFTBREAK:
	case CMARK_NODE_LINEBREAK:
		add_words(b, " ");
		break;
	case CMARK_NODE_PARAGRAPH:
	case CMARK_NODE_HEADING:
		if (event == CMARK_EVENT_EXIT)
			end_line(b);
		break;
	default:
		break;
	}
}

char *html_plain(struct arena *a, const char *markdown, size_t len)
{
	cmark_node *root = cmark_parse_document(markdown, len, CMARK_OPT_VALIDATE_UTF8);
	cmark_iter *walk = cmark_iter_new(root);
	struct buf b = BUF_INIT;
	cmark_event_type event;

	while ((event = cmark_iter_next(walk)) != CMARK_EVENT_DONE)
		add_plain(&b, event, cmark_iter_get_node(walk));
	cmark_iter_free(walk);
	cmark_node_free(root);
	char *plain = text_trim(buf_arena(&b, a));
	buf_release(&b);
	return plain;
}

/* Bytes of a sentence's end mark at s, 0 if there is none. */
static size_t end_mark(const char *s)
{
	static const char *const wide[] = {"。", "！", "？"};

	if (*s == '.' || *s == '!' || *s == '?')
		return 1;
	for (size_t i = 0; i < nelem(wide); i++)
		if (strncmp(s, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

/* A mark ends the sentence if white space follows and what comes then does not go on in lower case:
 * "e.g. the API" does, "v1.2" has no space. */
static bool ends_here(const char *s, size_t mark)
{
	const char *next = s + mark;

	if (mark > 1 || *next == '\0' || *next == '\n')
		return true;
	if (*next != ' ')
		return false;
	return !(next[1] >= 'a' && next[1] <= 'z');
}

char *html_plain_first_sentence(
    struct arena *a, const char *markdown, size_t len, size_t max_points)
{
	char *text = html_plain(a, markdown, len);

	for (char *s = text; *s != '\0'; s++) {
		size_t mark = end_mark(s);
		if (mark > 0 && ends_here(s, mark)) {
			s[mark] = '\0';
			break;
		}
		if (*s == '\n') {
			*s = '\0';
			break;
		}
	}
	return text_shorten(a, text, max_points);
}
