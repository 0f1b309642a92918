/* SPDX-License-Identifier: GPL-2.0 */
/* Firewalls that drop what is forwarded. */
#ifndef FTCPTUN_FIREWALL_H
#define FTCPTUN_FIREWALL_H

#include <stdbool.h>

void firewall_warn(const char *tun, bool v6);

#endif /* FTCPTUN_FIREWALL_H */
