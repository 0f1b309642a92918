/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by conn.c, handshake.c and sequence.c only */
#ifndef FTCP_CORE_INTERNAL_H
#define FTCP_CORE_INTERNAL_H

#include "conn.h"

static inline void ftcp_nothing(struct ftcp_result *res)
{
	*res = (struct ftcp_result){ .verdict = FTCP_CONTROL };
}

/* conn.c */
void ftcp_put_control(struct ftcp_result *res, u8 flags, u32 seq, u32 ack);
void ftcp_put_ack(struct ftcp_conn *c, struct ftcp_result *res);
void ftcp_conn_end(struct ftcp_conn *c, enum ftcp_event event,
		   struct ftcp_result *res);
struct ftcp_signs ftcp_conn_signs(const struct ftcp_conn *c, u64 now);

/* handshake.c */
void ftcp_handshake_syn_sent(struct ftcp_conn *c,
			     const struct ftcp_segment *seg, u64 now,
			     struct ftcp_result *res);
void ftcp_handshake_syn_received(struct ftcp_conn *c,
				 const struct ftcp_segment *seg, u64 now,
				 struct ftcp_result *res);
void ftcp_handshake_timer(struct ftcp_conn *c, u64 now,
			  struct ftcp_result *res);

/* sequence.c */
void ftcp_sequence_begin(struct ftcp_conn *c, u32 seq, u64 now);
int ftcp_sequence_move(struct ftcp_conn *c, u64 now);
int ftcp_sequence_ack_plausible(const struct ftcp_conn *c, u32 ack);
int ftcp_sequence_plausible(const struct ftcp_conn *c,
			    const struct ftcp_segment *seg, u64 now);
int ftcp_sequence_far_ahead(struct ftcp_conn *c, const struct ftcp_segment *seg,
			    u64 now);
void ftcp_sequence_settle(struct ftcp_conn *c, u64 now);
void ftcp_sequence_late(struct ftcp_conn *c, u32 end);
void ftcp_sequence_where(struct ftcp_conn *c, u32 seq);

#endif /* FTCP_CORE_INTERNAL_H */
