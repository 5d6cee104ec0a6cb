/* metrics.h - figures for a monitoring system, at /cgi-bin/admin-settings/metrics.
 *
 * Prometheus text format 0.0.4; names atstatus_*, times in seconds.  GET and HEAD, with a token of
 * the scope `read` or `admin`: 401 without one, 403 with another.  It costs a few rows per push
 * service and per job, never one per subscriber: what has still to be sent is therefore reckoned
 * from how far the lanes are, and HELP says so.
 *
 * Counters of pushes are sums of the ledger, which outlives incidents; they begin anew with a new
 * database.
 */
#ifndef METRICS_H
#define METRICS_H

#include "app.h"

/* True for the path of this request. */
bool metrics_is_meant(const struct web *web);

void metrics_answer(struct app *app);

#endif
