/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of flows and sessions */
#ifndef FTCP_TABLE_H
#define FTCP_TABLE_H

#include "flow.h"

struct ftcp_flow *ftcp_flow_by_outer(struct ftcp_net *fn,
				     const struct ftcp_pair *pair);
struct ftcp_session *ftcp_session_by_inner(struct ftcp_net *fn,
					   const struct ftcp_inner_key *key);

int ftcp_table_add_outer(struct ftcp_flow *flow);
int ftcp_table_add_inner(struct ftcp_session *session);
void ftcp_table_del_outer(struct ftcp_flow *flow);
void ftcp_table_del_inner(struct ftcp_session *session);
void ftcp_table_make_way_outer(const struct ftcp_flow *flow);
void ftcp_table_make_way_inner(const struct ftcp_session *session);

void ftcp_table_pause(struct rhashtable_iter *iter);

int ftcp_table_init(struct ftcp_net *fn);
void ftcp_table_exit(struct ftcp_net *fn);

#endif /* FTCP_TABLE_H */
