// SPDX-License-Identifier: GPL-2.0
/*
 * What the values of enumerations and counters are called.
 */
#include <linux/faketcp.h>

#include "ftcpctl.h"
#include "names.h"

static const char *const mode_names[] = {
	[FTCP_MODE_ROUTED] = "routed",
	[FTCP_MODE_LISTEN] = "listen",
	[FTCP_MODE_FORWARD] = "forward",
};

static const char *const wire_names[] = {
	[FTCP_WIRE_NATIVE] = "native",
	[FTCP_WIRE_PHANTUN] = "phantun",
	[FTCP_WIRE_AUTO] = "auto",
};

static const char *const df_names[] = {
	[FTCP_DF_UNSET] = "unset",
	[FTCP_DF_SET] = "set",
};

static const char *const unreachable_names[] = {
	[FTCP_UNREACHABLE_IGNORE] = "ignore",
	[FTCP_UNREACHABLE_CLOSE] = "close",
};

static const char *const state_names[] = {
	[FTCP_STATE_CLOSED] = "closed",
	[FTCP_STATE_SYN_SENT] = "syn-sent",
	[FTCP_STATE_SYN_RECEIVED] = "syn-received",
	[FTCP_STATE_ESTABLISHED] = "established",
	[FTCP_STATE_FIN_WAIT] = "fin-wait",
	[FTCP_STATE_LAST_ACK] = "last-ack",
};

/* Behind the padding, in the order of enum ftcp_reason */
static const char *const ended_names[FTCP_ENDED_MAX + 1] = {
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

static const char *const drop_names[FTCP_DROP_MAX + 1] = {
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
};

static const char *const stats_names[FTCP_STATS_MAX + 1] = {
	[FTCP_STATS_TX_PACKETS] = "tx-packets",
	[FTCP_STATS_TX_BYTES] = "tx-bytes",
	[FTCP_STATS_RX_PACKETS] = "rx-packets",
	[FTCP_STATS_RX_BYTES] = "rx-bytes",
	[FTCP_STATS_TX_HELD] = "tx-held",
	[FTCP_STATS_TX_BATCHES] = "tx-batches",
	[FTCP_STATS_TX_HOLD] = "tx-hold-ns",
};

#define NAMES(array, what)                                                  \
	{                                                                   \
		.name = (array), .n = ARRAY_SIZE(array), .expected = (what) \
	}

const struct names names_modes = NAMES(mode_names, "");
const struct names names_wires =
	NAMES(wire_names, "native or phantun, or auto");
const struct names names_dfs = NAMES(df_names, "set or unset");
const struct names names_unreachables =
	NAMES(unreachable_names, "close or ignore");
const struct names names_states = NAMES(state_names, "");
const struct names names_reasons = { ended_names + FTCP_ENDED_PAD,
				     FTCP_REASON_MAX + 1, "" };
const struct names names_endings = NAMES(ended_names, "");
const struct names names_drops = NAMES(drop_names, "");
const struct names names_counts = NAMES(stats_names, "");

/** name_of() - the name of a value, or "unknown" */
const char *name_of(const struct names *names, uint64_t value)
{
	return value < names->n && names->name[value] ? names->name[value] :
							"unknown";
}
