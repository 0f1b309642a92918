// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of a connection; see conn.h for what they promise.
 *
 * In the order of this file: segments that a connection sends, opening,
 * receiving state by state, timers, closing.
 */
#include "conn.h"
#include "internal.h"

/* ---- segments to send ---- */

static void put_control(struct ftcp_result *res, u8 flags, u32 seq, u32 ack)
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

static void put_syn(const struct ftcp_conn *c, struct ftcp_result *res)
{
	put_control(res, FTCP_SYN, c->iss, 0);
	res->control.wscale = 1;
}

static void put_syn_ack(const struct ftcp_conn *c, struct ftcp_result *res)
{
	put_control(res, FTCP_SYN | FTCP_ACK, c->iss, c->rcv_nxt);
	res->control.wscale = c->wscale;
}

/* Every acknowledgement that leaves is also what data segments carry from
 * then on.
 */
static void put_ack(struct ftcp_conn *c, struct ftcp_result *res)
{
	u32 rcv_nxt;

	/* first, so that data which arrives just now arms the timer again */
	ftcp_store(c->ack_at, 0);
	rcv_nxt = ftcp_load(c->rcv_nxt);
	ftcp_store(c->ack_adv, rcv_nxt);
	put_control(res, FTCP_ACK, ftcp_load(c->snd_nxt), rcv_nxt);
}

/* RFC 5961, section 7: what might be an attack is answered by an ACK that
 * tells the true far end where we are, and not more often than twice a second.
 */
static void put_challenge(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res)
{
	if (now < c->challenge_at)
		return;
	c->challenge_at = now + FTCP_CHALLENGE_GAP;
	put_ack(c, res);
}

/* A keepalive probe stands just before what we acknowledged.  Its answer may be
 * lost, and the next probe comes no later than a challenge would be due.
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
	put_ack(c, res);
}

static void put_fin(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	put_ack(c, res);
	res->control.flags |= FTCP_FIN;
	res->control.seq = c->fin_seq;
	c->rtx_at = now + FTCP_FIN_RTO;
}

static int fin_acked(const struct ftcp_conn *c)
{
	u32 una = ftcp_load(c->snd_una);

	return una == c->fin_seq + 1 || una == ftcp_load(c->snd_nxt);
}

/* What was sent before a FIN may be lost, and only one that is expected counts: when
 * all that is under way has had time to arrive it follows what was acknowledged.
 */
static void place_fin(struct ftcp_conn *c)
{
	if (!fin_acked(c))
		c->fin_seq = ftcp_load(c->snd_una);
}

static void nothing(struct ftcp_result *res)
{
	*res = (struct ftcp_result){ .verdict = FTCP_CONTROL };
}

static void end(struct ftcp_conn *c, enum ftcp_event event,
		struct ftcp_result *res)
{
	ftcp_store(c->state, FTCP_CLOSED);
	ftcp_store(c->ack_at, 0);
	c->rtx_at = 0;
	res->event = event;
}

/* A whole window is on the way and nothing of it was acknowledged. */
static int stalled(const struct ftcp_conn *c, u64 now)
{
	return !ftcp_load(c->first_until) &&
	       !ftcp_conn_room(c, FTCP_PAYLOAD_MAX, now);
}

/* What health goes by: sequence numbers count bytes. */
static struct ftcp_signs signs(const struct ftcp_conn *c, u64 now)
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
		.full = stalled(c, now),
	};
}

/* ---- opening ---- */

static u64 syn_rto(u8 tries)
{
	u64 rto = FTCP_SYN_RTO;

	while (--tries && rto < FTCP_SYN_RTO_MAX)
		rto *= 2;
	return rto < FTCP_SYN_RTO_MAX ? rto : FTCP_SYN_RTO_MAX;
}

static void start_syn(struct ftcp_conn *c, u32 iss, u64 now)
{
	c->iss = iss;
	c->snd_una = iss;
	ftcp_store(c->snd_nxt, iss + 1);
	c->zero_iss = !iss;
	c->psh = iss && !c->config.phantun;
	c->tries = 1;
	c->rtx_at = now + syn_rto(1);
	ftcp_store(c->state, FTCP_SYN_SENT);
}

/* A SYN proxy answers in the far end's name with a window of 0, and drops data
 * until it has reached the far end; then it sends an ACK.
 */
static void begin_flight(struct ftcp_conn *c, const struct ftcp_segment *seg,
			 u64 now)
{
	c->first_flight = seg->window ? FTCP_FIRST_FLIGHT : 0;
	if (c->health.acks || !seg->window)	/* Phantun would keep us waiting */
		ftcp_store(c->first_until, now + FTCP_FIRST_TIME);
}

/* @seq is the first sequence number of the far end's data. */
static void establish(struct ftcp_conn *c, u32 seq, u8 wscale, u64 now)
{
	struct ftcp_signs s;

	c->wscale = !!wscale;
	ftcp_store(c->ack_step, FTCP_ACK_STEP_FIRST);
	c->rtx_at = 0;
	c->tries = 0;
	ftcp_sequence_begin(c, seq, now);
	ftcp_store(c->rx.last, now);
	ftcp_store(c->rx.data, now);
	s = signs(c, now);
	ftcp_health_begin(&c->health, &s, c->iss >> 8);
	ftcp_store(c->state, FTCP_ESTABLISHED);
}

/**
 * ftcp_conn_open() - dial
 * @c: connection, its contents are overwritten
 * @config: the owner's choices, copied
 * @iss: initial sequence number, hard to guess (RFC 6528); ignored when
 *	@config says Phantun
 * @now: present time, ms
 * @res: carries the SYN
 *
 * Phantun's server answers a SYN whose sequence number is not 0 with a RST.
 * A connection that is refused tries once more with 0, unless @config says native:
 * whoever knows the ends of one that begins with 0 knows its number as well.
 */
void ftcp_conn_open(struct ftcp_conn *c, const struct ftcp_conn_config *config,
		    u32 iss, u64 now, struct ftcp_result *res)
{
	nothing(res);
	*c = (struct ftcp_conn){ .config = *config };
	if (!iss)
		iss = 1;
	start_syn(c, config->phantun ? 0 : iss, now);
	c->health.acks = !c->zero_iss;
	c->rx.last = now;
	c->tx.last = now;
	c->rx.data = now;
	put_syn(c, res);
}

/**
 * ftcp_conn_answer_syn() - the SYN-ACK for a SYN of no connection
 * @seg: the SYN
 * @cookie: sequence number to answer with, see cookie.h
 * @ctl: the SYN-ACK
 *
 * There is no connection yet: it comes into being with ftcp_conn_accept().
 */
void ftcp_conn_answer_syn(const struct ftcp_segment *seg, u32 cookie,
			  struct ftcp_control *ctl)
{
	*ctl = (struct ftcp_control){
		.seq = cookie,
		.ack = seg->seq + 1,
		.window = FTCP_SYN_WINDOW,
		.flags = FTCP_SYN | FTCP_ACK,
		.wscale = seg->wscale != FTCP_NO_WSCALE,
	};
}

/**
 * ftcp_conn_accept() - a connection from a segment with a valid cookie
 * @c: connection, its contents are overwritten
 * @config: the owner's choices, copied
 * @seg: the segment; its acknowledgement number is the cookie + 1.  Its
 *	payload, if any, is a datagram.  It carries ACK, and none of SYN, FIN
 *	and RST
 * @now: present time, ms
 *
 * ftcp_conn_deadline() is to be asked at once: an ACK is due.
 */
void ftcp_conn_accept(struct ftcp_conn *c,
		      const struct ftcp_conn_config *config,
		      const struct ftcp_segment *seg, u64 now)
{
	*c = (struct ftcp_conn){ .config = *config };
	c->iss = seg->ack - 1;
	c->snd_una = seg->ack;
	c->snd_nxt = seg->ack;
	c->tx.last = now;
	c->psh = !config->phantun;
	establish(c, seg->seq, c->iss & 1, now);
	/* It may be Phantun, which keeps silent: health.acks has to be earned. */
	if (seg->len)
		c->rcv_nxt = seg->seq + seg->len;
	/* The window on the SYN-ACK was not scaled: to whoever watches, it is
	 * all that the client may send before it sees another segment.
	 */
	c->ack_at = now + 1;
}

/* ---- receiving ---- */

static void tick(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s;

	if (!ftcp_sequence_move(c, now))
		return;
	s = signs(c, now);
	ftcp_health_tick(&c->health, &s);
}

/* Whether a datagram has gone through, in either direction. */
static int proven(const struct ftcp_conn *c)
{
	return ftcp_load(c->snd_una) != c->iss + 1 ||
	       ftcp_load(c->rx.data) > c->health.opened;
}

/* Whether a RST is of an end that cuts its connection, which sends RST and ACK.  Who
 * does not know it answers a segment by a RST alone (RFC 9293, section 3.5.2), be it
 * a far end that has forgotten, one that a NAT now shows another connection, or a
 * firewall.  With Phantun it is the other way round.
 */
static int is_cut(const struct ftcp_conn *c, const struct ftcp_segment *seg)
{
	return c->zero_iss ? !(seg->flags & FTCP_ACK) :
			     !!(seg->flags & FTCP_ACK);
}

/* What a valid RST means.  Who does not even take the first datagrams will not take
 * those of the next connection either.
 */
static enum ftcp_event reset_event(const struct ftcp_conn *c,
				   const struct ftcp_segment *seg, u64 now)
{
	struct ftcp_signs s = signs(c, now);

	if (c->state != FTCP_ESTABLISHED)
		return FTCP_EV_RESET;
	if (now < c->ending_until)
		return c->ending;
	if (proven(c) &&
	    (!is_cut(c, seg) || ftcp_health_doubted(&c->health, &s)))
		return FTCP_EV_FORGOTTEN;
	return FTCP_EV_RESET;
}

/* An end that was announced, but has to be challenged. */
static void challenge_end(struct ftcp_conn *c, enum ftcp_event event, u64 now,
			  struct ftcp_result *res)
{
	c->ending = event;
	c->ending_until = now + FTCP_DOUBT;
	put_challenge(c, now, res);
	res->verdict = FTCP_BAD_SEQUENCE;
}

/* RFC 5961, section 3: a RST counts when its sequence number is exactly the one
 * expected, or one that we put on the wire as expected.  Another one near them may be
 * that of an end whose last segments were lost, and is challenged: that end answers
 * with the number which the challenge acknowledges.
 */
static void receive_reset(struct ftcp_conn *c, const struct ftcp_segment *seg,
			  u64 now, struct ftcp_result *res)
{
	s32 d = ftcp_seq_diff(seg->seq, ftcp_load(c->rcv_nxt));

	if (!d || seg->seq == ftcp_load(c->ack_adv)) {
		end(c, reset_event(c, seg, now), res);
		return;
	}
	res->verdict = FTCP_BAD_SEQUENCE;
	if (d < -(FTCP_BEHIND_MAX + FTCP_BEHIND) || d > FTCP_SEQ_AHEAD_MAX)
		return;
	if (is_cut(c, seg) &&
	    (!(seg->flags & FTCP_ACK) || ftcp_sequence_ack_plausible(c, seg->ack)))
		challenge_end(c, FTCP_EV_RESET, now, res);
	else
		put_challenge(c, now, res);
}

static void receive_syn_sent(struct ftcp_conn *c,
			     const struct ftcp_segment *seg, u64 now,
			     struct ftcp_result *res)
{
	int acked = (seg->flags & FTCP_ACK) && seg->ack == c->iss + 1;

	if (seg->flags & FTCP_RST) {
		if (!acked) {
			res->verdict = FTCP_BAD_SEQUENCE;
		} else if (c->zero_iss || c->config.native) {
			end(c, FTCP_EV_REFUSED, res);
		} else {
			start_syn(c, 0, now);
			put_syn(c, res);
		}
		return;
	}
	if ((seg->flags & FTCP_ACK) && !acked) {
		/* half-open: the far end knows an older connection */
		ftcp_reset_for(seg, &res->control);
		res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (!(seg->flags & FTCP_SYN)) {
		res->verdict = FTCP_BAD_STATE;
		return;
	}
	if (acked) {
		c->snd_una = seg->ack;
		c->health.acks = !c->zero_iss;
		begin_flight(c, seg, now);
		establish(c, seg->seq + 1, seg->wscale != FTCP_NO_WSCALE, now);
		put_ack(c, res);
		res->event = FTCP_EV_ESTABLISHED;
		return;
	}
	if (c->config.health.renewable) {
		/* Nobody dials a port of no fixed number: the SYN is forged. */
		res->verdict = FTCP_BAD_STATE;
		return;
	}
	/* Both ends dialled at once (RFC 9293, section 3.5, figure 8). */
	c->wscale = seg->wscale != FTCP_NO_WSCALE;
	ftcp_store(c->rcv_nxt, seg->seq + 1);
	ftcp_store(c->ack_adv, seg->seq + 1);
	c->rcv_past = seg->seq + 1;
	c->health.acks = 1;
	ftcp_store(c->state, FTCP_SYN_RECEIVED);
	put_syn_ack(c, res);
}

static void receive_syn_received(struct ftcp_conn *c,
				 const struct ftcp_segment *seg, u64 now,
				 struct ftcp_result *res)
{
	int acked = (seg->flags & FTCP_ACK) && seg->ack == c->iss + 1;

	if (seg->flags & FTCP_RST) {
		/* Who does not know our number may have sent the SYN as well, and
		 * chosen the one that is expected: that SYN is forgotten, or it
		 * was genuine and its sender has given up.
		 */
		if (acked)
			end(c, FTCP_EV_REFUSED, res);
		else if (seg->seq == c->rcv_nxt)
			ftcp_store(c->state, FTCP_SYN_SENT);
		else
			res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (!acked) {
		/* the same SYN again: our answer to it was lost */
		if ((seg->flags & (FTCP_SYN | FTCP_ACK)) == FTCP_SYN &&
		    seg->seq + 1 == c->rcv_nxt)
			put_syn_ack(c, res);
		else
			res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (seg->flags & FTCP_SYN) {
		/* Whoever acknowledges our number is the true far end, even if
		 * a forged SYN came first: its sequence number counts.
		 */
		c->snd_una = seg->ack;
		begin_flight(c, seg, now);
		establish(c, seg->seq + 1, seg->wscale != FTCP_NO_WSCALE, now);
		put_ack(c, res);
		res->event = FTCP_EV_ESTABLISHED;
		return;
	}
	if ((seg->flags & FTCP_FIN) || !ftcp_sequence_plausible(c, seg, now)) {
		res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	c->snd_una = seg->ack;
	establish(c, seg->seq, c->wscale, now);
	if (seg->len) {
		ftcp_store(c->rcv_nxt, seg->seq + seg->len);
		ftcp_store(c->ack_at, now + FTCP_ACK_DELAY);
		res->verdict = FTCP_OK;
	}
	res->event = FTCP_EV_ESTABLISHED;
}

/* The far end has nothing more to say: neither have we. */
static void receive_fin(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	ftcp_fetch_add(c->rcv_nxt, 1);
	c->fin_received = 1;
	if (c->state == FTCP_FIN_WAIT) {
		put_ack(c, res);
		end(c, FTCP_EV_CLOSED, res);
		return;
	}
	ftcp_store(c->state, FTCP_LAST_ACK);
	c->fin_seq = ftcp_fetch_add(c->snd_nxt, 1);
	c->tries = 1;
	put_fin(c, now, res);
	res->event = FTCP_EV_PEER_CLOSED;
}

/* Whether an acknowledgement says that the far end waits for other data than our FIN
 * comes after.  It may have crossed what is under way.
 */
static int expects_fin(const struct ftcp_conn *c, u64 now)
{
	return ftcp_load(c->snd_una) != c->fin_seq && !fin_acked(c) &&
	       (c->tries > 1 ||
		now >= ftcp_load(c->tx.last) + FTCP_UNANSWERED);
}

/* FTCP_ESTABLISHED, FTCP_FIN_WAIT, FTCP_LAST_ACK */
static void receive_synchronized(struct ftcp_conn *c,
				 const struct ftcp_segment *seg, u64 now,
				 struct ftcp_result *res)
{
	u32 seg_end = seg->seq + seg->len;
	s32 acked = ftcp_seq_diff(seg->ack, ftcp_load(c->snd_una));

	ftcp_sequence_settle(c, now);
	if (seg->flags & FTCP_RST) {
		receive_reset(c, seg, now, res);
		return;
	}
	if (seg->flags & FTCP_SYN) {
		/* A repeated SYN-ACK means that our ACK was lost; a SYN, that
		 * the far end starts anew.  The challenge serves both: it is
		 * the ACK, or it draws the RST that ends this connection
		 * (RFC 5961, section 4).
		 */
		put_challenge(c, now, res);
		return;
	}
	if (!(seg->flags & FTCP_ACK)) {
		res->verdict = FTCP_BAD_STATE;
		return;
	}
	if (!ftcp_sequence_ack_plausible(c, seg->ack) || !ftcp_sequence_plausible(c, seg, now)) {
		put_challenge(c, now, res);
		res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	/* A FIN changes as much as a RST, and is held to the same measure. */
	if ((seg->flags & FTCP_FIN) && c->state != FTCP_LAST_ACK &&
	    seg->seq != ftcp_load(c->rcv_nxt)) {
		challenge_end(c, FTCP_EV_CLOSED, now, res);
		return;
	}

	ftcp_health_heard(&c->rx, now);
	ftcp_store(c->first_until, 0);
	if (acked > 0)
		ftcp_store(c->snd_una, seg->ack);

	if (c->state == FTCP_LAST_ACK) {
		if (fin_acked(c)) {
			end(c, FTCP_EV_CLOSED, res);
		} else if (seg->flags & FTCP_FIN) {
			put_challenge(c, now, res);
		} else if (expects_fin(c, now)) {
			place_fin(c);
			put_fin(c, now, res);
		}
		return;
	}
	if (!seg->len && !(seg->flags & FTCP_FIN)) {
		ftcp_sequence_where(c, seg->seq);
		tick(c, now);
		if (c->state == FTCP_FIN_WAIT && expects_fin(c, now)) {
			place_fin(c);
			put_fin(c, now, res);
			return;
		}
		if (c->taken_back ||
		    ftcp_seq_diff(seg->seq, ftcp_load(c->ack_adv)) < 0)
			answer_probe(c, seg, now, res);
		else if (acked > 0 && acked <= FTCP_ACK_SELDOM)
			c->health.acks = 1;
		return;
	}

	if (seg->len) {
		res->verdict = FTCP_OK;
		ftcp_health_received(&c->rx, now);
	}
	if (seg->len && ftcp_sequence_far_ahead(c, seg, now)) {
		/* like a probe, so that the far end says where it is */
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
		put_ack(c, res);
		/* a single lost ACK is not to keep the window shut at first */
		if (c->wscale && c->ack_step < FTCP_ACK_STEP)
			ftcp_store(c->ack_step, c->ack_step * 2);
	} else if (!ftcp_load(c->ack_at)) {
		ftcp_store(c->ack_at, now + FTCP_ACK_DELAY);
	}
}

/**
 * ftcp_conn_receive() - a segment for this connection
 * @c: connection
 * @seg: the segment; its checksum was found right
 * @now: present time, ms
 * @res: what to do
 */
void ftcp_conn_receive(struct ftcp_conn *c, const struct ftcp_segment *seg,
		       u64 now, struct ftcp_result *res)
{
	nothing(res);
	switch (c->state) {
	case FTCP_SYN_SENT:
		receive_syn_sent(c, seg, now, res);
		break;
	case FTCP_SYN_RECEIVED:
		receive_syn_received(c, seg, now, res);
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

static void timer_opening(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res)
{
	if (now < c->rtx_at)
		return;
	if (c->tries >= FTCP_SYN_TRIES) {
		end(c, FTCP_EV_UNANSWERED, res);
		return;
	}
	c->tries++;
	c->rtx_at = now + syn_rto(c->tries);
	if (c->state == FTCP_SYN_SENT)
		put_syn(c, res);
	else
		put_syn_ack(c, res);
}

static void timer_closing(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res)
{
	if (now < c->rtx_at)
		return;
	place_fin(c);
	if (c->tries >= FTCP_FIN_TRIES) {
		/* Phantun knows no FIN, but a RST. */
		put_control(res, FTCP_RST | FTCP_ACK, c->fin_seq + 1,
			    ftcp_load(c->rcv_nxt));
		end(c, FTCP_EV_CLOSED, res);
		return;
	}
	c->tries++;
	put_fin(c, now, res);
}

static void give_up(struct ftcp_conn *c, struct ftcp_result *res)
{
	put_control(res, FTCP_RST | FTCP_ACK, ftcp_load(c->snd_nxt),
		    ftcp_load(c->rcv_nxt));
	end(c, FTCP_EV_DEAD, res);
}

static void put_probe(struct ftcp_conn *c, struct ftcp_result *res)
{
	put_ack(c, res);
	/* as Linux probes: one before the oldest unacknowledged byte */
	res->control.seq = ftcp_load(c->snd_una) - 1;
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
	s = signs(c, now);
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
	if (todo & FTCP_TODO_PROBE)
		put_probe(c, res);
	else if (ack_at && now >= ack_at)
		put_ack(c, res);
}

/**
 * ftcp_conn_timer() - time has passed
 * @c: connection
 * @now: present time, ms
 * @res: what to do
 *
 * May be called at any time; nothing happens before something is due.
 */
void ftcp_conn_timer(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	nothing(res);
	switch (c->state) {
	case FTCP_SYN_SENT:
	case FTCP_SYN_RECEIVED:
		timer_opening(c, now, res);
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
 * ftcp_conn_deadline() - when ftcp_conn_timer() has to be called
 * @c: connection
 * @now: present time, ms
 *
 * Return: a time, perhaps past; 0 if there is nothing to wait for.  Sending
 * arms no timer but as ftcp_conn_send() says, so an established connection is
 * looked at once in every keepalive period.
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

	s = signs(c, now);
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
 * @c: connection
 * @now: present time, ms
 * @res: carries the FIN, if one is due
 *
 * A connection that was not established ends at once.
 */
void ftcp_conn_close(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	nothing(res);
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
 * ftcp_conn_abort() - end now
 * @c: connection
 * @res: carries the RST, if the far end knows the connection
 *
 * The RST is what a TCP sends when its user aborts (RFC 9293, section
 * 3.10.5), in the window of whoever watches the path.
 */
void ftcp_conn_abort(struct ftcp_conn *c, struct ftcp_result *res)
{
	nothing(res);
	if (c->state != FTCP_CLOSED && c->state != FTCP_SYN_SENT)
		put_control(res, FTCP_RST | FTCP_ACK, ftcp_load(c->snd_nxt),
			    ftcp_load(c->rcv_nxt));
	if (c->state != FTCP_CLOSED)
		end(c, FTCP_EV_CLOSED, res);
}

/* ---- replacement ---- */

/**
 * ftcp_conn_suspect() - the way to the far end may have changed
 * @c: connection
 * @now: present time, ms
 *
 * After a change of route or device, or a suspension of the host: the far end
 * is probed at once, if it is one that answers.  A replacement that failed says
 * nothing about the new way.  ftcp_conn_deadline() is to be asked at once.
 */
void ftcp_conn_suspect(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s = signs(c, now);

	if (c->state == FTCP_ESTABLISHED)
		ftcp_health_suspect(&c->health, &s);
}

/**
 * ftcp_conn_renew() - the owner wants a replacement
 * @c: connection
 * @now: present time, ms; later than any time if it cannot wait
 *
 * Return: 1 if it is to be made, 0 if one is being made, or failed a moment ago,
 * or @c is not one to be replaced.
 */
int ftcp_conn_renew(struct ftcp_conn *c, u64 now)
{
	struct ftcp_signs s = signs(c, now);

	return c->state == FTCP_ESTABLISHED &&
	       ftcp_health_renew(&c->health, &s);
}

/**
 * ftcp_conn_renew_failed() - the replacement did not come about
 * @c: the connection that asked for it
 * @in_vain: the far end was dialled and did not answer, or refused; not a
 *	failure on this host
 * @again: ms; not to ask again before
 * @res: what to do
 *
 * A connection that has been silent while the far end was dialled in vain is
 * given up, if somebody waits for an answer.  An idle one goes on while it has
 * patience, as do the attempts to replace it: where there is no way at all, as
 * while a device is down, the other end has not forgotten it.
 */
void ftcp_conn_renew_failed(struct ftcp_conn *c, int in_vain, u64 again,
			    struct ftcp_result *res)
{
	struct ftcp_signs s = signs(c, 0);

	nothing(res);
	if (!c->health.renewing || c->state != FTCP_ESTABLISHED)
		return;
	if (ftcp_health_renew_failed(&c->health, &s, in_vain, again))
		give_up(c, res);
}

/**
 * ftcp_conn_retire() - the conversation has moved to a replacement
 * @c: connection
 * @heir: the replacement, established and not yet used
 * @now: present time, ms
 *
 * What is still under way from the far end is received for FTCP_DRAIN, then
 * the connection is closed in order.  An idle conversation does not become
 * younger by moving.  ftcp_conn_deadline() is to be asked at once, for both.
 */
void ftcp_conn_retire(struct ftcp_conn *c, struct ftcp_conn *heir, u64 now)
{
	struct ftcp_signs s = signs(c, now);

	if (c->state != FTCP_ESTABLISHED || !ftcp_health_retire(&c->health, &s))
		return;
	if (ftcp_load(heir->tx.last) <= heir->health.opened)
		ftcp_store(heir->tx.last, s.tx.last);
	if (ftcp_load(heir->rx.data) <= heir->health.opened)
		ftcp_store(heir->rx.data, s.rx.data);
}
