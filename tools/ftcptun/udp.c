// SPDX-License-Identifier: GPL-2.0
/*
 * The UDP side.
 *
 * Receiving.  recvmmsg() takes up to UDP_VLEN messages at a time, and with UDP_GRO
 * each may be many datagrams of one size that the kernel has kept together.  A socket
 * that listens on a wildcard address is asked to which address each was sent, so
 * that the answers can come from there.
 *
 * Sending.  With UDP_SEGMENT one message is up to 64 datagrams of one size; where
 * the kernel or the way to the destination does not take that, each datagram becomes
 * a message of its own.
 *
 * DSCP and ECN are asked for with each message, and given with those that have
 * any: a control message on a connected socket costs a look-up of the route.
 */
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BUFFER_WANTED (4 << 20) /* socket buffers, bytes */
#define LARGE_BATCH (256 << 10) /* bytes; see udp_receive() */
#define VLEN_LARGE 8

/* Not a multiple of a large power of two, so that the beginnings of the
 * buffers do not compete for the same lines of the cache.
 */
#define BUFFER_STRIDE (65536 + 17 * 64)
#define CONTROL_SIZE \
	(2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

/**
 * struct udp_input - where received messages are stored
 * @vlen: how many messages to ask for
 * @msg: for recvmmsg()
 * @iov: for recvmmsg()
 * @from: source addresses
 * @control: control messages
 * @buffers: where the payload goes; 65536 bytes of each are used
 */
struct udp_input {
	u32 vlen;
	struct mmsghdr msg[UDP_VLEN];
	struct iovec iov[UDP_VLEN];
	struct sockaddr_storage from[UDP_VLEN];
	char control[UDP_VLEN][CONTROL_SIZE] __attribute__((aligned(8)));
	u8 buffers[UDP_VLEN][BUFFER_STRIDE];
};

/** udp_probe_offload() - whether the kernel knows UDP_SEGMENT and UDP_GRO */
bool udp_probe_offload(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), zero = 0;
	bool ok;

	if (fd < 0)
		return false;
	ok = !setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &zero, sizeof(zero)) &&
	     !setsockopt(fd, IPPROTO_UDP, UDP_GRO, &zero, sizeof(zero));
	close(fd);
	return ok;
}

/* An error on the way to a socket */
static int failed(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

static void set_buffer(int fd, int option, int force)
{
	int want = BUFFER_WANTED;

	if (setsockopt(fd, SOL_SOCKET, force, &want, sizeof(want)))
		setsockopt(fd, SOL_SOCKET, option, &want, sizeof(want));
}

static int new_socket(int family, bool gro)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
	set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
	if (gro)
		setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	/* that of IPv4 is for IPv6 sockets as well, which may receive both */
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one,
			   sizeof(one));
	return fd;
}

/**
 * udp_check_buffers() - say so if sockets opened later will have small buffers
 *
 * Larger ones take CAP_NET_ADMIN, which is not kept for that.
 */
void udp_check_buffers(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), got = 0;
	int want = BUFFER_WANTED;
	socklen_t len = sizeof(got);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want));
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
	close(fd);
	/* the kernel doubles what it is asked for */
	if (got / 2 < want)
		say(LOG_NOTICE,
		    "buffers for datagrams from the service have %d bytes and not %d: sysctl -w net.core.rmem_max=%d",
		    got / 2, want, want);
}

/**
 * udp_listen() - a socket for applications to send to
 * @local: address and port
 * @first: whether it is the first on this port.  The first has to have the
 *	port for itself before others, of other threads, may join it; so two
 *	programs never share a port by accident
 * @gro: whether to ask for UDP_GRO
 *
 * Return: a descriptor, or -1.
 */
int udp_listen(const struct endpoint *local, bool first, bool gro)
{
	bool v6 = !addr_is_v4(&local->addr);
	int fd = new_socket(v6 ? AF_INET6 : AF_INET, gro), one = 1;
	struct sockaddr_storage ss;
	socklen_t len;

	if (fd < 0)
		return -1;
	if (addr_is_any(&local->addr)) {
		if (v6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one,
				   sizeof(one));
		else
			setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one,
				   sizeof(one));
	}
	if (!first)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	len = endpoint_to_sockaddr(local, v6, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len))
		return failed(fd);
	if (first)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	return fd;
}

/** udp_connect() - a socket for one conversation with the UDP service, or -1 */
int udp_connect(const struct endpoint *remote, bool gro)
{
	int fd = new_socket(addr_is_v4(&remote->addr) ? AF_INET : AF_INET6,
			    gro);
	struct sockaddr_storage ss;
	socklen_t len;

	if (fd < 0)
		return -1;
	len = endpoint_to_sockaddr(remote, false, &ss);
	return connect(fd, (struct sockaddr *)&ss, len) ? failed(fd) : fd;
}

/* ---- receiving ---- */

static void reset_message(struct udp_input *in, int i)
{
	in->msg[i].msg_hdr.msg_namelen = sizeof(in->from[i]);
	in->msg[i].msg_hdr.msg_controllen = CONTROL_SIZE;
}

/** udp_input_new() - the buffers, for free(); NULL without memory */
struct udp_input *udp_input_new(void)
{
	struct udp_input *in = calloc(1, sizeof(*in));
	int i;

	if (!in)
		return NULL;
	in->vlen = UDP_VLEN;
	for (i = 0; i < UDP_VLEN; i++) {
		in->iov[i].iov_base = in->buffers[i];
		in->iov[i].iov_len = 65536;
		in->msg[i].msg_hdr.msg_iov = &in->iov[i];
		in->msg[i].msg_hdr.msg_iovlen = 1;
		in->msg[i].msg_hdr.msg_name = &in->from[i];
		in->msg[i].msg_hdr.msg_control = in->control[i];
		reset_message(in, i);
	}
	return in;
}

/**
 * udp_receive() - receive what there is
 * @in: where to; its previous contents are lost
 * @fd: the socket
 * @refused: whether an earlier datagram on it was refused; it says so once
 *
 * When messages are large, fewer are asked for at a time, so that they are
 * still in the cache when they are sent.
 *
 * Return: the number of messages; 0 after an error as well, which is about earlier
 * datagrams.
 */
int udp_receive(struct udp_input *in, int fd, bool *refused)
{
	u32 bytes = 0;
	int i, n;

	n = recvmmsg(fd, in->msg, in->vlen, MSG_DONTWAIT, NULL);
	*refused = n < 0 && errno == ECONNREFUSED;
	if (n < 0)
		return 0;
	for (i = 0; i < n; i++)
		bytes += in->msg[i].msg_len;
	in->vlen = bytes / VLEN_LARGE > LARGE_BATCH / UDP_VLEN ? VLEN_LARGE :
								 UDP_VLEN;
	return n;
}

#define KIND(level, type) ((level) << 16 | (type))

/** udp_message_get() - look at a received message, once */
void udp_message_get(struct udp_input *in, int i, struct udp_message *m)
{
	struct msghdr *hdr = &in->msg[i].msg_hdr;
	struct cmsghdr *c;

	m->data = in->iov[i].iov_base;
	m->len = in->msg[i].msg_len;
	m->seg = m->len;
	m->tos = 0;
	m->to = (struct addr){ 0 };
	endpoint_from_sockaddr(&m->from, &in->from[i]);
	for (c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		const u8 *data = CMSG_DATA(c);
		int number;

		switch (KIND(c->cmsg_level, c->cmsg_type)) {
		case KIND(IPPROTO_UDP, UDP_GRO):
			memcpy(&number, data, sizeof(number));
			if (number > 0 && (u32)number < m->len)
				m->seg = (u32)number;
			break;
		case KIND(IPPROTO_IP, IP_PKTINFO):
			addr_from_v4(&m->to, data + offsetof(struct in_pktinfo,
							     ipi_spec_dst));
			break;
		case KIND(IPPROTO_IPV6, IPV6_PKTINFO):
			memcpy(m->to.b, data, 16);
			break;
		case KIND(IPPROTO_IP, IP_TOS):
			m->tos = *data;
			break;
		case KIND(IPPROTO_IPV6, IPV6_TCLASS):
			memcpy(&number, data, sizeof(number));
			m->tos = (u8)number;
			break;
		}
	}
	reset_message(in, i);
}

/* ---- sending ---- */

/**
 * struct send_buffer - what sendmmsg() needs
 * @msg: the messages
 * @iov: their payload, where it is not the caller's
 * @to: their destinations
 * @control: their control messages
 */
struct send_buffer {
	struct mmsghdr msg[UDP_VLEN];
	struct iovec iov[UDP_VLEN];
	struct sockaddr_storage to[UDP_VLEN];
	char control[UDP_VLEN][CONTROL_SIZE] __attribute__((aligned(8)));
};

static void put_cmsg(struct msghdr *hdr, void *control, int level, int type,
		     const void *data, size_t size)
{
	struct cmsghdr *c = (void *)((char *)control + hdr->msg_controllen);

	hdr->msg_control = control;
	hdr->msg_controllen += CMSG_SPACE(size);
	*c = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(size),
		.cmsg_level = level,
		.cmsg_type = type,
	};
	memcpy(CMSG_DATA(c), data, size);
}

/**
 * udp_put_from() - say from which address a message is to be sent
 * @hdr: the message
 * @control: where its control messages are; with room for this one
 * @from: the address
 * @v6: it is for an IPv6 socket
 * @scope: interface index, if it is for a link-local address
 */
void udp_put_from(struct msghdr *hdr, void *control, const struct addr *from,
		  bool v6, u32 scope)
{
	struct in6_pktinfo info6 = { .ipi6_ifindex = scope };
	struct in_pktinfo info = { 0 };

	memcpy(&info6.ipi6_addr, from->b, 16);
	memcpy(&info.ipi_spec_dst, addr_v4(from), 4);
	if (v6)
		put_cmsg(hdr, control, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
			 sizeof(info6));
	else
		put_cmsg(hdr, control, IPPROTO_IP, IP_PKTINFO, &info,
			 sizeof(info));
}

static void put_message(struct send_buffer *b, int i,
			const struct udp_output *out, struct iovec *iov,
			u32 niov, u32 seg)
{
	struct msghdr *hdr = &b->msg[i].msg_hdr;
	u16 size = (u16)seg;
	int tos = out->tos;

	*hdr = (struct msghdr){ .msg_iov = iov, .msg_iovlen = niov };
	if (out->to) {
		hdr->msg_name = &b->to[i];
		hdr->msg_namelen =
			endpoint_to_sockaddr(out->to, out->v6, &b->to[i]);
	}
	if (seg)
		put_cmsg(hdr, b->control[i], IPPROTO_UDP, UDP_SEGMENT, &size,
			 sizeof(size));
	if (tos)
		put_cmsg(hdr, b->control[i],
			 out->v4 ? IPPROTO_IP : IPPROTO_IPV6,
			 out->v4 ? IP_TOS : IPV6_TCLASS, &tos, sizeof(tos));
	if (out->from)
		udp_put_from(hdr, b->control[i], out->from, out->v6,
			     out->to ? out->to->scope : 0);
}

/* Errors that a socket reports once, about a datagram sent earlier */
static bool is_stale(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH ||
	       err == ENETUNREACH || err == EINTR;
}

/* Errors that a message may meet because it holds several datagrams */
static bool is_about_segments(int err)
{
	return err == EINVAL || err == EIO || err == EMSGSIZE;
}

/**
 * struct send_failures - messages that did not leave, one bit for each
 * @all: all of them
 * @split: those that may leave datagram by datagram
 */
struct send_failures {
	u64 all;
	u64 split;
};

/* Send @n messages of @out, and of others on the same socket, one after the
 * other, past those that fail.  Returns how many went out.
 */
static u32 send_all(struct udp_output *out, struct mmsghdr *msg, u32 n,
		    struct send_failures *failed)
{
	u32 done = 0, sent = 0;
	bool retried = false;

	*failed = (struct send_failures){ 0 };
	while (done < n) {
		int r = sendmmsg(out->fd, msg + done, n - done,
				 MSG_DONTWAIT);

		if (r > 0) {
			done += (u32)r;
			sent += (u32)r;
			retried = false;
			continue;
		}
		if (errno == ECONNREFUSED)
			out->refused = true;
		if (is_stale(errno) && !retried) {
			retried = true;
		} else {
			if (is_about_segments(errno))
				failed->split |= 1ull << done;
			failed->all |= 1ull << done++;
			retried = false;
		}
	}
	return sent;
}

/* Every datagram as a message of its own; returns how many went out. */
static u32 send_single(struct send_buffer *b, struct udp_output *out)
{
	u32 i, n = 0, sent = 0, off;
	struct send_failures failed;

	for (i = 0; i < out->niov; i++) {
		for (off = 0; off < out->iov[i].iov_len; off += out->seg) {
			u32 left = (u32)out->iov[i].iov_len - off;

			if (n == UDP_VLEN) {
				sent += send_all(out, b->msg, n, &failed);
				n = 0;
			}
			b->iov[n].iov_base = (u8 *)out->iov[i].iov_base + off;
			b->iov[n].iov_len = left < out->seg ? left : out->seg;
			put_message(b, (int)n, out, &b->iov[n], 1, 0);
			n++;
		}
	}
	return sent + send_all(out, b->msg, n, &failed);
}

/**
 * udp_send() - send
 * @out: what to send
 * @n: number of elements, at most UDP_VLEN
 * @offload: whether to use UDP_SEGMENT
 *
 * Return: how many datagrams did not leave.
 */
u32 udp_send(struct udp_output *out, u32 n, bool offload)
{
	static __thread struct send_buffer b;
	u32 i, j, lost = 0;
	struct send_failures failed;

	for (i = 0; i < n; i = j) {
		/* neighbours that leave on one socket leave in one call */
		for (j = i; j < n && out[j].fd == out[i].fd &&
			    (offload || out[j].count == 1);
		     j++)
			put_message(&b, (int)(j - i), &out[j], out[j].iov,
				    out[j].niov,
				    out[j].count > 1 ? out[j].seg : 0);
		if (j == i) {
			lost += out[i].count - send_single(&b, &out[i]);
			j++;
			continue;
		}
		send_all(&out[i], b.msg, j - i, &failed);
		for (; failed.all; failed.all &= failed.all - 1) {
			u32 k = (u32)__builtin_ctzll(failed.all);

			lost += out[i + k].count;
			if (out[i + k].count > 1 && failed.split >> k & 1)
				lost -= send_single(&b, &out[i + k]);
		}
	}
	return lost;
}
