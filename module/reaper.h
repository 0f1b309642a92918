/* SPDX-License-Identifier: GPL-2.0 */
/* End many flows at once. */
#ifndef FTCP_REAPER_H
#define FTCP_REAPER_H

#include "net.h"

struct ftcp_peer;

void ftcp_reaper_doom(struct ftcp_peer *peer);
void ftcp_reaper_gone(struct ftcp_net *fn);
bool ftcp_reaper_busy(struct ftcp_net *fn);
bool ftcp_reaper_wait(struct ftcp_net *fn);

void ftcp_reaper_init(struct ftcp_net *fn);
void ftcp_reaper_exit(struct ftcp_net *fn);

#endif /* FTCP_REAPER_H */
