/* breaker.c - see breaker.h. */
#include "base.h"
#include "breaker.h"

#include "clock.h"
#include "db.h"
#include "log.h"
#include "text.h"

#define BUSY_LIMIT	10
#define BUSY_NO_ANSWER	4 /* what a turn without answers weighs */
#define THROTTLE_LIMIT	5
#define RETRY_AFTER_MIN 2
#define MASS_MIN	20
#define SKEW_MS		CLOCK_MINUTE

void breaker_init(struct breaker *b, int64_t origin_id, const char *origin)
{
	*b = (struct breaker){.origin_id = origin_id, .origin = origin};
}

bool breaker_is_paused(const struct breaker *b, int64_t wall_ms)
{
	return b->paused_until > wall_ms;
}

/* ------------------------------------------------------------------ pausing */

void breaker_trip(struct breaker *b, enum verdict_trouble trouble, int64_t at_least_ms,
    const struct breaker_now *now)
{
	int64_t ms;

	if (breaker_is_paused(b, now->wall_ms))
		return;
	b->failures++;
	ms = verdict_pause_ms(trouble, b->failures);
	if (ms < at_least_ms)
		ms = at_least_ms;
	b->paused_until = now->wall_ms + ms;
	b->trouble = trouble;
	b->changed = true;
	b->busy = 0;
	b->auth_count = 0;
	memset(b->ring, 0, sizeof b->ring);
	log_warn("BREAKER-01", "%s is paused for %" PRId64 " s: %s %s", b->origin, ms / 1000,
	    verdict_trouble_sentence(trouble), b->last_error);
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f;
}

void breaker_remember(struct breaker *b, int status, const char *word, const char *text,
    const struct breaker_now *now)
{
	int n = snprintf(b->last_error, sizeof b->last_error, "%d %s: ", status, word);
	size_t len = n < 0 ? 0 : (size_t)n;

	for (; *text != '\0' && len + 1 < sizeof b->last_error && len < 200; text++)
		b->last_error[len++] = is_plain(*text) ? *text : ' ';
	b->last_error[len] = '\0';
	b->last_error_at = now->wall_ms;
	b->changed = true;
}

/* ------------------------------------------------------------------ answers seen together */

static void recover(struct breaker *b)
{
	b->auth_count = 0;
	if (b->failures == 0)
		return;
	b->failures = 0;
	b->paused_until = 0;
	b->recovered = true;
	b->keep_gone = false;
}

static void count_busy(struct breaker *b, const struct verdict *v, const struct breaker_now *now)
{
	bool error = strcmp(v->word, "server_error") == 0;

	if (!v->busy) {
		b->busy = 0;
		return;
	}
	if (error)
		b->busy++;
	else if (b->busy_turn != now->turn)
		b->busy += BUSY_NO_ANSWER;
	b->busy_turn = now->turn;
	if (b->busy >= BUSY_LIMIT)
		breaker_trip(b, VERDICT_TROUBLE_BUSY, v->retry_after_ms, now);
}

static void count_throttle(
    struct breaker *b, const struct verdict *v, const struct breaker_now *now)
{
	unsigned throttled = 0, told = 0;
	bool is = v->kind == VERDICT_THROTTLED;

	b->ring[b->ring_next] = (uint8_t)(!is ? 0 : v->retry_after_ms < 0 ? 1 : 2);
	b->ring_next = (b->ring_next + 1) % BREAKER_RING;
	if (!is)
		return;
	for (size_t i = 0; i < BREAKER_RING; i++) {
		throttled += b->ring[i] > 0;
		told += b->ring[i] == 2;
	}
	if (throttled >= THROTTLE_LIMIT || told >= RETRY_AFTER_MIN)
		breaker_trip(b, VERDICT_TROUBLE_THROTTLED, v->retry_after_ms, now);
}

static void count_gone(struct breaker *b, const struct verdict *v, const struct breaker_now *now)
{
	int64_t minute = now->mono_ms / CLOCK_MINUTE;
	size_t slot = (size_t)(minute % BREAKER_MINUTES);
	unsigned answered = 0, gone = 0;

	if (b->minutes[slot].minute != minute) {
		b->minutes[slot].minute = minute;
		b->minutes[slot].answered = b->minutes[slot].gone = 0;
	}
	b->minutes[slot].answered++;
	if (v->kind != VERDICT_GONE)
		return;
	b->minutes[slot].gone++;
	for (size_t i = 0; i < BREAKER_MINUTES; i++) {
		if (minute - b->minutes[i].minute >= BREAKER_MINUTES)
			continue;
		answered += b->minutes[i].answered;
		gone += b->minutes[i].gone;
	}
	if (answered < MASS_MIN || gone * 2 <= answered)
		return;
	breaker_trip(b, VERDICT_TROUBLE_MASS_GONE, 0, now);
	b->keep_gone = true;
	memset(b->minutes, 0, sizeof b->minutes);
}

bool breaker_answer(struct breaker *b, const struct verdict *v, const struct breaker_now *now)
{
	switch (v->kind) {
	case VERDICT_ORIGIN:
		breaker_trip(b, v->trouble, v->retry_after_ms, now);
		break;
	case VERDICT_AGAIN:
		break;
	case VERDICT_ACCEPTED:
		recover(b);
		/* fallthrough */
	default:
		count_busy(b, v, now);
		count_throttle(b, v, now);
		if (v->kind != VERDICT_THROTTLED && v->kind != VERDICT_RETRY &&
		    v->kind != VERDICT_AUTH)
			count_gone(b, v, now);
		break;
	}
	return breaker_is_paused(b, now->wall_ms);
}

bool breaker_unauthorized(struct breaker *b, int64_t subscription_id, const struct breaker_now *now)
{
	if (breaker_is_paused(b, now->wall_ms))
		return true;
	for (unsigned i = 0; i < b->auth_count; i++)
		if (b->auth_ids[i] == subscription_id)
			return false;
	b->auth_ids[b->auth_count++] = subscription_id;
	if (b->auth_count == BREAKER_AUTH_LIMIT)
		breaker_trip(b, VERDICT_TROUBLE_AUTH, 0, now);
	return breaker_is_paused(b, now->wall_ms);
}

void breaker_date(struct breaker *b, int64_t date_ms, const struct breaker_now *now)
{
	int64_t skew = date_ms - now->wall_ms, change;

	if (llabs(skew) <= SKEW_MS)
		skew = 0;
	change = llabs(skew - b->clock_skew);
	/* an answer takes its time, so the figure trembles */
	if (change == 0 || (skew != 0 && change <= SKEW_MS))
		return;
	b->clock_skew = skew;
	b->skew_changed = true;
	if (skew != 0)
		log_warn("BREAKER-02", "the clock of %s is %" PRId64 " s %s ours", b->origin,
		    (int64_t)llabs(skew) / CLOCK_SECOND, skew > 0 ? "ahead of" : "behind");
}

void breaker_shift(struct breaker *b, int64_t ms)
{
	b->paused_until += b->paused_until > 0 ? ms : 0;
	b->last_error_at += b->last_error_at > 0 ? ms : 0;
}

/* ------------------------------------------------------------------ the row */

static const char *const protocols[TRANSPORT_PROTOCOL__MAX] = {
    [TRANSPORT_UNKNOWN] = "unknown",
    [TRANSPORT_H2] = "h2",
    [TRANSPORT_HTTP1] = "http1",
};

static enum transport_protocol read_protocol(const char *word)
{
	for (int p = 0; p < TRANSPORT_PROTOCOL__MAX; p++)
		if (word != NULL && strcmp(word, protocols[p]) == 0)
			return (enum transport_protocol)p;
	return TRANSPORT_UNKNOWN;
}

void breaker_protocol(struct breaker *b, enum transport_protocol protocol)
{
	if (protocol == b->protocol || protocol == TRANSPORT_UNKNOWN)
		return;
	b->protocol = protocol;
	b->learnt = true;
}

static int store_protocol(struct breaker *b, struct db *db)
{
	struct db_stmt *s = db_stmt(db, SQL_BREAKER_PROTOCOL);

	db_bind_int(s, ":id", b->origin_id);
	db_bind_text(s, ":transport", protocols[b->protocol]);
	return db_run(s);
}

int breaker_load(struct breaker *b, struct db *db)
{
	struct db_stmt *s = db_stmt(db, SQL_BREAKER_GET);
	int rc;

	if (b->changed || b->recovered || b->skew_changed || b->learnt)
		return 1; /* ours is newer */
	db_bind_int(s, ":id", b->origin_id);
	rc = db_step(s);
	if (rc == 1) {
		b->paused_until = db_col_int(s, 0);
		b->failures = db_col_int(s, 1);
		b->clock_skew = db_col_int(s, 2);
		b->protocol = read_protocol(db_col_text(s, 3));
	}
	db_reset(s);
	return rc;
}

/* After a mass of endings the rows are taken out of reach of the purge: with every commit until a push
 * is accepted, as windows that were under way write theirs later. */
static int store_keep(struct breaker *b, struct db *db, int64_t wall_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_BREAKER_KEEP_GONE);

	db_bind_int(s, ":id", b->origin_id);
	db_bind_int(s, ":since", wall_ms - BREAKER_MINUTES * CLOCK_MINUTE);
	return db_run(s);
}

static int store_skew(struct breaker *b, struct db *db)
{
	struct db_stmt *s = db_stmt(db, SQL_BREAKER_CLOCK);

	db_bind_int(s, ":id", b->origin_id);
	db_bind_int(s, ":skew", b->clock_skew);
	return db_run(s);
}

static int store_pause(struct breaker *b, struct db *db, int64_t wall_ms)
{
	struct db_stmt *s = db_stmt(db, SQL_BREAKER_PAUSE);

	db_bind_int(s, ":id", b->origin_id);
	db_bind_int(s, ":until", b->paused_until);
	db_bind_text(s, ":reason",
	    b->trouble == VERDICT_TROUBLE_NONE ? NULL : verdict_trouble_word(b->trouble));
	db_bind_int(s, ":failures", b->failures);
	db_bind_int(s, ":now", wall_ms);
	db_bind_text(s, ":error", b->last_error_at > 0 ? b->last_error : NULL);
	db_bind_int(s, ":error_at", b->last_error_at);
	return db_run(s);
}

int breaker_store(struct breaker *b, struct db *db, int64_t wall_ms)
{
	struct db_stmt *s;

	if (b->recovered) {
		s = db_stmt(db, SQL_BREAKER_RECOVER);
		db_bind_int(s, ":id", b->origin_id);
		if (db_run(s) < 0)
			return -1;
	}
	if (b->changed && store_pause(b, db, wall_ms) < 0)
		return -1;
	if (b->skew_changed && store_skew(b, db) < 0)
		return -1;
	if (b->learnt && store_protocol(b, db) < 0)
		return -1;
	if (b->keep_gone && store_keep(b, db, wall_ms) < 0)
		return -1;
	return 1;
}

void breaker_stored(struct breaker *b)
{
	b->changed = b->recovered = b->skew_changed = b->learnt = false;
}
