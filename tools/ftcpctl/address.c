// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses: HOST:PORT, ADDR:PORT and ADDR/PREFIX, in and out.
 *
 * Names are resolved here and nowhere else; the kernel sees addresses only.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/scan.h"
#include "address.h"
#include "ftcpctl.h"

/* What -4 or -6 asked for; AF_UNSPEC when neither was given */
int address_family = AF_UNSPEC;

/** address_family_option() - take -4 and -6; whether @word was one of them */
bool address_family_option(const char *word)
{
	if (!strcmp(word, "-4"))
		address_family = AF_INET;
	else if (!strcmp(word, "-6"))
		address_family = AF_INET6;
	else
		return false;
	return true;
}

/*
 * What a name stands for, best first.  While no name server answers it is asked
 * again, @left times, or for ever if that is negative.
 */
static int look_up(const char *word, const char *host, int left,
		   struct addrinfo **list)
{
	const struct addrinfo hints = {
		.ai_family = address_family,
		.ai_socktype = SOCK_DGRAM,
	};
	int wait = RESOLVE_WAIT_FIRST;
	const char *why;
	int err;

	while ((err = getaddrinfo(host, NULL, &hints, list))) {
		why = resolve_error(err);
		if (!resolve_is_transient(err) || !left)
			return fail(REFUSED, "%s: \"%s\": %s", word, host, why);
		if (left > 0)
			left--;
		note("%s: \"%s\": %s; trying again in %.1f s", word, host, why,
		     wait / 1000.0);
		poll(NULL, 0, wait);
		wait = resolve_wait_next(wait);
	}
	return DONE;
}

static void take_answer(const struct addrinfo *answer, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (answer->ai_addrlen <= sizeof(*out))
		memcpy(out, answer->ai_addr, answer->ai_addrlen);
}

/*
 * Could @host be a host name?  What only looks like one, "1.2.3" or
 * "1.2.3.4.5", is a mistyped address and not worth asking a name server.
 */
static bool is_name(const char *host)
{
	size_t len = strlen(host);
	size_t i;

	if (!len || len > 253 || host[0] == '-' || host[0] == '.')
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
			return false;
	return strspn(host, "0123456789.") != len;
}

static int parse_host(const char *word, const char *text, const char *host,
		      bool bracketed, bool names, const char *expected,
		      union address *out)
{
	struct addrinfo *list;
	int code;

	if (scan_address(host, out)) {
		if (bracketed && out->sa.sa_family != AF_INET6)
			return fail(
				USAGE,
				"%s: \"%s\": brackets are for IPv6 addresses",
				word, text);
		if (address_family && out->sa.sa_family != address_family)
			return fail(USAGE, "%s: \"%s\": not an IPv%c address",
				    word, text,
				    address_family == AF_INET6 ? '6' : '4');
		return DONE;
	}
	if (bracketed || !is_name(host))
		return fail(USAGE, "%s: \"%s\": expected %s", word, text,
			    expected);
	if (!names)
		return fail(USAGE,
			    "%s: \"%s\": expected %s (an address, not a name)",
			    word, text, expected);
	code = look_up(word, host, resolve_retries(), &list);
	if (code)
		return code;
	take_answer(list, out);
	freeaddrinfo(list);
	if (!address_is_set(out))
		return fail(REFUSED, "%s: \"%s\": neither IPv4 nor IPv6", word,
			    text);
	return DONE;
}

static int parse_host_port(const char *word, const char *text, bool names,
			   const char *expected, union address *out)
{
	struct host_port hp;
	int code;

	switch (scan_host_port(text, &hp)) {
	case FORM_BARE:
		return fail(
			USAGE,
			"%s: \"%s\": an IPv6 address is written [ADDR]:PORT",
			word, text);
	case FORM_WRONG:
		return fail(USAGE, "%s: \"%s\": expected %s", word, text,
			    expected);
	case FORM_PORT:
		return fail(USAGE, "%s: \"%s\": the port is 1 to 65535", word,
			    text);
	default:
		break;
	}
	code = parse_host(word, text, hp.host, hp.bracketed, names, expected,
			  out);
	if (!code)
		address_set_port(out, hp.port);
	return code;
}

/** parse_endpoint() - HOST:PORT, where HOST may be a name */
int parse_endpoint(const char *word, const char *text, union address *out)
{
	return parse_host_port(word, text, true, "HOST:PORT", out);
}

/* Does HOST:PORT have a name? */
static bool split_name(const char *text, struct host_port *hp)
{
	union address address;

	return scan_host_port(text, hp) == FORM_SOUND && !hp->bracketed &&
	       !scan_address(hp->host, &address) && is_name(hp->host);
}

/** endpoint_is_name() - does HOST:PORT have a name, which may change its address? */
bool endpoint_is_name(const char *text)
{
	struct host_port hp;

	return split_name(text, &hp);
}

/**
 * resolve_again() - Look up where a name is now.
 * @text: HOST:PORT, as it was given once.
 * @present: The address in use.  It is kept if it is among the answers, and its
 *	family if there is one of that family.
 * @out: The address.
 *
 * Return: DONE, or an exit code after a message.
 */
int resolve_again(const char *text, const union address *present,
		  union address *out)
{
	struct addrinfo *list, *answer;
	bool found = false, kin = false;
	struct host_port hp;

	if (!split_name(text, &hp))
		return fail(REFUSED, "\"%s\" is not HOST:PORT", text);
	if (look_up("resolve", hp.host, 0, &list))
		return REFUSED;
	for (answer = list; answer; answer = answer->ai_next) {
		union address a;
		bool related;

		take_answer(answer, &a);
		if (!address_is_set(&a))
			continue;
		related = a.sa.sa_family == present->sa.sa_family;
		if (!found || (related && !kin) || same_host(&a, present))
			*out = a;
		found = true;
		kin |= related;
		if (same_host(&a, present))
			break;
	}
	freeaddrinfo(list);
	if (!found)
		return fail(REFUSED, "resolve: \"%s\": neither IPv4 nor IPv6",
			    text);
	address_set_port(out, hp.port);
	return DONE;
}

/** parse_addr_port() - ADDR:PORT, without names */
int parse_addr_port(const char *word, const char *text, union address *out)
{
	return parse_host_port(word, text, false, "ADDR:PORT", out);
}

/** parse_addr() - ADDR or [ADDR], without a port */
int parse_addr(const char *word, const char *text, union address *out)
{
	bool bracketed = text[0] == '[';
	size_t len = strlen(text);
	char host[256];

	if (len >= sizeof(host) ||
	    (bracketed && (len < 3 || text[len - 1] != ']')))
		return fail(USAGE, "%s: \"%s\": expected ADDR", word, text);
	memcpy(host, text + bracketed, len + 1 - bracketed);
	if (bracketed)
		host[len - 2] = '\0';
	return parse_host(word, text, host, bracketed, false, "ADDR", out);
}

/* Clear the bits of @p's address that its length does not cover */
static void mask_prefix(struct prefix *p)
{
	unsigned int size = p->family == AF_INET ? 4 : 16;
	unsigned int i = p->len / 8;

	if (i < size && p->len % 8)
		p->addr[i++] &= 0xff << (8 - p->len % 8);
	for (; i < size; i++)
		p->addr[i] = 0;
}

/** parse_prefix() - ADDR/PREFIX; an address without length is a host */
int parse_prefix(const char *word, char *text, struct prefix *p)
{
	char *slash = strchr(text, '/');
	unsigned int max;
	uint32_t len;

	if (slash)
		*slash = '\0';
	memset(p, 0, sizeof(*p));
	if (inet_pton(AF_INET, text, p->addr) == 1)
		p->family = AF_INET;
	else if (inet_pton(AF_INET6, text, p->addr) == 1)
		p->family = AF_INET6;
	max = p->family == AF_INET ? 32 : 128;
	if (slash)
		*slash = '/';
	if (!p->family)
		return fail(USAGE, "%s: \"%s\": expected ADDR/PREFIX", word,
			    text);
	p->len = max;
	if (slash) {
		if (!scan_u32(slash + 1, &len) || len > max)
			return fail(USAGE,
				    "%s: \"%s\": the prefix length is 0 to %u",
				    word, text, max);
		p->len = len;
	}
	mask_prefix(p);
	return DONE;
}

/** format_prefix() - ADDR/PREFIX; @buf has ADDRESS_STRLEN bytes */
const char *format_prefix(char *buf, const struct prefix *p)
{
	size_t len;

	inet_ntop(p->family, p->addr, buf, ADDRESS_STRLEN);
	len = strlen(buf);
	snprintf(buf + len, ADDRESS_STRLEN - len, "/%u", p->len);
	return buf;
}
