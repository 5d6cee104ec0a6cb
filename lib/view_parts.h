/* view_parts.h - what the files that draw public pages share; nobody else includes it. */
#ifndef VIEW_PARTS_H
#define VIEW_PARTS_H

#include "base.h"
#include "view.h"
#include "words.h"

struct tv;

enum view_template {
	VIEW_FRAME,
	VIEW_SHAPES,
	VIEW_INDEX,
	VIEW_COMPONENTS,
	VIEW_BARS,
	VIEW_INCIDENT,
	VIEW_TIMELINE,
	VIEW_MAINTENANCE,
	VIEW_HISTORY,
	VIEW_HELP,
	VIEW_NOT_FOUND,
	VIEW_MANIFEST,
	VIEW_WORDS,
	VIEW_TEMPLATE__MAX
};

/* The frame around a page. */
struct view_frame {
	const char *title, *description;
	const char
	    *path; /* behind the language's root, from the slash on; NULL: it has no address */
	const struct buf *main; /* the rendered page */
	bool changed;		/* says when something last changed */
};

/* Renders a template that view_open has parsed.  1, or -1 and logged. */
int view_render(enum view_template which, const struct tv *values, struct buf *out);

int view_draw_frame(
    const struct view *v, struct arena *a, const struct view_frame *f, struct buf *out);

/* "Example Cloud status": how titles call the page. */
char *view_site_title(const struct view *v, struct arena *a);

/* ---- view_words.c: what the view's language calls things */

/* Values for a template: its words are those of the view, `root` is set. */
struct tv *view_values(const struct view *v, struct arena *a);

/* "Partial outage", and the same inside of a sentence: "partial outage". */
const char *view_state_label(const struct view *v, enum component_status s);
const char *view_state_inner(const struct view *v, enum component_status s);
const char *view_status_label(const struct view *v, enum incident_status s);
const char *view_status_inner(const struct view *v, enum incident_status s);
const char *view_impact_label(const struct view *v, enum impact i);

/* "Partial outage: API" */
char *view_of(const struct view *v, struct arena *a, const char *what, const char *who);

/* "API", "API and Web", "API, Web and 3 more": of n names the first two suffice. */
char *view_name_list(const struct view *v, struct arena *a, const char *const *names, size_t n);

/* "Resolved after 3 hours": of a text with {duration}. */
char *view_after(const struct view *v, struct arena *a, const char *text, int64_t ms);

/* As the start of a line: some languages write months and days small. */
char *view_capital(struct arena *a, const char *text);

/* "23 Nov 2026, 14:02 UTC" in the view's language. */
char *view_moment_text(const struct view *v, struct arena *a, int64_t ms);

/* Sets `name` (ISO) and `name`_text (to be read without JavaScript). */
void view_set_time(
    struct tv *values, struct arena *a, const struct view *v, const char *name, int64_t ms);

/* ---- view_timeline.c: what an incident did, from its updates */

/* The timeline as HTML into `timeline` of values, without the updates that neither have a text nor
 * change the state, and without the postmortem.  An update that was edited says so, and names the
 * components that it changed, but for those that visitors do not see. */
int view_set_timeline(
    struct tv *values, struct arena *a, const struct view *v, const struct view_incident *i);

/* The same for a page of its own, where each update is a heading: adds the block `updates` if there
 * are any or it is not over, and in it `none` where there are none, and `follow` with `id` while it
 * is not over and notifications are possible. */
int view_set_page_timeline(
    struct tv *values, struct arena *a, const struct view *v, const struct view_incident *i);

/* Adds the block `affected` with `label` (the text of that name) and a chip for each affected component that is not hidden:
 * with the status it has now while the incident is open, with the worst one the incident gave it
 * afterwards; of a maintenance that has not begun, with the planned one. */
void view_add_affected(
    struct tv *values, const struct view *v, const struct view_incident *i, const char *label);

/* Sets safe HTML from Markdown. */
void view_set_markdown(struct tv *values, const char *name, const char *markdown);

/* Adds the block `edited` with `edited` and `edited_text` if the update was. */
void view_add_edited(
    struct tv *values, struct arena *a, const struct view *v, const struct incident_update *u);

/* The k-th update opened the incident again. */
bool view_is_reopening(const struct view_incident *i, size_t k);

/* "Completed after 1 hour 55 minutes", "Cancelled": of a maintenance that is over. */
char *view_maintenance_end(const struct view *v, struct arena *a, const struct incident *i);

/* ---- view_headline.c: the page in one line */

struct view_summary {
	const char *state; /* for class names and shapes */
	char *sentence;	   /* NULL: there is nothing to say, no component and no incident */
	int64_t since;	   /* ms; 0: all is well */
};

void view_summarize(const struct view *v, struct arena *a, struct view_summary *out);

/* ---- view_planned.c: what is planned */

/* Sets `from`, `from_text`, `gap`, `until`, `until_text` to the window of a maintenance as people say
 * it: "Tue 24 Nov 16:00" "–" "18:00 UTC".  In a template:
 * <span data-window><time datetime="@@from@@">@@from_text@@</time>@@gap@@<time
 * datetime="@@until@@">@@until_text@@</time></span>; page.js says it in the reader's zone. */
void view_set_window(
    struct tv *values, struct arena *a, const struct view *v, const struct incident *i);

/* Adds the section `planned`: maintenances that are not over. */
void view_add_planned(struct tv *values, struct arena *a, const struct view *v);

/* ---- view_past.c: the past fourteen days */

void view_add_past(struct tv *values, struct arena *a, const struct view *v);

/* ---- view_days.c: days of a list, always midnight UTC in ms */

/* Sets date ("2025-11-23") and date_text ("Sunday, 23 November"). */
void view_set_day(struct tv *values, struct arena *a, const struct view *v, int64_t day);

/* "No incidents from 3 to 12 November", "No incidents on 9 November". */
char *view_quiet_text(const struct view *v, struct arena *a, int64_t from, int64_t to);

/* ---- view_components.c, view_bars.c */

/* Sets the section of the components as HTML `components`; empty where no component is seen. */
int view_set_components(struct tv *values, struct arena *a, const struct view *v);

#define VIEW_BARS_TOLD		10 /* days in trouble that the words of a picture name */
#define VIEW_BARS_TOLD_OF_GROUP 3  /* they are read as the name of the group's button */

/* The days of a component or group. */
struct view_bars {
	const char *name;
	const struct uptime *uptime;
	bool now[COMPONENT_STATUS__MAX]; /* states that go on */
	size_t told;			 /* days in trouble that the words name at most */
};

/* The picture as HTML `bars`. */
int view_set_bars(
    struct tv *values, struct arena *a, const struct view *v, const struct view_bars *b);

/* "99.98 %"; empty where nothing is known. */
char *view_percent_text(const struct view *v, struct arena *a, const struct view_bars *b);

/* What the script needs once to name a day: the first one; and the count of days. */
void view_set_bars_days(struct tv *values, const struct view *v);

#endif
