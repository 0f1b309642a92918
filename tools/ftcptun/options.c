// SPDX-License-Identifier: GPL-2.0
/*
 * The command line.  Options, defaults and address syntax are Phantun's, so
 * that a command written for Phantun means the same here; what Phantun does
 * not have is listed apart in the help.  Phantun has two programs and ftcptun
 * has verbs: a name that ends in "client" or "server", such as a link called
 * phantun_client, stands for the verb.
 *
 * Exit status: 0, 1 when something fails, 2 when the command line is wrong.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../module/core/policy.h"
#include "../common/scan.h"
#include "../version.h"
#include "log.h"

#define THREADS_DEFAULT_MAX 16
#define QUEUE_BYTES_MIN (64 << 10)
#define QUEUE_BYTES_MAX (1 << 30)

enum {
	OPT_TUN = 256,
	OPT_TUN_LOCAL,
	OPT_TUN_PEER,
	OPT_TUN_LOCAL6,
	OPT_TUN_PEER6,
	OPT_HANDSHAKE_PACKET,
	OPT_AUTO_RULES,
	OPT_RESTORE,
	OPT_FWMARK,
	OPT_USER,
	OPT_THREADS,
	OPT_MTU,
	OPT_IDLE,
	OPT_KEEPALIVE,
	OPT_MAX_AGE,
	OPT_MAX_BYTES,
	OPT_MAX_FLOWS,
	OPT_MAX_FLOWS_PER_SOURCE,
	OPT_UNREACHABLE,
	OPT_WIRE,
	OPT_QUEUE,
	OPT_QUEUE_BYTES,
	OPT_DF,
	OPT_NO_TUN_OFFLOAD,
	OPT_NO_UDP_OFFLOAD,
};

#define SHORT_OPTIONS ":l:r:4vhV"

static const struct option long_options[] = {
	{ "local", required_argument, NULL, 'l' },
	{ "remote", required_argument, NULL, 'r' },
	{ "tun", required_argument, NULL, OPT_TUN },
	{ "tun-local", required_argument, NULL, OPT_TUN_LOCAL },
	{ "tun-peer", required_argument, NULL, OPT_TUN_PEER },
	{ "tun-local6", required_argument, NULL, OPT_TUN_LOCAL6 },
	{ "tun-peer6", required_argument, NULL, OPT_TUN_PEER6 },
	{ "ipv4-only", no_argument, NULL, '4' },
	{ "handshake-packet", required_argument, NULL, OPT_HANDSHAKE_PACKET },
	{ "auto-rules", no_argument, NULL, OPT_AUTO_RULES },
	{ "restore", no_argument, NULL, OPT_RESTORE },
	{ "fwmark", required_argument, NULL, OPT_FWMARK },
	{ "user", required_argument, NULL, OPT_USER },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "mtu", required_argument, NULL, OPT_MTU },
	{ "idle", required_argument, NULL, OPT_IDLE },
	{ "keepalive", required_argument, NULL, OPT_KEEPALIVE },
	{ "max-age", required_argument, NULL, OPT_MAX_AGE },
	{ "max-bytes", required_argument, NULL, OPT_MAX_BYTES },
	{ "max-flows", required_argument, NULL, OPT_MAX_FLOWS },
	{ "max-flows-per-source", required_argument, NULL,
	  OPT_MAX_FLOWS_PER_SOURCE },
	{ "unreachable", required_argument, NULL, OPT_UNREACHABLE },
	{ "wire", required_argument, NULL, OPT_WIRE },
	{ "queue", required_argument, NULL, OPT_QUEUE },
	{ "queue-bytes", required_argument, NULL, OPT_QUEUE_BYTES },
	{ "df", required_argument, NULL, OPT_DF },
	{ "no-tun-offload", no_argument, NULL, OPT_NO_TUN_OFFLOAD },
	{ "no-udp-offload", no_argument, NULL, OPT_NO_UDP_OFFLOAD },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static void usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

static void usage_error(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	say(LOG_ERROR, "%s", line);
	fprintf(stderr, "Try 'ftcptun --help'.\n");
	exit(2);
}

/* For numbers that mean "never" when they are 0 */
static const char *number_or_off(const char *text)
{
	return strcmp(text, "off") ? text : "0";
}

static u32 in_range(const char *name, const char *text, bool sound, u32 v,
		    u32 min, u32 max)
{
	if (!sound || v < min || v > max)
		usage_error("--%s %s: not a number from %u to %u", name, text,
			    min, max);
	return v;
}

static u32 parse_number(const char *name, const char *text, u32 min, u32 max)
{
	u32 v = 0;
	bool sound = scan_u32(text, &v);

	return in_range(name, text, sound, v, min, max);
}

/* As ip(8) and wg(8) write a mark: decimal, or hexadecimal with 0x */
static u32 parse_mark(const char *text)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = hex ? text + 2 : text;
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || *end || !isxdigit((unsigned char)*digits) || !v ||
	    v > 0xffffffff)
		usage_error("--fwmark %s: not a mark from 1 to 0xffffffff",
			    text);
	return (u32)v;
}

/* TIME[:INTERVAL[:PROBES]] */
static void parse_keepalive(struct options *o, const char *text)
{
	struct keepalive k;
	bool sound = scan_keepalive(text, &k);

	o->keepalive = in_range("keepalive", text, sound || k.given > 1, k.time,
				0, 86400);
	if (k.given > 1) {
		if (k.interval < 10 || k.interval > 3600000)
			usage_error("--keepalive %s: the interval is not a number of seconds from 0.01 to 3600",
				    text);
		o->interval = k.interval;
	}
	if (k.given > 2)
		o->probes = in_range("keepalive", text, sound, k.probes, 0, 100);
}

static void parse_bytes(const char *name, const char *text, u64 *bytes)
{
	uint64_t v;

	if (!scan_bytes_or_off(text, &v))
		usage_error("--%s %s: not a number of bytes; K, M, G or T may follow",
			    name, text);
	*bytes = v;
}

static void parse_queue_bytes(struct options *o, const char *text)
{
	uint64_t v;

	if (!scan_bytes_or_off(text, &v) || v < QUEUE_BYTES_MIN ||
	    v > QUEUE_BYTES_MAX)
		usage_error("--queue-bytes %s: not a number of bytes from 64K to 1G; K, M or G may follow",
			    text);
	o->queue_bytes = v;
}

/* Which one of the words it is; @c may be NULL */
static u32 parse_word(const char *name, const char *text, const char *a,
		      const char *b, const char *c)
{
	const char *words[] = { a, b, c };
	u32 i;

	for (i = 0; i < 3 && words[i]; i++)
		if (!strcmp(text, words[i]))
			return i;
	if (c)
		usage_error("--%s %s: neither %s, %s nor %s", name, text, a, b, c);
	usage_error("--%s %s: neither %s nor %s", name, text, a, b);
}

static void parse_addr(const char *name, const char *text, bool v4,
		       struct addr *a)
{
	if (addr_parse(a, text) || addr_is_v4(a) != v4 || addr_is_any(a))
		usage_error("--%s %s: not an IPv%d address", name, text,
			    v4 ? 4 : 6);
}

/* Names that the kernel takes and that are safe inside of a rule set */
static void parse_tun(const char *text, char *tun)
{
	size_t len = strlen(text);

	if (len >= IF_NAMESIZE ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != len ||
	    !strcmp(text, ".") || !strcmp(text, ".."))
		usage_error("--tun %s: not a name for a device", text);
	memcpy(tun, text, len + 1);
}

static void read_handshake_packet(struct options *o, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		die("--handshake-packet %s: %s", path, strerror(errno));
	free(o->handshake_packet);
	o->handshake_packet = malloc(HANDSHAKE_PACKET_MAX + 1);
	if (!o->handshake_packet)
		die("out of memory");
	len = fread(o->handshake_packet, 1, HANDSHAKE_PACKET_MAX + 1, file);
	if (ferror(file))
		die("--handshake-packet %s: %s", path, strerror(errno));
	fclose(file);
	if (!len)
		die("--handshake-packet %s: the file is empty", path);
	o->handshake_packet_len = (u32)len;
}

static u32 default_threads(void)
{
	cpu_set_t set;
	int n = 1;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	if (n > THREADS_DEFAULT_MAX)
		n = THREADS_DEFAULT_MAX;
	return n < 1 ? 1 : (u32)n;
}

/**
 * options_defaults() - what is so without being asked for
 * @o: the result; its @role is set, the rest is zero
 */
void options_defaults(struct options *o)
{
	u8 net = o->role == ROLE_CLIENT ? 200 : 201;
	u8 net6 = o->role == ROLE_CLIENT ? 0xc8 : 0xc9;

	addr_from_v4(&o->tun_local, (u8[]){ 192, 168, net, 1 });
	addr_from_v4(&o->tun_peer, (u8[]){ 192, 168, net, 2 });
	o->tun_local6 = (struct addr){ .b = { 0xfc, net6, [15] = 1 } };
	o->tun_peer6 = (struct addr){ .b = { 0xfc, net6, [15] = 2 } };
	o->threads = default_threads();
	o->mtu = 1500;
	o->idle = FTCP_IDLE / 1000;
	o->keepalive = FTCP_KEEPALIVE / 1000;
	o->interval = FTCP_PROBE_INTERVAL;
	o->max_flows = FTCP_DEFAULT_MAX_FLOWS;
	o->max_per_source = FTCP_DEFAULT_MAX_PER_SOURCE;
	o->queue = FTCP_DEFAULT_QUEUE;
	o->queue_bytes = FTCP_DEFAULT_QUEUE_BYTES;
	o->tun_offload = true;
	o->udp_offload = true;
}

static bool ends_in(const char *text, const char *tail)
{
	size_t a = strlen(text), b = strlen(tail);

	return a >= b && !strcmp(text + a - b, tail);
}

static void parse_clean_rules(struct options *o, int argc, char **argv)
{
	o->clean_rules = true;
	if (argc > 2 && (!strcmp(argv[2], "-h") || !strcmp(argv[2], "--help"))) {
		help_print(o);
		exit(0);
	}
	if (argc > 2)
		usage_error("%s: unexpected argument", argv[2]);
}

/* The verb, from the program's name or from its first arguments.  Returns how
 * many arguments it took.
 */
static int parse_verb(struct options *o, int argc, char **argv)
{
	int n = 1;

	if (argc < 1)
		usage_error("no program name");
	if (ends_in(argv[0], "client"))
		return 0;
	if (ends_in(argv[0], "server")) {
		o->role = ROLE_SERVER;
		return 0;
	}
	if (argc > n && !strcmp(argv[n], "print-rules")) {
		o->print_rules = true;
		n++;
	}
	if (argc <= n)
		usage_error(o->print_rules ?
				    "print-rules: say client or server" :
				    "say client, server or print-rules");
	if (!o->print_rules && !strcmp(argv[n], "clean-rules")) {
		parse_clean_rules(o, argc, argv);
	} else if (!strcmp(argv[n], "client")) {
		o->role = ROLE_CLIENT;
	} else if (!strcmp(argv[n], "server")) {
		o->role = ROLE_SERVER;
	} else if (!strcmp(argv[n], "-h") || !strcmp(argv[n], "--help") ||
		   !strcmp(argv[n], "help")) {
		help_print(o->print_rules ? o : NULL);
		exit(0);
	} else if (!strcmp(argv[n], "-V") || !strcmp(argv[n], "--version")) {
		puts("ftcptun " TOOLS_VERSION);
		exit(0);
	} else {
		usage_error("%s: neither client, server nor print-rules",
			    argv[n]);
	}
	return n;
}

static void parse_local(struct options *o, const char *text)
{
	int port;

	if (o->role == ROLE_CLIENT) {
		if (endpoint_parse(&o->local, text))
			usage_error(
				"--local %s: not of the form IP:PORT or [IPv6]:PORT",
				text);
		return;
	}
	port = port_parse(text);
	if (port < 0)
		usage_error("--local %s: not a port number", text);
	o->port = (u16)port;
}

/* The options that @word, without its "--" and value, may be short for */
static unsigned int candidates(const char *word, char *names, size_t size)
{
	size_t len = strcspn(word, "=");
	const struct option *o;
	unsigned int n = 0;

	names[0] = '\0';
	for (o = long_options; o->name; o++) {
		size_t end = strlen(names);

		if (strncmp(o->name, word, len))
			continue;
		snprintf(names + end, size - end, "%s--%s", n++ ? ", " : "",
			 o->name);
	}
	return n;
}

static bool is_option(int value)
{
	const struct option *o;

	for (o = long_options; o->name; o++)
		if (o->val == value)
			return true;
	return value > ' ' && value < 0x7f && strchr(SHORT_OPTIONS, value);
}

/* getopt_long() says in @value which option it is that was wrong: none when there
 * is none, or more than one; one that there is when it was given a value.
 */
static void refuse_option(const char *word, int value)
	__attribute__((noreturn));
static void refuse_option(const char *word, int value)
{
	char names[512];

	if (!value && candidates(word + 2, names, sizeof(names)) > 1)
		usage_error("%s: ambiguous: %s", word, names);
	if (value && is_option(value))
		usage_error("%s: takes no value", word);
	if (value)
		usage_error("-%c: no such option", value);
	usage_error("%s: no such option", word);
}

/* Options of which the value is a number */
static const struct number_option {
	int c;
	bool off; /* may be "off", which is 0 */
	const char *name;
	size_t offset; /* of a u32 in struct options */
	u32 min, max;
} numbers[] = {
#define NUMBER(c, name, member, min, max) \
	{ c, false, name, offsetof(struct options, member), min, max }
#define NUMBER_OR_OFF(c, name, member, max) \
	{ c, true, name, offsetof(struct options, member), 0, max }
	NUMBER(OPT_THREADS, "threads", threads, 1, THREADS_MAX),
	NUMBER(OPT_MTU, "mtu", mtu, 1280, 65535),
	NUMBER(OPT_IDLE, "idle", idle, 1, 2678400),
	NUMBER_OR_OFF(OPT_MAX_AGE, "max-age", max_age, 2678400),
	NUMBER(OPT_MAX_FLOWS, "max-flows", max_flows, 1, 1048576),
	NUMBER(OPT_MAX_FLOWS_PER_SOURCE, "max-flows-per-source", max_per_source,
	       1, 1048576),
	NUMBER(OPT_QUEUE, "queue", queue, 1, 1024),
};

/* Options of which the value is an address of the device */
static const struct addr_option {
	int c;
	bool v4;
	const char *name;
	size_t offset; /* of a struct addr in struct options */
} addrs[] = {
	{ OPT_TUN_LOCAL, true, "tun-local", offsetof(struct options, tun_local) },
	{ OPT_TUN_PEER, true, "tun-peer", offsetof(struct options, tun_peer) },
	{ OPT_TUN_LOCAL6, false, "tun-local6",
	  offsetof(struct options, tun_local6) },
	{ OPT_TUN_PEER6, false, "tun-peer6",
	  offsetof(struct options, tun_peer6) },
};

/* Options without a value */
static const struct flag_option {
	int c;
	bool value;
	size_t offset; /* of a bool in struct options */
} flags[] = {
	{ '4', true, offsetof(struct options, ipv4_only) },
	{ OPT_AUTO_RULES, true, offsetof(struct options, auto_rules) },
	{ OPT_RESTORE, true, offsetof(struct options, restore) },
	{ OPT_NO_TUN_OFFLOAD, false, offsetof(struct options, tun_offload) },
	{ OPT_NO_UDP_OFFLOAD, false, offsetof(struct options, udp_offload) },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Whether it is one of the tables', which is set then */
static bool parse_simple(struct options *o, int c)
{
	u8 *base = (u8 *)o;
	u32 i;

	for (i = 0; i < COUNT(numbers); i++) {
		const struct number_option *n = &numbers[i];

		if (n->c != c)
			continue;
		*(u32 *)(void *)(base + n->offset) = parse_number(
			n->name, n->off ? number_or_off(optarg) : optarg,
			n->min, n->max);
		return true;
	}
	for (i = 0; i < COUNT(addrs); i++) {
		if (addrs[i].c != c)
			continue;
		parse_addr(addrs[i].name, optarg, addrs[i].v4,
			   (void *)(base + addrs[i].offset));
		return true;
	}
	for (i = 0; i < COUNT(flags); i++) {
		if (flags[i].c != c)
			continue;
		*(bool *)(base + flags[i].offset) = flags[i].value;
		return true;
	}
	return false;
}

static void parse_remote(struct options *o, const char *text)
{
	if (host_split(text, o->remote_host, sizeof(o->remote_host),
		       &o->remote_port))
		usage_error(
			"--remote %s: not of the form HOST:PORT or [IPv6]:PORT",
			text);
	o->remote = text;
}

/* An option that is in none of the tables */
static void parse_special(struct options *o, int c, char **argv)
{
	switch (c) {
	case 'l':
		parse_local(o, optarg);
		break;
	case 'r':
		parse_remote(o, optarg);
		break;
	case OPT_TUN:
		parse_tun(optarg, o->tun);
		break;
	case OPT_HANDSHAKE_PACKET:
		read_handshake_packet(o, optarg);
		break;
	case OPT_FWMARK:
		o->fwmark = parse_mark(optarg);
		break;
	case OPT_USER:
		o->user = optarg;
		break;
	case OPT_KEEPALIVE:
		parse_keepalive(o, number_or_off(optarg));
		break;
	case OPT_MAX_BYTES:
		parse_bytes("max-bytes", number_or_off(optarg), &o->max_bytes);
		break;
	case OPT_UNREACHABLE:
		if (o->role != ROLE_SERVER)
			usage_error("--unreachable is for servers");
		o->ignore_unreachable = parse_word("unreachable", optarg,
						   "close", "ignore", NULL);
		break;
	case OPT_WIRE:
		if (o->role != ROLE_CLIENT)
			usage_error("--wire is for clients");
		o->wire = (enum wire)parse_word("wire", optarg, "auto",
						"native", "phantun");
		break;
	case OPT_QUEUE_BYTES:
		parse_queue_bytes(o, optarg);
		break;
	case OPT_DF:
		o->fragment = parse_word("df", optarg, "set", "unset", NULL);
		break;
	case 'v':
		log_limit = LOG_DEBUG;
		break;
	case 'h':
		help_print(o);
		exit(0);
	case 'V':
		puts("ftcptun " TOOLS_VERSION);
		exit(0);
	case ':':
		usage_error("%s: a value is missing", argv[optind - 1]);
	default:
		refuse_option(argv[optind - 1], optopt);
	}
}

/* What is missing, or does not go together */
static void check_options(const struct options *o, bool have_local)
{
	if (addr_equal(&o->tun_local, &o->tun_peer) ||
	    addr_equal(&o->tun_local6, &o->tun_peer6))
		usage_error("both ends of the device have the same address");
	if (o->print_rules) {
		if (o->role == ROLE_SERVER && !have_local)
			usage_error("--local <PORT> is required");
		return;
	}
	if (!have_local)
		usage_error("--local <%s> is required",
			    o->role == ROLE_CLIENT ? "IP:PORT" : "PORT");
	if (!o->remote)
		usage_error("--remote <HOST:PORT> is required");
	if (o->handshake_packet_len > o->mtu - 40)
		die("--handshake-packet: %u bytes do not fit a segment of %u",
		    o->handshake_packet_len, o->mtu - 40);
}

/**
 * options_parse() - read the command line; does not return if it is wrong
 * @o: the result
 * @argc: of main()
 * @argv: of main()
 */
void options_parse(struct options *o, int argc, char **argv)
{
	bool have_local = false;
	int c, skip;

	*o = (struct options){ 0 };
	skip = parse_verb(o, argc, argv);
	if (o->clean_rules)
		return;
	options_defaults(o);
	argv[skip] = argv[0];
	argc -= skip;
	argv += skip;

	while ((c = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) !=
	       -1) {
		have_local |= c == 'l';
		if (!parse_simple(o, c))
			parse_special(o, c, argv);
	}
	if (optind < argc)
		usage_error("%s: unexpected argument", argv[optind]);
	check_options(o, have_local);
}

/**
 * options_free() - release what options_parse() allocated
 * @o: the options
 */
void options_free(struct options *o)
{
	free(o->handshake_packet);
	o->handshake_packet = NULL;
}
