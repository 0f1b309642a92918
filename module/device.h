/* SPDX-License-Identifier: GPL-2.0 */
/* The link, a virtual netdev, and network namespaces: as they come and go. */
#ifndef FTCP_DEVICE_H
#define FTCP_DEVICE_H

#include "net.h"

int ftcp_net_get(struct net *net, bool proxy);
void ftcp_net_put(struct net *net, bool proxy);

bool ftcp_device_check(const struct net_device *dev);
void ftcp_device_pin(struct ftcp_link *link);
int ftcp_device_want_packets(struct ftcp_link *link);

int ftcp_device_init(void);
void ftcp_device_exit(void);

#endif /* FTCP_DEVICE_H */
