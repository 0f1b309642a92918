// SPDX-License-Identifier: GPL-2.0
/*
 * Quantities with their units.
 */
#include <inttypes.h>
#include <stdio.h>

#include "format.h"
#include "ftcpctl.h"

/**
 * format_bytes() - a number of bytes for people; @buf has SHORT_STRLEN bytes
 */
const char *format_bytes(char *buf, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	double value = bytes / 1024.0;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (; value >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		value /= 1024;
	snprintf(buf, SHORT_STRLEN, "%.2f %s", value, units[i]);
	return buf;
}

/**
 * format_time() - a span of time for people, in two units at most; @buf as
 * above
 */
const char *format_time(char *buf, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " min %" PRIu64 " s",
			 s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " h %" PRIu64 " min",
			 s / 3600, s / 60 % 60);
	else
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " d %" PRIu64 " h",
			 s / 86400, s / 3600 % 24);
	return buf;
}
