/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that wait for a session */
#ifndef FTCP_QUEUE_H
#define FTCP_QUEUE_H

#include "core/policy.h"
#include "session.h"

bool ftcp_session_enqueue(struct ftcp_session *session, struct sk_buff *skb);
void ftcp_session_flush(struct ftcp_session *session);
void ftcp_session_drop_waiting(struct ftcp_session *session,
			       enum ftcp_drop_attr reason,
			       enum ftcp_tell tell);

#endif /* FTCP_QUEUE_H */
