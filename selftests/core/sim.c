// SPDX-License-Identifier: GPL-2.0
/* Two hosts and a network; see sim.h. */
#include <string.h>

#include "cookie.h"
#include "sim.h"

#define NEVER	(~0ull)

u32 sim_random(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random;
}

/**
 * sim_init() - two silent hosts, 10 ms apart, host 1 listening
 * @s: simulation
 * @seed: not 0
 */
void sim_init(struct sim *s, u32 seed)
{
	u32 i;

	s->now = 5000000000ull;
	s->random = seed;
	s->order = 0;
	s->count = 0;
	s->strip = 0;
	s->blocked = 0;
	s->drop_invalid = 0;
	memset(s->host, 0, sizeof(s->host));
	memset(s->tracker, 0, sizeof(s->tracker));
	memset(s->rewrite, 0, sizeof(s->rewrite));
	for (i = 0; i < 2; i++) {
		s->leg[i] = (struct sim_leg){ .delay = 5000 };
		s->host[i].config.health.idle = FTCP_IDLE;
		s->host[i].config.health.keepalive = FTCP_KEEPALIVE;
		s->host[i].config.health.interval = FTCP_PROBE_INTERVAL;
		s->host[i].config.health.probes = FTCP_PROBES;
		s->host[i].key = sim_random(s);
		s->host[i].size = 1400;
	}
	s->host[1].listens = 1;
}

/* ---- the heap of packets ---- */

static int earlier(const struct sim_packet *a, const struct sim_packet *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim_packet *a, struct sim_packet *b)
{
	struct sim_packet t = *a;

	*a = *b;
	*b = t;
}

static void push(struct sim *s, const struct sim_packet *p)
{
	u32 i = s->count;

	if (s->count == SIM_PACKETS)
		return;		/* a queue that is full, as anywhere */
	s->packet[s->count++] = *p;
	while (i && earlier(&s->packet[i], &s->packet[(i - 1) / 2])) {
		swap(&s->packet[i], &s->packet[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static struct sim_packet pop(struct sim *s)
{
	struct sim_packet p = s->packet[0];
	u32 i = 0;

	s->packet[0] = s->packet[--s->count];
	for (;;) {
		u32 l = 2 * i + 1, m = i;

		if (l < s->count && earlier(&s->packet[l], &s->packet[m]))
			m = l;
		if (l + 1 < s->count && earlier(&s->packet[l + 1], &s->packet[m]))
			m = l + 1;
		if (m == i)
			return p;
		swap(&s->packet[i], &s->packet[m]);
		i = m;
	}
}

/* ---- the path ---- */

static void enter_leg(struct sim *s, struct sim_packet *p)
{
	const struct sim_leg *leg = &s->leg[p->leg];
	u32 copies = 1;

	if (sim_random(s) % 1000 < leg->loss)
		return;
	if (sim_random(s) % 1000 < leg->dup)
		copies = 2;
	while (copies--) {
		p->at = s->now + leg->delay;
		if (leg->jitter)
			p->at += sim_random(s) % leg->jitter;
		p->order = s->order++;
		push(s, p);
	}
}

/* Returns 0 if the packet is to be dropped. */
static int track(struct sim *s, int which, const struct sim_packet *p)
{
	return ct_see(&s->tracker[which], p->from, p->hdr, p->hlen,
		      p->hlen + p->len) != CT_INVALID || !s->drop_invalid;
}

static void middle(struct sim *s, struct sim_packet *p)
{
	u32 own = s->rewrite[p->from], other = s->rewrite[!p->from];
	u32 i;

	ftcp_put32(p->hdr + 4, ftcp_get32(p->hdr + 4) + own);
	if (p->hdr[13] & FTCP_ACK)
		ftcp_put32(p->hdr + 8, ftcp_get32(p->hdr + 8) - other);
	if (s->strip && (p->hdr[13] & FTCP_SYN))
		for (i = FTCP_HLEN + 8; i < p->hlen; i++)
			p->hdr[i] = 1;
}

static void leave_leg(struct sim *s, struct sim_packet *p)
{
	int from_0 = !p->from, to = !p->from;

	if ((p->leg == 0) == from_0) {
		if (s->blocked)
			return;
		/* tracker 1 stands at host 1's side of the rewriting */
		if (from_0)
			middle(s, p);
		if (!track(s, 1, p))
			return;
		if (!from_0)
			middle(s, p);
		p->leg = !p->leg;
		enter_leg(s, p);
		return;
	}
	if (track(s, to ? 2 : 0, p))
		sim_receive(s, to, p->hdr, p->hlen, p->len);
}

static void transmit(struct sim *s, int from, const u8 *hdr, u32 hlen, u32 len)
{
	struct sim_packet p = {
		.from = (u8)from, .leg = (u8)from, .hlen = (u8)hlen, .len = len,
	};

	memcpy(p.hdr, hdr, hlen);
	if (track(s, from ? 2 : 0, &p))
		enter_leg(s, &p);
}

/* ---- a host ---- */

static void send_control(struct sim *s, int from,
			 const struct ftcp_control *ctl)
{
	u8 hdr[FTCP_SYN_HLEN];
	u32 hlen;

	if (!ctl->flags)
		return;
	hlen = ftcp_control_write(hdr, (u16)(from + 1), (u16)(!from + 1), 1460,
				  ctl);
	transmit(s, from, hdr, hlen, 0);
}

static void arm(struct sim_host *h, u64 at)
{
	if (!h->timer_at || h->timer_at > at)
		h->timer_at = at;
}

static void note(struct sim_host *h, enum ftcp_event event)
{
	if (event == FTCP_EV_NONE)
		return;
	h->event = event;
	if (event == FTCP_EV_ESTABLISHED) {
		h->established++;
		h->next_seq = ftcp_load(h->c.snd_nxt);
	}
	if (event >= FTCP_EV_CLOSED)
		h->closed++;
}

static void act(struct sim *s, int at, const struct ftcp_result *res)
{
	struct sim_host *h = &s->host[at];

	send_control(s, at, &res->control);
	note(h, res->event);
	h->timer_at = ftcp_conn_deadline(&h->c, sim_ms(s));
}

static u32 hash(const struct sim_host *h, u32 slot)
{
	u32 x = (h->key ^ slot) * 0x9e3779b1u;

	return x ^ x >> 15;
}

static u32 make_cookie(const struct sim_host *h, u64 now, int wscale)
{
	u32 slot = ftcp_cookie_slot(now);

	return ftcp_cookie_make(hash(h, slot), slot, (u8)wscale);
}

static int valid_cookie(const struct sim_host *h, u64 now, u32 cookie)
{
	u32 slot;

	return ftcp_cookie_find_slot(cookie, ftcp_cookie_slot(now), &slot) &&
	       cookie == ftcp_cookie_make(hash(h, slot), slot, cookie & 1);
}

static void receive_unknown(struct sim *s, int at,
			    const struct ftcp_segment *seg)
{
	const u8 flags = seg->flags & ~FTCP_PSH;
	struct sim_host *h = &s->host[at];
	struct ftcp_control ctl;

	if (h->listens && flags == FTCP_SYN) {
		ftcp_conn_answer_syn(seg,
				     make_cookie(h, sim_ms(s), seg->wscale !=
							FTCP_NO_WSCALE),
				     &ctl);
	} else if (h->listens && flags == FTCP_ACK &&
		   valid_cookie(h, sim_ms(s), seg->ack - 1)) {
		ftcp_conn_accept(&h->c, &h->config, seg, sim_ms(s));
		note(h, FTCP_EV_ESTABLISHED);
		h->arrived += !!seg->len;
		h->delivered += !!seg->len;
		h->timer_at = ftcp_conn_deadline(&h->c, sim_ms(s));
		return;
	} else {
		ftcp_reset_for(seg, &ctl);
	}
	send_control(s, at, &ctl);
}

/**
 * sim_receive() - a segment arrives, from the network or from a forger
 * @s: simulation
 * @at: which host
 * @hdr: header
 * @hlen: its length
 * @len: length of payload
 */
void sim_receive(struct sim *s, int at, const u8 *hdr, u32 hlen, u32 len)
{
	struct sim_host *h = &s->host[at];
	struct ftcp_segment seg;
	struct ftcp_result res;

	if (ftcp_segment_read(&seg, hdr, hlen, hlen + len))
		return;
	if (h->c.state == FTCP_CLOSED) {
		receive_unknown(s, at, &seg);
		return;
	}
	h->arrived += len && h->c.state == FTCP_ESTABLISHED;
	switch (ftcp_conn_receive_fast(&h->c, &seg, sim_ms(s))) {
	case FTCP_FAST_ARM:
		arm(h, sim_ms(s) + FTCP_ACK_DELAY);
		/* fall through */
	case FTCP_FAST_YES:
		h->delivered++;
		return;
	case FTCP_FAST_NO:
		break;
	}
	ftcp_conn_receive(&h->c, &seg, sim_ms(s), &res);
	if (res.verdict == FTCP_OK)
		h->delivered++;
	else if (res.verdict != FTCP_CONTROL)
		h->rejected++;
	if (h->mute && res.control.flags == FTCP_ACK && !res.event)
		res.control.flags = 0;
	act(s, at, &res);
}

void sim_dial(struct sim *s, int from, u32 iss)
{
	struct sim_host *h = &s->host[from];
	struct ftcp_result res;

	ftcp_conn_open(&h->c, &h->config, iss, sim_ms(s), &res);
	act(s, from, &res);
}

/**
 * sim_send() - the application sends a datagram
 * @s: simulation
 * @from: which host
 * @len: length
 *
 * Return: 1, or 0 if there is no connection to send it on.
 */
int sim_send(struct sim *s, int from, u32 len)
{
	struct sim_host *h = &s->host[from];
	struct ftcp_data d;
	u8 hdr[FTCP_HLEN];

	switch (ftcp_conn_send(&h->c, len, sim_ms(s), 0, &d)) {
	case FTCP_SENT_NO:
		h->refused++;
		return 0;
	case FTCP_SENT_ARM:
		arm(h, sim_ms(s) + FTCP_UNANSWERED);
		break;
	case FTCP_SENT:
		break;
	}
	h->sent++;
	h->holes += d.seq != h->next_seq;
	h->next_seq = d.seq + len;
	ftcp_header_write(hdr, (u16)(from + 1), (u16)(!from + 1), d.seq, d.ack,
			  d.flags, FTCP_WINDOW);
	transmit(s, from, hdr, FTCP_HLEN, len);
	return 1;
}

void sim_close(struct sim *s, int from)
{
	struct ftcp_result res;

	ftcp_conn_close(&s->host[from].c, sim_ms(s), &res);
	act(s, from, &res);
}

void sim_abort(struct sim *s, int from)
{
	struct ftcp_result res;

	ftcp_conn_abort(&s->host[from].c, &res);
	act(s, from, &res);
}

void sim_timer(struct sim *s, int at)
{
	struct sim_host *h = &s->host[at];
	struct ftcp_result res;

	ftcp_conn_timer(&h->c, sim_ms(s), &res);
	if (h->mute && res.control.flags == FTCP_ACK)
		res.control.flags = 0;
	act(s, at, &res);
}

/**
 * sim_run() - let time pass
 * @s: simulation
 * @until: in microseconds
 */
void sim_run(struct sim *s, u64 until)
{
	for (;;) {
		u64 at = s->count ? s->packet[0].at : NEVER;
		int what = 0, i;

		for (i = 0; i < 2; i++) {
			struct sim_host *h = &s->host[i];

			if (h->timer_at && h->timer_at * 1000 < at) {
				at = h->timer_at * 1000;
				what = 1 + i;
			}
			if (h->interval && h->next_send < at) {
				at = h->next_send;
				what = 3 + i;
			}
		}
		if (at > until)
			break;
		if (at > s->now)
			s->now = at;
		if (!what) {
			struct sim_packet p = pop(s);

			leave_leg(s, &p);
		} else if (what < 3) {
			sim_timer(s, what - 1);
		} else {
			struct sim_host *h = &s->host[what - 3];

			h->next_send = s->now + h->interval;
			sim_send(s, what - 3, h->size);
		}
	}
	s->now = until;
}
