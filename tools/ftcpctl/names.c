// SPDX-License-Identifier: GPL-2.0
/*
 * What the values of enumerations and counters are called.
 */
#include "../common/names_gen.h"
#include "ftcpctl.h"
#include "names.h"

/* These have a unit in their names. */
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

const struct names names_modes = NAMES(ftcp_mode_names, "");
const struct names names_wires =
	NAMES(ftcp_wire_names, "native or phantun, or auto");
const struct names names_dfs = NAMES(ftcp_df_names, "set or unset");
const struct names names_unreachables =
	NAMES(ftcp_unreachable_names, "close or ignore");
const struct names names_states = NAMES(ftcp_state_names, "");
const struct names names_reasons = NAMES(ftcp_reason_names, "");
const struct names names_endings = NAMES(ftcp_ended_names, "");
const struct names names_drops = NAMES(ftcp_drops_names, "");
const struct names names_counts = NAMES(stats_names, "");

/** name_of() - the name of a value, or "unknown" */
const char *name_of(const struct names *names, uint64_t value)
{
	return value < names->n && names->name[value] ? names->name[value] :
							"unknown";
}
