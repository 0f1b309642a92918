// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of no flow: a SYN, the end of a handshake, or a mistake.
 */
#include "conn.h"
#include "cookie.h"
#include "listen.h"

#define KIND (FTCP_SYN | FTCP_ACK | FTCP_RST | FTCP_FIN)

static u32 cookie(const struct ftcp_secret *secret, const void *ends, u32 slot,
		  u8 wscale)
{
	return ftcp_cookie_make(secret->hash(secret->key, ends,
					     FTCP_HASH_COOKIE, slot),
				slot, wscale);
}

/**
 * ftcp_listen_completes() - whether a segment completes a handshake
 * @secret: the owner's
 * @ends: the segment's two ends
 * @seg: the segment
 * @now: present time, ms
 *
 * Return: 1 if it acknowledges a cookie of these ends, so that its sender is who it
 * says it is; else 0.
 */
int ftcp_listen_completes(const struct ftcp_secret *secret, const void *ends,
			  const struct ftcp_segment *seg, u64 now)
{
	u32 number = seg->ack - 1, slot;

	return (seg->flags & KIND) == FTCP_ACK &&
	       ftcp_cookie_find_slot(number, ftcp_cookie_slot(now), &slot) &&
	       number == cookie(secret, ends, slot, number & 1);
}

/* What gets a RST is for segment.c to say: anything but a RST. */
static void refuse(const struct ftcp_segment *seg, struct ftcp_unknown *u)
{
	u->meaning = FTCP_REFUSE;
	u->drop = FTCP_DROP_NO_FLOW;
	ftcp_reset_for(seg, &u->control);
}

/**
 * ftcp_listen() - what a segment means that belongs to no flow
 * @secret: the owner's
 * @ends: the segment's two ends
 * @port: what the owner knows of the port that it came to
 * @seg: the segment
 * @now: present time, ms
 * @u: what it means
 *
 * A bare ACK with a number that is no cookie is counted as the end of a handshake
 * that never was (a flood of them is an attack on cookies); all else that is refused
 * as a segment of no flow.
 */
void ftcp_listen(const struct ftcp_secret *secret, const void *ends,
		 enum ftcp_port_use port, const struct ftcp_segment *seg,
		 u64 now, struct ftcp_unknown *u)
{
	u8 kind = seg->flags & KIND;
	u32 slot;

	*u = (struct ftcp_unknown){ .meaning = FTCP_PASS };
	if (port == FTCP_PORT_FOREIGN)
		return;
	if (port == FTCP_PORT_OPEN && kind == FTCP_SYN) {
		slot = ftcp_cookie_slot(now);
		u->meaning = FTCP_ANSWER;
		ftcp_conn_answer_syn(seg,
				     cookie(secret, ends, slot,
					    seg->wscale != FTCP_NO_WSCALE),
				     &u->control);
	} else if (port == FTCP_PORT_OPEN &&
		   ftcp_listen_completes(secret, ends, seg, now)) {
		u->meaning = FTCP_ACCEPT;
	} else {
		refuse(seg, u);
		if (port == FTCP_PORT_OPEN && kind == FTCP_ACK && !seg->len)
			u->drop = FTCP_DROP_HANDSHAKE;
	}
}

/**
 * ftcp_listen_isn() - initial sequence number of a client
 * @secret: the owner's
 * @ends: the connection's two ends
 * @ns: time in nanoseconds, of a clock that goes on from one connection of these
 *	ends to the next
 *
 * RFC 6528, with the clock of Linux, of 64 ns.
 */
u32 ftcp_listen_isn(const struct ftcp_secret *secret, const void *ends, u64 ns)
{
	return secret->hash(secret->key, ends, FTCP_HASH_ISN, 0) +
	       (u32)(ns >> 6);
}
