/* web_private.h - what web.c, web_request.c and web_answer.c share; for nobody else.
 *
 * web.c owns the connection and libfcgi, web_request.c turns parameters into a struct web,
 * web_answer.c builds the bytes of the answer.  The latter two know nothing of the connection.
 */
#ifndef WEB_PRIVATE_H
#define WEB_PRIVATE_H

#include "web.h"

/* Where a program is reached, and what is usual there. */
struct web_mount {
	const char *program;
	const char *prefix;
	enum web_kind errors; /* the kind of error answers */
	bool is_api;	      /* PATCH and DELETE too; `path` keeps the prefix */
};

struct web_link {
	/* the request */
	char *const *params; /* "NAME=value", NULL at the end */
	const struct web_mount *mount;
	const char *content_length; /* NULL if absent */
	const char *cookies;
	struct pair *query;
	size_t query_count;
	char *const *proxies;

	/* the answer */
	bool answered;
	bool has_type; /* a handler set Content-Type itself */
	int status;
	enum web_kind kind;
	struct buf headers;
	struct buf body;
	web_error_page *draw_error;

	/* the connection: read len bytes of the body, *got < len only at its end, -1 broken; and is
	 * there nothing behind what was read? */
	int (*read)(struct web_link *link, char *out, size_t len, size_t *got);
	bool (*at_end)(struct web_link *link);
	void *connection;
};

/* The first mount of a program; ends the process if there is none. */
const struct web_mount *web_mount_of(const char *program);

/* Fills *web from link->params.  False: refused, and the answer is built. */
bool web_request_read(struct web *web, const char *program);

/* Writes status line, headers and body (not for HEAD) as CGI wants them. */
void web_answer_write(struct web *web, struct buf *out);

#endif
