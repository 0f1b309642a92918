/* SPDX-License-Identifier: GPL-2.0 */
/* Parse requests over generic netlink. */
#ifndef FTCP_REQUEST_H
#define FTCP_REQUEST_H

#include <linux/netlink.h>
#include <net/genetlink.h>

struct ftcp_end;
struct ftcp_link;
struct ftcp_tunnel;

/* Refuse a request because of an attribute. */
#define ftcp_req_refuse(info, attr, err, msg) ({			\
	NL_SET_ERR_MSG_ATTR((info)->extack, (info)->attrs[attr], msg);	\
	err;								\
})

enum {
	FTCP_WANT_PORT = 1,	/* a port other than 0 */
	FTCP_WANT_ADDR = 2,	/* an address other than any */
};

struct ftcp_link *ftcp_req_link(struct genl_info *info);
struct ftcp_tunnel *ftcp_req_tunnel(struct genl_info *info);
const char *ftcp_req_name(struct genl_info *info, int attr, const char *what);
int ftcp_req_endpoint_name(struct genl_info *info, const char **name);
int ftcp_req_end(struct genl_info *info, int attr, unsigned int want,
		 struct ftcp_end *end);
bool ftcp_req_privileged(struct sk_buff *skb, const struct ftcp_link *link);
int ftcp_req_may_use_underlay(struct sk_buff *skb, struct genl_info *info,
			      struct ftcp_link *link);

#endif /* FTCP_REQUEST_H */
