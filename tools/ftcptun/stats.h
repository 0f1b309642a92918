/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted. */
#ifndef FTCPTUN_STATS_H
#define FTCPTUN_STATS_H

#include "../../module/core/types.h"
#include "../../module/uapi/linux/faketcp.h"

/* Why something was not carried: enum ftcp_drop_attr, of which not all occur here,
 * and after these
 */
enum {
	DROP_SEND = __FTCP_DROP_MAX, /* the kernel did not take it */
	DROP_HANDOVER, /* too much waited to be handed to another thread */
	DROPS,
};

/**
 * struct stats - the counters of one thread
 * @tx: datagrams sent to far ends
 * @tx_bytes: their bytes
 * @tx_segments: segments and super-segments that carried them
 * @rx: datagrams received from far ends
 * @rx_bytes: their bytes
 * @rx_segments: segments and super-segments that carried them
 * @handed_over: segments that the kernel gave to another thread's queue
 * @flows: flows that came into existence
 * @ended: flows that have ended, by enum ftcp_reason
 * @drop: what was not carried, by reason
 */
struct stats {
	u64 tx;
	u64 tx_bytes;
	u64 tx_segments;
	u64 rx;
	u64 rx_bytes;
	u64 rx_segments;
	u64 handed_over;
	u64 flows;
	u64 ended[__FTCP_REASON_MAX];
	u64 drop[DROPS];
};

#endif /* FTCPTUN_STATS_H */
