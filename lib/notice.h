/* notice.h - the JSON that a browser gets (docs/contract.md §5), one text for classic service
 * workers and for Declarative Web Push.
 *
 * Pure.  Written once per notice and language, encrypted for each subscription.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include "base.h"

struct buf;

/* Text and padding together never exceed this: the smallest limit among the services. */
#define NOTICE_MAX 2800

/* All text UTF-8, words those of the contract. */
struct notice {
	const char *site_url; /* origin of the page, without a slash at its end */
	const char *path;     /* of the page that a click opens; starts with a slash */
	const char *subject;  /* id: the tag */
	const char *event, *status, *impact;
	const char *incident; /* NULL = none */
	const char *lang;
	const char *title, *body;
	int64_t seq, ts; /* ms */
	/* The number on the icon of the installed page; not in the smallest message. */
	int64_t app_badge;
	bool silent; /* shown without a sound */
};

/* Appends the whole message, at most `max` octets (<= NOTICE_MAX): a body too long is cut between
 * two characters and ends in "…"; where even that does not fit, it is left out.  True, or false and
 * nothing appended where the rest alone is too long. */
bool notice_write(const struct notice *n, size_t max, struct buf *out);

/* Appends the smallest message that is still a notification: title, navigate, tag, and whether it is
 * silent. */
void notice_write_minimal(const struct notice *n, struct buf *out);

#endif
