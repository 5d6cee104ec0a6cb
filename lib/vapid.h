/* vapid.h - who we are to a push service: the Authorization header of RFC 8292.
 *
 * Shapes: keys come as unpadded base64url (public: the 65-octet uncompressed point; private: the
 * 32-octet scalar), as VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY have them.  Times are wall
 * milliseconds.
 *
 * vapid_open gives a handle to a checked pair, vapid_close wipes it.  Nothing is cached here: one
 * header is one signature (25 us) and is good for VAPID_LIFETIME_MS for every subscription of an
 * origin, so whoever sends keeps it per origin and key (RFC 8292 §5 asks for that).
 */
#ifndef VAPID_H
#define VAPID_H

#include "base.h"

struct buf;
struct vapid;

/* A service must refuse more than 24 hours, and clocks differ: half of it. */
#define VAPID_LIFETIME_MS (INT64_C(12) * 3600 * 1000)

#define VAPID_PUBLIC_LEN 65

/* Why a pair cannot be used. */
enum vapid_fault {
	VAPID_FAULT_NONE,
	VAPID_FAULT_PUBLIC_MISSING,
	VAPID_FAULT_PUBLIC_TEXT,  /* not base64url */
	VAPID_FAULT_PUBLIC_SIZE,  /* not 65 octets */
	VAPID_FAULT_PUBLIC_POINT, /* not a point of the curve */
	VAPID_FAULT_PRIVATE_MISSING,
	VAPID_FAULT_PRIVATE_TEXT,  /* not base64url */
	VAPID_FAULT_PRIVATE_SIZE,  /* not 32 octets */
	VAPID_FAULT_PRIVATE_RANGE, /* not in [1, n-1] */
	VAPID_FAULT_PAIR,	   /* the public key belongs to another private key */
	VAPID_FAULT_BROKEN,	   /* OpenSSL failed; logged */
	VAPID_FAULT__MAX
};

/* The fault as a sentence for an operator; never holds a key. */
const char *vapid_reason(enum vapid_fault fault);

/* Checks the pair.  1 and *out, or 0 and *fault (and *out untouched).  NULL and "" count as
 * missing. */
int vapid_open(const char *public_b64url, const char *private_b64url, struct vapid **out,
    enum vapid_fault *fault);

/* Wipes, frees and sets NULL; NULL is allowed. */
void vapid_close(struct vapid **v);

/* The 65 octets of the public key, for comparing with what a subscription was made with. */
const uint8_t *vapid_public_key(const struct vapid *v);

/* What a contact (VAPID_SUBJECT) is worth.  Services take a contact seriously only if it is one:
 * Apple refuses those from VAPID_SUBJECT_MISSING on. */
enum vapid_subject {
	VAPID_SUBJECT_OK,
	VAPID_SUBJECT_PLACEHOLDER, /* usable, but localhost, .local, an example domain: warn */
	VAPID_SUBJECT_MISSING,
	VAPID_SUBJECT_SCHEME,	 /* neither https:// nor mailto: */
	VAPID_SUBJECT_CHARACTER, /* a space, < or >, or anything but printable ASCII */
	VAPID_SUBJECT_HOST,	 /* https without a host name */
	VAPID_SUBJECT_MAILBOX,	 /* mailto without local@domain.tld */
	VAPID_SUBJECT__MAX
};

/* Checks `https://host...` or `mailto:local@domain.tld`.  Pure. */
enum vapid_subject vapid_check_subject(const char *subject);

/* The verdict as a sentence for an operator. */
const char *vapid_subject_reason(enum vapid_subject verdict);

/* Appends the value of the Authorization header, `vapid t=<jwt>, k=<public key>`, to out (RFC 8292
 * §3).  origin: `https://host[:port]` of the endpoint, lower case, no path, no :443; subject: a
 * contact that was checked.  The token runs from now_ms for VAPID_LIFETIME_MS.  1, or -1 (logged,
 * and out as it was). */
int vapid_header(
    struct vapid *v, const char *origin, const char *subject, int64_t now_ms, struct buf *out);

/* Before anything is sent: signs a probe and verifies it with the public key, and runs
 * ece_self_test.  False is logged. */
bool vapid_self_test(struct vapid *v);

#endif
