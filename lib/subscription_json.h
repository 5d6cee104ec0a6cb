/* subscription_json.h - the bodies of contract §3 "Subscribing", from and to JSON.
 *
 * Only shapes are judged here: known members, types, lengths, alphabets, the endpoint's form, the
 * point on the curve.  What exists is judged by subscription.h.  No input and output, so that the
 * whole of it can be fuzzed.
 *
 * Readers return true, or false with a sentence for the sender (answer 400).  All text they give
 * lives in the arena or in the document.
 */
#ifndef SUBSCRIPTION_JSON_H
#define SUBSCRIPTION_JSON_H

#include "base.h"
#include "subscription.h"

struct arena;
struct json;
struct json_writer;

/* The body of `POST /cgi-bin/subscribe`.  wish->keys is left to the caller. */
bool subscription_json_wish(struct arena *a, const struct json *body,
    const struct endpoint_policy *policy, struct subscription_wish *wish, const char **sentence);

/* A body that proves who asks, and what else the call has.  A member that is not asked for (NULL)
 * is refused.  An endpoint or secret that can belong to no subscription is not an error: the proof
 * then has the empty url, which is never found. */
bool subscription_json_proof(struct arena *a, const struct json *body,
    struct subscription_proof *proof, const char **incident, const char **until,
    const char **sentence);

/* Our own key out of its text (base64url of 65 octets); false if it is none. */
bool subscription_json_key(const char *text, size_t len, uint8_t out[SUBSCRIPTION_KEY_LEN]);

/* The answer to `state`. */
void subscription_json_view(const struct subscription_view *view, struct json_writer *w);

#endif
