/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads.
 *
 *	      +-- worker 0: device queue 0, UDP socket(s), its flows --+
 *	main -+-- worker 1: device queue 1, UDP socket(s), its flows --+- join
 *	      +-- ...                                                --+
 *
 * See worker.c for the division of work.
 */
#ifndef FTCPTUN_WORKER_H
#define FTCPTUN_WORKER_H

#include <pthread.h>
#include <stdio.h>

#include "../../module/uapi/linux/faketcp.h"
#include "cut.h"
#include "flow.h"
#include "fragment.h"
#include "inner.h"
#include "merge.h"
#include "options.h"
#include "origin.h"
#include "stream.h"
#include "tun.h"
#include "udp.h"

struct role_ops;
struct sandbox_user;
struct worker;

#define BATCHES UDP_VLEN
#define BATCH_PIECES 64
#define IDENTS 256
#define TELLS 64

/**
 * struct batch - datagrams of one flow, one size and one TOS; the last may be
 *	shorter
 * @flow: the flow
 * @seg: their size
 * @len: their bytes
 * @count: how many
 * @pieces: number of elements of @iov, without the first
 * @tos: their DSCP and ECN
 * @iov: where they are; the first element is left free for headers
 */
struct batch {
	struct flow *flow;
	u32 seg;
	u32 len;
	u32 count;
	u32 pieces;
	u8 tos;
	struct iovec iov[1 + BATCH_PIECES];
};

/**
 * struct batch_set - the batches of one direction
 * @n: how many there are
 * @max_len: most bytes in one batch
 * @max_count: most datagrams in one batch
 * @min_seg: smaller datagrams are not put together
 * @flush: sends them
 * @batch: the batches, the oldest first
 */
struct batch_set {
	u32 n;
	u32 max_len;
	u32 max_count;
	u32 min_seg;
	void (*flush)(struct worker *w);
	struct batch batch[BATCHES];
};

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

/**
 * struct program - what all threads share; constant once they run, but for
 * @failed, @open, @complained, @ident, @waiting and @reports, and what @origins says
 * @options: the command line
 * @role: what it means to be what it says
 * @tun: the device
 * @inner: the one whose packets are carried whole, if that is what this does
 * @stream_in: where inner packets come from, if not from flows, or -1, and
 * @stream_out: where they go
 * @guest: passt's socket, or -1, and
 * @guest_out: the same once more
 * @workers: the threads
 * @n: how many there are
 * @udp_offload: UDP_SEGMENT and UDP_GRO are there and wanted
 * @table_key: for hash tables and for the owner of a flow
 * @cookie_key: for cookies and initial sequence numbers
 * @label_key: for flow labels
 * @ident: next IPv4 identification, by a hash of the far end's address
 * @waiting: memory of all datagrams that wait for connections
 * @remote_is_name: the remote end has to be looked up now and then
 * @start_lock: held until threads may begin
 * @origins: how many flows each source address has
 * @wake_main: eventfd that the first thread waits for
 * @failed: a thread cannot go on
 * @open: how many threads have flows, or are not yet stopping
 * @complained: it was said that the far end cannot be reached
 * @reports: how many reports are still awaited
 */
struct program {
	struct options options;
	const struct role_ops *role;
	struct tun tun;
	struct tun inner;
	int stream_in;
	int stream_out;
	int guest;
	int guest_out;
	struct worker *workers;
	u32 n;
	bool udp_offload;
	struct siphash_key table_key;
	struct siphash_key cookie_key;
	struct siphash_key label_key;
	u32 ident[IDENTS];
	u32 waiting;
	bool remote_is_name;
	pthread_mutex_t start_lock;
	struct origins origins;
	int wake_main;
	int failed;
	u32 open;
	int complained;
	u32 reports;
};

/**
 * enum letter_kind - what one thread tells another
 * @LETTER_PACKET: a packet from the device for a flow of yours
 * @LETTER_REPORT: write down your flows and counters
 * @LETTER_PROBE: addresses or routes have changed: ask your flows' far ends
 * @LETTER_STOP: close your flows and end
 */
enum letter_kind {
	LETTER_PACKET,
	LETTER_REPORT,
	LETTER_PROBE,
	LETTER_STOP,
};

/**
 * struct letter - a message to a worker
 * @next: the one behind it
 * @kind: what it is about
 * @len: length of @data
 * @data: LETTER_PACKET: the packet
 */
struct letter {
	struct letter *next;
	enum letter_kind kind;
	u32 len;
	u8 data[];
};

/**
 * struct mailbox - letters to a worker
 * @source: eventfd in the worker's epoll set
 * @lock: protects all below
 * @head: the first letter
 * @tail: where the next one will be linked
 * @bytes: length of all of them
 */
struct mailbox {
	struct source source;
	pthread_mutex_t lock;
	struct letter *head;
	struct letter **tail;
	u32 bytes;
};

/**
 * struct worker - a thread and all that belongs to it
 * @program: what all share
 * @index: its number
 * @thread: its handle
 * @epoll: what it waits for
 * @tun: its queue of the device
 * @inner: the device of inner packets, or -1
 * @stream: the channel that carries its packets, or NULL
 * @guest: where they come from if there is no such device, or NULL
 * @listen: client: its UDP socket
 * @mail: what others have to tell it
 * @flows: its flows
 * @now: present time, ms since boot
 * @random: counter behind port numbers
 * @to_tun: datagrams on their way to the device
 * @to_udp: datagrams on their way to UDP sockets
 * @in: buffers for UDP
 * @arena: buffer for packets from the device
 * @cut: buffer for what is cut from super-packets of the inner device, or NULL
 * @cut_len: how much of it is in use
 * @merge: packets on their way to the inner device as one
 * @fragments: packets from there that are not complete
 * @dead: flows that ended while they may still be referred to
 * @tell_at: applications that have no flow, by a hash, are told no more of it before
 * @hello: the packets that say who dials, of IPv4 and of IPv6
 * @redial_at: when to dial though there is nothing to send; 0: never
 * @stopping: LETTER_STOP has come
 * @closed: and this thread's flows are closed
 * @stop_count: how many flows are being closed since then
 * @stop_chain: where in the table the next one is looked for
 * @stop_heard: when one of them ended last
 * @stats: its counters
 * @report: what it wrote down for LETTER_REPORT, and
 * @report_len: the length of that
 * @report_stats: the counters at that moment, and
 * @report_flows: how many flows there were
 */
struct worker {
	struct program *program;
	u32 index;
	pthread_t thread;
	int epoll;
	struct source tun;
	struct source inner;
	struct stream *stream;
	struct stream *guest;
	struct source listen;
	struct mailbox mail;
	struct flow_table flows;
	u64 now;
	u64 random;
	struct batch_set to_tun;
	struct batch_set to_udp;
	struct udp_input *in;
	u8 *arena;
	u8 *cut;
	u32 cut_len;
	struct merge merge;
	struct fragments fragments;
	struct flow *dead;
	u64 tell_at[TELLS];
	u8 hello[2][INNER_HELLO_MAX];
	u64 redial_at;
	bool stopping;
	bool closed;
	u32 stop_count;
	u32 stop_chain;
	u64 stop_heard;
	struct stats stats;
	char *report;
	size_t report_len;
	struct stats report_stats;
	u32 report_flows;
};

/* worker.c */
u64 milliseconds(void);
int worker_init(struct worker *w, struct program *program, u32 index,
		int listen_fd);
void worker_free(struct worker *w);
void *worker_run(void *arg);
void worker_fail(struct worker *w, const char *what);
void worker_send(struct worker *w, enum letter_kind kind);

/* waiting.c */
void waiting_hold(struct worker *w, struct flow *f, const u8 *data, u32 len,
		  u32 seg, u8 tos);
struct waiting *waiting_take(struct worker *w, struct flow *f);
void waiting_free(struct waiting *list);
void waiting_drop(struct worker *w, struct flow *f);

/* ip.c */
void ip_unreachable(struct worker *w, const struct inner *in,
		    enum ftcp_drop_attr why);

/* output.c */
void output_init(struct worker *w);
void output_to_tun(struct worker *w, struct flow *f, u8 *data, u32 len,
		   u32 seg, u8 tos);
void output_to_udp(struct worker *w, struct flow *f, u8 *data, u32 len,
		   u32 seg, u8 tos);
void output_flush_tun(struct worker *w);
void output_flush_udp(struct worker *w);
void output_control(struct worker *w, const struct path *path,
		    const struct ftcp_control *ctl);

/* dispatch.c */
void dispatch_segment(struct worker *w, struct packet *p);
void dispatch_too_big(struct worker *w, const struct packet *p);
void dispatch_timers(struct worker *w);
void dispatch_input(struct worker *w, int fd, struct flow *f);

/* closing.c */
void closing_probe(struct worker *w);
void closing_stop(struct worker *w);
void closing_stopping(struct worker *w);

/* engine.c */
void engine_run(struct program *p, const int *listen_fd, int monitor,
		const struct sandbox_user *user, pid_t parent)
	__attribute__((noreturn));

/* report.c */
void report_write(struct worker *w);
void report_print(struct program *p, FILE *out);

#endif /* FTCPTUN_WORKER_H */
