/* limiter.h - how often one network may do something, without keeping an address.
 *
 * A count is kept under HMAC-SHA-256(salt of the day, what is counted + network), cut to 16 octets.
 * The network is what web_client_network gives: 4 octets of IPv4 or the first 8 (/64) of IPv6.  The
 * salt is random, stands only in the limiter's own small database, and is destroyed and replaced
 * each UTC day together with all counts.  While a salt lives, who reads that file can find IPv4
 * addresses by trying them all: it is not anonymous until the day is over.
 *
 * Losing the database harms nobody: one that was deleted is made anew.  Where it cannot be used (unwritable, damaged),
 * one count in this process is kept for all networks together, against a third of the limit, because three processes
 * count so at once; that is stricter for everybody, and the database is tried again ten seconds later.  Nothing here
 * ever fails.
 *
 * A count begins with the first use and ends `period_ms` later, so the limit holds for each such
 * stretch and a refused caller can be told when to come back.
 */
#ifndef LIMITER_H
#define LIMITER_H

#include "base.h"

struct limiter;

/* Opens nothing yet: the file (role DB_LIMITER, made when absent) is opened at the first use. */
struct limiter *limiter_open(const char *path);
void limiter_close(struct limiter **limiter);

/* Counts one use of `what` (a short constant word) by a network of len octets, 0 if unknown.
 * 1 allowed; 0 refused, and *wait_ms (1..period_ms) is the time until the next one is. */
int limiter_take(struct limiter *limiter, const char *what, const uint8_t *network, size_t len,
    int64_t limit, int64_t period_ms, int64_t *wait_ms);

#endif
