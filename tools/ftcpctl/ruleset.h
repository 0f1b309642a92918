/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the packet filter does with a packet, by the text of `nft list ruleset'.
 */
#ifndef FTCPCTL_RULESET_H
#define FTCPCTL_RULESET_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct packet - A packet of which it is asked what becomes of it.
 * @hook: Where it is: "input", "output", "forward", "prerouting".
 * @six: Whether it is of IPv6.
 * @tcp: Whether it is TCP, else UDP.
 * @sport: Its source port.
 * @dport: Its destination port.
 * @state: What connection tracking calls it.
 * @in: Device that it comes in by, NULL if that is not known, or none.
 * @out: Device that it leaves by.
 */
struct packet {
	const char *hook;
	bool six;
	bool tcp;
	unsigned int sport;
	unsigned int dport;
	const char *state;
	const char *in;
	const char *out;
};

/**
 * struct chain - A chain.
 * @family: The family of its table.
 * @table: The table.
 * @name: Its name.
 * @type: Of a base chain: "filter", "nat", "route"; "" of others.
 * @hook: Of a base chain: where it is.
 * @drops: Whether it drops at its end.
 * @rules: Its rules.
 * @n: How many.
 * @room: How many fit.
 */
struct chain {
	char family[8];
	char table[128];
	char name[128];
	char type[16];
	char hook[16];
	bool drops;
	char **rules;
	size_t n;
	size_t room;
};

struct ruleset {
	struct chain *chains;
	size_t n;
	size_t room;
};

/**
 * enum fate - What becomes of a packet.
 * @PASSED: It passes.
 * @SOME: Only from some addresses, or in other cases that the rules tell apart.
 * @DROPPED: It is dropped or rejected, whoever sends it.
 * @DIVERTED: Its destination is changed.
 */
enum fate { PASSED, SOME, DROPPED, DIVERTED };

bool ruleset_read(struct ruleset *r);
void ruleset_free(struct ruleset *r);
enum fate ruleset_fate(const struct ruleset *r, const struct packet *p,
		       const struct chain **where);
bool ruleset_has(const struct ruleset *r, const char *prefix);

#endif /* FTCPCTL_RULESET_H */
