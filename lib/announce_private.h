/* announce_private.h - what the files of the announce module share; nobody else includes it. */
#ifndef ANNOUNCE_PRIVATE_H
#define ANNOUNCE_PRIVATE_H

#include "base.h"
#include "announce.h"

#define ANNOUNCE_BODY_POINTS 160
#define ANNOUNCE_NAME_POINTS 90

/* What a title calls the thing: its one component that visitors see, else the incident itself. */
const char *announce_subject(const struct incident *i);

/* ---- announce_maintenance.c */

/* The title of a maintenance's notice; zone: IANA name for the times in it. */
char *announce_maintenance_title(
    struct arena *a, const struct incident *i, enum trigger trigger, int64_t now_ms);

/* The body: when, then the first sentence of the update (Markdown, or NULL). */
char *announce_maintenance_body(struct arena *a, const struct incident *i, enum trigger trigger,
    const char *markdown, const char *zone);

/* When the message is of no use any more. */
int64_t announce_maintenance_expiry(
    const struct incident *i, enum trigger trigger, int64_t usual_ms);

#endif
