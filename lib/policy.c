/* policy.c - see policy.h. */
#include "base.h"
#include "policy.h"

#include "buf.h"
#include "conf.h"

static void add_comma(struct buf *b)
{
	if (b->len > 0)
		buf_add_char(b, ',');
}

static void add_host(struct buf *b, const struct conf_host *h)
{
	bool v6 = strchr(h->host, ':') != NULL;

	add_comma(b);
	buf_printf(b, v6 ? "[%s]:%u" : "%s:%u", h->host, (unsigned)h->port);
}

int policy_open(const struct conf *conf, struct endpoint_policy **out)
{
	struct buf hosts = BUF_INIT, connect = BUF_INIT;

	for (size_t i = 0; i < conf->push_extra_hosts_count; i++)
		add_host(&hosts, &conf->push_extra_hosts[i]);
	if (conf->push_any_host) {
		add_comma(&hosts);
		buf_add_char(&hosts, '*');
	}
	for (size_t i = 0; i < conf->push_connect_to_count; i++) {
		add_comma(&connect);
		buf_add_str(&connect, conf->push_connect_to[i].text);
	}
	int rc = endpoint_policy_open(hosts.data, connect.data, out);
	buf_release(&hosts);
	buf_release(&connect);
	return rc;
}
