// SPDX-License-Identifier: GPL-2.0
/*
 * How attributes are read from the command line and shown, kind by kind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>

#include "../common/names_gen.h"
#include "../common/scan.h"
#include "attr.h"
#include "ftcpctl.h"
#include "print.h"

/* Names of the values of enumerations and of counters */

/* These have a unit in their names. */
static const char *const stats_names[FTCP_STATS_MAX + 1] = {
	[FTCP_STATS_TX_PACKETS] = "tx-packets",
	[FTCP_STATS_TX_BYTES] = "tx-bytes",
	[FTCP_STATS_RX_PACKETS] = "rx-packets",
	[FTCP_STATS_RX_BYTES] = "rx-bytes",
	[FTCP_STATS_TX_HELD] = "tx-held",
	[FTCP_STATS_TX_BATCHES] = "tx-batches",
	[FTCP_STATS_TX_HOLD] = "tx-hold-ns",
};

#define NAMES(array, what)                                                  \
	{                                                                   \
		.name = (array), .n = ARRAY_SIZE(array), .expected = (what) \
	}

const struct names names_modes = NAMES(ftcp_mode_names, "");
const struct names names_wires =
	NAMES(ftcp_wire_names, "native or phantun, or auto");
const struct names names_from_kinds = NAMES(ftcp_from_kind_names, "");
const struct names names_dfs = NAMES(ftcp_df_names, "set or unset");
const struct names names_unreachables =
	NAMES(ftcp_unreachable_names, "close or ignore");
const struct names names_states = NAMES(ftcp_state_names, "");
const struct names names_reasons = NAMES(ftcp_reason_names, "");
const struct names names_endings = NAMES(ftcp_ended_names, "");
const struct names names_drops = NAMES(ftcp_drops_names, "");
const struct names names_counts = NAMES(stats_names, "");

/* The name of a value, or "unknown" */
static const char *name_of(const struct names *names, uint64_t value)
{
	return value < names->n && names->name[value] ? names->name[value] :
							"unknown";
}

/* Numbers */

static bool scan_number(const char *text, uint64_t *out)
{
	return scan_digits(text, strlen(text), UINT32_MAX, out);
}

static bool scan_number_or_off(const char *text, uint64_t *out)
{
	*out = 0;
	return !strcmp(text, "off") || scan_number(text, out);
}

static bool scan_us_or_off(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");

	if (strcmp(text + len, "us"))
		return scan_number_or_off(text, out);
	return scan_digits(text, len, UINT32_MAX, out);
}

static bool scan_mark_or_off(const char *text, uint64_t *out)
{
	uint32_t mark;
	bool sound = scan_mark(text, &mark);

	*out = mark;
	return sound;
}

static const char *format_mark(char *buf, uint64_t mark)
{
	snprintf(buf, VALUE_STRLEN, "0x%" PRIx64, mark);
	return buf;
}

static const char *format_if_any(char *buf, uint64_t value)
{
	snprintf(buf, VALUE_STRLEN, value ? "%" PRIu64 : "-", value);
	return buf;
}

static int put_keepalive(struct nl_msg *msg, const struct attr *a,
			 const char *text)
{
	struct keepalive k;

	if (!scan_keepalive(text, &k))
		return fail(
			USAGE,
			"%s: \"%s\": expected SECONDS[:SECONDS[:PROBES]] or \"off\"",
			a->word, text);
	nla_put_u32(msg, FTCP_A_KEEPALIVE, k.time);
	if (k.given > 1)
		nla_put_u32(msg, FTCP_A_KEEPALIVE_INTERVAL, k.interval);
	if (k.given > 2)
		nla_put_u32(msg, FTCP_A_KEEPALIVE_PROBES, k.probes);
	return DONE;
}

/* The parts that differ from what is so without being asked for */
static const char *format_keepalive(const struct attr *a,
				    const struct object *o, char *buf)
{
	uint64_t interval = object_number(o, FTCP_A_KEEPALIVE_INTERVAL);
	uint64_t probes = object_number(o, FTCP_A_KEEPALIVE_PROBES);
	int n = snprintf(buf, VALUE_STRLEN, "%" PRIu64 " s",
			 object_number(o, a->type));

	if (interval != 500 || probes)
		n += snprintf(buf + n, VALUE_STRLEN - n, ", every %g s",
			      interval / 1000.0);
	if (probes)
		snprintf(buf + n, VALUE_STRLEN - n, ", %" PRIu64 " probes",
			 probes);
	return buf;
}

/* clang-format off */
const struct kind kind_number = { "a number", .scan = scan_number };
const struct kind kind_number_if_any = { .number = format_if_any };
const struct kind kind_ms = { .number = format_time };
const struct kind kind_amount = { "a number", .scan = scan_number,
	.number = format_bytes };
const struct kind kind_seconds = { "seconds", .scan = scan_number };
const struct kind kind_seconds_or_off = { "seconds or \"off\"", .off = true,
	.scan = scan_number_or_off };
const struct kind kind_us_or_off = { "microseconds (us may follow) or \"off\"",
	.off = true, .scan = scan_us_or_off };
const struct kind kind_bytes_or_off = {
	"bytes (K, M, G or T may follow) or \"off\"", .off = true,
	.scan = scan_bytes_or_off };
const struct kind kind_mark_or_off = {
	"a 32-bit number (decimal or 0x...) or \"off\"", .off = true,
	.scan = scan_mark_or_off, .number = format_mark };
const struct kind kind_keepalive = { .off = true, .put = put_keepalive,
	.format = format_keepalive };
/* clang-format on */

/* Text, names and addresses */

static const char *format_text(const struct attr *a, const struct object *o,
			       char *buf)
{
	(void)buf;
	return object_text(o, a->type);
}

static int put_name(struct nl_msg *msg, const struct attr *a, const char *text)
{
	size_t i;

	for (i = 0; i < a->names->n; i++) {
		if (!strcmp(a->names->name[i], text)) {
			nla_put_u32(msg, a->type, i);
			return DONE;
		}
	}
	return fail(USAGE, "%s: \"%s\": expected %s", a->word, text,
		    a->names->expected);
}

static const char *format_name(const struct attr *a, const struct object *o,
			       char *buf)
{
	(void)buf;
	return name_of(a->names, object_number(o, a->type));
}

/** put_address() - put an address into a request */
void put_address(struct nl_msg *msg, int type, const union address *a)
{
	nla_put(msg, type, address_len(a), a);
}

static int put_port(struct nl_msg *msg, const struct attr *a, const char *text)
{
	unsigned int port;
	int code = parse_port(a->word, text, &port);

	if (!code)
		nla_put_u16(msg, a->type, port);
	return code;
}

#define PUT_ADDRESS(name, parse)                                  \
	static int name(struct nl_msg *msg, const struct attr *a, \
			const char *text)                         \
	{                                                         \
		union address addr;                               \
		int code = parse(a->word, text, &addr);           \
                                                                  \
		if (!code)                                        \
			put_address(msg, a->type, &addr);         \
		return code;                                      \
	}

PUT_ADDRESS(put_host, parse_addr)
PUT_ADDRESS(put_addr_port, parse_addr_port)
PUT_ADDRESS(put_host_port, parse_endpoint)

static const char *format_host_of(const struct attr *a, const struct object *o,
				  char *buf)
{
	union address addr;

	object_address(o, a->type, &addr);
	return format_host(buf, &addr);
}

static const char *format_address_of(const struct attr *a,
				     const struct object *o, char *buf)
{
	union address addr;

	object_address(o, a->type, &addr);
	return format_address(buf, &addr);
}

static const char *format_endpoint(const struct attr *a, const struct object *o,
				   char *buf)
{
	union address addr;

	if (object_number(o, a->type) == FTCP_ENDPOINT_SAME)
		return "same";
	if (!object_address(o, FTCP_A_ENDPOINT, &addr))
		return "none";
	return format_address(buf, &addr);
}

/* clang-format off */
const struct kind kind_text = { .quoted = true, .format = format_text };
const struct kind kind_name = { .quoted = true, .put = put_name,
	.format = format_name };
const struct kind kind_port = { .put = put_port };
const struct kind kind_host = { .quoted = true, .put = put_host,
	.format = format_host_of };
const struct kind kind_addr_port = { .quoted = true, .put = put_addr_port,
	.format = format_address_of };
const struct kind kind_host_port = { .quoted = true, .put = put_host_port,
	.format = format_address_of };
/* What there is of it says what the peer's endpoint is */
const struct kind kind_endpoint = { .quoted = true, .format = format_endpoint };
/* clang-format on */

/* Nests */

static void json_counters(const struct attr *a, const struct object *o)
{
	struct nlattr *c;
	int rest;

	json_open(a->word, '{');
	nla_for_each_nested(c, o->tb[a->type], rest) {
		size_t type = nla_type(c);

		if (type < a->names->n && a->names->name[type])
			json_number(a->names->name[type],
				    object_counter(o, a->type, type));
	}
	json_close('}');
}

static void json_ranges(const struct attr *a, const struct object *o)
{
	struct nlattr *range = NULL;
	char buf[VALUE_STRLEN];
	struct prefix p;

	json_open(a->word, '[');
	while ((range = next_range(o, a->type, range, &p)))
		json_string(NULL, format_prefix(buf, &p));
	json_close(']');
}

const struct kind kind_counters = { .json = json_counters };
/* Comma-separated; the text is there until the next one is asked for */
static const char *format_ranges(const struct attr *a, const struct object *o,
				 char *buf)
{
	static char *list;
	struct nlattr *range = NULL;
	char text[VALUE_STRLEN];
	struct prefix p;
	size_t size;
	FILE *f;

	(void)buf;
	free(list);
	f = open_memstream(&list, &size);
	while (f && (range = next_range(o, a->type, range, &p)))
		fprintf(f, "%s%s", ftell(f) ? "," : "",
			format_prefix(text, &p));
	if (!f || fclose(f))
		exit(fail(REFUSED, "out of memory"));
	return list;
}

const struct kind kind_ranges = { .format = format_ranges,
				  .json = json_ranges };
