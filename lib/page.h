/* page.h - publishing: the static files that visitors read, written anew when something changed.
 *
 * One publisher at a time (publish.lock); the database is read inside the lock, so the last writer
 * is also the newest reader.  Each file is replaced by rename and only if its content differs.  A
 * publisher that finds the published revision as new as the content does nothing: ten postings at
 * once cost few publications.
 *
 * A failed publication never fails the request that caused it: the revision stays behind, and the
 * next posting or the one-minute timer (`atstatus publish`) publishes again.
 */
#ifndef PAGE_H
#define PAGE_H

#include "base.h"

struct conf;
struct db;

enum page_scope {
	PAGE_CHANGED, /* what a change of content can have changed; nothing where none did */
	PAGE_DUE, /* the front of the site anew, what changed, what is missing, and the files that
			 are as they are: for the timer */
	PAGE_ALL, /* everything */
};

/* Parses the templates; once per process, before the first publication. */
void page_open(void);

/* 1 published, 0 nothing to do, -1 failed and logged. */
int page_publish(const struct conf *conf, struct db *db, enum page_scope scope);

/* Writes /alive.json: {"at": now}.  The page tells its age by it. */
int page_mark_alive(const struct conf *conf);

#endif
