// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor finds out about a far end, by connecting to it as any program would: the
 * options that it answers with tell who it is.  Phantun refuses such a connection; it is
 * told from nobody by a SYN of its own kind, for which it takes root.
 */
#include <errno.h>
#include <time.h> /* which linux/errqueue.h needs */

#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "doctor.h"

/* Two SYNs, and some of the third's time */
#define CONNECT_MS 3500
/* A service that speaks first does so by then */
#define SPEAK_MS 300
#define ANSWER_MS 500
#define HOPS 16
/* What faketcp and Phantun announce, and hardly anybody else does */
#define SCALE 14

static int left_of(const struct timespec *end)
{
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (end->tv_sec - now.tv_sec) * 1000LL +
	     (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? (int)ms : 0;
}

static struct timespec in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

static int open_socket(const struct far *f, int type, int protocol)
{
	int fd = socket(f->to.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
			protocol);

	/* As the tunnel's; without the right to, it goes as it would without */
	if (fd >= 0 && f->mark)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &f->mark, sizeof(f->mark));
	return fd;
}

/* Connect; 0 or an errno, and the time that it took */
static int dial(const struct far *f, int *out)
{
	int fd = open_socket(f, SOCK_STREAM, 0), err = 0;
	socklen_t len = sizeof(err);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	*out = fd;
	if (fd < 0)
		return errno;
	if (!connect(fd, &f->to.sa, address_len(&f->to)))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!poll(&p, 1, CONNECT_MS))
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

/* Phantun */

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static uint32_t add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *b = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += b[i] << 8 | b[i + 1];
	return sum;
}

struct syn {
	struct tcphdr tcp;
	uint8_t options[4];
};

/* The address that the kernel would send from */
static bool own_address(const struct far *f, union address *own)
{
	int fd = open_socket(f, SOCK_DGRAM, 0);
	socklen_t len = sizeof(*own);
	bool ok = fd >= 0 && !connect(fd, &f->to.sa, address_len(&f->to)) &&
		  !getsockname(fd, &own->sa, &len);

	close(fd);
	return ok;
}

static void make_syn(struct syn *s, const union address *own,
		     const union address *to)
{
	static const uint8_t options[] = { 1, 3, 3, SCALE };
	bool six = to->sa.sa_family == AF_INET6;
	size_t len = six ? 16 : 4;
	const void *from = six ? (const void *)&own->in6.sin6_addr :
				 (const void *)&own->in.sin_addr;
	const void *dest = six ? (const void *)&to->in6.sin6_addr :
				 (const void *)&to->in.sin_addr;
	uint32_t sum = IPPROTO_TCP + sizeof(*s);

	*s = (struct syn){ .tcp = {
				   .source = htons(address_port(own)),
				   .dest = htons(address_port(to)),
				   .doff = sizeof(*s) / 4,
				   .syn = 1,
				   .window = htons(65535),
			   } };
	memcpy(s->options, options, sizeof(options));
	sum = add(add(add(sum, from, len), dest, len), s, sizeof(*s));
	s->tcp.check = htons(fold(sum));
}

/* Is a packet an answer to our SYN?  1: that is one of Phantun's, 0: a RST, -1: none */
static int is_answer(const uint8_t *data, ssize_t len, bool six,
		     const struct syn *syn)
{
	size_t skip = six ? 0 : (size_t)(data[0] & 15) * 4;
	struct tcphdr tcp;

	if (len < (ssize_t)(skip + sizeof(tcp)))
		return -1;
	memcpy(&tcp, data + skip, sizeof(tcp));
	if (tcp.source != syn->tcp.dest || tcp.dest != syn->tcp.source ||
	    ntohl(tcp.ack_seq) != 1)
		return -1;
	return tcp.syn && tcp.ack;
}

/*
 * Does it answer a SYN with sequence number 0, after it has refused others?  The host's
 * TCP, which knows nothing of it, ends the connection by a RST.
 */
static bool is_phantun(const struct far *f)
{
	int raw = open_socket(f, SOCK_RAW, IPPROTO_TCP), answer = -1;
	int port = open_socket(f, SOCK_STREAM, 0);
	union address own = {}, to = f->to, bound;
	socklen_t len = sizeof(bound);
	struct timespec end = in_ms(ANSWER_MS);
	struct pollfd p = { .fd = raw, .events = POLLIN };
	uint8_t data[2048];
	struct syn syn;
	ssize_t n;

	if (raw >= 0 && port >= 0 && own_address(f, &own)) {
		/* A port that is nobody else's meanwhile */
		address_set_port(&own, 0);
		bind(port, &own.sa, address_len(&own));
		getsockname(port, &bound.sa, &len);
		address_set_port(&own, address_port(&bound));
		make_syn(&syn, &own, &f->to);
		address_set_port(&to, 0);
		sendto(raw, &syn, sizeof(syn), 0, &to.sa, address_len(&to));
		while (answer < 0 && poll(&p, 1, left_of(&end)) > 0) {
			n = recv(raw, data, sizeof(data), 0);
			if (n > 0)
				answer = is_answer(
					data, n,
					to.sa.sa_family == AF_INET6, &syn);
		}
	}
	close(raw);
	close(port);
	return answer == 1;
}

/* UDP */

/* What ICMP says about a datagram: the host that says so; 0 if nothing */
static int icmp_answer(int fd, int ms, union address *from)
{
	char control[512];
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct pollfd p = { .fd = fd };
	const struct sock_extended_err *e;
	struct cmsghdr *c;

	if (poll(&p, 1, ms) <= 0 || recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
		return 0;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type != IP_RECVERR && c->cmsg_type != IPV6_RECVERR)
			continue;
		e = (const void *)CMSG_DATA(c);
		memcpy(from, SO_EE_OFFENDER(e),
		       c->cmsg_len - CMSG_LEN(sizeof(*e)) < sizeof(*from) ?
			       c->cmsg_len - CMSG_LEN(sizeof(*e)) :
			       sizeof(*from));
		return (int)e->ee_errno;
	}
	return 0;
}

/* Send a datagram that goes so far; whether it was answered, and by whom */
static int udp_probe(const struct far *f, int hops, int ms, union address *from)
{
	bool six = f->to.sa.sa_family == AF_INET6;
	int fd = open_socket(f, SOCK_DGRAM, 0), one = 1, answer = 0;

	if (fd < 0)
		return 0;
	setsockopt(fd, six ? SOL_IPV6 : SOL_IP, six ? IPV6_RECVERR : IP_RECVERR,
		   &one, sizeof(one));
	if (hops)
		setsockopt(fd, six ? SOL_IPV6 : SOL_IP,
			   six ? IPV6_UNICAST_HOPS : IP_TTL, &hops,
			   sizeof(hops));
	if (!connect(fd, &f->to.sa, address_len(&f->to)) &&
	    send(fd, "", 1, 0) == 1) {
		answer = icmp_answer(fd, ms, from);
		/* A service that answers is one, too */
		if (!answer && recv(fd, &one, sizeof(one), 0) >= 0)
			answer = ECONNREFUSED;
	}
	close(fd);
	return answer;
}

/* How far does UDP come?  A port that nobody has is answered by ICMP. */
static void check_udp(const struct far *f, const char *to)
{
	union address from = {}, last = {};
	char buf[ADDRESS_STRLEN];
	int hops, err, silent = 0;

	err = udp_probe(f, 0, ANSWER_MS, &from);
	if (err == ECONNREFUSED)
		return well("UDP reaches %s as well: nothing on the way drops it",
			    to);
	for (hops = 1; hops <= HOPS && silent < 2; hops++) {
		err = udp_probe(f, hops, ANSWER_MS, &from);
		if (err == ECONNREFUSED)
			return well("UDP reaches %s as well", to);
		silent = err ? 0 : silent + 1;
		if (err)
			last = from;
	}
	if (address_is_set(&last))
		aside(NULL,
		      "UDP to %s gets no answer from behind %s: it is blocked there, or the far end is silent; TCP passes",
		      to, format_host(buf, &last));
	else
		aside(NULL,
		      "UDP to %s gets no answer: it is blocked, or the far end is silent; TCP passes",
		      to);
}

/* Who is it? */

/* Has it sent something by itself? */
static bool speaks(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, SPEAK_MS) > 0 && recv(fd, &c, 1, MSG_PEEK) > 0;
}

static void unlike(const struct far *f, const char *to, const char *why)
{
	fault(text("ss -ltnp sport = :%u       # on the server",
		   address_port(&f->to)),
	      "%s is a program's own TCP (%s), not faketcp: nothing that is sent there arrives",
	      to, why);
}

static void judge(const struct far *f, const char *to, int fd)
{
	struct tcp_info info = {};
	socklen_t len = sizeof(info);
	bool scaled, stamps;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	scaled = info.tcpi_options & TCPI_OPT_WSCALE;
	stamps = info.tcpi_options & TCPI_OPT_TIMESTAMPS;
	if (speaks(fd))
		unlike(f, to, "it speaks first");
	else if (stamps)
		unlike(f, to, "with timestamps");
	else if (scaled && info.tcpi_snd_wscale != SCALE)
		unlike(f, to, text("window scale %u", info.tcpi_snd_wscale));
	else if (scaled)
		well("%s answers like faketcp or ftcptun (native)", to);
	else
		aside(NULL,
		      "%s answers, and cannot be told: the options of TCP are removed on the way",
		      to);
}

static void refuse(const struct far *f, const char *to, bool root)
{
	bool dialled = f->tunnel && object_number(f->tunnel, FTCP_A_WIRE) ==
					    FTCP_WIRE_NATIVE;

	if (root && is_phantun(f)) {
		if (dialled)
			return fault(
				text("ftcpctl set tunnel %s dev %s wire auto",
				     tunnel_name(f->tunnel),
				     tunnel_dev(f->tunnel)),
				"%s is Phantun, and the tunnel has wire native",
				to);
		return well("%s is Phantun (wire phantun saves a round trip)",
			    to);
	}
	fault("ftcpctl show              # on the server",
	      "%s refuses: no tunnel on that port there, its link does not exist, or this address may not connect (from)%s",
	      to, root ? "" : "; or it is Phantun, which root can find out");
}

static void check_one(struct doctor *d, const struct far *f)
{
	char to[ADDRESS_STRLEN];
	int fd, err = dial(f, &fd);

	format_address(to, &f->to);
	switch (err) {
	case 0:
		judge(f, to, fd);
		break;
	case ECONNREFUSED:
		refuse(f, to, d->root);
		break;
	case ETIMEDOUT:
		fault("ftcpctl doctor            # on the server",
		      "%s does not answer: it is not there, its link is down, a firewall drops the port, or the way back is missing",
		      to);
		break;
	default:
		fault(text("ip route get %s",
			   format_host((char[ADDRESS_STRLEN]){}, &f->to)),
		      "%s cannot be reached: %s", to, strerror(err));
	}
	if (fd >= 0)
		close(fd);
	if (!err || err == ECONNREFUSED)
		check_udp(f, to);
}

/** check_far() - who is there, and does UDP pass? */
void check_far(struct doctor *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->n_fars; i++) {
		/* The port of a datagram that is not there is unknown */
		if (!address_port(&d->fars[i].to))
			continue;
		if (n++ < FARS_ASKED || d->asked)
			check_one(d, &d->fars[i]);
	}
	if (n > FARS_ASKED && !d->asked)
		aside(NULL, "%zu more were not connected to", n - FARS_ASKED);
	if (!n)
		aside(NULL, "none is known; ftcpctl doctor HOST:PORT");
}
