/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted. */
#ifndef FTCPTUN_STATS_H
#define FTCPTUN_STATS_H

#include "../../module/core/types.h"

/**
 * enum drop - why a datagram or a segment was not carried
 * @DROP_MALFORMED: headers cut short or contradicting themselves
 * @DROP_CHECKSUM: wrong checksum
 * @DROP_PROTOCOL: not TCP, a fragment without the others, or an empty datagram,
 *	which TCP cannot carry
 * @DROP_NO_FLOW: a segment for no known flow; answered with RST
 * @DROP_SEQUENCE: implausible sequence or acknowledgement number
 * @DROP_STATE: does not fit the state of its flow
 * @DROP_QUEUE_FULL: too many datagrams waited for a connection
 * @DROP_TOO_BIG: larger than the device's or the path's MTU allows
 * @DROP_LIMIT: as many flows as there may be, or no port or socket for one
 * @DROP_SOURCE_LIMIT: as many flows of one source address as there may be
 * @DROP_REFUSED: lost with a flow that was refused, reset or unanswered
 * @DROP_MEMORY: out of memory
 * @DROP_HANDSHAKE: third segments of a handshake with an invalid cookie
 * @DROP_SEND: the kernel did not take it
 * @DROP_HANDOVER: too much waited to be handed to another thread
 * @DROPS: number of reasons
 */
enum drop {
	DROP_MALFORMED,
	DROP_CHECKSUM,
	DROP_PROTOCOL,
	DROP_NO_FLOW,
	DROP_SEQUENCE,
	DROP_STATE,
	DROP_QUEUE_FULL,
	DROP_TOO_BIG,
	DROP_LIMIT,
	DROP_SOURCE_LIMIT,
	DROP_REFUSED,
	DROP_MEMORY,
	DROP_HANDSHAKE,
	DROP_SEND,
	DROP_HANDOVER,
	DROPS,
};

/**
 * enum reason - how a flow ended
 * @REASON_CLOSED: in order, by either end
 * @REASON_RESET: by a RST of the far end
 * @REASON_DEAD: the far end was probed, or sent a whole window, and stayed
 *	silent
 * @REASON_REFUSED: the far end answered the SYN with a RST
 * @REASON_UNANSWERED: no answer to any SYN
 * @REASON_REPLACED: another flow took its conversation over
 * @REASON_FAILED: server: no socket towards the service
 * @REASON_UNREACHABLE: server: the service does not take its datagrams
 * @REASONS: number of reasons
 */
enum reason {
	REASON_CLOSED,
	REASON_RESET,
	REASON_DEAD,
	REASON_REFUSED,
	REASON_UNANSWERED,
	REASON_REPLACED,
	REASON_FAILED,
	REASON_UNREACHABLE,
	REASONS,
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
 * @ended: flows that have ended, by reason
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
	u64 ended[REASONS];
	u64 drop[DROPS];
};

#endif /* FTCPTUN_STATS_H */
