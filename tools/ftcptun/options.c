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

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../module/core/policy.h"
#include "../common/scan.h"
#include "../version.h"
#include "log.h"

#define THREADS_DEFAULT_MAX 16

/**
 * struct spec - an option
 * @name: without its dashes
 * @value: what help calls its value, or which words that may be; NULL: none
 * @help: what help says of it
 * @parse: how it is read
 * @offset: set_flag(), parse_number(), parse_bytes(), parse_addr(): where it is
 *	in struct options
 * @min: the least number; if that is 0, "off" says it as well
 * @max: the most; 0: there is none
 * @usual: the default, if that is no number or address in struct options
 * @letter: its short form, as in SHORT_OPTIONS
 * @only: whose it is: added up
 */
struct spec {
	const char *name;
	const char *value;
	const char *help;
	void (*parse)(struct options *o, const struct spec *s,
		      const char *text);
	size_t offset;
	u32 min;
	u32 max;
	const char *usual;
	char letter;
	enum { ALL, CLIENTS = 1, SERVERS = 2, DATAGRAMS = 3, IPS = 4 } only;
};

/* ---- values ---- */

static void *member(struct options *o, const struct spec *s)
{
	return (u8 *)o + s->offset;
}

static void set_flag(struct options *o, const struct spec *s, const char *text)
{
	*(bool *)member(o, s) = strncmp(s->name, "no-", 3) != 0;
}

static u32 in_range(const struct spec *s, const char *text, bool sound, u32 v,
		    u32 min, u32 max)
{
	if (!sound || v < min || v > max)
		usage_error("--%s %s: not a number from %u to %u", s->name,
			    text, min, max);
	return v;
}

static void parse_number(struct options *o, const struct spec *s,
			 const char *text)
{
	u32 v = 0;
	bool sound = scan_u32(text, &v) || (!s->min && !strcmp(text, "off"));

	*(u32 *)member(o, s) = in_range(s, text, sound, v, s->min, s->max);
}

static void parse_bytes(struct options *o, const struct spec *s,
			const char *text)
{
	uint64_t v;

	if (!scan_bytes_or_off(text, &v) ||
	    (s->max && (v < s->min || v > s->max)))
		usage_error("--%s %s: not a number of bytes%s may follow",
			    s->name, text,
			    s->max ? " from 64K to 1G; K, M or G" :
				     "; K, M, G or T");
	*(u64 *)member(o, s) = v;
}

static void parse_addr(struct options *o, const struct spec *s,
		       const char *text)
{
	struct addr *a = member(o, s);
	bool v4 = addr_is_v4(a); /* as the default is */

	if (addr_parse(a, text) || addr_is_v4(a) != v4 || addr_is_any(a))
		usage_error("--%s %s: not an IPv%d address", s->name, text,
			    v4 ? 4 : 6);
}

/* Which one of two or three words it is */
static u32 which_word(const struct spec *s, const char *text)
{
	char word[3][16];
	int i, n = sscanf(s->value, "<%15[a-z]|%15[a-z]|%15[a-z]", word[0],
			  word[1], word[2]);

	for (i = 0; i < n; i++)
		if (!strcmp(text, word[i]))
			return (u32)i;
	if (n == 3)
		usage_error("--%s %s: neither %s, %s nor %s", s->name, text,
			    word[0], word[1], word[2]);
	usage_error("--%s %s: neither %s nor %s", s->name, text, word[0],
		    word[1]);
}

static void parse_second(struct options *o, const struct spec *s,
			 const char *text)
{
	*(bool *)member(o, s) = which_word(s, text);
}

static void parse_wire(struct options *o, const struct spec *s,
		       const char *text)
{
	o->wire = (enum wire)which_word(s, text);
}

static void parse_local(struct options *o, const struct spec *s,
			const char *text)
{
	unsigned int port;

	if (o->ip)
		o->role = ROLE_SERVER;
	if (o->role == ROLE_CLIENT) {
		if (endpoint_parse(&o->local, text))
			usage_error(
				"--local %s: not of the form IP:PORT or [IPv6]:PORT",
				text);
		return;
	}
	if (!scan_port(text, &port))
		usage_error("--local %s: not a port number", text);
	o->port = (u16)port;
}

static void parse_remote(struct options *o, const struct spec *s,
			 const char *text)
{
	if (host_split(text, o->remote_host, sizeof(o->remote_host),
		       &o->remote_port))
		usage_error(
			"--remote %s: not of the form HOST:PORT or [IPv6]:PORT",
			text);
	o->remote = text;
}

/* Names that the kernel takes and that are safe inside of a rule set */
static void parse_device(struct options *o, const struct spec *s,
			 const char *text)
{
	size_t len = strlen(text);

	if (len >= IF_NAMESIZE ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != len ||
	    !strcmp(text, ".") || !strcmp(text, ".."))
		usage_error("--%s %s: not a name for a device", s->name, text);
	memcpy(member(o, s), text, len + 1);
}

static void parse_address(struct options *o, const struct spec *s,
			  const char *text)
{
	struct inner_address a;

	if (addr_prefix_parse(&a.addr, &a.len, text) || addr_is_any(&a.addr))
		usage_error("--address %s: not of the form ADDRESS[/LENGTH]",
			    text);
	if (o->addresses == ADDRESSES_MAX)
		usage_error("--address %s: more than %u", text, ADDRESSES_MAX);
	o->address[o->addresses++] = a;
}

static void parse_peers(struct options *o, const struct spec *s,
			const char *text)
{
	const char *error = *s->name == 'p' ? peers_parse(&o->peers, text) :
					      peers_only(&o->peers, text);

	if (error)
		usage_error("--%s %s: %s", s->name, text, error);
}

static void parse_mark(struct options *o, const struct spec *s,
		       const char *text)
{
	if (!scan_mark(text, &o->fwmark) || !o->fwmark)
		usage_error("--fwmark %s: not a mark from 1 to 0xffffffff",
			    text);
}

static void parse_text(struct options *o, const struct spec *s,
		       const char *text)
{
	*(const char **)member(o, s) = text;
}

/* TIME[:INTERVAL[:PROBES]] */
static void parse_keepalive(struct options *o, const struct spec *s,
			    const char *text)
{
	struct keepalive k;
	bool sound = scan_keepalive(text, &k);

	o->keepalive =
		in_range(s, text, sound || k.given > 1, k.time, 0, 86400);
	if (k.given > 1) {
		if (k.interval < 10 || k.interval > 3600000)
			usage_error(
				"--keepalive %s: the interval is not a number of seconds from 0.01 to 3600",
				text);
		o->interval = k.interval;
	}
	if (k.given > 2)
		o->probes = in_range(s, text, sound, k.probes, 0, 100);
}

static void read_handshake_packet(struct options *o, const struct spec *s,
				  const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		die("--%s %s: %s", s->name, path, strerror(errno));
	free(o->handshake_packet);
	o->handshake_packet = malloc(HANDSHAKE_PACKET_MAX + 1);
	if (!o->handshake_packet)
		die("out of memory");
	len = fread(o->handshake_packet, 1, HANDSHAKE_PACKET_MAX + 1, file);
	if (ferror(file))
		die("--%s %s: %s", s->name, path, strerror(errno));
	fclose(file);
	if (!len)
		die("--%s %s: the file is empty", s->name, path);
	o->handshake_packet_len = (u32)len;
}

static void set_verbose(struct options *o, const struct spec *s,
			const char *text)
{
	log_limit = LOG_DEBUG;
}

static void help(struct options *o, const struct spec *s, const char *text)
{
	help_print(o);
	exit(0);
}

static void version(struct options *o, const struct spec *s, const char *text)
{
	puts("ftcptun " TOOLS_VERSION);
	exit(0);
}

/* ---- the options ---- */

static const struct spec specs[] = {
#define AT(member) offsetof(struct options, member)
#define NEXT "\n                               "
	{ "local", "", NULL, parse_local, .letter = 'l' },
	{ "remote", "", NULL, parse_remote, .letter = 'r' },
	{ "dev", "<NAME>", "device that packets are routed into", parse_device,
	  AT(dev), .usual = "next free ftcpX", .only = IPS },
	{ "address", "<IP[/LENGTH]>", "an address for it; may be repeated",
	  parse_address, .only = IPS },
	{ "allowed-ips", "<IP[/LENGTH],...>",
	  NEXT "inner addresses that are behind the far end", parse_peers,
	  .usual = PEERS_ALL, .only = IPS },
	{ "peer", "<NAME=IP[/LENGTH],...>",
	  NEXT "with --local, instead: one of several far ends, and the" NEXT
	       "inner addresses behind it; may be repeated",
	  parse_peers, .only = IPS },
	{ "exec", "<COMMAND>",
	  "instead of --local and --remote: over standard input" NEXT
	  "and output of a command that starts the other end",
	  parse_text, AT(exec), .only = IPS },
	{ "stdio", NULL, "that other end", set_flag, AT(stdio), .only = IPS },
	{ "passt", NULL, "there: passt, which needs no rights, and no device",
	  set_flag, AT(passt), .only = IPS },
	{ "persistent", NULL,
	  "with --remote: be connected at all times, so that the" NEXT
	  "far end can send first",
	  set_flag, AT(persistent), .only = IPS },
	{ "tun", "<NAME>", "TUN device", parse_device, AT(tun),
	  .usual = "next free tunX" },
	{ "tun-local", "<IP>", "the host's IPv4 address on it", parse_addr,
	  AT(tun_local) },
	{ "tun-peer", "<IP>", "ftcptun's own IPv4 address", parse_addr,
	  AT(tun_peer) },
	{ "ipv4-only", NULL, "no IPv6 on the TCP side", set_flag, AT(ipv4_only),
	  .letter = '4' },
	{ "tun-local6", "<IP>", "the host's IPv6 address on it", parse_addr,
	  AT(tun_local6) },
	{ "tun-peer6", "<IP>", "ftcptun's own IPv6 address", parse_addr,
	  AT(tun_peer6) },
	{ "handshake-packet", "<PATH>",
	  "contents of a file to send as first datagram", read_handshake_packet,
	  .only = DATAGRAMS },
	{ "help", NULL, "print this", help, .letter = 'h' },
	{ "version", NULL,
	  "print the version\n\nOptions that Phantun does not have:", version,
	  .letter = 'V' },
	{ "auto-rules", NULL,
	  "set up NAT, and take it away at the end; turn" NEXT "forwarding on",
	  set_flag, AT(auto_rules) },
	{ "restore", NULL, "turn forwarding off again at the end, if it was",
	  set_flag, AT(restore) },
	{ "fwmark", "<MARK>",
	  "with --auto-rules: mark the segments, so that rules of" NEXT
	  "routing tell them from what they carry",
	  parse_mark },
	{ "user", "<NAME>",
	  "whom to run as when all is set up [default: ftcptun," NEXT
	  "if there is such a user, else nobody]",
	  parse_text, AT(user) },
	{ "threads", "<N>", "threads and device queues", parse_number,
	  AT(threads), 1, THREADS_MAX, .usual = "one per CPU",
	  .only = DATAGRAMS },
	{ "mtu", "<BYTES>", "MTU of the device", parse_number, AT(mtu), 1280,
	  65535 },
	{ "idle", "<SECONDS>", "end flows without traffic after", parse_number,
	  AT(idle), 1, 2678400 },
	{ "keepalive", "<TIME[:INTERVAL[:PROBES]]>",
	  NEXT "seconds of silence after which the far end is" NEXT
	       "probed, off: never; seconds between probes; how many" NEXT
	       "in vain are enough",
	  parse_keepalive },
	{ "max-age", "<SECONDS>", "replace flows after", parse_number,
	  AT(max_age), 0, 2678400, .usual = "off" },
	{ "max-bytes", "<N[K|M|G|T]>", "replace flows after so much payload",
	  parse_bytes, AT(max_bytes), .usual = "off" },
	{ "max-flows", "<N>", "most flows at a time", parse_number,
	  AT(max_flows), 1, 1048576 },
	{ "max-flows-per-source", "<N>", "most flows of one source address",
	  parse_number, AT(max_per_source), 1, 1048576 },
	{ "wire", "<auto|native|phantun>",
	  "how connections look; phantun when the far end" NEXT
	  "is Phantun's server",
	  parse_wire, .usual = "auto", .only = CLIENTS | IPS },
	{ "unreachable", "<close|ignore>",
	  NEXT "end flows whose datagrams the UDP service refuses," NEXT
	       "or do not",
	  parse_second, AT(ignore_unreachable), .usual = "close",
	  .only = SERVERS },
	{ "queue", "<N>", "datagrams that wait while a flow connects",
	  parse_number, AT(queue), 1, 1024 },
	{ "queue-bytes", "<N[K|M|G]>", "memory of all datagrams that wait",
	  parse_bytes, AT(queue_bytes), 64 << 10, 1 << 30, .usual = "64M" },
	{ "df", "<set|unset>",
	  "unset: let IPv4 fragment segments that are too large" NEXT
	  "for the path",
	  parse_second, AT(fragment), .usual = "set" },
	{ "no-tun-offload", NULL, "no super-segments on the devices", set_flag,
	  AT(tun_offload) },
	{ "no-udp-offload", NULL, "no UDP_SEGMENT and UDP_GRO", set_flag,
	  AT(udp_offload), .only = DATAGRAMS },
	{ "json", NULL, "SIGUSR1 prints JSON, one document in one line", set_flag,
	  AT(json) },
	{ "verbose", NULL, "tell about every flow", set_verbose,
	  .letter = 'v' },
};

#define SHORT_OPTIONS ":l:r:4vhV"
#define COUNT (sizeof(specs) / sizeof(*specs))
#define FIRST_LONG 256 /* what getopt_long() returns for the first of @specs */

/* Is it about segments, which there are none of in a channel? */
static bool is_outer(const struct spec *s)
{
	static const char names[] =
		" tun tun-local tun-local6 tun-peer tun-peer6 ipv4-only "
		"auto-rules restore fwmark idle keepalive max-age max-bytes "
		"max-flows max-flows-per-source wire queue queue-bytes df ";
	char name[32];

	snprintf(name, sizeof(name), " %s ", s->name);
	return strstr(names, name);
}

static bool is_for(const struct spec *s, const struct options *o)
{
	unsigned int who = o->role == ROLE_CLIENT ? CLIENTS : SERVERS;

	return !s->only || s->only & (o->ip ? IPS : who);
}

static void print_default(struct options *usual, const struct spec *s)
{
	char text[INET6_ADDRSTRLEN];

	if (s->usual)
		printf(" [default: %s]", s->usual);
	else if (s->parse == parse_number)
		printf(" [default: %u]", *(u32 *)member(usual, s));
	else if (s->parse == parse_addr)
		printf(" [default: %s]",
		       addr_text(member(usual, s), text, sizeof(text)));
	else if (s->parse == parse_keepalive)
		printf(" [default: %u:%g:%u]", usual->keepalive,
		       usual->interval / 1000.0,
		       usual->role == ROLE_CLIENT ? FTCP_PROBES :
						    FTCP_PROBES_PATIENT);
}

/** options_print() - print what help says of the options of @o's role */
void options_print(const struct options *o)
{
	struct options usual = { .role = o->role, .ip = o->ip };
	const struct spec *s;
	char text[64];

	options_defaults(&usual);
	for (s = specs; s < specs + COUNT; s++) {
		if (!s->help || !is_for(s, o))
			continue;
		snprintf(text, sizeof(text), "  %c%c%c --%s %s",
			 s->letter ? '-' : ' ', s->letter ? s->letter : ' ',
			 s->letter ? ',' : ' ', s->name,
			 s->value ? s->value : "");
		printf("%-30s%s%s", text, *s->help == '\n' ? "" : " ", s->help);
		print_default(&usual, s);
		putchar('\n');
	}
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

/** options_defaults() - what is so without being asked for; @role is set */
void options_defaults(struct options *o)
{
	u8 net = o->ip ? 202 : o->role == ROLE_CLIENT ? 200 : 201;
	u8 net6 = net; /* 0xc8 and so on */

	addr_from_v4(&o->tun_local, (u8[]){ 192, 168, net, 1 });
	addr_from_v4(&o->tun_peer, (u8[]){ 192, 168, net, 2 });
	o->tun_local6 = (struct addr){ .b = { 0xfc, net6, [15] = 1 } };
	o->tun_peer6 = (struct addr){ .b = { 0xfc, net6, [15] = 2 } };
	o->threads = o->ip ? 1 : default_threads();
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

/* The options that @word, without its "--" and value, may be short for */
static unsigned int candidates(const char *word, char *names, size_t size)
{
	size_t len = strcspn(word, "="), end = 0;
	const struct spec *s;
	unsigned int n = 0;

	for (s = specs; s < specs + COUNT; s++) {
		if (strncmp(s->name, word, len))
			continue;
		if (end < size)
			end += (size_t)snprintf(names + end, size - end,
						"%s--%s", n ? ", " : "",
						s->name);
		n++;
	}
	return n;
}

/* What getopt_long() has found, or was told that it was wrong */
static const struct spec *find(int value)
{
	const struct spec *s;

	for (s = specs; s < specs + COUNT; s++)
		if (value == FIRST_LONG + (s - specs) ||
		    (value && value == s->letter))
			return s;
	return NULL;
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
	if (find(value))
		usage_error("%s: takes no value", word);
	if (value)
		usage_error("-%c: no such option", value);
	usage_error("%s: no such option", word);
}

static void refuse_strange(const struct options *o, const struct spec *s)
	__attribute__((noreturn));
static void refuse_strange(const struct options *o, const struct spec *s)
{
	if (o->ip)
		usage_error("--%s is not for ip", s->name);
	usage_error("--%s is for %s", s->name,
		    s->only == IPS    ? "ip" :
		    s->only & CLIENTS ? "clients" :
					"servers");
}

static bool ends_in(const char *text, const char *tail)
{
	size_t a = strlen(text), b = strlen(tail);

	return a >= b && !strcmp(text + a - b, tail);
}

static void parse_clean_rules(struct options *o, int argc, char **argv)
{
	o->clean_rules = true;
	if (argc > 2 &&
	    (!strcmp(argv[2], "-h") || !strcmp(argv[2], "--help"))) {
		help(o, NULL, NULL);
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
				    "print-rules: say client, server or ip" :
				    "say client, server, ip or print-rules");
	if (!o->print_rules && !strcmp(argv[n], "clean-rules")) {
		parse_clean_rules(o, argc, argv);
	} else if (!strcmp(argv[n], "client")) {
		o->role = ROLE_CLIENT;
	} else if (!strcmp(argv[n], "server")) {
		o->role = ROLE_SERVER;
	} else if (!strcmp(argv[n], "ip")) {
		o->ip = true; /* and its role says whether it has a port */
	} else if (!strcmp(argv[n], "-h") || !strcmp(argv[n], "--help") ||
		   !strcmp(argv[n], "help")) {
		help(o->print_rules ? o : NULL, NULL, NULL);
	} else if (!strcmp(argv[n], "-V") || !strcmp(argv[n], "--version")) {
		version(o, NULL, NULL);
	} else {
		usage_error("%s: neither client, server, ip nor print-rules",
			    argv[n]);
	}
	return n;
}

/** options_parse() - read the command line; does not return if it is wrong */
void options_parse(struct options *o, int argc, char **argv)
{
	struct option long_options[COUNT + 1] = { 0 };
	const struct spec *s;
	int c, skip;

	*o = (struct options){ 0 };
	skip = parse_verb(o, argc, argv);
	if (o->clean_rules)
		return;
	options_defaults(o);
	argv[skip] = argv[0];
	argc -= skip;
	argv += skip;

	for (s = specs; s < specs + COUNT; s++)
		long_options[s - specs] = (struct option){
			.name = s->name,
			.has_arg = !!s->value,
			.val = FIRST_LONG + (int)(s - specs),
		};
	while ((c = getopt_long(argc, argv, SHORT_OPTIONS, long_options,
				NULL)) != -1) {
		if (c == ':')
			usage_error("%s: a value is missing", argv[optind - 1]);
		s = find(c);
		if (!s)
			refuse_option(argv[optind - 1], optopt);
		if (!is_for(s, o))
			refuse_strange(o, s);
		if (is_outer(s))
			o->outer = s->name;
		s->parse(o, s, optarg);
	}
	if (optind < argc)
		usage_error("%s: unexpected argument", argv[optind]);
	options_check(o);
}

/** options_free() - release what options_parse() allocated */
void options_free(struct options *o)
{
	free(o->handshake_packet);
	o->handshake_packet = NULL;
	peers_free(&o->peers);
}
