// SPDX-License-Identifier: GPL-2.0
/*
 * ftcpsee - what the tests ask of faketcp most often, in a process that is cheap
 * to start: nsenter, ftcpctl and jq in one, without a shared library
 *
 *	ftcpsee [OPTIONS] NETNS flows [STATE]	how many there are (in a state whose
 *						name has this in it)
 *	ftcpsee [OPTIONS] NETNS drops REASON	of all tunnels
 *	ftcpsee [OPTIONS] NETNS ended TUNNEL	its flows: "closed=1 reset=2"
 *	  -i VALUE	exit with 1 if it is not that
 *	  -w SECONDS	until it is that, at most so long
 */
#include "common.h"
#include "../../tools/common/names_gen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <unistd.h>

/* Between two looks, in milliseconds */
#define PAUSE 20

static enum { FLOWS, DROPS, ENDED } what;
static const char *argument;

/* What has been found */
static uint64_t count;
static uint64_t ended[FTCP_ENDED_MAX + 1];
static char result[512];

static int fd;

static union {
	struct nlmsghdr h;
	char space[1 << 17];
} buf;

static void enter(const char *netns)
{
	char path[4096];
	int ns;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		err(1, "%s", path);
}

static const void *attr(const void *attrs, size_t len, int type, size_t *size)
{
	const struct nlattr *a = attrs;

	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*size = a->nla_len - NLA_HDRLEN;
			return (const char *)a + NLA_HDRLEN;
		}
		if ((size_t)NLA_ALIGN(a->nla_len) >= len)
			break;
		len -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	*size = 0;
	return NULL;
}

static uint64_t attr_u64(const void *attrs, size_t len, int type)
{
	uint64_t v = 0;
	size_t size;
	const void *p = attr(attrs, len, type, &size);

	if (p && size == sizeof(v))
		memcpy(&v, p, sizeof(v));
	return v;
}

static void take_flow(const void *attrs, size_t len)
{
	uint32_t state = 0;
	size_t size;
	const void *p = attr(attrs, len, FTCP_A_STATE, &size);
	const char *name;

	if (p)
		memcpy(&state, p, size < sizeof(state) ? size : sizeof(state));
	name = state < sizeof(ftcp_state_names) / sizeof(*ftcp_state_names) ? ftcp_state_names[state] : "unknown";
	if (!argument || strstr(name, argument))
		count++;
}

static void take_tunnel(const void *attrs, size_t len)
{
	const void *nest;
	size_t size;
	int i;

	if (what == DROPS) {
		nest = attr(attrs, len, FTCP_A_DROPS, &size);
		for (i = 0; i <= FTCP_DROP_MAX; i++)
			if (ftcp_drops_names[i] && !strcmp(ftcp_drops_names[i], argument))
				count += attr_u64(nest, size, i);
		return;
	}
	nest = attr(attrs, len, FTCP_A_TUNNEL, &size);
	if (!nest || strcmp(nest, argument))
		return;
	nest = attr(attrs, len, FTCP_A_ENDED, &size);
	for (i = 0; i <= FTCP_ENDED_MAX; i++)
		if (ftcp_ended_names[i])
			ended[i] = attr_u64(nest, size, i);
}

static void request(uint16_t family, uint8_t cmd, uint16_t flags, const char *name)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		struct nlattr a;
		char name[GENL_NAMSIZ];
	} m = {
		.h.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.h.nlmsg_type = family,
		.h.nlmsg_flags = NLM_F_REQUEST | flags,
		.g.cmd = cmd,
		.g.version = 1,
	};

	if (name) {
		m.a.nla_type = CTRL_ATTR_FAMILY_NAME;
		m.a.nla_len = NLA_HDRLEN + strlen(name) + 1;
		strcpy(m.name, name);
		m.h.nlmsg_len += NLA_ALIGN(m.a.nla_len);
	}
	if (send(fd, &m, m.h.nlmsg_len, 0) < 0)
		err(1, "send");
}

static uint16_t faketcp(void)
{
	const struct nlmsgerr *e;
	uint16_t family = 0;
	const void *p;
	size_t size;
	ssize_t len;

	request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, FTCP_GENL_NAME);
	len = recv(fd, &buf, sizeof(buf), 0);
	if (len < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN))
		err(1, "recv");
	if (buf.h.nlmsg_type == NLMSG_ERROR) {
		e = NLMSG_DATA(&buf.h);
		errno = -e->error;
		err(1, "no faketcp");
	}
	p = attr((char *)NLMSG_DATA(&buf.h) + GENL_HDRLEN,
		 len - NLMSG_LENGTH(GENL_HDRLEN), CTRL_ATTR_FAMILY_ID, &size);
	if (!p || size != sizeof(family))
		errx(1, "no number of faketcp");
	memcpy(&family, p, sizeof(family));
	return family;
}

/* All of one dump; false if it has to be made again. */
static bool dump(uint16_t family)
{
	const struct nlmsgerr *e;
	bool whole = true;
	struct nlmsghdr *h;
	ssize_t len;

	count = 0;
	memset(ended, 0, sizeof(ended));
	request(family, what == FLOWS ? FAKETCP_CMD_FLOW_GET : FAKETCP_CMD_TUNNEL_GET,
		NLM_F_DUMP, NULL);
	for (;;) {
		len = recv(fd, &buf, sizeof(buf), 0);
		if (len < 0)
			err(1, "recv");
		for (h = &buf.h; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			const char *attrs = (char *)NLMSG_DATA(h) + GENL_HDRLEN;
			size_t size = h->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);

			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				whole = false;
			if (h->nlmsg_type == NLMSG_DONE)
				return whole;
			if (h->nlmsg_type == NLMSG_ERROR) {
				e = NLMSG_DATA(h);
				errno = -e->error;
				err(1, "dump");
			}
			if (what == FLOWS)
				take_flow(attrs, size);
			else
				take_tunnel(attrs, size);
		}
	}
}

static void look(uint16_t family)
{
	size_t at = 0;
	int i;

	while (!dump(family))
		;
	if (what != ENDED) {
		snprintf(result, sizeof(result), "%llu", (unsigned long long)count);
		return;
	}
	result[0] = '\0';
	for (i = 0; i <= FTCP_ENDED_MAX; i++)
		if (ended[i])
			at += snprintf(result + at, sizeof(result) - at, "%s%s=%llu",
				       at ? " " : "", ftcp_ended_names[i],
				       (unsigned long long)ended[i]);
}

static bool known_drop(const char *name)
{
	int i;

	for (i = 0; i <= FTCP_DROP_MAX; i++)
		if (ftcp_drops_names[i] && !strcmp(ftcp_drops_names[i], name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *expected = NULL;
	uint64_t end = now_ms();
	uint16_t family;
	int opt;

	while ((opt = getopt(argc, argv, "+i:w:")) != -1) {
		if (opt == 'i')
			expected = optarg;
		else if (opt == 'w')
			end += 1000 * number(optarg);
		else
			return EXIT_USAGE;
	}
	argc -= optind;
	argv += optind;
	if (argc < 2)
		errx(EXIT_USAGE, "usage: ftcpsee [-i VALUE] [-w SECONDS] NETNS WHAT ...");
	argument = argv[2];
	if (!strcmp(argv[1], "flows"))
		what = FLOWS;
	else if (!strcmp(argv[1], "drops") && argument && known_drop(argument))
		what = DROPS;
	else if (!strcmp(argv[1], "ended") && argument)
		what = ENDED;
	else
		errx(EXIT_USAGE, "%s %s?", argv[1], argument ? argument : "");

	enter(argv[0]);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		err(1, "netlink");
	family = faketcp();
	for (;;) {
		look(family);
		if (!expected || !strcmp(result, expected) || now_ms() >= end)
			break;
		usleep(PAUSE * 1000);
	}
	puts(result);
	return expected && strcmp(result, expected);
}
