/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests' programs have in common. */
#ifndef SELFTESTS_COMMON_H
#define SELFTESTS_COMMON_H

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { EXIT_USAGE = 2 };

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t address_len(const union address *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

static inline uint16_t address_port(const union address *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->v4.sin_port :
						  a->v6.sin6_port);
}

static inline void address_set_port(union address *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->v4.sin_port = htons(port);
	else
		a->v6.sin6_port = htons(port);
}

/* 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80 */
static inline union address address_parse(const char *text)
{
	union address a = {};
	char host[64];
	const char *port = NULL;
	size_t len = strlen(text);

	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end)
			errx(EXIT_USAGE, "%s: no ]", text);
		len = end - ++text;
		if (end[1] == ':')
			port = end + 2;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		port = strchr(text, ':') + 1;
		len = port - 1 - text;
	}
	if (len >= sizeof(host))
		errx(EXIT_USAGE, "%s: too long", text);
	memcpy(host, text, len);
	host[len] = '\0';

	if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		errx(EXIT_USAGE, "%s: not an address", text);
	address_set_port(&a, port ? atoi(port) : 0);
	return a;
}

static inline unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end)
		errx(EXIT_USAGE, "%s: not a number", text);
	return n;
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

#endif
