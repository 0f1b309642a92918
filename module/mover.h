/* SPDX-License-Identifier: GPL-2.0 */
/* Dial flows again after a change of their peer */
#ifndef FTCP_MOVER_H
#define FTCP_MOVER_H

#include <linux/types.h>

struct ftcp_peer;

void ftcp_mover_init(struct ftcp_peer *peer);
void ftcp_mover_ask(struct ftcp_peer *peer, bool all);

#endif /* FTCP_MOVER_H */
