/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the far end is heard, and hears: what a path is judged by, be it a
 * connection or whatever else carries datagrams.  Nothing here knows of TCP.
 *
 * What goes in: something was sent, heard, acknowledged, or the owner has
 * doubts.  What comes out: when to look again, and what is to be done then
 * (enum ftcp_todo).  Both come from one table of alarms in health.c, so that
 * nothing is done that nobody was told to wait for.
 *
 * Locking: ftcp_health_sent(), ftcp_health_heard() and ftcp_health_received()
 * may be called by any number of processors at once and without a lock.  All
 * else is serialised by the caller, who reads what those three noted, and
 * what else may change meanwhile, into a struct ftcp_signs.
 */
#ifndef FTCP_CORE_HEALTH_H
#define FTCP_CORE_HEALTH_H

#include "types.h"

/* Times in milliseconds. */
#define FTCP_IDLE		180000	/* default for ftcp_health_config.idle */
#define FTCP_KEEPALIVE		25000	/* default for .keepalive */
#define FTCP_PROBE_INTERVAL	500	/* default for .interval */
#define FTCP_PROBES		2	/* default for .probes of who can dial again */
#define FTCP_PROBES_PATIENT	20	/* ... and of who cannot */
#define FTCP_PROBE_MAX		3000	/* longest wait between two probes */
#define FTCP_UNANSWERED		1000	/* an ACK for data takes no longer */
#define FTCP_TICK		1000	/* sent and acknowledged are compared so often */
#define FTCP_UNACKED		3	/* ticks in vain: nothing arrives there */
#define FTCP_DOUBT		10000	/* an answer to a probe takes no longer */
#define FTCP_DRAIN		3000	/* what a replaced path may still receive */
#define FTCP_RENEW_AGAIN	30000	/* after a replacement that failed */

/**
 * struct ftcp_health_config - what the owner chooses
 * @idle: close after so many ms without a datagram in either direction
 * @keepalive: probe after so many ms of silence from the far end, or after
 *	FTCP_UNANSWERED if it leaves data unacknowledged; 0: never
 * @max_age: ms after which a path in use is replaced, 0: never
 * @max_bytes: payload in both directions after which it is, 0: never
 * @interval: ms between the first probes, later more; 0: FTCP_PROBE_INTERVAL
 * @probes: how many probes without an answer mean that the far end, or the
 *	way to it, is dead
 * @renewable: the owner can replace it by another path; one that is not
 *	is closed where a replacement would be asked for
 */
struct ftcp_health_config {
	u64 idle;
	u64 keepalive;
	u64 max_age;
	u64 max_bytes;
	u32 interval;
	u8 probes;
	u8 renewable;
};

/**
 * struct ftcp_health_tx - what a sender notes
 * @last: when a datagram was last sent
 * @asked: when the first datagram since the far end was last heard was sent
 *
 * Any number of senders write at once, without a lock; so with &struct
 * ftcp_health_rx.  The two are apart to lie where their writers write anyway.
 */
struct ftcp_health_tx {
	u64 last;
	u64 asked;
};

/**
 * struct ftcp_health_rx - what a receiver notes
 * @last: when the far end was last heard
 * @data: when a datagram was last received
 */
struct ftcp_health_rx {
	u64 last;
	u64 data;
};

/**
 * ftcp_health_sent() - a datagram leaves
 * @tx: the sender's notes
 * @rx: the receiver's notes
 * @now: present time, ms
 *
 * Calls within one millisecond need not be made but for the first.
 *
 * Return: 1 if an answer is to be waited for from now on, as FTCP_UNANSWERED
 * later something may be due; else 0.
 */
static inline int ftcp_health_sent(struct ftcp_health_tx *tx,
				   const struct ftcp_health_rx *rx, u64 now)
{
	u64 before = ftcp_load(tx->last), heard;

	ftcp_store(tx->last, now);
	/* What a receiver writes is looked at once in a millisecond only. */
	heard = ftcp_load(rx->last);
	if (before > heard || now <= heard)
		return 0;
	ftcp_store(tx->asked, now);
	return 1;
}

/**
 * ftcp_health_heard() - something came from the far end
 * @rx: the receiver's notes
 * @now: present time, ms
 */
static inline void ftcp_health_heard(struct ftcp_health_rx *rx, u64 now)
{
	ftcp_store(rx->last, now);
}

/**
 * ftcp_health_received() - a datagram came from the far end
 * @rx: the receiver's notes
 * @now: present time, ms
 */
static inline void ftcp_health_received(struct ftcp_health_rx *rx, u64 now)
{
	if (ftcp_load(rx->data) == now)
		return;
	ftcp_store(rx->last, now);
	ftcp_store(rx->data, now);
}

/**
 * struct ftcp_health - what is remembered of a path between two looks at it
 * @opened: when it could carry datagrams
 * @tick_at: when ftcp_health_tick() has something to do again
 * @heard: when the far end had been heard, as @probes and @probe_at began to
 *	count
 * @probe_at: when to send the next probe, or to give up; 0: not probing
 * @suspect_at: when the owner had reason to doubt the way, 0: never
 * @retire_at: when to close, having been replaced; 0: not at all
 * @renew_at: no replacement is asked for before
 * @carried: bytes of payload sent and received up to @sent and @received
 * @sent: ftcp_signs.sent at the last tick
 * @acked: ftcp_signs.acked at that time
 * @received: ftcp_signs.received at that time
 * @spread: a number by which paths differ
 * @probes: probes sent since the far end was last heard
 * @unacked: for how many ticks in a row something was sent and nothing
 *	acknowledged
 * @acks: the far end acknowledges in time, so that it can be probed
 * @renewing: a replacement was asked for
 */
struct ftcp_health {
	u64 opened;
	u64 tick_at;
	u64 heard;
	u64 probe_at;
	u64 suspect_at;
	u64 retire_at;
	u64 renew_at;
	u64 carried;
	u32 sent;
	u32 acked;
	u32 received;
	u32 spread;
	u8 probes;
	u8 unacked;
	u8 acks : 1;
	u8 renewing : 1;
};

/**
 * struct ftcp_signs - what a path is judged by, read at one moment
 * @config: the owner's choices
 * @now: that moment, ms
 * @tx: the sender's notes
 * @rx: the receiver's notes
 * @sent: bytes sent so far, modulo 2^32, from any start
 * @acked: how many of them the far end has acknowledged, from the same start
 * @received: bytes received so far; may go back
 * @full: as much is on the way as ever may be
 */
struct ftcp_signs {
	const struct ftcp_health_config *config;
	u64 now;
	struct ftcp_health_tx tx;
	struct ftcp_health_rx rx;
	u32 sent;
	u32 acked;
	u32 received;
	u8 full;
};

/**
 * enum ftcp_todo - what is due; any of them together, but for the first two
 * @FTCP_TODO_CLOSE: close in order
 * @FTCP_TODO_GIVE_UP: end now, the far end or the way to it is dead
 * @FTCP_TODO_RENEW: have another path made, to replace this one
 * @FTCP_TODO_PROBE: send what the far end has to answer
 */
enum ftcp_todo {
	FTCP_TODO_CLOSE = 1,
	FTCP_TODO_GIVE_UP = 2,
	FTCP_TODO_RENEW = 4,
	FTCP_TODO_PROBE = 8,
};

void ftcp_health_begin(struct ftcp_health *h, const struct ftcp_signs *s,
		       u32 spread);
void ftcp_health_tick(struct ftcp_health *h, const struct ftcp_signs *s);
unsigned int ftcp_health_timer(struct ftcp_health *h,
			       const struct ftcp_signs *s);
u64 ftcp_health_deadline(const struct ftcp_health *h,
			 const struct ftcp_signs *s);
int ftcp_health_doubted(const struct ftcp_health *h,
			const struct ftcp_signs *s);
void ftcp_health_suspect(struct ftcp_health *h, const struct ftcp_signs *s);
int ftcp_health_renew(struct ftcp_health *h, const struct ftcp_signs *s);
int ftcp_health_renew_failed(struct ftcp_health *h, const struct ftcp_signs *s,
			     int in_vain, u64 again);
int ftcp_health_retire(struct ftcp_health *h, const struct ftcp_signs *s);

#endif /* FTCP_CORE_HEALTH_H */
