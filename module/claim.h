/* SPDX-License-Identifier: GPL-2.0 */
/* Mode ip: which peer a connection is, and which connection is a peer's. */
#ifndef FTCP_CLAIM_H
#define FTCP_CLAIM_H

#include "addr.h"
#include "core/policy.h"

struct ftcp_flow;
struct ftcp_peer;
struct ftcp_session;
struct ftcp_tunnel;

/* What becomes of the first packet of a connection */
enum ftcp_claim {
	FTCP_CLAIM_GRANTED,	/* it is the peer's */
	FTCP_CLAIM_IGNORED,	/* dropped; the next one may do */
	FTCP_CLAIM_REFUSED,	/* dropped, and the connection reset */
};

enum ftcp_claim ftcp_claim(struct ftcp_tunnel *tunnel,
			   const struct ftcp_pair *outer,
			   const struct ftcp_end *source,
			   struct ftcp_peer **peer,
			   enum ftcp_drop_attr *reason);
int ftcp_claim_add(struct ftcp_session *session);
void ftcp_claim_del(struct ftcp_session *session);
void ftcp_claim_choose(struct ftcp_peer *peer);
void ftcp_claim_idle(struct ftcp_flow *flow);

#endif /* FTCP_CLAIM_H */
