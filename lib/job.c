/* job.c - see job.h. */
#include "base.h"
#include "job_private.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "settings.h"
#include "text.h"
#include "words.h"

#define TOPIC_LEN	32
#define TEST_EXPIRES_MS (60 * CLOCK_SECOND)

static int make_topic(struct db *db, const char *subject_id, char topic[TOPIC_LEN + 1])
{
	uint8_t secret[32], mac[DIGEST_SIZE];
	struct buf hex = BUF_INIT;

	if (settings_secret(db, "topic", secret) < 0)
		return -1;
	digest_hmac(secret, sizeof secret, subject_id, strlen(subject_id), mac);
	text_hex_add(&hex, mac, TOPIC_LEN / 2);
	memcpy(topic, hex.data, TOPIC_LEN + 1);
	buf_release(&hex);
	digest_cleanse(secret, sizeof secret);
	return 1;
}

int job_next_seq(struct db *db, const char *subject_id, int64_t now, int64_t *seq)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_SEQUENCE);

	db_bind_text(s, ":subject", subject_id);
	db_bind_int(s, ":now", now);
	return db_one_int(s, seq) == 1 ? 1 : -1;
}

int job_push_enabled(struct db *db, struct arena *a)
{
	char *value;
	int rc = settings_get(db, "push_enabled", a, &value);

	return rc < 0 ? -1 : rc == 0 || strcmp(value, "1") == 0;
}

/* Admins read English. */
static const char *ledger_title(const struct job_notice *n)
{
	for (size_t i = 0; i < n->n_texts; i++)
		if (strcmp(n->texts[i].lang, "en") == 0)
			return n->texts[i].title;
	return n->texts[0].title;
}

static int add_row(struct db *db, const struct job_notice *first, bool test, int64_t now,
    char public_id[13], int64_t *job_id)
{
	struct db_stmt *s;
	int64_t max = 0;
	bool component = first->trigger == TRIGGER_COMPONENT_DOWN ||
			 first->trigger == TRIGGER_COMPONENT_RECOVERED;

	if (!test && db_one_int(db_stmt(db, SQL_JOB_MAX_SUBSCRIPTION), &max) < 0)
		return -1;
	digest_new_id(public_id);
	s = db_stmt(db, SQL_JOB_ADD);
	db_bind_text(s, ":public_id", public_id);
	db_bind_int(s, ":now", now);
	db_bind_text(s, ":trigger", trigger_word(first->trigger));
	db_bind_text(s, ":title", ledger_title(first));
	db_bind_text(s, ":incident", first->incident_id);
	db_bind_text(s, ":component", component ? first->subject_id : NULL);
	db_bind_int(s, ":max", max);
	db_bind_int(s, ":test", test);
	if (db_run(s) < 0)
		return -1;
	*job_id = db_last_id(db);
	return 1;
}

static int add_text(struct db *db, int64_t job_id, int64_t position, const struct job_text *text)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_ADD_TEXT);

	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":position", position);
	db_bind_text(s, ":lang", text->lang);
	db_bind_text(s, ":title", text->title);
	db_bind_text(s, ":body", text->body);
	return db_run(s);
}

static int add_texts(struct db *db, int64_t job_id, int64_t position, const struct job_notice *n)
{
	for (size_t i = 0; i < n->n_texts; i++)
		if (add_text(db, job_id, position, &n->texts[i]) < 0)
			return -1;
	return 1;
}

static int add_notice(
    struct db *db, int64_t job_id, int64_t position, int64_t now, const struct job_notice *n)
{
	char topic[TOPIC_LEN + 1];
	int64_t seq;

	if (make_topic(db, n->subject_id, topic) < 0 ||
	    job_next_seq(db, n->subject_id, now, &seq) < 0)
		return -1;
	struct db_stmt *s = db_stmt(db, SQL_JOB_ADD_NOTICE);
	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":position", position);
	db_bind_text(s, ":trigger", trigger_word(n->trigger));
	db_bind_text(s, ":subject", n->subject_id);
	db_bind_text(s, ":topic", topic);
	db_bind_text(s, ":incident", n->incident_id);
	db_bind_text(s, ":components", n->components);
	db_bind_text(s, ":status", n->status);
	db_bind_text(s, ":impact", impact_word(n->impact));
	db_bind_text(s, ":max_impact", impact_word(n->max_impact));
	db_bind_text(s, ":urgency", n->urgency);
	db_bind_text(s, ":path", n->path);
	db_bind_int(s, ":seq", seq);
	db_bind_int(s, ":expires", n->expires_at);
	return db_run(s) < 0 ? -1 : add_texts(db, job_id, position, n);
}

int job_add(
    struct db *db, struct arena *a, const struct job_notice *notices, size_t n, char public_id[13])
{
	int64_t job_id, now = clock_now_ms();
	int rc = job_push_enabled(db, a);

	assert(n > 0);
	public_id[0] = '\0';
	if (rc <= 0)
		return rc;
	if (add_row(db, &notices[0], false, now, public_id, &job_id) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_notice(db, job_id, (int64_t)i, now, &notices[i]) < 0)
			return -1;
	return 1;
}

static int test_text(struct db *db, struct arena *a, int64_t subscription_id, struct job_text *out)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_LANG);
	const char *lang = NULL;
	int rc;

	db_bind_int(s, ":subscription", subscription_id);
	if ((rc = db_step(s)) == 1)
		lang = db_col_strdup(s, 0, a);
	db_reset(s);
	const struct words *w = words_for(lang);
	*out = (struct job_text){
	    words_tag(w), words_say(w, "notice.test_title"), words_say(w, "notice.test_body")};
	return rc;
}

int job_add_test(struct db *db, struct arena *a, int64_t subscription_id)
{
	int64_t job_id, now = clock_now_ms();
	char public_id[13];
	struct job_text text;
	int rc = job_push_enabled(db, a);

	if (rc <= 0 || (rc = test_text(db, a, subscription_id, &text)) <= 0)
		return rc;
	struct job_notice notice = {
	    .trigger = TRIGGER_TEST,
	    .subject_id = arena_printf(a, "test-%" PRId64, subscription_id),
	    .components = "",
	    .status = "test",
	    .impact = IMPACT_NONE,
	    .max_impact = IMPACT_NONE,
	    .urgency = "high",
	    .path = "/",
	    .expires_at = now + TEST_EXPIRES_MS,
	    .texts = &text,
	    .n_texts = 1,
	};
	if (add_row(db, &notice, true, now, public_id, &job_id) < 0 ||
	    add_notice(db, job_id, 0, now, &notice) < 0)
		return -1;
	struct db_stmt *s = db_stmt(db, SQL_JOB_ADD_TEST_EXCEPTION);
	db_bind_int(s, ":job", job_id);
	db_bind_int(s, ":now", now);
	db_bind_int(s, ":subscription", subscription_id);
	return db_run(s) == 1 ? 1 : -1;
}

/* ------------------------------------------------------------------ reading */

static void add_count(struct job_counts *c, const char *outcome, int64_t n)
{
	static const struct {
		const char *word;
		size_t offset;
	} field[] = {
	    {"accepted", offsetof(struct job_counts, accepted)},
	    {"retrying", offsetof(struct job_counts, retrying)},
	    {"gone", offsetof(struct job_counts, gone)},
	    {"refused", offsetof(struct job_counts, refused)},
	    {"expired", offsetof(struct job_counts, expired)},
	    {"superseded", offsetof(struct job_counts, superseded)},
	    {"stopped", offsetof(struct job_counts, stopped)},
	};

	for (size_t i = 0; i < nelem(field); i++)
		if (strcmp(field[i].word, outcome) == 0)
			*(int64_t *)((char *)c + field[i].offset) += n;
}

const struct job_counts *job_find_origin(const struct job_view *v, const char *origin)
{
	for (size_t i = 0; i < v->n_origins; i++)
		if (strcmp(v->origins[i].origin, origin) == 0)
			return &v->origins[i].counts;
	return NULL;
}

/* The counts of one origin inside a job, made on first sight. */
static struct job_counts *origin_counts(struct arena *a, struct job_view *v, const char *origin)
{
	for (size_t i = 0; i < v->n_origins; i++)
		if (strcmp(v->origins[i].origin, origin) == 0)
			return &v->origins[i].counts;
	v->origins = arena_grow(a, v->origins, v->n_origins, sizeof *v->origins);
	struct job_origin *o = &v->origins[v->n_origins++];
	o->origin = arena_strdup(a, origin);
	return &o->counts;
}

static int load_counts(struct db *db, struct arena *a, struct job_view *v)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_COUNTS);
	int rc;

	db_bind_int(s, ":job", v->id);
	while ((rc = db_step(s)) == 1) {
		add_count(
		    origin_counts(a, v, db_col_text(s, 0)), db_col_text(s, 1), db_col_int(s, 2));
		add_count(&v->counts, db_col_text(s, 1), db_col_int(s, 2));
	}
	if (rc < 0)
		return -1;
	s = db_stmt(db, SQL_JOB_RETRYING);
	db_bind_int(s, ":job", v->id);
	while ((rc = db_step(s)) == 1) {
		add_count(origin_counts(a, v, db_col_text(s, 0)), "retrying", db_col_int(s, 1));
		add_count(&v->counts, "retrying", db_col_int(s, 1));
	}
	return rc;
}

static void read_view(struct db_stmt *s, struct arena *a, struct job_view *v)
{
	*v = (struct job_view){
	    .id = db_col_int(s, 0),
	    .public_id = db_col_strdup(s, 1, a),
	    .trigger = db_col_strdup(s, 2, a),
	    .incident_id = db_col_strdup(s, 3, a),
	    .component_id = db_col_strdup(s, 4, a),
	    .title = db_col_strdup(s, 5, a),
	    .state = db_col_strdup(s, 6, a),
	    .created_at = db_col_int(s, 7),
	    .first_at = db_col_int(s, 8),
	    .last_at = db_col_int(s, 9),
	    .retry_of = db_col_strdup(s, 10, a),
	    .max_subscription_id = db_col_int(s, 11),
	};
}

int64_t job_audience(const struct job_counts *c)
{
	return c->accepted + c->retrying + c->gone + c->refused + c->expired + c->superseded +
	       c->stopped;
}

/* ------------------------------------------------------------------ why nobody */

static int had_subscribers(struct db *db, const struct job_view *v)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_HAD_SUBSCRIBERS);
	int64_t had;

	db_bind_int(s, ":job", v->id);
	if (db_one_int(s, &had) != 1)
		return -1;
	return had != 0 || v->retry_of != NULL;
}

/* Of what is being sent and was accepted by nobody yet. */
static int nobody_for_now(struct db *db, struct arena *a, struct job_view *v)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_REACH);
	int64_t all = 0, paused = 0, refusing = 0;
	char *verdict;
	int rc;

	db_bind_int(s, ":now", clock_now_ms());
	if ((rc = db_step(s)) == 1) {
		all = db_col_int(s, 0);
		paused = db_col_int(s, 1);
		refusing = db_col_int(s, 2);
	}
	db_reset(s);
	if (rc < 0 || (rc = settings_get(db, "vapid_verdict", a, &verdict)) < 0 ||
	    (rc = had_subscribers(db, v)) < 0)
		return -1;
	if (rc == 0)
		v->nobody = "Nobody is told: no browser has subscribed yet.";
	else if (verdict != NULL && *verdict != '\0' && strcmp(verdict, "ok") != 0)
		v->nobody = arena_printf(a, "Nobody is told for now: %s", verdict);
	else if (all > 0 && paused == all)
		v->nobody =
		    refusing > 0
			? "Nobody is told for now: the push services refuse this page’s keys."
			: "Nobody is told for now: no push service takes notifications.";
	return 1;
}

static int find_nobody(struct db *db, struct arena *a, struct job_view *v)
{
	int rc;

	if (v->counts.accepted > 0 || strcmp(v->state, "stopped") == 0)
		return 1;
	if (strcmp(v->state, "sending") == 0)
		return nobody_for_now(db, a, v);
	if ((rc = had_subscribers(db, v)) < 0)
		return -1;
	if (rc == 0)
		v->nobody = "Nobody was told: there were no subscribers yet.";
	else if (job_audience(&v->counts) == 0)
		v->nobody = "Nobody was told: no subscriber had asked for this.";
	else
		v->nobody = "Nobody was told: no push service took it.";
	return 1;
}

/* ------------------------------------------------------------------ lists */

static int load(struct db *db, struct arena *a, struct job_view *v)
{
	return load_counts(db, a, v) < 0 ? -1 : find_nobody(db, a, v);
}

/* Reads what the statement gives, at most limit rows. */
static int read_list(struct db *db, struct arena *a, struct db_stmt *s, int64_t limit,
    struct job_view **out, size_t *n)
{
	struct job_view *list = arena_array(a, (size_t)limit, sizeof *list);
	size_t count = 0;
	int rc;

	db_bind_int(s, ":limit", limit);
	while ((rc = db_step(s)) == 1)
		read_view(s, a, &list[count++]);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (load(db, a, &list[i]) < 0)
			return -1;
	*out = list;
	*n = count;
	return 1;
}

int job_list(struct db *db, struct arena *a, int64_t limit, struct job_view **out, size_t *n)
{
	return read_list(db, a, db_stmt(db, SQL_JOB_LIST), limit, out, n);
}

int job_list_incident(struct db *db, struct arena *a, const char *incident_id, int64_t limit,
    struct job_view **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_LIST_INCIDENT);

	db_bind_text(s, ":incident", incident_id);
	return read_list(db, a, s, limit, out, n);
}

int job_get(struct db *db, struct arena *a, const char *public_id, struct job_view *out)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_GET);
	int rc;

	db_bind_text(s, ":public_id", public_id);
	rc = db_step(s);
	if (rc == 1)
		read_view(s, a, out);
	db_reset(s);
	if (rc != 1)
		return rc;
	return load(db, a, out) < 0 ? -1 : 1;
}

int job_stop(struct db *db, const char *public_id)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_STOP);

	db_bind_text(s, ":public_id", public_id);
	return db_run(s);
}

int job_stop_incident(struct db *db, const char *incident_id)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_STOP_INCIDENT);

	db_bind_text(s, ":incident", incident_id);
	return db_run(s);
}

int job_work_due(struct db *db, int64_t now_ms, int64_t within_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_JOB_WORK_DUE);
	int64_t due = 0;

	db_bind_int(s, ":until", now_ms + within_ms);
	if (db_one_int(s, &due) < 0)
		return -1;
	return due != 0;
}
