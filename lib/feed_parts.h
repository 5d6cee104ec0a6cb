/* feed_parts.h - what the files that draw feeds share; nobody else includes it. */
#ifndef FEED_PARTS_H
#define FEED_PARTS_H

#include "base.h"
#include "view.h"

/* Kind, status and impact: what a reader can filter by. */
#define FEED_TAGS_MAX 3

/* An incident or a maintenance as all three formats tell it. */
struct feed_entry {
	const char *url; /* of its page, absolute: also its id, for it never changes */
	const char *title;
	const char *html; /* the whole timeline */
	int64_t published_at, changed_at;
	const char *tags[FEED_TAGS_MAX];
	size_t n_tags;
};

struct feed {
	const char *title, *description;
	int64_t changed_at;	    /* the newest entry's; where there is none, the page's */
	struct feed_entry *entries; /* newest change first */
	size_t n_entries;
};

void feed_load(const struct view *v, struct arena *a, struct feed *out);

#endif
