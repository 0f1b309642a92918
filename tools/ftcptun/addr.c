// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses: parsing, printing, resolving; see addr.h.
 *
 * The syntax is Phantun's: 192.0.2.1:1234, [2001:db8::1]:1234, and
 * host.example:1234 where a name is allowed.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "../common/scan.h"

/** addr_from_v4() - map an IPv4 address, four bytes in network order */
void addr_from_v4(struct addr *a, const u8 *v4)
{
	*a = (struct addr){ .b = { [10] = 0xff, [11] = 0xff } };
	memcpy(a->b + 12, v4, 4);
}

/**
 * addr_is_any() - whether an address is the wildcard of its family
 * @a: the address
 */
bool addr_is_any(const struct addr *a)
{
	static const struct addr zero;
	struct addr v4;

	addr_from_v4(&v4, zero.b);
	return addr_equal(a, &zero) || addr_equal(a, &v4);
}

/** addr_parse() - read a numeric address, without brackets; 0, or -1 */
int addr_parse(struct addr *a, const char *text)
{
	u8 v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		addr_from_v4(a, v4);
		return 0;
	}
	return inet_pton(AF_INET6, text, a->b) == 1 ? 0 : -1;
}

/**
 * addr_prefix_parse() - read "address/length"
 * @a: the address
 * @len: how many bits of it count; all, if the text does not say
 * @text: the text
 *
 * Return: 0, or -1 if it is not of that form.
 */
int addr_prefix_parse(struct addr *a, u32 *len, const char *text)
{
	size_t n = strcspn(text, "/");
	char host[INET6_ADDRSTRLEN];
	u32 max;

	if (n >= sizeof(host))
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(a, host))
		return -1;
	max = addr_is_v4(a) ? 32 : 128;
	*len = max;
	if (text[n] && (!text[n + 1] || !scan_u32(text + n + 1, len)))
		return -1;
	return *len <= max ? 0 : -1;
}

/** addr_text() - print an address; @size is at least INET6_ADDRSTRLEN */
const char *addr_text(const struct addr *a, char *buf, size_t size)
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, addr_v4(a), buf, (socklen_t)size);
	else
		inet_ntop(AF_INET6, a->b, buf, (socklen_t)size);
	return buf;
}

/**
 * host_split() - take "host:port" apart
 * @text: the whole
 * @host: receives the host, without brackets
 * @size: size of @host
 * @port: receives the port
 *
 * Return: 0, or -1 if it is not of that form.
 */
int host_split(const char *text, char *host, size_t size, int *port)
{
	struct host_port hp;

	if (scan_host_port(text, &hp) != FORM_SOUND || strlen(hp.host) >= size)
		return -1;
	strcpy(host, hp.host);
	*port = (int)hp.port;
	return 0;
}

/**
 * endpoint_parse() - read a numeric "address:port"
 * @e: the result
 * @text: IPv6 addresses stand in brackets; link-local ones may have a scope
 *
 * Return: 0, or -1 if it is none.
 */
int endpoint_parse(struct endpoint *e, const char *text)
{
	struct host_port hp;
	union address a;

	*e = (struct endpoint){ 0 };
	if (scan_host_port(text, &hp) != FORM_SOUND ||
	    !scan_address(hp.host, &a))
		return -1;
	address_set_port(&a, hp.port);
	endpoint_from_sockaddr(e, &a.storage);
	return 0;
}

/** endpoint_text() - print an endpoint into ENDPOINT_TEXT bytes */
const char *endpoint_text(const struct endpoint *e, char *buf)
{
	union address a;

	endpoint_to_sockaddr(e, false, &a.storage);
	return format_address(buf, &a);
}

/** endpoint_from_sockaddr() - from AF_INET or AF_INET6 */
void endpoint_from_sockaddr(struct endpoint *e,
			    const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_in *in = (const void *)ss;

	*e = (struct endpoint){ 0 };
	if (ss->ss_family == AF_INET) {
		addr_from_v4(&e->addr, (const u8 *)&in->sin_addr);
		e->port = ntohs(in->sin_port);
	} else {
		memcpy(e->addr.b, &in6->sin6_addr, 16);
		e->port = ntohs(in6->sin6_port);
		e->scope = in6->sin6_scope_id;
	}
}

/**
 * endpoint_to_sockaddr() - to the socket interface's form
 * @e: the endpoint
 * @as_v6: write an IPv4 endpoint as mapped address, for an IPv6 socket
 * @ss: the result
 *
 * Return: its length.
 */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, bool as_v6,
			       struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;

	if (addr_is_v4(&e->addr) && !as_v6) {
		*in = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(e->port),
		};
		memcpy(&in->sin_addr, addr_v4(&e->addr), 4);
		return sizeof(*in);
	}
	*in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6,
		.sin6_port = htons(e->port),
		.sin6_scope_id = e->scope,
	};
	memcpy(&in6->sin6_addr, e->addr.b, 16);
	return sizeof(*in6);
}
