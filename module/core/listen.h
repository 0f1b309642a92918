/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a segment means that belongs to no flow, and the sequence numbers that only
 * this host can make: cookies, by which a server keeps nothing for a SYN (cookie.h),
 * and those of a client's SYN.
 *
 * Nothing is remembered here.  The owner says what he knows of the port and lends
 * a keyed hash; the answer is what to do.
 */
#ifndef FTCP_CORE_LISTEN_H
#define FTCP_CORE_LISTEN_H

#include "../uapi/linux/faketcp.h"
#include "segment.h"
#include "types.h"

/* What a key is used for.  Who learns a number of one kind, as everybody may who
 * sends a SYN, learns nothing of those of the others.
 */
enum ftcp_hash {
	FTCP_HASH_COOKIE = 1,
	FTCP_HASH_ISN,
	FTCP_HASH_LOOPBACK, /* the module's own, see setup.c */
};

/**
 * struct ftcp_secret - how the owner makes numbers that nobody can guess
 * @hash: keyed hash of a connection's two ends, in the owner's own form, of what the
 *	number is for, and of a time
 * @key: the first argument of @hash
 */
struct ftcp_secret {
	u32 (*hash)(const void *key, const void *ends, enum ftcp_hash what,
		    u32 slot);
	const void *key;
};

/**
 * enum ftcp_port_use - what the owner knows of the port that a segment came to
 * @FTCP_PORT_FOREIGN: it is somebody else's
 * @FTCP_PORT_SHUT: it is the owner's, and this far end cannot connect to it
 * @FTCP_PORT_OPEN: the far end may connect
 */
enum ftcp_port_use {
	FTCP_PORT_FOREIGN,
	FTCP_PORT_SHUT,
	FTCP_PORT_OPEN,
};

/**
 * enum ftcp_meaning - what is to be done with a segment of no flow
 * @FTCP_PASS: leave it to whom the port belongs to
 * @FTCP_ANSWER: send the SYN-ACK, and forget
 * @FTCP_ACCEPT: its sender has received that: begin a flow with it
 *	(ftcp_conn_accept()), or, if there can be none, refuse it (ftcp_reset_for())
 * @FTCP_REFUSE: send the RST, if there is one; the segment is dropped, and counted
 */
enum ftcp_meaning {
	FTCP_PASS,
	FTCP_ANSWER,
	FTCP_ACCEPT,
	FTCP_REFUSE,
};

/**
 * struct ftcp_unknown - what a segment of no flow means
 * @meaning: see there
 * @drop: with FTCP_REFUSE: the counter
 * @control: what to send; nothing if its flags are 0
 */
struct ftcp_unknown {
	enum ftcp_meaning meaning;
	enum ftcp_drop_attr drop;
	struct ftcp_control control;
};

void ftcp_listen(const struct ftcp_secret *secret, const void *ends,
		 enum ftcp_port_use port, const struct ftcp_segment *seg,
		 u64 now, struct ftcp_unknown *u);
int ftcp_listen_completes(const struct ftcp_secret *secret, const void *ends,
			  const struct ftcp_segment *seg, u64 now);
u32 ftcp_listen_isn(const struct ftcp_secret *secret, const void *ends, u64 ns);

#endif /* FTCP_CORE_LISTEN_H */
