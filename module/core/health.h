/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The health of a path, be it a connection or anything else that carries
 * datagrams: whether the far end is heard, and hears us.  Nothing here knows
 * of TCP.
 *
 * Input: something was sent, heard or acknowledged, or the owner has doubts.
 * Output: when to look again, and what to do then (enum ftcp_todo).  Both come
 * from one table of alarms in health.c, so that they cannot disagree.
 *
 * Locking: ftcp_health_sent(), ftcp_health_heard() and ftcp_health_received()
 * need no lock and may run on any number of processors at once.  The caller
 * serialises all else, and reads what these three write into struct ftcp_signs.
 */
#ifndef FTCP_CORE_HEALTH_H
#define FTCP_CORE_HEALTH_H

#include "types.h"

/* Times in milliseconds. */
#define FTCP_IDLE		180000	/* default for health config .idle */
#define FTCP_KEEPALIVE		25000	/* default for .keepalive */
#define FTCP_PROBE_INTERVAL	500	/* default for .interval */
#define FTCP_PROBES		2	/* default for .probes if renewable */
#define FTCP_PROBES_PATIENT	20	/* ... and if not */
#define FTCP_PROBE_MAX		3000	/* longest wait between two probes */
#define FTCP_UNANSWERED		1000	/* data is acknowledged within */
#define FTCP_TICK		1000	/* between two ftcp_health_tick() */
#define FTCP_UNACKED		3	/* ticks without ACK: nothing arrives */
#define FTCP_DOUBT		10000	/* probes are answered within */
#define FTCP_DRAIN		3000	/* a replaced path is closed after */
#define FTCP_RENEW_AGAIN	30000	/* delay after a failed replacement */

/* The owner's choices; times in ms */
struct ftcp_health_config {
	u64 idle;	/* close after so long without a datagram, either way */
	u64 keepalive;	/* probe after such silence, or FTCP_UNANSWERED after
			 * unacknowledged data; 0: never
			 */
	u64 max_age;	/* replace a path in use after so long; 0: never */
	u64 max_bytes;	/* ... or after this payload both ways; 0: never */
	u32 interval;	/* first between probes; 0: FTCP_PROBE_INTERVAL */
	u8 probes;	/* unanswered ones that mean that the path is dead */
	u8 renewable;	/* the owner can replace the path; if not, it is closed
			 * where it would be replaced
			 */
};

/* Written by senders, and in a cache line that they write anyway */
struct ftcp_health_tx {
	u64 last;	/* when a datagram was last sent */
	u64 asked;	/* ... first sent since the far end was last heard */
};

/* Written by receivers */
struct ftcp_health_rx {
	u64 last;	/* when the far end was last heard */
	u64 data;	/* when a datagram was last received */
};

/**
 * ftcp_health_sent() - note that a datagram leaves
 * @tx: the sender's notes; no lock
 * @rx: the receiver's notes
 * @now: ms; only the first call of a millisecond is needed
 *
 * Return: 1 if an answer is expected from now on: call ftcp_health_timer() in
 * FTCP_UNANSWERED; else 0.
 */
static inline int ftcp_health_sent(struct ftcp_health_tx *tx,
				   const struct ftcp_health_rx *rx, u64 now)
{
	u64 before = ftcp_load(tx->last), heard;

	ftcp_store(tx->last, now);
	/* read the receivers' cache line once in a millisecond only */
	heard = ftcp_load(rx->last);
	if (before > heard || now <= heard)
		return 0;
	ftcp_store(tx->asked, now);
	return 1;
}

/**
 * ftcp_health_heard() - note that the far end sent something
 * @rx: the receiver's notes; no lock
 * @now: ms
 */
static inline void ftcp_health_heard(struct ftcp_health_rx *rx, u64 now)
{
	ftcp_store(rx->last, now);
}

/**
 * ftcp_health_received() - note that a datagram was received
 * @rx: the receiver's notes; no lock
 * @now: ms
 */
static inline void ftcp_health_received(struct ftcp_health_rx *rx, u64 now)
{
	if (ftcp_load(rx->data) == now)
		return;
	ftcp_store(rx->last, now);
	ftcp_store(rx->data, now);
}

struct ftcp_health {
	u64 opened;	/* since when the path carries datagrams */
	u64 tick_at;	/* next ftcp_health_tick() */
	u64 heard;	/* rx.last when probes and probe_at began to count */
	u64 probe_at;	/* next probe, or giving up; 0: not probing */
	u64 suspect_at;	/* when the owner had doubts; 0: never */
	u64 retire_at;	/* when to close a replaced path; 0: not replaced */
	u64 renew_at;	/* ask for no replacement before */
	u64 carried;	/* payload both ways up to sent and received */
	u32 sent;	/* ftcp_signs.sent at the last tick, */
	u32 acked;	/* ... .acked */
	u32 received;	/* ... and .received */
	u32 spread;	/* differs between paths */
	u8 probes;	/* sent since the far end was last heard */
	u8 unacked;	/* ticks in a row with data sent, none acknowledged */
	u8 acks : 1;	/* the far end acknowledges in time: it can be probed */
	u8 renewing : 1; /* a replacement was asked for */
};

/* What a path is judged by, read at one moment; bytes are modulo 2^32 */
struct ftcp_signs {
	const struct ftcp_health_config *config;
	u64 now;	/* ms */
	struct ftcp_health_tx tx;
	struct ftcp_health_rx rx;
	u32 sent;	/* bytes, from any start */
	u32 acked;	/* bytes acknowledged, from the same start */
	u32 received;	/* bytes; may go back */
	u8 full;	/* no more data may be in flight */
};

/* What is due, combined by OR, but for the first two */
enum ftcp_todo {
	FTCP_TODO_CLOSE = 1,	/* close in order */
	FTCP_TODO_GIVE_UP = 2,	/* end now, the path is dead */
	FTCP_TODO_RENEW = 4,	/* open another path to replace this one */
	FTCP_TODO_PROBE = 8,	/* send something that has to be answered */
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
