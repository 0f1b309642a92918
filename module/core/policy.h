/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decisions that the module and ftcptun share: what the end of a connection
 * means, when to dial again, what the application is told, quotas, and which
 * ICMP errors to believe.
 *
 * Nothing here sends, counts or waits.  The owner states facts and carries out
 * the decision.
 *
 * Times are ms of a clock that does not stop when the host is suspended, as the
 * far end and NATs do not stop: a flow that was idle for too long is closed on
 * resume rather than probed.
 */
#ifndef FTCP_CORE_POLICY_H
#define FTCP_CORE_POLICY_H

#include "../uapi/linux/faketcp.h"
#include "conn.h"

/* Defaults */
#define FTCP_DEFAULT_MAX_FLOWS 65536
#define FTCP_DEFAULT_MAX_PER_SOURCE 4096
#define FTCP_DEFAULT_QUEUE 64 /* datagrams of a flow */
#define FTCP_DEFAULT_QUEUE_BYTES (64 << 20) /* memory of all flows */

/* The smallest segments left to a device.  TCP requests none below it in Linux
 * (TCP_MIN_SND_MSS), and some drivers and NICs cannot handle less.
 */
#define FTCP_GSO_SIZE_MIN 48

#define FTCP_TARGET_TIME 3000 /* ms; see ftcp_target_refusal() */
#define FTCP_BACKOFF_FIRST 125 /* ms */
#define FTCP_BACKOFF_DOUBLED 3 /* times, to a second */

/* ---- ends ---- */

/* What the owner knows of a connection that ended, or that it ends */
struct ftcp_end_facts {
	enum ftcp_event event;
	enum ftcp_reason reason; /* if the owner ended it; 0: see event */
	u8 retired;	/* it had been replaced */
	u8 closing;	/* either end was closing it in order */
	u8 dialled;	/* by this end */
	u8 carries;	/* the conversation has no other connection */
	u8 worked;	/* datagrams were sent on it */
	u8 waits;	/* waiting datagrams let their senders be told */
	u8 owes;	/* its predecessor was lost, and nobody was told yet */
};

/* What an application is told, by an ICMP error */
enum ftcp_tell {
	FTCP_TELL_NOTHING,
	FTCP_TELL_HOST,		/* host unreachable */
	FTCP_TELL_PORT,		/* port unreachable */
};

/* What follows from the end of a connection */
struct ftcp_end_policy {
	enum ftcp_reason reason; /* for statistics and listeners */
	u8 dial;		/* dial again at once; if impossible: tell */
	enum ftcp_tell tell;	/* once, about the conversation */
	enum ftcp_tell waiting;	/* for each waiting datagram */
};

void ftcp_end_policy(const struct ftcp_end_facts *end,
		     struct ftcp_end_policy *policy);

/**
 * ftcp_end_is_loss() - whether a successor takes over after a connection ends
 * @event: how it ended
 *
 * The conversation waits even for a successor that is not established yet, but
 * not after its connection was closed in order.
 */
static inline int ftcp_end_is_loss(enum ftcp_event event)
{
	return event == FTCP_EV_RESET || event == FTCP_EV_FORGOTTEN ||
	       event == FTCP_EV_DEAD;
}

/* ---- replacement ---- */

/* Whether the far end was dialled without success */
static inline int ftcp_dialled_in_vain(enum ftcp_event event)
{
	return event == FTCP_EV_UNANSWERED || event == FTCP_EV_REFUSED;
}

/**
 * ftcp_no_place() - whether there was no place for a connection
 * @why: drop counter of the failure
 *
 * A silent connection that cannot be replaced then gives up its own place, as
 * if the far end had been dialled in vain.  Other failures on this host, say
 * for want of memory, pass and say nothing about the far end.
 */
static inline int ftcp_no_place(enum ftcp_drop_attr why)
{
	return why == FTCP_DROP_LIMIT || why == FTCP_DROP_NAMESPACE_LIMIT ||
	       why == FTCP_DROP_SOURCE_LIMIT || why == FTCP_DROP_PORT_TAKEN;
}

/**
 * ftcp_renew_again() - when to try again to replace a connection
 * @in_vain: the far end was dialled in vain, or there was no place
 * @now: ms
 */
static inline u64 ftcp_renew_again(int in_vain, u64 now)
{
	return now + (in_vain ? FTCP_RENEW_AGAIN : FTCP_PROBE_MAX);
}

/* ---- endpoints that refuse or do not answer ---- */

/* When to dial an endpoint again; no lock, concurrent failures may be lost */
struct ftcp_backoff {
	u64 until;	/* ms; no new conversation before, after failures */
	u8 failures;	/* in a row, up to FTCP_BACKOFF_DOUBLED */
	u8 refused;	/* the last one was a refusal */
};

void ftcp_backoff_failed(struct ftcp_backoff *b, int refused, u64 now,
			 u32 random);
void ftcp_backoff_reached(struct ftcp_backoff *b);
int ftcp_backoff_pauses(const struct ftcp_backoff *b, u64 now);

/* What to tell an application that sends meanwhile */
static inline enum ftcp_tell ftcp_backoff_tell(const struct ftcp_backoff *b)
{
	return ftcp_load(b->refused) ? FTCP_TELL_PORT : FTCP_TELL_HOST;
}

/* ---- waiting datagrams ---- */

/**
 * ftcp_may_wait() - whether a datagram that cannot be sent waits
 * @c: its connection; no lock
 *
 * It does while the connection opens or the window is full (perhaps since
 * another processor just filled it), but not if the connection is ending.
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

/* ---- whole IP packets: who is a peer ---- */

#define FTCP_NEWCOMER_TIME 1000 /* ms of silence after which one takes over */

/* What to do with a segment that begins a connection of a peer that has one */
enum ftcp_newcomer {
	FTCP_NEWCOMER_ASK,	/* ftcp_conn_suspect() that one, drop this */
	FTCP_NEWCOMER_WAIT,	/* drop it */
	FTCP_NEWCOMER_REFUSE,	/* answer it with a RST */
	FTCP_NEWCOMER_ADMIT,	/* end that one, accept this */
};

enum ftcp_newcomer ftcp_newcomer(u64 *asked, u64 heard, u64 now);

/* ---- ICMP errors ---- */

/**
 * ftcp_quote_in_flight() - whether to believe an ICMP error about a segment
 * @c: the connection of the quoted segment; no lock
 * @seq: its sequence number
 *
 * The segment must be in flight, which others can only guess (RFC 5927, section
 * 4.1).  Count those not believed as FTCP_DROP_ICMP.
 */
static inline int ftcp_quote_in_flight(const struct ftcp_conn *c, u32 seq)
{
	return ftcp_seq_diff(seq, ftcp_load(c->snd_una)) >= 0 &&
	       ftcp_seq_diff(seq, ftcp_load(c->snd_nxt)) < 0;
}

/**
 * ftcp_target_refusal() - whether to believe that a target refuses datagrams
 * @c: the connection that delivered them; no lock
 * @now: ms
 *
 * UDP has no sequence numbers to check, so a datagram must have been delivered
 * recently.  Count those not believed as FTCP_DROP_ICMP.
 */
static inline int ftcp_target_refusal(const struct ftcp_conn *c, u64 now)
{
	return ftcp_load(c->rx.data) + FTCP_TARGET_TIME >= now;
}

#endif /* FTCP_CORE_POLICY_H */
