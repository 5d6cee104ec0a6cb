/* proxy.c - one CONNECT and its answer; see proxy.h. */
#include "base.h"
#include "proxy.h"

#include "buf.h"
#include "log.h"
#include "text.h"

#include <sys/socket.h>

#define HEAD_MAX     8192 /* of the proxy's answer */
#define USERINFO_MAX 512

struct proxy_tunnel {
	struct buf question;
	size_t written, used;
	char why[160];
	char head[HEAD_MAX + 1];
};

/* --- the proxy --- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes %XX (RFC 3986 §2.1).  The length, or 0 if the text is none or too long. */
static size_t decode(const char *at, size_t len, char out[USERINFO_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		if (n == USERINFO_MAX)
			return 0;
		out[n] = at[i];
		if (at[i] != '%')
			continue;
		if (len - i < 3 || hex(at[i + 1]) < 0 || hex(at[i + 2]) < 0)
			return 0;
		out[n] = (char)(hex(at[i + 1]) * 16 + hex(at[i + 2]));
		i += 2;
	}
	return n;
}

/* RFC 4648 §4, from the form of §5. */
static void add_base64(struct buf *b, const char *bytes, size_t len)
{
	size_t start = b->len;

	text_base64url_add(b, bytes, len);
	for (char *c = b->data + start; *c != '\0'; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	while ((b->len - start) % 4 != 0)
		buf_add_char(b, '=');
}

static bool set_authorization(struct proxy *proxy, const char *at, size_t len)
{
	char plain[USERINFO_MAX + 1];
	struct buf line = BUF_INIT;
	size_t n = decode(at, len, plain);

	if (n == 0)
		return false;
	if (memchr(at, ':', len) == NULL)
		plain[n++] = ':'; /* RFC 7617 wants it also without a password */
	buf_add_str(&line, "Basic ");
	add_base64(&line, plain, n);
	proxy->authorization = strdup(line.data);
	buf_release(&line);
	return proxy->authorization != NULL;
}

static bool parse(const char *url, struct proxy *out)
{
	const char *at = strstr(url, "://"), *end = url + strlen(url), *mark;
	uint64_t port;

	if (at == NULL)
		return false;
	at += 3;
	while (end > at && end[-1] == '/')
		end--;
	mark = memrchr(at, '@', (size_t)(end - at));
	if (mark != NULL && !set_authorization(out, at, (size_t)(mark - at)))
		return false;
	at = mark != NULL ? mark + 1 : at;
	mark = memrchr(at, ':', (size_t)(end - at));
	if (mark == NULL || !text_parse_u64(mark + 1, (size_t)(end - mark - 1), 1, 65535, &port))
		return false;
	if (*at == '[' && mark - at > 2 && mark[-1] == ']')
		out->host = strndup(at + 1, (size_t)(mark - at - 2));
	else
		out->host = strndup(at, (size_t)(mark - at));
	out->port = (uint16_t)port;
	return out->host != NULL && out->host[0] != '\0';
}

bool proxy_parse(const char *url, struct proxy *out)
{
	*out = (struct proxy){0};
	if (parse(url, out))
		return true;
	proxy_release(out);
	log_error("PROXY-01", "PUSH_PROXY must look like http://proxy.example.com:3128 or"
			      " http://user:password@proxy.example.com:3128");
	return false;
}

void proxy_release(struct proxy *proxy)
{
	free(proxy->host);
	free(proxy->authorization);
	*proxy = (struct proxy){0};
}

/* --- a tunnel --- */

struct proxy_tunnel *proxy_tunnel_open(const struct proxy *proxy, const char *host, uint16_t port)
{
	struct proxy_tunnel *tunnel = calloc(1, sizeof *tunnel);
	struct buf target = BUF_INIT;

	if (tunnel == NULL)
		log_die("PROXY-02", "out of memory");
	tunnel->question = (struct buf)BUF_INIT;
	if (strchr(host, ':') != NULL)
		buf_printf(&target, "[%s]:%u", host, port);
	else
		buf_printf(&target, "%s:%u", host, port);
	buf_printf(
	    &tunnel->question, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target.data, target.data);
	if (proxy->authorization != NULL)
		buf_printf(&tunnel->question, "Proxy-Authorization: %s\r\n", proxy->authorization);
	buf_add_str(&tunnel->question, "\r\n");
	buf_release(&target);
	return tunnel;
}

void proxy_tunnel_close(struct proxy_tunnel *tunnel)
{
	if (tunnel == NULL)
		return;
	buf_release(&tunnel->question);
	free(tunnel);
}

const char *proxy_tunnel_why(const struct proxy_tunnel *tunnel)
{
	return tunnel->why;
}

attr_printf(2, 3) static enum proxy_state refuse(struct proxy_tunnel *tunnel, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	vsnprintf(tunnel->why, sizeof tunnel->why, form, args);
	va_end(args);
	return PROXY_REFUSED;
}

/* The head is complete: "HTTP/1.1 200 Connected" and fields that mean nothing here. */
static enum proxy_state judge(struct proxy_tunnel *tunnel, size_t head_len)
{
	size_t line = strcspn(tunnel->head, "\r\n");
	uint64_t status;

	if (line < 12 || memcmp(tunnel->head, "HTTP/1.", 7) != 0 || tunnel->head[8] != ' ' ||
	    !text_parse_u64(tunnel->head + 9, 3, 100, 599, &status))
		return refuse(tunnel, "the proxy does not speak HTTP");
	if (status == 407)
		return refuse(tunnel, "the proxy answered 407: PUSH_PROXY needs the right user and"
				      " password");
	if (status / 100 != 2)
		return refuse(tunnel, "the proxy answered %.*s",
		    (int)(line - 9 < 80 ? line - 9 : 80), tunnel->head + 9);
	/* a TLS server never speaks first, so this would be the proxy's */
	if (tunnel->used > head_len)
		return refuse(tunnel, "the proxy sent more than its answer");
	return PROXY_STANDS;
}

static enum proxy_state read_head(struct proxy_tunnel *tunnel, int fd)
{
	for (;;) {
		ssize_t n = recv(fd, tunnel->head + tunnel->used, HEAD_MAX - tunnel->used, 0);
		const char *end;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return PROXY_READ;
		if (n < 0)
			return refuse(tunnel, "the proxy's answer: %s", strerror(errno));
		if (n == 0)
			return refuse(tunnel, "the proxy closed the connection");
		tunnel->used += (size_t)n;
		end = memmem(tunnel->head, tunnel->used, "\r\n\r\n", 4);
		if (end != NULL)
			return judge(tunnel, (size_t)(end - tunnel->head) + 4);
		if (tunnel->used == HEAD_MAX)
			return refuse(tunnel, "the proxy's answer does not end");
	}
}

enum proxy_state proxy_tunnel_run(struct proxy_tunnel *tunnel, int fd)
{
	while (tunnel->written < tunnel->question.len) {
		ssize_t n = send(fd, tunnel->question.data + tunnel->written,
		    tunnel->question.len - tunnel->written, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return PROXY_WRITE;
		if (n < 0)
			return refuse(tunnel, "asking the proxy: %s", strerror(errno));
		tunnel->written += (size_t)n;
	}
	return read_head(tunnel, fd);
}
