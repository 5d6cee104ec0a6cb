/* page_parts.h - what the files of the publisher share; nobody else includes it. */
#ifndef PAGE_PARTS_H
#define PAGE_PARTS_H

#include "base.h"
#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "db.h"
#include "file.h"
#include "page.h"
#include "view.h"

struct publication {
	const struct conf *conf;
	struct db *db;
	enum page_scope scope;
	char dir[FILE_PATH_MAX]; /* STATE_DIR/public */
	struct arena arena;
	struct arena scratch; /* of the file being drawn, emptied behind it */
	struct buf out;	      /* the same */
	struct view view;     /* in the page's own language */
	struct view *views;   /* in each language, the page's own first */
	size_t n_views;
	/* ---- page_plan.c: what must be drawn */
	bool everything; /* also what no change concerns */
	struct view_incident *pages;
	size_t n_pages;
	struct view_month *months; /* newest first; the first one is this month */
	size_t n_months;
	int64_t oldest_month; /* of the history, counted in months: year * 12 + month - 1 */
	bool interrupted;     /* the publication before this one did not come to its end */
};

/* Reads what changed since the last publication, under the snapshot of the caller.  1 there is
 * something to do, 0 the files are as they should be, -1. */
int page_plan(struct publication *p);

/* From here on the files may be anything between the old and the new: whoever comes after a
 * publication that did not come to its end draws everything.  1 or -1. */
int page_begin(struct publication *p);

/* Remembers that everything up to the view's revision is published.  Begins its own transaction. */
int page_note_published(struct publication *p);

/* "incidents/<id>" or "maintenance/<id>", without a slash at either end. */
char *page_folder_of(struct arena *a, const char *id, bool is_maintenance);

/* "history" for this month, "history/2025-10" for another one. */
char *page_folder_of_month(struct publication *p, int year, int month);

/* The name of a page's file below the public folder: "de/" "history/index.html". */
char *page_file_in(struct arena *a, const struct view *v, const char *folder);

/* Draws and writes all that is planned: the page's own language first, and each language in such an
 * order that no link in it leads to what is not there yet. */
int page_write(struct publication *p);

/* ---- page_sweep.c */

/* Removes pages and badges of what is no more.  Under the snapshot. */
int page_sweep(struct publication *p);

/* Removes the pages of a language that has become the page's own, once they stand elsewhere. */
void page_sweep_moved(struct publication *p);

#endif
