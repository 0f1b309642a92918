// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of an established connection and its end; see conn.h.
 *
 * How it begins is in handshake.c, which numbers are plausible in sequence.c,
 * and when it is probed, replaced or given up in health.c.
 */
#include "internal.h"

/* ---- segments to send ---- */

/* Have a segment without payload sent. */
void ftcp_put_control(struct ftcp_result *res, u8 flags, u32 seq, u32 ack)
{
	res->control = (struct ftcp_control){
		.seq = seq,
		.ack = ack,
		.window = flags & FTCP_SYN ? FTCP_SYN_WINDOW :
			  flags & FTCP_RST ? 0 :
					     FTCP_WINDOW,
		.flags = flags,
	};
}

/* Acknowledge all that was received; data segments carry the same number. */
void ftcp_put_ack(struct ftcp_conn *c, struct ftcp_result *res)
{
	u32 rcv_nxt;

	/* first: data that arrives now has to arm the timer again */
	ftcp_store(c->ack_at, 0);
	rcv_nxt = ftcp_load(c->rcv_nxt);
	ftcp_store(c->ack_adv, rcv_nxt);
	ftcp_put_control(res, FTCP_ACK, ftcp_load(c->snd_nxt), rcv_nxt);
}

/* RFC 5961, section 7: a challenge ACK tells the true far end where we are if a
 * segment may be an attack.  The rate is limited.
 */
static void put_challenge(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res)
{
	if (now < c->challenge_at)
		return;
	c->challenge_at = now + FTCP_CHALLENGE_GAP;
	ftcp_put_ack(c, res);
}

/* A keepalive probe has the number just before the one that we acknowledged.
 * An answer may get lost, and challenges must not use up those of later probes:
 * they have a rate limit of their own.
 */
static void answer_probe(struct ftcp_conn *c, const struct ftcp_segment *seg,
			 u64 now, struct ftcp_result *res)
{
	if (seg->seq + 1 != ftcp_load(c->ack_adv)) {
		put_challenge(c, now, res);
		return;
	}
	if (now < c->answer_at)
		return;
	c->answer_at = now + FTCP_ANSWER_GAP;
	ftcp_put_ack(c, res);
}

static void put_fin(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	ftcp_put_ack(c, res);
	res->control.flags |= FTCP_FIN;
	res->control.seq = c->fin_seq;
	c->rtx_at = now + FTCP_FIN_RTO;
}

static int fin_acked(const struct ftcp_conn *c)
{
	u32 una = ftcp_load(c->snd_una);

	return una == c->fin_seq + 1 || una == ftcp_load(c->snd_nxt);
}

/* Data sent before the FIN may be lost, and the far end ignores a FIN that it
 * does not expect.  Once everything in flight has had time to arrive, move the
 * FIN to what was acknowledged.
 */
static void place_fin(struct ftcp_conn *c)
{
	if (!fin_acked(c))
		c->fin_seq = ftcp_load(c->snd_una);
}

/* End the connection; @event is FTCP_EV_CLOSED or later. */
void ftcp_conn_end(struct ftcp_conn *c, enum ftcp_event event,
		   struct ftcp_result *res)
{
	ftcp_store(c->state, FTCP_CLOSED);
	ftcp_store(c->ack_at, 0);
	c->rtx_at = 0;
	res->event = event;
}


/* What health is judged by; sequence numbers count bytes. */
struct ftcp_signs ftcp_conn_signs(const struct ftcp_conn *c, u64 now)
{
	return (struct ftcp_signs){
		.config = &c->config.health,
		.now = now,
		.tx.last = ftcp_load(c->tx.last),
		.tx.asked = ftcp_load(c->tx.asked),
		.rx.last = ftcp_load(c->rx.last),
		.rx.data = ftcp_load(c->rx.data),
		.sent = ftcp_load(c->snd_nxt),
		.acked = ftcp_load(c->snd_una),
		.received = ftcp_load(c->rcv_nxt),
		.full = !ftcp_load(c->first_until) &&
			!ftcp_conn_room(c, FTCP_PAYLOAD_MAX, now),
	};
}

/* ---- receiving ---- */

static void tick(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s;

	if (!ftcp_sequence_move(c, now))
		return;
	s = ftcp_conn_signs(c, now);
	ftcp_health_tick(&c->health, &s);
}

/* Whether a datagram has passed, in either direction */
static int proven(const struct ftcp_conn *c)
{
	return ftcp_load(c->snd_una) != c->iss + 1 ||
	       ftcp_load(c->rx.data) > c->health.opened;
}

/* Whether a RST comes from an end that closes its connection.  That is a RST
 * with ACK.  A far end that has forgotten the connection, a NAT that maps it to
 * another one, or a firewall answers with a RST alone (RFC 9293, section
 * 3.5.2).  Phantun does the opposite.
 */
static int is_cut(const struct ftcp_conn *c, const struct ftcp_segment *seg)
{
	return c->zero_iss ? !(seg->flags & FTCP_ACK) :
			     !!(seg->flags & FTCP_ACK);
}

/* What a valid RST means.  Do not dial again if the far end refuses even the
 * first datagrams: it would refuse those of the next connection, too.
 */
static enum ftcp_event reset_event(const struct ftcp_conn *c,
				   const struct ftcp_segment *seg, u64 now)
{
	struct ftcp_signs s = ftcp_conn_signs(c, now);

	if (c->state != FTCP_ESTABLISHED)
		return FTCP_EV_RESET;
	if (now < c->ending_until)
		return c->ending;
	if (proven(c) &&
	    (!is_cut(c, seg) || ftcp_health_doubted(&c->health, &s)))
		return FTCP_EV_FORGOTTEN;
	return FTCP_EV_RESET;
}

/* The far end seems to end the connection: challenge it. */
static void challenge_end(struct ftcp_conn *c, enum ftcp_event event, u64 now,
			  struct ftcp_result *res)
{
	c->ending = event;
	c->ending_until = now + FTCP_DOUBT;
	put_challenge(c, now, res);
	res->verdict = FTCP_BAD_SEQUENCE;
}

/* RFC 5961, section 3: a RST is valid if it has exactly the expected sequence
 * number, or the one that we last acknowledged.  Challenge one that is close:
 * segments before it may have been lost.  A true far end then repeats it with
 * the number that the challenge acknowledges.
 */
static void receive_reset(struct ftcp_conn *c, const struct ftcp_segment *seg,
			  u64 now, struct ftcp_result *res)
{
	s32 d = ftcp_seq_diff(seg->seq, ftcp_load(c->rcv_nxt));

	if (!d || seg->seq == ftcp_load(c->ack_adv)) {
		ftcp_conn_end(c, reset_event(c, seg, now), res);
		return;
	}
	res->verdict = FTCP_BAD_SEQUENCE;
	if (d < -(FTCP_BEHIND_MAX + FTCP_BEHIND) || d > FTCP_SEQ_AHEAD_MAX)
		return;
	if (is_cut(c, seg) && (!(seg->flags & FTCP_ACK) ||
			       ftcp_sequence_ack_plausible(c, seg->ack)))
		challenge_end(c, FTCP_EV_RESET, now, res);
	else
		put_challenge(c, now, res);
}

/* The far end closes: close this side, too. */
static void receive_fin(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	ftcp_fetch_add(c->rcv_nxt, 1);
	c->fin_received = 1;
	if (c->state == FTCP_FIN_WAIT) {
		ftcp_put_ack(c, res);
		ftcp_conn_end(c, FTCP_EV_CLOSED, res);
		return;
	}
	ftcp_store(c->state, FTCP_LAST_ACK);
	c->fin_seq = ftcp_fetch_add(c->snd_nxt, 1);
	c->tries = 1;
	put_fin(c, now, res);
	res->event = FTCP_EV_PEER_CLOSED;
}

/* Whether the far end waits for other data than that before our FIN.  Its
 * acknowledgement may have crossed what is in flight.
 */
static int expects_fin(const struct ftcp_conn *c, u64 now)
{
	return ftcp_load(c->snd_una) != c->fin_seq && !fin_acked(c) &&
	       (c->tries > 1 ||
		now >= ftcp_load(c->tx.last) + FTCP_UNANSWERED);
}

/* Whether to process a segment; RST and SYN are handled here. */
static int acceptable(struct ftcp_conn *c, const struct ftcp_segment *seg,
		      u64 now, struct ftcp_result *res)
{
	if (seg->flags & FTCP_RST) {
		receive_reset(c, seg, now, res);
		return 0;
	}
	if (seg->flags & FTCP_SYN) {
		/* The far end repeats its SYN-ACK because our ACK was lost, or
		 * starts anew.  The challenge is that ACK, or it triggers the
		 * RST that ends this connection (RFC 5961, section 4).
		 */
		put_challenge(c, now, res);
		return 0;
	}
	if (!(seg->flags & FTCP_ACK)) {
		res->verdict = FTCP_BAD_STATE;
		return 0;
	}
	if (!ftcp_sequence_ack_plausible(c, seg->ack) ||
	    !ftcp_sequence_plausible(c, seg, now)) {
		put_challenge(c, now, res);
		res->verdict = FTCP_BAD_SEQUENCE;
		return 0;
	}
	/* A FIN has the effect of a RST, so it must be as exact. */
	if ((seg->flags & FTCP_FIN) && c->state != FTCP_LAST_ACK &&
	    seg->seq != ftcp_load(c->rcv_nxt)) {
		challenge_end(c, FTCP_EV_CLOSED, now, res);
		return 0;
	}
	return 1;
}

static void receive_last_ack(struct ftcp_conn *c,
			     const struct ftcp_segment *seg, u64 now,
			     struct ftcp_result *res)
{
	if (fin_acked(c)) {
		ftcp_conn_end(c, FTCP_EV_CLOSED, res);
	} else if (seg->flags & FTCP_FIN) {
		put_challenge(c, now, res);
	} else if (expects_fin(c, now)) {
		place_fin(c);
		put_fin(c, now, res);
	}
}

/* A segment without payload and FIN that acknowledged @acked more bytes */
static void receive_ack(struct ftcp_conn *c, const struct ftcp_segment *seg,
			s32 acked, u64 now, struct ftcp_result *res)
{
	ftcp_sequence_where(c, seg->seq);
	tick(c, now);
	if (c->state == FTCP_FIN_WAIT && expects_fin(c, now)) {
		place_fin(c);
		put_fin(c, now, res);
		return;
	}
	if (c->taken_back || ftcp_seq_diff(seg->seq, ftcp_load(c->ack_adv)) < 0)
		answer_probe(c, seg, now, res);
	else if (acked > 0 && acked <= FTCP_ACK_SELDOM)
		c->health.acks = 1;
}

static void receive_data(struct ftcp_conn *c, const struct ftcp_segment *seg,
			 u64 now, struct ftcp_result *res)
{
	u32 seg_end = seg->seq + seg->len;

	if (seg->len) {
		res->verdict = FTCP_OK;
		ftcp_health_received(&c->rx, now);
	}
	if (seg->len && ftcp_sequence_far_ahead(c, seg, now)) {
		/* like a probe: the answer tells where the far end is */
		put_challenge(c, now, res);
		res->control.seq = ftcp_load(c->snd_una) - 1;
		return;
	}
	if (ftcp_seq_diff(seg_end, ftcp_load(c->rcv_nxt)) > 0)
		ftcp_store(c->rcv_nxt, seg_end);
	else if (!(seg->flags & FTCP_FIN))
		ftcp_sequence_late(c, seg_end);
	tick(c, now);
	if (seg->flags & FTCP_FIN) {
		receive_fin(c, now, res);
		return;
	}
	if (ftcp_seq_diff(ftcp_load(c->rcv_nxt), ftcp_load(c->ack_adv)) >=
	    (s32)c->ack_step) {
		ftcp_put_ack(c, res);
		/* at first, losing one ACK must not close the window */
		if (c->wscale && c->ack_step < FTCP_ACK_STEP)
			ftcp_store(c->ack_step, c->ack_step * 2);
	} else if (!ftcp_load(c->ack_at)) {
		ftcp_store(c->ack_at, now + FTCP_ACK_DELAY);
	}
}

/* FTCP_ESTABLISHED, FTCP_FIN_WAIT and FTCP_LAST_ACK */
static void receive_synchronized(struct ftcp_conn *c,
				 const struct ftcp_segment *seg, u64 now,
				 struct ftcp_result *res)
{
	s32 acked = ftcp_seq_diff(seg->ack, ftcp_load(c->snd_una));

	ftcp_sequence_settle(c, now);
	if (!acceptable(c, seg, now, res))
		return;
	ftcp_health_heard(&c->rx, now);
	ftcp_store(c->first_until, 0);
	if (acked > 0)
		ftcp_store(c->snd_una, seg->ack);

	if (c->state == FTCP_LAST_ACK)
		receive_last_ack(c, seg, now, res);
	else if (seg->len || (seg->flags & FTCP_FIN))
		receive_data(c, seg, now, res);
	else
		receive_ack(c, seg, acked, now, res);
}

/**
 * ftcp_conn_receive() - process a segment
 * @c: connection
 * @seg: the segment, its checksum verified
 * @now: ms
 * @res: what to do
 */
void ftcp_conn_receive(struct ftcp_conn *c, const struct ftcp_segment *seg,
		       u64 now, struct ftcp_result *res)
{
	ftcp_nothing(res);
	switch (c->state) {
	case FTCP_SYN_SENT:
		ftcp_handshake_syn_sent(c, seg, now, res);
		break;
	case FTCP_SYN_RECEIVED:
		ftcp_handshake_syn_received(c, seg, now, res);
		break;
	case FTCP_ESTABLISHED:
	case FTCP_FIN_WAIT:
	case FTCP_LAST_ACK:
		receive_synchronized(c, seg, now, res);
		break;
	default:
		res->verdict = FTCP_BAD_STATE;
	}
}

/* ---- timers ---- */

static void timer_closing(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res)
{
	if (now < c->rtx_at)
		return;
	place_fin(c);
	if (c->tries >= FTCP_FIN_TRIES) {
		/* Phantun ignores a FIN, but not a RST. */
		ftcp_put_control(res, FTCP_RST | FTCP_ACK, c->fin_seq + 1,
				 ftcp_load(c->rcv_nxt));
		ftcp_conn_end(c, FTCP_EV_CLOSED, res);
		return;
	}
	c->tries++;
	put_fin(c, now, res);
}

static void give_up(struct ftcp_conn *c, struct ftcp_result *res)
{
	ftcp_put_control(res, FTCP_RST | FTCP_ACK, ftcp_load(c->snd_nxt),
			 ftcp_load(c->rcv_nxt));
	ftcp_conn_end(c, FTCP_EV_DEAD, res);
}


static void timer_established(struct ftcp_conn *c, u64 now,
			      struct ftcp_result *res)
{
	struct ftcp_signs s;
	unsigned int todo;
	u64 ack_at;

	ftcp_sequence_settle(c, now);
	tick(c, now);
	if (now >= ftcp_load(c->first_until))
		ftcp_store(c->first_until, 0);
	s = ftcp_conn_signs(c, now);
	todo = ftcp_health_timer(&c->health, &s);
	if (todo & FTCP_TODO_CLOSE) {
		ftcp_conn_close(c, now, res);
		return;
	}
	if (todo & FTCP_TODO_GIVE_UP) {
		give_up(c, res);
		return;
	}
	if (todo & FTCP_TODO_RENEW)
		res->event = FTCP_EV_RENEW;
	ack_at = ftcp_load(c->ack_at);
	if ((todo & FTCP_TODO_PROBE) || (ack_at && now >= ack_at))
		ftcp_put_ack(c, res);
	if (todo & FTCP_TODO_PROBE) /* like Linux */
		res->control.seq = ftcp_load(c->snd_una) - 1;
}

/**
 * ftcp_conn_timer() - do what is due
 * @c: connection
 * @now: ms
 * @res: what to do
 *
 * May be called at any time, also when nothing is due.
 */
void ftcp_conn_timer(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	ftcp_nothing(res);
	switch (c->state) {
	case FTCP_SYN_SENT:
	case FTCP_SYN_RECEIVED:
		ftcp_handshake_timer(c, now, res);
		break;
	case FTCP_ESTABLISHED:
		timer_established(c, now, res);
		break;
	case FTCP_FIN_WAIT:
	case FTCP_LAST_ACK:
		timer_closing(c, now, res);
		break;
	}
}

/**
 * ftcp_conn_deadline() - when to call ftcp_conn_timer()
 * @c: connection
 * @now: ms
 *
 * ftcp_conn_send() does not move the deadline unless it says so, so the timer
 * of an established connection runs once per keepalive period.
 *
 * Return: ms, perhaps in the past; 0: never.
 */
u64 ftcp_conn_deadline(const struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s;
	u64 at, first_until, ack_at;

	switch (c->state) {
	case FTCP_CLOSED:
		return 0;
	case FTCP_ESTABLISHED:
		break;
	default:
		return c->rtx_at;
	}

	s = ftcp_conn_signs(c, now);
	at = ftcp_health_deadline(&c->health, &s);
	first_until = ftcp_load(c->first_until);
	if (first_until && first_until < at)
		at = first_until;
	ack_at = ftcp_load(c->ack_at);
	if (ack_at && ack_at < at)
		at = ack_at;
	return c->jump_at && c->jump_at < at ? c->jump_at : at;
}

/* ---- closing ---- */

/**
 * ftcp_conn_close() - close in order
 * @c: connection; ends at once unless it is established
 * @now: ms
 * @res: what to do: send the FIN
 */
void ftcp_conn_close(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	ftcp_nothing(res);
	switch (c->state) {
	case FTCP_ESTABLISHED:
		ftcp_store(c->state, FTCP_FIN_WAIT);
		c->fin_seq = ftcp_fetch_add(c->snd_nxt, 1);
		c->tries = 1;
		put_fin(c, now, res);
		break;
	case FTCP_SYN_SENT:
	case FTCP_SYN_RECEIVED:
		ftcp_conn_abort(c, res);
		break;
	}
}

/**
 * ftcp_conn_abort() - end the connection at once
 * @c: connection
 * @res: what to do: send the RST, unless the far end does not know @c
 *
 * The RST is that of a user abort (RFC 9293, section 3.10.5), and middleboxes
 * take its number for valid.
 */
void ftcp_conn_abort(struct ftcp_conn *c, struct ftcp_result *res)
{
	ftcp_nothing(res);
	if (c->state != FTCP_CLOSED && c->state != FTCP_SYN_SENT)
		ftcp_put_control(res, FTCP_RST | FTCP_ACK,
				 ftcp_load(c->snd_nxt), ftcp_load(c->rcv_nxt));
	if (c->state != FTCP_CLOSED)
		ftcp_conn_end(c, FTCP_EV_CLOSED, res);
}

/* ---- replacement ---- */

/**
 * ftcp_conn_ask() - have the far end say that it is still there
 * @c: connection
 * @res: what to do: send a probe; nothing unless it is established
 *
 * For an owner who cannot wait for a probe to become due.
 */
void ftcp_conn_ask(struct ftcp_conn *c, struct ftcp_result *res)
{
	ftcp_nothing(res);
	if (c->state != FTCP_ESTABLISHED)
		return;
	ftcp_put_ack(c, res);
	res->control.seq = ftcp_load(c->snd_una) - 1;
}

/**
 * ftcp_conn_suspect() - the path may have changed
 * @c: connection
 * @now: ms
 *
 * For a change of route or device, and resume from suspend.  Makes a probe due,
 * if the far end answers probes, and allows another replacement even if one
 * failed just now.  Ask for ftcp_conn_deadline() afterwards.
 */
void ftcp_conn_suspect(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s = ftcp_conn_signs(c, now);

	if (c->state == FTCP_ESTABLISHED)
		ftcp_health_suspect(&c->health, &s);
}

/**
 * ftcp_conn_renew() - have the connection replaced
 * @c: connection
 * @now: ms; ~0 if a recent failure must not delay it
 *
 * Return: 1 if the caller has to open a replacement, as with FTCP_EV_RENEW; 0
 * if one is being opened or failed a moment ago, or @c cannot be replaced.
 */
int ftcp_conn_renew(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s = ftcp_conn_signs(c, now);

	return c->state == FTCP_ESTABLISHED &&
	       ftcp_health_renew(&c->health, &s);
}

/**
 * ftcp_conn_renew_failed() - the replacement could not be opened
 * @c: the connection to be replaced
 * @in_vain: the far end refused or did not answer; 0: failed on this host
 * @again: ms; do not ask for another before
 * @res: what to do
 *
 * Gives @c up if it is silent, too, and somebody waits for an answer.  An idle
 * connection goes on, and so do attempts to replace it: if only the path is
 * interrupted, the far end still knows it.
 */
void ftcp_conn_renew_failed(struct ftcp_conn *c, int in_vain, u64 again,
			    struct ftcp_result *res)
{
	struct ftcp_signs s = ftcp_conn_signs(c, 0);

	ftcp_nothing(res);
	if (!c->health.renewing || c->state != FTCP_ESTABLISHED)
		return;
	if (ftcp_health_renew_failed(&c->health, &s, in_vain, again))
		give_up(c, res);
}

/**
 * ftcp_conn_retire() - the replacement takes over
 * @c: connection
 * @next: the replacement, established and not yet used
 * @now: ms
 *
 * @c receives for another FTCP_DRAIN and is then closed in order.  @next takes
 * over how long the conversation has been idle.  Ask for ftcp_conn_deadline()
 * of both afterwards.
 *
 * Return: 1; 0 if @c is not established or was already replaced.
 */
int ftcp_conn_retire(struct ftcp_conn *c, struct ftcp_conn *next, u64 now)
{
	struct ftcp_signs s = ftcp_conn_signs(c, now);

	if (c->state != FTCP_ESTABLISHED || !ftcp_health_retire(&c->health, &s))
		return 0;
	if (ftcp_load(next->tx.last) <= next->health.opened)
		ftcp_store(next->tx.last, s.tx.last);
	if (ftcp_load(next->rx.data) <= next->health.opened)
		ftcp_store(next->rx.data, s.rx.data);
	return 1;
}
