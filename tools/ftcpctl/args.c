// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line and the plain values they take.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <linux/faketcp.h>

#include "address.h"
#include "args.h"
#include "ftcpctl.h"

static const struct word *find_word(const struct word *words, size_t n,
				    const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

/**
 * parse_words() - Sort the words of a command line into variables.
 * @argc: Number of words.
 * @argv: The words.
 * @words: Those that are understood; their variables are empty so far.
 * @n: How many.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_words(int argc, char **argv, const struct word *words, size_t n)
{
	const struct word *w;
	size_t i;

	for (; argc; argc--, argv++) {
		w = find_word(words, n, *argv);
		if (!w)
			return fail(
				USAGE,
				"\"%s\": unknown word (see ftcpctl %s --help)",
				*argv, command_name());
		if (w->value ? *w->value != NULL : *w->flag)
			return fail(USAGE, "%s: given twice", w->name);
		if (!w->value) {
			*w->flag = true;
			continue;
		}
		if (argc < 2)
			return fail(USAGE, "%s: its argument is missing",
				    w->name);
		*w->value = *++argv;
		argc--;
	}
	for (i = 0; i < n; i++)
		if (words[i].required && !*words[i].value)
			return fail(USAGE, "%s is missing", words[i].name);
	return DONE;
}

/**
 * check_name() - Can this be the name of a tunnel or peer?
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 *
 * Return: DONE, or USAGE after a message.
 */
int check_name(const char *word, const char *text)
{
	const char *c;

	if (!*text)
		return fail(USAGE, "%s: the name is empty", word);
	if (strlen(text) > FAKETCP_NAME_MAX)
		return fail(USAGE, "%s: \"%s\": longer than %d bytes", word,
			    text, FAKETCP_NAME_MAX);
	for (c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '/')
			return fail(
				USAGE,
				"%s: names are printable ASCII without blanks and slashes",
				word);
	return DONE;
}

/* Are these words, each with its argument, and nothing else? */
static bool are_words(int argc, char **argv, const struct word *words, size_t n)
{
	const struct word *w;

	for (; argc; argc--, argv++) {
		w = find_word(words, n, *argv);
		if (!w || (w->value && argc < 2))
			return false;
		if (w->value) {
			argc--;
			argv++;
		}
	}
	return true;
}

static bool comes_again(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], argv[0]))
			return true;
	return false;
}

/* Is it no name but the first of the words?  A name may be one of them. */
static bool is_word(int argc, char **argv, const struct word *words, size_t n)
{
	const struct word *w = find_word(words, n, argv[0]);

	if (!w)
		return false;
	if (w->required && !comes_again(argc, argv))
		return true;
	return are_words(argc, argv, words, n) &&
	       !are_words(argc - 1, argv + 1, words, n);
}

/**
 * parse_name() - Take the name that comes right after verb and object.
 * @what: What it names, for messages.
 * @argc: Number of words.
 * @argv: The words.
 * @words: Those that are understood after the name.
 * @n: How many.
 * @name: The name.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_name(const char *what, int argc, char **argv,
	       const struct word *words, size_t n, const char **name)
{
	if (!argc || is_word(argc, argv, words, n))
		return fail(USAGE, "the name of the %s is missing", what);
	*name = argv[0];
	return check_name(what, *name);
}

/**
 * scan_u32() - Read a number, and nothing but a number.
 * @text: What was given.
 * @base: 10, or 0 for C's prefixes.
 * @out: The number.
 *
 * Return: Whether it was one.
 */
bool scan_u32(const char *text, int base, uint32_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*out = value;
	return true;
}

/**
 * parse_u32() - Parse a decimal number.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: The number.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_u32(const char *word, const char *text, uint32_t *out)
{
	if (!scan_u32(text, 10, out))
		return fail(USAGE, "%s: \"%s\": expected a number", word, text);
	return DONE;
}

/**
 * parse_seconds() - Parse a time.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: Seconds.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_seconds(const char *word, const char *text, uint32_t *out)
{
	if (!scan_u32(text, 10, out))
		return fail(USAGE, "%s: \"%s\": expected seconds", word, text);
	return DONE;
}

/**
 * parse_mark() - Parse a firewall mark.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given; decimal, 0x..., or "off" for none.
 * @out: The mark.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_mark(const char *word, const char *text, uint32_t *out)
{
	/* to strtoull(), but perhaps not to who wrote it */
	bool octal = text[0] == '0' && isdigit((unsigned char)text[1]);

	if (!strcmp(text, "off"))
		*out = 0;
	else if (octal || !scan_u32(text, 0, out))
		return fail(
			USAGE,
			"%s: \"%s\": expected a 32-bit number (decimal or 0x...) or \"off\"",
			word, text);
	return DONE;
}

/**
 * parse_seconds_or_off() - Parse a time that may be turned off.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: Seconds; 0 for "off".
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_seconds_or_off(const char *word, const char *text, uint32_t *out)
{
	if (!strcmp(text, "off"))
		*out = 0;
	else if (!scan_u32(text, 10, out))
		return fail(USAGE, "%s: \"%s\": expected seconds or \"off\"",
			    word, text);
	return DONE;
}

/**
 * parse_us_or_off() - Parse a short time that may be turned off.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given: a number, perhaps with "us" behind it.
 * @out: Microseconds; 0 for "off".
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_us_or_off(const char *word, const char *text, uint32_t *out)
{
	size_t len = strspn(text, "0123456789");
	char digits[12];

	if (!strcmp(text, "off")) {
		*out = 0;
		return DONE;
	}
	if (len < sizeof(digits) && (!text[len] || !strcmp(text + len, "us"))) {
		memcpy(digits, text, len);
		digits[len] = 0;
		if (scan_u32(digits, 10, out))
			return DONE;
	}
	return fail(
		USAGE,
		"%s: \"%s\": expected microseconds (us may follow) or \"off\"",
		word, text);
}

/* Seconds with up to three decimals, in milliseconds. */
static bool scan_ms(const char *text, size_t len, uint32_t *out)
{
	static const unsigned int scale[] = { 1000, 100, 10, 1 };
	size_t whole = strspn(text, "0123456789"), part = 0;
	unsigned long long ms;

	if (whole < len && text[whole] == '.') {
		part = strspn(text + whole + 1, "0123456789");
		if (!part)
			return false;
	}
	if (!whole || whole > 7 || part > 3 ||
	    whole + (part ? part + 1 : 0) != len)
		return false;
	ms = strtoull(text, NULL, 10) * 1000;
	if (part)
		ms += strtoull(text + whole + 1, NULL, 10) * scale[part];
	*out = ms > UINT32_MAX ? UINT32_MAX : ms;
	return true;
}

/**
 * parse_keepalive() - Parse TIME[:INTERVAL[:PROBES]] or "off".
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @time: Seconds; 0 for "off".
 * @interval: Milliseconds; left alone if not given.
 * @probes: Number; left alone if not given.
 *
 * Return: How many of the three were given, or -1 after a message.
 */
int parse_keepalive(const char *word, const char *text, uint32_t *time,
		    uint32_t *interval, uint32_t *probes)
{
	const char *second = strchr(text, ':');
	const char *third = second ? strchr(second + 1, ':') : NULL;
	char first[12];
	size_t len = second ? (size_t)(second - text) : strlen(text);

	if (!strcmp(text, "off")) {
		*time = 0;
		return 1;
	}
	if (len < sizeof(first)) {
		memcpy(first, text, len);
		first[len] = 0;
	}
	if (len >= sizeof(first) || !scan_u32(first, 10, time) ||
	    (second &&
	     !scan_ms(second + 1,
		      third ? (size_t)(third - second - 1) : strlen(second + 1),
		      interval)) ||
	    (third && !scan_u32(third + 1, 10, probes))) {
		fail(USAGE,
		     "%s: \"%s\": expected SECONDS[:SECONDS[:PROBES]] or \"off\"",
		     word, text);
		return -1;
	}
	return 1 + !!second + !!third;
}

/**
 * parse_bytes_or_off() - Parse an amount of data that may be turned off.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given: a number, perhaps with K, M, G or T for powers of 1024.
 * @out: Bytes; 0 for "off", which "0" says as well.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_bytes_or_off(const char *word, const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	unsigned long long value;
	const char *unit;
	char *end;

	*out = 0;
	if (!strcmp(text, "off") || !strcmp(text, "0"))
		return DONE;
	errno = 0;
	value = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
	unit = value && *end ? strchr(units, toupper((unsigned char)*end)) :
			       NULL;
	if (unit && !end[1]) {
		unsigned int shift = 10 * (unit - units + 1);

		if (value <= UINT64_MAX >> shift) {
			*out = value << shift;
			return DONE;
		}
	} else if (value && !*end && !errno) {
		*out = value;
		return DONE;
	}
	return fail(
		USAGE,
		"%s: \"%s\": expected bytes (K, M, G or T may follow) or \"off\"",
		word, text);
}

/**
 * parse_port() - Parse a port number.
 * @word: The word of the command line that takes it, for messages.
 * @text: The digits.
 * @whole: What they are part of, for messages.
 * @out: The port in host byte order.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_port(const char *word, const char *text, const char *whole,
	       unsigned int *out)
{
	uint32_t port;

	/* no zeros in front, which would have no end */
	if (strlen(text) > 5 || !scan_u32(text, 10, &port) || !port ||
	    port > 65535)
		return fail(USAGE, "%s: \"%s\": the port is 1 to 65535", word,
			    whole);
	*out = port;
	return DONE;
}

/**
 * parse_wire() - Parse the name of a wire variant.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: The variant.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_wire(const char *word, const char *text, uint32_t *out)
{
	if (!strcmp(text, "native"))
		*out = FTCP_WIRE_NATIVE;
	else if (!strcmp(text, "phantun"))
		*out = FTCP_WIRE_PHANTUN;
	else if (!strcmp(text, "auto"))
		*out = FTCP_WIRE_AUTO;
	else
		return fail(USAGE,
			    "%s: \"%s\": expected native or phantun, or auto",
			    word, text);
	return DONE;
}

/**
 * parse_df() - Parse whether segments may be fragmented.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: enum ftcp_df.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_df(const char *word, const char *text, uint32_t *out)
{
	if (!strcmp(text, "set"))
		*out = FTCP_DF_SET;
	else if (!strcmp(text, "unset"))
		*out = FTCP_DF_UNSET;
	else
		return fail(USAGE, "%s: \"%s\": expected set or unset", word,
			    text);
	return DONE;
}

/**
 * parse_unreachable() - Parse what "port unreachable" does to a flow.
 * @word: The word of the command line that takes it, for messages.
 * @text: What was given.
 * @out: enum ftcp_unreachable.
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_unreachable(const char *word, const char *text, uint32_t *out)
{
	if (!strcmp(text, "close"))
		*out = FTCP_UNREACHABLE_CLOSE;
	else if (!strcmp(text, "ignore"))
		*out = FTCP_UNREACHABLE_IGNORE;
	else
		return fail(USAGE, "%s: \"%s\": expected close or ignore", word,
			    text);
	return DONE;
}

/**
 * parse_link() - Find a link by name.
 * @text: What was given.
 * @ifindex: Its index.
 *
 * Return: DONE, or REFUSED after a message.
 */
int parse_link(const char *text, unsigned int *ifindex)
{
	*ifindex = if_nametoindex(text);
	if (!*ifindex)
		return fail(REFUSED, "no link named \"%s\"", text);
	return DONE;
}
