/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_NAMES_H
#define FTCPCTL_NAMES_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct names - The names of the values of an enumeration, or of the counters
 *	in a nest.
 * @name: By value; NULL for one that means nothing.
 * @n: How many.
 * @expected: All of them, for messages.
 */
struct names {
	const char *const *name;
	size_t n;
	const char *expected;
};

extern const struct names names_modes, names_wires, names_dfs,
	names_unreachables, names_states, names_reasons, names_endings,
	names_drops, names_counts;

const char *name_of(const struct names *names, uint64_t value);

#endif /* FTCPCTL_NAMES_H */
