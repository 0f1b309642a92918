/* SPDX-License-Identifier: GPL-2.0 */
/* Limits for all tunnels of a network namespace */
#ifndef FTCP_LIMIT_H
#define FTCP_LIMIT_H

#include "net.h"

bool ftcp_limit_take_flow(struct ftcp_net *fn);
bool ftcp_limit_reached(const struct ftcp_net *fn);
void ftcp_limit_give_flow(struct ftcp_net *fn);
bool ftcp_limit_take_bytes(struct ftcp_net *fn, unsigned int bytes);
void ftcp_limit_give_bytes(struct ftcp_net *fn, unsigned int bytes);

int ftcp_limit_init(struct ftcp_net *fn);
void ftcp_limit_exit(struct ftcp_net *fn);

#endif /* FTCP_LIMIT_H */
