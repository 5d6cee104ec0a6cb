/* web.h - one HTTP request and its answer; the only user of libfcgi.
 *
 * The same binary serves FastCGI (descriptor 0 is a listening socket) and plain CGI (environment,
 * stdin, stdout).  A program opens the server once and asks for requests until there are none:
 *
 *	struct web_server *server = web_open("subscribe");
 *	struct web *web;
 *	while (web_next(server, &web) == 1) {
 *		route(web);
 *		web_finish(&web);	// the answer is on the wire, the connection closed
 *		...			// work that nobody waits for
 *	}
 *	web_close(&server);
 *
 * What reaches the program has passed these gates; a request that does not is answered here and
 * never seen: the parameters fit WEB_PARAMS_MAX; no security-relevant parameter stands twice;
 * SCRIPT_NAME and PATH_INFO together are a path of this program, in canonical form (404 otherwise);
 * the method is known (405); the query is well-formed (400).  Nothing of a request outlives it:
 * all is in the request's arena.
 *
 * SIGTERM, SIGINT and SIGUSR1 end web_next after the current request: they are blocked except while
 * it waits, so no system call of a handler is ever interrupted by them.
 */
#ifndef WEB_H
#define WEB_H

#include "base.h"
#include "arena.h"
#include "buf.h"

struct json;
struct pair;
struct web_server;
struct web_link;

/* Bytes of all parameters together: headers and what the server adds. */
#define WEB_PARAMS_MAX	 ((size_t)64 * 1024)
#define WEB_QUERY_MAX	 4096
#define WEB_QUERY_FIELDS 32
#define WEB_PATH_MAX	 512

enum web_method { WEB_GET, WEB_HEAD, WEB_POST, WEB_PATCH, WEB_DELETE, WEB_METHOD__MAX };

/* What the body of the request says it is (Content-Type without parameters; only charset=utf-8 is
 * accepted as parameter). */
enum web_media {
	WEB_MEDIA_NONE, /* no Content-Type */
	WEB_MEDIA_JSON,
	WEB_MEDIA_FORM, /* application/x-www-form-urlencoded */
	WEB_MEDIA_OTHER,
	WEB_MEDIA__MAX
};

/* What the answer is; decides Content-Type and security headers. */
enum web_kind { WEB_HTML, WEB_JSON, WEB_TEXT, WEB_KIND__MAX };

struct web {
	/* read-only for the program */
	struct arena *arena;
	enum web_method method;
	const char
	    *path;   /* below the program: "" or "/state"; under /v1 with it: "/v1/pages/..." */
	bool is_api; /* came in by /v1 */
	enum web_media media;
	const char *origin;	     /* Origin, NULL if absent */
	const char *sec_fetch_site;  /* Sec-Fetch-Site, NULL if absent */
	const char *accept_language; /* NULL if absent */
	const char *authorization;   /* the whole header, NULL if absent; see web_bearer */
	const char *address;	     /* canonical text of the client's address, "" if unknown */
	uint8_t address_bytes[16];
	size_t address_len;	/* 4, 16 (IPv4-mapped ones are 4), or 0 if unknown */
	const char *request_id; /* 16 hex digits, for the visitor and the log */
	const char *body;	/* after web_read_body: body_len bytes and a NUL */
	size_t body_len;

	struct web_link *link; /* private */
};

/* program is "subscribe", "admin-settings" or "incident-post"; the string is kept.  Ends the
 * process if FastCGI cannot be started. */
struct web_server *web_open(const char *program);

/* Forwarded client addresses (X-Forwarded-For) count only when the peer is one of these: canonical
 * text, NULL at the end, kept by pointer.  Without this call none counts. */
void web_trust_proxies(struct web_server *server, char *const *addresses);

/* Called when a request has come in, before anything of it is looked at. */
typedef void web_prelude(void *user);
void web_set_prelude(struct web_server *server, web_prelude *run, void *user);

/* Draws the HTML of an error page into out.  Without one, errors are plain text. */
typedef void web_error_page(struct web *web, int status, const char *sentence, struct buf *out);
void web_set_error_page(struct web_server *server, web_error_page *draw);

/* Waits for the next request.  1 *web is set, 0 no more (signal, or CGI's only one was served), -1
 * the socket is broken (logged). */
int web_next(struct web_server *server, struct web **web);

/* Sends the answer, closes the connection, forgets the request and sets *web to NULL.  Without an
 * answer set, the visitor gets a 500.  1 sent, -1 the peer had gone (logged). */
int web_finish(struct web **web);

/* Also finishes a request that is still open. */
void web_close(struct web_server **server);

/* --- the request ------------------------------------------------------------------------------ */

/* True for GET and HEAD: the same answer is built for both, and for HEAD its body is not sent. */
bool web_is_read(const struct web *web);

/* Reads exactly CONTENT_LENGTH bytes, at most max, into web->body.  1 done; 0 refused and answered:
 * 411 without a length, 413 too long (before anything is read), 400 for a length that is no plain
 * number and for a body that is shorter or longer. */
int web_read_body(struct web *web, size_t max);

/* A value of the query string, decoded; NULL if absent. */
const char *web_query(const struct web *web, const char *name);

/* A cookie's value; NULL if it is absent, empty, or stands more than once. */
const char *web_cookie(const struct web *web, const char *name);

/* The token of "Authorization: Bearer <token>" (or "OAuth <token>"), NULL otherwise. */
const char *web_bearer(const struct web *web);

/* The part of the client's address that a rate counts by: 4 bytes of IPv4, or the first 8 (/64) of
 * IPv6.  Returns the length, 0 if the address is unknown. */
size_t web_client_network(const struct web *web, uint8_t out[8]);

/* --- the answer ---------------------------------------------------------------------------------
 */

/* Starts (or starts over) the answer: status, kind, empty body, no headers but the kind's own. */
void web_answer(struct web *web, int status, enum web_kind kind);

/* The body to append to.  Valid until web_finish. */
struct buf *web_body(struct web *web);

/* Adds a header.  A value (or name) with CR, LF, NUL or another control is never sent: the answer
 * becomes a 500 and the result is -1 (logged).  Content-Type replaces the kind's own. */
int web_header(struct web *web, const char *name, const char *value);

/* {"error": sentence} */
void web_json_error(struct web *web, int status, const char *sentence);

/* {"error": sentence, "field": field} */
void web_json_field_error(struct web *web, int status, const char *field, const char *sentence);

/* An error in the kind of the path: JSON for /v1 and subscribe, else the error page. */
void web_error(struct web *web, int status, const char *sentence);

/* "Method Not Allowed" with the Allow header, e.g. "GET, HEAD". */
void web_method_error(struct web *web, const char *allow);

/* Redirects (303 in general) to a path of this site: "/..." with no second slash and nothing that
 * could leave it; anything else is a 500. */
void web_redirect(struct web *web, int status, const char *local_path);

/* Set-Cookie with Path=/, HttpOnly and SameSite=Strict; Secure if asked.  max_age in seconds, 0
 * deletes, -1 = until the browser closes. */
void web_set_cookie(
    struct web *web, const char *name, const char *value, bool secure, int64_t max_age);

/* "Not Found" for 404; "" for a status that we never send. */
const char *web_reason(int status);

#endif
