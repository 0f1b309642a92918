// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors to applications: what the module tells the sender of a datagram
 * that gets nowhere, in the same words.
 *
 * Raw sockets take CAP_NET_RAW to open and nothing to use.  Without it (ftcptun
 * needs CAP_NET_ADMIN only) applications are told nothing, and find out by
 * themselves, as with any loss.
 *
 * Whoever receives an error looks for the socket that sent what it quotes: an IP
 * header and eight bytes.  The datagram's own headers were never seen here, but all
 * that matters of them is known.
 */
#include "icmp.h"

#include <netinet/in.h> /* before the kernel's headers */

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <unistd.h>

#include "log.h"
#include "udp.h"

#define IP4_HLEN 20
#define IP6_HLEN 40
#define UDP_HLEN 8
#define ICMP_HLEN 8

/* One socket for each family, or -1; used by all threads at once. */
static int socket4 = -1, socket6 = -1;

static int open_raw(int family, int protocol, int level, int option,
		    const void *filter, socklen_t size)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			protocol);

	/* nothing is to be received */
	if (fd >= 0)
		setsockopt(fd, level, option, filter, size);
	return fd;
}

/** icmp_open() - prepare to send errors, if that is allowed */
void icmp_open(void)
{
	struct icmp_filter filter = { .data = ~0u };
	struct icmp6_filter filter6;

	memset(&filter6, 0xff, sizeof(filter6));
	socket4 = open_raw(AF_INET, IPPROTO_ICMP, SOL_RAW, ICMP_FILTER, &filter,
			   sizeof(filter));
	socket6 = open_raw(AF_INET6, IPPROTO_ICMPV6, SOL_ICMPV6, ICMPV6_FILTER,
			   &filter6, sizeof(filter6));
	if (socket4 < 0)
		say(LOG_DEBUG, "no ICMP errors to applications: %s",
		    strerror(errno));
}

/** icmp_close() - send none any more, in this process */
void icmp_close(void)
{
	if (socket4 >= 0)
		close(socket4);
	if (socket6 >= 0)
		close(socket6);
	socket4 = socket6 = -1;
}

static u16 checksum(const u8 *p, u32 len)
{
	u32 sum = 0;

	for (; len; len -= 2, p += 2)
		sum += ftcp_get16(p);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~(sum + (sum >> 16));
}

/* The headers of a datagram from @app to @own; returns their length. */
static u32 write_quoted(u8 *p, const struct endpoint *app,
			const struct endpoint *own, u32 len)
{
	u32 hlen = addr_is_v4(&app->addr) ? IP4_HLEN : IP6_HLEN;

	len += UDP_HLEN;
	memset(p, 0, hlen + UDP_HLEN);
	if (hlen == IP4_HLEN) {
		p[0] = 4 << 4 | IP4_HLEN / 4;
		ftcp_put16(p + 2, (u16)(hlen + len));
		ftcp_put16(p + 6, 0x4000);
		p[8] = 64;
		p[9] = IPPROTO_UDP;
		memcpy(p + 12, addr_v4(&app->addr), 4);
		memcpy(p + 16, addr_v4(&own->addr), 4);
		ftcp_put16(p + 10, checksum(p, hlen));
	} else {
		p[0] = 6 << 4;
		ftcp_put16(p + 4, (u16)len);
		p[6] = IPPROTO_UDP;
		p[7] = 64;
		memcpy(p + 8, app->addr.b, 16);
		memcpy(p + 24, own->addr.b, 16);
	}
	p += hlen;
	ftcp_put16(p, app->port);
	ftcp_put16(p + 2, own->port);
	ftcp_put16(p + 4, (u16)len);
	return hlen + UDP_HLEN;
}

/* For IPv6 and for IPv4 */
static const struct {
	u8 type;
	u8 code;
} kinds[][2] = {
	[ICMP_ERROR_HOST] = { { ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH },
			      { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH } },
	[ICMP_ERROR_PORT] = { { ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH },
			      { ICMP_DEST_UNREACH, ICMP_PORT_UNREACH } },
	[ICMP_ERROR_TOO_BIG] = { { ICMPV6_PKT_TOOBIG, 0 },
				 { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } },
};

/* From the address that the application has sent to. */
static void send_from(int fd, const void *packet, u32 len,
		      const struct endpoint *app, const struct endpoint *own)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))]
		__attribute__((aligned(8))) = { 0 };
	struct endpoint to = { .addr = app->addr, .scope = app->scope };
	struct sockaddr_storage ss;
	struct iovec iov = { (void *)packet, len };
	struct msghdr msg = {
		.msg_name = &ss,
		.msg_namelen = endpoint_to_sockaddr(&to, false, &ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	udp_put_from(&msg, control, &own->addr, fd != socket4, app->scope);
	if (sendmsg(fd, &msg, MSG_DONTWAIT) < 0)
		say(LOG_DEBUG, "ICMP error: %s", strerror(errno));
}

/**
 * icmp_send() - tell an application that its datagram gets nowhere
 * @error: why
 * @mtu: ICMP_ERROR_TOO_BIG: the largest IP packet that would fit; else 0
 * @app: the application
 * @own: where it sent the datagram
 * @len: length of the datagram
 *
 * Errors are as good as lost datagrams: nobody waits for them, and nobody
 * hears if one cannot be sent.
 */
void icmp_send(enum icmp_error error, u32 mtu, const struct endpoint *app,
	       const struct endpoint *own, u32 len)
{
	bool v4 = addr_is_v4(&app->addr);
	u8 packet[ICMP_HLEN + IP6_HLEN + UDP_HLEN] = { 0 };
	int fd = v4 ? socket4 : socket6;
	u32 size;

	if (fd < 0)
		return;
	packet[0] = kinds[error][v4].type;
	packet[1] = kinds[error][v4].code;
	ftcp_put32(packet + 4, mtu);
	size = ICMP_HLEN + write_quoted(packet + ICMP_HLEN, app, own, len);
	if (v4) /* the kernel writes that of IPv6 */
		ftcp_put16(packet + 2, checksum(packet, size));
	send_from(fd, packet, size, app, own);
}
