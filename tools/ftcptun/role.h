/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a client does and a server does otherwise, and who carries whole IP packets.
 * Nobody else asks which of them this is, once the threads run.
 */
#ifndef FTCPTUN_ROLE_H
#define FTCPTUN_ROLE_H

#include "../../module/core/policy.h"
#include "worker.h"

/**
 * struct obstacle - there can be no flow
 * @why: what it is counted as
 * @tell: what the application hears
 */
struct obstacle {
	enum ftcp_drop_attr why;
	enum ftcp_tell tell;
};

/**
 * struct role_ops - one of them; what is NULL is nothing to it
 * @dials: it dials, and so can replace flows
 * @probes: how many in vain are enough, unless the user says otherwise
 * @owner: the number of the thread that a segment is for
 * @flow_for: the flow of a datagram that came to the thread's socket, or NULL
 * @open: whether a port is one that far ends may connect to
 * @accept: make a flow, as a handshake is complete; false if there can be none
 * @established: a flow can carry datagrams
 * @replace: dial a standby for a flow; false, and why, if there can be none
 * @ended: a flow has ended, by this event
 * @lost: its conversation has no flow any more, and this follows
 * @refused: its UDP side takes no datagrams: whether it is to be reset
 * @own_endpoint: where its UDP side writes to
 * @address: have datagrams sent to its UDP side, if the socket is not connected
 * @begin: prepare a thread; false if that fails
 * @redial: it is time to dial, see struct worker
 * @outward: a packet came from the inner device
 * @deliver: what a segment carries has arrived; else it goes to the UDP side
 * @label: what a flow is shown by; else its UDP side
 */
struct role_ops {
	bool dials;
	u8 probes;
	u32 (*owner)(const struct program *p, const struct path *path);
	struct flow *(*flow_for)(struct worker *w, const struct udp_message *m);
	bool (*open)(const struct worker *w, const struct path *path);
	bool (*accept)(struct worker *w, struct packet *p);
	void (*established)(struct worker *w, struct flow *f);
	bool (*replace)(struct worker *w, struct flow *f, struct obstacle *why);
	void (*ended)(struct worker *w, const struct flow *f,
		      enum ftcp_event event);
	void (*lost)(struct worker *w, const struct conversation *conv,
		     const struct ftcp_end_policy *policy);
	bool (*refused)(struct worker *w, struct flow *f);
	struct endpoint (*own_endpoint)(const struct worker *w,
					const struct flow *f);
	void (*address)(const struct worker *w, const struct flow *f,
			struct udp_output *out);
	bool (*begin)(struct worker *w);
	void (*redial)(struct worker *w);
	void (*outward)(struct worker *w, u8 *packet, u32 len);
	void (*deliver)(struct worker *w, struct flow *f,
			const struct packet *p);
	const char *(*label)(const struct worker *w, const struct flow *f);
};

extern const struct role_ops role_client, role_server;
extern const struct role_ops role_ip_client, role_ip_server, role_ip_stream;

#endif /* FTCPTUN_ROLE_H */
