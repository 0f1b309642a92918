// SPDX-License-Identifier: GPL-2.0
/* udpblast: UDP generator + sink + latency probe with no TCP control channel, so it
 * can be run through UDP-only tunnels.  gcc -O2 -Wall -o udpblast udpblast.c
 *
 *   udpblast server [-b ADDR] [-p PORT] [--gro] [--rcvbuf BYTES]
 *   udpblast send -c ADDR [-p PORT] [-l LEN] [-t SECS | -n COUNT] [--gso SEG] [--batch N]
 *            [--window W]          closed loop: at most W packets unacknowledged (ack every W/4)
 *            [--burst B --gap US]  open loop, B packets each US microseconds
 *            [--bind ADDR] [--bport PORT] [--label STR] [--sndbuf BYTES]
 *            [--trigger CMD] [--trigger-end CMD]  run before the 1st / after the last data packet
 *            [--flows N]           from N sockets in turn, --batch datagrams (1) from each,
 *                                  after each has had an answer; the window is that of all
 *   udpblast duplex ...  like send, and the server sends every datagram back; "rx" is both ways
 *   udpblast setup -c ADDR [-p PORT] [-l 64] [-n 1000] [--window 64] [--label STR]
 *            COUNT sockets, at most W of them between their first datagram and its answer
 *   udpblast idle -t SECS      (marks only, for instruction counting)
 *   udpblast run [-l LEN] [-n COUNT] [--label STR] COMMAND...   (marks around a command
 *            that transfers COUNT times LEN bytes)
 *   udpblast ping -c ADDR [-p PORT] [-l 64] [-n 2000] [--gap US] [--label STR]
 *
 * One line of key=value per run. "rx" figures come from the server, "cpu" is the busy
 * share of all CPUs of /proc/stat between first data packet and the report. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#define MAGIC 0x55424c31u
enum { HELLO = 1, HELLO_ACK, DATA, END, REPORT, ACK, PING, PONG, ECHO };
struct hdr {
	uint32_t magic;
	uint16_t type, ackevery;
	uint32_t sid, echo;
	uint64_t seq, ts;
} __attribute__((packed));
struct report {
	struct hdr h;
	uint64_t rx, bytes, maxseq1, dup, ooo, first, last, grobatches,
		syscalls;
} __attribute__((packed));

#ifdef __x86_64__ /* a long NOP that icnt.c (a QEMU plugin) recognises; harmless elsewhere */
#define MARK0()                                                        \
	__asm__ volatile(".byte 0x0f,0x1f,0x80,0x00,0x00,0xed,0x5e" :: \
				 : "memory")
#define MARK1()                                                        \
	__asm__ volatile(".byte 0x0f,0x1f,0x80,0x01,0x00,0xed,0x5e" :: \
				 : "memory")
#else
#define MARK0()
#define MARK1()
#endif
static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *s)
{
	perror(s);
	exit(1);
}

struct stat8 {
	unsigned long long v[8];
};
static void rdstat(struct stat8 *s)
{
	FILE *f = fopen("/proc/stat", "r");
	memset(s, 0, sizeof *s);
	if (!f || fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", s->v,
			 s->v + 1, s->v + 2, s->v + 3, s->v + 4, s->v + 5,
			 s->v + 6, s->v + 7) != 8) {
	}
	if (f)
		fclose(f);
}
static int resolve(const char *a, const char *p, struct sockaddr_storage *ss,
		   socklen_t *l, int passive)
{
	struct addrinfo h = { .ai_socktype = SOCK_DGRAM,
			      .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV |
					  (passive ? AI_PASSIVE : 0) },
			*r;
	if (getaddrinfo(a, p, &h, &r)) {
		fprintf(stderr, "bad address %s:%s\n", a ? a : "*", p);
		exit(1);
	}
	memcpy(ss, r->ai_addr, r->ai_addrlen);
	*l = r->ai_addrlen;
	int f = r->ai_family;
	freeaddrinfo(r);
	return f;
}

/* Its exit status, or 1 */
static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#define VL 64
static int server(const char *b, const char *p, int gro, int rcvbuf)
{
	struct sockaddr_storage ss;
	socklen_t sl;
	int fam = resolve(b ? b : "0.0.0.0", p, &ss, &sl, 1),
	    fd = socket(fam, SOCK_DGRAM, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (rcvbuf &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof rcvbuf))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	if (gro && setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one))
		die("UDP_GRO");
	if (bind(fd, (void *)&ss, sl))
		die("bind");
	size_t bs = gro ? 65536 : 4096;
	char *buf = malloc(bs * VL);
	static char ctl[VL][CMSG_SPACE(sizeof(int))];
	static struct mmsghdr m[VL];
	static struct iovec iv[VL];
	static struct sockaddr_storage from[VL];
	/* one for each sender; the oldest gives way to a new one */
	static struct session {
		struct report R;
		uint64_t bm[1 << 14]; /* 2^20 sequence numbers */
		uint32_t sid;
		unsigned ackevery, sinceack, echo;
	} ses[16];
	const uint64_t msk = (1 << 20) - 1;
	unsigned nses = 0;
	for (int i = 0; i < VL; i++) {
		iv[i].iov_base = buf + i * bs;
		iv[i].iov_len = bs;
	}
	for (;;) {
		for (int i = 0; i < VL; i++)
			m[i].msg_hdr =
				(struct msghdr){ .msg_name = from + i,
						 .msg_namelen = sizeof from[0],
						 .msg_iov = iv + i,
						 .msg_iovlen = 1,
						 .msg_control = ctl[i],
						 .msg_controllen =
							 sizeof ctl[i] };
		int n = recvmmsg(fd, m, VL, MSG_WAITFORONE, NULL);
		if (n < 0) {
			if (errno == EINTR || errno == ECONNREFUSED)
				continue;
			die("recvmmsg");
		}
		uint64_t t = now();
		for (int i = 0; i < n; i++) {
			int seg = m[i].msg_len, tot = m[i].msg_len;
			if (gro)
				for (struct cmsghdr *c =
					     CMSG_FIRSTHDR(&m[i].msg_hdr);
				     c; c = CMSG_NXTHDR(&m[i].msg_hdr, c))
					if (c->cmsg_level == SOL_UDP &&
					    c->cmsg_type == UDP_GRO)
						seg = *(int *)CMSG_DATA(c);
			if (seg <= 0)
				continue;
			for (int o = 0; o < tot; o += seg) {
				struct hdr *h = (void *)(buf + i * bs + o);
				int len = tot - o < seg ? tot - o : seg;
				if (len < (int)sizeof *h || h->magic != MAGIC)
					continue;
				struct session *S = NULL;
				for (int k = 0; k < 16; k++)
					if (ses[k].sid == h->sid)
						S = &ses[k];
				if (!S && h->type == HELLO) {
					S = &ses[nses++ % 16];
					memset(S, 0, sizeof *S);
					S->sid = h->sid;
				}
				if (!S && h->type != PING)
					continue;
				if (!o && S && h->type == DATA) {
					S->R.syscalls++;
					if (seg < tot)
						S->R.grobatches++;
				}
				switch (h->type) {
				case HELLO:
					S->ackevery = h->ackevery;
					S->echo = h->echo;
					h->type = HELLO_ACK;
					sendto(fd, h, sizeof *h, 0,
					       (void *)(from + i),
					       m[i].msg_hdr.msg_namelen);
					break;
				case PING:
					h->type = PONG;
					sendto(fd, h, len, 0,
					       (void *)(from + i),
					       m[i].msg_hdr.msg_namelen);
					break;
				case DATA:
					if (!S->R.first)
						S->R.first = t;
					S->R.last = t;
					if (h->seq >= S->R.maxseq1) {
						uint64_t g =
							h->seq - S->R.maxseq1;
						if (g > msk)
							memset(S->bm, 0,
							       sizeof S->bm);
						else
							for (uint64_t s =
								     S->R.maxseq1;
							     s < h->seq; s++)
								S->bm[(s &
								       msk) >>
								      6] &=
									~(1ull
									  << (s &
									      63));
						S->R.maxseq1 = h->seq + 1;
						S->bm[(h->seq & msk) >> 6] |=
							1ull << (h->seq & 63);
					} else if (S->R.maxseq1 - h->seq <=
						   msk) {
						if (S->bm[(h->seq & msk) >> 6] >>
							    (h->seq & 63) &
						    1) {
							S->R.dup++;
							break;
						}
						S->R.ooo++;
						S->bm[(h->seq & msk) >> 6] |=
							1ull << (h->seq & 63);
					}
					S->R.rx++;
					S->R.bytes += len;
					if (S->echo) {
						h->type = ECHO;
						sendto(fd, h, len, 0,
						       (void *)(from + i),
						       m[i].msg_hdr.msg_namelen);
						break;
					}
					if (S->ackevery &&
					    ++S->sinceack >= S->ackevery) {
						struct hdr a = {
							.magic = MAGIC,
							.type = ACK,
							.sid = S->sid,
							.seq = S->R.maxseq1,
							.ts = h->ts
						};
						S->sinceack = 0;
						sendto(fd, &a, sizeof a, 0,
						       (void *)(from + i),
						       m[i].msg_hdr.msg_namelen);
					}
					break;
				case END:
					S->R.h = *h;
					S->R.h.type = REPORT;
					sendto(fd, &S->R, sizeof S->R, 0,
					       (void *)(from + i),
					       m[i].msg_hdr.msg_namelen);
					break;
				}
			}
		}
	}
	return 0;
}

static int rxpoll(int fd, void *b, size_t n, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (poll(&p, 1, ms) <= 0)
		return -1;
	return recv(fd, b, n, MSG_DONTWAIT);
}
static int cmpu(const void *a, const void *b)
{
	uint64_t x = *(uint64_t *)a, y = *(uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* sockets that take turns, and where it shows that one has something to read */
struct flows {
	int n, epoll, turn;
	struct flow {
		int fd, answered;
		uint64_t sent;
	} *flow;
};

static void flows_open(struct flows *f, const struct sockaddr_storage *to,
		       socklen_t len)
{
	struct rlimit files = { f->n + 64, f->n + 64 };

	setrlimit(RLIMIT_NOFILE, &files);
	f->flow = calloc(f->n, sizeof *f->flow);
	f->epoll = epoll_create1(0);
	for (int i = 0; i < f->n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
		int fd = socket(to->ss_family, SOCK_DGRAM, 0);

		if (fd < 0 || connect(fd, (const void *)to, len) ||
		    epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e))
			die("flow");
		f->flow[i].fd = fd;
	}
}

/* Read what there is, wait up to ms for it; how many datagrams it was. */
static int flows_read(struct flows *f, int ms,
		      void (*got)(struct flow *, const struct hdr *, void *),
		      void *data)
{
	struct epoll_event e[64];
	int n = epoll_wait(f->epoll, e, 64, ms), count = 0;
	char buf[4096];

	for (int i = 0; i < n; i++) {
		struct flow *flow = &f->flow[e[i].data.u32];
		ssize_t r;

		while ((r = recv(flow->fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
			if (r >= (ssize_t)sizeof(struct hdr)) {
				got(flow, (void *)buf, data);
				count++;
			}
	}
	return count;
}

struct answers {
	uint32_t sid;
	int n;
	uint64_t *times;
};

static void answer(struct flow *flow, const struct hdr *h, void *data)
{
	struct answers *a = data;

	if (h->type != PONG || h->sid != a->sid || flow->answered)
		return;
	flow->answered = 1;
	a->times[a->n++] = now() - flow->sent;
}

/* Have an answer on each, at most window at once; false if that does not work. */
static int flows_establish(struct flows *f, struct hdr h, int len, int window,
			   const char *label)
{
	struct answers a = { .sid = h.sid, .times = calloc(f->n, 8) };
	int sent = 0, again = 0, quiet = 0;
	uint64_t start = now();
	char buf[4096] = {};
	double secs;

	h.type = PING;
	memcpy(buf, &h, sizeof h);
	while (a.n < f->n && quiet < 10) {
		for (; sent < f->n && sent - a.n < window; sent++) {
			f->flow[sent].sent = now();
			send(f->flow[sent].fd, buf, len, 0);
		}
		if (flows_read(f, 1000, answer, &a)) {
			quiet = 0;
			continue;
		}
		quiet++;
		for (int i = 0; i < sent; i++)
			if (!f->flow[i].answered) {
				send(f->flow[i].fd, buf, len, 0);
				again++;
			}
	}
	secs = (now() - start) / 1e9;
	if (a.n < f->n) {
		printf("label=%s FAILED %d of %d flows have no answer\n", label,
		       f->n - a.n, f->n);
		return 0;
	}
	qsort(a.times, a.n, 8, cmpu);
	printf("label=%s mode=setup flows=%d secs=%.2f setup_per_s=%.1f again=%d first_p50_us=%.1f first_p99_us=%.1f\n",
	       label, f->n, secs, f->n / secs, again, a.times[f->n / 2] / 1e3,
	       a.times[f->n * 99ll / 100] / 1e3);
	free(a.times);
	return 1;
}

struct acks {
	uint32_t sid;
	uint64_t acked, echoes;
};

static void ack(struct flow *flow, const struct hdr *h, void *data)
{
	struct acks *a = data;
	uint64_t seq = h->seq;

	if (h->sid != a->sid)
		return;
	if (h->type == ECHO) {
		a->echoes++;
		seq++;
	} else if (h->type != ACK) {
		return;
	}
	if (seq > a->acked)
		a->acked = seq;
}

/* Wait for acknowledgements until at most left datagrams have none. */
static int flows_wait(struct flows *f, struct acks *a, uint64_t seq,
		      uint64_t left)
{
	uint64_t end = now() + 300000000;

	while (seq - a->acked > left) {
		flows_read(f, 50, ack, a);
		if (now() > end)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	const char *addr = NULL, *port = "5555", *bind_ = NULL, *bport = "0",
		   *label = "-", *trg = NULL, *trge = NULL;
	int len = 1400, gso = 0, gro = 0, batch = 0, window = 0, burst = 0,
	    gap = 0, rcvbuf = 0, sndbuf = 0;
	struct flows flows = {};
	double secs = 5;
	long long count = 0;
	static struct option lo[] = {
		{ "gso", 1, 0, 1 },	     { "gro", 0, 0, 2 },
		{ "batch", 1, 0, 3 },	     { "window", 1, 0, 4 },
		{ "burst", 1, 0, 5 },	     { "gap", 1, 0, 6 },
		{ "rcvbuf", 1, 0, 7 },	     { "sndbuf", 1, 0, 8 },
		{ "bind", 1, 0, 9 },	     { "bport", 1, 0, 10 },
		{ "label", 1, 0, 11 },	     { "trigger", 1, 0, 12 },
		{ "trigger-end", 1, 0, 13 }, { "flows", 1, 0, 14 },
		{ 0, 0, 0, 0 }
	};
	if (argc < 2) {
		fprintf(stderr, "see the head of udpblast.c\n");
		return 2;
	}
	char *mode = argv[1];
	argc--;
	argv++;
	if (!strcmp(mode, "ping"))
		len = 64, count = 2000;
	if (!strcmp(mode, "setup"))
		len = 64, count = 1000, window = 64;
	for (int c; (c = getopt_long(argc, argv, "+c:p:l:t:n:b:", lo, 0)) != -1;)
		switch (c) {
		case 'c':
			addr = optarg;
			break;
		case 'p':
			port = optarg;
			break;
		case 'l':
			len = atoi(optarg);
			break;
		case 't':
			secs = atof(optarg);
			break;
		case 'n':
			count = atoll(optarg);
			break;
		case 'b':
			bind_ = optarg;
			break;
		case 1:
			gso = atoi(optarg);
			break;
		case 2:
			gro = 1;
			break;
		case 3:
			batch = atoi(optarg);
			break;
		case 4:
			window = atoi(optarg);
			break;
		case 5:
			burst = atoi(optarg);
			break;
		case 6:
			gap = atoi(optarg);
			break;
		case 7:
			rcvbuf = atoi(optarg);
			break;
		case 8:
			sndbuf = atoi(optarg);
			break;
		case 9:
			bind_ = optarg;
			break;
		case 10:
			bport = optarg;
			break;
		case 11:
			label = optarg;
			break;
		case 12:
			trg = optarg;
			break;
		case 13:
			trge = optarg;
			break;
		case 14:
			flows.n = atoi(optarg);
			break;
		default:
			return 2;
		}
	if (!strcmp(mode, "server"))
		return server(bind_, port, gro, rcvbuf);
	if (!strcmp(mode, "spin")) {
		uint64_t e;
		MARK0();
		e = now() + (uint64_t)(secs * 1e9);
		while (now() < e)
			for (volatile int i = 0; i < 100000; i++)
				;
		MARK1();
		printf("label=%s mode=spin secs=%.2f\n", label, secs);
		return 0;
	}
	if (!strcmp(mode, "idle")) {
		MARK0();
		usleep(secs * 1e6);
		MARK1();
		printf("label=%s mode=idle secs=%.2f\n", label, secs);
		return 0;
	}
	if (!strcmp(mode, "run")) {
		uint64_t begin = now();
		int status;

		if (!argv[optind]) {
			fprintf(stderr, "run what?\n");
			return 2;
		}
		MARK0();
		status = run(argv + optind);
		MARK1();
		secs = (now() - begin) / 1e9;
		printf("label=%s mode=run len=%d rx=%lld secs=%.4f rx_mbps=%.1f\n",
		       label, len, status ? 0 : count, secs,
		       8e-6 * len * count / secs);
		return status;
	}
	int duplex = !strcmp(mode, "duplex");
	if (!duplex && strcmp(mode, "send") && strcmp(mode, "ping") &&
	    strcmp(mode, "setup")) {
		fprintf(stderr, "what is %s?\n", mode);
		return 2;
	}
	if (!addr) {
		fprintf(stderr, "need -c\n");
		return 2;
	}
	struct sockaddr_storage ss;
	socklen_t sl;
	int fam = resolve(addr, port, &ss, &sl, 0),
	    fd = socket(fam, SOCK_DGRAM, 0);
	if (sndbuf)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf,
			   sizeof sndbuf);
	if (duplex && !rcvbuf)
		rcvbuf = 8 << 20;
	if (rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
				 sizeof rcvbuf))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	if (bind_ || atoi(bport)) {
		struct sockaddr_storage bs;
		socklen_t bl;
		resolve(bind_		? bind_ :
			fam == AF_INET6 ? "::" :
					  "0.0.0.0",
			bport, &bs, &bl, 0);
		if (bind(fd, (void *)&bs, bl))
			die("bind");
	}
	if (connect(fd, (void *)&ss, sl))
		die("connect");
	if (len < (int)sizeof(struct hdr))
		len = sizeof(struct hdr);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	struct hdr H = { .magic = MAGIC,
			 .type = HELLO,
			 .sid = (uint32_t)ts.tv_nsec ^
				(uint32_t)getpid() << 16 ^ (uint32_t)ts.tv_sec,
			 .ackevery = window ? (window / 4 ? window / 4 : 1) :
					      0,
			 .echo = duplex };
	union {
		struct hdr h;
		struct report r;
		char c[65536];
	} rb;
	int ok = 0;
	for (int i = 0; i < 40 && !ok; i++) {
		if (send(fd, &H, sizeof H, 0) < 0 && errno != ECONNREFUSED)
			perror("hello");
		uint64_t te = now() + 250000000;
		while (now() < te) {
			int r = rxpoll(fd, &rb, sizeof rb, 250);
			if (r >= (int)sizeof H && rb.h.type == HELLO_ACK &&
			    rb.h.sid == H.sid) {
				ok = 1;
				break;
			}
			if (r < 0 && errno == ECONNREFUSED)
				usleep(50000);
		}
	}
	if (!ok) {
		printf("label=%s FAILED no answer from the server\n", label);
		return 1;
	}

	if (!strcmp(mode, "setup")) {
		flows.n = count;
		flows_open(&flows, &ss, sl);
		MARK0();
		ok = flows_establish(&flows, H, len, window, label);
		MARK1();
		return !ok;
	}
	if (flows.n) {
		if (gso)
			die("--flows and --gso");
		flows_open(&flows, &ss, sl);
		if (!flows_establish(&flows, H, 64, 64, label))
			return 1;
	}

	if (!strcmp(mode, "ping")) {
		uint64_t *v = calloc(count, 8);
		char pb[65536];
		memset(pb, 0x5a, sizeof pb);
		long n = 0, lost = 0;
		if (trg && system(trg)) {
		}
		MARK0();
		for (long i = 0; i < count; i++) {
			struct hdr *h = (void *)pb;
			*h = H;
			h->type = PING;
			h->seq = i;
			uint64_t a = now();
			h->ts = a;
			int got = 0;
			if (send(fd, pb, len, 0) < 0)
				perror("send");
			while (now() - a < 1000000000ull) {
				int r = rxpoll(fd, &rb, sizeof rb, 1000);
				if (r > 0 && rb.h.type == PONG &&
				    rb.h.seq == (uint64_t)i &&
				    rb.h.sid == H.sid) {
					got = 1;
					break;
				}
			}
			if (got)
				v[n++] = now() - a;
			else
				lost++;
			if (gap)
				usleep(gap);
		}
		MARK1();
		if (trge && system(trge)) {
		}
		if (!n) {
			printf("label=%s FAILED no pong\n", label);
			return 1;
		}
		qsort(v, n, 8, cmpu);
		printf("label=%s mode=ping len=%d n=%ld lost=%ld min_us=%.1f p50_us=%.1f p90_us=%.1f p99_us=%.1f max_us=%.1f\n",
		       label, len, n, lost, v[0] / 1e3, v[n / 2] / 1e3,
		       v[n * 9 / 10] / 1e3, v[n * 99 / 100] / 1e3,
		       v[n - 1] / 1e3);
		return 0;
	}

	if (!batch)
		batch = flows.n ? 1 : 32;
	int segs = 1, plen = len;
	if (gso) {
		len = gso < (int)sizeof(struct hdr) ? (int)sizeof(struct hdr) :
						      gso;
		segs = 65000 / len;
		if (segs > 64)
			segs = 64;
		plen = segs * len;
		if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &len, sizeof len))
			die("UDP_SEGMENT");
		batch = batch / segs ? batch / segs : 1;
	}
	if (burst) {
		batch = burst / segs ? burst / segs : 1;
	}
	if (window && batch * segs > window / 2)
		batch = window / 2 / segs ? window / 2 / segs : 1;
	if (batch > 256)
		batch = 256;
	char *buf = malloc((size_t)plen * batch);
	memset(buf, 0x5a, (size_t)plen * batch);
	struct mmsghdr *m = calloc(batch, sizeof *m);
	struct iovec *iv = calloc(batch, sizeof *iv);
	for (int i = 0; i < batch; i++) {
		iv[i].iov_base = buf + (size_t)i * plen;
		iv[i].iov_len = plen;
		m[i].msg_hdr.msg_iov = iv + i;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	if (trg && system(trg)) {
	}
	struct stat8 s0, s1;
	rdstat(&s0);
	MARK0();
	struct acks a = { .sid = H.sid };
	uint64_t seq = 0, t0 = now(),
		 tend = t0 + (uint64_t)(secs * 1e9), t = t0, next = t0,
		 stalls = 0, errs = 0, bytes = 0;
	while (count ? seq < (uint64_t)count : t < tend) {
		if (window && flows.n) {
			if (!flows_wait(&flows, &a, seq + batch, window)) {
				stalls++;
				a.acked = seq;
			}
		} else if (window) {
			uint64_t w0 = now();
			int r;
			while ((r = recv(fd, &rb, sizeof rb, MSG_DONTWAIT)) > 0)
				ack(NULL, &rb.h, &a);
			while (seq + batch * segs - a.acked > (uint64_t)window) {
				r = rxpoll(fd, &rb, sizeof rb, 50);
				if (r > 0)
					ack(NULL, &rb.h, &a);
				else if (now() - w0 > 300000000ull) {
					stalls++;
					a.acked = seq;
					break;
				}
			}
		}
		if (burst && gap) {
			while ((t = now()) < next) {
				uint64_t d = next - t;
				struct timespec w = { d / 1000000000,
						      d % 1000000000 };
				nanosleep(&w, NULL);
			}
			next += gap * 1000ull;
			if (next < t)
				next = t;
		}
		t = now();
		uint64_t q = seq;
		int nb = batch;
		if (count && (uint64_t)count - seq < (uint64_t)batch * segs) {
			nb = (count - seq + segs - 1) / segs;
		}
		for (int i = 0; i < nb; i++)
			for (int s = 0; s < segs; s++) {
				struct hdr *h =
					(void *)(buf + (size_t)i * plen +
						 s * len);
				*h = H;
				h->type = DATA;
				h->seq = q++;
				h->ts = t;
			}
		int out = fd;
		if (flows.n) {
			out = flows.flow[flows.turn].fd;
			flows.turn = (flows.turn + 1) % flows.n;
		}
		for (int o = 0; o < nb;) {
			int n = sendmmsg(out, m + o, nb - o, 0);
			if (n <= 0) {
				errs++;
				if (errno == ENOBUFS || errno == EAGAIN) {
					usleep(100);
				} else if (errno != ECONNREFUSED && errs < 4)
					perror("sendmmsg");
				if (errs > 100000)
					exit(1);
				n = errno == ENOBUFS || errno == EAGAIN ? 0 : 1;
			}
			o += n;
		}
		seq = q;
		bytes += (uint64_t)nb * plen;
	}
	uint64_t t1 = now();
	int got = 0;
	/* The report is of what has arrived before another flow's END. */
	if (window && flows.n)
		flows_wait(&flows, &a, seq, H.ackevery - 1);
	struct hdr e = H;
	e.type = END;
	e.seq = seq;
	for (int i = 0; i < 60 && !got; i++) {
		send(fd, &e, sizeof e, 0);
		uint64_t te = now() + 200000000;
		while (now() < te) {
			int r = rxpoll(fd, &rb, sizeof rb, 200);
			if (r > 0)
				ack(NULL, &rb.h, &a);
			if (r >= (int)sizeof rb.r && rb.h.type == REPORT &&
			    rb.h.sid == H.sid) {
				got = 1;
				break;
			}
		}
	}
	MARK1();
	rdstat(&s1);
	if (trge && system(trge)) {
	}
	if (!got) {
		printf("label=%s FAILED no report sent=%lu\n", label,
		       (unsigned long)seq);
		return 1;
	}
	rb.r.rx += a.echoes;
	rb.r.bytes += a.echoes * len;
	double d = (rb.r.last - rb.r.first) / 1e9, tt = 0,
	       id = s1.v[3] - s0.v[3] + s1.v[4] - s0.v[4];
	for (int i = 0; i < 8; i++)
		tt += s1.v[i] - s0.v[i];
	double busy = tt - id, sofi = s1.v[6] - s0.v[6],
	       usr = s1.v[0] - s0.v[0];
	printf("label=%s mode=%s len=%d gso=%d flows=%d tx=%lu tx_mbps=%.1f rx=%lu rx_mbps=%.1f rx_kpps=%.2f loss_pct=%.2f dup=%lu ooo=%lu secs=%.2f cpu_pct=%.1f usr_pct=%.1f softirq_pct=%.1f cpu_us_per_rxpkt=%.2f stalls=%lu errs=%lu gro=%lu rxcalls=%lu\n",
	       label,
	       duplex ? "duplex" :
	       window ? "window" :
	       burst  ? "burst" :
			"open",
	       len, gso, flows.n, (unsigned long)seq, bytes * 8e3 / (t1 - t0),
	       (unsigned long)rb.r.rx, d > 0 ? rb.r.bytes * 8 / d / 1e6 : 0,
	       d > 0 ? rb.r.rx / d / 1e3 : 0,
	       seq ? 100 - 100.0 * rb.r.rx / (seq << duplex) : 0,
	       (unsigned long)rb.r.dup, (unsigned long)rb.r.ooo, d,
	       tt ? 100 * busy / tt : 0, tt ? 100 * usr / tt : 0,
	       tt ? 100 * sofi / tt : 0,
	       rb.r.rx ? busy * 1e6 / sysconf(_SC_CLK_TCK) / rb.r.rx : 0,
	       (unsigned long)stalls, (unsigned long)errs,
	       (unsigned long)rb.r.grobatches, (unsigned long)rb.r.syscalls);
	return 0;
}
