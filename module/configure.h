/* SPDX-License-Identifier: GPL-2.0 */
/* Tunnels are made and deleted. */
#ifndef FTCP_CONFIGURE_H
#define FTCP_CONFIGURE_H

#include "tunnel.h"

/**
 * struct ftcp_tunnel_params - a tunnel about to be made
 * @name: its name
 * @mode: see struct ftcp_tunnel
 * @accept: see struct ftcp_tunnel
 * @listen: see struct ftcp_tunnel
 * @target: see struct ftcp_tunnel
 * @endpoint: where flows go, of the peer that a mode may begin with
 * @endpoint_name: what the user wrote for @endpoint, or NULL
 * @config: see there
 */
struct ftcp_tunnel_params {
	const char *name;
	const struct ftcp_mode_desc *mode;
	struct ftcp_end accept;
	struct ftcp_end listen;
	struct ftcp_end target;
	struct ftcp_end endpoint;
	const char *endpoint_name;
	struct ftcp_tunnel_config config;
};

int ftcp_tunnel_new(struct ftcp_link *link, const struct ftcp_tunnel_params *p,
		    struct netlink_ext_ack *extack);
void ftcp_tunnel_del(struct ftcp_tunnel *tunnel);
void ftcp_tunnel_del_all(struct ftcp_link *link);

#endif /* FTCP_CONFIGURE_H */
