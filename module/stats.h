/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a tunnel: what it carried, and what it did not and why. */
#ifndef FTCP_STATS_H
#define FTCP_STATS_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <uapi/linux/faketcp.h>

/**
 * struct ftcp_stats - counters of one processor
 * @tx_packets: datagrams sent, each one of a super-packet counted
 * @tx_bytes: bytes of their payload
 * @rx_packets: datagrams received
 * @rx_bytes: bytes of their payload
 * @tx_held: datagrams sent together with others after having waited
 * @tx_batches: super-segments that they were sent in
 * @tx_hold: ns that the first datagram of each of these waited
 * @drops: by reason, indexed by enum ftcp_drop_attr
 * @ended: flows that have ended, indexed by enum ftcp_reason
 * @syncp: makes 64-bit reads whole on 32-bit machines
 *
 * Written with bottom halves disabled.
 */
struct ftcp_stats {
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t tx_held;
	u64_stats_t tx_batches;
	u64_stats_t tx_hold;
	u64_stats_t drops[__FTCP_DROP_MAX];
	u64_stats_t ended[__FTCP_REASON_MAX];
	struct u64_stats_sync syncp;
};

/**
 * struct ftcp_stats_sum - the same, added up over all processors
 * @tx_packets: see struct ftcp_stats
 * @tx_bytes: see struct ftcp_stats
 * @rx_packets: see struct ftcp_stats
 * @rx_bytes: see struct ftcp_stats
 * @tx_held: see struct ftcp_stats
 * @tx_batches: see struct ftcp_stats
 * @tx_hold: see struct ftcp_stats
 * @drops: see struct ftcp_stats
 * @ended: see struct ftcp_stats
 */
struct ftcp_stats_sum {
	u64 tx_packets;
	u64 tx_bytes;
	u64 rx_packets;
	u64 rx_bytes;
	u64 tx_held;
	u64 tx_batches;
	u64 tx_hold;
	u64 drops[__FTCP_DROP_MAX];
	u64 ended[__FTCP_REASON_MAX];
};

static inline void ftcp_stats_tx(struct ftcp_stats __percpu *stats, u32 packets,
				 u32 bytes)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_packets, packets);
	u64_stats_add(&s->tx_bytes, bytes);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_rx(struct ftcp_stats __percpu *stats, u32 packets,
				 u32 bytes)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->rx_packets, packets);
	u64_stats_add(&s->rx_bytes, bytes);
	u64_stats_update_end(&s->syncp);
}

/* One super-segment of @datagrams, the first of which waited @ns. */
static inline void ftcp_stats_held(struct ftcp_stats __percpu *stats,
				   u32 datagrams, u64 ns)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_held, datagrams);
	u64_stats_inc(&s->tx_batches);
	u64_stats_add(&s->tx_hold, ns);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_drop(struct ftcp_stats __percpu *stats,
				   enum ftcp_drop_attr reason)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->drops[reason]);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_ended(struct ftcp_stats __percpu *stats,
				    enum ftcp_reason reason)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->ended[reason]);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_read(struct ftcp_stats __percpu *stats,
				   struct ftcp_stats_sum *sum)
{
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct ftcp_stats *s = per_cpu_ptr(stats, cpu);
		struct ftcp_stats_sum one;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			one.tx_packets = u64_stats_read(&s->tx_packets);
			one.tx_bytes = u64_stats_read(&s->tx_bytes);
			one.rx_packets = u64_stats_read(&s->rx_packets);
			one.rx_bytes = u64_stats_read(&s->rx_bytes);
			one.tx_held = u64_stats_read(&s->tx_held);
			one.tx_batches = u64_stats_read(&s->tx_batches);
			one.tx_hold = u64_stats_read(&s->tx_hold);
			for (i = 0; i < __FTCP_DROP_MAX; i++)
				one.drops[i] = u64_stats_read(&s->drops[i]);
			for (i = 0; i < __FTCP_REASON_MAX; i++)
				one.ended[i] = u64_stats_read(&s->ended[i]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		sum->tx_packets += one.tx_packets;
		sum->tx_bytes += one.tx_bytes;
		sum->rx_packets += one.rx_packets;
		sum->rx_bytes += one.rx_bytes;
		sum->tx_held += one.tx_held;
		sum->tx_batches += one.tx_batches;
		sum->tx_hold += one.tx_hold;
		for (i = 0; i < __FTCP_DROP_MAX; i++)
			sum->drops[i] += one.drops[i];
		for (i = 0; i < __FTCP_REASON_MAX; i++)
			sum->ended[i] += one.ended[i];
	}
}

#endif /* FTCP_STATS_H */
