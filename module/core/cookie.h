/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SYN cookies: the server keeps no state for a SYN (RFC 4987, section 3.6).
 *
 * It answers with a sequence number that only this host can make:
 *
 *	 31                             3 2    1 0
 *	+--------------------------------+------+-+
 *	| keyed hash of both ends + slot | slot |w|
 *	+--------------------------------+------+-+
 *
 * slot counts periods of FTCP_COOKIE_SLOT; w says whether the SYN had the
 * window scale option.  With w, the hash is inverted: otherwise a cookie with
 * w = 0, plus one, would be valid, too.
 *
 * A segment that acknowledges the SYN-ACK proves that its sender received it,
 * and creates the flow.  The hash omits the client's sequence number, so the
 * first data segment completes the handshake if the third segment is lost.
 */
#ifndef FTCP_CORE_COOKIE_H
#define FTCP_CORE_COOKIE_H

#include "types.h"

#define FTCP_COOKIE_SLOT	65536	/* ms; a cookie lives one to two slots */

/**
 * ftcp_cookie_slot() - the slot of a moment
 * @now: ms, from any start
 */
static inline u32 ftcp_cookie_slot(u64 now)
{
	return (u32)(now / FTCP_COOKIE_SLOT);
}

/**
 * ftcp_cookie_make() - make the sequence number for a SYN-ACK
 * @hash: keyed hash of addresses, ports and @slot
 * @slot: the present slot
 * @wscale: whether the SYN had the window scale option
 */
static inline u32 ftcp_cookie_make(u32 hash, u32 slot, u8 wscale)
{
	return ((wscale ? ~hash : hash) & ~7u) | (slot & 3) << 1 |
	       (wscale ? 1 : 0);
}

/**
 * ftcp_cookie_find_slot() - find the slot in which a cookie was made
 * @cookie: a sequence number that may be a cookie
 * @now: the present slot
 * @slot: result: the slot to hash with
 *
 * Return: 1 if that is the present slot or the one before, else 0.
 */
static inline int ftcp_cookie_find_slot(u32 cookie, u32 now, u32 *slot)
{
	u32 age = (now - (cookie >> 1)) & 3;

	*slot = now - age;
	return age <= 1;
}

#endif /* FTCP_CORE_COOKIE_H */
