/* subscription_plan.h - what saving a wish would do, found out by reading alone; for subscription.c. */
#ifndef SUBSCRIPTION_PLAN_H
#define SUBSCRIPTION_PLAN_H

#include "base.h"
#include "subscription_row.h"

struct subscription_plan {
	bool exists, new_keys, takes_over, adds_follow;
	/* Id of a dead row of this endpoint that is not theirs and makes room for them; 0 = none. */
	int64_t stranger;
	struct subscription_row row; /* that is there, if exists */
	struct subscription_row old; /* that is taken over, if takes_over */
	struct choice choice;
	const uint8_t *key; /* ours, to be stored */
};

/* NEW, KNOWN or UNCHANGED; else why not, with its *sentence.  Must be inside a transaction. */
enum subscription_result subscription_plan_make(struct db *db, struct arena *a,
    const struct subscription_wish *w, int64_t now, struct subscription_plan *p,
    const char **sentence);

/* Sets the sentence of a refusal. */
enum subscription_result subscription_refuse(
    enum subscription_result result, const char **sentence, const char *why);

#endif
