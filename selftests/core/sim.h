/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two hosts, a network between them, and what firewalls on the way see.
 *
 *	host 0 --- tracker 0 --- leg 0 --- middle --- leg 1 --- tracker 2 --- host 1
 *				     (tracker 1)
 *
 * A leg delays, loses, doubles and reorders.  The middle may take the window
 * scale option off SYNs and rewrite sequence numbers; its tracker sees what
 * host 1 sees.  Segments travel as bytes of a header and a length of payload.
 *
 * A host is the owner of one connection as the module is: it answers what
 * belongs to no connection, arms one timer from ftcp_conn_deadline(), and takes
 * the fast path where it may.
 */
#ifndef FTCP_SIM_H
#define FTCP_SIM_H

#include "conn.h"
#include "conntrack.h"

#define SIM_PACKETS	(1 << 15)	/* that are under way at once */

/**
 * struct sim_leg - one half of the path
 * @delay: microseconds
 * @jitter: up to so many more; packets overtake each other
 * @loss: of 1000
 * @dup: of 1000
 */
struct sim_leg {
	u32 delay;
	u32 jitter;
	u32 loss;
	u32 dup;
};

/**
 * struct sim_host - an end
 * @c: its connection
 * @config: for dialling and accepting
 * @listens: accepts connections
 * @key: what its cookies are made with
 * @mute: acknowledges nothing, as Phantun
 * @timer_at: when the timer fires, ms; 0: not armed
 * @event: the last one
 * @established: how many times
 * @closed: how many times
 * @sent: datagrams that left
 * @refused: datagrams for which there was no connection
 * @arrived: datagrams that the network brought
 * @delivered: datagrams handed to the application
 * @rejected: segments with a bad verdict
 * @next_send: when the application sends again, us
 * @interval: between two datagrams, us; 0: sends nothing
 * @size: of a datagram
 * @next_seq: where the next segment has to begin
 * @holes: times when it did not
 */
struct sim_host {
	struct ftcp_conn c;
	struct ftcp_conn_config config;
	u8 listens;
	u8 mute;
	u32 key;
	u64 timer_at;
	enum ftcp_event event;
	u32 established;
	u32 closed;
	u64 sent;
	u64 refused;
	u64 arrived;
	u64 delivered;
	u64 rejected;
	u64 next_send;
	u64 interval;
	u32 size;
	u32 next_seq;
	u32 holes;
};

struct sim_packet {
	u64 at;
	u64 order;
	u32 len;
	u8 from;
	u8 leg;
	u8 hlen;
	u8 hdr[FTCP_SYN_HLEN];
};

/**
 * struct sim - all of it
 * @now: microseconds
 * @host: the two ends; host 0 dials, unless both do
 * @leg: the two halves of the path
 * @tracker: at host 0, in the middle, at host 1
 * @strip: the middle takes the window scale option off SYNs
 * @rewrite: what the middle adds to the numbers of each host
 * @blocked: the middle drops everything
 * @drop_invalid: trackers drop what is INVALID to them
 * @random: state of the generator
 * @order: of packets with the same time
 * @count: packets under way
 * @packet: a heap of them
 */
struct sim {
	u64 now;
	struct sim_host host[2];
	struct sim_leg leg[2];
	struct conntrack tracker[3];
	u8 strip;
	u8 blocked;
	u8 drop_invalid;
	u32 rewrite[2];
	u32 random;
	u64 order;
	u32 count;
	struct sim_packet packet[SIM_PACKETS];
};

void sim_init(struct sim *s, u32 seed);
void sim_dial(struct sim *s, int from, u32 iss);
int sim_send(struct sim *s, int from, u32 len);
void sim_close(struct sim *s, int from);
void sim_abort(struct sim *s, int from);
void sim_timer(struct sim *s, int at);
void sim_receive(struct sim *s, int at, const u8 *hdr, u32 hlen, u32 len);
void sim_run(struct sim *s, u64 until);
u32 sim_random(struct sim *s);

static inline u64 sim_ms(const struct sim *s)
{
	return s->now / 1000;
}

#endif /* FTCP_SIM_H */
