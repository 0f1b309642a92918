// SPDX-License-Identifier: GPL-2.0
/*
 * What the modes of tunnels differ in: each is an entry of the table, and nobody asks
 * which it is.
 */
#include "mode.h"

#define A(attr) BIT_ULL(FTCP_A_##attr)

const struct ftcp_mode_desc ftcp_modes[] = {
	[FTCP_MODE_ROUTED] = {
		.name		= "routed",
		.same_ends	= true,
		.optional	= A(PORT) | A(LOCAL),
		.endpoints	= ~0u,
		.from_kind	= FTCP_FROM_ALLOWED_IPS,
		.from_kinds	= BIT(FTCP_FROM_ALLOWED_IPS) | BIT(FTCP_FROM_LIST),
	},
	[FTCP_MODE_LISTEN] = {
		.name		= "listen",
		.required	= A(LISTEN) | A(ENDPOINT),
		.optional	= A(ENDPOINT_NAME),
		.endpoints	= BIT(FTCP_ENDPOINT_ADDR),
		.from_kind	= FTCP_FROM_LIST,
		.from_kinds	= BIT(FTCP_FROM_LIST),
		.proxy		= true,
		.one_peer	= true,
		.first_peer	= "remote",
		.no_endpoint	= "endpoint: a tunnel that listens needs an address to dial",
		.no_from	= "from: nobody connects to a tunnel that listens",
	},
	[FTCP_MODE_FORWARD] = {
		.name		= "forward",
		.required	= A(PORT) | A(TARGET),
		.optional	= A(LOCAL) | A(UNREACHABLE),
		.endpoints	= BIT(FTCP_ENDPOINT_NONE),
		.from_kind	= FTCP_FROM_LIST,
		.from_kinds	= BIT(FTCP_FROM_LIST),
		.proxy		= true,
		.first_peer	= "any",
		.no_endpoint	= "endpoint: a tunnel that forwards dials nobody",
		.no_allowed_ips	= "allowed-ips: no address is behind the peers of a tunnel that forwards; say with from who may connect",
	},
	[FTCP_MODE_IP] = {
		.name		= "ip",
		.optional	= A(PORT) | A(LOCAL),
		.endpoints	= BIT(FTCP_ENDPOINT_NONE) | BIT(FTCP_ENDPOINT_ADDR),
		.from_kind	= FTCP_FROM_ENDPOINT,
		.from_kinds	= BIT(FTCP_FROM_ENDPOINT) | BIT(FTCP_FROM_LIST),
		.packets	= true,
		.no_endpoint	= "endpoint: a tunnel of whole packets takes an address, or none",
	},
};

const struct ftcp_mode_attr ftcp_mode_attrs[] = {
	{ FTCP_A_PORT, "port" },
	{ FTCP_A_LOCAL, "local" },
	{ FTCP_A_LISTEN, "listen" },
	{ FTCP_A_ENDPOINT, "endpoint" },
	{ FTCP_A_ENDPOINT_NAME, "endpoint-name" },
	{ FTCP_A_TARGET, "target" },
	{ FTCP_A_UNREACHABLE, "unreachable" },
	{ }
};
