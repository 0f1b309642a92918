// SPDX-License-Identifier: GPL-2.0
/*
 * Which entry of a table is this host: one whose endpoint, or the only address of one
 * of whose ranges, is an address of this host's.
 */
#include "ftcphosts.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "../common/address.h"
#include "../common/scan.h"

static struct ifaddrs *own;

/* An address of whatever kind, as the C library gives it */
static bool same(const struct sockaddr *sa, const union address *a)
{
	union address copy = {};

	if (!sa || sa->sa_family != a->sa.sa_family)
		return false;
	memcpy(&copy, sa, address_len(a));
	return same_host(&copy, a);
}

/* 127.0.1.1 is what a host's name stands for in many an /etc/hosts, and no link has it. */
static bool is_own(const union address *a)
{
	const struct ifaddrs *i;

	if (a->sa.sa_family == AF_INET &&
	    ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return true;
	for (i = own; i; i = i->ifa_next)
		if (same(i->ifa_addr, a))
			return true;
	return false;
}

/* An endpoint, or a range of a single address; not a name */
static bool is_own_text(const char *text, bool endpoint)
{
	struct host_port hp;
	union address a;
	char *slash;

	if (endpoint)
		return scan_host_port(text, &hp) == FORM_SOUND &&
		       scan_address(hp.host, &a) && is_own(&a);
	slash = strchr(text, '/');
	*slash = '\0';
	return scan_address(text, &a) && is_own(&a) &&
	       !strcmp(slash + 1, a.sa.sa_family == AF_INET ? "32" : "128");
}

static bool is_own_peer(const struct peer *p)
{
	char *list = format("%s", p->allowed), *rest = list, *range;
	bool found = is_own_text(p->endpoint, true);

	while (!found && (range = strsep(&rest, ",")))
		found = is_own_text(range, false);
	free(list);
	return found;
}

/** own_find() - mark the peers of a table that are this host by their addresses */
int own_find(struct table *t)
{
	size_t i;

	if (own)
		freeifaddrs(own);
	own = NULL;
	if (getifaddrs(&own))
		return fail("the addresses of this host: %s", strerror(errno));
	for (i = 0; i < t->n; i++)
		t->peers[i].own = is_own_peer(&t->peers[i]);
	return DONE;
}

/** own_is_name() - is it a name that has to be looked up? */
bool own_is_name(const char *endpoint)
{
	struct host_port hp;
	union address a;

	return scan_host_port(endpoint, &hp) == FORM_SOUND &&
	       !scan_address(hp.host, &a);
}

/** own_look_up() - look up the name in an endpoint, if there is one: is it this host? */
int own_look_up(const char *endpoint, bool *is)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *answer;
	struct host_port hp;
	union address a;
	int err;

	*is = false;
	if (scan_host_port(endpoint, &hp) != FORM_SOUND ||
	    scan_address(hp.host, &a))
		return DONE;
	err = getaddrinfo(hp.host, NULL, &hints, &list);
	if (err)
		return fail("\"%s\": %s", hp.host, resolve_error(err));
	for (answer = list; answer && !*is; answer = answer->ai_next) {
		memcpy(&a, answer->ai_addr, answer->ai_addrlen);
		*is = is_own(&a);
	}
	freeaddrinfo(list);
	return DONE;
}
