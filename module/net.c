// SPDX-License-Identifier: GPL-2.0
/* What belongs to a network namespace; it comes and goes in device.c. */
#include "net.h"

unsigned int ftcp_net_id __read_mostly;

/**
 * ftcp_net_hash() - keyed hash for struct ftcp_secret
 * @key: struct ftcp_net
 * @ends: struct ftcp_pair
 * @what: purpose
 * @slot: time
 */
u32 ftcp_net_hash(const void *key, const void *ends, enum ftcp_hash what,
		  u32 slot)
{
	const struct ftcp_net *fn = key;
	const struct ftcp_pair *pair = ends;
	struct {
		struct ftcp_pair pair;
		u32 what;
		u32 slot;
	} __aligned(SIPHASH_ALIGNMENT) input = {
		.pair = *pair,
		.what = what,
		.slot = slot,
	};

	return (u32)siphash(&input, sizeof(input), &fn->key);
}
