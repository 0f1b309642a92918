// SPDX-License-Identifier: GPL-2.0
#include "ftcphosts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** must() - memory that was asked for, or the end */
void *must(void *pointer)
{
	if (!pointer)
		exit(fail("out of memory"));
	return pointer;
}

/** format() - a text, to be freed */
char *format(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return must(n < 0 ? NULL : text);
}

/** buffer_add() - append bytes; false if there would be too many */
bool buffer_add(struct buffer *b, const void *data, size_t len)
{
	if (len > b->max - b->len) {
		b->full = true;
		return false;
	}
	if (b->room <= b->len + len) {
		b->room = 2 * (b->len + len) + 4096;
		b->data = must(realloc(b->data, b->room));
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

/** buffer_read() - append what can be read; false if that fails, or is too much */
bool buffer_read(struct buffer *b, int fd)
{
	char piece[65536];
	ssize_t n;

	do {
		n = read(fd, piece, sizeof(piece));
	} while (n > 0 ? buffer_add(b, piece, (size_t)n) :
			 n < 0 && errno == EINTR);
	return !n && buffer_add(b, "", 0);
}
