/* SPDX-License-Identifier: GPL-2.0 */
/* Flows follow the addresses, routes and devices of this host. */
#ifndef FTCP_HANDOVER_H
#define FTCP_HANDOVER_H

struct net;

void ftcp_handover_watch(struct net *net);
void ftcp_handover_unwatch(struct net *net);
void ftcp_handover_look(const struct net *net);
int ftcp_handover_init(void);
void ftcp_handover_exit(void);

#endif /* FTCP_HANDOVER_H */
