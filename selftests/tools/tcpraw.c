// SPDX-License-Identifier: GPL-2.0
/*
 * tcpraw - send any TCP segment from any address, and see what is answered
 *
 * The part of an attacker, or of a peer that does something unusual.  Segments
 * are seen with a packet socket, whether or not the host takes them.
 */
#include "common.h"

#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL	36
#endif

#define MAX_OPTIONS	40
#define MAX_PAYLOAD	60000
#define EXTENSION	8
#define MAX_PACKET	(40 + EXTENSION + 60 + MAX_PAYLOAD)
#define BATCH		64

static const char flag_names[] = "FSRPAUEC";

static struct {
	union address from, to;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags, options[MAX_OPTIONS], *payload;
	size_t options_len, payload_len;
	unsigned long count, timeout_ms, rate;
	int random_bits, ttl;
	bool random_port, random_seq, random_ack, bad_checksum, none, udp;
	int expect, header_words, truncate, extension;
	union address via;
	unsigned int icmp[3];		/* type, code, MTU */
} opt = {
	.window = 64240, .count = 1, .timeout_ms = 2000, .ttl = 64,
	.expect = -1, .random_bits = -1, .header_words = -1, .truncate = -1,
	.extension = -1,
};

static uint8_t parse_flags(const char *text)
{
	uint8_t flags = 0;

	for (; *text; text++) {
		const char *name = strchr(flag_names, *text);

		if (!name)
			errx(EXIT_USAGE, "%c: not one of %s", *text, flag_names);
		flags |= 1 << (name - flag_names);
	}
	return flags;
}

static size_t parse_hex(const char *text, uint8_t *data, size_t max)
{
	size_t len = 0;
	unsigned int byte;

	for (; *text; text += 2) {
		if (len == max || sscanf(text, "%2x", &byte) != 1 || !text[1])
			errx(EXIT_USAGE, "%s: not hexadecimal, or too long", text);
		data[len++] = byte;
	}
	return len;
}

static uint32_t sum(const void *data, size_t len, uint32_t s)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		s += p[0] << 8 | p[1];
	if (len)
		s += p[0] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

static uint32_t random32(void)
{
	static uint32_t pool[1024];
	static unsigned int left;

	if (!left) {
		if (getrandom(pool, 256, 0) != 256)
			err(1, "getrandom");
		for (int i = 64; i < 1024; i++)
			pool[i] = pool[i - 64] * 1664525 + (pool[i - 63] >> 7) + i;
		left = 1024;
	}
	return pool[--left];
}

/* Replace all but the first @bits of an address. */
static void randomise(uint8_t *addr, int len, int bits)
{
	for (int i = 0; i < len; i++) {
		uint8_t keep = bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff << (8 - bits);

		addr[i] = (addr[i] & keep) | (random32() >> 13 & ~keep & 0xff);
		bits -= 8;
	}
}

/* Build one segment with its IP header; return its length. */
static size_t build(uint8_t *packet)
{
	size_t options_len = (opt.options_len + 3) & ~3UL;
	size_t tcp_len = sizeof(struct tcphdr) + options_len + opt.payload_len;
	size_t sent_len = opt.truncate < 0 ? tcp_len : (size_t)opt.truncate;
	union address from = opt.from;
	struct tcphdr *th;
	uint32_t s;
	size_t ip_len;

	if (opt.random_bits >= 0 && from.sa.sa_family == AF_INET)
		randomise((uint8_t *)&from.v4.sin_addr, 4, opt.random_bits);
	else if (opt.random_bits >= 0)
		randomise((uint8_t *)&from.v6.sin6_addr, 16, opt.random_bits);
	if (opt.random_port)
		address_set_port(&from, 1024 + random32() % 64000);

	if (from.sa.sa_family == AF_INET) {
		struct iphdr *ip = (struct iphdr *)packet;

		ip_len = sizeof(*ip);
		memset(ip, 0, ip_len);
		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = opt.ttl;
		ip->protocol = IPPROTO_TCP;
		ip->frag_off = htons(IP_DF);
		ip->tot_len = htons(ip_len + sent_len);
		ip->saddr = from.v4.sin_addr.s_addr;
		ip->daddr = opt.to.v4.sin_addr.s_addr;
		s = sum(&ip->saddr, 8, 0);
	} else {
		struct ip6_hdr *ip = (struct ip6_hdr *)packet;

		ip_len = sizeof(*ip);
		memset(ip, 0, ip_len);
		ip->ip6_flow = htonl(6 << 28);
		ip->ip6_plen = htons(sent_len);
		ip->ip6_nxt = IPPROTO_TCP;
		ip->ip6_hlim = opt.ttl;
		ip->ip6_src = from.v6.sin6_addr;
		ip->ip6_dst = opt.to.v6.sin6_addr;
		s = sum(&ip->ip6_src, 32, 0);
		if (opt.extension >= 0) {
			uint8_t *header = packet + ip_len;

			/* padding, or the only fragment of a packet */
			memset(header, 0, EXTENSION);
			header[0] = IPPROTO_TCP;
			if (opt.extension == IPPROTO_FRAGMENT)
				header[7] = 1;
			else
				header[2] = 1, header[3] = 4;
			ip->ip6_nxt = opt.extension;
			ip->ip6_plen = htons(EXTENSION + sent_len);
			ip_len += EXTENSION;
		}
	}
	th = (struct tcphdr *)(packet + ip_len);
	memset(th, 0, sizeof(*th));
	th->source = htons(address_port(&from));
	th->dest = htons(address_port(&opt.to));
	th->seq = htonl(opt.random_seq ? random32() : opt.seq);
	th->ack_seq = htonl(opt.random_ack ? random32() : opt.ack);
	th->doff = (sizeof(*th) + options_len) / 4;
	((uint8_t *)th)[13] = opt.flags;
	th->window = htons(opt.window);
	memset(th + 1, 1, options_len);		/* no-operation */
	memcpy(th + 1, opt.options, opt.options_len);
	if (opt.payload_len)
		memcpy((uint8_t *)(th + 1) + options_len, opt.payload,
		       opt.payload_len);
	if (opt.header_words >= 0)
		th->doff = opt.header_words;
	s = sum(th, sent_len, s + IPPROTO_TCP + sent_len);
	th->check = htons(fold(s));
	if (opt.bad_checksum)
		th->check ^= htons(0x5555);
	return ip_len + sent_len;
}

/* Make an ICMP error about the segment, from --via to the segment's sender. */
static size_t build_icmp(uint8_t *packet)
{
	size_t quoted = build(packet), len;
	bool v4 = opt.from.sa.sa_family == AF_INET;
	size_t ip_len = v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	uint8_t *icmp = packet + ip_len;
	uint32_t s = 0;
	uint16_t check;

	quoted = quoted > ip_len + 8 ? ip_len + 8 : quoted;
	if (opt.udp) {
		/* the ports are where TCP's are; a length of no payload */
		packet[v4 ? 9 : 6] = IPPROTO_UDP;
		memcpy(packet + ip_len + 4, "\0\x8\0\0", 4);
	}
	memmove(icmp + 8, packet, quoted);
	len = 8 + quoted;
	memset(packet, 0, ip_len + 8);
	icmp[0] = opt.icmp[0];
	icmp[1] = opt.icmp[1];
	icmp[6] = opt.icmp[2] >> 8;
	icmp[7] = opt.icmp[2];
	if (v4) {
		struct iphdr *ip = (struct iphdr *)packet;

		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = opt.ttl;
		ip->protocol = IPPROTO_ICMP;
		ip->tot_len = htons(ip_len + len);
		ip->saddr = opt.via.v4.sin_addr.s_addr;
		ip->daddr = opt.from.v4.sin_addr.s_addr;
	} else {
		struct ip6_hdr *ip = (struct ip6_hdr *)packet;

		ip->ip6_flow = htonl(6 << 28);
		ip->ip6_plen = htons(len);
		ip->ip6_nxt = IPPROTO_ICMPV6;
		ip->ip6_hlim = opt.ttl;
		ip->ip6_src = opt.via.v6.sin6_addr;
		ip->ip6_dst = opt.from.v6.sin6_addr;
		s = sum(&ip->ip6_src, 32, IPPROTO_ICMPV6 + len);
	}
	check = htons(fold(sum(icmp, len, s)));
	memcpy(icmp + 2, &check, sizeof(check));
	return ip_len + len;
}

static int raw_socket(int family)
{
	int fd = socket(family, SOCK_RAW, IPPROTO_RAW), one = 1;

	if (fd < 0)
		err(1, "raw socket");
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one)))
		err(1, "IPV6_HDRINCL");
	return fd;
}

static void send_all(int fd)
{
	static uint8_t packets[BATCH][MAX_PACKET];
	struct mmsghdr msgs[BATCH] = {};
	struct iovec iovs[BATCH];
	bool icmp = opt.via.sa.sa_family;
	union address to = icmp ? opt.from : opt.to;
	uint64_t start = now_ms();
	unsigned long sent = 0;
	int n, done;

	/* A raw socket takes this for a protocol. */
	address_set_port(&to, 0);
	while (sent < opt.count) {
		n = opt.count - sent < BATCH ? opt.count - sent : BATCH;
		for (int i = 0; i < n; i++) {
			iovs[i].iov_base = packets[i];
			iovs[i].iov_len = icmp ? build_icmp(packets[i]) :
						 build(packets[i]);
			msgs[i].msg_hdr.msg_iov = &iovs[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
			msgs[i].msg_hdr.msg_name = &to;
			msgs[i].msg_hdr.msg_namelen = address_len(&to);
		}
		done = sendmmsg(fd, msgs, n, 0);
		if (done < 0) {
			if (errno != ENOBUFS && errno != EAGAIN)
				err(1, "sendmmsg");
			usleep(1000);
			continue;
		}
		sent += done;
		while (opt.rate && sent > (now_ms() - start) * opt.rate / 1000 + BATCH)
			usleep(1000);
	}
	printf("sent=%lu ms=%llu\n", sent, (unsigned long long)(now_ms() - start));
}

static int packet_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	int size = 16 << 20;

	if (fd < 0)
		err(1, "packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* Is this packet a segment between the two, with the flags looked for? */
static const struct tcphdr *match(const uint8_t *data, ssize_t len,
				  const union address *from,
				  const union address *to, size_t *payload)
{
	const struct iphdr *ip = (const void *)data;
	const struct ip6_hdr *ip6 = (const void *)data;
	const struct tcphdr *th;
	ssize_t total;
	int ip_len;

	if (len < 40)
		return NULL;
	if (ip->version == 4 && to->sa.sa_family == AF_INET) {
		ip_len = ip->ihl * 4;
		total = ntohs(ip->tot_len);
		if (ip->protocol != IPPROTO_TCP ||
		    (from && from->v4.sin_addr.s_addr &&
		     from->v4.sin_addr.s_addr != ip->saddr) ||
		    (to->v4.sin_addr.s_addr && to->v4.sin_addr.s_addr != ip->daddr))
			return NULL;
	} else if (ip->version == 6 && to->sa.sa_family == AF_INET6) {
		ip_len = sizeof(*ip6);
		total = ip_len + ntohs(ip6->ip6_plen);
		if (ip6->ip6_nxt != IPPROTO_TCP ||
		    (from && !IN6_IS_ADDR_UNSPECIFIED(&from->v6.sin6_addr) &&
		     memcmp(&from->v6.sin6_addr, &ip6->ip6_src, 16)) ||
		    (!IN6_IS_ADDR_UNSPECIFIED(&to->v6.sin6_addr) &&
		     memcmp(&to->v6.sin6_addr, &ip6->ip6_dst, 16)))
			return NULL;
	} else {
		return NULL;
	}
	th = (const void *)(data + ip_len);
	if (len < ip_len + (ssize_t)sizeof(*th) || total > len ||
	    total < ip_len + th->doff * 4 || th->doff < 5)
		return NULL;
	if ((from && address_port(from) && address_port(from) != ntohs(th->source)) ||
	    (address_port(to) && address_port(to) != ntohs(th->dest)))
		return NULL;
	if (opt.expect >= 0 && ((const uint8_t *)th)[13] != opt.expect)
		return NULL;
	*payload = total - ip_len - th->doff * 4;
	return th;
}

static void print_segment(const struct tcphdr *th, size_t payload)
{
	const uint8_t *bytes = (const void *)th;

	printf("flags=");
	for (int i = 0; i < 8; i++)
		if (bytes[13] & 1 << i)
			putchar(flag_names[i]);
	printf(" sport=%u dport=%u seq=%u ack=%u window=%u len=%zu options=",
	       ntohs(th->source), ntohs(th->dest), ntohl(th->seq),
	       ntohl(th->ack_seq), ntohs(th->window), payload);
	for (int i = sizeof(*th); i < th->doff * 4; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	fflush(stdout);
}

/* Print up to @count segments from one to the other; how many were there? */
static unsigned long watch(int fd, const union address *from,
			   const union address *to, unsigned long count)
{
	static uint8_t data[MAX_PACKET];
	uint64_t end = now_ms() + opt.timeout_ms;
	unsigned long found = 0;
	const struct tcphdr *th;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t payload;
	ssize_t len;

	while (found < count && now_ms() < end) {
		if (poll(&p, 1, end - now_ms()) <= 0)
			continue;
		len = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		th = match(data, len, from, to, &payload);
		if (!th)
			continue;
		print_segment(th, payload);
		found++;
	}
	return found;
}

static const char usage_text[] =
"usage: tcpraw send --from ADDR[:PORT] --to ADDR:PORT --flags LETTERS [--seq N]\n"
"                   [--ack N] [--window N] [--options HEX] [--payload HEX]\n"
"                   [--size N] [--ttl N] [--bad-checksum] [--count N] [--rate N]\n"
"                   [--random-source BITS] [--random-port] [--random-seq]\n"
"                   [--random-ack] [--header-words N] [--truncate BYTES]\n"
"                   [--extension HEADER]\n"
"                   [--via ADDR --icmp TYPE,CODE,MTU [--udp]]\n"
"                   [--expect LETTERS|any|none] [--timeout MS]\n"
"       tcpraw watch --to ADDR[:PORT] [--from ADDR[:PORT]] [--expect LETTERS]\n"
"                   [--count N] [--timeout MS]\n"
"LETTERS of " "FSRPAUEC" ".  --random-source BITS: keep only the first BITS of --from.\n"
"--extension: behind a header of this number, for IPv6.\n"
"--truncate: only so much of the segment; --icmp: not the segment, but an ICMP\n"
"error about it that --via sends to --from; --udp: about a datagram instead.\n"
"send waits for a segment back if told what to --expect; watch looks on, at what\n"
"this machine sends as well; 0.0.0.0 and :: stand for any address.  Segments are\n"
"printed as key=value.  Exit status: 0 as expected, 1 not, 2 usage.\n";

static const struct option options[] = {
	{ "from", 1, 0, 'f' },	  { "to", 1, 0, 't' },	    { "flags", 1, 0, 'F' },
	{ "seq", 1, 0, 's' },	  { "ack", 1, 0, 'a' },	    { "window", 1, 0, 'w' },
	{ "options", 1, 0, 'o' }, { "payload", 1, 0, 'p' }, { "size", 1, 0, 'l' },
	{ "ttl", 1, 0, 'h' },	  { "bad-checksum", 0, 0, 'b' },
	{ "count", 1, 0, 'c' },	  { "rate", 1, 0, 'r' },
	{ "random-source", 1, 0, 'R' }, { "random-port", 0, 0, 'P' },
	{ "random-seq", 0, 0, 'S' },	{ "random-ack", 0, 0, 'A' },
	{ "expect", 1, 0, 'e' },
	{ "timeout", 1, 0, 'T' },	{ "header-words", 1, 0, 'd' },
	{ "truncate", 1, 0, 'u' },	{ "via", 1, 0, 'v' },
	{ "icmp", 1, 0, 'i' },		{ "udp", 0, 0, 'U' },
	{ "extension", 1, 0, 'x' },
	{}
};

static void parse(int argc, char **argv)
{
	int c;

	opt.payload = malloc(MAX_PAYLOAD);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f': opt.from = address_parse(optarg); break;
		case 't': opt.to = address_parse(optarg); break;
		case 'F': opt.flags = parse_flags(optarg); break;
		case 's': opt.seq = number(optarg); break;
		case 'a': opt.ack = number(optarg); break;
		case 'w': opt.window = number(optarg); break;
		case 'o':
			opt.options_len = parse_hex(optarg, opt.options, MAX_OPTIONS);
			break;
		case 'p':
			opt.payload_len = parse_hex(optarg, opt.payload, MAX_PAYLOAD);
			break;
		case 'l':
			opt.payload_len = number(optarg);
			if (opt.payload_len > MAX_PAYLOAD)
				errx(EXIT_USAGE, "%s: too much", optarg);
			for (size_t i = 0; i < opt.payload_len; i++)
				opt.payload[i] = random32();
			break;
		case 'h': opt.ttl = number(optarg); break;
		case 'b': opt.bad_checksum = true; break;
		case 'c': opt.count = number(optarg); break;
		case 'r': opt.rate = number(optarg); break;
		case 'R': opt.random_bits = number(optarg); break;
		case 'P': opt.random_port = true; break;
		case 'S': opt.random_seq = true; break;
		case 'A': opt.random_ack = true; break;
		case 'e':
			if (!strcmp(optarg, "none"))
				opt.none = true;
			else if (!strcmp(optarg, "any"))
				opt.expect = -2;
			else
				opt.expect = parse_flags(optarg);
			break;
		case 'd': opt.header_words = number(optarg); break;
		case 'x': opt.extension = number(optarg); break;
		case 'u': opt.truncate = number(optarg); break;
		case 'v': opt.via = address_parse(optarg); break;
		case 'i':
			if (sscanf(optarg, "%u,%u,%u", &opt.icmp[0], &opt.icmp[1],
				   &opt.icmp[2]) != 3)
				errx(EXIT_USAGE, "%s: expected TYPE,CODE,MTU", optarg);
			break;
		case 'U': opt.udp = true; break;
		case 'T': opt.timeout_ms = number(optarg); break;
		default:
			fputs(usage_text, stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc || !opt.to.sa.sa_family ||
	    (opt.from.sa.sa_family &&
	     opt.from.sa.sa_family != opt.to.sa.sa_family)) {
		fputs(usage_text, stderr);
		exit(EXIT_USAGE);
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	const union address *from;
	bool answered;
	int fd;

	if (argc > 1)
		parse(argc - 1, argv + 1);
	from = opt.from.sa.sa_family ? &opt.from : NULL;
	if (!strcmp(verb, "watch"))
		return watch(packet_socket(), from, &opt.to, opt.count) < opt.count;
	if (strcmp(verb, "send") || !from) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	fd = packet_socket();
	send_all(raw_socket(opt.to.sa.sa_family));
	if (opt.expect == -1 && !opt.none)
		return 0;
	answered = watch(fd, &opt.to, &opt.from, 1);
	return answered == opt.none;
}
