/*
 * Which requests of the sink fail, and how.
 *
 * A rule is KIND/N: of all paths about one in N meets it, chosen by the path's hash, so that the same
 * paths fail in every run. KIND is a status, or
 *
 *   reset   RST_STREAM INTERNAL_ERROR: the sender cannot know whether it was accepted (it was not)
 *   refuse  RST_STREAM REFUSED_STREAM: surely not accepted
 *   kill    the connection ends without a word; answers given before still arrive, whatever else is
 *           under way on it is lost and was not accepted
 *
 * A status from 400 to 499 but 408, 413, 425 and 429 is met at every request for the path; everything
 * else only at the first one.
 */
#ifndef SINK_FAIL_H
#define SINK_FAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sink_fail_kind { SINK_FAIL_STATUS, SINK_FAIL_RESET, SINK_FAIL_REFUSE, SINK_FAIL_KILL };

struct sink_fail {
	enum sink_fail_kind kind;
	unsigned status; /* of SINK_FAIL_STATUS */
	bool is_lasting;
	uint32_t one_in;
	uint64_t paths; /* that have met it */
	char name[12];
};

/* "410/50,reset/1000"; the first rule that fits a path holds. False: it cannot be read. */
bool sink_fail_parse(const char *list);

/* The rule that this request meets, counted, or NULL. is_first: the path was not asked for before. */
const struct sink_fail *sink_fail_meet(uint64_t hash, bool is_first);

/* A line "failed-KIND PATHS" for each rule. */
void sink_fail_write(FILE *file);

#endif
