// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to print.  For people: text in columns that are as wide as their widest
 * cell, and quantities with their units.  For programs: JSON.
 */
#include <limits.h>
#include <wchar.h>

#include "ftcpctl.h"

/**
 * utf8_length() - how many bytes has the first character of a text?  Names of links are
 * bytes, and mostly UTF-8, which main() has set; a byte that is no part of a character
 * is one.
 */
size_t utf8_length(const char *s)
{
	mbstate_t state = {};
	wchar_t c;
	size_t n = mbrtowc(&c, s, MB_LEN_MAX, &state);

	/* the C library knows characters beyond the last one */
	return n && n <= MB_LEN_MAX && c <= 0x10ffff ? n : 1;
}

/* How many columns does a text take, a character being one? */
static int width(const char *s)
{
	int n = 0;

	for (; *s; s += utf8_length(s))
		n++;
	return n;
}

/** table_cell() - append a cell */
void table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;

	t->cells = grow(t->cells, t->n, &t->room, sizeof(*t->cells));
	va_start(ap, fmt);
	if (vasprintf(&t->cells[t->n++], fmt, ap) < 0)
		exit(refused("out of memory"));
	va_end(ap);
}

/** table_print() - print a table, unless it is nothing but a heading, and free it */
void table_print(struct table *t)
{
	int widths[TABLE_COLUMNS] = {};
	size_t i, column;

	/* The last column needs no filling */
	for (i = 0; i < t->n; i++) {
		column = i % t->columns;
		if (column + 1 < t->columns &&
		    width(t->cells[i]) > widths[column])
			widths[column] = width(t->cells[i]);
	}
	for (i = 0; i < t->n; i++) {
		int fill = widths[i % t->columns] - width(t->cells[i]);

		/* printf() would count bytes */
		if (t->n > t->columns)
			printf("%s%*s%s", t->cells[i], fill > 0 ? fill : 0, "",
			       (i + 1) % t->columns ? "  " : "\n");
		free(t->cells[i]);
	}
	free(t->cells);
}

/**
 * print_quoted() - print a blank and a word, in quotes if a shell or a file of apply
 * would take it for something else
 */
void print_quoted(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._:,/@%+=-";
	const char *c = word;
	char quote;
	int n;

	putchar(' ');
	/* what is not ASCII is a letter */
	while (*c && ((*c & 0x80) || strchr(plain, *c)))
		c++;
	if (*word && !*c) {
		fputs(word, stdout);
		return;
	}
	/* Nothing escapes a quote, but the other kind */
	for (; *word; word += n) {
		quote = *word == '\'' ? '"' : '\'';
		n = quote == '"' ? strspn(word, "'") : strcspn(word, "'");
		printf("%c%.*s%c", quote, n, word, quote);
	}
}

/** format_bytes() - a number of bytes for people; @buf has SHORT_STRLEN bytes */
const char *format_bytes(char *buf, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double value = bytes / 1024.0;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (; value >= 1024; i++)
		value /= 1024;
	snprintf(buf, SHORT_STRLEN, "%.2f %ciB", value, units[i]);
	return buf;
}

/** format_time() - a span of time for people, in two units at most; @buf as above */
const char *format_time(char *buf, uint64_t ms)
{
	static const struct {
		unsigned int s;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	uint64_t s = ms / 1000;
	size_t i = 0;

	while (i < 3 && s < units[i].s)
		i++;
	if (i == 3)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " s", s);
	else
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " %s %" PRIu64 " %s",
			 s / units[i].s, units[i].name,
			 s % units[i].s / units[i + 1].s, units[i + 1].name);
	return buf;
}

/* JSON */

/* How much is open, and whether the next value follows another one */
static int depth;
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
 * json_open() - begin an object or an array with '{' or '['; as everywhere here,
 * @key is NULL in an array, where an object has a line of its own, or at the top
 */
void json_open(const char *key, char bracket)
{
	put_key(key);
	if (!key && depth)
		putchar('\n');
	putchar(bracket);
	depth++;
	comma = false;
}

/** json_close() - end it with '}' or ']' */
void json_close(char bracket)
{
	depth--;
	if (!depth && bracket == ']' && comma)
		putchar('\n');
	putchar(bracket);
	comma = depth;
	if (!depth)
		putchar('\n');
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
