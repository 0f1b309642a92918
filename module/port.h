/* SPDX-License-Identifier: GPL-2.0 */
/* Reservation of local ports. */
#ifndef FTCP_PORT_H
#define FTCP_PORT_H

#include "addr.h"
#include "net.h"

struct ftcp_port;
struct socket;

struct ftcp_port *ftcp_port_get(struct net *net, int protocol,
				const struct ftcp_end *end, bool shared);
struct ftcp_port *ftcp_port_get_loopback(struct net *net,
					 const struct ftcp_end *end);
bool ftcp_port_fair(struct net *net, int protocol, unsigned int has);
unsigned int ftcp_port_spare(struct net *net, int protocol);
struct socket *ftcp_port_encap6(struct net *net);
void ftcp_port_put(struct ftcp_port *port);
__be16 ftcp_port_number(const struct ftcp_port *port);

int ftcp_port_table_init(struct ftcp_net *fn);
void ftcp_port_table_exit(struct ftcp_net *fn);

#endif /* FTCP_PORT_H */
