/* bulletin.h - a job as the sender needs it: its notices with the finished texts, and what newer
 * jobs say about the same things.
 *
 * Loaded once and used for every window of the job until something changes (lane.h asks for a new
 * one then).  All memory belongs to the bulletin; who keeps a pointer into it counts himself in
 * `users`.
 */
#ifndef BULLETIN_H
#define BULLETIN_H

#include "base.h"
#include "arena.h"
#include "audience.h"
#include "quiet.h"

struct db;

/* JSON before encryption. */
struct bulletin_payload {
	const uint8_t *full; /* NULL where it fits in no message: then only the smallest is sent */
	size_t full_len;
	const uint8_t *minimal;
	size_t minimal_len;
};

/* One language of a notice. */
struct bulletin_text {
	const char *lang;
	struct bulletin_payload usual, silent; /* silent: in quiet hours */
};

/* A newer job's notice of the same topic: who passes it needs the older one no more. */
struct bulletin_newer {
	int64_t job_id, max_subscription_id;
	const char *incident_id; /* NULL = none */
	struct audience_notice audience;
};

struct bulletin_notice {
	struct audience_notice audience;
	const char *topic, *urgency;
	enum quiet_notice quiet;
	const char *incident_id; /* NULL = none */
	int64_t expires_at;	 /* ms */
	struct bulletin_text *texts;
	size_t n_texts; /* at least 1 */
	struct bulletin_newer *newer;
	size_t n_newer;
};

struct bulletin {
	int64_t job_id, max_subscription_id;
	bool stopped, is_test;
	const char *incident_id; /* of its notices, NULL = none */
	struct bulletin_notice *notices;
	size_t n_notices;
	int64_t expires_at; /* the last of its notices */

	unsigned users;
	struct bulletin *next; /* of the owner's list */
	struct arena arena;
};

/* Reads a job inside the caller's transaction.  1 and *out; 0 there is no such job, or nothing in
 * it that can be sent (logged); -1 broken and logged. */
int bulletin_load(struct db *db, int64_t job_id, const char *site_url, struct bulletin **out);

void bulletin_free(struct bulletin *b);

/* The text in this language, else in that of the first part of its tag ("de" for "de-AT"), else
 * English, else the first. */
const struct bulletin_text *bulletin_text(const struct bulletin_notice *n, const char *lang);

#endif
