/* SPDX-License-Identifier: GPL-2.0 */
/* What the modes of tunnels differ in. */
#ifndef FTCP_MODE_H
#define FTCP_MODE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/faketcp.h>

/**
 * struct ftcp_mode_desc - what a mode is
 * @name: as users write it
 * @required: attributes that a tunnel of this mode needs, as a set
 * @optional: those that it may have besides; others that some modes have are refused
 * @endpoints: kinds of endpoints that a peer may have, as a set
 * @from_kind: who may connect as a new peer
 * @from_kinds: the kinds that may be set, as a set
 * @proxy: datagrams go to addresses of the namespace that the link is in, which it
 *	cannot leave, and end there, as with a proxy.  Else they are routed into the
 *	link and received from it
 * @same_ends: the ends of a segment are those of its datagram, unless this end dialled
 *	otherwise
 * @packets: a segment's payload is a whole IP packet, which is routed into the link and
 *	received from it; peers are told apart by the addresses in it, see claim.c
 * @one_peer: it has one peer, made with the tunnel, whose wire is the tunnel's
 * @first_peer: name of the peer that a tunnel begins with, or NULL
 * @no_endpoint: why an endpoint of another kind is refused
 * @no_from: why nobody may connect, or NULL if somebody may
 * @no_allowed_ips: why no address is behind a peer, or NULL if some may be
 *
 * What else depends on the mode goes by what the tunnel has: an address to listen on
 * (ftcp_tunnel.listen), or a target.
 */
struct ftcp_mode_desc {
	const char *name;
	u64 required;
	u64 optional;
	u32 endpoints;
	u8 from_kind;
	u8 from_kinds;
	bool proxy;
	bool same_ends;
	bool packets;
	bool one_peer;
	const char *first_peer;
	const char *no_endpoint;
	const char *no_from;
	const char *no_allowed_ips;
};

/**
 * struct ftcp_mode_attr - an attribute that not all modes have
 * @attr: enum ftcp_attr
 * @word: as users write it
 */
struct ftcp_mode_attr {
	u16 attr;
	const char *word;
};

extern const struct ftcp_mode_desc ftcp_modes[__FTCP_MODE_MAX];
extern const struct ftcp_mode_attr ftcp_mode_attrs[];	/* until one without a word */

#endif /* FTCP_MODE_H */
