/* audience.h - who is told of what.
 *
 * One pure function of a subscription's choices and a notice: no database, no clock.  The sender
 * asks it for every subscription of a job, in order of the job's notices; the first notice that
 * passes is the one sent, so one admin action tells nobody twice.
 *
 * The rules:
 *  - a mute of the notice's incident hides it: until "end" all of it, until "resolved" all but its
 * end;
 *  - whoever follows the incident is told everything of it, whatever else they chose;
 *  - the event must be among the chosen ones;
 *  - the impact (the highest the incident ever had) must reach the chosen minimum; maintenance
 * always does;
 *  - one of the notice's components, or the group of one, must be among the chosen ones.  A notice
 * without components concerns everyone who chose any; a row with an empty list (made by a follow)
 * chose none.
 */
#ifndef AUDIENCE_H
#define AUDIENCE_H

#include "base.h"
#include "vocabulary.h"

enum audience_mute { AUDIENCE_NOT_MUTED, AUDIENCE_MUTED_UNTIL_RESOLVED, AUDIENCE_MUTED_UNTIL_END };

/* The choices of one subscription; text as stored (schema.sql). */
struct audience_choice {
	const char *components; /* ids with one space between; NULL = all, "" = none */
	const char *events;	/* trigger words with one space between; NULL = all */
	enum impact min_impact; /* none .. critical */
	bool follows;		/* the incident of the notice */
	enum audience_mute mute;
};

struct audience_notice {
	enum trigger trigger;
	const char *components; /* ids of components and of their groups, one space between; "" =
				   everyone */
	enum impact max_impact;
};

bool audience_passes(const struct audience_choice *c, const struct audience_notice *n);

/* True if a word of a (words with one space between) is also a word of b. */
bool audience_words_meet(const char *a, const char *b);

#endif
