/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_ADDRESS_H
#define FTCPCTL_ADDRESS_H

#include <stdbool.h>

#include "../common/address.h"
#include "../common/scan.h"

extern int address_family;

bool address_family_option(const char *word);
int parse_host_port(const char *word, const char *text, bool names,
		    const char *expected, union address *out);
int parse_addr(const char *word, const char *text, union address *out);
bool is_named(const char *text, struct host_port *hp);
int resolve_again(const char *text, const union address *present,
		  union address *out);

#endif /* FTCPCTL_ADDRESS_H */
