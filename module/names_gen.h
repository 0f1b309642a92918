/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/faketcp.yaml */
#ifndef FTCP_NAMES_GEN_H
#define FTCP_NAMES_GEN_H

#include <uapi/linux/faketcp.h>

static const char *const ftcp_reason_names[] = {
	[FTCP_REASON_CLOSED] = "closed",
	[FTCP_REASON_RESET] = "reset",
	[FTCP_REASON_DEAD] = "dead",
	[FTCP_REASON_REFUSED] = "refused",
	[FTCP_REASON_UNANSWERED] = "unanswered",
	[FTCP_REASON_REPLACED] = "replaced",
	[FTCP_REASON_FAILED] = "failed",
	[FTCP_REASON_UNREACHABLE] = "unreachable",
	[FTCP_REASON_EVICTED] = "evicted",
};

static const char *const ftcp_drops_names[] = {
	[FTCP_DROP_MALFORMED] = "malformed",
	[FTCP_DROP_CHECKSUM] = "checksum",
	[FTCP_DROP_PROTOCOL] = "protocol",
	[FTCP_DROP_NO_PEER] = "no-peer",
	[FTCP_DROP_NO_ENDPOINT] = "no-endpoint",
	[FTCP_DROP_NO_ROUTE] = "no-route",
	[FTCP_DROP_NO_FLOW] = "no-flow",
	[FTCP_DROP_SEQUENCE] = "sequence",
	[FTCP_DROP_STATE] = "state",
	[FTCP_DROP_QUEUE_FULL] = "queue-full",
	[FTCP_DROP_TOO_BIG] = "too-big",
	[FTCP_DROP_LIMIT] = "limit",
	[FTCP_DROP_PORT_TAKEN] = "port-taken",
	[FTCP_DROP_REFUSED] = "refused",
	[FTCP_DROP_MEMORY] = "memory",
	[FTCP_DROP_HANDSHAKE] = "handshake",
	[FTCP_DROP_ICMP] = "icmp",
	[FTCP_DROP_SOURCE_LIMIT] = "source-limit",
	[FTCP_DROP_NAMESPACE_LIMIT] = "namespace-limit",
	[FTCP_DROP_INNER_SOURCE] = "inner-source",
	[FTCP_DROP_NEWCOMER] = "newcomer",
};

#endif /* FTCP_NAMES_GEN_H */
