/* page_plan.c - which files a publication must draw.
 *
 * Each incident's row holds the revision of the content at which it last changed, so a publication
 * draws the pages of those that are newer than what was published, and the months of the history
 * that they stand in.  What may show on any page raises content_all_rev as well; then, and for a
 * program with other templates, everything is drawn.  What is open is always drawn: it shows the
 * present status of its components.
 */
#include "base.h"
#include "page_parts.h"

#include <sys/stat.h>

#include "asset.h"
#include "clock.h"
#include "digest.h"
#include "log.h"
#include "settings.h"
#include "text.h"

#define STAMP_NAME "published"
#define STAMP_MAX  200

/* ------------------------------------------------------------------ the stamp */

/* What was published last.  It stands in the database and, the same, in a file beside it: a database
 * that was put back from a copy has another one than the file, which tells what the public files
 * really show.  The file is away while a publication is at work. */
struct stamp {
	int64_t rev, day, oldest; /* oldest: the first month of the history, counted in months */
	const char *build;	  /* of the templates and scripts */
};

/* Eight hex digits that differ when a template, a script or an icon does. */
static char *build_of_assets(struct arena *a)
{
	struct buf all = BUF_INIT, hex = BUF_INIT;
	uint8_t digest[DIGEST_SIZE];
	char *out;

	for (size_t i = 0; i < asset_count(); i++) {
		digest_sha256(asset_at(i)->data, asset_at(i)->len, digest);
		buf_add(&all, digest, sizeof digest);
	}
	digest_sha256(all.data, all.len, digest);
	text_hex_add(&hex, digest, 4);
	out = buf_arena(&hex, a);
	buf_release(&all);
	buf_release(&hex);
	return out;
}

static struct stamp present(struct publication *p)
{
	return (struct stamp){
	    p->view.settings.content_rev,
	    p->view.today / CLOCK_DAY,
	    p->oldest_month,
	    build_of_assets(&p->arena),
	};
}

static char *stamp_text(struct arena *a, const struct stamp *s)
{
	return arena_printf(
	    a, "%" PRId64 "@%" PRId64 "@%" PRId64 "@%s", s->rev, s->day, s->oldest, s->build);
}

/* Cuts the number before the next "@" off; -1 where there is none. */
static int64_t take_number(const char **text)
{
	const char *end = strchr(*text, '@');
	int64_t n = -1;

	if (end != NULL && text_parse_i64(*text, (size_t)(end - *text), 0, INT64_MAX, &n))
		*text = end + 1;
	return n;
}

static char *stamp_file(struct publication *p)
{
	char data[FILE_PATH_MAX];

	conf_path_data(p->conf, data, sizeof data);
	return arena_printf(&p->arena, "%s/" STAMP_NAME, data);
}

/* All -1 where nothing was published yet, where a program stamped otherwise, and where the files may
 * show something else than the database remembers. */
static int read_published(struct publication *p, struct stamp *out)
{
	struct buf file = BUF_INIT;
	char *text;
	int rc = settings_get(p->db, "published", &p->arena, &text);

	*out = (struct stamp){-1, -1, -1, ""};
	if (rc < 0)
		return -1;
	p->interrupted = file_read(stamp_file(p), STAMP_MAX, &file) != 1;
	if (rc == 1 && !p->interrupted && strcmp(file.data, text) == 0) {
		const char *rest = text;
		out->rev = take_number(&rest);
		out->day = take_number(&rest);
		out->oldest = take_number(&rest);
		out->build = rest;
	}
	buf_release(&file);
	return 1;
}

int page_begin(struct publication *p)
{
	if (unlink(stamp_file(p)) == 0 || errno == ENOENT)
		return 1;
	log_errno("PAGE-05", "removing %s", stamp_file(p));
	return -1;
}

static int store_stamp(struct publication *p, const char *text)
{
	if (db_begin_write(p->db) != 1)
		return -1;
	if (settings_put(p->db, "published", text) < 0) {
		db_rollback(p->db);
		return -1;
	}
	return db_commit(p->db);
}

int page_note_published(struct publication *p)
{
	struct stamp now = present(p);
	char *text = stamp_text(&p->arena, &now);
	char data[FILE_PATH_MAX];

	conf_path_data(p->conf, data, sizeof data);
	if (store_stamp(p, text) < 0)
		return -1;
	return file_publish(data, STAMP_NAME, text, strlen(text), 0600) < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------ months */

static int64_t month_number(int year, int month)
{
	return (int64_t)year * 12 + month - 1;
}

static int64_t month_of(int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	return month_number(d.year, d.month);
}

char *page_folder_of_month(struct publication *p, int year, int month)
{
	if (month_number(year, month) == month_of(p->view.today))
		return arena_strdup(&p->arena, "history");
	return arena_printf(&p->arena, "history/%04d-%02d", year, month);
}

/* In any language. */
static bool is_missing(struct publication *p, const char *folder)
{
	for (size_t i = 0; i < p->n_views; i++) {
		char *file = arena_printf(
		    &p->arena, "%s/%s", p->dir, page_file_in(&p->arena, &p->views[i], folder));
		struct stat st;
		if (stat(file, &st) != 0 || st.st_size == 0)
			return true;
	}
	return false;
}

static int add_month(struct publication *p, int64_t number)
{
	int year = (int)(number / 12), month = (int)(number % 12) + 1;

	p->months = arena_grow(&p->arena, p->months, p->n_months, sizeof *p->months);
	return view_load_month(p->db, &p->arena, year, month, &p->months[p->n_months++]);
}

/* This month and the one before it are always drawn: at the turn of the month the one gets an
 * address of its own, and a neighbour.  Where the history begins earlier than before, all are. */
static int plan_months(struct publication *p, const bool *wanted, bool all, int64_t this)
{
	for (int64_t m = this; m >= p->oldest_month; m--) {
		char *folder = page_folder_of_month(p, (int)(m / 12), (int)(m % 12) + 1);
		bool draw = all || m >= this - 1 || wanted[m - p->oldest_month] ||
			    (p->scope != PAGE_CHANGED && is_missing(p, folder));
		if (draw && add_month(p, m) < 0)
			return -1;
	}
	return 1;
}

static int find_oldest_month(struct publication *p)
{
	int64_t this = month_of(p->view.today), oldest;
	int year, month;

	if (view_oldest_month(p->db, p->view.now, &year, &month) < 0)
		return -1;
	oldest = month_number(year, month);
	p->oldest_month = oldest < this ? oldest : this;
	return 1;
}

/* ------------------------------------------------------------------ pages */

static const struct view_incident *find_in_view(const struct view *v, const struct incident_ref *r)
{
	const struct view_incident *list = r->is_maintenance ? v->maintenances : v->incidents;
	size_t n = r->is_maintenance ? v->n_maintenances : v->n_incidents;

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].row.id, r->id) == 0)
			return &list[i];
	return NULL;
}

static int add_page(struct publication *p, const struct incident_ref *r)
{
	const struct view_incident *known = find_in_view(&p->view, r);

	p->pages = arena_grow(&p->arena, p->pages, p->n_pages, sizeof *p->pages);
	if (known != NULL) {
		p->pages[p->n_pages++] = *known;
		return 1;
	}
	return view_load_incident(p->db, &p->arena, r->id, &p->pages[p->n_pages++]) == 1 ? 1 : -1;
}

static bool is_open(const struct view *v, const struct incident_ref *r)
{
	const struct view_incident *x = find_in_view(v, r);

	return x != NULL && x->row.resolved_at == 0;
}

static bool must_draw(struct publication *p, const struct incident_ref *r, int64_t published)
{
	if (p->everything || r->content_rev > published || is_open(&p->view, r))
		return true;
	return p->scope != PAGE_CHANGED &&
	       is_missing(p, page_folder_of(&p->arena, r->id, r->is_maintenance));
}

/* Open ones may not have changed themselves; a missing file is found by looking at all. */
static int list_refs(
    struct publication *p, int64_t published, struct incident_ref **refs, size_t *n)
{
	bool all = p->everything || p->scope != PAGE_CHANGED;

	return incident_list_refs(p->db, &p->arena, all ? -1 : published, refs, n);
}

static void add_open(struct publication *p, const struct view_incident *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool there = false;
		if (list[i].row.resolved_at != 0)
			continue;
		for (size_t k = 0; k < p->n_pages && !there; k++)
			there = strcmp(p->pages[k].row.id, list[i].row.id) == 0;
		if (there)
			continue;
		p->pages = arena_grow(&p->arena, p->pages, p->n_pages, sizeof *p->pages);
		p->pages[p->n_pages++] = list[i];
	}
}

/* Draws what changed, and marks the months of the history that it stands in. */
static int plan_changed(struct publication *p, int64_t published, int64_t this, bool *wanted)
{
	struct incident_ref *refs;
	size_t n;

	if (list_refs(p, published, &refs, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t m = month_of(refs[i].at);
		if (!must_draw(p, &refs[i], published))
			continue;
		if (add_page(p, &refs[i]) < 0)
			return -1;
		if (m >= p->oldest_month && m <= this)
			wanted[m - p->oldest_month] = true;
	}
	return 1;
}

static int plan_pages(struct publication *p, const struct stamp *last)
{
	int64_t this = month_of(p->view.today);
	size_t months = (size_t)(this - p->oldest_month + 1);
	bool *wanted = arena_array(&p->arena, months, sizeof *wanted);

	if (plan_changed(p, last->rev, this, wanted) < 0)
		return -1;
	add_open(p, p->view.incidents, p->view.n_incidents);
	add_open(p, p->view.maintenances, p->view.n_maintenances);
	return plan_months(p, wanted, p->everything || last->oldest != p->oldest_month, this);
}

int page_plan(struct publication *p)
{
	struct stamp now, last;

	if (read_published(p, &last) < 0 || find_oldest_month(p) < 0)
		return -1;
	now = present(p);
	bool same_build = strcmp(last.build, now.build) == 0;
	if (p->scope == PAGE_CHANGED && same_build && last.rev == now.rev && last.day == now.day)
		return 0;
	p->everything = p->scope == PAGE_ALL || !same_build ||
			last.rev < p->view.settings.content_all_rev || last.rev > now.rev;
	return plan_pages(p, &last);
}
