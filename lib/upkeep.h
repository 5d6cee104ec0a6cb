/* upkeep.h - what has to be thrown away now and then, by the sender.
 *
 * Before its work, so that nobody hears of an incident whose follow is over:
 *  - follows and mutes of incidents that ended 24 hours ago, and rows that were made by such a
 * follow and have nothing else.  One that was reopened meanwhile has not ended.
 *
 * After its work, at most once an hour:
 *  - subscriptions that the push service ended, 30 days later: until then a visit revives them
 * (rows of a mass of endings stay: breaker.h);
 *  - subscriptions that never got a push and were not seen for 180 days;
 *  - one-time keys of forms after two days; lanes of jobs that are done (their counts stay).
 *
 * In small transactions, so that nobody waits for it.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "base.h"

struct db;

/* 1 done, or left to the next time because others held the database; -1 broken and logged. */
int upkeep_end_follows(struct db *db, int64_t now_ms);

/* 1 done, 0 not due yet, -1 broken and logged. */
int upkeep_run(struct db *db, int64_t now_ms);

#endif
