/* jwt.c - see jwt.h. */
#include "base.h"
#include "jwt.h"

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "vapid.h"

#define RENEW_BEFORE_MS (2 * CLOCK_HOUR)

struct jwt_text {
	struct jwt_text *next;
	char text[];
};

static struct jwt_text *new_text(const char *text, size_t len)
{
	struct jwt_text *t = malloc(sizeof *t + len + 1);

	if (t == NULL)
		log_die("JWT-01", "out of memory");
	memcpy(t->text, text, len + 1);
	return t;
}

const char *jwt_header(
    struct jwt *t, struct vapid *key, const char *origin, const char *subject, int64_t now_ms)
{
	struct buf header = BUF_INIT;
	struct jwt_text *text;

	/* a token from the future was signed before the clock was set back */
	if (t->text != NULL && now_ms < t->until - RENEW_BEFORE_MS &&
	    now_ms >= t->until - VAPID_LIFETIME_MS)
		return t->text->text;
	if (vapid_header(key, origin, subject, now_ms, &header) < 0) {
		buf_release(&header);
		return NULL;
	}
	text = new_text(header.data, header.len);
	buf_release(&header);
	text->next = t->text;
	t->text = text;
	t->until = now_ms + VAPID_LIFETIME_MS;
	t->serial++;
	t->accepted = false;
	return text->text;
}

bool jwt_renew(struct jwt *t, int64_t now_ms)
{
	int64_t since = now_ms - t->forced_at;

	if (t->forced_at != 0 && since >= 0 && since < CLOCK_HOUR)
		return false;
	t->forced_at = now_ms;
	t->until = 0;
	return true;
}

void jwt_forget(struct jwt *t)
{
	t->until = t->forced_at = 0;
}

void jwt_release(struct jwt *t)
{
	while (t->text != NULL) {
		struct jwt_text *text = t->text;

		t->text = text->next;
		free(text);
	}
}
