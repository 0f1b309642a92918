/* SPDX-License-Identifier: GPL-2.0 */
/* Count the flows of each source address in a tunnel. */
#ifndef FTCP_SOURCE_H
#define FTCP_SOURCE_H

#include <linux/in6.h>
#include <linux/types.h>

struct ftcp_end;
struct ftcp_net;
struct ftcp_session;
struct ftcp_source;

int ftcp_source_get(struct ftcp_session *session, const struct ftcp_end *remote);
void ftcp_source_put(struct ftcp_session *session, bool last);
u32 ftcp_source_flows(const struct ftcp_session *session);
void ftcp_source_may_yield(struct ftcp_session *session);
struct ftcp_session *ftcp_source_victim(struct ftcp_net *fn, u32 least);
void ftcp_source_net_init(struct ftcp_net *fn);

int ftcp_source_init(void);
void ftcp_source_exit(void);

#endif /* FTCP_SOURCE_H */
