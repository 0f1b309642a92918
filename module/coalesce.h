/* SPDX-License-Identifier: GPL-2.0 */
/* Datagrams of a burst leave together. */
#ifndef FTCP_COALESCE_H
#define FTCP_COALESCE_H

#include <linux/hrtimer.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

struct ftcp_flow;
struct ftcp_session;

/**
 * struct ftcp_batch - what a session has to send
 * @lock: protects the members below; nothing is sent under it.  Without it @sender,
 *	@cost, @last and @lone are read, and the last two written
 * @queue: packets that are to leave, in order; usually none or one
 * @sender: processor that is sending what was in @queue, -1: none
 * @tail: last datagram of the last packet in @queue, if that is open to more;
 *	else NULL
 * @size: payload of that packet's first datagram, in bytes
 * @count: number of its datagrams
 * @mixed: one of them is partly linear, see append()
 * @excused: how many datagrams do not wait, as others did in vain
 * @vain: how many it was the last time; 0 if that wait was not in vain
 * @cost: ns that it takes to send a packet, running mean
 * @lone: datagrams since the lock was taken last, which were all lone ones
 * @last: ns, when a datagram was last handed in
 * @since: ns, when the open packet began to wait
 * @timer: ends the wait
 *
 * Begins with the session and ends with it, by ftcp_batch_end().
 */
struct ftcp_batch {
	spinlock_t lock;
	int sender;
	struct sk_buff_head queue;
	struct sk_buff *tail;
	u16 size;
	u16 count;
	bool mixed;
	u16 excused;
	u16 vain;
	u8 lone;
	u32 cost;
	u64 last;
	u64 since;
	struct hrtimer timer;
};

void ftcp_batch_init(struct ftcp_session *session);
void ftcp_batch_end(struct ftcp_session *session);
void ftcp_batch_detach(struct ftcp_session *session, struct sk_buff *skb);
void ftcp_batch_send(struct ftcp_session *session, struct ftcp_flow *flow,
		     struct sk_buff *skb);

#endif /* FTCP_COALESCE_H */
