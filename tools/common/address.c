// SPDX-License-Identifier: GPL-2.0
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

/* Of a name: how often it is looked up again, and after how many ms at most */
#define RETRIES 15
#define WAIT_MAX 20000

/* The link, by name or number, that a link-local address is on */
static bool scan_scope(const char *text, struct sockaddr_in6 *in6)
{
	if (!IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
	    !IN6_IS_ADDR_MC_LINKLOCAL(&in6->sin6_addr))
		return false;
	in6->sin6_scope_id = if_nametoindex(text);
	return in6->sin6_scope_id || scan_u32(text, &in6->sin6_scope_id);
}

/**
 * scan_address() - whether a text is an address, without brackets; its port is 0
 *
 * No "127.1", no "0x7f000001": four numbers or nothing.
 */
bool scan_address(const char *text, union address *out)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "%");

	memset(out, 0, sizeof(*out));
	out->sa.sa_family = AF_INET;
	if (inet_pton(AF_INET, text, &out->in.sin_addr) == 1)
		return true;
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = AF_INET6;
	return inet_pton(AF_INET6, host, &out->in6.sin6_addr) == 1 &&
	       (!text[len] || scan_scope(text + len + 1, &out->in6));
}

/** address_len() - size of the sockaddr inside an address */
socklen_t address_len(const union address *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

/** address_port() - the port, in host byte order */
unsigned int address_port(const union address *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port :
						   a->in.sin_port);
}

/** address_set_port() - set the port, given in host byte order */
void address_set_port(union address *a, unsigned int port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons((uint16_t)port);
	else
		a->in.sin_port = htons((uint16_t)port);
}

/** address_is_set() - is there an IPv4 or IPv6 address? */
bool address_is_set(const union address *a)
{
	return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

/** same_host() - are two addresses the same but for port and scope? */
bool same_host(const union address *a, const union address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

/** format_host() - print an address, or "-", into ADDRESS_STRLEN bytes */
const char *format_host(char *buf, const union address *a)
{
	char name[IF_NAMESIZE];
	uint32_t scope;
	size_t len;

	if (!address_is_set(a))
		return strcpy(buf, "-");
	if (a->sa.sa_family == AF_INET)
		return inet_ntop(AF_INET, &a->in.sin_addr, buf, ADDRESS_STRLEN);
	inet_ntop(AF_INET6, &a->in6.sin6_addr, buf, ADDRESS_STRLEN);
	scope = a->in6.sin6_scope_id;
	len = strlen(buf);
	if (scope && if_indextoname(scope, name))
		snprintf(buf + len, ADDRESS_STRLEN - len, "%%%s", name);
	else if (scope)
		snprintf(buf + len, ADDRESS_STRLEN - len, "%%%u", scope);
	return buf;
}

/** format_address() - the same with the port: ADDR:PORT or [ADDR]:PORT */
const char *format_address(char *buf, const union address *a)
{
	char host[ADDRESS_STRLEN];

	if (!address_is_set(a))
		return strcpy(buf, "-");
	snprintf(buf, ADDRESS_STRLEN,
		 a->sa.sa_family == AF_INET6 ? "[%.70s]:%u" : "%.70s:%u",
		 format_host(host, a), address_port(a));
	return buf;
}

/**
 * resolve_retries() - how often a name is looked up again; negative for ever
 *
 * While no name server answers, that is: when a machine starts, units and wg-quick
 * may run a tool before the network is there; wg(8) waits as long.  The user may
 * say otherwise.
 */
int resolve_retries(void)
{
	const char *text = getenv("FTCP_RESOLVE_RETRIES");

	if (!text)
		return RETRIES;
	return strcmp(text, "infinity") ? atoi(text) : -1;
}

/** resolve_wait_next() - the next pause, in ms, after one of @wait */
int resolve_wait_next(int wait)
{
	return wait * 6 / 5 < WAIT_MAX ? wait * 6 / 5 : WAIT_MAX;
}

/** resolve_is_transient() - may a failure of getaddrinfo() be over soon? */
bool resolve_is_transient(int err)
{
	return err != EAI_NONAME && err != EAI_FAIL && err != EAI_NODATA &&
	       err != EAI_ADDRFAMILY;
}

/** resolve_error() - such a failure in words; errno must still be as it left it */
const char *resolve_error(int err)
{
	return err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err);
}
