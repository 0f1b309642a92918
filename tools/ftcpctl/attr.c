// SPDX-License-Identifier: GPL-2.0
#include "../common/names_gen.h"
#include "attr.h"

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

static const char *const switch_names[] = { "off", "on" };

/* In the order of JSON and, as far as they are options, for people */

/* clang-format off */
static const struct attr attrs[] = {
	{ FTCP_A_IFNAME, NLA_STRING, "dev", .key = "link", .kind = &kind_text,
	  .of = OF_TUNNEL | OF_PEER | OF_FLOW },
	{ FTCP_A_IFINDEX, NLA_U32, "dev", .key = "ifindex", .kind = &kind_link,
	  .of = OF_TUNNEL | OF_PEER | OF_FLOW },
	{ FTCP_A_TUNNEL, NLA_STRING, "tunnel", .kind = &kind_text,
	  .of = OF_TUNNEL | OF_PEER | OF_FLOW },
	{ FTCP_A_PEER, NLA_STRING, "peer", .kind = &kind_text, .of = OF_PEER | OF_FLOW },
	{ FTCP_A_MODE, NLA_U32, "mode", .kind = &kind_name, NAMES(ftcp_mode_names),
	  .of = OF_TUNNEL },
	{ FTCP_A_STATE, NLA_U32, "state", .kind = &kind_name, NAMES(ftcp_state_names),
	  .of = OF_FLOW },
	{ FTCP_A_LISTEN, NLA_UNSPEC, "listen", .kind = &kind_addr_port, .of = OF_TUNNEL },
	{ FTCP_A_PORT, NLA_U16, "port", .kind = &kind_port, .of = OF_TUNNEL },
	{ FTCP_A_LOCAL, NLA_UNSPEC, "local", .kind = &kind_host, .of = OF_TUNNEL },
	{ FTCP_A_LOCAL, NLA_UNSPEC, "local", .kind = &kind_addr_port, .of = OF_FLOW },
	{ FTCP_A_REMOTE, NLA_UNSPEC, "remote", .kind = &kind_addr_port, .of = OF_FLOW },
	{ FTCP_A_INNER_LOCAL, NLA_UNSPEC, "inner-local", .kind = &kind_addr_port,
	  .of = OF_FLOW },
	{ FTCP_A_INNER_REMOTE, NLA_UNSPEC, "inner-remote", .kind = &kind_addr_port,
	  .of = OF_FLOW },
	{ FTCP_A_TARGET, NLA_UNSPEC, "forward", .kind = &kind_host_port, .of = OF_TUNNEL },
	{ FTCP_A_ENDPOINT, NLA_UNSPEC, "endpoint", .kind = &kind_endpoint, .of = OF_PEER,
	  .arg = "HOST:PORT|same|none" },
	{ FTCP_A_ENDPOINT, NLA_UNSPEC, "remote", .kind = &kind_remote, .of = OF_TUNNEL },
	{ FTCP_A_ENDPOINT_KIND, NLA_U32, "endpoint", .of = 0 },
	{ FTCP_A_ENDPOINT_NAME, NLA_STRING, "endpoint", .key = "endpoint-name",
	  .kind = &kind_text, .of = OF_PEER },
	{ FTCP_A_ENDPOINT_TENTATIVE, NLA_FLAG, "endpoint", .of = 0 },

	{ FTCP_A_WIRE, NLA_U32, "wire", .kind = &kind_name, NAMES(ftcp_wire_names),
	  .of = OF_TUNNEL | OF_PEER | OF_FLOW, .text = "wire %s",
	  .expected = "native or phantun, or auto",
	  .arg = "auto|native|phantun",
	  .initial = "auto",
	  .help = "how connections that this end opens look (auto);\n"
		  "phantun when the far end is Phantun's server" },
	{ FTCP_A_IDLE, NLA_U32, "idle", .kind = &kind_seconds, .of = OF_TUNNEL,
	  .text = "idle %s s", .arg = "SECONDS",
	  .initial = "180",
	  .help = "close a flow without datagrams after this time (180)" },
	{ FTCP_A_KEEPALIVE, NLA_U32, "keepalive", .kind = &kind_keepalive,
	  .of = OF_TUNNEL, .text = "keepalive %s",
	  .arg = "TIME[:INTERVAL[:PROBES]]|off",
	  .initial = "25:0.5",
	  .help = "silence from the far end before it is probed (25 s),\n"
		  "pause between probes (0.5 s), and how many in vain\n"
		  "mean that a new flow is needed (2; 20 on a server)" },
	{ FTCP_A_KEEPALIVE_INTERVAL, NLA_U32, "keepalive interval",
	  .key = "keepalive-interval", .kind = &kind_number, .of = OF_TUNNEL },
	{ FTCP_A_KEEPALIVE_PROBES, NLA_U32, "keepalive probes",
	  .key = "keepalive-probes", .kind = &kind_number, .of = OF_TUNNEL },
	{ FTCP_A_MAX_AGE, NLA_U32, "max-age", .kind = &kind_seconds_or_off,
	  .of = OF_TUNNEL, .text = "max-age %s s", .quiet = QUIET(0),
	  .arg = "SECONDS|off",
	  .initial = "off",
	  .help = "replace a flow after this time (off)" },
	{ FTCP_A_MAX_BYTES, NLA_U64, "max-bytes", .kind = &kind_bytes_or_off,
	  .of = OF_TUNNEL, .text = "max-bytes %s", .quiet = QUIET(0),
	  .arg = "N[K|M|G|T]|off",
	  .initial = "off",
	  .help = "replace a flow after this much data (off)" },
	{ FTCP_A_FWMARK, NLA_U32, "fwmark", .kind = &kind_mark_or_off,
	  .of = OF_TUNNEL, .text = "fwmark %s", .quiet = QUIET(0),
	  .arg = "MARK|off",
	  .initial = "off",
	  .help = "mark of the segments sent and datagrams delivered" },
	{ FTCP_A_DF, NLA_U32, "df", .kind = &kind_name, NAMES(ftcp_df_names),
	  .of = OF_TUNNEL, .text = "df %s", .quiet = QUIET(FTCP_DF_SET),
	  .expected = "set or unset", .arg = "set|unset",
	  .initial = "set",
	  .help = "unset: let IPv4 fragment segments that are too large\n"
		  "for the path (set)" },
	{ FTCP_A_UNREACHABLE, NLA_U32, "unreachable", .kind = &kind_name,
	  NAMES(ftcp_unreachable_names), .of = OF_TUNNEL, .text = "unreachable %s",
	  .quiet = QUIET(FTCP_UNREACHABLE_CLOSE),
	  .expected = "close or ignore", .arg = "close|ignore",
	  .initial = "close",
	  .help = "with forward only: what \"port unreachable\" from the\n"
		  "service does to its flow (close)" },
	{ FTCP_A_MAX_FLOWS, NLA_U32, "max-flows", .kind = &kind_number,
	  .of = OF_TUNNEL, .arg = "N",
	  .initial = "65536",
	  .help = "most flows at a time (65536)" },
	{ FTCP_A_MAX_FLOWS_PER_SOURCE, NLA_U32, "max-flows-per-source",
	  .kind = &kind_number, .of = OF_TUNNEL, .arg = "N",
	  .initial = "4096",
	  .help = "most flows of one source address (4096)" },
	{ FTCP_A_QUEUE, NLA_U32, "queue", .kind = &kind_number, .of = OF_TUNNEL,
	  .text = "queue %s datagrams", .arg = "N",
	  .initial = "64",
	  .help = "datagrams that may wait while a flow connects (64)" },
	{ FTCP_A_QUEUE_BYTES, NLA_U32, "queue-bytes", .kind = &kind_amount,
	  .of = OF_TUNNEL, .text = "%s", .arg = "N",
	  .initial = "67108864",
	  .help = "most memory of all that wait, in bytes (67108864)" },
	{ FTCP_A_COALESCE, NLA_U32, "coalesce", .kind = &kind_us_or_off,
	  .of = OF_TUNNEL, .text = "coalesce %s us", .arg = "TIME|off",
	  .initial = "1000",
	  .help = "longest that a datagram of a fast stream waits for\n"
		  "those behind it, to leave together; 1us to 1000us\n"
		  "(1000us)" },

	{ FTCP_A_ALLOWED_IP, NLA_NESTED, "allowed-ips", .kind = &kind_allowed,
	  .of = OF_PEER, .arg = "ADDR/PREFIX,...|none" },
	{ FTCP_A_NO_ALLOWED_IP, NLA_FLAG, "allowed-ips", .of = 0 },
	{ FTCP_A_FROM, NLA_NESTED, "from", .kind = &kind_from, .of = OF_PEER,
	  .arg = "ADDR/PREFIX,...|none|allowed-ips|endpoint" },
	{ FTCP_A_FROM_KIND, NLA_U32, "from", .key = "from-kind", .kind = &kind_name,
	  NAMES(ftcp_from_kind_names), .of = OF_PEER },
	{ FTCP_A_PERSISTENT, NLA_U32, "persistent", .kind = &kind_name,
	  NAMES(switch_names), .of = OF_PEER, .expected = "on or off",
	  .arg = "on|off" },
	{ FTCP_A_FLOWS, NLA_U32, "flows", .kind = &kind_number,
	  .of = OF_TUNNEL | OF_PEER },
	{ FTCP_A_AGE, NLA_U64, "age-ms", .kind = &kind_ms, .of = OF_FLOW },
	{ FTCP_A_RX_AGE, NLA_U64, "rx-age-ms", .kind = &kind_number, .of = OF_FLOW },
	{ FTCP_A_MAX_PAYLOAD, NLA_U32, "max-payload", .kind = &kind_number_if_any, .of = OF_FLOW },
	{ FTCP_A_STATS, NLA_NESTED, "stats", .kind = &kind_counters, NAMES(stats_names),
	  .of = OF_TUNNEL | OF_FLOW },
	{ FTCP_A_DROPS, NLA_NESTED, "drops", .kind = &kind_counters, NAMES(ftcp_drops_names),
	  .of = OF_TUNNEL },
	{ FTCP_A_ENDED, NLA_NESTED, "ended", .kind = &kind_counters,
	  NAMES(ftcp_ended_names), .of = OF_TUNNEL },
	{ FTCP_A_REASON, NLA_U32, "reason", .kind = &kind_name, NAMES(ftcp_reason_names),
	  .of = OF_FLOW },
};
/* clang-format on */

#define for_each_attr(a) \
	for ((a) = attrs; (a) < attrs + ARRAY_SIZE(attrs); (a)++)

/* What an attribute is in one of some objects */
static const struct attr *find(unsigned int of, int type)
{
	const struct attr *a;

	for_each_attr(a)
		if (a->type == type && (!a->of || a->of & of))
			return a;
	return NULL;
}

/** attr_word() - the word of the command line behind an attribute, or NULL */
const char *attr_word(int type)
{
	const struct attr *a = find(OF_TUNNEL | OF_PEER | OF_FLOW, type);

	return a ? a->word : NULL;
}

/** attr_names() - what values of an attribute, or the counters in it, are called */
const char *const *attr_names(unsigned int of, int type, size_t *n)
{
	const struct attr *a = find(of, type);

	*n = a->n_names;
	return a->names;
}

/** attr_policy() - what the attributes have to look like, for nla_parse() */
struct nla_policy *attr_policy(void)
{
	static struct nla_policy policy[FTCP_A_MAX + 1];
	const struct attr *a;

	if (!policy[FTCP_A_IFNAME].type)
		for_each_attr(a)
			policy[a->type].type = a->nla;
	return policy;
}

static int put(struct nl_msg *msg, const struct attr *a, const char *text)
{
	uint64_t value;

	if (a->kind->off && !strcmp(text, "off"))
		text = "0";
	if (a->kind->put)
		return a->kind->put(msg, a, text);
	if (!a->kind->scan)
		return DONE;
	if (!a->kind->scan(text, &value))
		return wrong(a->word, text, "expected %s", a->kind->expected);
	if (a->nla == NLA_U64)
		nla_put_u64(msg, a->type, value);
	else
		nla_put_u32(msg, a->type, value);
	return DONE;
}

/** put_given() - put what was given, by attribute, into a request about some objects */
int put_given(struct nl_msg *msg, unsigned int of, const char *const *given)
{
	const struct attr *a;
	int code = DONE, names;

	/* Names last: they may take a while */
	for (names = 0; names < 2; names++)
		for_each_attr(a)
			if (!code && a->of & of && given[a->type] &&
			    a->kind->named == names)
				code = put(msg, a, given[a->type]);
	return code;
}

static const char *format(const struct attr *a, const struct object *o,
			  char *buf)
{
	if (a->kind->format)
		return a->kind->format(a, o, buf);
	if (a->kind->number)
		return a->kind->number(buf, object_number(o, a->type));
	snprintf(buf, VALUE_STRLEN, "%" PRIu64, object_number(o, a->type));
	return buf;
}

/**
 * object_format() - a value in words: @buf, of VALUE_STRLEN bytes, or elsewhere
 */
const char *object_format(const struct object *o, int type, char *buf)
{
	return format(find(o->of, type), o, buf);
}

/* TIME[:INTERVAL[:PROBES]] */
static char *keepalive_word(const struct object *o)
{
	double s = object_number(o, FTCP_A_KEEPALIVE_INTERVAL) / 1000.0;
	uint64_t probes = object_number(o, FTCP_A_KEEPALIVE_PROBES);
	uint64_t time = object_number(o, FTCP_A_KEEPALIVE);
	char *text;
	int n;

	if (probes)
		n = asprintf(&text, "%" PRIu64 ":%.7g:%" PRIu64, time, s, probes);
	else
		n = asprintf(&text, "%" PRIu64 ":%.7g", time, s);
	return n < 0 ? NULL : text;
}

/**
 * object_word() - what is to be said on the command line for what is in an object, to
 * be freed; NULL if it has nothing
 */
char *object_word(const struct object *o, int type)
{
	const struct attr *a = find(o->of, type);
	uint64_t value = object_number(o, type);
	char buf[VALUE_STRLEN], *out;
	const char *text = buf;

	if (!a || (!o->tb[type] && !a->kind->always) ||
	    (type == FTCP_A_FROM && !o->tb[FTCP_A_FROM_KIND]))
		return NULL;
	snprintf(buf, sizeof(buf), "%" PRIu64, value);
	if (a->kind->off && !value)
		text = "off";
	else if (type == FTCP_A_ENDPOINT && o->tb[FTCP_A_ENDPOINT_NAME])
		text = object_text(o, FTCP_A_ENDPOINT_NAME);
	else if (a->kind->quoted || a->kind->always ||
		 a->kind == &kind_mark_or_off)
		text = format(a, o, buf);
	else if (a->kind == &kind_keepalive)
		text = NULL;
	out = text ? strdup(*text ? text : "none") : keepalive_word(o);
	if (!out)
		exit(refused("out of memory"));
	return out;
}

/** attr_initial() - what an option of a new tunnel is, or NULL */
const char *attr_initial(int type)
{
	const struct attr *a = find(OF_TUNNEL, type);

	return a ? a->initial : NULL;
}

/** object_json() - write the members of an object */
void object_json(const struct object *o)
{
	char buf[VALUE_STRLEN];
	const struct attr *a;

	for_each_attr(a) {
		const char *key = a->key ?: a->word;

		if (!(a->of & o->of) || (!o->tb[a->type] && !a->kind->always))
			continue;
		if (a->kind->json)
			a->kind->json(a, o);
		else if (a->kind->quoted)
			json_string(key, format(a, o, buf));
		else
			json_number(key, object_number(o, a->type));
	}
}

/** print_value() - print the value of an attribute, if it is there, in a format */
void print_value(const struct object *o, const char *fmt, int type)
{
	char buf[VALUE_STRLEN];

	if (o->tb[type])
		printf(fmt, object_format(o, type, buf));
}

/** print_option_values() - print the options of a tunnel on one line */
void print_option_values(const struct object *o)
{
	const char *between = "  options    ";
	const struct attr *a;

	for_each_attr(a) {
		uint64_t value = object_number(o, a->type);

		if (!a->text || !o->tb[a->type] || value + 1 == a->quiet)
			continue;
		fputs(between, stdout);
		if (!value && a->kind->off)
			printf("%s off", a->word);
		else
			print_value(o, a->text, a->type);
		between = ", ";
	}
	putchar('\n');
}

/**
 * print_counters() - print those that are not 0 on one line, if there are any
 */
void print_counters(const struct object *o, int type, const char *title)
{
	const struct attr *a = find(o->of, type);
	const char *between = title;
	size_t i;

	for (i = 0; i < a->n_names; i++) {
		uint64_t value = object_counter(o, type, i);

		if (!value || !a->names[i])
			continue;
		printf("%s%" PRIu64 " %s", between, value, a->names[i]);
		between = ", ";
	}
	if (between != title)
		putchar('\n');
}

/* Options of tunnels */

/** option_words() - the words that options are given by; returns where they end */
struct word *option_words(struct word *words)
{
	const struct attr *a;

	for_each_attr(a)
		if (a->help)
			*words++ = (struct word){ a->word, a->type, VALUE };
	return words;
}

/** print_values() - name the words that may be a value, one a line */
void print_values(unsigned int of, int type)
{
	const struct attr *a = find(of, type);
	const char *word = a ? a->arg : NULL, *end;

	/* The others stand for something */
	for (; word; word = *end ? end + 1 : NULL) {
		end = strchrnul(word, '|');
		if (strspn(word, "abcdefghijklmnopqrstuvwxyz-") ==
		    (size_t)(end - word))
			printf("%.*s\n", (int)(end - word), word);
	}
}

/** print_option_help() - say what each option means */
void print_option_help(FILE *f)
{
	const struct attr *a;

	for_each_attr(a) {
		const char *line = a->help, *end;
		int column;

		if (!line)
			continue;
		column = fprintf(f, "  %s %s", a->word, a->arg);
		if (column > 24) {
			fputc('\n', f);
			column = 0;
		}
		for (; line; line = *end ? end + 1 : NULL, column = 0) {
			end = strchrnul(line, '\n');
			fprintf(f, "%*s%.*s\n", 25 - column, "",
				(int)(end - line), line);
		}
	}
}
