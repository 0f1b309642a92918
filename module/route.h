/* SPDX-License-Identifier: GPL-2.0 */
/* Routes by which packets leave. */
#ifndef FTCP_ROUTE_H
#define FTCP_ROUTE_H

#include <net/dst.h>

#include "addr.h"

struct ftcp_flow;
struct ftcp_session;

/**
 * struct ftcp_route - a cached route
 * @dst: the route, RCU; a reference is held; replaced under ftcp_session.lock
 * @cookie: for dst_check()
 */
struct ftcp_route {
	struct dst_entry __rcu *dst;
	u32 cookie;
};

struct dst_entry *ftcp_route(struct net *net, struct ftcp_pair *pair,
			     u8 protocol, u32 mark);
bool ftcp_own_address(struct net *net, const struct ftcp_end *end);
bool ftcp_route_is_local(const struct dst_entry *dst);
bool ftcp_route_by_loopback(const struct dst_entry *dst);

struct dst_entry *ftcp_route_kept(const struct ftcp_route *route);
void ftcp_session_keep_route(struct ftcp_session *session,
			     struct ftcp_route *route, struct dst_entry *dst);
struct dst_entry *ftcp_flow_find_route(struct ftcp_flow *flow);
u32 ftcp_flow_path_mtu(const struct ftcp_flow *flow);
struct dst_entry *ftcp_session_find_route(struct ftcp_session *session);

#endif /* FTCP_ROUTE_H */
