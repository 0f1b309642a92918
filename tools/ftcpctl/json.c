// SPDX-License-Identifier: GPL-2.0
/*
 * Writes JSON to standard output: commas and quotes, no more.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "print.h"

/* Whether the next value follows another one */
static bool comma;

/* JSON is UTF-8.  The name of a link may be anything; a byte that is no part of
 * a character is written as if it were Latin-1.
 */
static void put_string(const char *s)
{
	size_t len;

	putchar('"');
	for (; *s; s += len) {
		unsigned char c = *s;

		len = utf8_length(s);
		if (len > 1)
			fwrite(s, 1, len, stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put_key(const char *key)
{
	if (comma)
		putchar(',');
	comma = true;
	if (!key)
		return;
	put_string(key);
	putchar(':');
}

/**
 * json_open() - begin an object or an array with '{' or '['; as everywhere
 * here, @key is NULL inside an array or at the top
 */
void json_open(const char *key, char bracket)
{
	put_key(key);
	putchar(bracket);
	comma = false;
}

/** json_open_line() - begin an object in an array, on a line of its own */
void json_open_line(void)
{
	puts(comma ? "," : "");
	comma = false;
	putchar('{');
}

/** json_close() - end an object or an array with '}' or ']' */
void json_close(char bracket)
{
	putchar(bracket);
	comma = true;
}

/** json_string() - write a string */
void json_string(const char *key, const char *value)
{
	put_key(key);
	put_string(value);
}

/** json_number() - write a number */
void json_number(const char *key, uint64_t value)
{
	put_key(key);
	printf("%" PRIu64, value);
}

/** json_close_lines() - end an array whose elements have lines of their own */
void json_close_lines(void)
{
	puts(comma ? "\n]" : "]");
	comma = false;
}

/** json_end() - end the line after the last value */
void json_end(void)
{
	comma = false;
	putchar('\n');
}
