/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a tunnel */
#ifndef FTCP_STATS_H
#define FTCP_STATS_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <uapi/linux/faketcp.h>

/* Where the counters of each nest of netlink attributes begin */
enum {
	FTCP_COUNT_STATS = 0,
	FTCP_COUNT_DROPS = FTCP_COUNT_STATS + __FTCP_STATS_MAX,
	FTCP_COUNT_ENDED = FTCP_COUNT_DROPS + __FTCP_DROP_MAX,
	FTCP_COUNTS = FTCP_COUNT_ENDED + __FTCP_ENDED_MAX,
};

/* Counters of one processor, written with bottom halves disabled */
struct ftcp_stats {
	u64_stats_t counts[FTCP_COUNTS];
	struct u64_stats_sync syncp;
};

static inline void ftcp_stats_tx(struct ftcp_stats __percpu *stats, u32 packets,
				 u32 bytes)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->counts[FTCP_STATS_TX_PACKETS], packets);
	u64_stats_add(&s->counts[FTCP_STATS_TX_BYTES], bytes);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_rx(struct ftcp_stats __percpu *stats, u32 packets,
				 u32 bytes)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->counts[FTCP_STATS_RX_PACKETS], packets);
	u64_stats_add(&s->counts[FTCP_STATS_RX_BYTES], bytes);
	u64_stats_update_end(&s->syncp);
}

/* A batch of @datagrams ends; the first of them has waited @ns. */
static inline void ftcp_stats_held(struct ftcp_stats __percpu *stats,
				   u32 datagrams, u64 ns)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->counts[FTCP_STATS_TX_HELD], datagrams);
	u64_stats_inc(&s->counts[FTCP_STATS_TX_BATCHES]);
	u64_stats_add(&s->counts[FTCP_STATS_TX_HOLD], ns);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_inc(struct ftcp_stats __percpu *stats,
				  unsigned int index)
{
	struct ftcp_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->counts[index]);
	u64_stats_update_end(&s->syncp);
}

static inline void ftcp_stats_drop(struct ftcp_stats __percpu *stats,
				   enum ftcp_drop_attr reason)
{
	ftcp_stats_inc(stats, FTCP_COUNT_DROPS + reason);
}

static inline void ftcp_stats_ended(struct ftcp_stats __percpu *stats,
				    enum ftcp_reason reason)
{
	/* the attributes are in the order of the reasons */
	BUILD_BUG_ON(FTCP_ENDED_PAD + FTCP_REASON_MAX != FTCP_ENDED_MAX);
	ftcp_stats_inc(stats, FTCP_COUNT_ENDED + FTCP_ENDED_PAD + reason);
}

static inline void ftcp_stats_read(struct ftcp_stats __percpu *stats, u64 *sum)
{
	int cpu, i;

	memset(sum, 0, FTCP_COUNTS * sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct ftcp_stats *s = per_cpu_ptr(stats, cpu);
		u64 one[FTCP_COUNTS];
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			for (i = 0; i < FTCP_COUNTS; i++)
				one[i] = u64_stats_read(&s->counts[i]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		for (i = 0; i < FTCP_COUNTS; i++)
			sum[i] += one[i];
	}
}

#endif /* FTCP_STATS_H */
