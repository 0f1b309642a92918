/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the far end is heard, and hears: what a path is judged by, be it a
 * connection or whatever else carries datagrams.
 *
 * Nothing here knows of TCP.
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
#define FTCP_UNACKED		3	/* times FTCP_BEHIND_TIME: nothing arrives there */
#define FTCP_DOUBT		10000	/* an answer to a probe takes no longer */
#define FTCP_DRAIN		3000	/* what a replaced connection may still receive */
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

#endif /* FTCP_CORE_HEALTH_H */
