/* notice.c - see notice.h. */
#include "base.h"
#include "notice.h"

#include "buf.h"
#include "json.h"
#include "text.h"

#define ELLIPSIS "\xe2\x80\xa6"

#define MINIMAL_TITLE 120 /* octets */

static void put_url(struct json_writer *w, const char *name, const char *site, const char *path)
{
	struct buf url = BUF_INIT;

	buf_add_str(&url, site);
	buf_add_str(&url, path);
	json_put_string_len(w, name, url.data, url.len);
	buf_release(&url);
}

/* Where it is left out, the browser makes its usual sound. */
static void put_silent(struct json_writer *w, const struct notice *n)
{
	if (n->silent)
		json_put_bool(w, "silent", true);
}

/* The members that stand both in `notification` (then with navigate) and flat. */
static void put_common(
    struct json_writer *w, const struct notice *n, const char *body, bool navigate)
{
	json_put_string(w, "title", n->title);
	if (body != NULL)
		json_put_string(w, "body", body);
	if (navigate)
		put_url(w, "navigate", n->site_url, n->path);
	put_url(w, "icon", n->site_url, "/logo.png");
	put_url(w, "badge", n->site_url, "/badge.png");
	json_put_string(w, "tag", n->subject);
	put_silent(w, n);
}

static void put_data(struct json_writer *w, const struct notice *n)
{
	json_begin_object(w, "data");
	put_url(w, "url", n->site_url, n->path);
	json_put_string(w, "event", n->event);
	json_put_string(w, "status", n->status);
	json_put_string(w, "impact", n->impact);
	json_put_string(w, "incident", n->incident);
	json_put_string(w, "lang", n->lang);
	json_put_int(w, "seq", n->seq);
	json_put_int(w, "ts", n->ts);
	json_end_object(w);
}

static void put_message(const struct notice *n, const char *body, struct buf *out)
{
	struct json_writer w = JSON_WRITER(out);

	json_begin_object(&w, NULL);
	json_put_int(&w, "web_push", 8030);
	json_begin_object(&w, "notification");
	put_common(&w, n, body, true);
	json_put_string(&w, "lang", n->lang);
	json_end_object(&w);
	json_put_int(&w, "app_badge", n->app_badge);
	put_common(&w, n, body, false);
	put_data(&w, n);
	json_end_object(&w);
}

/* The body's first octets, cut between two characters, with an ellipsis where something is left
 * out. */
static void cut_body(const char *body, size_t octets, struct buf *out)
{
	size_t len = strlen(body);
	size_t keep = text_cut_bytes(body, len, octets);

	buf_clear(out);
	buf_add(out, body, keep);
	if (keep < len)
		buf_add_str(out, ELLIPSIS);
}

/* Escapes make the text longer by a factor that depends on what was cut, so the length is found by
 * trying: halving steps, about a dozen times, once per notice. */
static bool write_cut(const struct notice *n, size_t max, struct buf *out)
{
	struct buf body = BUF_INIT;
	size_t start = out->len, fits = 0, low = 1, high = strlen(n->body);

	while (low <= high) {
		size_t middle = low + (high - low) / 2;

		cut_body(n->body, middle, &body);
		put_message(n, body.data, out);
		if (out->len - start <= max) {
			fits = middle;
			low = middle + 1;
		} else {
			high = middle - 1;
		}
		out->len = start;
	}
	if (fits > 0) {
		cut_body(n->body, fits, &body);
		put_message(n, body.data, out);
	}
	buf_release(&body);
	return fits > 0;
}

bool notice_write(const struct notice *n, size_t max, struct buf *out)
{
	size_t start = out->len;

	put_message(n, n->body, out);
	if (out->len - start <= max)
		return true;
	out->len = start;
	if (write_cut(n, max, out))
		return true;
	put_message(n, NULL, out);
	if (out->len - start <= max)
		return true;
	out->len = start;
	out->data[start] = '\0';
	return false;
}

void notice_write_minimal(const struct notice *n, struct buf *out)
{
	struct json_writer w = JSON_WRITER(out);
	struct buf title = BUF_INIT;

	cut_body(n->title, MINIMAL_TITLE, &title);
	json_begin_object(&w, NULL);
	json_put_int(&w, "web_push", 8030);
	json_begin_object(&w, "notification");
	json_put_string(&w, "title", title.data);
	put_url(&w, "navigate", n->site_url, n->path);
	json_put_string(&w, "tag", n->subject);
	put_silent(&w, n);
	json_end_object(&w);
	json_end_object(&w);
	buf_release(&title);
}
