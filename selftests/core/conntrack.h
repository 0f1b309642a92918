/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a stateful firewall makes of a TCP connection.
 *
 * A model of how Linux's nf_conntrack follows one 4-tuple: the states of
 * both ends as an observer in the middle infers them, and the four window
 * conditions of "Real Stateful TCP Packet Filtering in IP Filter" (van Rooij,
 * 2000) with the relaxations that Linux documents.  Timeouts and mid-stream
 * pickup are left out: here, what has no entry and is no SYN is invalid.
 */
#ifndef FTCP_CONNTRACK_H
#define FTCP_CONNTRACK_H

#include "types.h"

enum ct_state {
	CT_NONE,
	CT_SYN_SENT,
	CT_SYN_RECV,
	CT_ESTABLISHED,
	CT_FIN_WAIT,
	CT_CLOSE_WAIT,
	CT_LAST_ACK,
	CT_TIME_WAIT,
	CT_CLOSE,
	CT_SYN_SENT2,
	CT_STATES,
};

enum ct_kind {
	CT_SYN,
	CT_SYN_ACK,
	CT_FIN,
	CT_ACK,
	CT_RST,
	CT_OTHER,
};

/**
 * enum ct_verdict - what becomes of a segment
 * @CT_ACCEPT: it belongs to the connection
 * @CT_IGNORE: it passes, but the observer does not learn from it
 * @CT_INVALID: it would be marked INVALID; NAT is skipped, and usual rules drop
 *	it
 */
enum ct_verdict {
	CT_ACCEPT,
	CT_IGNORE,
	CT_INVALID,
};

/**
 * struct ct_side - what is known about one sender
 * @end: highest sequence number it sent
 * @maxend: highest that its peer's window allows
 * @maxwin: largest window it announced, scaled; 0: nothing seen yet
 * @maxack: highest acknowledgement it sent
 * @scale: shift of its window
 * @has_scale: its SYN carried the window scale option
 * @has_maxack: @maxack counts
 * @closed_first: it sent the first FIN
 */
struct ct_side {
	u32 end;
	u32 maxend;
	u32 maxwin;
	u32 maxack;
	u8 scale;
	u8 has_scale;
	u8 has_maxack;
	u8 closed_first;
};

/**
 * struct conntrack - an entry
 * @state: enum ct_state
 * @original: which of the two ends spoke first
 * @side: what is known about each end
 * @seen_reply: the other one spoke, too
 * @assured: the handshake was completed
 * @simultaneous: both ends sent a SYN
 * @last_dir: direction of the last segment, 0: from @original
 * @last_kind: and its kind
 * @last_seq: and its numbers
 * @last_ack: as above
 * @last_end: as above
 * @last_win: as above
 * @last_scale: window scale of a SYN that was let through unbelieved
 * @last_has_scale: whether it had any
 * @accepted: segments with this verdict
 * @ignored: segments with this verdict
 * @invalid: segments with this verdict
 * @why: reason of the last verdict that was not CT_ACCEPT
 */
struct conntrack {
	u8 state;
	u8 original;
	struct ct_side side[2];
	u8 seen_reply;
	u8 assured;
	u8 simultaneous;

	u8 last_dir;
	u8 last_kind;
	u32 last_seq;
	u32 last_ack;
	u32 last_end;
	u16 last_win;
	u8 last_scale;
	u8 last_has_scale;

	u32 accepted;
	u32 ignored;
	u32 invalid;
	const char *why;
};

enum ct_verdict ct_see(struct conntrack *ct, int from, const u8 *hdr,
		       u32 avail, u32 total);
const char *ct_state_name(const struct conntrack *ct);

#endif /* FTCP_CONNTRACK_H */
