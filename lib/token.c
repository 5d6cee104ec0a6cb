/* token.c - see token.h. */
#include "base.h"
#include "token.h"

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "vapid.h"

#define RENEW_BEFORE_MS (2 * CLOCK_HOUR)

struct token_text {
	struct token_text *next;
	char text[];
};

static struct token_text *new_text(const char *text, size_t len)
{
	struct token_text *t = malloc(sizeof *t + len + 1);

	if (t == NULL)
		log_die("TOKEN-01", "out of memory");
	memcpy(t->text, text, len + 1);
	return t;
}

const char *token_header(struct token *t, struct vapid *key, const char *origin,
    const char *subject, int64_t now_ms)
{
	struct buf header = BUF_INIT;
	struct token_text *text;

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

bool token_renew(struct token *t, int64_t now_ms)
{
	int64_t since = now_ms - t->forced_at;

	if (t->forced_at != 0 && since >= 0 && since < CLOCK_HOUR)
		return false;
	t->forced_at = now_ms;
	t->until = 0;
	return true;
}

void token_release(struct token *t)
{
	while (t->text != NULL) {
		struct token_text *text = t->text;

		t->text = text->next;
		free(text);
	}
}
