/* SPDX-License-Identifier: GPL-2.0 */
/* Datagrams that wait for a connection. */
#ifndef FTCPTUN_WAITING_H
#define FTCPTUN_WAITING_H

#include "worker.h"

void waiting_hold(struct worker *w, struct flow *f, const u8 *data, u32 len,
		  u32 seg, u8 tos);
struct waiting *waiting_take(struct worker *w, struct flow *f);
void waiting_free(struct waiting *list);
void waiting_drop(struct worker *w, struct flow *f, enum ftcp_drop_attr reason);

#endif /* FTCPTUN_WAITING_H */
