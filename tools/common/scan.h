/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values on a command line, as both tools take them.  Whether one is in range,
 * and what to say if it is not, is the caller's business.
 */
#ifndef TOOLS_SCAN_H
#define TOOLS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct keepalive - TIME[:INTERVAL[:PROBES]]
 * @time: seconds, 0 for off
 * @interval: milliseconds
 * @probes: number
 * @given: how many of the three there were
 */
struct keepalive {
	uint32_t time;
	uint32_t interval;
	uint32_t probes;
	unsigned int given;
};

bool scan_digits(const char *text, size_t len, uint64_t max, uint64_t *out);
bool scan_u32(const char *text, uint32_t *out);
bool scan_ms(const char *text, size_t len, uint32_t *out);
bool scan_keepalive(const char *text, struct keepalive *out);
bool scan_bytes_or_off(const char *text, uint64_t *out);
bool scan_mark(const char *text, uint32_t *out);

#endif /* TOOLS_SCAN_H */
