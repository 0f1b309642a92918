/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_ADDRESS_H
#define FTCPCTL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "../common/address.h"

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

extern int address_family;

bool address_family_option(const char *word);
int parse_endpoint(const char *word, const char *text, union address *out);
bool endpoint_is_name(const char *text);
int resolve_again(const char *text, const union address *present,
		  union address *out);
int parse_addr_port(const char *word, const char *text, union address *out);
int parse_addr(const char *word, const char *text, union address *out);
int parse_prefix(const char *word, char *text, struct prefix *p);
const char *format_prefix(char *buf, const struct prefix *p);

#endif /* FTCPCTL_ADDRESS_H */
