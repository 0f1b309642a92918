// SPDX-License-Identifier: GPL-2.0
/*
 * The MTU that a WireGuard interface can have whose datagrams a flow carries.
 */
#include "netlink.h"

/* What WireGuard adds: its header and the authenticator */
#define WIREGUARD 32

/**
 * wireguard_mtu() - with a flow, 0 if that does not say.  Flows of mode ip, which have
 * no conversation, say what packets fit, whatever is in them.
 */
uint64_t wireguard_mtu(const struct object *f)
{
	uint64_t payload = object_number(f, FTCP_A_MAX_PAYLOAD);

	return f->tb[FTCP_A_INNER_LOCAL] && payload > WIREGUARD ?
		       payload - WIREGUARD :
		       0;
}

/** wireguard_least() - with all flows of a tunnel among some, 0 if none says */
uint64_t wireguard_least(const struct object *t, const struct list *flows)
{
	uint64_t least = 0, mtu;
	size_t i;

	for (i = 0; i < flows->n; i++) {
		if (!same_tunnel(t, &flows->array[i]))
			continue;
		mtu = wireguard_mtu(&flows->array[i]);
		if (mtu && (!least || mtu < least))
			least = mtu;
	}
	return least;
}
