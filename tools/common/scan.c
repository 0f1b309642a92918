// SPDX-License-Identifier: GPL-2.0
#include "scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/**
 * scan_digits() - whether the first @len bytes of a text are a decimal number of at
 * most @max, and nothing else
 */
bool scan_digits(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (digit > 9 || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return len;
}

/** scan_u32() - whether a text is a decimal number of 32 bits */
bool scan_u32(const char *text, uint32_t *out)
{
	uint64_t value;

	if (!scan_digits(text, strlen(text), UINT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

/**
 * scan_ms() - whether the first @len bytes of a text are seconds with up to three
 * decimals; @out: milliseconds, where what 32 bits do not hold is the most they do
 */
bool scan_ms(const char *text, size_t len, uint32_t *out)
{
	static const unsigned int scale[] = { 1000, 100, 10, 1 };
	size_t whole = strspn(text, DIGITS);
	uint64_t ms, part = 0;

	if (whole > len)
		whole = len;
	if (whole > 7 || !scan_digits(text, whole, UINT32_MAX, &ms))
		return false;
	ms *= 1000;
	if (whole < len) {
		size_t n = len - whole - 1;

		if (text[whole] != '.' || n > 3 ||
		    !scan_digits(text + whole + 1, n, 999, &part))
			return false;
		ms += part * scale[n];
	}
	*out = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	return true;
}

/** scan_keepalive() - whether a text is TIME[:INTERVAL[:PROBES]] or "off" */
bool scan_keepalive(const char *text, struct keepalive *out)
{
	size_t len = strcspn(text, ":");
	uint64_t time;

	*out = (struct keepalive){ .given = 1 };
	if (!strcmp(text, "off"))
		return true;
	if (!scan_digits(text, len, UINT32_MAX, &time))
		return false;
	out->time = (uint32_t)time;
	text += len;
	if (!*text)
		return true;
	out->given = 2;
	len = strcspn(++text, ":");
	if (!scan_ms(text, len, &out->interval))
		return false;
	text += len;
	if (!*text)
		return true;
	out->given = 3;
	return scan_u32(text + 1, &out->probes);
}

/**
 * scan_bytes_or_off() - whether a text is an amount of data: a number, perhaps with
 * K, M, G or T for powers of 1024; or "off", which is 0, and "0" says as well
 */
bool scan_bytes_or_off(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t len = strspn(text, DIGITS);
	unsigned int shift = 0;
	const char *unit;

	*out = 0;
	if (!strcmp(text, "off") || !strcmp(text, "0"))
		return true;
	if (text[len]) {
		unit = strchr(units, toupper((unsigned char)text[len]));
		if (!unit || text[len + 1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (!scan_digits(text, len, UINT64_MAX >> shift, out) || !*out)
		return false;
	*out <<= shift;
	return true;
}

/** scan_mark() - whether a text is a firewall mark: decimal, 0x..., or "off" for none */
bool scan_mark(const char *text, uint32_t *out)
{
	unsigned long long value;
	char *end;

	*out = 0;
	if (!strcmp(text, "off"))
		return true;
	/* octal to strtoull(), but perhaps not to who wrote it */
	if (!isdigit((unsigned char)text[0]) ||
	    (text[0] == '0' && isdigit((unsigned char)text[1])))
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

/** scan_port() - whether a text is a port, without zeros in front, which had no end */
bool scan_port(const char *text, unsigned int *out)
{
	size_t len = strlen(text);
	uint64_t port;

	if (len > 5 || !scan_digits(text, len, 65535, &port) || !port)
		return false;
	*out = (unsigned int)port;
	return true;
}

/** scan_host_port() - take HOST:PORT or [HOST]:PORT apart; what is wrong with it */
enum form scan_host_port(const char *text, struct host_port *out)
{
	const char *start, *end;
	size_t len;

	out->bracketed = text[0] == '[';
	start = text + out->bracketed;
	end = strchr(text, out->bracketed ? ']' : ':');
	if (!out->bracketed && end && strchr(end + 1, ':'))
		return FORM_BARE;
	if (!end || end == start || (out->bracketed && end[1] != ':'))
		return FORM_WRONG;
	len = (size_t)(end - start);
	if (len >= sizeof(out->host))
		return FORM_WRONG;
	memcpy(out->host, start, len);
	out->host[len] = '\0';
	return scan_port(end + 1 + out->bracketed, &out->port) ? FORM_SOUND :
								 FORM_PORT;
}
