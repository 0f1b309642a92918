// SPDX-License-Identifier: GPL-2.0
/*
 * show --openmetrics: counters of tunnels, and flows by state and by peer, as text in
 * the OpenMetrics format.  node_exporter's collector of text files, which reads an
 * older one, takes it as well, since there are no other types than counter and gauge.
 */
#include "netlink.h"

/* What is known of all tunnels */
struct all {
	struct list tunnels, peers, flows;
};

/* UTF-8; a byte that is no part of a character is taken for Latin-1 */
static void put_label(const char *key, const char *value)
{
	size_t len;

	printf("%s=\"", key);
	for (; *value; value += len) {
		unsigned char c = *value;

		len = utf8_length(value);
		if (len > 1)
			fwrite(value, 1, len, stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c == '\n')
			printf("\\n");
		else if (c >= 0x80)
			printf("%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		else
			putchar(c);
	}
	putchar('"');
}

/* A sample up to its value; @key is NULL if there is no label but the owner's */
static void put_sample(const char *metric, const char *suffix,
		       const struct object *o, const char *key,
		       const char *value)
{
	printf("%s%s{", metric, suffix);
	put_label("dev", object_text(o, FTCP_A_IFNAME));
	putchar(',');
	put_label("tunnel", object_text(o, FTCP_A_TUNNEL));
	if (key) {
		putchar(',');
		put_label(key, value);
	}
	fputs("} ", stdout);
}

static void put_head(const char *metric, const char *type, const char *unit,
		     const char *help)
{
	printf("# TYPE %s %s\n", metric, type);
	if (unit)
		printf("# UNIT %s %s\n", metric, unit);
	printf("# HELP %s %s\n", metric, help);
}

/* Counters that a nest has for each reason */
static void put_reasons(const struct list *tunnels, int nest,
			const char *metric, const char *help)
{
	size_t i, k, n;
	const char *const *names = attr_names(OF_TUNNEL, nest, &n);

	put_head(metric, "counter", NULL, help);
	for (i = 0; i < tunnels->n; i++)
		for (k = 0; k < n; k++) {
			const struct object *t = &tunnels->array[i];

			if (!names[k])
				continue;
			put_sample(metric, "_total", t, "reason", names[k]);
			printf("%" PRIu64 "\n", object_counter(t, nest, k));
		}
}

/* clang-format off */
static const struct {
	int type;
	const char *metric;
	const char *unit;
	const char *help;
} traffic[] = {
	{ FTCP_STATS_TX_PACKETS, "faketcp_tx_packets", NULL,
	  "Datagrams, in mode ip packets, sent to far ends." },
	{ FTCP_STATS_TX_BYTES, "faketcp_tx_bytes", "bytes", "Payload sent in them." },
	{ FTCP_STATS_RX_PACKETS, "faketcp_rx_packets", NULL,
	  "Datagrams, in mode ip packets, received from far ends." },
	{ FTCP_STATS_RX_BYTES, "faketcp_rx_bytes", "bytes", "Payload received in them." },
	{ FTCP_STATS_TX_HELD, "faketcp_tx_held", NULL,
	  "Datagrams that left together with others after having waited." },
	{ FTCP_STATS_TX_BATCHES, "faketcp_tx_batches", NULL,
	  "Super-segments that they left in." },
	{ FTCP_STATS_TX_HOLD, "faketcp_tx_hold_seconds", "seconds",
	  "Time that the first datagram of each of these waited." },
};
/* clang-format on */

static void put_traffic(const struct list *tunnels)
{
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(traffic); k++) {
		put_head(traffic[k].metric, "counter", traffic[k].unit,
			 traffic[k].help);
		for (i = 0; i < tunnels->n; i++) {
			const struct object *t = &tunnels->array[i];
			uint64_t n = object_counter(t, FTCP_A_STATS,
						    traffic[k].type);

			put_sample(traffic[k].metric, "_total", t, NULL, NULL);
			if (traffic[k].type == FTCP_STATS_TX_HOLD)
				printf("%" PRIu64 ".%09" PRIu64 "\n",
				       n / 1000000000, n % 1000000000);
			else
				printf("%" PRIu64 "\n", n);
		}
	}
}

static void put_states(const struct all *all)
{
	uint64_t n[FTCP_STATE_LAST_ACK + 1];
	const char *metric = "faketcp_flows";
	size_t i, k, known;
	const char *const *names = attr_names(OF_FLOW, FTCP_A_STATE, &known);

	put_head(metric, "gauge", NULL, "Flows that there are, by state.");
	for (i = 0; i < all->tunnels.n; i++) {
		const struct object *t = &all->tunnels.array[i];

		memset(n, 0, sizeof(n));
		for (k = 0; k < all->flows.n; k++) {
			const struct object *f = &all->flows.array[k];
			uint64_t state = object_number(f, FTCP_A_STATE);

			if (same_tunnel(t, f) && state < ARRAY_SIZE(n))
				n[state]++;
		}
		for (k = 0; k < known && k < ARRAY_SIZE(n); k++) {
			put_sample(metric, "", t, "state", names[k]);
			printf("%" PRIu64 "\n", n[k]);
		}
	}
}

/* A number of each peer, or each tunnel */
static void put_gauge(const char *metric, const char *help,
		      const struct list *l, int type)
{
	size_t i;

	put_head(metric, "gauge", NULL, help);
	for (i = 0; i < l->n; i++) {
		const struct object *o = &l->array[i];
		bool peer = o->of == OF_PEER;

		put_sample(metric, "", o, peer ? "peer" : NULL,
			   object_text(o, FTCP_A_PEER));
		printf("%" PRIu64 "\n", object_number(o, type));
	}
}

static void put_wireguard(const struct all *all)
{
	const char *metric = "faketcp_wireguard_mtu_bytes";
	size_t i;

	put_head(metric, "gauge", "bytes",
		 "Largest MTU of a WireGuard interface that fits all flows.");
	for (i = 0; i < all->tunnels.n; i++) {
		const struct object *t = &all->tunnels.array[i];
		uint64_t mtu = wireguard_least(t, &all->flows);

		if (!mtu)
			continue;
		put_sample(metric, "", t, NULL, NULL);
		printf("%" PRIu64 "\n", mtu);
	}
}

/** openmetrics() - print everything, or nothing; DONE, or REFUSED after a message */
int openmetrics(const struct filter *filter)
{
	struct all all = {};
	int code = ipc_list(FAKETCP_CMD_TUNNEL_GET, filter, &all.tunnels);

	code = code ?: ipc_list(FAKETCP_CMD_PEER_GET, filter, &all.peers);
	code = code ?: ipc_list(FAKETCP_CMD_FLOW_GET, filter, &all.flows);
	if (!code && filter->tunnel && !all.tunnels.n)
		code = refused("no tunnel named \"%s\"", filter->tunnel);
	if (!code) {
		put_traffic(&all.tunnels);
		put_reasons(&all.tunnels, FTCP_A_DROPS, "faketcp_drops",
			    "What was dropped, by reason.");
		put_reasons(&all.tunnels, FTCP_A_ENDED, "faketcp_ended_flows",
			    "Flows that have ended, by reason.");
		put_states(&all);
		put_gauge("faketcp_max_flows", "Most flows at a time.",
			  &all.tunnels, FTCP_A_MAX_FLOWS);
		put_gauge("faketcp_peer_flows", "Flows of each peer.",
			  &all.peers, FTCP_A_FLOWS);
		put_wireguard(&all);
		puts("# EOF");
	}
	list_free(&all.tunnels);
	list_free(&all.peers);
	list_free(&all.flows);
	return code;
}
