// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "rates.h"

static const int counters[RATES] = {
	[RX_BYTES] = FTCP_STATS_RX_BYTES,
	[TX_BYTES] = FTCP_STATS_TX_BYTES,
	[RX_PACKETS] = FTCP_STATS_RX_PACKETS,
	[TX_PACKETS] = FTCP_STATS_TX_PACKETS,
};

/** now() - seconds on a clock that nobody sets */
double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/** by_key() - the order of rows in a look, for qsort() */
int by_key(const void *a, const void *b)
{
	return memcmp(((const struct row *)a)->key,
		      ((const struct row *)b)->key,
		      sizeof(((const struct row *)a)->key));
}

static void put_key(struct row *r, size_t at, int type)
{
	const struct nlattr *a = r->o->tb[type];
	size_t room = sizeof(r->key) - at, len = a ? nla_len(a) : 0;

	if (a)
		memcpy(r->key + at, nla_data(a), len < room ? len : room);
}

/**
 * look_take() - ask the kernel, and compare with the last look, which may be empty.
 * DONE, or REFUSED as ipc_list(); to be freed in any case.
 */
int look_take(int cmd, const struct filter *filter, struct look *l,
	      const struct look *last)
{
	int code = ipc_list(cmd, filter, &l->list), k;
	double seconds;
	size_t i;

	l->time = now();
	seconds = l->time - last->time;
	l->rows = calloc(l->list.n + 1, sizeof(*l->rows));
	if (!l->rows)
		exit(refused("out of memory"));
	for (i = 0; i < l->list.n; i++) {
		struct row *row = &l->rows[i], *old;

		row->o = &l->list.array[i];
		put_key(row, 0, FTCP_A_IFINDEX);
		if (row->o->of == OF_FLOW) {
			put_key(row, 4, FTCP_A_LOCAL);
			put_key(row, 34, FTCP_A_REMOTE);
		} else {
			put_key(row, 4, FTCP_A_TUNNEL);
		}
		old = last->rows ? bsearch(row, last->rows, last->list.n,
					   sizeof(*row), by_key) :
				   NULL;
		for (k = 0; k < RATES; k++) {
			row->count[k] = object_counter(row->o, FTCP_A_STATS,
						       counters[k]);
			if (old && row->count[k] > old->count[k])
				row->rate[k] = (row->count[k] - old->count[k]) /
					       seconds;
		}
	}
	qsort(l->rows, l->list.n, sizeof(*l->rows), by_key);
	return code;
}

/** look_free() - free what is in a look */
void look_free(struct look *l)
{
	list_free(&l->list);
	free(l->rows);
	l->rows = NULL;
}

/** format_rate() - a rate for people, @buf has SHORT_STRLEN bytes */
const char *format_rate(char *buf, double n)
{
	static const char units[] = " kMGT";
	size_t i = 0;

	for (; n >= 999.5 && i < 4; i++)
		n /= 1000;
	snprintf(buf, SHORT_STRLEN, i && n < 99.95 ? "%.1f%c" : "%.0f%c", n,
		 units[i]);
	buf[strcspn(buf, " ")] = '\0';
	return buf;
}
