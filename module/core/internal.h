/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that make up a connection's rules have in common; of no
 * interest to its owner.
 */
#ifndef FTCP_CORE_INTERNAL_H
#define FTCP_CORE_INTERNAL_H

#include "conn.h"

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
