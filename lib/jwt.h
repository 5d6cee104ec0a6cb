/* jwt.h - the Authorization headers of one origin, one per key pair (RFC 8292 §5).
 *
 * A header is signed when it is first needed, kept for hours and renewed when less than two are
 * left; services verify a token once and remember it, and Apple wants no new one within an hour.
 * When a service refuses it, it is renewed once out of turn, then not again for an hour.
 */
#ifndef JWT_H
#define JWT_H

#include "base.h"

struct vapid;

struct jwt_text;

struct jwt {
	struct jwt_text *text;	  /* newest first: requests in flight still use the others */
	int64_t until, forced_at; /* ms */
	uint32_t serial;	  /* grows with each renewal; 0 = none yet */
	bool accepted;		  /* a push was accepted since the last renewal */
};

/* The header, alive until jwt_release; NULL is broken and logged. */
const char *jwt_header(
    struct jwt *t, struct vapid *key, const char *origin, const char *subject, int64_t now_ms);

/* The service refuses it: true, and the next jwt_header signs a new one; false if that was done
 * within the hour. */
bool jwt_renew(struct jwt *t, int64_t now_ms);

/* The clock was set: the next jwt_header signs a new one, whatever was renewed or accepted before. */
void jwt_forget(struct jwt *t);

void jwt_release(struct jwt *t);

#endif
