/* fetch_transfer.h - one request over HTTP/1.1: libcurl's options, callbacks and errors (part of
 * fetch, with which it shares the ownership of libcurl).
 *
 * fetch.c decides when a transfer runs; here stands what it may do and what its end means.  libcurl
 * must be loaded (fetch_curl.h) before a transfer is prepared.
 */
#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include "base.h"
#include "endpoint.h"
#include "fetch.h"
#include "gate.h"
#include "reply.h"

#include <curl/curl.h>

/* What all requests of an origin share; must outlive its transfers. */
struct fetch_target {
	const struct fetch_settings *settings;
	struct endpoint_route route;
	char *host;
	uint16_t port;
	char *url;	       /* of the origin: the path goes into the request line as it is */
	uint64_t *connections; /* counts those opened */
};

struct fetch_transfer {
	const struct fetch_target *target;
	CURL *easy; /* made at the first use, kept for the next */
	struct push_request *request;
	size_t body_sent;
	bool blocked;  /* an address was refused */
	bool too_much; /* we ended it: header list or body beyond the limits */
	struct reply reply;
	struct curl_slist *headers, *addresses;
	struct curl_slist *connect_to; /* NULL unless the route is mapped */
	char error[CURL_ERROR_SIZE];
};

void fetch_target_init(struct fetch_target *target, const struct fetch_settings *settings,
    const char *host, uint16_t port, uint64_t *connections);
void fetch_target_release(struct fetch_target *target);

/* Makes the handle ready for this request; addresses is what libcurl may connect to, NULL = the
 * proxy finds them.  CURLINFO_PRIVATE of the handle is the transfer. */
void fetch_transfer_prepare(struct fetch_transfer *transfer, struct push_request *request,
    const struct gate_result *addresses);

/* What libcurl's result means, with words into why. */
enum push_failure fetch_transfer_sort(
    const struct fetch_transfer *transfer, CURLcode code, char *why, size_t why_cap);

/* The answer came over HTTP/2: ALPN chose it, which the service did not offer when it was asked. */
bool fetch_transfer_was_h2(const struct fetch_transfer *transfer);

/* Frees what belonged to the request, the reply excepted. */
void fetch_transfer_clear(struct fetch_transfer *transfer);

/* Frees everything.  The handle must be out of the multi handle. */
void fetch_transfer_close(struct fetch_transfer *transfer);

#endif
