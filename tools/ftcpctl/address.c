// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses: HOST:PORT, ADDR:PORT and ADDR.
 *
 * Names are resolved here and nowhere else; the kernel sees addresses only.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <poll.h>

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
			return refused("%s: \"%s\": %s", word, host, why);
		if (left > 0)
			left--;
		note("%s: \"%s\": %s; trying again in %.1f s", word, host, why,
		     wait / 1000.0);
		poll(NULL, 0, wait);
		wait = resolve_wait_next(wait);
	}
	return DONE;
}

/*
 * Could @host be a host name?  What only looks like one, "1.2.3" or
 * "1.2.3.4.5", is a mistyped address and not worth asking a name server.
 */
static bool is_name(const char *host)
{
	size_t len = strlen(host), i;

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
			return wrong(word, text,
				     "brackets are for IPv6 addresses");
		if (address_family && out->sa.sa_family != address_family)
			return wrong(word, text, "not an IPv%c address",
				     address_family == AF_INET6 ? '6' : '4');
		return DONE;
	}
	if (bracketed || !is_name(host))
		return wrong(word, text, "expected %s", expected);
	if (!names)
		return wrong(word, text, "expected %s (an address, not a name)",
			     expected);
	code = look_up(word, host, resolve_retries(), &list);
	if (code)
		return code;
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return DONE;
}

/** parse_host_port() - what is @expected: HOST:PORT, or ADDR:PORT without @names */
int parse_host_port(const char *word, const char *text, bool names,
		    const char *expected, union address *out)
{
	struct host_port hp;
	int code;

	switch (scan_host_port(text, &hp)) {
	case FORM_BARE:
		return wrong(word, text,
			     "an IPv6 address is written [ADDR]:PORT");
	case FORM_WRONG:
		return wrong(word, text, "expected %s", expected);
	case FORM_PORT:
		return wrong(word, text, "the port is 1 to 65535");
	case FORM_SOUND:
		break;
	}
	code = parse_host(word, text, hp.host, hp.bracketed, names, expected,
			  out);
	if (!code)
		address_set_port(out, hp.port);
	return code;
}

/** is_named() - has HOST:PORT a name, which may change its address? */
bool is_named(const char *text, struct host_port *hp)
{
	union address address;

	return scan_host_port(text, hp) == FORM_SOUND && !hp->bracketed &&
	       !scan_address(hp->host, &address) && is_name(hp->host);
}

/**
 * resolve_again() - look up where the name in HOST:PORT is now: where it was, as far
 * as it is still there, or else, if it can be, in the same family
 */
int resolve_again(const char *text, const union address *present,
		  union address *out)
{
	struct addrinfo *list, *answer;
	struct host_port hp;
	int score, best = 0;
	union address a;

	if (!is_named(text, &hp))
		return refused("\"%s\" is not HOST:PORT", text);
	if (look_up("resolve", hp.host, 0, &list))
		return REFUSED;
	for (answer = list; answer; answer = answer->ai_next) {
		memcpy(&a, answer->ai_addr, answer->ai_addrlen);
		score = same_host(&a, present)			? 3 :
			a.sa.sa_family == present->sa.sa_family ? 2 :
								  1;
		if (score <= best)
			continue;
		best = score;
		*out = a;
	}
	freeaddrinfo(list);
	address_set_port(out, hp.port);
	return DONE;
}

/** stands_for() - is this one of the addresses of a name? */
bool stands_for(const char *host, const union address *address)
{
	const struct addrinfo hints = {
		.ai_family = address_family,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list, *answer;
	bool found = false;
	union address a;

	if (getaddrinfo(host, NULL, &hints, &list))
		return false;
	for (answer = list; answer; answer = answer->ai_next) {
		memcpy(&a, answer->ai_addr, answer->ai_addrlen);
		found = found || same_host(&a, address);
	}
	freeaddrinfo(list);
	return found;
}

/** parse_addr() - ADDR or [ADDR], without a port */
int parse_addr(const char *word, const char *text, union address *out)
{
	bool bracketed = text[0] == '[';
	size_t len = strlen(text);
	char host[256];

	if (len >= sizeof(host) ||
	    (bracketed && (len < 3 || text[len - 1] != ']')))
		return wrong(word, text, "expected ADDR");
	memcpy(host, text + bracketed, len + 1 - bracketed);
	if (bracketed)
		host[len - 2] = '\0';
	return parse_host(word, text, host, bracketed, false, "ADDR", out);
}
