// SPDX-License-Identifier: GPL-2.0
/*
 * Packets over channels of bytes: each with its length before it.
 *
 * A channel is there, or the program ends.  What it carries has been carried by TCP, as a
 * rule, and is TCP in part: a loss below is a pause here, and whatever waits below comes
 * on top of it.  So little is left to wait: frames are dropped early (CoDel, RFC 8289),
 * by which the inner TCP learns how much goes through; but not between two channels, of
 * which one waits for the other.  What waits in the program behind
 * the channel cannot be seen from here.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "worker.h"

#define QUEUE_MAX (256 << 10) /* bytes */
#define HELD 32768 /* bytes that wait before no more is read for them */
#define READS 16 /* in one round */
#define TARGET 20 /* ms that frames may wait */
#define INTERVAL 100 /* ms in which they have to be that few once */

static void lost(struct worker *w, struct stream *s)
{
	worker_fail(w, s->framing->name);
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->in.fd, NULL);
	if (s->watched)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->out, NULL);
	s->in.fd = s->out = -1;
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
static bool drain(struct worker *w, struct stream *s)
{
	ssize_t n;

	while (s->head) {
		while (!s->written && !s->from && too_late(s, w->now)) {
			free(take(s));
			w->stats.drop[FTCP_DROP_QUEUE_FULL]++;
		}
		n = write(s->out, s->head->data + s->written,
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

/* Of who does not expect a loss, as passt, no more is read than can be written. */
static void hold(struct worker *w, struct stream *s, bool held)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &s->in };

	s->held = held;
	if (s->in.fd >= 0)
		epoll_ctl(w->epoll, held ? EPOLL_CTL_DEL : EPOLL_CTL_ADD,
			  s->in.fd, &ev);
}

static void flush(struct worker *w, struct stream *s)
{
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = &s->in };
	bool waits;

	if (s->out < 0)
		return;
	if (!drain(w, s)) {
		lost(w, s);
		return;
	}
	if (s->from && s->from->held && s->bytes < HELD)
		hold(w, s->from, false);
	waits = s->head;
	if (waits != s->watched)
		epoll_ctl(w->epoll, waits ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
			  s->out, &ev);
	s->watched = waits;
}

static void put(struct worker *w, struct stream *s, const void *header,
		u32 hlen, const void *data, u32 len)
{
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

/** stream_send() - have a packet sent, now or when the channel takes it */
void stream_send(struct worker *w, struct stream *s, const struct inner *in)
{
	const struct framing *f = s->framing;
	u32 len = f->hlen - f->prefix + in->len;
	u8 header[STREAM_HLEN_MAX];

	if (f->prefix == 2)
		ftcp_put16(header, (u16)len);
	else
		ftcp_put32(header, len);
	if (f->put)
		f->put(header + f->prefix, in);
	put(w, s, header, f->hlen, in->packet, in->len);
	flush(w, s);
}

/* ---- inwards ---- */

/* Whether the other end is what it has to be; *@at: how long what says so is */
static bool begins(struct stream *s, u32 *at)
{
	const struct framing *f = s->framing;

	if (s->begun || s->have < f->preamble_len)
		return true;
	s->begun = true;
	*at = f->preamble_len;
	return !f->preamble_len || !memcmp(s->input, f->preamble, *at);
}

/* The frames that are complete; false if these are none. */
static bool frames(struct worker *w, struct stream *s)
{
	const struct framing *f = s->framing;
	u32 at = 0, len;

	if (!begins(s, &at))
		return false;
	while (s->begun && s->have - at >= f->prefix) {
		len = f->prefix == 2 ? ftcp_get16(s->input + at) :
				       ftcp_get32(s->input + at);
		if (len > f->hlen - f->prefix + INNER_MAX)
			return false;
		if (s->have - at - f->prefix < len)
			break;
		f->take(w, s->input + at + f->prefix, len);
		at += f->prefix + len;
	}
	s->have -= at;
	memmove(s->input, s->input + at, s->have);
	return true;
}

static bool receive(struct worker *w, struct stream *s)
{
	ssize_t n;
	u32 i;

	for (i = 0; i < READS && !s->held; i++) {
		n = read(s->in.fd, s->input + s->have, STREAM_INPUT - s->have);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		errno = EPIPE; /* if there is nothing any more */
		if (!n)
			return false;
		s->have += (u32)n;
		if (!frames(w, s)) {
			errno = EPROTO;
			return false;
		}
		if (s->into && s->into->bytes >= HELD)
			hold(w, s, true);
	}
	return true;
}

/** stream_ready() - a channel has something, or takes something */
void stream_ready(struct worker *w, struct stream *s)
{
	if (s->in.fd >= 0 && !receive(w, s))
		lost(w, s);
	else
		flush(w, s);
}

/* ---- beginning and end ---- */

/**
 * stream_new() - use a channel
 * @w: who does
 * @framing: what packets look like there
 * @in: what comes from there, and
 * @out: what goes there; another descriptor than @in
 *
 * Return: the stream, or NULL without memory, or if that cannot be waited for.
 */
struct stream *stream_new(struct worker *w, const struct framing *framing,
			  int in, int out)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->framing = framing;
	s->tail = &s->head;
	s->in = (struct source){ SOURCE_STREAM, in };
	s->out = out;
	ev.data.ptr = &s->in;
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, in, &ev)) {
		free(s);
		return NULL;
	}
	if (framing->preamble_len)
		put(w, s, framing->preamble, framing->preamble_len, "", 0);
	flush(w, s);
	return s;
}

/** stream_join() - what comes from one goes to the other, without loss */
void stream_join(struct stream *a, struct stream *b)
{
	a->into = a->from = b;
	b->into = b->from = a;
}

/** stream_free() - release what stream_new() made, if anything */
void stream_free(struct stream *s)
{
	if (!s)
		return;
	while (s->head)
		free(take(s));
	free(s);
}
