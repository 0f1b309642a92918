// SPDX-License-Identifier: GPL-2.0
/*
 * nlraw - send one generic netlink request, word by word, and print the answer
 *
 * What ftcpctl would never send: requests with attributes missing, too many, out
 * of range or of a wrong size.  Or, for some time, requests to faketcp at random:
 * each command and attribute, mostly sound, so that something happens, then
 * spoilt.  Or a dump of flows that stops after its first part.
 */
#include "common.h"

#include <errno.h>
#include <linux/faketcp.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static union {
	struct nlmsghdr h;
	char space[65536];
} request, answer;

static int fd;

static void *put(size_t len)
{
	char *at = request.space + NLMSG_ALIGN(request.h.nlmsg_len);

	if (NLMSG_ALIGN(request.h.nlmsg_len) + len + 64 > sizeof(request))
		errx(EXIT_USAGE, "too long");
	memset(at, 0, NLMSG_ALIGN(len));
	request.h.nlmsg_len = NLMSG_ALIGN(request.h.nlmsg_len) + len;
	return at;
}

static void put_attr(uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = put(NLA_HDRLEN + len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy((char *)a + NLA_HDRLEN, data, len);
}

static void begin(uint16_t family, uint8_t cmd, uint8_t version)
{
	struct genlmsghdr *g;

	memset(&request, 0, sizeof(request));
	request.h.nlmsg_len = NLMSG_HDRLEN;
	request.h.nlmsg_type = family;
	request.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g = put(GENL_HDRLEN);
	g->cmd = cmd;
	g->version = version;
}

static const struct nlattr *find(const void *attrs, size_t len, int type)
{
	const struct nlattr *a = attrs;

	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		if ((size_t)NLA_ALIGN(a->nla_len) >= len)
			break;
		len -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

/* Send the request and wait for its acknowledgement; an errno. */
static int transact(uint16_t *family)
{
	const struct genlmsghdr *g;
	const struct nlmsgerr *e;
	const struct nlattr *a;
	struct nlmsghdr *h;
	ssize_t len;

	if (send(fd, &request, request.h.nlmsg_len, 0) < 0)
		err(1, "send");
	for (;;) {
		len = recv(fd, &answer, sizeof(answer), 0);
		if (len < 0)
			err(1, "recv");
		for (h = &answer.h; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == GENL_ID_CTRL && family) {
				g = NLMSG_DATA(h);
				a = find((const char *)g + GENL_HDRLEN,
					 h->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN),
					 CTRL_ATTR_FAMILY_ID);
				if (a)
					memcpy(family, a + 1, sizeof(*family));
			}
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			e = NLMSG_DATA(h);
			if (h->nlmsg_flags & NLM_F_ACK_TLVS) {
				size_t skip = sizeof(*e);

				if (!(h->nlmsg_flags & NLM_F_CAPPED))
					skip += NLMSG_ALIGN(e->msg.nlmsg_len) -
						NLMSG_HDRLEN;
				a = find((const char *)e + skip,
					 h->nlmsg_len - NLMSG_HDRLEN - skip,
					 NLMSGERR_ATTR_MSG);
				if (a)
					printf("%s\n", (const char *)(a + 1));
			}
			return -e->error;
		}
	}
}

/* ATTR:u8=N, ATTR:u16=N, ATTR:u32=N, ATTR:s=TEXT, ATTR:x=HEX or ATTR:a=ADDR:PORT */
static void put_word(const char *word)
{
	char type[8];
	int attr, at = 0;

	if (sscanf(word, "%d:%7[^=]=%n", &attr, type, &at) != 2 || !at)
		errx(EXIT_USAGE, "%s: expected ATTR:TYPE=VALUE", word);
	word += at;
	if (!strcmp(type, "u8")) {
		uint8_t v = number(word);

		put_attr(attr, &v, sizeof(v));
	} else if (!strcmp(type, "u16")) {
		uint16_t v = number(word);

		put_attr(attr, &v, sizeof(v));
	} else if (!strcmp(type, "u32")) {
		uint32_t v = number(word);

		put_attr(attr, &v, sizeof(v));
	} else if (!strcmp(type, "s")) {
		put_attr(attr, word, strlen(word) + 1);
	} else if (!strcmp(type, "a")) {
		union address a = address_parse(word);

		put_attr(attr, &a, address_len(&a));
	} else if (!strcmp(type, "x")) {
		uint8_t data[1024];
		size_t len = 0;
		unsigned int byte;

		for (; *word; word += 2) {
			if (len == sizeof(data) || sscanf(word, "%2x", &byte) != 1 ||
			    !word[1])
				errx(EXIT_USAGE, "%s: not hexadecimal", word);
			data[len++] = byte;
		}
		put_attr(attr, data, len);
	} else {
		errx(EXIT_USAGE, "%s: unknown type", type);
	}
}

/* ---- at random ---- */

enum kind { ANY, U8, U16, U32, U64, NAME, LINK, ADDR, NEST, NOTHING };

static const uint8_t kinds[FTCP_A_MAX + 1] = {
	[FTCP_A_IFINDEX] = U32,		[FTCP_A_IFNAME] = LINK,
	[FTCP_A_TUNNEL] = NAME,		[FTCP_A_MODE] = U32,
	[FTCP_A_PORT] = U16,		[FTCP_A_LOCAL] = ADDR,
	[FTCP_A_LISTEN] = ADDR,		[FTCP_A_TARGET] = ADDR,
	[FTCP_A_WIRE] = U32,		[FTCP_A_IDLE] = U32,
	[FTCP_A_KEEPALIVE] = U32,	[FTCP_A_FWMARK] = U32,
	[FTCP_A_MAX_FLOWS] = U32,	[FTCP_A_QUEUE] = U32,
	[FTCP_A_PEER] = NAME,		[FTCP_A_ENDPOINT] = ADDR,
	[FTCP_A_ENDPOINT_KIND] = U32,	[FTCP_A_ALLOWED_IP] = NEST,
	[FTCP_A_STATE] = U32,		[FTCP_A_REMOTE] = ADDR,
	[FTCP_A_INNER_LOCAL] = ADDR,	[FTCP_A_INNER_REMOTE] = ADDR,
	[FTCP_A_FLOWS] = U32,		[FTCP_A_AGE] = U64,
	[FTCP_A_RX_AGE] = U64,		[FTCP_A_MAX_PAYLOAD] = U32,
	[FTCP_A_STATS] = NEST,		[FTCP_A_DROPS] = NEST,
	[FTCP_A_PAD] = NOTHING,		[FTCP_A_DF] = U32,
	[FTCP_A_MAX_FLOWS_PER_SOURCE] = U32, [FTCP_A_QUEUE_BYTES] = U32,
	[FTCP_A_KEEPALIVE_INTERVAL] = U32, [FTCP_A_KEEPALIVE_PROBES] = U32,
	[FTCP_A_MAX_AGE] = U32,		[FTCP_A_MAX_BYTES] = U64,
	[FTCP_A_UNREACHABLE] = U32,	[FTCP_A_ENDPOINT_NAME] = NAME,
	[FTCP_A_NO_ALLOWED_IP] = NOTHING, [FTCP_A_COALESCE] = U32,
	[FTCP_A_ENDED] = NEST,		[FTCP_A_REASON] = U32,
	[FTCP_A_ENDPOINT_TENTATIVE] = NOTHING,
	[FTCP_A_FROM] = NEST,		[FTCP_A_FROM_KIND] = U32,
	[FTCP_A_PERSISTENT] = U32,
};

static struct {
	uint64_t state;
	char **links;
	int nlinks;
	/* the last value of each attribute that the kernel sent */
	struct {
		uint16_t len;
		uint8_t data[64];
	} heard[FTCP_A_MAX + 1];
	unsigned long sent, done[256], refused[256];
} fuzz;

static uint32_t random32(void)
{
	fuzz.state ^= fuzz.state << 13;
	fuzz.state ^= fuzz.state >> 7;
	fuzz.state ^= fuzz.state << 17;
	return fuzz.state >> 16;
}

static uint32_t below(uint32_t n)
{
	return random32() % n;
}

/* Once in @n times */
static bool once_in(uint32_t n)
{
	return !below(n);
}

static uint64_t some_number(void)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 4, 10, 100, 1000, 1024, 4567, 65535,
					   65536, 1 << 20, 2678400, 0x7fffffff,
					   0x80000000, 0xffffffff, 1ULL << 32,
					   ~0ULL };

	if (once_in(8))
		return (uint64_t)random32() << 32 | random32();
	if (once_in(4))
		return below(5);
	return values[below(sizeof(values) / sizeof(values[0]))];
}

static void put_random(uint16_t type, size_t len)
{
	uint8_t data[1024];

	for (size_t i = 0; i < len; i++)
		data[i] = random32();
	put_attr(type, data, len);
}

static void put_some_address(uint16_t type)
{
	static const char *const addresses[] = {
		"127.0.0.1", "127.0.0.1", "10.2.0.2", "0.0.0.0", "192.0.2.1",
		"224.0.0.1", "255.255.255.255", "::1", "::", "fd02::2", "ff02::1",
		"fe80::1", "::ffff:10.2.0.2",
	};
	union address a = address_parse(
		addresses[below(sizeof(addresses) / sizeof(addresses[0]))]);

	if (!once_in(4))
		address_set_port(&a, 20000 + below(8));
	if (once_in(16))
		a.sa.sa_family = random32();
	put_attr(type, &a, once_in(16) ? below(sizeof(a)) : address_len(&a));
}

static void put_some_name(uint16_t type)
{
	static const char *const names[] = { "a", "b", "c", "t", "remote", "any",
					     "a/b", "host.example:4567" };
	const char *name = names[below(sizeof(names) / sizeof(names[0]))];

	put_attr(type, name, strlen(name) + !once_in(32));
}

static void put_number(uint16_t type, size_t len)
{
	uint64_t v = some_number();

	put_attr(type, &v, len);
}

static void put_some(uint16_t type);

static void put_nest(uint16_t type)
{
	uint32_t at = NLMSG_ALIGN(request.h.nlmsg_len), addr = random32();
	struct nlattr *nest;

	put_attr(once_in(16) ? type : type | NLA_F_NESTED, "", 0);
	if (once_in(8)) {
		for (uint32_t n = below(4); n; n--)
			put_some(below(FTCP_A_MAX + 2));
	} else {
		uint8_t prefix = once_in(8) ? random32() : below(33);

		if (once_in(8))
			put_random(FTCP_ALLOWED_IP_ADDR, below(20));
		else
			put_attr(FTCP_ALLOWED_IP_ADDR, &addr, sizeof(addr));
		put_attr(FTCP_ALLOWED_IP_PREFIX, &prefix, sizeof(prefix));
	}
	nest = (struct nlattr *)(request.space + at);
	nest->nla_len = request.h.nlmsg_len - at;
}

static void put_heard(uint16_t type)
{
	put_attr(type, fuzz.heard[type].data, fuzz.heard[type].len);
}

/* A value of the right kind, as a rule */
static void put_some(uint16_t type)
{
	enum kind kind = type <= FTCP_A_MAX ? kinds[type] : ANY;

	if (NLMSG_ALIGN(request.h.nlmsg_len) > 16384)
		return;
	if (type <= FTCP_A_MAX && fuzz.heard[type].len && once_in(3)) {
		put_heard(type);
		return;
	}
	if (once_in(24))
		kind = below(NOTHING + 1);
	switch (kind) {
	case U8: put_number(type, 1); break;
	case U16: put_number(type, 2); break;
	case U32: put_number(type, 4); break;
	case U64: put_number(type, 8); break;
	case NAME: put_some_name(type); break;
	case LINK: {
		const char *link = fuzz.links[below(fuzz.nlinks)];

		put_attr(type, link, strlen(link) + 1);
		break;
	}
	case ADDR: put_some_address(type); break;
	case NEST: put_nest(type); break;
	case NOTHING: put_attr(type, "", 0); break;
	case ANY: put_random(type, below(40)); break;
	}
}

static void put_u32(uint16_t type, uint32_t value)
{
	put_attr(type, &value, sizeof(value));
}

/* A sound tunnel of any mode */
static void put_tunnel(void)
{
	uint16_t port = 20000 + below(8);
	uint32_t mode = below(__FTCP_MODE_MAX);

	put_u32(FTCP_A_MODE, mode);
	if (mode != FTCP_MODE_LISTEN)
		put_attr(FTCP_A_PORT, &port, sizeof(port));
	if (mode == FTCP_MODE_LISTEN) {
		put_some_address(FTCP_A_LISTEN);
		put_some_address(FTCP_A_ENDPOINT);
	}
	if (mode == FTCP_MODE_FORWARD)
		put_some_address(FTCP_A_TARGET);
}

static void put_request(uint8_t cmd)
{
	if (!once_in(16))
		put_some(FTCP_A_IFNAME);
	if (!once_in(16) && cmd != FAKETCP_CMD_FLOW_DEL)
		put_some_name(FTCP_A_TUNNEL);
	if (cmd == FAKETCP_CMD_TUNNEL_NEW && !once_in(8))
		put_tunnel();
	if (cmd == FAKETCP_CMD_PEER_SET || cmd == FAKETCP_CMD_PEER_DEL)
		put_some_name(FTCP_A_PEER);
	if (cmd == FAKETCP_CMD_FLOW_DEL && once_in(2)) {
		put_heard(FTCP_A_LOCAL);
		put_heard(FTCP_A_REMOTE);
	} else if (cmd == FAKETCP_CMD_FLOW_DEL) {
		put_some(FTCP_A_LOCAL);
		put_some(FTCP_A_REMOTE);
	}
	if (!once_in(3))
		return;
	for (uint32_t n = below(10); n; n--)
		put_some(once_in(16) ? random32() : below(FTCP_A_MAX + 3));
}

/* Wrong lengths, wrong order, wrong bytes, a wrong end. */
static void spoil(void)
{
	size_t begin = NLMSG_HDRLEN + GENL_HDRLEN, len = request.h.nlmsg_len;
	struct nlattr *a;
	uint32_t n;

	switch (below(12)) {
	case 0:
		for (n = 1 + below(8); n && len > begin; n--)
			request.space[begin + below(len - begin)] ^= 1 << below(8);
		break;
	case 1:
		request.h.nlmsg_len = NLMSG_HDRLEN + below(len - NLMSG_HDRLEN + 1);
		break;
	case 2:
		if (len < begin + NLA_HDRLEN)
			break;
		a = (struct nlattr *)(request.space + begin);
		a->nla_len = once_in(2) ? random32() : a->nla_len + below(9) - 4;
		break;
	case 3:
		request.h.nlmsg_flags = random32() | NLM_F_REQUEST;
		break;
	case 4:
		/* the first attribute goes last */
		if (len < begin + NLA_HDRLEN)
			break;
		a = (struct nlattr *)(request.space + begin);
		n = NLA_ALIGN(a->nla_len);
		if (len < begin + 2 * n)
			break;
		memmove(request.space + len - len % 4, a, n);
		memmove(a, (char *)a + n, len - len % 4 - begin);
		break;
	}
}

/* Take what the kernel says; requests are answered before send() returns. */
static void harvest(uint16_t family, uint8_t cmd)
{
	const struct nlattr *a;
	struct nlmsghdr *h;
	ssize_t len;

	while ((len = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT)) >= 0) {
		for (h = &answer.h; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			size_t rest = h->nlmsg_len - NLMSG_HDRLEN;
			const char *data = NLMSG_DATA(h);

			if (h->nlmsg_type == NLMSG_ERROR) {
				if (((struct nlmsgerr *)data)->error)
					fuzz.refused[cmd]++;
				else
					fuzz.done[cmd]++;
			}
			if (h->nlmsg_type == NLMSG_DONE)
				fuzz.done[cmd]++;
			if (h->nlmsg_type != family || rest < GENL_HDRLEN)
				continue;
			for (int type = 1; type <= FTCP_A_MAX; type++) {
				a = find(data + GENL_HDRLEN, rest - GENL_HDRLEN, type);
				/* the ends of a flow, not a tunnel's address */
				if (!a || (type == FTCP_A_LOCAL &&
					   cmd != FAKETCP_CMD_FLOW_GET) || a->nla_len - NLA_HDRLEN >
						  (int)sizeof(fuzz.heard[0].data))
					continue;
				fuzz.heard[type].len = a->nla_len - NLA_HDRLEN;
				memcpy(fuzz.heard[type].data, a + 1,
				       fuzz.heard[type].len);
			}
		}
	}
}

static int run_fuzz(uint16_t family, unsigned long seconds)
{
	uint64_t end = now_ms() + seconds * 1000;

	while (now_ms() < end) {
		uint8_t cmd = once_in(32) ? random32() :
					    1 + below(FAKETCP_CMD_FLOW_GET);

		begin(family, cmd, once_in(32) ? random32() : 1);
		if (cmd == FAKETCP_CMD_TUNNEL_GET || cmd == FAKETCP_CMD_PEER_GET ||
		    cmd == FAKETCP_CMD_FLOW_GET) {
			request.h.nlmsg_flags |= NLM_F_DUMP;
			if (!once_in(3))
				goto send;
		}
		put_request(cmd);
		if (once_in(2))
			spoil();
send:
		fuzz.sent++;
		if (send(fd, &request, request.h.nlmsg_len, 0) < 0 &&
		    errno != ENOBUFS && errno != EINVAL)
			err(1, "send");
		harvest(family, cmd);
	}
	printf("sent=%lu", fuzz.sent);
	for (int cmd = 1; cmd <= FAKETCP_CMD_FLOW_GET; cmd++)
		printf(" done%d=%lu refused%d=%lu", cmd, fuzz.done[cmd], cmd,
		       fuzz.refused[cmd]);
	putchar('\n');
	return 0;
}

/* ---- a reader that takes its time ---- */

static void print_ports(const struct nlmsghdr *h)
{
	const struct nlattr *a;
	uint16_t port;

	a = find((const char *)NLMSG_DATA(h) + GENL_HDRLEN,
		 h->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), FTCP_A_REMOTE);
	if (!a || a->nla_len < NLA_HDRLEN + 4)
		errx(1, "a flow without a remote end");
	memcpy(&port, (const char *)(a + 1) + 2, sizeof(port));
	printf("%u\n", ntohs(port));
}

/* Ask for all flows, read the first part of the answer, then, when there is a line to
 * be read, the rest; print the remote port of each.
 */
static int dump_flows(uint16_t family)
{
	struct nlmsghdr *h;
	ssize_t len;
	char line[2];

	begin(family, FAKETCP_CMD_FLOW_GET, 1);
	request.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, &request, request.h.nlmsg_len, 0) < 0)
		err(1, "send");
	for (int part = 0;; part++) {
		len = recv(fd, &answer, sizeof(answer), 0);
		if (len < 0)
			err(1, "recv");
		for (h = &answer.h; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type != family)
				errx(1, "not a flow");
			print_ports(h);
		}
		if (part)
			continue;
		puts("paused");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			errx(1, "nothing to go on for");
	}
}

int main(int argc, char **argv)
{
	uint16_t family = 0;
	int one = 1, error;

	if (argc < 3) {
		fputs("usage: nlraw FAMILY COMMAND [ATTR:u8|u16|u32|s|x|a=VALUE]...\n"
		      "       nlraw faketcp fuzz SECONDS SEED LINK...\n"
		      "       nlraw faketcp flows\n"
		      "Prints the kernel's message.  Exit status: 0 done, 1 refused, 2 usage.\n",
		      stderr);
		return EXIT_USAGE;
	}
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	put_attr(CTRL_ATTR_FAMILY_NAME, argv[1], strlen(argv[1]) + 1);
	error = transact(&family);
	if (error)
		errx(1, "%s: %s", argv[1], strerror(error));
	if (!strcmp(argv[2], "fuzz") && argc > 5) {
		fuzz.state = number(argv[4]) * 0x9e3779b97f4a7c15 + 1;
		fuzz.links = argv + 5;
		fuzz.nlinks = argc - 5;
		return run_fuzz(family, number(argv[3]));
	}
	if (!strcmp(argv[2], "flows"))
		return dump_flows(family);
	begin(family, number(argv[2]), 1);
	for (int i = 3; i < argc; i++)
		put_word(argv[i]);
	error = transact(NULL);
	if (!error)
		return 0;
	printf("%s\n", strerror(error));
	return 1;
}
