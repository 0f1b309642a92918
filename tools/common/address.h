/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses as the tools read and print them, and how long they wait for a name
 * server.
 */
#ifndef TOOLS_ADDRESS_H
#define TOOLS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/**
 * union address - an address and a port as the kernel wants them
 * @sa: says which of the others it is; AF_UNSPEC when unset
 * @in: IPv4
 * @in6: IPv6, with the scope for link-local addresses
 * @storage: for who wants to have that
 */
union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

#define ADDRESS_STRLEN 80

bool scan_address(const char *text, union address *out);
socklen_t address_len(const union address *a);
unsigned int address_port(const union address *a);
void address_set_port(union address *a, unsigned int port);
bool address_is_set(const union address *a);
bool same_host(const union address *a, const union address *b);
const char *format_host(char *buf, const union address *a);
const char *format_address(char *buf, const union address *a);

#define RESOLVE_WAIT_FIRST 1000

int resolve_retries(void);
int resolve_wait_next(int wait);
bool resolve_is_transient(int err);
const char *resolve_error(int err);

#endif /* TOOLS_ADDRESS_H */
