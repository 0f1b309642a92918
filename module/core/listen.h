/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments that belong to no flow, and sequence numbers only this host can
 * make: SYN cookies (cookie.h) and a client's initial sequence number.
 *
 * Nothing is kept here.  The owner provides a keyed hash.
 */
#ifndef FTCP_CORE_LISTEN_H
#define FTCP_CORE_LISTEN_H

#include "../uapi/linux/faketcp.h"
#include "segment.h"
#include "types.h"

/* What is hashed: a number of one kind, which anybody gets who sends a SYN,
 * must not reveal one of another.
 */
enum ftcp_hash {
	FTCP_HASH_COOKIE = 1,
	FTCP_HASH_ISN,
	FTCP_HASH_LOOPBACK, /* the module's, see setup.c */
};

/* How the owner makes numbers that nobody can guess */
struct ftcp_secret {
	/* keyed hash of a connection's ends (in the owner's format) and @slot */
	u32 (*hash)(const void *key, const void *ends, enum ftcp_hash what,
		    u32 slot);
	const void *key;
};

/* What to do with a segment of no flow */
enum ftcp_meaning {
	FTCP_ANSWER,	/* to a SYN: send the SYN-ACK, keep nothing */
	FTCP_ACCEPT,	/* valid cookie: ftcp_conn_accept(), or if there can be
			 * no flow, ftcp_reset_for()
			 */
	FTCP_REFUSE,	/* count a drop; send the RST, if there is one */
};

struct ftcp_unknown {
	enum ftcp_meaning meaning;
	enum ftcp_drop_attr drop;	/* with FTCP_REFUSE */
	struct ftcp_control control;	/* to send, if its flags are not 0 */
};

void ftcp_listen(const struct ftcp_secret *secret, const void *ends, int open,
		 const struct ftcp_segment *seg, u64 now,
		 struct ftcp_unknown *u);
int ftcp_listen_completes(const struct ftcp_secret *secret, const void *ends,
			  const struct ftcp_segment *seg, u64 now);
u32 ftcp_listen_isn(const struct ftcp_secret *secret, const void *ends, u64 ns);

#endif /* FTCP_CORE_LISTEN_H */
