// SPDX-License-Identifier: GPL-2.0
/* Messages to the user; see log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/** @log_limit: the least important level that is still printed */
enum log_level log_limit = LOG_NOTICE;

static void print(const char *format, va_list args)
{
	char line[768];

	vsnprintf(line, sizeof(line), format, args);
	/* one write, so that the lines of several threads do not mix */
	fprintf(stderr, "ftcptun: %s\n", line);
}

/** say() - print a line, if its level is wanted; no newline in @format */
void say(enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > log_limit)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}

/** die() - print why, and end with status 1 */
void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
	exit(1);
}
