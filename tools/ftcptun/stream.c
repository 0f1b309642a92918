// SPDX-License-Identifier: GPL-2.0
/*
 * Whole IP packets over a channel of bytes.
 *
 *	+----------+--------+-----------+--------+-----------+ ...
 *	| "ftcpip1"| length | IP packet | length | IP packet | ...
 *	| and NUL  | 16 bit |           | 16 bit |           |
 *	+----------+--------+-----------+--------+-----------+ ...
 *
 * There is no far end to find and nothing to imitate: the channel is there, or the
 * program ends.  What it carries has been carried by TCP, as a rule, and is TCP in part:
 * a loss below is a pause here, and whatever waits below comes on top of it.  So little
 * is left to wait: frames are dropped early (CoDel, RFC 8289), by which the inner TCP
 * learns how much goes through.  What waits in the program behind the channel cannot be
 * seen from here.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <signal.h>
#include <unistd.h>

#include "log.h"
#include "role.h"

#define PREAMBLE "ftcpip1" /* and its NUL */
#define FRAME_HLEN 2
#define QUEUE_MAX (256 << 10) /* bytes */
#define BUFFER 16384 /* bytes that the kernel keeps */
#define READS 16 /* in one round */
#define TARGET 20 /* ms that frames may wait */
#define INTERVAL 100 /* ms in which they have to be that few once */

/* ---- the channel ---- */

static void start_program(struct program *p, int own, int theirs)
{
	const char *command = p->options.exec;
	sigset_t none;
	pid_t pid = fork();

	if (pid < 0)
		die("cannot start a process: %s", strerror(errno));
	if (pid)
		return;
	close(own);
	dup2(theirs, 0);
	dup2(theirs, 1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	die("/bin/sh: %s", strerror(errno));
}

static void open_program(struct program *p)
{
	int fd[2], size = BUFFER;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		die("cannot start a process: %s", strerror(errno));
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	start_program(p, fd[0], fd[1]);
	close(fd[1]);
	p->stream_in = fd[0];
	p->stream_out = fcntl(fd[0], F_DUPFD_CLOEXEC, 3);
}

/* Nobody else reads or writes there. */
static void open_stdio(struct program *p)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (isatty(0) || isatty(1))
		die("--stdio: there is a terminal, and not the other end");
	p->stream_in = fcntl(0, F_DUPFD_CLOEXEC, 3);
	p->stream_out = fcntl(1, F_DUPFD_CLOEXEC, 3);
	fcntl(p->stream_out, F_SETPIPE_SZ, BUFFER);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		die("/dev/null: %s", strerror(errno));
	close(null);
}

/** stream_open() - have the channel; explains and exits if there can be none */
void stream_open(struct program *p)
{
	if (p->options.exec)
		open_program(p);
	else
		open_stdio(p);
	if (p->stream_in < 0 || p->stream_out < 0 ||
	    fcntl(p->stream_in, F_SETFL, O_NONBLOCK | O_RDWR) ||
	    fcntl(p->stream_out, F_SETFL, O_NONBLOCK | O_RDWR))
		die("cannot use the channel: %s", strerror(errno));
}

/** stream_close() - leave it to the other process */
void stream_close(struct program *p)
{
	if (p->stream_in >= 0)
		close(p->stream_in);
	if (p->stream_out >= 0)
		close(p->stream_out);
	p->stream_in = p->stream_out = -1;
}

static void lost(struct worker *w)
{
	struct stream *s = w->stream;

	worker_fail(w, "the channel");
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->in.fd, NULL);
	if (s->watched)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->out.fd, NULL);
	s->in.fd = s->out.fd = -1;
}

/* ---- outwards ---- */

static struct queued *take(struct stream *s)
{
	struct queued *q = s->head;

	s->head = q->next;
	if (!s->head)
		s->tail = &s->head;
	s->bytes -= q->len;
	return q;
}

/* Integer square root of what is small */
static u32 root(u32 n)
{
	u32 r = 1;

	while (r * r < n)
		r++;
	return r;
}

/* Whether the oldest frame is dropped, since frames have been waiting too long for an
 * interval; the more often the longer that lasts.
 */
static bool too_late(struct stream *s, u64 now)
{
	if (now - s->head->since < TARGET || !s->head->next) {
		s->above = s->drop_at = 0;
		return false;
	}
	if (!s->above) {
		s->above = now + INTERVAL;
		return false;
	}
	if (now < s->above || now < s->drop_at)
		return false;
	s->drops = s->drop_at ? s->drops + 1 : 1;
	s->drop_at =
		(s->drop_at ? s->drop_at : now) + INTERVAL / root(s->drops);
	return true;
}

/* What the channel takes now; whether it is still there. */
static bool drain(struct worker *w)
{
	struct stream *s = w->stream;
	ssize_t n;

	while (s->head) {
		while (!s->written && too_late(s, w->now)) {
			free(take(s));
			w->stats.drop[FTCP_DROP_QUEUE_FULL]++;
		}
		n = write(s->out.fd, s->head->data + s->written,
			  s->head->len - s->written);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		s->written += (u32)n;
		if (s->written < s->head->len)
			continue;
		s->written = 0;
		free(take(s));
	}
	return true;
}

static void flush(struct worker *w)
{
	struct stream *s = w->stream;
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = &s->out };
	bool waits;

	if (s->out.fd < 0)
		return;
	if (!drain(w)) {
		lost(w);
		return;
	}
	waits = s->head;
	if (waits != s->watched)
		epoll_ctl(w->epoll, waits ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
			  s->out.fd, &ev);
	s->watched = waits;
}

/* @hlen: of what stands before it */
static void put(struct worker *w, const u8 *header, u32 hlen, const u8 *data,
		u32 len)
{
	struct stream *s = w->stream;
	struct queued *q;

	if (s->bytes + hlen + len > QUEUE_MAX) {
		w->stats.drop[FTCP_DROP_QUEUE_FULL]++;
		return;
	}
	q = malloc(sizeof(*q) + hlen + len);
	if (!q) {
		w->stats.drop[FTCP_DROP_MEMORY]++;
		return;
	}
	*q = (struct queued){ .since = w->now, .len = hlen + len };
	memcpy(q->data, header, hlen);
	memcpy(q->data + hlen, data, len);
	*s->tail = q;
	s->tail = &q->next;
	s->bytes += q->len;
}

static void stream_outward(struct worker *w, u8 *packet, u32 len)
{
	const struct peers *peers = &w->program->options.peers;
	u8 header[FRAME_HLEN];
	struct inner in;

	if (!inner_read(&in, packet, len)) {
		w->stats.drop[FTCP_DROP_MALFORMED]++;
		return;
	}
	if (inner_is_shared(in.to, in.v4) || !peers_find(peers, in.to, in.v4)) {
		ip_unreachable(w, &in, FTCP_DROP_NO_PEER);
		return;
	}
	ftcp_put16(header, (u16)in.len);
	put(w, header, FRAME_HLEN, packet, in.len);
	w->stats.tx++;
	w->stats.tx_bytes += in.len;
	flush(w);
}

/* ---- inwards ---- */

static void inward(struct worker *w, u8 *packet, u32 len)
{
	const struct peers *peers = &w->program->options.peers;
	struct inner in;

	if (!inner_read(&in, packet, len)) {
		w->stats.drop[FTCP_DROP_MALFORMED]++;
	} else if (!peers_find(peers, in.source, in.v4)) {
		w->stats.drop[FTCP_DROP_INNER_SOURCE]++;
	} else if (write(w->inner.fd, packet, in.len) < 0) {
		w->stats.drop[DROP_SEND]++;
	} else {
		w->stats.rx++;
		w->stats.rx_bytes += in.len;
	}
}

/* The frames that are complete; false if these are none. */
static bool frames(struct worker *w)
{
	struct stream *s = w->stream;
	u32 at = 0, len;

	if (!s->begun) {
		if (s->have < sizeof(PREAMBLE))
			return true;
		if (memcmp(s->input, PREAMBLE, sizeof(PREAMBLE)))
			return false;
		s->begun = true;
		at = sizeof(PREAMBLE);
	}
	while (s->have - at >= FRAME_HLEN) {
		len = ftcp_get16(s->input + at);
		if (s->have - at - FRAME_HLEN < len)
			break;
		inward(w, s->input + at + FRAME_HLEN, len);
		at += FRAME_HLEN + len;
	}
	s->have -= at;
	memmove(s->input, s->input + at, s->have);
	return true;
}

static bool receive(struct worker *w)
{
	struct stream *s = w->stream;
	ssize_t n;
	u32 i;

	for (i = 0; i < READS; i++) {
		n = read(s->in.fd, s->input + s->have, STREAM_INPUT - s->have);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		errno = EPIPE; /* if there is nothing any more */
		if (!n)
			return false;
		s->have += (u32)n;
		errno = EPROTO;
		if (!frames(w))
			return false;
	}
	return true;
}

/** stream_ready() - the channel has something, or takes something */
void stream_ready(struct worker *w)
{
	if (w->stream->in.fd >= 0 && !receive(w))
		lost(w);
	else
		flush(w);
}

/* ---- beginning and end ---- */

/** stream_init() - prepare a worker for the channel, if there is one; 0, or -1 */
int stream_init(struct worker *w)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct stream *s;

	if (w->program->stream_in < 0)
		return 0;
	s = w->stream = calloc(1, sizeof(*s));
	if (!s)
		return -1;
	s->tail = &s->head;
	s->in = (struct source){ SOURCE_STREAM, w->program->stream_in };
	s->out = (struct source){ SOURCE_STREAM, w->program->stream_out };
	put(w, (const u8 *)PREAMBLE, sizeof(PREAMBLE), NULL, 0);
	ev.data.ptr = &s->in;
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, s->in.fd, &ev))
		return -1;
	flush(w);
	return 0;
}

/** stream_free() - release what stream_init() made */
void stream_free(struct worker *w)
{
	if (!w->stream)
		return;
	while (w->stream->head)
		free(take(w->stream));
	free(w->stream);
}

const struct role_ops role_ip_stream = {
	.outward = stream_outward,
};
