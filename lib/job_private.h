/* job_private.h - what the files of the job module share; nobody else includes it. */
#ifndef JOB_PRIVATE_H
#define JOB_PRIVATE_H

#include "base.h"
#include "job.h"

/* The next seq of a subject: max(last + 1, now). */
int job_next_seq(struct db *db, const char *subject_id, int64_t now, int64_t *seq);

/* 1 on, 0 switched off, -1. */
int job_push_enabled(struct db *db, struct arena *a);

#endif
