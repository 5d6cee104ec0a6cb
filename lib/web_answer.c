/* web_answer.c - the answer and its headers (see web.h). */
#include "base.h"
#include "web_private.h"

#include "json.h"
#include "log.h"
#include "text.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

const char *web_reason(int status)
{
	for (size_t i = 0; i < nelem(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

static const char *const content_type[] = {
    [WEB_HTML] = "text/html; charset=utf-8",
    [WEB_JSON] = "application/json",
    [WEB_TEXT] = "text/plain; charset=utf-8",
};
static_assert(nelem(content_type) == WEB_KIND__MAX, "a type for each kind");

/* For pages: everything from our own origin, nothing inline, no framing. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'";

/* For answers that are no pages, should a browser show them as one after all. */
static const char data_policy[] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

void web_answer(struct web *web, int status, enum web_kind kind)
{
	struct web_link *link = web->link;

	link->answered = true;
	link->has_type = false;
	link->status = status;
	link->kind = kind;
	buf_clear(&link->headers);
	buf_clear(&link->body);
}

struct buf *web_body(struct web *web)
{
	return &web->link->body;
}

static bool is_clean(const char *s)
{
	return !text_has_control(s, strlen(s), false);
}

int web_header(struct web *web, const char *name, const char *value)
{
	struct web_link *link = web->link;

	if (!is_clean(name) || !is_clean(value) || strpbrk(name, ": ") != NULL || *name == '\0') {
		log_error("WEB-01", "a header %s that must not be sent: %s", name, value);
		web_error(web, 500, "Something went wrong here.");
		return -1;
	}
	if (strcasecmp(name, "Content-Type") == 0)
		link->has_type = true;
	buf_printf(&link->headers, "%s: %s\r\n", name, value);
	return 1;
}

static void json_error(struct web *web, int status, const char *field, const char *sentence)
{
	struct json_writer w = JSON_WRITER(web_body(web));

	web_answer(web, status, WEB_JSON);
	json_begin_object(&w, NULL);
	json_put_string(&w, "error", sentence);
	if (field != NULL)
		json_put_string(&w, "field", field);
	json_end_object(&w);
}

void web_json_error(struct web *web, int status, const char *sentence)
{
	json_error(web, status, NULL, sentence);
}

void web_json_field_error(struct web *web, int status, const char *field, const char *sentence)
{
	json_error(web, status, field, sentence);
}

void web_error(struct web *web, int status, const char *sentence)
{
	struct web_link *link = web->link;

	if (status >= 500) {
		log_error("WEB-02", "request %s is answered with %d", web->request_id, status);
		sentence =
		    arena_printf(web->arena, "%s (Reference: %s)", sentence, web->request_id);
	}
	if (link->mount->errors == WEB_JSON) {
		web_json_error(web, status, sentence);
	} else if (link->draw_error != NULL) {
		web_answer(web, status, WEB_HTML);
		link->draw_error(web, status, sentence, &link->body);
	} else {
		web_answer(web, status, WEB_TEXT);
		buf_printf(&link->body, "%d %s\n%s\n", status, web_reason(status), sentence);
	}
}

void web_method_error(struct web *web, const char *allow)
{
	web_error(web, 405, "This address does not take that method.");
	web_header(web, "Allow", allow);
}

/* A path of this site and nothing that a browser could read as another one: "//host", "/\host". */
static bool is_local(const char *path)
{
	if (path[0] != '/' || path[1] == '/' || strchr(path, '\\') != NULL)
		return false;
	for (const char *s = path; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

void web_redirect(struct web *web, int status, const char *local_path)
{
	if (!is_local(local_path)) {
		log_error("WEB-03", "not a path of this site: %s", local_path);
		web_error(web, 500, "Something went wrong here.");
		return;
	}
	web_answer(web, status, WEB_TEXT);
	web_header(web, "Location", local_path);
}

void web_set_cookie(
    struct web *web, const char *name, const char *value, bool secure, int64_t max_age)
{
	const char *age = "";

	if (strpbrk(value, " \",;\\") != NULL) {
		log_error("WEB-04", "a value that no cookie can hold, for %s", name);
		web_error(web, 500, "Something went wrong here.");
		return;
	}
	if (max_age >= 0)
		age = arena_printf(web->arena, "; Max-Age=%" PRId64, max_age);
	web_header(web, "Set-Cookie",
	    arena_printf(web->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, value,
		secure ? "; Secure" : "", age));
}

void web_answer_write(struct web *web, struct buf *out)
{
	struct web_link *link = web->link;
	bool bodiless = link->status == 204 || link->status == 304;

	buf_printf(out, "Status: %d %s\r\n", link->status, web_reason(link->status));
	if (!bodiless && !link->has_type)
		buf_printf(out, "Content-Type: %s\r\n", content_type[link->kind]);
	buf_printf(out, "Content-Security-Policy: %s\r\n",
	    link->kind == WEB_HTML ? page_policy : data_policy);
	buf_add_str(out, "X-Content-Type-Options: nosniff\r\n"
			 "Referrer-Policy: same-origin\r\n"
			 "Cache-Control: no-store\r\n");
	if (link->kind == WEB_HTML)
		buf_add_str(out, "Cross-Origin-Opener-Policy: same-origin\r\n");
	buf_add(out, link->headers.data, link->headers.len);
	if (!bodiless)
		buf_printf(out, "Content-Length: %zu\r\n", link->body.len);
	buf_add_str(out, "\r\n");
	if (!bodiless && web->method != WEB_HEAD)
		buf_add(out, link->body.data, link->body.len);
}
