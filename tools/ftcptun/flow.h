/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows: one connection and one UDP conversation each, and the table in which
 * a thread keeps its own.  Nothing here is shared between threads.
 */
#ifndef FTCPTUN_FLOW_H
#define FTCPTUN_FLOW_H

#include "../../module/core/conn.h"
#include "packet.h"
#include "siphash.h"

struct batch;
struct origin;

/**
 * enum source_kind - what a descriptor in a thread's epoll set is
 * @SOURCE_TUN: the thread's queue of the device
 * @SOURCE_INNER: the device of inner packets
 * @SOURCE_STREAM: a channel of bytes that carries inner packets
 * @SOURCE_LISTEN: a client's UDP socket
 * @SOURCE_FLOW: the UDP socket of one flow of a server
 * @SOURCE_MAIL: something from another thread
 */
enum source_kind {
	SOURCE_TUN,
	SOURCE_INNER,
	SOURCE_STREAM,
	SOURCE_LISTEN,
	SOURCE_FLOW,
	SOURCE_MAIL,
};

/**
 * struct source - a descriptor in a thread's epoll set
 * @kind: what it is; a SOURCE_FLOW is the first member of its struct flow
 * @fd: the descriptor
 */
struct source {
	enum source_kind kind;
	int fd;
};

/**
 * struct conversation - the UDP side of a client's flow
 * @app: the application
 * @to: the local address it writes to and expects answers from; all zero if
 *	the socket has only one
 */
struct conversation {
	struct endpoint app;
	struct addr to;
};

/**
 * struct waiting - a datagram that waits for the connection
 * @next: the one behind it
 * @len: its length
 * @tos: its DSCP and ECN
 * @data: its contents
 */
struct waiting {
	struct waiting *next;
	u32 len;
	u8 tos;
	u8 data[];
};

/**
 * struct flow_counters - what a flow has carried
 * @tx: datagrams to the far end
 * @tx_bytes: their bytes
 * @rx: datagrams from the far end
 * @rx_bytes: their bytes
 */
struct flow_counters {
	u64 tx;
	u64 tx_bytes;
	u64 rx;
	u64 rx_bytes;
};

/**
 * struct flow - a flow
 * @source: its UDP socket; on a client, the thread's
 * @conn: the connection
 * @path: its two ends
 * @conversation: the UDP side; of a server's only @app, the service, is known
 * @tcp_next: next in the table's chain by @path
 * @udp_next: next in the table's chain by @conversation
 * @in_udp_table: it is there; a client's flow that is about to end is not, so
 *	that the next datagram dials anew
 * @closing: it is being closed in order, by either end
 * @owes: the connection that had the conversation before was lost, and the
 *	application hears of it if this one cannot be had
 * @refused: its UDP side has taken no datagram; what follows is decided by its timer
 * @unwelcome: and it is reset for that
 * @standby: the flow that is dialled to take the conversation over
 * @active: the flow whose conversation this one is dialled to take over; it is
 *	in the table meanwhile, and has this one as its @standby
 * @origin: the source address that it is counted for
 * @to_tun: datagrams on their way to the device, or NULL
 * @to_udp: datagrams on their way to the UDP socket, or NULL
 * @wait_head: first of the datagrams that wait for the connection
 * @wait_tail: where the next one will be linked
 * @wait_count: how many wait
 * @wait_bytes: memory that they take
 * @timer_at: when the connection's timer is called
 * @timer_slot: its place in the table's heap, 0: none
 * @born: when it came into existence
 * @count: what it has carried
 * @mtu: largest IP packet that passes, where a router has said so; or 0
 * @mtu_until: when to try again without that
 * @tell_at: the application is told no more of errors before
 */
struct flow {
	struct source source;
	struct ftcp_conn conn;
	struct path path;
	struct conversation conversation;
	struct flow *tcp_next;
	struct flow *udp_next;
	bool in_udp_table;
	bool closing;
	bool owes;
	bool refused;
	bool unwelcome;
	struct flow *standby;
	struct flow *active;
	struct origin *origin;
	struct batch *to_tun;
	struct batch *to_udp;
	struct waiting *wait_head;
	struct waiting **wait_tail;
	u32 wait_count;
	u32 wait_bytes;
	u64 timer_at;
	u32 timer_slot;
	u64 born;
	struct flow_counters count;
	u32 mtu;
	u64 mtu_until;
	u64 tell_at;
};

/**
 * struct flow_table - the flows of one thread
 * @by_path: chains by path
 * @by_conversation: chains by conversation
 * @mask: number of chains of each kind, less one
 * @key: for hashing
 * @heap: binary heap by timer_at, in elements 1 to @heap_len
 * @heap_len: number of timers that run
 * @heap_size: number of elements of @heap
 * @count: number of flows
 * @max: the most there may be
 */
struct flow_table {
	struct flow **by_path;
	struct flow **by_conversation;
	u32 mask;
	const struct siphash_key *key;
	struct flow **heap;
	u32 heap_len;
	u32 heap_size;
	u32 count;
	u32 max;
};

int flow_table_init(struct flow_table *t, u32 max,
		    const struct siphash_key *key);
void flow_table_free(struct flow_table *t);

struct flow *flow_by_path(const struct flow_table *t, const struct path *path);
struct flow *flow_by_conversation(const struct flow_table *t,
				  const struct conversation *conv);
struct flow *flow_new(struct flow_table *t, const struct path *path,
		      const struct conversation *conv, u64 now);
void flow_join_conversation(struct flow_table *t, struct flow *f);
void flow_forget_conversation(struct flow_table *t, struct flow *f);
void flow_unlink(struct flow_table *t, struct flow *f);

void flow_set_timer(struct flow_table *t, struct flow *f, u64 at);
void flow_arm(struct flow_table *t, struct flow *f, u64 now);
void flow_refused(struct flow_table *t, struct flow *f, u64 now);
struct flow *flow_due(const struct flow_table *t, u64 now);

#endif /* FTCPTUN_FLOW_H */
