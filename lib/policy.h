/* policy.h - who may be a push service, by the configuration. */
#ifndef POLICY_H
#define POLICY_H

#include "base.h"
#include "endpoint.h"

struct conf;

/* endpoint_policy_open with PUSH_EXTRA_HOSTS and PUSH_CONNECT_TO of conf.  1, or -1 (logged). */
int policy_open(const struct conf *conf, struct endpoint_policy **out);

#endif
