// SPDX-License-Identifier: GPL-2.0
/*
 * Threads.
 *
 * Each has a queue of the device, its UDP socket or sockets, and its flows (which:
 * see client.c, server.c and ip.c), and waits for them with epoll.  Threads share nothing
 * that packets touch.  They talk by letters: a segment that came to the wrong queue,
 * and what the monitor wants of all.  Only a mailbox has a lock.
 */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "role.h"

#define EVENTS 64
#define TUN_READS 64 /* packets in one round */
/* The largest packet still fits when a round's first 128 KB are full. */
#define ARENA ((128 << 10) + PACKET_MAX)
#define ALIGN(x) (((x) + 63) & ~63u)
#define MAILBOX_MAX (4 << 20) /* bytes */
#define STOP_ROUND 25 /* ms between looks at flows that are being closed */

/** milliseconds() - present time, ms since boot */
u64 milliseconds(void)
{
	struct timespec ts;

	/* goes on while the machine is suspended: flows have aged then */
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static int watch(struct worker *w, struct source *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, s->fd, &ev);
}

/**
 * worker_init() - prepare a worker, without its thread
 * @w: the worker, zeroed
 * @program: what all share
 * @index: its number
 * @listen_fd: client: its UDP socket; else -1
 *
 * Return: 0, or -1 without memory or descriptors.
 */
int worker_init(struct worker *w, struct program *program, u32 index,
		int listen_fd)
{
	w->program = program;
	w->index = index;
	w->random = (u64)index << 32;
	w->tun = (struct source){ SOURCE_TUN, -1 };
	if (program->tun.queues)
		w->tun.fd = program->tun.fd[index];
	w->inner = (struct source){ SOURCE_INNER, -1 };
	if (program->inner.queues)
		w->inner.fd = program->inner.fd[index];
	w->listen = (struct source){ SOURCE_LISTEN, listen_fd };
	w->mail.source.kind = SOURCE_MAIL;
	w->mail.source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->mail.tail = &w->mail.head;
	pthread_mutex_init(&w->mail.lock, NULL);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->in = udp_input_new();
	w->arena = malloc(ARENA);
	if (program->inner.vnet)
		w->cut = malloc(CUT_ROOM);
	w->now = milliseconds();
	if (program->options.persistent)
		w->redial_at = w->now;
	if (w->mail.source.fd < 0 || w->epoll < 0 || !w->in || !w->arena ||
	    (program->inner.vnet && !w->cut) ||
	    flow_table_init(&w->flows, program->options.max_flows,
			    &program->table_key) ||
	    (w->tun.fd >= 0 && watch(w, &w->tun)) ||
	    watch(w, &w->mail.source) ||
	    (program->role->begin && !program->role->begin(w)) ||
	    (w->inner.fd >= 0 && watch(w, &w->inner)) ||
	    (listen_fd >= 0 && watch(w, &w->listen)))
		return -1;
	output_init(w);
	return 0;
}

/** worker_free() - release what worker_init() made; the thread has ended */
void worker_free(struct worker *w)
{
	struct letter *l;

	while ((l = w->mail.head)) {
		w->mail.head = l->next;
		free(l);
	}
	close(w->mail.source.fd);
	close(w->epoll);
	if (w->listen.fd >= 0)
		close(w->listen.fd);
	flow_table_free(&w->flows);
	free(w->in);
	free(w->arena);
	free(w->cut);
	fragments_free(&w->fragments);
	stream_free(w->stream);
	stream_free(w->guest);
	free(w->report);
}

/* ---- letters ---- */

static int post(struct worker *to, struct letter *l)
{
	bool full;

	pthread_mutex_lock(&to->mail.lock);
	full = l->kind == LETTER_PACKET &&
	       to->mail.bytes + l->len > MAILBOX_MAX;
	if (!full) {
		*to->mail.tail = l;
		to->mail.tail = &l->next;
		to->mail.bytes += l->len;
	}
	pthread_mutex_unlock(&to->mail.lock);
	if (full)
		return -1;
	eventfd_write(to->mail.source.fd, 1);
	return 0;
}

/** worker_send() - send an order to a worker */
void worker_send(struct worker *w, enum letter_kind kind)
{
	struct letter *l = calloc(1, sizeof(*l));

	if (!l)
		die("out of memory");
	l->kind = kind;
	post(w, l);
}

static void hand_over(struct worker *w, u32 owner, const u8 *packet, u32 len)
{
	struct letter *l = malloc(sizeof(*l) + len);

	w->stats.handed_over++;
	if (!l) {
		w->stats.drop[FTCP_DROP_MEMORY]++;
		return;
	}
	l->next = NULL;
	l->kind = LETTER_PACKET;
	l->len = len;
	memcpy(l->data, packet, len);
	if (post(&w->program->workers[owner], l)) {
		w->stats.drop[DROP_HANDOVER]++;
		free(l);
	}
}

/* ---- input ---- */

static void packet(struct worker *w, u8 *buf, u32 len, bool handed_over)
{
	static const enum ftcp_drop_attr drop[] = {
		[PACKET_PROTOCOL] = FTCP_DROP_PROTOCOL,
		[PACKET_MALFORMED] = FTCP_DROP_MALFORMED,
		[PACKET_CHECKSUM] = FTCP_DROP_CHECKSUM,
	};
	enum packet_fate fate;
	u32 owner = w->index;
	struct packet p;

	fate = packet_read(&p, buf, len, w->program->tun.vnet);
	if (drop[fate]) {
		w->stats.drop[drop[fate]]++;
		return;
	}
	if (!handed_over && w->program->n > 1)
		owner = w->program->role->owner(w->program, &p.path);
	if (owner != w->index)
		hand_over(w, owner, buf, len);
	else if (fate == PACKET_TOO_BIG)
		dispatch_too_big(w, &p);
	else
		dispatch_segment(w, &p);
}

static void flush(struct worker *w)
{
	output_flush_udp(w);
	output_flush_tun(w);
	w->cut_len = 0;
}

/** worker_fail() - the program cannot go on: by errno, and with @what */
void worker_fail(struct worker *w, const char *what)
{
	if (!__atomic_exchange_n(&w->program->failed, 1, __ATOMIC_RELAXED))
		say(LOG_ERROR, "%s: %s", what, strerror(errno));
	eventfd_write(w->program->wake_main, 1);
}

/* A packet from the device; the length of what has to stay in @buf */
static u32 outer(struct worker *w, u8 *buf, u32 len)
{
	bool vnet = w->program->tun.vnet;

	len = fragments_join(&w->fragments, buf, len, vnet, w->now,
			     &w->stats.drop[FTCP_DROP_PROTOCOL]);
	if (len)
		packet(w, buf, len, false);
	return len;
}

/* A packet from the inner device, or several */
static void inner(struct worker *w, u8 *buf, u32 len)
{
	const struct role_ops *role = w->program->role;
	u32 off = 0;
	struct cut c;
	u8 *packet;

	if (!w->program->inner.vnet) {
		role->outward(w, buf, len);
		return;
	}
	if (!cut_read(&c, buf, len) ||
	    (c.gso_size && cut_room(&c) > CUT_ROOM)) {
		w->stats.drop[FTCP_DROP_MALFORMED]++;
		return;
	}
	if (!c.gso_size) {
		role->outward(w, c.packet, c.len);
		return;
	}
	if (cut_room(&c) > CUT_ROOM - w->cut_len)
		flush(w);
	while ((len = cut_next(&c, &off, w->cut + w->cut_len))) {
		packet = w->cut + w->cut_len;
		w->cut_len += len;
		role->outward(w, packet, len);
	}
}

static void device_input(struct worker *w, const struct source *s)
{
	const struct program *p = w->program;
	bool is_inner = s->kind == SOURCE_INNER;
	u32 off = 0, whole, i;

	for (i = 0; i < TUN_READS && off + PACKET_MAX <= ARENA; i++) {
		ssize_t len = read(s->fd, w->arena + off, PACKET_MAX);

		if (len < 0) {
			if (errno == EAGAIN || errno == EINTR)
				break;
			epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd, NULL);
			worker_fail(w, is_inner ? p->inner.name : p->tun.name);
			break;
		}
		whole = (u32)len;
		if (is_inner)
			inner(w, w->arena + off, whole);
		else
			whole = outer(w, w->arena + off, whole);
		off = ALIGN(off + whole);
	}
	flush(w);
}

/* What still comes from there is for nobody. */
static void unwatch(struct worker *w, const struct source *s)
{
	if (s->fd >= 0)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd, NULL);
}

static void collect_mail(struct worker *w)
{
	struct letter *l, *next;
	eventfd_t count;

	if (eventfd_read(w->mail.source.fd, &count))
		return;
	pthread_mutex_lock(&w->mail.lock);
	l = w->mail.head;
	w->mail.head = NULL;
	w->mail.tail = &w->mail.head;
	w->mail.bytes = 0;
	pthread_mutex_unlock(&w->mail.lock);
	for (; l; l = next) {
		next = l->next;
		switch (l->kind) {
		case LETTER_PACKET:
			packet(w, l->data, l->len, true);
			flush(w);
			break;
		case LETTER_REPORT:
			report_write(w);
			break;
		case LETTER_PROBE:
			closing_probe(w);
			break;
		case LETTER_STOP:
			unwatch(w, &w->listen);
			unwatch(w, &w->inner);
			closing_stop(w);
			break;
		}
		free(l);
	}
}

static void input(struct worker *w, struct source *s)
{
	switch (s->kind) {
	case SOURCE_TUN:
	case SOURCE_INNER:
		device_input(w, s);
		break;
	case SOURCE_STREAM:
		stream_ready(w, (void *)s); /* its first member */
		break;
	case SOURCE_LISTEN:
		dispatch_input(w, s->fd, NULL);
		break;
	case SOURCE_FLOW: /* its first member */
		if (s->fd >= 0) /* it may have ended meanwhile */
			dispatch_input(w, s->fd, (void *)s);
		break;
	case SOURCE_MAIL:
		collect_mail(w);
		break;
	}
}

/* ---- the loop ---- */

static int timeout(const struct worker *w)
{
	u64 at = w->flows.heap_len ? w->flows.heap[1]->timer_at : 0;

	if (w->redial_at && (!at || w->redial_at < at))
		at = w->redial_at;
	if (w->stopping && (!at || w->now + STOP_ROUND < at))
		at = w->now + STOP_ROUND;
	if (!at)
		return -1;
	if (at <= w->now)
		return 0;
	return at - w->now > 3600000 ? 3600000 : (int)(at - w->now);
}

static void free_dead(struct worker *w)
{
	struct flow *f;

	while ((f = w->dead)) {
		w->dead = f->tcp_next;
		free(f);
	}
}

/* Whether no thread has flows any more: until then segments for others may
 * come to this one's queue.
 */
static bool all_closed(struct worker *w)
{
	u32 *open = &w->program->open;

	if (!w->flows.count && !w->closed) {
		w->closed = true;
		__atomic_fetch_sub(open, 1, __ATOMIC_RELAXED);
	}
	return !__atomic_load_n(open, __ATOMIC_RELAXED);
}

/** worker_run() - a thread, until LETTER_STOP and the end of all flows */
void *worker_run(void *arg)
{
	struct epoll_event ev[EVENTS];
	struct worker *w = arg;
	int i, n;

	pthread_mutex_lock(&w->program->start_lock);
	pthread_mutex_unlock(&w->program->start_lock);
	while (!w->stopping || !all_closed(w)) {
		n = epoll_wait(w->epoll, ev, EVENTS, timeout(w));
		w->now = milliseconds();
		for (i = 0; i < n; i++)
			input(w, ev[i].data.ptr);
		dispatch_timers(w);
		if (w->redial_at && w->redial_at <= w->now)
			w->program->role->redial(w);
		if (w->stopping)
			closing_stopping(w);
		free_dead(w);
	}
	return NULL;
}
