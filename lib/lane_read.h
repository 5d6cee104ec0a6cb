/* lane_read.h - from a row to a message of a window (inside the lane module).
 *
 * A row whose subscriber passes a notice of the job becomes a message; what needs no sending (stopped,
 * expired, superseded, suspended, not allowed, unknown key, a culprit) is settled at once.
 */
#ifndef LANE_READ_H
#define LANE_READ_H

#include "lane.h"
#include "lane_desk.h"

struct db_stmt;

/* What a window is read for. */
struct lane_reading {
	struct lane_desk *desk;
	struct lane_place *place;
	struct lane_window *window;
	const struct lane_when *when;
	bool counting; /* nothing of this job is sent any more */
	bool poison;   /* what is read has crashed us too often */
	bool gap;      /* an unproven row that does not pass came before */
};

/* The current row of LANE_PAGE or LANE_PAGE_CHOSEN. */
void lane_read_row(struct lane_reading *r, struct db_stmt *s);

/* The current row of LANE_PAGE_EXCEPTIONS: always a message. */
void lane_read_exception(struct lane_reading *r, struct db_stmt *s);

int64_t lane_read_id(struct db_stmt *s);
int64_t lane_read_claims(struct db_stmt *s);

#endif
