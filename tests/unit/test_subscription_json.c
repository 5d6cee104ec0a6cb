/* test_subscription_json.c - the body of subscribing: one good one, and everything near it. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "log.h"
#include "point.h"
#include "subscription_json.h"
#include "text.h"

static struct arena arena = ARENA_INIT;
static struct endpoint_policy *policy;

/* The point is RFC 8291 §5's receiver. */
static const char good[] =
    "{\"subscription\":{\"endpoint\":\"https://fcm.googleapis.com/fcm/send/abc\","
    "\"expirationTime\":null,\"keys\":{\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
    "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}},"
    "\"components\":[\"apiapiapiapi\"],\"events\":\"all\",\"min_impact\":\"major\",\"lang\":\"de\","
    "\"quiet\":{\"from\":\"22:00\",\"to\":\"07:00\",\"tz\":\"UTC\"},\"incident\":\"incident0001\","
    "\"replaces\":{\"endpoint\":\"https://fcm.googleapis.com/old\","
    "\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}}";

static bool read_wish(const char *bytes, size_t len, struct subscription_wish *wish)
{
	const struct json *doc;
	const char *error;

	return json_parse(&arena, bytes, len, 8, &doc, &error) &&
	       subscription_json_wish(&arena, doc, policy, wish, &error);
}

static void test_good(void)
{
	struct subscription_wish w;

	t_case("a full body is read");
	t_ok(read_wish(good, strlen(good), &w));
	t_str(w.endpoint->url, "https://fcm.googleapis.com/fcm/send/abc");
	t_int(w.p256dh[0], 4);
	t_int(w.auth[0], 5);
	t_ok(w.key == NULL && w.replaces);
	t_str(w.replaced.url, "https://fcm.googleapis.com/old");
	t_str(w.incident, "incident0001");
	t_str(w.choice.value.components, "apiapiapiapi");
	t_ok(w.choice.components && w.choice.events && w.choice.value.events == NULL);
	t_int(w.choice.value.min_impact, IMPACT_MAJOR);
	t_str(w.choice.value.quiet.tz, "UTC");
	t_ok(!w.choice.value.quiet.critical);
}

/* Whatever is taken must be fit for the domain, which does not look again. */
static bool fit(const struct subscription_wish *w)
{
	struct endpoint e;

	if (endpoint_parse(policy, w->endpoint->url, strlen(w->endpoint->url), &e) != ENDPOINT_OK)
		return false;
	if (!point_valid(w->p256dh) || w->choice.value.min_impact > IMPACT_CRITICAL)
		return false;
	if (w->choice.lang && !choice_lang_valid(w->choice.value.lang))
		return false;
	return !w->replaces || w->replaced.url != NULL;
}

static void test_near(void)
{
	static const char strange[] = {'\0', '"', '\\', '{', '}', '[', ',', ':', 'A', '=', '\n',
	    '\x7f', (char)0x80, (char)0xff};
	char bytes[sizeof good];
	struct subscription_wish w;
	size_t taken = 0;

	t_case("no beginning of a good body is taken");
	for (size_t len = 0; len < strlen(good); len++)
		t_ok(!read_wish(good, len, &w));
	t_case("a body with one octet changed is refused, or fit for use all the same");
	for (size_t at = 0; at < strlen(good); at++) {
		for (size_t i = 0; i < nelem(strange); i++) {
			memcpy(bytes, good, sizeof good);
			bytes[at] = strange[i];
			if (!read_wish(bytes, strlen(good), &w))
				continue;
			taken++;
			t_ok(fit(&w));
		}
		arena_reset(&arena);
	}
	/* a letter more or less in the path of the endpoint is another endpoint */
	t_ok(taken > 10);
}

static void test_proof(void)
{
	static const struct {
		const char *body;
		bool taken, possible;
	} bodies[] = {
	    {"{\"endpoint\":\"https://fcm.googleapis.com/x\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}",
		true, true},
	    {"{\"endpoint\":\"https://not.allowed.today/x\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg==\"}",
		true, true},
	    {"{\"endpoint\":\"https://fcm.googleapis.com/x\",\"auth\":\"short\"}", true, false},
	    {"{\"endpoint\":\"https://fcm.googleapis.com/x\",\"auth\":\"\"}", true, false},
	    {"{\"endpoint\":\"nonsense\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}", true, false},
	    {"{\"endpoint\":\"\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}", true, false},
	    {"{\"endpoint\":\"https://fcm.googleapis.com/x\"}", false, false},
	    {"{\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}", false, false},
	    {"{\"endpoint\":1,\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}", false, false},
	    {"{\"endpoint\":\"https://fcm.googleapis.com/x\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\","
	     "\"incident\":\"incident0001\"}",
		false, false},
	    {"[]", false, false},
	    {"null", false, false},
	};

	t_case("a proof that can be nobody's is read as one that is found nowhere");
	for (size_t i = 0; i < nelem(bodies); i++) {
		struct subscription_proof proof;
		const struct json *doc;
		const char *sentence;
		t_ok(
		    json_parse(&arena, bodies[i].body, strlen(bodies[i].body), 8, &doc, &sentence));
		t_int(subscription_json_proof(&arena, doc, &proof, NULL, NULL, &sentence),
		    bodies[i].taken);
		if (bodies[i].taken)
			t_int(*proof.url != '\0', bodies[i].possible);
	}
}

static void test_long_names(void)
{
	struct subscription_wish w;
	const struct json *doc;
	const char *sentence;
	struct buf b = BUF_INIT;

	t_case("a long name of many-byte characters is cut between two of them in the answer");
	for (int pad = 0; pad < 4; pad++) {
		buf_clear(&b);
		buf_printf(&b, "{\"%.*s", pad, "xxxx");
		for (int i = 0; i < 400; i++)
			buf_add_str(&b, "\xf0\x9f\x94\xb4");
		buf_add_str(&b, "\":1}");
		t_ok(json_parse(&arena, b.data, b.len, 8, &doc, &sentence));
		t_ok(!subscription_json_wish(&arena, doc, policy, &w, &sentence));
		t_ok(text_is_utf8(sentence, strlen(sentence)));
		t_ok(strlen(sentence) < 600);
	}
	buf_release(&b);
}

int main(void)
{
	log_open("test_subscription_json");
	if (endpoint_policy_open(NULL, NULL, &policy) != 1)
		return 1;
	test_good();
	test_near();
	test_proof();
	test_long_names();
	endpoint_policy_close(policy);
	arena_release(&arena);
	return t_end();
}
