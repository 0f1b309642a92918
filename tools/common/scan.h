/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values on a command line, as the tools take them.  Whether one is in range,
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

/**
 * struct host_port - HOST:PORT or [HOST]:PORT
 * @host: an address, a name, or nonsense
 * @bracketed: whether it was in brackets
 * @port: 1 to 65535
 */
struct host_port {
	char host[256];
	bool bracketed;
	unsigned int port;
};

/**
 * enum form - what is wrong with HOST:PORT
 * @FORM_SOUND: nothing
 * @FORM_WRONG: it has another form
 * @FORM_BARE: it looks like an IPv6 address that is not in brackets
 * @FORM_PORT: the port
 */
enum form {
	FORM_SOUND,
	FORM_WRONG,
	FORM_BARE,
	FORM_PORT,
};

bool scan_digits(const char *text, size_t len, uint64_t max, uint64_t *out);
bool scan_u32(const char *text, uint32_t *out);
bool scan_ms(const char *text, size_t len, uint32_t *out);
bool scan_keepalive(const char *text, struct keepalive *out);
bool scan_bytes_or_off(const char *text, uint64_t *out);
bool scan_port(const char *text, unsigned int *out);
enum form scan_host_port(const char *text, struct host_port *out);
bool scan_mark(const char *text, uint32_t *out);

#endif /* TOOLS_SCAN_H */
