// SPDX-License-Identifier: GPL-2.0
/*
 * udptool - send datagrams, echo them, and say exactly what became of them
 *
 * Every datagram's content follows from its stream (the sending socket) and its
 * number in the stream, so that the receiver can tell lost, duplicated,
 * reordered and corrupted ones apart.  Datagrams of 16 bytes and more begin with
 * a header that names both; smaller ones are recognised by their content.
 */
#include "common.h"

#include <errno.h>
#include <getopt.h>
#include <linux/types.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

#define MAGIC		0x66746370
#define MAX_SIZE	65536
#define MAX_LISTENERS	64
#define MAX_GSO_SEGS	64
#define MAX_BATCH	64
#define MAX_BATCH_SIZE	2048
#define STALL_MS	1000

struct header {
	uint32_t magic;
	uint32_t stream;
	uint32_t seq;
	uint32_t size;
};

/* One sending socket, and what it has heard back. */
struct stream {
	int fd;
	uint32_t sent;
	uint32_t highest;	/* the highest number received, plus one */
	uint32_t received;	/* without duplicates */
	uint8_t *seen;
};

static struct {
	union address to, from;
	union address bind[MAX_LISTENERS];
	int binds;
	unsigned long count, size, sockets, timeout, gso, last, more, window, stream,
		rate, tos, batch;
	bool gro, oneway, lossy, df;
} opt = {
	.count = 1, .size = 100, .sockets = 1, .timeout = 20,
};

static struct {
	unsigned long sent, received, duplicates, reordered, corrupted;
	unsigned long super;	/* received GRO super-packets */
	unsigned long refused, toobig, unreachable, other;
} stats;

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint32_t mix(uint32_t x)
{
	x = (x ^ (x >> 16)) * 0x7feb352d;
	x = (x ^ (x >> 15)) * 0x846ca68b;
	return x ^ (x >> 16);
}

static void fill(uint8_t *data, uint32_t stream, uint32_t seq, uint32_t size)
{
	uint32_t x = mix(mix(stream + 1) + seq);
	uint32_t i, n;

	for (i = 0; i < size; i += 4) {
		x = x * 1664525 + 1013904223;
		n = size - i < 4 ? size - i : 4;
		for (uint32_t j = 0; j < n; j++)
			data[i + j] = x >> (24 - 8 * j);
	}
	if (size >= sizeof(struct header)) {
		struct header h = { htonl(MAGIC), htonl(stream), htonl(seq),
				    htonl(size) };

		memcpy(data, &h, sizeof(h));
	}
}

static bool is_datagram(const uint8_t *data, uint32_t len, uint32_t stream,
			uint32_t seq)
{
	static uint8_t expected[MAX_SIZE];

	fill(expected, stream, seq, len);
	return !memcmp(data, expected, len);
}

/* Which of a stream's datagrams is this?  -1: none, or not as it was sent. */
static long identify(const struct stream *s, uint32_t id, const uint8_t *data,
		     uint32_t len)
{
	struct header h;
	uint32_t seq;

	if (len >= sizeof(h)) {
		memcpy(&h, data, sizeof(h));
		seq = ntohl(h.seq);
		if (ntohl(h.magic) != MAGIC || ntohl(h.stream) != id ||
		    ntohl(h.size) != len || !is_datagram(data, len, id, seq))
			return -1;
		return seq;
	}
	for (seq = 0; seq < s->sent; seq++)
		if (!s->seen[seq] && is_datagram(data, len, id, seq))
			return seq;
	for (seq = 0; seq < s->sent; seq++)
		if (is_datagram(data, len, id, seq))
			return seq;
	return -1;
}

static void account(struct stream *s, uint32_t id, const uint8_t *data,
		    uint32_t len, uint32_t limit)
{
	long seq = identify(s, id, data, len);

	if (seq < 0 || seq >= limit) {
		stats.corrupted++;
		return;
	}
	if (s->seen[seq]) {
		stats.duplicates++;
		return;
	}
	s->seen[seq] = 1;
	s->received++;
	stats.received++;
	if ((uint32_t)seq < s->highest)
		stats.reordered++;
	else
		s->highest = seq + 1;
}

static void count_error(int error)
{
	switch (error) {
	case ECONNREFUSED:
		stats.refused++;
		break;
	case EMSGSIZE:
		stats.toobig++;
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		stats.unreachable++;
		break;
	default:
		warnx("unexpected error: %s", strerror(error));
		stats.other++;
	}
}

static int new_socket(const union address *a)
{
	int fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int one = 1, size = 8 << 20;

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (opt.tos) {
		int tos = opt.tos;

		if (a->sa.sa_family == AF_INET ?
		    setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) :
		    setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos)))
			err(1, "TOS");
	}
	if (opt.gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)))
		err(1, "UDP_GRO");
	if (opt.df) {
		int v4 = IP_PMTUDISC_DO, v6 = IPV6_PMTUDISC_DO;

		if (a->sa.sa_family == AF_INET ?
		    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4)) :
		    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6)))
			err(1, "MTU_DISCOVER");
	}
	return fd;
}

/* Receive, and return the size of the datagrams in a super-packet in *segment. */
static ssize_t receive(int fd, uint8_t *data, union address *from,
		       union address *to, uint32_t *segment)
{
	union {
		char space[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = { data, MAX_SIZE };
	struct msghdr msg = {
		.msg_name = from, .msg_namelen = from ? sizeof(*from) : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	ssize_t len = recvmsg(fd, &msg, 0);
	struct cmsghdr *c;

	if (len < 0)
		return len;
	*segment = len;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(c), sizeof(size));
			*segment = size;
		} else if (to && c->cmsg_level == IPPROTO_IP &&
			   c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			to->sa.sa_family = AF_INET;
			to->v4.sin_addr = info.ipi_addr;
		} else if (to && c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			to->sa.sa_family = AF_INET6;
			to->v6.sin6_addr = info.ipi6_addr;
		}
	}
	if (*segment && *segment < len)
		stats.super++;
	return len;
}

/* Send, as a super-packet if @segment is smaller; @local: from this address. */
static ssize_t transmit(int fd, const uint8_t *data, size_t len,
			const union address *to, const union address *local,
			uint16_t segment)
{
	union {
		char space[256];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = {
		.msg_name = (void *)to, .msg_namelen = to ? address_len(to) : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	size_t used = 0;

	if (segment && segment < len) {
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(c), &segment, sizeof(segment));
		used += CMSG_SPACE(sizeof(segment));
		c = CMSG_NXTHDR(&msg, c);
	}
	if (local && local->sa.sa_family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = local->v4.sin_addr };

		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		used += CMSG_SPACE(sizeof(info));
	} else if (local && local->sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = local->v6.sin6_addr };

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		used += CMSG_SPACE(sizeof(info));
	}
	msg.msg_controllen = used;
	if (!used)
		msg.msg_control = NULL;
	return sendmsg(fd, &msg, 0);
}

static int listener(const union address *a)
{
	int fd = new_socket(a);
	int one = 1;

	if (a->sa.sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	}
	if (bind(fd, &a->sa, address_len(a)))
		err(1, "bind");
	return fd;
}

/* Whoever has started a server waits for this line. */
static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* Until a signal: send everything back from the address that it was sent to. */
static int echo(void)
{
	static uint8_t data[MAX_SIZE];
	struct pollfd fds[MAX_LISTENERS];
	union address from, to;
	uint32_t segment;
	ssize_t len;

	for (int i = 0; i < opt.binds; i++) {
		fds[i].fd = listener(&opt.bind[i]);
		fds[i].events = POLLIN;
	}
	ready();
	while (!stopped) {
		if (poll(fds, opt.binds, 1000) <= 0)
			continue;
		for (int i = 0; i < opt.binds; i++) {
			memset(&to, 0, sizeof(to));
			len = receive(fds[i].fd, data, &from, &to, &segment);
			if (len < 0) {
				if (errno != EAGAIN && errno != EINTR)
					count_error(errno);
				continue;
			}
			stats.received += segment ? (len + segment - 1) / segment : 1;
			while (transmit(fds[i].fd, data, len, &from, &to, segment) < 0) {
				if (errno != EAGAIN && errno != ENOBUFS) {
					count_error(errno);
					break;
				}
				usleep(1000);
			}
		}
	}
	printf("echoed=%lu super=%lu refused=%lu toobig=%lu unreachable=%lu other=%lu\n",
	       stats.received, stats.super, stats.refused, stats.toobig,
	       stats.unreachable, stats.other);
	return 0;
}

/* Receive @count different datagrams of each of @sockets streams and check them. */
static int sink(void)
{
	static uint8_t data[MAX_SIZE];
	uint64_t end = now_ms() + opt.timeout * 1000;
	struct pollfd fds[MAX_LISTENERS];
	struct stream *streams = calloc(opt.sockets, sizeof(*streams));
	unsigned long total = opt.count * opt.sockets;
	uint32_t segment, id, n;
	uint64_t quiet = 0;
	struct header h;
	ssize_t len;

	for (int i = 0; i < opt.binds; i++) {
		fds[i].fd = listener(&opt.bind[i]);
		fds[i].events = POLLIN;
	}
	for (unsigned long i = 0; i < opt.sockets; i++)
		streams[i].seen = calloc(opt.count, 1);
	ready();
	/* When all have come, wait a moment for duplicates. */
	while (!stopped && now_ms() < end && (!quiet || now_ms() < quiet)) {
		if (stats.received == total && !quiet)
			quiet = now_ms() + 200;
		if (poll(fds, opt.binds, 50) <= 0)
			continue;
		for (int i = 0; i < opt.binds; i++) {
			len = receive(fds[i].fd, data, NULL, NULL, &segment);
			for (ssize_t at = 0; at < len; at += n) {
				n = len - at < segment ? len - at : segment;
				if (n < sizeof(h)) {
					stats.received++;
					continue;
				}
				memcpy(&h, data + at, sizeof(h));
				id = ntohl(h.stream) - opt.stream;
				if (id >= opt.sockets)
					stats.corrupted++;
				else
					account(&streams[id], ntohl(h.stream),
						data + at, n, opt.count);
			}
		}
	}
	printf("received=%lu lost=%lu duplicates=%lu reordered=%lu corrupted=%lu super=%lu\n",
	       stats.received, total - stats.received, stats.duplicates,
	       stats.reordered, stats.corrupted, stats.super);
	if (stats.corrupted)
		return 1;
	return opt.lossy || (stats.received == total && !stats.duplicates) ? 0 : 1;
}

/* Send a stream's next datagram, or next super-packet.  false: not now. */
static bool send_next(struct stream *s, uint32_t id)
{
	static uint8_t data[MAX_SIZE];
	uint32_t left = opt.count - s->sent, n = 1;
	size_t total;
	ssize_t len;

	if (opt.gso) {
		n = opt.gso / (opt.size ? opt.size : 1);
		n = n > MAX_GSO_SEGS ? MAX_GSO_SEGS : n ? n : 1;
		n = n > left ? left : n;
	}
	for (uint32_t i = 0; i < n; i++)
		fill(data + i * opt.size, id, s->sent + i, opt.size);
	total = n * opt.size;
	if (opt.last && n > 1) {
		fill(data + (n - 1) * opt.size, id, s->sent + n - 1, opt.last);
		total += opt.last - opt.size;
	}
	if (opt.more && s->sent % 3 == 2) {
		fill(data, id, s->sent, opt.more);
		total = opt.more;
	}
	if (opt.more && s->sent % 3 == 1) {
		len = send(s->fd, data, opt.more, MSG_MORE);
		if (len == (ssize_t)opt.more)
			len = send(s->fd, data + opt.more, total - opt.more, 0);
	} else {
		len = transmit(s->fd, data, total, NULL, NULL,
			       n > 1 ? opt.size : 0);
	}
	if (len < 0) {
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		/* An ICMP error about an earlier one, or a refusal of this one. */
		count_error(errno);
		if (errno == ECONNREFUSED || errno == EHOSTUNREACH ||
		    errno == ENETUNREACH)
			return true;
	}
	s->sent += n;
	stats.sent += n;
	return true;
}

/* Send up to @room of a stream's next datagrams by a single system call. */
static bool send_batch(struct stream *s, uint32_t id, unsigned long room)
{
	static uint8_t data[MAX_BATCH][MAX_BATCH_SIZE];
	struct mmsghdr msgs[MAX_BATCH] = {};
	struct iovec iovs[MAX_BATCH];
	unsigned long n = opt.batch, left = opt.count - s->sent;
	int sent;

	n = n > left ? left : n;
	n = n > room ? room : n;
	for (unsigned long i = 0; i < n; i++) {
		fill(data[i], id, s->sent + i, opt.size);
		iovs[i] = (struct iovec){ data[i], opt.size };
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(s->fd, msgs, n, 0);
	if (sent < 0) {
		if (errno != EAGAIN && errno != ENOBUFS)
			count_error(errno);
		return false;
	}
	s->sent += sent;
	stats.sent += sent;
	return true;
}

static void receive_echoes(struct stream *s, uint32_t id)
{
	static uint8_t data[MAX_SIZE];
	uint32_t segment, n;
	ssize_t len;

	for (;;) {
		len = receive(s->fd, data, NULL, NULL, &segment);
		if (len < 0) {
			if (errno == EAGAIN)
				return;
			if (errno != EINTR)
				count_error(errno);
			continue;
		}
		if (len == 0) {
			account(s, id, data, 0, opt.count);
			continue;
		}
		for (ssize_t at = 0; at < len; at += n) {
			n = len - at < segment ? len - at : segment;
			if (n != opt.size && n != opt.last && n != opt.more)
				stats.corrupted++;
			else
				account(s, id, data + at, n, opt.count);
		}
	}
}

static void open_streams(struct stream *streams, int ep)
{
	struct rlimit limit = { opt.sockets + 64, opt.sockets + 64 };

	if (limit.rlim_cur > 1024 && setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "RLIMIT_NOFILE");
	for (unsigned long i = 0; i < opt.sockets; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
		struct stream *s = &streams[i];

		s->fd = new_socket(&opt.to);
		s->seen = calloc(opt.count, 1);
		if (opt.from.sa.sa_family) {
			union address a = opt.from;

			if (address_port(&a))
				address_set_port(&a, address_port(&a) + i);
			if (bind(s->fd, &a.sa, address_len(&a)))
				err(1, "bind");
		}
		if (connect(s->fd, &opt.to.sa, address_len(&opt.to)))
			err(1, "connect");
		if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &event))
			err(1, "epoll_ctl");
	}
}

static bool report(unsigned long total, uint64_t start)
{
	unsigned long errors = stats.refused + stats.toobig + stats.unreachable +
			       stats.other;

	printf("sent=%lu received=%lu lost=%lu duplicates=%lu reordered=%lu corrupted=%lu super=%lu refused=%lu toobig=%lu unreachable=%lu other=%lu ms=%llu\n",
	       stats.sent, stats.received, stats.sent - stats.received,
	       stats.duplicates, stats.reordered, stats.corrupted, stats.super,
	       stats.refused, stats.toobig, stats.unreachable, stats.other,
	       (unsigned long long)(now_ms() - start));
	if (stats.corrupted || stats.sent != total)
		return false;
	if (opt.oneway)
		return !errors;
	return opt.lossy ||
	       (stats.received == total && !stats.duplicates && !errors);
}

/*
 * Send @count datagrams from each of @sockets sockets, never more than @window of
 * them unanswered, and check the echoes.  Nothing is sent twice: when nothing has
 * come for a while, what is unanswered counts as lost and the next ones go.
 */
static int send_all(void)
{
	struct stream *streams = calloc(opt.sockets, sizeof(*streams));
	unsigned long total = opt.count * opt.sockets;
	unsigned long next = 0, given_up = 0, before;
	uint64_t start = now_ms(), end = start + opt.timeout * 1000;
	uint64_t progress = start;
	struct epoll_event events[256];
	int ep = epoll_create1(0);

	if (!opt.window)
		opt.window = opt.oneway ? total : opt.sockets > 32 ? opt.sockets : 32;
	open_streams(streams, ep);
	while (!stopped && now_ms() < end) {
		bool sending = true;
		int n;

		if (opt.oneway ? stats.sent == total : stats.received == total)
			break;
		while (sending && stats.sent < total &&
		       (opt.oneway || stats.sent < stats.received + given_up + opt.window) &&
		       (!opt.rate || stats.sent <= (now_ms() - start) * opt.rate / 1000)) {
			struct stream *s = &streams[next];

			if (s->sent < opt.count && opt.batch)
				sending = send_batch(s, opt.stream + next,
						     opt.oneway ? total :
						     stats.received + given_up +
						     opt.window - stats.sent);
			else if (s->sent < opt.count)
				sending = send_next(s, opt.stream + next);
			next = (next + 1) % opt.sockets;
		}
		before = stats.received;
		n = epoll_wait(ep, events, 256, stats.sent < total ? 1 : 20);
		for (int i = 0; i < n; i++) {
			uint32_t id = events[i].data.u32;

			receive_echoes(&streams[id], opt.stream + id);
		}
		if (stats.received != before) {
			progress = now_ms();
		} else if (now_ms() > progress + STALL_MS) {
			given_up = stats.sent - stats.received;
			progress = now_ms();
			if (stats.sent == total && opt.lossy)
				break;
		}
	}
	return report(total, start) ? 0 : 1;
}

static const char usage_text[] =
"usage: udptool echo --bind ADDR:PORT... [--gro] [--tos N]\n"
"       udptool send --to ADDR:PORT [--from ADDR[:PORT]] [--count N] [--size S]\n"
"                    [--sockets N] [--gso BYTES [--last SIZE] | --more SIZE] [--gro]\n"
"                    [--window N] [--rate N] [--oneway] [--lossy] [--df]\n"
"                    [--tos N] [--stream N] [--timeout S] [--batch N]\n"
"       udptool sink --bind ADDR:PORT... [--count N] [--sockets N] [--gro]\n"
"                    [--lossy] [--stream N] [--timeout S]\n"
"send expects each datagram back, byte for byte; --oneway: expects nothing.\n"
"--sockets N: from N sources, --count datagrams each; --gso BYTES: handed over in\n"
"super-packets of up to so many bytes, the --last datagram of each shorter;\n"
"--more: of three datagrams, the second in two parts, the first of this SIZE (with\n"
"MSG_MORE), the third of this size;\n"
"--lossy: loss, duplicates and errors are only reported; --df: never fragment;\n"
"--tos: DSCP and ECN; --batch N: hand over so many by one system call.\n"
"echo and sink print \"ready\" first.\n"
"Exit status: 0 as expected, 1 not, 2 usage.\n";

static const struct option options[] = {
	{ "bind", 1, 0, 'b' },	  { "to", 1, 0, 't' },	   { "from", 1, 0, 'f' },
	{ "count", 1, 0, 'c' },	  { "size", 1, 0, 's' },   { "sockets", 1, 0, 'n' },
	{ "gso", 1, 0, 'g' },	  { "last", 1, 0, 'L' },
	{ "more", 1, 0, 'm' },   { "gro", 0, 0, 'G' },
	{ "window", 1, 0, 'w' },
	{ "rate", 1, 0, 'r' },	  { "oneway", 0, 0, 'o' }, { "lossy", 0, 0, 'l' },
	{ "tos", 1, 0, 'O' },	  { "batch", 1, 0, 'B' },
	{ "df", 0, 0, 'd' },	  { "stream", 1, 0, 'S' }, { "timeout", 1, 0, 'T' },
	{ "help", 0, 0, 'h' },	  {}
};

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			if (opt.binds == MAX_LISTENERS)
				errx(EXIT_USAGE, "too many --bind");
			opt.bind[opt.binds++] = address_parse(optarg);
			break;
		case 't': opt.to = address_parse(optarg); break;
		case 'f': opt.from = address_parse(optarg); break;
		case 'c': opt.count = number(optarg); break;
		case 's': opt.size = number(optarg); break;
		case 'n': opt.sockets = number(optarg); break;
		case 'g': opt.gso = number(optarg); break;
		case 'L': opt.last = number(optarg); break;
		case 'm': opt.more = number(optarg); break;
		case 'G': opt.gro = true; break;
		case 'w': opt.window = number(optarg); break;
		case 'r': opt.rate = number(optarg); break;
		case 'o': opt.oneway = true; break;
		case 'l': opt.lossy = true; break;
		case 'd': opt.df = true; break;
		case 'O': opt.tos = number(optarg); break;
		case 'B': opt.batch = number(optarg); break;
		case 'S': opt.stream = number(optarg); break;
		case 'T': opt.timeout = number(optarg); break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc || opt.size >= MAX_SIZE || opt.gso >= MAX_SIZE ||
	    opt.last > opt.size || opt.more > opt.size ||
	    (opt.more && opt.gso) || opt.batch > MAX_BATCH ||
	    (opt.batch && (opt.more || opt.gso || opt.size > MAX_BATCH_SIZE)) ||
	    !opt.count || !opt.sockets) {
		fputs(usage_text, stderr);
		exit(EXIT_USAGE);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc > 1)
		parse(argc - 1, argv + 1);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (!strcmp(verb, "echo") && opt.binds)
		return echo();
	if (!strcmp(verb, "sink") && opt.binds)
		return sink();
	if (!strcmp(verb, "send") && opt.to.sa.sa_family)
		return send_all();
	fputs(usage_text, stderr);
	return EXIT_USAGE;
}
