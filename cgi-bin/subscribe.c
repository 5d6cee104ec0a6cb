/* subscribe.c - the visitors' program: subscribe, remove, state, mute, test (contract §3).
 *
 * Gates, in this order: path (404), method (405), is it our own page that asks (403), media type
 * (415), length (411, 413), strict JSON of the right shape (400).  Then one call into the domain
 * (subscription.h), whose result is the answer.  Only a new subscription counts for the rate limit
 * (limiter.h), so posting again what is known costs nothing.
 *
 * Nothing is ever sent to a push service from here: a test push is a row, and the sender is started
 * when the answer has left.
 */
#include "base.h"

#include "app.h"
#include "clock.h"
#include "file.h"
#include "form.h"
#include "guard.h"
#include "job.h"
#include "json.h"
#include "limiter.h"
#include "log.h"
#include "policy.h"
#include "subscription.h"
#include "subscription_json.h"
#include "web.h"

#define BODY_MAX      ((size_t)8 * 1024)
#define RATE_PERIOD   CLOCK_MINUTE
#define RETRY_SECONDS "60"

struct program {
	struct app app; /* first: see renew */
	struct endpoint_policy *policy;
	struct limiter *limiter;
	struct subscription_keys keys;
};

static const int statuses[] = {
    [SUBSCRIPTION_NEW] = 201,
    [SUBSCRIPTION_KNOWN] = 200,
    [SUBSCRIPTION_UNCHANGED] = 200,
    [SUBSCRIPTION_DONE] = 200,
    [SUBSCRIPTION_BAD] = 400,
    [SUBSCRIPTION_OFF] = 403,
    [SUBSCRIPTION_ABSENT] = 404,
    [SUBSCRIPTION_CONFLICT] = 409,
    [SUBSCRIPTION_TOO_OFTEN] = 429,
    [SUBSCRIPTION_FULL] = 503,
    [SUBSCRIPTION_BUSY] = 503,
    [SUBSCRIPTION_BROKEN] = 503,
};
static_assert(nelem(statuses) == SUBSCRIPTION__MAX, "a status for each result");

/* ------------------------------------------------------------------ answers */

static void answer_status(struct web *web, int status, const char *word)
{
	web_answer(web, status, WEB_JSON);
	struct json_writer w = JSON_WRITER(web_body(web));
	json_begin_object(&w, NULL);
	json_put_string(&w, "status", word);
	json_end_object(&w);
}

/* `word` is the status that a success is told by; a failure has its sentence. */
static void answer(
    struct web *web, enum subscription_result result, const char *word, const char *sentence)
{
	int status = statuses[result];

	if (status < 300) {
		answer_status(web, status, word);
		return;
	}
	web_json_error(web, status, sentence != NULL ? sentence : subscription_sentence(result));
	if (status == 503)
		web_header(web, "Retry-After", RETRY_SECONDS);
}

static void answer_wait(struct web *web, const char *sentence, int64_t wait_ms)
{
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%" PRId64, (wait_ms + 999) / 1000);
	web_json_error(web, 429, sentence);
	web_header(web, "Retry-After", seconds);
}

/* ------------------------------------------------------------------ calls */

/* False: answered with 429. */
static bool within_rate(struct program *p, struct web *web)
{
	uint8_t network[8];
	int64_t wait_ms;

	if (p->app.conf.subscribe_rate == 0)
		return true;
	size_t len = web_client_network(web, network);
	if (limiter_take(p->limiter, "subscribe", network, len, p->app.conf.subscribe_rate,
		RATE_PERIOD, &wait_ms) == 1)
		return true;
	answer_wait(
	    web, "Too many new subscriptions from this network. Try again in a minute.", wait_ms);
	return false;
}

static void call_subscribe(struct program *p, struct web *web, const struct json *body)
{
	struct subscription_wish wish;
	const char *sentence;

	if (!subscription_json_wish(web->arena, body, p->policy, &wish, &sentence)) {
		web_json_error(web, 400, sentence);
		return;
	}
	wish.keys = &p->keys;
	enum subscription_result result =
	    subscription_check(p->app.db, web->arena, &wish, &sentence);
	if (result == SUBSCRIPTION_NEW && !within_rate(p, web))
		return;
	if (result == SUBSCRIPTION_NEW || result == SUBSCRIPTION_KNOWN)
		result = subscription_save(
		    p->app.db, web->arena, &wish, p->app.conf.subscribe_max, &sentence);
	answer(web, result, "subscribed", sentence);
	/* who took another row over may be owed something now */
	if (wish.replaces && statuses[result] < 300)
		p->app.wake_sender = job_work_due(p->app.db, clock_now_ms(), 0) == 1;
}

/* Reads who asks, and what; false: answered with 400. */
static bool read_proof(struct web *web, const struct json *body, struct subscription_proof *proof,
    const char **incident, const char **until)
{
	const char *sentence;

	if (subscription_json_proof(web->arena, body, proof, incident, until, &sentence))
		return true;
	web_json_error(web, 400, sentence);
	return false;
}

static void call_remove(struct program *p, struct web *web, const struct json *body)
{
	struct subscription_proof proof;
	const char *incident;

	if (!read_proof(web, body, &proof, &incident, NULL))
		return;
	answer(web, subscription_remove(p->app.db, web->arena, &proof, incident), "unsubscribed",
	    NULL);
}

static void call_state(struct program *p, struct web *web, const struct json *body)
{
	struct subscription_proof proof;
	struct subscription_view view;

	if (!read_proof(web, body, &proof, NULL, NULL))
		return;
	enum subscription_result result =
	    subscription_read(p->app.db, web->arena, &proof, &p->keys, &view);
	if (result != SUBSCRIPTION_DONE) {
		answer(web, result, NULL, NULL);
		return;
	}
	web_answer(web, 200, WEB_JSON);
	struct json_writer w = JSON_WRITER(web_body(web));
	subscription_json_view(&view, &w);
}

static void call_mute(struct program *p, struct web *web, const struct json *body)
{
	struct subscription_proof proof;
	struct subscription_silence mute;

	if (!read_proof(web, body, &proof, &mute.incident, &mute.until))
		return;
	enum subscription_result result = subscription_mute(p->app.db, web->arena, &proof, &mute);
	answer(web, result, "muted",
	    result == SUBSCRIPTION_ABSENT ? "There is no such subscription or incident." : NULL);
}

static void call_test(struct program *p, struct web *web, const struct json *body)
{
	struct subscription_proof proof;
	int64_t wait_ms = 0;

	if (!read_proof(web, body, &proof, NULL, NULL))
		return;
	enum subscription_result result =
	    subscription_test(p->app.db, web->arena, &proof, &wait_ms);
	if (result == SUBSCRIPTION_TOO_OFTEN) {
		answer_wait(web, "One test a minute is enough. Try again later.", wait_ms);
	} else if (result == SUBSCRIPTION_DONE) {
		answer_status(web, 202, "queued");
		p->app.wake_sender = true;
	} else {
		answer(web, result, NULL, NULL);
	}
}

/* ------------------------------------------------------------------ gates */

typedef void call(struct program *p, struct web *web, const struct json *body);

static const struct {
	const char *path;
	call *run;
} routes[] = {
    {"", call_subscribe},
    {"/remove", call_remove},
    {"/state", call_state},
    {"/mute", call_mute},
    {"/test", call_test},
};

static call *find_call(const char *path)
{
	for (size_t i = 0; i < nelem(routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			return routes[i].run;
	return NULL;
}

static void route(struct program *p, struct web *web)
{
	call *run = find_call(web->path);
	const struct json *body;

	if (run == NULL)
		web_json_error(web, 404, "There is nothing at this address.");
	else if (web->method != WEB_POST)
		web_method_error(web, "POST");
	else if (!guard_script_origin(web, &p->app.conf))
		web_json_error(web, 403, "Only this site's own page may ask this.");
	else if (form_read_json(web, BODY_MAX, &body) == 1)
		run(p, web, body);
}

/* ------------------------------------------------------------------ the program */

/* What is made of the configuration. */
static int take_configuration(struct program *p, const struct conf *conf)
{
	struct endpoint_policy *policy;
	char path[FILE_PATH_MAX];

	if (policy_open(conf, &policy) < 0)
		return -1;
	endpoint_policy_close(p->policy);
	limiter_close(&p->limiter);
	p->policy = policy;
	conf_path_limiter(conf, path, sizeof path);
	p->limiter = limiter_open(path);
	subscription_keys_take(conf, &p->keys);
	return 1;
}

static int renew(struct app *app, const struct conf *fresh)
{
	return take_configuration((struct program *)app, fresh);
}

static void open_program(struct program *p)
{
	*p = (struct program){0};
	app_open(&p->app, "subscribe", DB_VISITOR);
	if (take_configuration(p, &p->app.conf) < 0)
		log_die("SUBSCRIBE-01", "PUSH_EXTRA_HOSTS or PUSH_CONNECT_TO cannot be used");
	p->app.renew = renew;
}

int main(void)
{
	struct program p;

	open_program(&p);
	while (app_next(&p.app)) {
		route(&p, p.app.web);
		app_end_request(&p.app);
	}
	limiter_close(&p.limiter);
	endpoint_policy_close(p.policy);
	app_close(&p.app);
	return 0;
}
