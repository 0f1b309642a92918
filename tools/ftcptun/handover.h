/* SPDX-License-Identifier: GPL-2.0 */
/* Hearing that addresses, routes or devices of this host have changed. */
#ifndef FTCPTUN_HANDOVER_H
#define FTCPTUN_HANDOVER_H

#include <poll.h>
#include <stdbool.h>

#include "../../module/core/types.h"

/**
 * struct handover - how changes are heard of
 * @fd: the rtnetlink socket, or -1
 * @own: interface index of ftcptun's own device
 * @own_up: that was brought up, or may have been
 * @look_at: when flows are to be looked at; 0: nothing has changed
 * @looked: when they were
 */
struct handover {
	int fd;
	int own;
	bool own_up;
	u64 look_at;
	u64 looked;
};

void handover_open(struct handover *h, int own, bool routes);
void handover_close(struct handover *h);
int handover_wait(const struct handover *h, struct pollfd *pfd, u64 now);
bool handover_own_up(struct handover *h);
bool handover_due(struct handover *h, const struct pollfd *pfd, u64 now);

#endif /* FTCPTUN_HANDOVER_H */
