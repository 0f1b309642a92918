/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_ADDRESS_H
#define FTCPCTL_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * union address - An address and a port as the kernel wants them.
 * @sa: Says which of the others it is; AF_UNSPEC when unset.
 * @in: IPv4.
 * @in6: IPv6, with the scope for link-local addresses.
 */
union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct prefix - A range of addresses.
 * @family: AF_INET or AF_INET6.
 * @len: Length of the prefix in bits.
 * @addr: First address of the range, in network byte order.
 */
struct prefix {
	int family;
	unsigned int len;
	unsigned char addr[16];
};

#define ADDRESS_STRLEN 80

extern int address_family;

bool address_family_option(const char *word);
int parse_endpoint(const char *word, const char *text, union address *out);
bool endpoint_is_name(const char *text);
int resolve_again(const char *text, const union address *present,
		  union address *out);
int parse_addr_port(const char *word, const char *text, union address *out);
int parse_addr(const char *word, const char *text, union address *out);
int parse_prefixes(const char *word, const char *text, struct prefix **out,
		   size_t *n);
socklen_t address_len(const union address *a);
unsigned int address_port(const union address *a);
bool address_is_set(const union address *a);
const char *format_address(char *buf, const union address *a);
const char *format_host(char *buf, const union address *a);
const char *format_prefix(char *buf, const struct prefix *p);

#endif /* FTCPCTL_ADDRESS_H */
