/* fetch_transfer.c - one request by libcurl, with every option that keeps it from wandering off; see fetch_transfer.h. */
#include "base.h"
#include "fetch_transfer.h"

#include "buf.h"
#include "fetch_curl.h"
#include "log.h"
#include "tls.h"

#include <netinet/in.h>

#define IDLE_S	  110L
#define MAX_AGE_S 3000L

/* --- what libcurl calls --- */

static size_t give_body(char *out, size_t size, size_t n, void *user)
{
	struct fetch_transfer *transfer = user;
	size_t left = transfer->request->body_len - transfer->body_sent;

	if (left > size * n)
		left = size * n;
	memcpy(out, transfer->request->body + transfer->body_sent, left);
	transfer->body_sent += left;
	return left;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
	struct fetch_transfer *transfer = user;

	if (reply_add_body(&transfer->reply, bytes, size * n))
		return size * n;
	transfer->too_much = true;
	return 0;
}

/* "HTTP/1.1 201 Created" begins a list. */
static bool begin_list(struct reply *reply, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	int status = 0;

	if (len < 5 || memcmp(line, "HTTP/", 5) != 0)
		return false;
	if (space != NULL && line + len - space > 3)
		for (int i = 1; i <= 3; i++)
			status =
			    space[i] >= '0' && space[i] <= '9' ? status * 10 + (space[i] - '0') : 0;
	reply_begin_headers(reply, status);
	return true;
}

/* One line of a header list, with its line end. */
static size_t take_header(char *line, size_t size, size_t n, void *user)
{
	struct fetch_transfer *transfer = user;
	size_t all = size * n, len = all, name_len, start;
	const char *colon;

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	if (len == 0) {
		reply_end_headers(&transfer->reply);
		return all;
	}
	if (begin_list(&transfer->reply, line, len))
		return all;
	colon = memchr(line, ':', len);
	name_len = colon == NULL ? len : (size_t)(colon - line);
	start = colon == NULL ? len : name_len + 1;
	while (start < len && (line[start] == ' ' || line[start] == '\t'))
		start++;
	if (reply_add_header(&transfer->reply, line, name_len, line + start, len - start))
		return all;
	transfer->too_much = true;
	return 0;
}

/* Each address that libcurl is about to connect to is judged once more, whatever it came from. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch_transfer *transfer = user;
	const struct endpoint_route *route = &transfer->target->route;
	in_port_t port = 0;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (address->family == AF_INET)
		port = ((struct sockaddr_in *)&address->addr)->sin_port;
	else if (address->family == AF_INET6)
		port = ((struct sockaddr_in6 *)&address->addr)->sin6_port;
	if (transfer->target->settings->proxy == NULL &&
	    (ntohs(port) != route->port ||
		(!route->any_address && !gate_address_allowed(&address->addr)))) {
		transfer->blocked = true;
		return CURL_SOCKET_BAD;
	}
	(*transfer->target->connections)++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl replaces its default authorities by a file that is named; ours come on top. */
static CURLcode add_authorities(CURL *easy, void *context, void *user)
{
	(void)easy;
	return tls_add_authorities(context, user) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

/* --- the request --- */

static void add_line(struct curl_slist **list, struct buf *line)
{
	struct curl_slist *longer = fetch_curl_load()->slist_append(*list, line->data);

	if (longer == NULL)
		log_die("FETCH-01", "out of memory");
	*list = longer;
	buf_clear(line);
}

/* Where the operator's map leads this origin; NULL where it does not. */
static void make_connect_to(struct fetch_transfer *transfer)
{
	const struct fetch_target *target = transfer->target;
	bool ipv6 = strchr(target->route.host, ':') != NULL;
	struct buf line = BUF_INIT;

	if (!target->route.mapped)
		return;
	buf_printf(&line, ipv6 ? "%s:%u:[%s]:%u" : "%s:%u:%s:%u", target->host, target->port,
	    target->route.host, target->route.port);
	add_line(&transfer->connect_to, &line);
	buf_release(&line);
}

/* What is the same for every request of a slot. */
static void set_options(struct fetch_transfer *transfer)
{
	const struct fetch_target *target = transfer->target;
	const struct fetch_settings *settings = target->settings;
	const struct fetch_curl *curl = fetch_curl_load();
	const char *folder = tls_authority_folder();
	CURL *easy = transfer->easy;

	curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl->easy_setopt(easy, CURLOPT_URL, target->url);
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl->easy_setopt(easy, CURLOPT_PROXY, settings->proxy != NULL ? settings->proxy : "");
	curl->easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl->easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl->easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (folder != NULL) {
		curl->easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl->easy_setopt(easy, CURLOPT_CAPATH, folder);
	}
	if (settings->ca_file != NULL) {
		curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, add_authorities);
		curl->easy_setopt(easy, CURLOPT_SSL_CTX_DATA, settings->ca_file);
	}
	curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_ms);
	curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->answer_ms);
	curl->easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_S);
	curl->easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, MAX_AGE_S);
	make_connect_to(transfer);
	curl->easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl->easy_setopt(easy, CURLOPT_POST, 1L);
	/* From a buffer of ours libcurl would send a request again by itself when a kept connection
	 * breaks.  It cannot rewind this function, so it fails instead and the caller decides. */
	curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl->easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
}

static void make_headers(struct fetch_transfer *transfer)
{
	/* the last two take away what libcurl would add */
	static const char *const fixed[] = {
	    "Content-Encoding: aes128gcm",
	    "Content-Type: application/octet-stream",
	    "Accept:",
	    "Expect:",
	};
	const struct push_request *request = transfer->request;
	struct buf line = BUF_INIT;

	buf_printf(&line, "TTL: %" PRIu32, request->ttl_s);
	add_line(&transfer->headers, &line);
	buf_printf(&line, "Urgency: %s", request->urgency);
	add_line(&transfer->headers, &line);
	if (request->topic != NULL) {
		buf_printf(&line, "Topic: %s", request->topic);
		add_line(&transfer->headers, &line);
	}
	buf_printf(&line, "Authorization: %s", request->authorization);
	add_line(&transfer->headers, &line);
	for (size_t i = 0; i < nelem(fixed); i++) {
		buf_add_str(&line, fixed[i]);
		add_line(&transfer->headers, &line);
	}
	buf_release(&line);
}

/* Tells libcurl which addresses the name has, so that it asks nobody. */
static void make_addresses(struct fetch_transfer *transfer, const struct gate_result *addresses)
{
	const struct endpoint_route *route = &transfer->target->route;
	struct buf line = BUF_INIT;
	char text[GATE_TEXT_MAX];

	buf_printf(&line, "%s:%u:", route->host, route->port);
	for (size_t i = 0; i < addresses->count; i++) {
		const struct sockaddr *address = (const struct sockaddr *)&addresses->address[i];
		gate_format(address, text);
		buf_printf(&line, address->sa_family == AF_INET6 ? "%s[%s]" : "%s%s",
		    i > 0 ? "," : "", text);
	}
	add_line(&transfer->addresses, &line);
	buf_release(&line);
}

void fetch_transfer_prepare(struct fetch_transfer *transfer, struct push_request *request,
    const struct gate_result *addresses)
{
	const struct fetch_curl *curl = fetch_curl_load();

	transfer->request = request;
	transfer->body_sent = 0;
	transfer->blocked = transfer->too_much = false;
	transfer->error[0] = '\0';
	if (transfer->easy == NULL) {
		transfer->easy = curl->easy_init();
		if (transfer->easy == NULL)
			log_die("FETCH-02", "out of memory");
		set_options(transfer);
	}
	make_headers(transfer);
	/* an IPv6 literal needs no resolving and would not fit the form of the list */
	if (addresses != NULL && strchr(transfer->target->route.host, ':') == NULL)
		make_addresses(transfer, addresses);
	curl->easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl->easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->addresses);
	curl->easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, request->path);
	curl->easy_setopt(
	    transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
}

static void free_list(struct curl_slist **list)
{
	if (*list != NULL)
		fetch_curl_load()->slist_free_all(*list);
	*list = NULL;
}

void fetch_transfer_clear(struct fetch_transfer *transfer)
{
	free_list(&transfer->headers);
	free_list(&transfer->addresses);
	transfer->request = NULL;
}

void fetch_transfer_close(struct fetch_transfer *transfer)
{
	if (transfer->easy != NULL)
		fetch_curl_load()->easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	fetch_transfer_clear(transfer);
	free_list(&transfer->connect_to);
}

void fetch_target_init(struct fetch_target *target, const struct fetch_settings *settings,
    const char *host, uint16_t port, uint64_t *connections)
{
	struct buf line = BUF_INIT;

	*target = (struct fetch_target){
	    .settings = settings, .connections = connections, .host = strdup(host), .port = port};
	endpoint_find_route(settings->policy, host, port, &target->route);
	buf_printf(&line, port == 443 ? "https://%s/" : "https://%s:%u/", host, port);
	target->url = strdup(line.data);
	if (target->url == NULL || target->host == NULL)
		log_die("FETCH-03", "out of memory");
	buf_release(&line);
}

void fetch_target_release(struct fetch_target *target)
{
	free(target->host);
	free(target->url);
}

/* --- the result --- */

/* Was the request certainly not on the wire when time ran out? */
static bool was_connecting(CURL *easy)
{
	const struct fetch_curl *curl = fetch_curl_load();
	long connects = 0;
	curl_off_t ready = 0;

	curl->easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	curl->easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	return connects > 0 && ready == 0;
}

/* Did it end before there was a tunnel? */
static bool proxy_failed(CURL *easy)
{
	const struct fetch_curl *curl = fetch_curl_load();
	long code = 0;

	curl->easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &code);
	return code >= 300 || (code == 0 && was_connecting(easy));
}

/* libcurl's codes in our words. */
static enum push_failure sort(const struct fetch_transfer *transfer, CURLcode code)
{
	const char *proxy = transfer->target->settings->proxy;

	if (transfer->reply.complete && (code == CURLE_OK || code == CURLE_OPERATION_TIMEDOUT ||
					    (code == CURLE_WRITE_ERROR && transfer->too_much)))
		return PUSH_FAILURE_NONE;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return PUSH_FAILURE_RESOLVE;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return PUSH_FAILURE_PROXY;
	case CURLE_COULDNT_CONNECT:
		if (transfer->blocked)
			return PUSH_FAILURE_BLOCKED_ADDRESS;
		return proxy != NULL ? PUSH_FAILURE_PROXY : PUSH_FAILURE_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
		return PUSH_FAILURE_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return PUSH_FAILURE_TLS_VERIFY;
	case CURLE_OPERATION_TIMEDOUT:
		if (proxy != NULL && proxy_failed(transfer->easy))
			return PUSH_FAILURE_PROXY;
		return was_connecting(transfer->easy) ? PUSH_FAILURE_CONNECT : PUSH_FAILURE_UNKNOWN;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_NOT_BUILT_IN:
	case CURLE_FAILED_INIT:
		return PUSH_FAILURE_LOCAL;
	default:
		return proxy != NULL && proxy_failed(transfer->easy) ? PUSH_FAILURE_PROXY
								     : PUSH_FAILURE_UNKNOWN;
	}
}

bool fetch_transfer_was_h2(const struct fetch_transfer *transfer)
{
	long version = 0;

	fetch_curl_load()->easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
	return version == CURL_HTTP_VERSION_2_0;
}

enum push_failure fetch_transfer_sort(
    const struct fetch_transfer *transfer, CURLcode code, char *why, size_t why_cap)
{
	enum push_failure failure = sort(transfer, code);

	if (transfer->too_much)
		snprintf(why, why_cap, "answer's header list is too large");
	else if (transfer->error[0] != '\0')
		snprintf(why, why_cap, "%s", transfer->error);
	else
		snprintf(why, why_cap, "%s", fetch_curl_load()->easy_strerror(code));
	if (failure == PUSH_FAILURE_LOCAL)
		log_error("FETCH-04", "libcurl: %s", why);
	return failure;
}
