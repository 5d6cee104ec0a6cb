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

#include "asset.h"
#include "clock.h"
#include "digest.h"
#include "settings.h"
#include "text.h"

/* ------------------------------------------------------------------ the stamp */

/* What was published last. */
struct stamp {
	int64_t rev, day;
	const char *build; /* of the templates and scripts */
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
	    build_of_assets(&p->arena),
	};
}

static char *stamp_text(struct arena *a, const struct stamp *s)
{
	return arena_printf(a, "%" PRId64 "@%" PRId64 "@%s", s->rev, s->day, s->build);
}

/* -1 for the revision where nothing was published yet, or by a program that stamped otherwise. */
static int read_published(struct publication *p, struct stamp *out)
{
	char *text, *day, *build;
	int rc = settings_get(p->db, "published", &p->arena, &text);

	*out = (struct stamp){-1, 0, ""};
	if (rc != 1)
		return rc < 0 ? -1 : 1;
	day = strchr(text, '@');
	build = day == NULL ? NULL : strchr(day + 1, '@');
	if (build == NULL)
		return 1;
	if (!text_parse_i64(text, (size_t)(day - text), 0, INT64_MAX, &out->rev) ||
	    !text_parse_i64(day + 1, (size_t)(build - day - 1), 0, INT64_MAX, &out->day))
		out->rev = -1;
	out->build = build + 1;
	return 1;
}

int page_note_published(struct publication *p)
{
	struct stamp now = present(p);

	if (db_begin_write(p->db) != 1)
		return -1;
	if (settings_put(p->db, "published", stamp_text(&p->arena, &now)) < 0) {
		db_rollback(p->db);
		return -1;
	}
	return db_commit(p->db);
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

static bool is_missing(struct publication *p, const char *folder)
{
	char *file = arena_printf(&p->arena, "%s/%s/index.html", p->dir, folder);

	return access(file, F_OK) != 0;
}

static int add_month(struct publication *p, int64_t number)
{
	int year = (int)(number / 12), month = (int)(number % 12) + 1;

	p->months = arena_grow(&p->arena, p->months, p->n_months, sizeof *p->months);
	return view_load_month(p->db, &p->arena, year, month, &p->months[p->n_months++]);
}

/* This month and the one before it are always drawn: at the turn of the month the one gets an
 * address of its own, and a neighbour. */
static int plan_months(struct publication *p, const bool *wanted, int64_t oldest, int64_t this)
{
	for (int64_t m = this; m >= oldest; m--) {
		char *folder = page_folder_of_month(p, (int)(m / 12), (int)(m % 12) + 1);
		bool draw = p->everything || m >= this - 1 || wanted[m - oldest] ||
			    (p->scope != PAGE_CHANGED && is_missing(p, folder));
		if (draw && add_month(p, m) < 0)
			return -1;
	}
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

static int add_open(struct publication *p, const struct view_incident *list, size_t n)
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
	return 1;
}

static int plan_pages(struct publication *p, int64_t published)
{
	struct incident_ref *refs;
	size_t n;
	int year, month;
	int64_t this = month_of(p->view.today), oldest;

	if (list_refs(p, published, &refs, &n) < 0 ||
	    view_oldest_month(p->db, p->view.now, &year, &month) < 0)
		return -1;
	oldest = month_number(year, month) < this ? month_number(year, month) : this;
	bool *wanted = arena_array(&p->arena, (size_t)(this - oldest + 1), sizeof *wanted);
	for (size_t i = 0; i < n; i++) {
		int64_t m = month_of(refs[i].at);
		if (!must_draw(p, &refs[i], published))
			continue;
		if (add_page(p, &refs[i]) < 0)
			return -1;
		if (m >= oldest && m <= this)
			wanted[m - oldest] = true;
	}
	add_open(p, p->view.incidents, p->view.n_incidents);
	add_open(p, p->view.maintenances, p->view.n_maintenances);
	p->oldest_month = clock_month_start((int)(oldest / 12), (int)(oldest % 12) + 1);
	return plan_months(p, wanted, oldest, this);
}

int page_plan(struct publication *p)
{
	const struct settings *s = &p->view.settings;
	struct stamp now = present(p), last;

	if (read_published(p, &last) < 0)
		return -1;
	bool same_build = strcmp(last.build, now.build) == 0;
	if (p->scope == PAGE_CHANGED && same_build && last.rev == now.rev && last.day == now.day)
		return 0;
	/* a revision of the future: another database was put in the place of this one */
	p->everything = p->scope == PAGE_ALL || !same_build || last.rev < s->content_all_rev ||
			last.rev > now.rev;
	return plan_pages(p, last.rev);
}
