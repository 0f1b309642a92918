// SPDX-License-Identifier: GPL-2.0
/*
 * How attributes are read from the command line and shown, kind by kind.
 */
#include <arpa/inet.h>

#include "netlink.h"

/* Numbers */

static bool scan_number(const char *text, uint64_t *out)
{
	return scan_digits(text, strlen(text), UINT32_MAX, out);
}

static bool scan_us(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");

	return (!text[len] || !strcmp(text + len, "us")) &&
	       scan_digits(text, len, UINT32_MAX, out);
}

static bool scan_mark_u64(const char *text, uint64_t *out)
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
		return wrong(a->word, text, "expected %s", a->kind->expected);
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
		n += snprintf(buf + n, VALUE_STRLEN - n, ", every %.7g s",
			      interval / 1000.0);
	if (probes)
		snprintf(buf + n, VALUE_STRLEN - n, ", %" PRIu64 " probes",
			 probes);
	return buf;
}

/* Text and names of values */

static int put_text(struct nl_msg *msg, const struct attr *a, const char *text)
{
	nla_put_string(msg, a->type, text);
	return DONE;
}

static const char *format_text(const struct attr *a, const struct object *o,
			       char *buf)
{
	(void)buf;
	return object_text(o, a->type);
}

static int put_name(struct nl_msg *msg, const struct attr *a, const char *text)
{
	size_t i;

	for (i = 0; i < a->n_names && strcmp(a->names[i], text); i++)
		;
	if (i == a->n_names)
		return wrong(a->word, text, "expected %s", a->expected);
	nla_put_u32(msg, a->type, i);
	return DONE;
}

static const char *format_name(const struct attr *a, const struct object *o,
			       char *buf)
{
	uint64_t value = object_number(o, a->type);

	(void)buf;
	if (!o->tb[a->type])
		return "";
	return (value < a->n_names ? a->names[value] : NULL) ?: "unknown";
}

/* Addresses and ports */

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

static int put_host(struct nl_msg *msg, const struct attr *a, const char *text)
{
	union address addr;
	int code = parse_addr(a->word, text, &addr);

	if (!code)
		put_address(msg, a->type, &addr);
	return code;
}

static int put_host_port(struct nl_msg *msg, const struct attr *a,
			 const char *text)
{
	union address addr;
	int code = parse_host_port(a->word, text, a->kind->named,
				   a->kind->expected, &addr);

	if (!code)
		put_address(msg, a->type, &addr);
	return code;
}

/* The name is kept, too: it may stand for another address one day */
static int put_remote(struct nl_msg *msg, const struct attr *a,
		      const char *text)
{
	struct host_port hp;

	if (is_named(text, &hp))
		nla_put_string(msg, FTCP_A_ENDPOINT_NAME, text);
	return put_host_port(msg, a, text);
}

/*
 * What a name stands for may be wrong, and nobody watches: flows that are up stay
 * until one to the new address is.
 */
static int put_endpoint(struct nl_msg *msg, const struct attr *a,
			const char *text)
{
	bool none = !strcmp(text, "none"), same = !strcmp(text, "same");
	struct host_port hp;

	nla_put_u32(msg, FTCP_A_ENDPOINT_KIND,
		    none ? FTCP_ENDPOINT_NONE :
		    same ? FTCP_ENDPOINT_SAME :
			   FTCP_ENDPOINT_ADDR);
	if (none || same)
		return DONE;
	if (is_named(text, &hp))
		nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE);
	return put_remote(msg, a, text);
}

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
	if (object_number(o, FTCP_A_ENDPOINT_KIND) == FTCP_ENDPOINT_SAME)
		return "same";
	return o->tb[a->type] ? format_address_of(a, o, buf) : "none";
}

/* Ranges of addresses */

/* The first address of a range */
static void mask(unsigned char *addr, unsigned int size, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < size; i++, len -= len < 8 ? len : 8)
		addr[i] &= len < 8 ? 0xff00 >> len : 0xff;
}

/* ADDR/PREFIX; an address without length is a host */
static int put_range(struct nl_msg *msg, const struct attr *a, char *text)
{
	char *slash = strchr(text, '/');
	struct nlattr *nest;
	union address addr;
	bool sound, v4;
	uint32_t len, max;
	void *first;

	if (slash)
		*slash = '\0';
	sound = !strchr(text, '%') && scan_address(text, &addr);
	if (slash)
		*slash = '/';
	if (!sound)
		return wrong(a->word, text, "expected ADDR/PREFIX");
	v4 = addr.sa.sa_family == AF_INET;
	len = max = v4 ? 32 : 128;
	if (slash && (!scan_u32(slash + 1, &len) || len > max))
		return wrong(a->word, text, "the prefix length is 0 to %u",
			     max);
	first = v4 ? (void *)&addr.in.sin_addr : &addr.in6.sin6_addr;
	mask(first, max / 8, len);
	nest = nla_nest_start(msg, NLA_F_NESTED | a->type);
	nla_put(msg, FTCP_ALLOWED_IP_ADDR, max / 8, first);
	nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX, len);
	nla_nest_end(msg, nest);
	return DONE;
}

static int put_ranges(struct nl_msg *msg, const struct attr *a,
		      const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	int code = DONE;

	while (!code && (item = strsep(&rest, ",")))
		code = put_range(msg, a, item);
	free(copy);
	return code;
}

static int put_allowed(struct nl_msg *msg, const struct attr *a,
		       const char *text)
{
	if (strcmp(text, "none"))
		return put_ranges(msg, a, text);
	nla_put_flag(msg, FTCP_A_NO_ALLOWED_IP);
	return DONE;
}

/* Who may connect, in words; a list stands for itself */
static const char *const from_words[] = {
	[FTCP_FROM_ALLOWED_IPS] = "allowed-ips",
	[FTCP_FROM_LIST] = "none",
	[FTCP_FROM_ENDPOINT] = "endpoint",
};

static int put_from(struct nl_msg *msg, const struct attr *a, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(from_words); i++) {
		if (strcmp(text, from_words[i]))
			continue;
		nla_put_u32(msg, FTCP_A_FROM_KIND, i);
		return DONE;
	}
	nla_put_u32(msg, FTCP_A_FROM_KIND, FTCP_FROM_LIST);
	return put_ranges(msg, a, text);
}

static const char *format_ranges(const struct attr *a, const struct object *o,
				 char *buf)
{
	(void)buf;
	return object_ranges(o, a->type);
}

static const char *format_from(const struct attr *a, const struct object *o,
			       char *buf)
{
	uint64_t kind = object_number(o, FTCP_A_FROM_KIND);

	if (!o->tb[FTCP_A_FROM_KIND] || kind >= ARRAY_SIZE(from_words))
		return "-";
	return o->tb[a->type] ? format_ranges(a, o, buf) : from_words[kind];
}

static void json_ranges(const struct attr *a, const struct object *o)
{
	char *list = strdup(object_ranges(o, a->type)), *rest = list, *item;

	json_open(a->word, '[');
	while ((item = strsep(&rest, ",")) && *item)
		json_string(NULL, item);
	json_close(']');
	free(list);
}

/* Counters */

static void json_counters(const struct attr *a, const struct object *o)
{
	struct nlattr *c;
	int rest;

	json_open(a->word, '{');
	nla_for_each_nested(c, o->tb[a->type], rest) {
		size_t type = nla_type(c);

		if (type < a->n_names && a->names[type])
			json_number(a->names[type], attr_number(c));
	}
	json_close('}');
}

/* The kinds */

/* clang-format off */
const struct kind kind_number = { "a number", .scan = scan_number };
const struct kind kind_number_if_any = { .number = format_if_any };
const struct kind kind_ms = { .number = format_time };
const struct kind kind_amount = { "a number", .scan = scan_number,
	.number = format_bytes };
const struct kind kind_seconds = { "seconds", .scan = scan_number };
const struct kind kind_seconds_or_off = { "seconds or \"off\"", .off = true,
	.scan = scan_number };
const struct kind kind_us_or_off = { "microseconds (us may follow) or \"off\"",
	.off = true, .scan = scan_us };
const struct kind kind_bytes_or_off = {
	"bytes (K, M, G or T may follow) or \"off\"", .off = true,
	.scan = scan_bytes_or_off };
const struct kind kind_mark_or_off = {
	"a 32-bit number (decimal or 0x...) or \"off\"", .off = true,
	.scan = scan_mark_u64, .number = format_mark };
const struct kind kind_keepalive = {
	"SECONDS[:SECONDS[:PROBES]] or \"off\"", .off = true,
	.put = put_keepalive, .format = format_keepalive };
/* Put when the module is known to be there (request()) */
const struct kind kind_link = {};
const struct kind kind_text = { .quoted = true, .put = put_text,
	.format = format_text };
const struct kind kind_name = { .quoted = true, .put = put_name,
	.format = format_name };
const struct kind kind_port = { .put = put_port };
const struct kind kind_host = { .quoted = true, .put = put_host,
	.format = format_host_of };
const struct kind kind_addr_port = { "ADDR:PORT", .quoted = true,
	.put = put_host_port, .format = format_address_of };
const struct kind kind_host_port = { "HOST:PORT", .quoted = true, .named = true,
	.put = put_host_port, .format = format_address_of };
const struct kind kind_remote = { "HOST:PORT", .quoted = true, .named = true,
	.put = put_remote, .format = format_address_of };
const struct kind kind_endpoint = { "HOST:PORT", .quoted = true, .always = true,
	.named = true, .put = put_endpoint, .format = format_endpoint };
const struct kind kind_allowed = { .always = true, .put = put_allowed,
	.format = format_ranges, .json = json_ranges };
const struct kind kind_from = { .always = true, .put = put_from,
	.format = format_from, .json = json_ranges };
const struct kind kind_counters = { .json = json_counters };
/* clang-format on */
