/* bulletin.c - see bulletin.h. */
#include "base.h"
#include "bulletin.h"

#include "buf.h"
#include "db.h"
#include "log.h"
#include "notice.h"
#include "vocabulary.h"

#define NOTICES_MAX 64 /* of one job that are looked at */

/* ------------------------------------------------------------------ texts */

static const uint8_t *keep(struct arena *a, const struct buf *b)
{
	return (const uint8_t *)arena_copy(a, b->data, b->len);
}

static void write_payload(struct arena *a, const struct notice *n, struct bulletin_payload *out)
{
	struct buf json = BUF_INIT;

	if (notice_write(n, NOTICE_MAX, &json)) {
		out->full = keep(a, &json);
		out->full_len = json.len;
	}
	buf_clear(&json);
	notice_write_minimal(n, &json);
	out->minimal = keep(a, &json);
	out->minimal_len = json.len;
	buf_release(&json);
}

static void write_text(struct arena *a, struct notice *n, struct bulletin_text *out)
{
	out->lang = arena_strdup(a, n->lang);
	n->silent = false;
	write_payload(a, n, &out->usual);
	if (out->usual.full == NULL)
		log_warn("BULLETIN-01", "a notice about %s is too long: only its title is sent",
		    n->subject);
	n->silent = true;
	write_payload(a, n, &out->silent);
}

static int count_rows(struct db_stmt *s, size_t *n)
{
	int rc;

	for (*n = 0; (rc = db_step(s)) == 1;)
		++*n;
	return rc;
}

static struct db_stmt *text_rows(struct db *db, int64_t job_id, int64_t position)
{
	struct db_stmt *s = db_stmt(db, SQL_BULLETIN_TEXTS);

	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":position", position);
	return s;
}

static int load_texts(struct db *db, struct bulletin *b, int64_t position, struct notice *n,
    struct bulletin_notice *out)
{
	struct db_stmt *s = text_rows(db, b->job_id, position);
	size_t i = 0;
	int rc;

	if (count_rows(s, &out->n_texts) < 0)
		return -1;
	out->texts = arena_array(&b->arena, out->n_texts, sizeof *out->texts);
	s = text_rows(db, b->job_id, position);
	while ((rc = db_step(s)) == 1) {
		n->lang = db_col_text(s, 0);
		n->title = db_col_text(s, 1);
		n->body = db_col_text(s, 2);
		write_text(&b->arena, n, &out->texts[i++]);
	}
	return rc;
}

static const struct bulletin_text *find_text(
    const struct bulletin_notice *n, const char *lang, size_t len)
{
	for (size_t i = 0; i < n->n_texts; i++)
		if (strncmp(n->texts[i].lang, lang, len) == 0 && n->texts[i].lang[len] == '\0')
			return &n->texts[i];
	return NULL;
}

const struct bulletin_text *bulletin_text(const struct bulletin_notice *n, const char *lang)
{
	const struct bulletin_text *text = find_text(n, lang, strlen(lang));

	if (text == NULL)
		text = find_text(n, lang, strcspn(lang, "-"));
	if (text == NULL)
		text = find_text(n, "en", 2);
	return text != NULL ? text : &n->texts[0];
}

/* ------------------------------------------------------------------ newer notices */

/* A word that this version does not know comes from a newer one's rows: nobody chose it, so it
 * reaches those who want every event. */
static enum trigger read_trigger(const char *word)
{
	int t = trigger_from_word(word);

	return t < 0 ? TRIGGER_TEST : (enum trigger)t;
}

static enum impact read_impact(const char *word)
{
	int i = impact_from_word(word);

	return i < 0 ? IMPACT_NONE : (enum impact)i;
}

static struct db_stmt *newer_rows(struct db *db, const struct bulletin *b, const char *topic)
{
	struct db_stmt *s = db_stmt(db, SQL_BULLETIN_NEWER);

	db_bind_text(s, ":topic", topic);
	db_bind_int(s, ":job", b->job_id);
	return s;
}

static int load_newer(struct db *db, struct bulletin *b, struct bulletin_notice *n)
{
	struct db_stmt *s = newer_rows(db, b, n->topic);
	struct bulletin_newer *newer;
	int rc;

	if (count_rows(s, &n->n_newer) < 0)
		return -1;
	newer = n->newer = arena_array(&b->arena, n->n_newer, sizeof *n->newer);
	s = newer_rows(db, b, n->topic);
	for (; (rc = db_step(s)) == 1; newer++) {
		newer->job_id = db_col_int(s, 0);
		newer->max_subscription_id = db_col_int(s, 1);
		newer->incident_id = db_col_strdup(s, 2, &b->arena);
		newer->audience.trigger = read_trigger(db_col_text(s, 3));
		newer->audience.components = db_col_strdup(s, 4, &b->arena);
		newer->audience.max_impact = read_impact(db_col_text(s, 5));
	}
	return rc;
}

/* ------------------------------------------------------------------ notices */

/* What of a row is needed only until the texts are written. */
struct row {
	int64_t position;
	struct notice notice;
};

/* What is over wakes nobody, however grave it was. */
static enum quiet_notice quiet_of(const struct notice *n)
{
	int status = incident_status_from_word(n->status);
	bool over = status >= 0 && incident_status_is_over((enum incident_status)status);

	if (strcmp(n->event, trigger_word(TRIGGER_TEST)) == 0)
		return QUIET_NEVER;
	return read_impact(n->impact) == IMPACT_CRITICAL && !over ? QUIET_CRITICAL : QUIET_USUAL;
}

static void read_notice(
    struct db_stmt *s, struct bulletin *b, struct row *row, struct bulletin_notice *out)
{
	struct arena *a = &b->arena;

	row->position = db_col_int(s, 0);
	row->notice.event = db_col_strdup(s, 1, a);
	row->notice.subject = db_col_strdup(s, 2, a);
	out->topic = db_col_strdup(s, 3, a);
	out->incident_id = db_col_strdup(s, 4, a);
	out->audience.components = db_col_strdup(s, 5, a);
	row->notice.status = db_col_strdup(s, 6, a);
	row->notice.impact = db_col_strdup(s, 7, a);
	out->audience.max_impact = read_impact(db_col_text(s, 8));
	out->urgency = db_col_strdup(s, 9, a);
	row->notice.path = db_col_strdup(s, 10, a);
	row->notice.seq = db_col_int(s, 11);
	out->expires_at = db_col_int(s, 12);
	out->audience.trigger = read_trigger(row->notice.event);
	row->notice.incident = out->incident_id;
	out->quiet = quiet_of(&row->notice);
}

static int load_rows(struct db *db, struct bulletin *b, struct row *rows)
{
	struct db_stmt *s = db_stmt(db, SQL_BULLETIN_NOTICES);
	int rc;

	db_bind_int(s, ":job", b->job_id);
	db_bind_int(s, ":limit", NOTICES_MAX);
	b->notices = arena_array(&b->arena, NOTICES_MAX, sizeof *b->notices);
	while ((rc = db_step(s)) == 1) {
		read_notice(s, b, &rows[b->n_notices], &b->notices[b->n_notices]);
		b->n_notices++;
	}
	return rc;
}

/* What all notices of a job have in common. */
struct letterhead {
	const char *site_url;
	int64_t created_at, open_incidents;
};

static int load_notice(struct db *db, struct bulletin *b, const struct letterhead *head,
    struct row *row, struct bulletin_notice *n)
{
	row->notice.site_url = head->site_url;
	row->notice.ts = head->created_at;
	row->notice.app_badge = head->open_incidents;
	if (load_texts(db, b, row->position, &row->notice, n) < 0 || load_newer(db, b, n) < 0)
		return -1;
	if (b->incident_id == NULL)
		b->incident_id = n->incident_id;
	if (n->expires_at > b->expires_at)
		b->expires_at = n->expires_at;
	return n->n_texts > 0;
}

static int load_notices(struct db *db, struct bulletin *b, const struct letterhead *head)
{
	struct row *rows = arena_array(&b->arena, NOTICES_MAX, sizeof *rows);
	int rc = load_rows(db, b, rows);

	for (size_t i = 0; rc >= 0 && i < b->n_notices; i++)
		if ((rc = load_notice(db, b, head, &rows[i], &b->notices[i])) == 0)
			break;
	if (rc < 0)
		return -1;
	if (b->n_notices == 0 || rc == 0) {
		log_error(
		    "BULLETIN-02", "job %" PRId64 " has no notice or one without text", b->job_id);
		return 0;
	}
	return 1;
}

static int load_job(struct db *db, struct bulletin *b, struct letterhead *head)
{
	struct db_stmt *s = db_stmt(db, SQL_BULLETIN_JOB);
	int rc;

	db_bind_int(s, ":job", b->job_id);
	if ((rc = db_step(s)) != 1)
		return rc;
	b->stopped = strcmp(db_col_text(s, 0), "stopped") == 0;
	b->is_test = db_col_int(s, 1) != 0;
	b->max_subscription_id = db_col_int(s, 2);
	head->created_at = db_col_int(s, 3);
	db_reset(s);
	s = db_stmt(db, SQL_BULLETIN_OPEN_INCIDENTS);
	return db_one_int(s, &head->open_incidents);
}

int bulletin_load(struct db *db, int64_t job_id, const char *site_url, struct bulletin **out)
{
	struct bulletin *b = calloc(1, sizeof *b);
	struct letterhead head = {.site_url = site_url};
	int rc;

	if (b == NULL)
		log_die("BULLETIN-03", "out of memory");
	b->job_id = job_id;
	rc = load_job(db, b, &head);
	if (rc == 1)
		rc = load_notices(db, b, &head);
	if (rc != 1)
		bulletin_free(b);
	else
		*out = b;
	return rc;
}

void bulletin_free(struct bulletin *b)
{
	arena_release(&b->arena);
	free(b);
}
