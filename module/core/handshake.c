// SPDX-License-Identifier: GPL-2.0
/* How a connection begins: dial, accept by a cookie, or simultaneous open. */
#include "internal.h"

static void put_syn(const struct ftcp_conn *c, struct ftcp_result *res)
{
	ftcp_put_control(res, FTCP_SYN, c->iss, 0);
	res->control.wscale = 1;
}

static void put_syn_ack(const struct ftcp_conn *c, struct ftcp_result *res)
{
	ftcp_put_control(res, FTCP_SYN | FTCP_ACK, c->iss, c->rcv_nxt);
	res->control.wscale = c->wscale;
}

static u64 syn_rto(u8 tries)
{
	u64 rto = FTCP_SYN_RTO << (tries - 1);

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


/* @seq: where the far end's data begins */
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
	s = ftcp_conn_signs(c, now);
	ftcp_health_begin(&c->health, &s, c->iss >> 8);
	ftcp_store(c->state, FTCP_ESTABLISHED);
}

/* Our SYN was answered with a SYN-ACK.  A SYN proxy answers for the far end
 * with a window of 0 and drops data until it is connected to the far end; then
 * it sends an ACK.
 */
static void receive_syn_ack(struct ftcp_conn *c, const struct ftcp_segment *seg,
			    u64 now, struct ftcp_result *res)
{
	c->snd_una = seg->ack;
	c->first_flight = seg->window ? FTCP_FIRST_FLIGHT : 0;
	if (c->health.acks || !seg->window) /* Phantun sends no ACK */
		ftcp_store(c->first_until, now + FTCP_FIRST_TIME);
	establish(c, seg->seq + 1, seg->wscale != FTCP_NO_WSCALE, now);
	ftcp_put_ack(c, res);
	res->event = FTCP_EV_ESTABLISHED;
}

/**
 * ftcp_conn_open() - dial
 * @c: connection, overwritten
 * @config: the owner's choices, copied
 * @iss: initial sequence number, hard to guess (RFC 6528); unused for Phantun
 * @now: ms
 * @res: what to do: send the SYN
 *
 * Phantun's server refuses a SYN unless its sequence number is 0.  So a refused
 * connection is tried again with 0, unless @config says native: everybody can
 * guess that number.
 */
void ftcp_conn_open(struct ftcp_conn *c, const struct ftcp_conn_config *config,
		    u32 iss, u64 now, struct ftcp_result *res)
{
	ftcp_nothing(res);
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
 * ftcp_conn_answer_syn() - make the SYN-ACK for a SYN of no connection
 * @seg: the SYN
 * @cookie: sequence number to answer with, see cookie.h
 * @ctl: result
 *
 * The connection begins with ftcp_conn_accept().
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
 * ftcp_conn_accept() - make a connection from a segment with a valid cookie
 * @c: connection, overwritten
 * @config: the owner's choices, copied
 * @seg: the segment; acknowledges the cookie and has none of SYN, FIN and RST.
 *	Its payload, if any, is a datagram
 * @now: ms
 *
 * Ask for ftcp_conn_deadline() afterwards: an ACK is due.
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
	/* health.acks stays 0 until an ACK proves that this is not Phantun. */
	if (seg->len)
		c->rcv_nxt = seg->seq + seg->len;
	/* The SYN-ACK's window was not scaled: firewalls let the client send no
	 * more than that before they see another segment.
	 */
	c->ack_at = now + 1;
}

/* FTCP_SYN_SENT: we sent a SYN. */
void ftcp_handshake_syn_sent(struct ftcp_conn *c,
			     const struct ftcp_segment *seg, u64 now,
			     struct ftcp_result *res)
{
	int acked = (seg->flags & FTCP_ACK) && seg->ack == c->iss + 1;

	if (seg->flags & FTCP_RST) {
		if (!acked) {
			res->verdict = FTCP_BAD_SEQUENCE;
		} else if (c->zero_iss || c->config.native) {
			ftcp_conn_end(c, FTCP_EV_REFUSED, res);
		} else {
			start_syn(c, 0, now);
			put_syn(c, res);
		}
		return;
	}
	if ((seg->flags & FTCP_ACK) && !acked) {
		/* half-open: the far end still has an older connection */
		ftcp_reset_for(seg, &res->control);
		res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (!(seg->flags & FTCP_SYN)) {
		res->verdict = FTCP_BAD_STATE;
		return;
	}
	if (acked) {
		c->health.acks = !c->zero_iss;
		receive_syn_ack(c, seg, now, res);
		return;
	}
	if (c->config.health.renewable) {
		/* Nobody dials an ephemeral port: the SYN is forged. */
		res->verdict = FTCP_BAD_STATE;
		return;
	}
	/* simultaneous open (RFC 9293, section 3.5, figure 8) */
	c->wscale = seg->wscale != FTCP_NO_WSCALE;
	ftcp_store(c->rcv_nxt, seg->seq + 1);
	ftcp_store(c->ack_adv, seg->seq + 1);
	c->rcv_past = seg->seq + 1;
	c->health.acks = 1;
	ftcp_store(c->state, FTCP_SYN_RECEIVED);
	put_syn_ack(c, res);
}

/* FTCP_SYN_RECEIVED: both ends sent a SYN. */
void ftcp_handshake_syn_received(struct ftcp_conn *c,
				 const struct ftcp_segment *seg, u64 now,
				 struct ftcp_result *res)
{
	int acked = (seg->flags & FTCP_ACK) && seg->ack == c->iss + 1;

	if (seg->flags & FTCP_RST) {
		/* Somebody who does not know our number may have forged the
		 * SYN, and the RST with it.  Or both are genuine and the far
		 * end has given up.  Forget the SYN either way.
		 */
		if (acked)
			ftcp_conn_end(c, FTCP_EV_REFUSED, res);
		else if (seg->seq == c->rcv_nxt)
			ftcp_store(c->state, FTCP_SYN_SENT);
		else
			res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (!acked) {
		/* the same SYN again: our SYN-ACK was lost */
		if ((seg->flags & (FTCP_SYN | FTCP_ACK)) == FTCP_SYN &&
		    seg->seq + 1 == c->rcv_nxt)
			put_syn_ack(c, res);
		else
			res->verdict = FTCP_BAD_SEQUENCE;
		return;
	}
	if (seg->flags & FTCP_SYN) {
		/* The true far end knows our number, even if a forged SYN came
		 * first: its sequence number counts.
		 */
		receive_syn_ack(c, seg, now, res);
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

void ftcp_handshake_timer(struct ftcp_conn *c, u64 now, struct ftcp_result *res)
{
	if (now < c->rtx_at)
		return;
	if (c->tries >= FTCP_SYN_TRIES) {
		ftcp_conn_end(c, FTCP_EV_UNANSWERED, res);
		return;
	}
	c->tries++;
	c->rtx_at = now + syn_rto(c->tries);
	if (c->state == FTCP_SYN_SENT)
		put_syn(c, res);
	else
		put_syn_ack(c, res);
}
