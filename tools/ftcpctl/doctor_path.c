// SPDX-License-Identifier: GPL-2.0
/*
 * What the way to a far end carries, by pings of different sizes.  Where nobody tells by
 * ICMP that a packet was too large, the kernel does not know.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <unistd.h>

#include "doctor.h"

/* How long an answer is waited for, and how often it may be lost */
#define WAIT_MS 400
#define TRIES 2
/* Below this nobody asks; and how close is close enough */
#define LEAST 1280
#define STEP 4

struct pinger {
	int fd;
	bool six;
	unsigned int headers;
	uint16_t sequence;
};

/* Every user may ping on most systems, and root on all */
static bool open_pinger(const struct far *f, struct pinger *p)
{
	int discover;

	p->six = f->to.sa.sa_family == AF_INET6;
	p->headers = p->six ? 40 : 20;
	p->sequence = 0;
	p->fd = socket(f->to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC,
		       p->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (p->fd < 0)
		p->fd = socket(f->to.sa.sa_family, SOCK_RAW | SOCK_CLOEXEC,
			       p->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (p->fd < 0)
		return false;
	discover = p->six ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE;
	setsockopt(p->fd, p->six ? SOL_IPV6 : SOL_IP,
		   p->six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &discover,
		   sizeof(discover));
	if (f->mark)
		setsockopt(p->fd, SOL_SOCKET, SO_MARK, &f->mark,
			   sizeof(f->mark));
	return true;
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += data[i] << 8 | data[i + 1];
	if (len & 1)
		sum += data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Is it the answer to the ping of this number?  A raw socket shows IPv4's header. */
static bool is_answer(const struct pinger *p, const uint8_t *data, ssize_t len,
		      size_t size)
{
	struct icmphdr h;
	size_t skip = 0;

	if (!p->six && len > 20 && data[0] >> 4 == 4)
		skip = (data[0] & 15) * 4;
	if (len != (ssize_t)(skip + size))
		return false;
	memcpy(&h, data + skip, sizeof(h));
	return h.type == (p->six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
	       ntohs(h.un.echo.sequence) == p->sequence;
}

/* Does a packet of so many bytes, headers and all, come there and back? */
static bool ping(struct pinger *p, const struct far *f, unsigned int bytes)
{
	static uint8_t data[65536], answer[65536];
	size_t size = bytes - p->headers;
	struct icmphdr h = {
		.type = p->six ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
	};
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };
	union address to = f->to;
	uint16_t sum;
	ssize_t n;
	int i;

	address_set_port(&to, 0);
	for (i = 0; i < TRIES; i++) {
		h.un.echo.id = htons(getpid() & 0xffff);
		h.un.echo.sequence = htons(++p->sequence);
		h.checksum = 0;
		memcpy(data, &h, sizeof(h));
		sum = htons(checksum(data, size));
		memcpy(data + 2, &sum, sizeof(sum));
		/* An error may be one that ICMP told of before */
		if (sendto(p->fd, data, size, 0, &to.sa, address_len(&to)) < 0)
			continue;
		while (poll(&wait, 1, WAIT_MS) > 0) {
			n = recv(p->fd, answer, sizeof(answer), MSG_DONTWAIT);
			if (n < 0)
				break;
			if (is_answer(p, answer, n, size))
				return true;
		}
	}
	return false;
}

/**
 * path_mtu() - what the way to a far end carries, at most @most; 0 if it does not answer
 */
unsigned int path_mtu(const struct far *f, unsigned int most)
{
	unsigned int low = LEAST, high = most, middle;
	struct pinger p;

	if (most <= LEAST || most > 65535 || !open_pinger(f, &p))
		return 0;
	if (ping(&p, f, most)) {
		close(p.fd);
		return most;
	}
	if (!ping(&p, f, 100)) {
		close(p.fd);
		return 0;
	}
	if (!ping(&p, f, low))
		high = low, low = 576;
	while (high - low > STEP) {
		middle = (low + high) / 2;
		if (ping(&p, f, middle))
			low = middle;
		else
			high = middle;
	}
	close(p.fd);
	return low;
}
