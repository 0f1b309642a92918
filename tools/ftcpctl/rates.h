/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rates: what flows or tunnels carry between two looks at them (rates.c).
 */
#ifndef FTCPCTL_RATES_H
#define FTCPCTL_RATES_H

#include "netlink.h"

enum { RX_BYTES, TX_BYTES, RX_PACKETS, TX_PACKETS, RATES };

/**
 * struct row - A flow or a tunnel.
 * @key: Which, from one look to the next.
 * @o: What the kernel says of it.
 * @count: Its counters.
 * @rate: What they grew by each second; 0 if it was not there before.
 */
struct row {
	char key[64];
	const struct object *o;
	uint64_t count[RATES];
	double rate[RATES];
};

/**
 * struct look - All flows or tunnels at one time.
 * @list: The objects.
 * @rows: One of each, @list.n altogether, in the order of keys.
 * @time: When, in seconds.
 */
struct look {
	struct list list;
	struct row *rows;
	double time;
};

double now(void);
int by_key(const void *a, const void *b);
int look_take(int cmd, const struct filter *filter, struct look *l,
	      const struct look *last);
void look_free(struct look *l);
const char *format_rate(char *buf, double n);

#endif /* FTCPCTL_RATES_H */
