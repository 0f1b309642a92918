/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses.  One representation for both families: 16 bytes, IPv4 mapped
 * into IPv6 (::ffff:a.b.c.d), ports in host byte order.
 */
#ifndef FTCPTUN_ADDR_H
#define FTCPTUN_ADDR_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "../../module/core/types.h"
#include "../common/address.h"

/**
 * struct addr - an IPv4 or IPv6 address
 * @b: the bytes, in network order
 */
struct addr {
	u8 b[16];
};

/**
 * struct endpoint - an address and a port
 * @addr: the address
 * @scope: interface index of a link-local address, else 0
 * @port: host byte order
 * @pad: zero, since endpoints are hashed and compared as bytes
 */
struct endpoint {
	struct addr addr;
	u32 scope;
	u16 port;
	u16 pad;
};

#define ENDPOINT_TEXT ADDRESS_STRLEN /* "[address%scope]:port" and a NUL */
#define REMOTES_MAX 16

/** addr_is_v4() - whether @a is an IPv4 address */
static inline bool addr_is_v4(const struct addr *a)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(a->b, mapped, sizeof(mapped));
}

/** addr_v4() - where the four bytes of an IPv4 address are */
static inline const u8 *addr_v4(const struct addr *a)
{
	return a->b + 12;
}

/** addr_equal() - whether two addresses are the same */
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void addr_from_v4(struct addr *a, const u8 *v4);
bool addr_is_any(const struct addr *a);
int addr_parse(struct addr *a, const char *text);
int addr_prefix_parse(struct addr *a, u32 *len, const char *text);
const char *addr_text(const struct addr *a, char *buf, size_t size);

int endpoint_parse(struct endpoint *e, const char *text);
const char *endpoint_text(const struct endpoint *e, char *buf);
void endpoint_from_sockaddr(struct endpoint *e,
			    const struct sockaddr_storage *ss);
socklen_t endpoint_to_sockaddr(const struct endpoint *e, bool as_v6,
			       struct sockaddr_storage *ss);

int host_split(const char *text, char *host, size_t size, int *port);

#endif /* FTCPTUN_ADDR_H */
