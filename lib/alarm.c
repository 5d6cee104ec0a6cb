/* alarm.c - see alarm.h. */
#include "base.h"
#include "alarm.h"

#include "announce.h"
#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "db.h"
#include "file.h"
#include "settings.h"
#include "subscription.h"
#include "verdict.h"

#define PATIENCE_MS (5 * CLOCK_MINUTE)
#define MISMATCHES  10 /* of the last 200 that ended within a day */

static const struct {
	const char *word;
	bool grave;
} kinds[] = {
    [ALARM_KEYS] = {"keys_unusable", true},
    [ALARM_REFUSED] = {"keys_refused", true},
    [ALARM_CLOCK] = {"clock_skew", false},
    [ALARM_MASS_GONE] = {"mass_gone", true},
    [ALARM_SENDER] = {"sender_idle", true},
    [ALARM_PAUSED] = {"service_paused", true},
    [ALARM_PUSH_OFF] = {"push_off", false},
    [ALARM_FULL] = {"subscriptions_full", false},
};
static_assert(nelem(kinds) == ALARM__MAX, "a row for each kind");

const char *alarm_word(enum alarm_kind kind)
{
	return kinds[kind].word;
}

bool alarm_is_grave(enum alarm_kind kind)
{
	return kinds[kind].grave;
}

/* One look. */
struct look {
	struct db *db;
	struct arena *arena;
	const struct conf *conf;
	const struct settings *settings;
	int64_t now;
	struct alarm *out;
	size_t n;
};

static void raise_alarm(
    struct look *l, enum alarm_kind kind, const char *sentence, const char *more)
{
	l->out[l->n++] = (struct alarm){kind, sentence, more};
}

/* ------------------------------------------------------------------ push services in trouble */

/* The first one of a kind stands for all. */
struct trouble {
	char *origin, *reason, *error;
	int64_t count, paused_until, since, clock_skew;
};

static const char *without_scheme(const char *origin)
{
	static const char scheme[] = "https://";
	size_t len = sizeof scheme - 1;

	return strncmp(origin, scheme, len) == 0 ? origin + len : origin;
}

/* "fcm.googleapis.com and 2 others" */
static char *name_of(struct look *l, const struct trouble *t)
{
	const char *host = without_scheme(t->origin);

	if (t->count == 1)
		return arena_strdup(l->arena, host);
	return arena_printf(
	    l->arena, "%s and %" PRId64 " other%s", host, t->count - 1, t->count == 2 ? "" : "s");
}

/* What it said last, and when it is asked again. */
static char *last_words(struct look *l, const struct trouble *t)
{
	char *said = t->error == NULL
			 ? arena_strdup(l->arena, "")
			 : arena_printf(l->arena, "Its last answer was “%s”. ", t->error);

	if (t->paused_until <= l->now)
		return arena_printf(
		    l->arena, "%sIt is tried again with the next notification.", said);
	return arena_printf(l->arena, "%sIt is tried again in %s; until then nothing is lost.",
	    said, announce_duration(l->arena, t->paused_until - l->now));
}

static bool is_word(const char *reason, enum verdict_trouble trouble)
{
	return strcmp(reason, verdict_trouble_word(trouble)) == 0;
}

static const char *sentence_of(const char *reason)
{
	for (int i = 0; i < VERDICT_TROUBLE__MAX; i++)
		if (is_word(reason, (enum verdict_trouble)i))
			return verdict_trouble_sentence((enum verdict_trouble)i);
	return "";
}

/* Which alarm a pause is worth; ALARM__MAX for none (yet). */
static enum alarm_kind kind_of(const struct look *l, const char *reason, int64_t since)
{
	if (is_word(reason, VERDICT_TROUBLE_AUTH) || is_word(reason, VERDICT_TROUBLE_BLOCKED))
		return ALARM_REFUSED;
	if (is_word(reason, VERDICT_TROUBLE_MASS_GONE))
		return ALARM_MASS_GONE;
	return l->now - since >= PATIENCE_MS ? ALARM_PAUSED : ALARM__MAX;
}

static void take_row(struct look *l, struct db_stmt *s, struct trouble *t)
{
	if (t->count++ > 0)
		return;
	t->origin = db_col_strdup(s, 0, l->arena);
	t->reason = db_col_strdup(s, 1, l->arena);
	t->paused_until = db_col_int(s, 2);
	t->since = db_col_int(s, 3);
	t->error = db_col_strdup(s, 4, l->arena);
	t->clock_skew = db_col_int(s, 6);
}

/* Sorts the rows by the alarm that they are worth. */
static int read_troubles(struct look *l, struct trouble t[ALARM__MAX])
{
	struct db_stmt *s = db_stmt(l->db, SQL_ALARM_ORIGINS);
	int rc;

	db_bind_int(s, ":now", l->now);
	while ((rc = db_step(s)) == 1) {
		const char *reason = db_col_text(s, 1);
		enum alarm_kind kind = ALARM__MAX;
		if (reason != NULL && db_col_int(s, 5) > 0)
			kind = kind_of(l, reason, db_col_int(s, 3));
		if (kind != ALARM__MAX)
			take_row(l, s, &t[kind]);
		if (db_col_int(s, 6) != 0)
			take_row(l, s, &t[ALARM_CLOCK]);
	}
	return rc;
}

static void say_refused(struct look *l, const struct trouble *t)
{
	if (t->count == 0)
		return;
	raise_alarm(l, ALARM_REFUSED,
	    arena_printf(l->arena, "%s %s this page: %s browsers are not told.", name_of(l, t),
		t->count > 1				      ? "refuse the keys of"
		: is_word(t->reason, VERDICT_TROUBLE_BLOCKED) ? "has blocked"
							      : "refuses the keys of",
		t->count > 1 ? "their" : "its"),
	    arena_printf(l->arena, "%s %s", sentence_of(t->reason), last_words(l, t)));
}

static void say_clock(struct look *l, const struct trouble *t)
{
	if (t->count == 0)
		return;
	raise_alarm(l, ALARM_CLOCK,
	    arena_printf(l->arena, "The clock of this machine is %s %s that of %s.",
		announce_duration(l->arena, llabs(t->clock_skew)),
		t->clock_skew > 0 ? "behind" : "ahead of", name_of(l, t)),
	    "Push services refuse keys that were signed at another time, and every time on the "
	    "page "
	    "is wrong. Set the clock (for example by “timedatectl set-ntp true”); this goes away "
	    "with "
	    "the next notification.");
}

static void say_mass_gone(struct look *l, const struct trouble *t)
{
	if (t->count == 0)
		return;
	raise_alarm(l, ALARM_MASS_GONE,
	    arena_printf(l->arena,
		"%s said of more than half of the browsers that were told that they are gone.",
		name_of(l, t)),
	    arena_printf(l->arena,
		"That is hardly true, so none of them is erased: a visit to the page brings each "
		"back. %s Look whether the service reports a fault, or whether this server was "
		"moved "
		"or restored.",
		last_words(l, t)));
}

static void say_paused(struct look *l, const struct trouble *t)
{
	if (t->count == 0)
		return;
	raise_alarm(l, ALARM_PAUSED,
	    arena_printf(l->arena, "%s %s taken no notification for %s.", name_of(l, t),
		t->count == 1 ? "has" : "have", announce_duration(l->arena, l->now - t->since)),
	    arena_printf(l->arena, "%s %s", sentence_of(t->reason), last_words(l, t)));
}

static int look_at_services(struct look *l)
{
	struct trouble t[ALARM__MAX] = {{0}};

	if (read_troubles(l, t) < 0)
		return -1;
	say_refused(l, &t[ALARM_REFUSED]);
	say_clock(l, &t[ALARM_CLOCK]);
	say_mass_gone(l, &t[ALARM_MASS_GONE]);
	say_paused(l, &t[ALARM_PAUSED]);
	return 1;
}

/* ------------------------------------------------------------------ keys */

static void look_at_keys(struct look *l)
{
	const char *verdict = l->settings->vapid_verdict;

	if (l->conf->vapid_problem != NULL)
		verdict = l->conf->vapid_problem;
	if (!l->settings->push_enabled || *verdict == '\0' || strcmp(verdict, "ok") == 0)
		return;
	raise_alarm(l, ALARM_KEYS, arena_printf(l->arena, "Nobody can be told: %s", verdict),
	    "Mend the keys in the configuration file. What was "
	    "published meanwhile is sent then, unless it is too old.");
}

/* Subscriptions whose key is not in the configuration: the few whom an operator gave up are no alarm. */
static int count_keyless(struct look *l, int64_t *n)
{
	struct subscription_keys keys;
	struct subscription_key_counts counts;

	subscription_keys_take(l->conf, &keys);
	if (subscription_count_keys(l->db, &keys, &counts) < 0)
		return -1;
	*n = counts.others > (counts.current + counts.previous) / 10 ? counts.others : 0;
	return 1;
}

/* Keys that were exchanged without the previous pair: nobody can be told any more, or push services say so one by one. */
static int look_at_mismatches(struct look *l)
{
	struct db_stmt *s = db_stmt(l->db, SQL_ALARM_KEY_MISMATCH);
	int64_t n, keyless;

	db_bind_int(s, ":since", l->now - CLOCK_DAY);
	if (db_one_int(s, &n) != 1 || count_keyless(l, &keyless) < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if (l->out[i].kind == ALARM_REFUSED)
			return 1;
	if (n < MISMATCHES && keyless < MISMATCHES)
		return 1;
	raise_alarm(l, ALARM_REFUSED,
	    "Browsers that subscribed with other keys than the present ones are not told any more.",
	    "If the keys were changed by mistake, put the old pair back; if not, name it as "
	    "VAPID_PREVIOUS_PUBLIC_KEY and VAPID_PREVIOUS_PRIVATE_KEY. A browser that visits the "
	    "page "
	    "subscribes with the new ones by itself.");
	return 1;
}

/* ------------------------------------------------------------------ the sender */

/* Only asked when something is overdue, so nobody is turned away by it. */
static bool is_at_work(const struct look *l)
{
	char path[FILE_PATH_MAX];
	int fd = -1, rc;

	conf_path_sender_lock(l->conf, path, sizeof path);
	rc = file_lock(path, 0, &fd);
	if (rc == 1)
		file_close(&fd);
	return rc == 0;
}

static int look_at_sender(struct look *l)
{
	struct db_stmt *s = db_stmt(l->db, SQL_ALARM_OVERDUE);
	int64_t overdue;

	for (size_t i = 0; i < l->n; i++)
		if (l->out[i].kind == ALARM_KEYS)
			return 1;
	db_bind_int(s, ":before", l->now - PATIENCE_MS);
	if (db_one_int(s, &overdue) != 1)
		return -1;
	if (overdue != 0 && !is_at_work(l))
		raise_alarm(l, ALARM_SENDER,
		    "Notifications have been waiting for more than five minutes, and no sender is "
		    "at "
		    "work.",
		    "push-sender is started after each publishing and by a timer every minute. "
		    "Look "
		    "whether the timer runs; the sender’s log says why one ended. Starting "
		    "push-sender by hand does no harm.");
	return 1;
}

/* ------------------------------------------------------------------ settings and room */

static int look_at_switch(struct look *l)
{
	int64_t open;

	if (l->settings->push_enabled)
		return 1;
	if (db_one_int(db_stmt(l->db, SQL_ALARM_OPEN_INCIDENT), &open) != 1)
		return -1;
	if (open != 0)
		raise_alarm(l, ALARM_PUSH_OFF,
		    "An incident is open and notifications are switched off: nobody is told what "
		    "you "
		    "publish.",
		    "Settings → Notifications switches them on. What was published meanwhile is "
		    "not "
		    "sent afterwards.");
	return 1;
}

static int look_at_room(struct look *l)
{
	int64_t n, most = l->conf->subscribe_max;

	if (db_one_int(db_stmt(l->db, SQL_SUBSCRIPTION_COUNT), &n) != 1)
		return -1;
	if (n >= most - most / 10)
		raise_alarm(l, ALARM_FULL,
		    arena_printf(l->arena,
			"%" PRId64 " of at most %" PRId64 " subscriptions are taken.", n, most),
		    "When all are, a new browser takes the place of one that was never reached, or "
		    "is "
		    "turned away. Raise SUBSCRIBE_MAX in the configuration file.");
	return 1;
}

int alarm_list(struct db *db, struct arena *a, const struct conf *conf,
    const struct settings *settings, struct alarm out[ALARM__MAX], size_t *n)
{
	struct look l = {db, a, conf, settings, clock_now_ms(), out, 0};

	look_at_keys(&l);
	if (look_at_services(&l) < 0 || look_at_mismatches(&l) < 0 || look_at_sender(&l) < 0 ||
	    look_at_switch(&l) < 0 || look_at_room(&l) < 0)
		return -1;
	*n = l.n;
	return 1;
}
