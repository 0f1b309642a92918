// SPDX-License-Identifier: GPL-2.0
/* Segments of no flow; see listen.h. */
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
 * ftcp_listen_completes() - check whether a segment completes a handshake
 * @secret: the owner's
 * @ends: the segment's two ends
 * @seg: the segment
 * @now: ms
 *
 * Return: 1 if it acknowledges a cookie made for @ends, which proves that its
 * source address is real; else 0.
 */
int ftcp_listen_completes(const struct ftcp_secret *secret, const void *ends,
			  const struct ftcp_segment *seg, u64 now)
{
	u32 number = seg->ack - 1, slot;

	return (seg->flags & KIND) == FTCP_ACK &&
	       ftcp_cookie_find_slot(number, ftcp_cookie_slot(now), &slot) &&
	       number == cookie(secret, ends, slot, number & 1);
}

/**
 * ftcp_listen() - decide what to do with a segment of no flow
 * @secret: the owner's
 * @ends: the segment's two ends
 * @open: whether this far end may connect to the port
 * @seg: the segment
 * @now: ms
 * @u: result
 *
 * A bare ACK without a valid cookie has a counter of its own: a flood of them
 * is an attack on cookies.
 */
void ftcp_listen(const struct ftcp_secret *secret, const void *ends, int open,
		 const struct ftcp_segment *seg, u64 now,
		 struct ftcp_unknown *u)
{
	u8 kind = seg->flags & KIND, wscale = seg->wscale != FTCP_NO_WSCALE;
	u32 slot = ftcp_cookie_slot(now);

	*u = (struct ftcp_unknown){ .meaning = FTCP_REFUSE };
	if (open && kind == FTCP_SYN) {
		u->meaning = FTCP_ANSWER;
		ftcp_conn_answer_syn(seg, cookie(secret, ends, slot, wscale),
				     &u->control);
	} else if (open && ftcp_listen_completes(secret, ends, seg, now)) {
		u->meaning = FTCP_ACCEPT;
	} else {
		u->drop = open && kind == FTCP_ACK && !seg->len ?
				  FTCP_DROP_HANDSHAKE :
				  FTCP_DROP_NO_FLOW;
		ftcp_reset_for(seg, &u->control);
	}
}

/**
 * ftcp_listen_isn() - make a client's initial sequence number (RFC 6528)
 * @secret: the owner's
 * @ends: the connection's two ends
 * @ns: time, ns; must not go back between connections of the same ends
 *
 * Return: the number; its clock ticks every 64 ns, as Linux's.
 */
u32 ftcp_listen_isn(const struct ftcp_secret *secret, const void *ends, u64 ns)
{
	return secret->hash(secret->key, ends, FTCP_HASH_ISN, 0) +
	       (u32)(ns >> 6);
}
