// SPDX-License-Identifier: GPL-2.0
/*
 * Names of links are bytes, and mostly UTF-8.
 */
#include <stdint.h>

#include "utf8.h"

/**
 * utf8_length() - how many bytes does the first character of a text have? 1 for
 * a byte that is no part of a character as well
 */
size_t utf8_length(const char *s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = *s;
	uint32_t code;
	size_t more, i;

	if (first >= 0xf8 || first < 0xc0)
		return 1;
	more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	code = first & (0x3f >> more);
	for (i = 1; i <= more; i++) {
		/* the end of the string is none of these either */
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (s[i] & 0x3f);
	}
	/* longer than it need be, a surrogate, or beyond the last one */
	if (code < least[more] || (code >= 0xd800 && code < 0xe000) ||
	    code > 0x10ffff)
		return 1;
	return more + 1;
}

/** utf8_width() - how many columns does a text take, a character being one? */
size_t utf8_width(const char *s)
{
	size_t n = 0;

	for (; *s; s += utf8_length(s))
		n++;
	return n;
}
