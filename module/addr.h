/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses: an end of a conversation, and both ends */
#ifndef FTCP_ADDR_H
#define FTCP_ADDR_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <net/ipv6.h>

/* Address and port, of UDP or TCP; without padding, as it is hashed as memory
 */
struct ftcp_end {
	struct in6_addr addr;	/* IPv6, or IPv4 in mapped form */
	__be16 port;
	u16 family;		/* AF_INET or AF_INET6 */
};

struct ftcp_pair {
	struct ftcp_end local;
	struct ftcp_end remote;
};

static inline __be32 ftcp_end_v4(const struct ftcp_end *end)
{
	return end->addr.s6_addr32[3];
}

static inline void ftcp_end_set_v4(struct ftcp_end *end, __be32 addr,
				   __be16 port)
{
	ipv6_addr_set_v4mapped(addr, &end->addr);
	end->port = port;
	end->family = AF_INET;
}

static inline void ftcp_end_set_v6(struct ftcp_end *end,
				   const struct in6_addr *addr, __be16 port)
{
	end->addr = *addr;
	end->port = port;
	end->family = AF_INET6;
}

/* The wildcard address, for which a route lookup finds a source */
static inline void ftcp_end_set_any(struct ftcp_end *end, u16 family,
				    __be16 port)
{
	if (family == AF_INET)
		ftcp_end_set_v4(end, 0, port);
	else
		ftcp_end_set_v6(end, &in6addr_any, port);
}

static inline bool ftcp_end_is_any(const struct ftcp_end *end)
{
	return end->family == AF_INET ? !ftcp_end_v4(end) :
					ipv6_addr_any(&end->addr);
}

static inline bool ftcp_end_equal(const struct ftcp_end *a,
				  const struct ftcp_end *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool ftcp_pair_equal(const struct ftcp_pair *a,
				   const struct ftcp_pair *b)
{
	return ipv6_addr_equal(&a->local.addr, &b->local.addr) &&
	       ipv6_addr_equal(&a->remote.addr, &b->remote.addr) &&
	       a->local.port == b->local.port &&
	       a->remote.port == b->remote.port &&
	       a->local.family == b->local.family &&
	       a->remote.family == b->remote.family;
}

/* Link-local addresses need an interface, which is not kept. */
static inline bool ftcp_pair_link_local(const struct ftcp_pair *pair)
{
	return pair->local.family == AF_INET6 &&
	       ((ipv6_addr_type(&pair->local.addr) |
		 ipv6_addr_type(&pair->remote.addr)) & IPV6_ADDR_LINKLOCAL);
}

/* Whether @end matches @pattern, which may have a wildcard address.  The IPv6
 * wildcard matches IPv4, too, as for a dual-stack socket.
 */
static inline bool ftcp_end_matches(const struct ftcp_end *pattern,
				    const struct ftcp_end *end)
{
	if (pattern->port != end->port)
		return false;
	if (ftcp_end_is_any(pattern))
		return pattern->family == AF_INET6 ||
		       end->family == AF_INET;
	return ftcp_end_equal(pattern, end);
}

/**
 * ftcp_end_to_sockaddr() - convert for sockets and netlink
 * @end: address and port
 * @ss: result
 *
 * Return: length of the result in bytes.
 */
static inline int ftcp_end_to_sockaddr(const struct ftcp_end *end,
				       struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (end->family == AF_INET) {
		struct sockaddr_in *sin = (struct sockaddr_in *)ss;

		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = ftcp_end_v4(end);
		sin->sin_port = end->port;
		return sizeof(*sin);
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = end->addr;
		sin6->sin6_port = end->port;
		return sizeof(*sin6);
	}
}

#endif /* FTCP_ADDR_H */
