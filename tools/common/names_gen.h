/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/faketcp.yaml */
#ifndef FTCP_NAMES_GEN_H
#define FTCP_NAMES_GEN_H

#include "../../module/uapi/linux/faketcp.h"

static const char *const ftcp_mode_names[] = {
	[FTCP_MODE_ROUTED] = "routed",
	[FTCP_MODE_LISTEN] = "listen",
	[FTCP_MODE_FORWARD] = "forward",
	[FTCP_MODE_IP] = "ip",
};

static const char *const ftcp_wire_names[] = {
	[FTCP_WIRE_NATIVE] = "native",
	[FTCP_WIRE_PHANTUN] = "phantun",
	[FTCP_WIRE_AUTO] = "auto",
};

static const char *const ftcp_endpoint_kind_names[] = {
	[FTCP_ENDPOINT_NONE] = "none",
	[FTCP_ENDPOINT_ADDR] = "addr",
	[FTCP_ENDPOINT_SAME] = "same",
};

static const char *const ftcp_from_kind_names[] = {
	[FTCP_FROM_ALLOWED_IPS] = "allowed-ips",
	[FTCP_FROM_LIST] = "list",
	[FTCP_FROM_ENDPOINT] = "endpoint",
};

static const char *const ftcp_df_names[] = {
	[FTCP_DF_UNSET] = "unset",
	[FTCP_DF_SET] = "set",
};

static const char *const ftcp_unreachable_names[] = {
	[FTCP_UNREACHABLE_IGNORE] = "ignore",
	[FTCP_UNREACHABLE_CLOSE] = "close",
};

static const char *const ftcp_state_names[] = {
	[FTCP_STATE_CLOSED] = "closed",
	[FTCP_STATE_SYN_SENT] = "syn-sent",
	[FTCP_STATE_SYN_RECEIVED] = "syn-received",
	[FTCP_STATE_ESTABLISHED] = "established",
	[FTCP_STATE_FIN_WAIT] = "fin-wait",
	[FTCP_STATE_LAST_ACK] = "last-ack",
};

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

static const char *const ftcp_ended_names[] = {
	[FTCP_ENDED_CLOSED] = "closed",
	[FTCP_ENDED_RESET] = "reset",
	[FTCP_ENDED_DEAD] = "dead",
	[FTCP_ENDED_REFUSED] = "refused",
	[FTCP_ENDED_UNANSWERED] = "unanswered",
	[FTCP_ENDED_REPLACED] = "replaced",
	[FTCP_ENDED_FAILED] = "failed",
	[FTCP_ENDED_UNREACHABLE] = "unreachable",
	[FTCP_ENDED_EVICTED] = "evicted",
};

#endif /* FTCP_NAMES_GEN_H */
