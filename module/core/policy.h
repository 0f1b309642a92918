/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is decided about conversations, by the module and ftcptun alike: what the end
 * of a connection means, when another one is dialled, what the application hears,
 * who may take how much, and what is believed of what the network says.
 *
 * Nothing here sends, counts or waits, and nothing knows who asks.  The owner says
 * what it knows, and does what it is told.
 *
 * Time: milliseconds of a clock that goes on while the host is suspended, as that of
 * the far end does, and of all NATs between: a flow has aged by then, and one that
 * has been idle for too long is closed rather than asked whether it is still there.
 */
#ifndef FTCP_CORE_POLICY_H
#define FTCP_CORE_POLICY_H

#include "../uapi/linux/faketcp.h"
#include "conn.h"

/* Defaults */
#define FTCP_DEFAULT_MAX_FLOWS 65536
#define FTCP_DEFAULT_MAX_PER_SOURCE 4096
#define FTCP_DEFAULT_QUEUE 64 /* datagrams, of a flow */
#define FTCP_DEFAULT_QUEUE_BYTES (64 << 20) /* memory, of all flows */

/* The smallest segments that a device is asked to make: no TCP of Linux asks for
 * smaller ones (TCP_MIN_SND_MSS), and not all drivers and network cards are prepared
 * for them.
 */
#define FTCP_GSO_SIZE_MIN 48

#define FTCP_TARGET_TIME 3000 /* ms; see ftcp_target_refusal() */
#define FTCP_BACKOFF_FIRST 125 /* ms */
#define FTCP_BACKOFF_DOUBLED 3 /* times; a second at most */

/* ---- ends ---- */

/**
 * struct ftcp_end_facts - a connection has ended, or is ended: what its owner knows
 * @event: what happened
 * @reason: why, if it was the owner who ended it; else 0, and @event tells
 * @retired: another one had taken its conversation over
 * @closing: it was on its way out, closed in order by either end
 * @dialled: by this end
 * @carries: the conversation is its own, and no other connection's
 * @worked: datagrams were sent on it
 * @waits: datagrams wait for it, so that their senders can be told
 * @owes: the connection that had the conversation before was lost, and nobody has
 *	heard of it
 */
struct ftcp_end_facts {
	enum ftcp_event event;
	enum ftcp_reason reason;
	u8 retired;
	u8 closing;
	u8 dialled;
	u8 carries;
	u8 worked;
	u8 waits;
	u8 owes;
};

/**
 * enum ftcp_tell - what an application is told, by an ICMP error
 * @FTCP_TELL_NOTHING: nothing
 * @FTCP_TELL_HOST: host unreachable
 * @FTCP_TELL_PORT: port unreachable
 */
enum ftcp_tell {
	FTCP_TELL_NOTHING,
	FTCP_TELL_HOST,
	FTCP_TELL_PORT,
};

/**
 * struct ftcp_end_policy - what follows from the end of a connection
 * @reason: for the statistics and for listeners
 * @dial: another one is dialled for the conversation at once; @tell counts only if
 *	that cannot be
 * @tell: of the conversation that has no connection any more, once
 * @waiting: each datagram that waits
 */
struct ftcp_end_policy {
	enum ftcp_reason reason;
	u8 dial;
	enum ftcp_tell tell;
	enum ftcp_tell waiting;
};

void ftcp_end_policy(const struct ftcp_end_facts *end,
		     struct ftcp_end_policy *policy);

/**
 * ftcp_end_is_loss() - whether a successor takes over what a connection has left
 * @event: what the connection ended with
 *
 * Even if the successor is not established yet: the conversation waits for it.  It
 * does not if the connection was closed in order.
 */
static inline int ftcp_end_is_loss(enum ftcp_event event)
{
	return event == FTCP_EV_RESET || event == FTCP_EV_FORGOTTEN ||
	       event == FTCP_EV_DEAD;
}

/* ---- replacement ---- */

/**
 * ftcp_dialled_in_vain() - whether the far end was asked for a connection, and there
 *	is none
 * @event: what the attempt ended with
 */
static inline int ftcp_dialled_in_vain(enum ftcp_event event)
{
	return event == FTCP_EV_UNANSWERED || event == FTCP_EV_REFUSED;
}

/**
 * ftcp_no_place() - whether there could be no connection for want of a place
 * @why: what it was counted as
 *
 * Then what is dead gives its own place to others, and to itself, as if the far end
 * had been dialled in vain.  Any other failure of this host, of memory say, says
 * nothing of the far end, and passes.
 */
static inline int ftcp_no_place(enum ftcp_drop_attr why)
{
	return why == FTCP_DROP_LIMIT || why == FTCP_DROP_NAMESPACE_LIMIT ||
	       why == FTCP_DROP_SOURCE_LIMIT || why == FTCP_DROP_PORT_TAKEN;
}

/**
 * ftcp_renew_again() - when to try again to replace a connection
 * @in_vain: the far end was dialled in vain, or there was no place
 * @now: present time, ms
 */
static inline u64 ftcp_renew_again(int in_vain, u64 now)
{
	return now + (in_vain ? FTCP_RENEW_AGAIN : FTCP_PROBE_MAX);
}

/* ---- endpoints that refuse, or do not answer ---- */

/**
 * struct ftcp_backoff - when an endpoint may be dialled again
 * @until: ms; no new conversation before, if there were @failures
 * @failures: how often in a row it failed, up to FTCP_BACKOFF_DOUBLED
 * @refused: the last of them was a refusal
 *
 * Read and written by any number of processors, without a lock: what gets lost is
 * one failure of several at once.
 */
struct ftcp_backoff {
	u64 until;
	u8 failures;
	u8 refused;
};

void ftcp_backoff_failed(struct ftcp_backoff *b, int refused, u64 now,
			 u32 random);
void ftcp_backoff_reached(struct ftcp_backoff *b);
int ftcp_backoff_pauses(const struct ftcp_backoff *b, u64 now);

/**
 * ftcp_backoff_tell() - what is told who would have it dialled meanwhile
 * @b: the endpoint's
 */
static inline enum ftcp_tell ftcp_backoff_tell(const struct ftcp_backoff *b)
{
	return ftcp_load(b->refused) ? FTCP_TELL_PORT : FTCP_TELL_HOST;
}

/* ---- datagrams that wait ---- */

/**
 * ftcp_may_wait() - whether a datagram that cannot be sent waits
 * @c: its connection
 *
 * It does while the connection is being opened, and while what is on the way is all
 * that the far end announced, also if another processor has just taken the room that
 * there was; but not for one that is about to end.
 */
static inline int ftcp_may_wait(const struct ftcp_conn *c)
{
	u8 state = ftcp_load(c->state);

	return state == FTCP_SYN_SENT || state == FTCP_SYN_RECEIVED ||
	       state == FTCP_ESTABLISHED;
}

enum ftcp_drop_attr ftcp_queue_quota(u32 waiting, u32 max, u64 bytes,
				     u64 max_bytes);

/* ---- flows ---- */

enum ftcp_drop_attr ftcp_flow_quota(u32 flows, u32 max, u32 of_source,
				    u32 max_of_source);
void ftcp_source_of(u8 *addr, int v4, int dialled);

/* ---- what the network says ---- */

/**
 * ftcp_quote_in_flight() - whether an ICMP error about a segment is believed
 * @c: the connection that it quotes a segment of
 * @seq: that segment's number
 *
 * It has to be on its way at the moment: whoever cannot see the flow has to guess it
 * (RFC 5927, section 4.1).  What is not believed is counted as FTCP_DROP_ICMP.
 */
static inline int ftcp_quote_in_flight(const struct ftcp_conn *c, u32 seq)
{
	return ftcp_seq_diff(seq, ftcp_load(c->snd_una)) >= 0 &&
	       ftcp_seq_diff(seq, ftcp_load(c->snd_nxt)) < 0;
}

/**
 * ftcp_target_refusal() - whether it is believed that a target takes no datagrams
 * @c: the connection whose datagrams they are
 * @now: present time, ms
 *
 * UDP has no numbers to prove it: one has to have been delivered not long ago.  What
 * is not believed is counted as FTCP_DROP_ICMP.
 */
static inline int ftcp_target_refusal(const struct ftcp_conn *c, u64 now)
{
	return ftcp_load(c->rx.data) + FTCP_TARGET_TIME >= now;
}

#endif /* FTCP_CORE_POLICY_H */
