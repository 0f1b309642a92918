/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to flows, whatever the role: what the roles build on. */
#ifndef FTCPTUN_DISPATCH_H
#define FTCPTUN_DISPATCH_H

#include "../../module/core/listen.h"
#include "worker.h"

void dispatch_log(const struct flow *f, const char *what);
const struct addr *dispatch_own_addr(const struct worker *w, bool v4);
bool dispatch_may_tell(const struct worker *w, u64 *tell_at);
struct ftcp_secret dispatch_secret(const struct worker *w);
struct ftcp_conn_config dispatch_conn_config(const struct worker *w);
struct flow *dispatch_new_flow(struct worker *w, const struct path *path,
			       const struct conversation *conv,
			       const struct addr *source,
			       enum ftcp_drop_attr *why);
void dispatch_migrate(struct worker *w, struct flow *f);
void dispatch_remove(struct worker *w, struct flow *f);
void dispatch_apply(struct worker *w, struct flow *f, struct ftcp_result *res);
void dispatch_established(struct worker *w, struct flow *f);
void dispatch_deliver(struct worker *w, struct flow *f, const struct packet *p);
void dispatch_abort(struct worker *w, struct flow *f);
u32 dispatch_room(const struct worker *w, struct flow *f);
void dispatch_send(struct worker *w, struct flow *f, u8 *data, u32 len, u32 seg,
		   u8 tos);

#endif /* FTCPTUN_DISPATCH_H */
