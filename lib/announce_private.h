/* announce_private.h - what the files of the announce module share; nobody else includes it. */
#ifndef ANNOUNCE_PRIVATE_H
#define ANNOUNCE_PRIVATE_H

#include "base.h"
#include "announce.h"
#include "job.h"

struct words;

#define ANNOUNCE_BODY_POINTS 160
#define ANNOUNCE_NAME_POINTS 90

/* What a notice tells of; each kind of text takes from it what it needs. */
struct announce_about {
	const struct incident *incident;       /* of an incident or maintenance */
	const struct component_change *change; /* of a component */
	enum trigger trigger;
	const char *said; /* first sentence of what the admin wrote; "" = nothing */
	const char *zone; /* IANA name, for times of day */
	int64_t now;	  /* ms */
};

/* Title and body in one language. */
typedef struct job_text announce_write(
    const struct words *w, struct arena *a, const struct announce_about *x);

/* ---- announce_text.c */

announce_write announce_incident_text, announce_component_text;

/* What a title calls the thing: its one component that visitors see, else the incident itself. */
const char *announce_subject(const struct incident *i);

/* "shape" and the text of this name about `name`. */
char *announce_headline(
    const struct words *w, struct arena *a, const char *shape, const char *text, const char *name);

/* ---- announce_maintenance.c */

announce_write announce_maintenance_text;

/* When the message is of no use any more. */
int64_t announce_maintenance_expiry(
    const struct incident *i, enum trigger trigger, int64_t usual_ms);

#endif
