/* SPDX-License-Identifier: GPL-2.0 */
/* The link's neighbours: where IP hands datagrams over to the link. */
#ifndef FTCP_NEIGHBOUR_H
#define FTCP_NEIGHBOUR_H

#include <linux/netdevice.h>
#include <net/neighbour.h>

int ftcp_neighbour_setup(struct net_device *dev, struct neigh_parms *parms);

#endif /* FTCP_NEIGHBOUR_H */
