/* subscription_json.c - see subscription_json.h. */
#include "base.h"
#include "subscription_json.h"

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "point.h"
#include "text.h"

#define SENTENCE_MAX 500 /* bytes */

/* What one body is read with. */
struct reader {
	struct arena *arena;
	const struct endpoint_policy *policy;
	const char **sentence;
};

static bool refuse(struct reader *r, const char *fmt, ...) attr_printf(2, 3);

/* A name that was sent may be of any length; the answer need not repeat all of it. */
static bool refuse(struct reader *r, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	buf_grow(&b, (size_t)len + 1);
	vsnprintf(b.data, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(ap);
	*r->sentence =
	    arena_copy(r->arena, b.data, text_cut_bytes(b.data, (size_t)len, SENTENCE_MAX));
	buf_release(&b);
	return false;
}

static bool is_named(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* An object with no other members than these. */
static bool check_members(
    struct reader *r, const struct json *object, const char *what, const char *const *names)
{
	const char *name;

	if (!json_is(object, JSON_OBJECT))
		return refuse(r, "%s must be an object.", what);
	for (size_t i = 0; i < json_count(object); i++) {
		json_at(object, i, &name);
		if (!is_named(name, names))
			return refuse(r, "%s has a member that is not known: \"%s\".", what, name);
	}
	return true;
}

static bool read_string(
    struct reader *r, const struct json *object, const char *name, const char **out, size_t *len)
{
	*out = json_string(json_get(object, name), len);
	return *out != NULL || refuse(r, "\"%s\" must be a string.", name);
}

/* base64url, with or without padding.  Browsers never send the other alphabet. */
static bool decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	if (memchr(text, '+', len) != NULL || memchr(text, '/', len) != NULL)
		return false;
	return text_base64_decode(TEXT_BASE64_EITHER, text, len, out, size) == (ssize_t)size;
}

bool subscription_json_key(const char *text, size_t len, uint8_t out[SUBSCRIPTION_KEY_LEN])
{
	uint8_t key[SUBSCRIPTION_KEY_LEN];

	if (!decode(text, len, key, sizeof key) || key[0] != 4)
		return false;
	memcpy(out, key, sizeof key);
	return true;
}

/* ------------------------------------------------------------------ the subscription */

static bool read_endpoint(struct reader *r, const struct json *object, const struct endpoint **out)
{
	struct endpoint *e = arena_alloc(r->arena, sizeof *e);
	const char *text;
	size_t len;

	if (!read_string(r, object, "endpoint", &text, &len))
		return false;
	enum endpoint_verdict verdict = endpoint_parse(r->policy, text, len, e);
	if (verdict != ENDPOINT_OK)
		return refuse(r, "%s", endpoint_sentence(verdict));
	*out = e;
	return true;
}

static bool read_keys(struct reader *r, const struct json *keys, struct subscription_wish *w)
{
	static const char *const names[] = {"p256dh", "auth", NULL};
	const char *text;
	size_t len;

	if (!check_members(r, keys, "\"keys\"", names) ||
	    !read_string(r, keys, "p256dh", &text, &len))
		return false;
	if (!decode(text, len, w->p256dh, sizeof w->p256dh) || !point_valid(w->p256dh))
		return refuse(r, "\"p256dh\" must be a public key: base64url of the 65 octets of a "
				 "point on P-256.");
	if (!read_string(r, keys, "auth", &text, &len))
		return false;
	if (!decode(text, len, w->auth, sizeof w->auth))
		return refuse(r, "\"auth\" must be base64url of 16 octets.");
	return true;
}

static bool read_subscription(
    struct reader *r, const struct json *object, struct subscription_wish *w)
{
	static const char *const names[] = {"endpoint", "expirationTime", "keys", NULL};
	const struct json *expires = json_get(object, "expirationTime");

	if (!check_members(r, object, "\"subscription\"", names))
		return false;
	if (expires != NULL && !json_is(expires, JSON_NULL) && !json_is(expires, JSON_INT) &&
	    !json_is(expires, JSON_REAL))
		return refuse(r, "\"expirationTime\" must be a number or null.");
	return read_endpoint(r, object, &w->endpoint) && read_keys(r, json_get(object, "keys"), w);
}

/* A proof that cannot be right is kept as one that is found nowhere. */
static bool read_proof(struct reader *r, const struct json *object, struct subscription_proof *out)
{
	struct endpoint *e = arena_alloc(r->arena, sizeof *e);
	const char *url, *auth;
	size_t url_len, auth_len;

	if (!read_string(r, object, "endpoint", &url, &url_len) ||
	    !read_string(r, object, "auth", &auth, &auth_len))
		return false;
	bool possible = endpoint_split(url, url_len, e) == ENDPOINT_OK &&
			decode(auth, auth_len, out->auth, sizeof out->auth);
	out->url = possible ? e->url : "";
	return true;
}

static bool read_replaces(struct reader *r, const struct json *value, struct subscription_wish *w)
{
	static const char *const names[] = {"endpoint", "auth", NULL};

	if (value == NULL)
		return true;
	w->replaces = true;
	return check_members(r, value, "\"replaces\"", names) && read_proof(r, value, &w->replaced);
}

static bool read_own_key(struct reader *r, const struct json *value, struct subscription_wish *w)
{
	uint8_t *key = arena_alloc(r->arena, SUBSCRIPTION_KEY_LEN);
	size_t len;

	if (value == NULL)
		return true;
	const char *text = json_string(value, &len);
	if (text == NULL || !subscription_json_key(text, len, key))
		return refuse(
		    r, "\"key\" must be the public key that the subscription was made with.");
	w->key = key;
	return true;
}

static bool read_incident(struct reader *r, const struct json *value, const char **out)
{
	size_t len;

	if (value == NULL)
		return true;
	*out = json_string(value, &len);
	if (*out == NULL || !text_is_id(*out, len))
		return refuse(r, "\"incident\" must be the id of an incident or maintenance.");
	return true;
}

/* ------------------------------------------------------------------ the choices */

static bool component_form_valid(const char *id)
{
	return text_is_id(id, strlen(id));
}

/* "all", or an array of words; *out is NULL for all, else the words with one space between. */
static bool read_words(struct reader *r, const struct json *value, const char *name,
    bool (*valid)(const char *), const char *none, const char **out)
{
	const char *word = json_string(value, NULL), *words = "";

	*out = NULL;
	if (word != NULL && strcmp(word, "all") == 0)
		return true;
	if (!json_is(value, JSON_ARRAY))
		return refuse(r, "\"%s\" must be \"all\" or an array.", name);
	for (size_t i = 0; i < json_count(value); i++) {
		word = json_string(json_at(value, i, NULL), NULL);
		if (word == NULL)
			return refuse(r, "\"%s\" must have strings in it.", name);
		if (!valid(word))
			return refuse(r, "There is no %s \"%s\".", none, word);
		words = choice_add_word(r->arena, words, word);
	}
	*out = words;
	return true;
}

static bool read_components(struct reader *r, const struct json *value, struct choice_wish *c)
{
	c->components = value != NULL;
	return value == NULL || read_words(r, value, "components", component_form_valid,
				    "component or group", &c->value.components);
}

static bool read_events(struct reader *r, const struct json *value, struct choice_wish *c)
{
	c->events = value != NULL;
	if (value == NULL)
		return true;
	if (!read_words(r, value, "events", choice_event_valid, "event", &c->value.events))
		return false;
	if (c->value.events != NULL && *c->value.events == '\0')
		return refuse(r, "Choose at least one event, or unsubscribe.");
	return true;
}

static bool read_min_impact(struct reader *r, const struct json *value, struct choice_wish *c)
{
	const char *word = json_string(value, NULL);
	int impact = word != NULL ? impact_from_word(word) : -1;

	c->min_impact = value != NULL;
	if (value == NULL)
		return true;
	if (impact < 0 || impact > IMPACT_CRITICAL)
		return refuse(
		    r, "\"min_impact\" must be \"none\", \"minor\", \"major\" or \"critical\".");
	c->value.min_impact = (enum impact)impact;
	return true;
}

static bool read_lang(struct reader *r, const struct json *value, struct choice_wish *c)
{
	c->lang = value != NULL;
	c->value.lang = json_string(value, NULL);
	if (value == NULL || (c->value.lang != NULL && choice_lang_valid(c->value.lang)))
		return true;
	return refuse(r, "\"lang\" must be a language like \"en\" or \"pt-BR\".");
}

static bool read_time(
    struct reader *r, const struct json *object, const char *name, const char **out)
{
	size_t len;

	if (!read_string(r, object, name, out, &len))
		return false;
	return choice_time_valid(*out) || refuse(r, "\"%s\" must be a time like \"22:00\".", name);
}

/* Null ends the quiet hours. */
static bool read_quiet(struct reader *r, const struct json *value, struct choice_wish *c)
{
	static const char *const names[] = {"from", "to", "tz", "critical", NULL};
	struct choice_quiet *q = &c->value.quiet;
	const struct json *critical = json_get(value, "critical");
	size_t len;

	c->quiet = value != NULL;
	if (value == NULL || json_is(value, JSON_NULL))
		return true;
	if (!check_members(r, value, "\"quiet\"", names) ||
	    !read_time(r, value, "from", &q->from) || !read_time(r, value, "to", &q->to) ||
	    !read_string(r, value, "tz", &q->tz, &len))
		return false;
	if (strcmp(q->from, q->to) == 0)
		return refuse(r, "The quiet hours must end at another time than they begin.");
	if (!choice_zone_valid(q->tz))
		return refuse(r, "\"tz\" must be a time zone like \"Europe/Berlin\".");
	if (critical != NULL && !json_boolean(critical, &q->critical))
		return refuse(r, "\"critical\" must be true or false.");
	return true;
}

/* ------------------------------------------------------------------ bodies */

bool subscription_json_wish(struct arena *a, const struct json *body,
    const struct endpoint_policy *policy, struct subscription_wish *wish, const char **sentence)
{
	static const char *const names[] = {"subscription", "components", "events", "min_impact",
	    "lang", "quiet", "key", "incident", "replaces", NULL};
	struct reader r = {a, policy, sentence};
	struct choice_wish *c = &wish->choice;

	*wish = (struct subscription_wish){0};
	return check_members(&r, body, "The body", names) &&
	       read_subscription(&r, json_get(body, "subscription"), wish) &&
	       read_own_key(&r, json_get(body, "key"), wish) &&
	       read_incident(&r, json_get(body, "incident"), &wish->incident) &&
	       read_replaces(&r, json_get(body, "replaces"), wish) &&
	       read_components(&r, json_get(body, "components"), c) &&
	       read_events(&r, json_get(body, "events"), c) &&
	       read_min_impact(&r, json_get(body, "min_impact"), c) &&
	       read_lang(&r, json_get(body, "lang"), c) &&
	       read_quiet(&r, json_get(body, "quiet"), c);
}

static bool read_until(struct reader *r, const struct json *body, const char **until)
{
	size_t len;

	if (!read_string(r, body, "until", until, &len))
		return false;
	return strcmp(*until, "resolved") == 0 || strcmp(*until, "end") == 0 ||
	       refuse(r, "\"until\" must be \"resolved\" or \"end\".");
}

bool subscription_json_proof(struct arena *a, const struct json *body,
    struct subscription_proof *proof, const char **incident, const char **until,
    const char **sentence)
{
	const char *names[] = {"endpoint", "auth", NULL, NULL, NULL};
	struct reader r = {a, NULL, sentence};

	if (incident != NULL) {
		names[2] = "incident";
		*incident = NULL;
	}
	if (until != NULL)
		names[3] = "until";
	if (!check_members(&r, body, "The body", names) || !read_proof(&r, body, proof))
		return false;
	if (incident != NULL && !read_incident(&r, json_get(body, "incident"), incident))
		return false;
	if (until == NULL)
		return true;
	/* a mute is always of one incident */
	if (incident != NULL && *incident == NULL)
		return refuse(&r, "\"incident\" is missing.");
	return read_until(&r, body, until);
}

/* ------------------------------------------------------------------ the answer to `state` */

static void put_words(struct json_writer *w, const char *name, const char *words)
{
	if (words == NULL) {
		json_put_string(w, name, "all");
		return;
	}
	json_begin_array(w, name);
	for (const char *p = words; *p != '\0';) {
		size_t n = strcspn(p, " ");
		json_put_string_len(w, NULL, p, n);
		p += n + (p[n] == ' ');
	}
	json_end_array(w);
}

static void put_quiet(struct json_writer *w, const struct choice_quiet *q)
{
	if (q->from == NULL) {
		json_put_null(w, "quiet");
		return;
	}
	json_begin_object(w, "quiet");
	json_put_string(w, "from", q->from);
	json_put_string(w, "to", q->to);
	json_put_string(w, "tz", q->tz);
	json_put_bool(w, "critical", q->critical);
	json_end_object(w);
}

static void put_incidents(struct json_writer *w, const struct subscription_view *view)
{
	json_begin_array(w, "follows");
	for (size_t i = 0; i < view->n_follows; i++)
		json_put_string(w, NULL, view->follows[i]);
	json_end_array(w);
	json_begin_array(w, "mutes");
	for (size_t i = 0; i < view->n_mutes; i++) {
		json_begin_object(w, NULL);
		json_put_string(w, "incident", view->mutes[i].incident);
		json_put_string(w, "until", view->mutes[i].until);
		json_end_object(w);
	}
	json_end_array(w);
}

static void put_last_push(struct json_writer *w, const struct subscription_view *view)
{
	if (view->last_push_outcome == NULL) {
		json_put_null(w, "last_push");
		return;
	}
	json_begin_object(w, "last_push");
	json_put_time(w, "at", view->last_push_at);
	json_put_string(w, "outcome", view->last_push_outcome);
	json_end_object(w);
}

void subscription_json_view(const struct subscription_view *view, struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_put_string(w, "status", view->gone ? "gone" : "subscribed");
	put_words(w, "components", view->choice.components);
	put_words(w, "events", view->choice.events);
	json_put_string(w, "lang", view->choice.lang);
	json_put_string(w, "min_impact", impact_word(view->choice.min_impact));
	put_quiet(w, &view->choice.quiet);
	put_incidents(w, view);
	json_put_bool(w, "key_current", view->key_current);
	json_begin_object(w, "last_test");
	if (view->last_test_at == 0)
		json_put_null(w, "at");
	else
		json_put_time(w, "at", view->last_test_at);
	json_put_string(w, "outcome", view->last_test_outcome);
	json_end_object(w);
	put_last_push(w, view);
	json_end_object(w);
}
