/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One fake-TCP connection: its state and its rules.
 *
 * Nothing here allocates, sleeps, sends, locks or reads a clock.  The caller
 * says what happened and when; the answer is what to do: whether to deliver
 * the payload, at most one control segment to send, an event for the owner, and
 * when to call ftcp_conn_timer().
 *
 * There is no retransmission, congestion or flow control.  They are imitated
 * only as far as firewalls, NATs and the far end's receive offload look.
 *
 * Locking: ftcp_conn_send() and ftcp_conn_receive_fast() need no lock and may
 * run on any number of processors at once.  The caller serialises all other
 * functions with each other, but not with those two.  Fields marked "shared"
 * are accessed with ftcp_load(), ftcp_store() and ftcp_fetch_add() only.
 */
#ifndef FTCP_CORE_CONN_H
#define FTCP_CORE_CONN_H

#include "health.h"
#include "segment.h"
#include "types.h"

/* Times in milliseconds, lengths in bytes of sequence space. */
#define FTCP_SYN_RTO		1000	/* first retransmission of a SYN */
#define FTCP_SYN_RTO_MAX	3000	/* soon after the end of an outage */
#define FTCP_SYN_TRIES		5	/* give up after 1+2+3+3+3 seconds */
#define FTCP_FIN_RTO		1000
#define FTCP_FIN_TRIES		3
#define FTCP_ACK_DELAY		200	/* acknowledge data after so long, */
#define FTCP_ACK_STEP		524288	/* ... or after so many bytes, */
#define FTCP_ACK_STEP_FIRST	16384	/* ... at first, or without scaling */
/*
 * Windows on SYN and SYN-ACK are not scaled.  Until a firewall has seen the
 * server's first ACK, it expects no more than this from the client, and any
 * more is INVALID.  One that lets it pass rejects every later ACK for it.
 */
#define FTCP_FIRST_FLIGHT	FTCP_SYN_WINDOW
#define FTCP_FIRST_TIME		1000	/* ... no longer: the ACK may be lost */
#define FTCP_FLIGHT_MAX		(1 << 30) /* later: nearly 65535 << 14 */
#define FTCP_PAYLOAD_MAX	65536	/* more than a super-segment holds */
#define FTCP_CHALLENGE_GAP	400	/* between challenge ACKs */
#define FTCP_ANSWER_GAP		50	/* between answers to probes */

/*
 * Which numbers are plausible.  Backward, to allow for reordering: as far as
 * the connection advanced in the last one to two seconds, at most
 * FTCP_BEHIND_MAX, plus FTCP_BEHIND.  Forward: FTCP_SEQ_AHEAD, plus what a
 * sender at 10 Gb/s may have lost since it was last heard, at most
 * FTCP_SEQ_AHEAD_MAX.  But rcv_nxt, which is acknowledged, follows at once only
 * by FTCP_SEQ_HOLE plus what came in the last one to two seconds, at most
 * FTCP_SEQ_NEAR.
 */
#define FTCP_BEHIND		(256 << 10)
#define FTCP_BEHIND_MAX		(4 << 20)
#define FTCP_BEHIND_TIME	1000
#define FTCP_SEQ_HOLE		(64 << 10)
#define FTCP_SEQ_NEAR		(1 << 20)
#define FTCP_SEQ_AHEAD		(16 << 20)
#define FTCP_SEQ_AHEAD_PER_MS	1250000
#define FTCP_SEQ_AHEAD_MAX	(1 << 30)
#define FTCP_LATE		4	/* late segments prove rcv_nxt wrong */
#define FTCP_JUMP_TIME		200	/* rcv_nxt then follows a jump ahead */

/* Phantun acknowledges one-way traffic every 128 MiB: that proves no life. */
#define FTCP_ACK_SELDOM		(64 << 20)

enum ftcp_conn_state {
	FTCP_CLOSED,
	FTCP_SYN_SENT,
	FTCP_SYN_RECEIVED,	/* simultaneous open only */
	FTCP_ESTABLISHED,
	FTCP_FIN_WAIT,		/* we sent a FIN */
	FTCP_LAST_ACK,		/* received a FIN and sent ours */
};

/* What the owner has to know; from FTCP_EV_CLOSED on the connection is over. */
enum ftcp_event {
	FTCP_EV_NONE,
	FTCP_EV_ESTABLISHED,	/* data may be sent */
	FTCP_EV_PEER_CLOSED,	/* FIN received: send no more */
	FTCP_EV_RENEW,		/* open a replacement while this one goes on,
				 * then call ftcp_conn_retire() or
				 * ftcp_conn_renew_failed()
				 */
	FTCP_EV_CLOSED,		/* in order, or idle for too long */
	FTCP_EV_REFUSED,	/* the SYN was answered with a RST */
	FTCP_EV_UNANSWERED,	/* no SYN was answered */
	FTCP_EV_RESET,		/* by a valid RST */
	FTCP_EV_FORGOTTEN,	/* the same, but only because the far end or a
				 * middlebox lost its state: dial again
				 */
	FTCP_EV_DEAD,		/* no answer to probes */
};

enum ftcp_verdict {
	FTCP_OK,		/* accepted; payload, if any, is a datagram */
	FTCP_CONTROL,		/* accepted, nothing to deliver */
	FTCP_BAD_SEQUENCE,	/* implausible sequence or ACK number */
	FTCP_BAD_STATE,		/* does not fit the connection's state */
};

struct ftcp_conn_config {
	struct ftcp_health_config health;
	u8 phantun;	/* dial with initial sequence number 0 */
	u8 native;	/* never do that, not even after a refusal */
};

struct ftcp_conn {
	/* senders: shared; psh and first_flight do not change */
	u32 snd_nxt;
	u32 snd_una;
	u32 ack_adv;		/* ACK number we send; follows rcv_nxt */
	u8 state;		/* enum ftcp_conn_state */
	u8 psh;			/* PSH may be set */
	struct ftcp_health_tx tx;
	u64 first_until;	/* for first_flight; 0 after the first ACK */
	u32 first_flight;	/* FTCP_FIRST_FLIGHT; 0 behind a SYN proxy */

	/* receivers: shared */
	u32 rcv_nxt __attribute__((aligned(64)));
	u32 ack_step;		/* how far rcv_nxt may be ahead of ack_adv */
	u32 seq_near;		/* further ahead of rcv_nxt is a jump */
	u64 ack_at;		/* send an ACK by then; 0: none is due */
	struct ftcp_health_rx rx;

	struct ftcp_conn_config config __attribute__((aligned(64)));
	struct ftcp_health health;
	/* for plausibility, see sequence.c */
	u32 una_past;		/* snd_una one to two seconds ago */
	u32 una_mark;		/* next value of una_past */
	u32 rcv_past;		/* rcv_nxt one to two seconds ago */
	u32 rcv_mark;		/* next value of rcv_past */
	u64 past_at;		/* when to update these four */
	u64 jump_at;		/* when rcv_nxt follows a jump; 0: none */
	u64 ending_until;	/* how long ending is valid */
	u32 jump_from;		/* rcv_nxt at the jump */
	u32 jump_end;		/* where to jump */
	u32 late_end;		/* highest end of segments that came since
				 * rcv_nxt advanced and did not advance it
				 */
	u32 iss;		/* our initial sequence number */
	u32 fin_seq;		/* of our FIN */
	u64 rtx_at;		/* repeat SYN or FIN; 0: never */
	u64 challenge_at;	/* no challenge ACK before */
	u64 answer_at;		/* no answer to a probe before */
	u8 tries;		/* how often SYN or FIN was sent */
	u8 late;		/* late segments, at most FTCP_LATE */
	u8 ending;		/* event of a challenged RST or FIN, reported
				 * if a valid RST follows
				 */
	u8 zero_iss : 1;	/* our SYN had sequence number 0 */
	u8 wscale : 1;		/* both ends scale windows */
	u8 fin_received : 1;
	u8 taken_back : 1;	/* rcv_nxt went back to late_end */
};

struct ftcp_result {
	struct ftcp_control control;	/* to send, if its flags are not 0 */
	enum ftcp_verdict verdict;	/* set by ftcp_conn_receive() */
	enum ftcp_event event;
};

/* Header fields of a data segment */
struct ftcp_data {
	u32 seq;
	u32 ack;
	u8 flags;	/* FTCP_ACK, perhaps FTCP_PSH */
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
void ftcp_conn_ask(struct ftcp_conn *c, struct ftcp_result *res);
void ftcp_conn_suspect(struct ftcp_conn *c, u64 now);
int ftcp_conn_renew(struct ftcp_conn *c, u64 now);
void ftcp_conn_renew_failed(struct ftcp_conn *c, int in_vain, u64 again,
			    struct ftcp_result *res);
int ftcp_conn_retire(struct ftcp_conn *c, struct ftcp_conn *next, u64 now);
u64 ftcp_conn_deadline(const struct ftcp_conn *c, u64 now);

/**
 * ftcp_conn_room() - check whether payload fits in the far end's window
 * @c: an established connection; no lock
 * @len: bytes of payload
 * @now: ms
 *
 * Right after the handshake the window is first_flight, and what exceeds it
 * waits for an ACK, or for FTCP_FIRST_TIME.  Later the window is so large that
 * filling it means that the far end does not hear us: call ftcp_conn_timer(),
 * which ends the connection.
 *
 * Return: 1 or 0.
 */
static inline int ftcp_conn_room(const struct ftcp_conn *c, u32 len, u64 now)
{
	u32 flight = ftcp_load(c->snd_nxt) - ftcp_load(c->snd_una) + len;

	return flight <= (now < ftcp_load(c->first_until) ? c->first_flight :
							     FTCP_FLIGHT_MAX);
}

/* Result of ftcp_conn_send() */
enum ftcp_sent {
	FTCP_SENT_NO,	/* not established, or no room yet */
	FTCP_SENT,	/* send the payload */
	FTCP_SENT_ARM,	/* ... and call ftcp_conn_timer() in FTCP_UNANSWERED */
};

/**
 * ftcp_conn_send() - reserve sequence space for payload about to be sent
 * @c: connection; no lock
 * @len: bytes of payload, at least 1
 * @now: ms
 * @burst: whether it is a super-segment of several datagrams
 * @data: result: header fields for the segment
 *
 * Call it when nothing can fail any more on this host: a segment that never
 * leaves would be a hole, and middleboxes stop at holes.
 *
 * PSH marks the end of a burst: of a super-segment, whose last segment gets it
 * from TSO, or a lone datagram in a sparse flow.  A stream of single datagrams
 * has none: the receiver's GRO would merge nothing.
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

/* Result of ftcp_conn_receive_fast() */
enum ftcp_fast {
	FTCP_FAST_NO,	/* call ftcp_conn_receive() */
	FTCP_FAST_YES,	/* accepted: deliver the payload */
	FTCP_FAST_ARM,	/* ... and call ftcp_conn_timer() in FTCP_ACK_DELAY */
};

/**
 * ftcp_conn_receive_fast() - accept a data segment that needs no answer
 * @c: connection; no lock
 * @seg: the segment
 * @now: ms
 *
 * Accepts the common case of what ftcp_conn_receive() accepts with FTCP_OK, no
 * control segment and no event.  Two processors may overwrite each other's
 * rcv_nxt: the next segment corrects it, and only the time of an ACK depends
 * on it.
 *
 * Return: see enum ftcp_fast.
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
