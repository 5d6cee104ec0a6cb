/* job.h - what people have to be told: jobs, their notices and texts, the ledger.
 *
 * A job is one admin action.  It is written in the transaction of the fact it tells of and holds an
 * ordered list of notices (the incident first, then components, worst first), each with its topic,
 * its text per language, its expiry and urgency; and the highest subscription id at that moment, so
 * its audience is closed.  A request writes a handful of rows whatever the number of subscribers.
 *
 * A job is spread over lanes (lane.h) by the sender.  It ends `done` when every lane and every
 * exception of it is finished, or `stopped` by an admin: then the rest of its audience is counted
 * without sending, and it stays `stopped`.
 *
 * Topic (RFC 8030 §5.4) = first 32 hex digits of HMAC-SHA-256(secret "topic", subject id): the same
 * for all notices of one incident, so a push service keeps only the newest; tag of the notification
 * = the subject id itself. seq = max(last seq of the subject + 1, now in ms).
 *
 * 1 done, 0 no such thing, -1 broken and logged.
 */
#ifndef JOB_H
#define JOB_H

#include "base.h"
#include "vocabulary.h"

struct arena;
struct db;
struct fault;

/* What a notice says in one language; UTF-8. */
struct job_text {
	const char *lang; /* tag: "en" */
	const char *title, *body;
};

/* One notice to be written.  All text is UTF-8; pointers are the caller's. */
struct job_notice {
	enum trigger trigger;
	const char *subject_id;	 /* of incident, maintenance or component */
	const char *incident_id; /* NULL for a component's notice without incident */
	const char *components;	 /* ids of components and of their groups, one space between; "" =
				    everyone */
	const char *status;	 /* word of the incident's or component's status: data.status */
	enum impact impact;	 /* now */
	enum impact max_impact;	 /* highest so far */
	const char *urgency;	 /* "low" "normal" "high" */
	const char *path;	 /* "/incidents/<id>/" or "/" */
	int64_t expires_at;	 /* ms */
	const struct job_text *texts;
	size_t n_texts; /* at least 1; the English title is the one that the ledger shows */
};

/* Writes a job with n notices (n > 0).  Must be inside the fact's transaction.  The new job's
 * public id is copied to public_id.  0 and no row where push is switched off. */
int job_add(
    struct db *db, struct arena *a, const struct job_notice *notices, size_t n, char public_id[13]);

/* Writes a test to one subscription: a job with an empty audience and one exception, due now,
 * expiring after 60 s, outside the ledger, in the subscriber's language.  0 where push is switched
 * off, or there is no such subscription. */
int job_add_test(struct db *db, struct arena *a, int64_t subscription_id);

/* The ledger of one job, as GET notifications shows it. */
struct job_counts {
	int64_t accepted, retrying, gone, refused, expired, superseded, stopped;
};

/* All that were counted: the audience, once the job is done. */
int64_t job_audience(const struct job_counts *c);

struct job_origin {
	const char *origin;
	struct job_counts counts;
};

struct job_view {
	int64_t id;
	char *public_id, *trigger, *incident_id /* or NULL */, *component_id /* or NULL */, *title,
	    *state, *retry_of /* public id of the job whose missed ones it tells, or NULL */;
	int64_t created_at, first_at, last_at; /* ms; 0 = not yet */
	int64_t max_subscription_id;
	const char *nobody; /* why nobody was told of it, or nobody for now; NULL where somebody was
			       or may be */
	struct job_counts counts;
	struct job_origin *origins;
	size_t n_origins;
};

/* The origin's counts, NULL where it has none yet. */
const struct job_counts *job_find_origin(const struct job_view *v, const char *origin);

/* The newest jobs but tests, newest first, at most `limit`; of all, or of one incident. */
int job_list(struct db *db, struct arena *a, int64_t limit, struct job_view **out, size_t *n);
int job_list_incident(struct db *db, struct arena *a, const char *incident_id, int64_t limit,
    struct job_view **out, size_t *n);
int job_get(struct db *db, struct arena *a, const char *public_id, struct job_view *out);

/* Stops a job that is sending.  1 stopped, 0 unknown or no longer sending. */
int job_stop(struct db *db, const char *public_id);

/* Tells those again whose push of a finished job was refused or came too late, though their
 * subscriptions live: the table `missed`, which is kept for a week and has some 10,000 of a job at most.
 * A new job with the same notices, newer seq, at least an hour to live, and these subscriptions alone;
 * its ledger is its own.  Only as long as the notices say what is still so: a later notice of the same
 * subject, or another status of it, and telling the old one would be wrong.  1 and the new public id, 0
 * with f, -1.  Inside a transaction. */
int job_retry(
    struct db *db, struct arena *a, const char *public_id, char new_id[13], struct fault *f);

/* How many that would be now; 0 also where job_retry would refuse. */
int job_count_missed(struct db *db, int64_t job_id, int64_t *out);

/* Stops all unfinished jobs of an incident that is deleted. */
int job_stop_incident(struct db *db, const char *incident_id);

/* True (1) if a sender has something to do now or within `within_ms`: an unfinished lane whose
 * origin is not paused, a job not spread yet, or a due exception. */
int job_work_due(struct db *db, int64_t now_ms, int64_t within_ms);

#endif
