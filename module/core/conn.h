/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One fake-TCP connection: its state and the rules by which it moves.
 *
 * Nothing here allocates, sleeps, sends, locks or reads a clock.  A function
 * is told the time and what happened; it changes the connection and answers
 * with what to do: deliver the payload or not, at most one control segment,
 * an event for the owner, and when to look again.
 *
 * There is no retransmission, congestion or flow control: what a TCP needs
 * for those is only imitated so far as firewalls, NATs and the far end's
 * receive offload look at it.
 *
 * Locking.  Two functions may be called by any number of processors at once
 * and without a lock: ftcp_conn_send() and ftcp_conn_receive_fast().  All
 * others are serialised by the caller, with each other but not with those
 * two.  The words that the two share with the rest are marked "shared" and
 * are accessed by ftcp_load(), ftcp_store() and ftcp_fetch_add() only.
 */
#ifndef FTCP_CORE_CONN_H
#define FTCP_CORE_CONN_H

#include "health.h"
#include "segment.h"
#include "types.h"

/* Times in milliseconds, lengths in bytes of sequence space. */
#define FTCP_SYN_RTO		1000	/* first retransmission of a SYN */
#define FTCP_SYN_RTO_MAX	3000	/* an outage is not to last much longer */
#define FTCP_SYN_TRIES		5	/* given up after 1+2+3+3+3 seconds */
#define FTCP_FIN_RTO		1000
#define FTCP_FIN_TRIES		3
#define FTCP_ACK_DELAY		200	/* longest that data waits for an ACK */
#define FTCP_ACK_STEP		524288	/* ... and the most of it */
#define FTCP_ACK_STEP_FIRST	16384	/* ... at first, or with 64 KB of window */
/*
 * Windows on SYN and SYN-ACK are not scaled: until the server's first ACK has
 * passed, this is all that firewalls expect of a client.  What goes beyond is
 * INVALID, and to a firewall that lets it out all the same, so is for ever
 * after what acknowledges it.
 */
#define FTCP_FIRST_FLIGHT	FTCP_SYN_WINDOW
#define FTCP_PAYLOAD_MAX	65536	/* more than a super-segment has */
#define FTCP_FLIGHT_MAX	(1 << 30)	/* the window later: nearly 65535 << 14 */
#define FTCP_FIRST_TIME		1000	/* not longer, should the ACK be lost */
#define FTCP_CHALLENGE_GAP	400	/* between two challenge ACKs: less than probes are apart */
#define FTCP_ANSWER_GAP		50	/* between two answers to probes */

/*
 * How far from what is expected a number may be and still count.  Backward, as
 * far as the connection has come in the last one to two seconds, for what was
 * overtaken on the way, and a little more: little on an idle connection, much
 * on a fast one.  Forward, a sequence number may have advanced by all that a
 * sender at 10 Gb/s can lose in the time since it was last heard; but what is
 * acknowledged follows at once only as far as FTCP_SEQ_HOLE and what came in
 * the last one to two seconds, up to FTCP_SEQ_NEAR.
 */
#define FTCP_BEHIND		(256 << 10)
#define FTCP_BEHIND_MAX		(4 << 20)
#define FTCP_BEHIND_TIME	1000
#define FTCP_SEQ_HOLE		(64 << 10)
#define FTCP_SEQ_NEAR		(1 << 20)
#define FTCP_SEQ_AHEAD		(16 << 20)
#define FTCP_SEQ_AHEAD_PER_MS	1250000
#define FTCP_SEQ_AHEAD_MAX	(1 << 30)
#define FTCP_LATE		4	/* late segments that speak against rcv_nxt */
#define FTCP_JUMP_TIME		200	/* in which none speaks against one far ahead */

/* Phantun acknowledges one-way traffic once in 128 MiB: no sign of life. */
#define FTCP_ACK_SELDOM		(64 << 20)

enum ftcp_conn_state {
	FTCP_CLOSED,
	FTCP_SYN_SENT,
	FTCP_SYN_RECEIVED,	/* simultaneous open; a server skips it */
	FTCP_ESTABLISHED,
	FTCP_FIN_WAIT,		/* our FIN is out */
	FTCP_LAST_ACK,		/* theirs came first, ours is out too */
};

/**
 * enum ftcp_event - what the owner of a connection has to know
 * @FTCP_EV_NONE: nothing
 * @FTCP_EV_ESTABLISHED: data may be sent from now on
 * @FTCP_EV_PEER_CLOSED: the far end sent its FIN; no data may be sent any
 *	more, and the connection is about to end
 * @FTCP_EV_RENEW: a replacement is wanted: another connection to the same
 *	far end, to which the owner moves the conversation once it is
 *	established (ftcp_conn_retire()), or which fails
 *	(ftcp_conn_renew_failed()).  This one goes on meanwhile
 * @FTCP_EV_CLOSED: closed in order, or idle for too long
 * @FTCP_EV_REFUSED: the far end answered the SYN with a RST
 * @FTCP_EV_UNANSWERED: no answer to any SYN
 * @FTCP_EV_RESET: a valid RST ended the connection
 * @FTCP_EV_FORGOTTEN: the same, but the connection had worked, and the RST says only
 *	that the far end, or what answers in its name, does not know it any more:
 *	another one may be had
 * @FTCP_EV_DEAD: the far end was probed and stayed silent
 *
 * From FTCP_EV_CLOSED on the connection is over and in FTCP_CLOSED.
 */
enum ftcp_event {
	FTCP_EV_NONE,
	FTCP_EV_ESTABLISHED,
	FTCP_EV_PEER_CLOSED,
	FTCP_EV_RENEW,
	FTCP_EV_CLOSED,
	FTCP_EV_REFUSED,
	FTCP_EV_UNANSWERED,
	FTCP_EV_RESET,
	FTCP_EV_FORGOTTEN,
	FTCP_EV_DEAD,
};

/**
 * enum ftcp_verdict - what becomes of a received segment
 * @FTCP_OK: it was accepted; its payload, if any, is a datagram
 * @FTCP_CONTROL: it was accepted and carries nothing to deliver
 * @FTCP_BAD_SEQUENCE: implausible sequence or acknowledgement number
 * @FTCP_BAD_STATE: does not fit the state of the connection
 */
enum ftcp_verdict {
	FTCP_OK,
	FTCP_CONTROL,
	FTCP_BAD_SEQUENCE,
	FTCP_BAD_STATE,
};

/**
 * struct ftcp_conn_config - what the owner chooses
 * @health: when the far end is probed, and the connection replaced or ended
 * @phantun: dial with initial sequence number 0
 * @native: never do so, not after a refusal either
 */
struct ftcp_conn_config {
	struct ftcp_health_config health;
	u8 phantun;
	u8 native;
};

/**
 * struct ftcp_conn - a connection
 * @snd_nxt: shared; next sequence number to send
 * @snd_una: shared; highest acknowledgement received
 * @rcv_nxt: shared; end of the highest segment received
 * @ack_adv: shared; acknowledgement number on outgoing segments, which
 *	follows @rcv_nxt in steps
 * @ack_at: shared; when @ack_adv has to follow at the latest, 0: nothing
 *	waits
 * @tx: shared; when something was sent
 * @rx: shared; when something was received
 * @first_until: shared; no more than @first_flight may be on the way before; 0 as
 *	soon as an ACK was received
 * @first_flight: FTCP_FIRST_FLIGHT, or 0 behind a SYN proxy
 * @state: shared; enum ftcp_conn_state
 * @psh: PSH may be set
 * @config: see there
 * @health: see there; Phantun acknowledges, but not in time, and a far end
 *	that may be Phantun has to show that it does
 * @una_past: @snd_una one to two seconds ago
 * @una_mark: what becomes of @una_past at @past_at
 * @rcv_past: @rcv_nxt one to two seconds ago
 * @rcv_mark: what becomes of @rcv_past at @past_at
 * @past_at: when the last four move on
 * @seq_near: shared; how far a segment may be ahead of @rcv_nxt and count at once
 * @jump_at: when @rcv_nxt is to follow a segment that was further ahead, if it
 *	has not moved; 0: there was none
 * @jump_from: @rcv_nxt when that segment came
 * @jump_end: end of the highest one around there
 * @ending_until: see @ending
 * @late_end: end of the highest segment since @rcv_nxt advanced that did not
 *	advance it
 * @iss: our initial sequence number
 * @fin_seq: sequence number of our FIN
 * @ack_step: shared; how far @rcv_nxt may run ahead of @ack_adv
 * @rtx_at: when to repeat SYN or FIN, 0: not at all
 * @challenge_at: no challenge ACK before
 * @answer_at: no answer to a probe before
 * @tries: transmissions of the present SYN or FIN
 * @ending: the end of the connection was announced by a segment that could not be
 *	believed: the event, if a RST that can follows before @ending_until
 * @zero_iss: the SYN carries sequence number 0 (see ftcp_conn_open())
 * @wscale: both ends announced the window scale option
 * @fin_received: the far end's FIN was received
 * @taken_back: @rcv_nxt was taken back to such segments
 * @late: how many such segments there were, up to FTCP_LATE
 */
struct ftcp_conn {
	/* what a sender reads or writes for each datagram */
	u32 snd_nxt;
	u32 snd_una;
	u32 ack_adv;
	u8 state;
	u8 psh;
	struct ftcp_health_tx tx;
	u64 first_until;
	u32 first_flight;

	/* what a receiver writes for each datagram */
	u32 rcv_nxt __attribute__((aligned(64)));
	u32 ack_step;
	u32 seq_near;
	u64 ack_at;
	struct ftcp_health_rx rx;

	struct ftcp_conn_config config __attribute__((aligned(64)));
	struct ftcp_health health;
	u32 una_past;
	u32 una_mark;
	u32 rcv_past;
	u32 rcv_mark;
	u64 past_at;
	u64 jump_at;
	u64 ending_until;
	u32 jump_from;
	u32 jump_end;
	u32 late_end;
	u32 iss;
	u32 fin_seq;
	u64 rtx_at;
	u64 challenge_at;
	u64 answer_at;
	u8 tries;
	u8 late;
	u8 ending;
	u8 zero_iss : 1;
	u8 wscale : 1;
	u8 fin_received : 1;
	u8 taken_back : 1;
};

/**
 * struct ftcp_result - what to do now
 * @control: a segment to send; none if its flags are 0
 * @verdict: what becomes of the segment; set by ftcp_conn_receive()
 * @event: what happened to the connection
 */
struct ftcp_result {
	struct ftcp_control control;
	enum ftcp_verdict verdict;
	enum ftcp_event event;
};

/**
 * struct ftcp_data - header fields of a data segment
 * @seq: sequence number
 * @ack: acknowledgement number
 * @flags: FTCP_ACK, perhaps FTCP_PSH
 */
struct ftcp_data {
	u32 seq;
	u32 ack;
	u8 flags;
};

void ftcp_conn_open(struct ftcp_conn *c, const struct ftcp_conn_config *config,
		    u32 iss, u64 now, struct ftcp_result *res);
void ftcp_conn_answer_syn(const struct ftcp_segment *seg, u32 cookie,
			  struct ftcp_control *ctl);
void ftcp_conn_accept(struct ftcp_conn *c,
		      const struct ftcp_conn_config *config,
		      const struct ftcp_segment *seg, u64 now);
void ftcp_conn_receive(struct ftcp_conn *c, const struct ftcp_segment *seg,
		       u64 now, struct ftcp_result *res);
void ftcp_conn_timer(struct ftcp_conn *c, u64 now, struct ftcp_result *res);
void ftcp_conn_close(struct ftcp_conn *c, u64 now, struct ftcp_result *res);
void ftcp_conn_abort(struct ftcp_conn *c, struct ftcp_result *res);
void ftcp_conn_suspect(struct ftcp_conn *c, u64 now);
int ftcp_conn_renew(struct ftcp_conn *c, u64 now);
void ftcp_conn_renew_failed(struct ftcp_conn *c, int in_vain, u64 again,
			    struct ftcp_result *res);
int ftcp_conn_retire(struct ftcp_conn *c, struct ftcp_conn *next, u64 now);
u64 ftcp_conn_deadline(const struct ftcp_conn *c, u64 now);

/**
 * ftcp_conn_room() - whether payload may be sent now
 * @c: an established connection; any number of callers at once, no lock
 * @len: bytes of payload
 * @now: present time, ms
 *
 * No more than the far end's window may be on the way.  Right after the
 * handshake that is FTCP_FIRST_FLIGHT, or nothing, and what exceeds it has to wait for an
 * acknowledgement or for FTCP_FIRST_TIME to pass, whichever comes first.  Later
 * it is so much that whoever fills it is not being heard: then
 * ftcp_conn_timer() ends the connection, and is to be called at once.
 *
 * Return: 1 or 0.
 */
static inline int ftcp_conn_room(const struct ftcp_conn *c, u32 len, u64 now)
{
	u32 flight = ftcp_load(c->snd_nxt) - ftcp_load(c->snd_una) + len;

	return flight <= (now < ftcp_load(c->first_until) ? c->first_flight :
							     FTCP_FLIGHT_MAX);
}

/**
 * enum ftcp_sent - outcome of ftcp_conn_send()
 * @FTCP_SENT_NO: the connection is not established, or so young that the far
 *	end's window is all used
 * @FTCP_SENT: send the payload
 * @FTCP_SENT_ARM: the same, and have ftcp_conn_timer() called after
 *	FTCP_UNANSWERED
 */
enum ftcp_sent {
	FTCP_SENT_NO,
	FTCP_SENT,
	FTCP_SENT_ARM,
};

/**
 * ftcp_conn_send() - take sequence space for payload about to be sent
 * @c: connection; any number of callers at once, no lock
 * @len: bytes of payload, of one datagram or of several that leave as one
 *	super-segment; at least 1
 * @now: present time, ms
 * @burst: whether several datagrams leave as one super-segment
 * @data: header fields for the segment
 *
 * To be called when nothing can fail any more on this host: space taken for
 * a segment that never leaves would be a hole, which middleboxes stop at.
 *
 * PSH marks the end of a burst.  A super-segment is a burst, and TSO keeps
 * the flag for its last segment; a lone datagram in a sparse flow is one, too.
 * In a stream of single datagrams no PSH is set, as it would end every merge
 * by the receiver's GRO.
 *
 * Return: see enum ftcp_sent.
 */
static inline enum ftcp_sent
ftcp_conn_send(struct ftcp_conn *c, u32 len, u64 now, int burst,
	       struct ftcp_data *data)
{
	u64 last = ftcp_load(c->tx.last);

	if (ftcp_load(c->state) != FTCP_ESTABLISHED)
		return FTCP_SENT_NO;
	if (!ftcp_conn_room(c, len, now))
		return FTCP_SENT_NO;
	data->flags = FTCP_ACK;
	if (c->psh && (burst || last != now))
		data->flags |= FTCP_PSH;
	data->ack = ftcp_load(c->ack_adv);
	data->seq = ftcp_fetch_add(c->snd_nxt, len);
	if (last == now || !ftcp_health_sent(&c->tx, &c->rx, now))
		return FTCP_SENT;
	return FTCP_SENT_ARM;
}

/**
 * enum ftcp_fast - outcome of ftcp_conn_receive_fast()
 * @FTCP_FAST_NO: not for the fast path; call ftcp_conn_receive()
 * @FTCP_FAST_YES: accepted; deliver the payload
 * @FTCP_FAST_ARM: the same, and have ftcp_conn_timer() called after
 *	FTCP_ACK_DELAY
 */
enum ftcp_fast {
	FTCP_FAST_NO,
	FTCP_FAST_YES,
	FTCP_FAST_ARM,
};

/**
 * ftcp_conn_receive_fast() - accept a data segment that needs no answer
 * @c: connection; any number of callers at once, no lock
 * @seg: the segment
 * @now: present time, ms
 *
 * Accepts what ftcp_conn_receive() would accept with the verdict FTCP_OK, no
 * control segment and no event, for the common case alone.  Two processors
 * that receive for one connection at once may each overwrite the other's
 * rcv_nxt; the next segment mends that, and nothing but the moment of an
 * acknowledgement depends on it.
 */
static inline enum ftcp_fast
ftcp_conn_receive_fast(struct ftcp_conn *c, const struct ftcp_segment *seg,
		       u64 now)
{
	u32 rcv_nxt = ftcp_load(c->rcv_nxt), end = seg->seq + seg->len;
	u32 snd_una = ftcp_load(c->snd_una);
	s32 ahead = ftcp_seq_diff(seg->seq, rcv_nxt);

	if (ftcp_load(c->state) != FTCP_ESTABLISHED || !seg->len ||
	    (seg->flags & ~FTCP_PSH) != FTCP_ACK || ftcp_load(c->first_until))
		return FTCP_FAST_NO;
	if (ahead > (s32)ftcp_load(c->seq_near) ||
	    ftcp_seq_diff(end, rcv_nxt) <= 0 ||
	    ftcp_seq_diff(seg->ack, ftcp_load(c->snd_nxt)) > 0 ||
	    ftcp_seq_diff(seg->ack, snd_una) < -FTCP_BEHIND)
		return FTCP_FAST_NO;
	if (ftcp_seq_diff(end, ftcp_load(c->ack_adv)) >=
	    (s32)ftcp_load(c->ack_step))
		return FTCP_FAST_NO;

	ftcp_store(c->rcv_nxt, end);
	if (ftcp_seq_diff(seg->ack, snd_una) > 0)
		ftcp_store(c->snd_una, seg->ack);
	ftcp_health_received(&c->rx, now);
	if (ftcp_load(c->ack_at))
		return FTCP_FAST_YES;
	ftcp_store(c->ack_at, now + FTCP_ACK_DELAY);
	return FTCP_FAST_ARM;
}

#endif /* FTCP_CORE_CONN_H */
