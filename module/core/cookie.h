/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server's half of the handshake without memory (RFC 4987, section 3.6).
 *
 * A SYN is answered with a sequence number that only this host can make:
 *
 *	 31                             3 2    1 0
 *	+--------------------------------+------+-+
 *	| keyed hash of both ends + slot | slot |w|
 *	+--------------------------------+------+-+
 *
 * slot counts periods of FTCP_COOKIE_SLOT milliseconds; w tells whether the
 * SYN carried the window scale option, and if so the hash is inverted: a cookie
 * with w = 0, plus one, is none.  Any segment that acknowledges the
 * SYN-ACK proves that its sender received it, and brings the flow into being;
 * until then nothing is stored.  The client's own sequence number is not part
 * of the hash: when the third segment is lost, the first data segment to
 * arrive completes the handshake in its place.
 */
#ifndef FTCP_CORE_COOKIE_H
#define FTCP_CORE_COOKIE_H

#include "types.h"

#define FTCP_COOKIE_SLOT	65536	/* ms; a cookie lives one to two slots */

/**
 * ftcp_cookie_slot() - the present slot
 * @now: milliseconds since an arbitrary moment
 */
static inline u32 ftcp_cookie_slot(u64 now)
{
	return (u32)(now / FTCP_COOKIE_SLOT);
}

/**
 * ftcp_cookie_make() - sequence number for a SYN-ACK
 * @hash: keyed hash of addresses, ports and @slot
 * @slot: the present slot
 * @wscale: whether the SYN carried the window scale option
 */
static inline u32 ftcp_cookie_make(u32 hash, u32 slot, u8 wscale)
{
	return ((wscale ? ~hash : hash) & ~7u) | (slot & 3) << 1 |
	       (wscale ? 1 : 0);
}

/**
 * ftcp_cookie_find_slot() - the slot in which a cookie was made
 * @cookie: a sequence number that claims to be a cookie
 * @now: the present slot
 * @slot: the slot to hash with, when it is one that counts
 *
 * Return: 1 if the cookie is of this slot or of the one before, else 0.
 */
static inline int ftcp_cookie_find_slot(u32 cookie, u32 now, u32 *slot)
{
	u32 age = (now - (cookie >> 1)) & 3;

	*slot = now - age;
	return age <= 1;
}

#endif /* FTCP_CORE_COOKIE_H */
