/* lane_desk.h - what the parts of the lane module share (lane.c, lane_claim.c, lane_store.c). */
#ifndef LANE_DESK_H
#define LANE_DESK_H

#include "lane.h"

struct lane_desk {
	struct db *db;
	const char *site_url;
	int64_t key_id, previous_key_id;
	bool (*outdated)(void *user);
	void *user;
	bool push_off;
	int64_t newest_job, stopped_jobs; /* what the loaded bulletins are true for */
	struct bulletin *bulletins;
	struct bulletin *stale;	      /* replaced, but windows still use them */
	struct lane_message *scratch; /* LANE_WINDOW_MAX, where a window is read into first */
};

/* The bulletin of a job.  1, 0 none that can be sent, -1. */
int lane_desk_bulletin(struct lane_desk *desk, int64_t job_id, struct bulletin **out);

#endif
