/* SPDX-License-Identifier: GPL-2.0 */
/* Replacement of flows, and what makes it necessary. */
#ifndef FTCP_RENEW_H
#define FTCP_RENEW_H

#include "flow.h"

void ftcp_renew(struct ftcp_flow *flow);
void ftcp_renew_ended(struct ftcp_flow *standby, enum ftcp_event event);
void ftcp_renew_follow(struct ftcp_flow *flow);

bool ftcp_renew_left(const struct ftcp_flow *flow);
bool ftcp_redial_closes(const struct ftcp_flow *flow);
bool ftcp_flow_to_move(const struct ftcp_flow *flow, bool all);
void ftcp_flow_redial(struct ftcp_flow *flow);
void ftcp_flow_way_changed(struct ftcp_flow *flow, bool suspect);
void ftcp_session_way_changed(struct ftcp_session *session);

#endif /* FTCP_RENEW_H */
