// SPDX-License-Identifier: GPL-2.0
/*
 * show tunnels, show peers, show flows, show rules
 */
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"
#include "format.h"
#include "ftcpctl.h"
#include "ipc.h"
#include "json.h"
#include "rules.h"
#include "table.h"

/* An empty list is fine, unless it is that of a tunnel that does not exist */
static int check_empty(struct ipc *ipc, const struct filter *filter)
{
	struct tunnel *tunnels;
	size_t n;

	if (!filter->tunnel)
		return DONE;
	if (ipc_tunnels(ipc, filter, &tunnels, &n))
		return ipc_refused(ipc);
	free(tunnels);
	return n ? DONE :
		   fail(REFUSED, "no tunnel named \"%s\"", filter->tunnel);
}

/* Tunnels */

static void print_remote(const struct peer *p)
{
	char buf[ADDRESS_STRLEN];

	printf("  remote     %s", format_peer_endpoint(buf, p));
	if (p->endpoint_name[0])
		printf(" (%s)", p->endpoint_name);
	putchar('\n');
}

/* Print what @p adds to the description of the tunnel @t */
static void print_tunnel_peer(const struct tunnel *t, const struct peer *p)
{
	char buf[ADDRESS_STRLEN];
	size_t i;

	if (p->ifindex != t->ifindex || strcmp(p->tunnel, t->name))
		return;
	if (t->mode == FTCP_MODE_LISTEN)
		print_remote(p);
	if (t->mode != FTCP_MODE_ROUTED)
		return;
	printf("  peer       %s, endpoint %s", p->name,
	       format_peer_endpoint(buf, p));
	for (i = 0; i < p->n_allowed; i++)
		printf("%s%s", i ? "," : ", allowed-ips ",
		       format_prefix(buf, &p->allowed[i]));
	putchar('\n');
}

static void print_ends(const struct tunnel *t, const struct peer *peers,
		       size_t n_peers)
{
	char buf[ADDRESS_STRLEN];
	size_t i;

	if (t->mode == FTCP_MODE_LISTEN)
		printf("  listen     %s\n", format_address(buf, &t->listen));
	if (t->mode == FTCP_MODE_ROUTED)
		puts("  mode       routed");
	if (t->port && address_is_set(&t->local))
		printf("  port       %u, local %s\n", t->port,
		       format_host(buf, &t->local));
	else if (t->port)
		printf("  port       %u\n", t->port);
	if (t->mode == FTCP_MODE_FORWARD)
		printf("  forward    %s\n", format_address(buf, &t->target));
	for (i = 0; i < n_peers; i++)
		print_tunnel_peer(t, &peers[i]);
}

/* The parts that differ from what is so without being asked for. */
static void print_keepalive(const struct tunnel *t)
{
	printf("keepalive %u s", t->keepalive);
	if (t->keepalive_interval != 500 || t->keepalive_probes)
		printf(", every %g s", t->keepalive_interval / 1000.0);
	if (t->keepalive_probes)
		printf(", %u probes", t->keepalive_probes);
	printf(", ");
}

static void print_options(const struct tunnel *t)
{
	char buf[SHORT_STRLEN];

	printf("  options    wire %s, idle %u s, ", wire_name(t->wire),
	       t->idle);
	if (!t->keepalive)
		printf("keepalive off, ");
	else
		print_keepalive(t);
	if (t->max_age)
		printf("max-age %u s, ", t->max_age);
	if (t->max_bytes)
		printf("max-bytes %" PRIu64 ", ", t->max_bytes);
	if (t->fwmark)
		printf("fwmark 0x%x, ", t->fwmark);
	if (t->df == FTCP_DF_UNSET)
		printf("df unset, ");
	if ((t->has & HAS(UNREACHABLE)) &&
	    t->unreachable == FTCP_UNREACHABLE_IGNORE)
		printf("unreachable ignore, ");
	printf("queue %u datagrams, %s, ", t->queue,
	       format_bytes(buf, t->queue_bytes));
	if (t->coalesce)
		printf("coalesce %u us\n", t->coalesce);
	else
		puts("coalesce off");
}

static void print_traffic(const char *what, uint64_t packets, uint64_t bytes)
{
	char buf[SHORT_STRLEN];

	printf("  %-9s  %" PRIu64 " datagram%s, %s\n", what, packets,
	       packets == 1 ? "" : "s", format_bytes(buf, bytes));
}

/* What coalesce brings, and what it costs */
static void print_coalesced(const struct stats *s)
{
	double us;

	if (!s->tx_held || !s->tx_batches)
		return;
	us = (double)s->tx_hold / (double)s->tx_batches / 1000;
	printf("  coalesced  %" PRIu64 " datagrams in %" PRIu64
	       " super-segment%s, waiting %.*f us on average\n",
	       s->tx_held, s->tx_batches, s->tx_batches == 1 ? "" : "s",
	       us < 9.95 ? 1 : 0, us);
}

/* Of those that are not 0, on one line that begins with @title if there are any */
static void print_counters(const char *title, const uint64_t *counters,
			   uint32_t n, const char *(*name)(uint32_t))
{
	const char *between = title;
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (!counters[i] || !name(i))
			continue;
		printf("%s%" PRIu64 " %s", between, counters[i], name(i));
		between = ", ";
	}
	if (between != title)
		putchar('\n');
}

/* Nothing passes a link that is down, and no counter tells why */
static bool link_is_down(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {};
	bool down;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	down = !ioctl(fd, SIOCGIFFLAGS, &ifr) && !(ifr.ifr_flags & IFF_UP);
	close(fd);
	return down;
}

static void print_tunnel(const struct tunnel *t, const struct peer *peers,
			 size_t n_peers)
{
	printf("tunnel %s dev %s%s\n", t->name, t->ifname,
	       link_is_down(t->ifname) ? " (the link is down)" : "");
	print_ends(t, peers, n_peers);
	print_options(t);
	printf("  flows      %u of %u, %u of one source\n", t->flows,
	       t->max_flows, t->max_per_source);
	print_traffic("sent", t->stats.tx_packets, t->stats.tx_bytes);
	print_coalesced(&t->stats);
	print_traffic("received", t->stats.rx_packets, t->stats.rx_bytes);
	print_counters("  dropped    ", t->drops, ARRAY_SIZE(t->drops),
		       ipc_drop_name);
	print_counters("  ended      ", t->ended, ARRAY_SIZE(t->ended),
		       reason_name);
}

/* A client tunnel's far end is its peer's endpoint */
static void print_json_tunnel(const struct tunnel *t, const struct peer *peers,
			      size_t n_peers)
{
	char buf[ADDRESS_STRLEN];
	size_t i;

	json_open(NULL, '{');
	json_tunnel(t);
	for (i = 0; i < n_peers && t->mode == FTCP_MODE_LISTEN; i++) {
		if (peers[i].ifindex != t->ifindex ||
		    strcmp(peers[i].tunnel, t->name))
			continue;
		json_string("remote", format_peer_endpoint(buf, &peers[i]));
		if (peers[i].endpoint_name[0])
			json_string("remote-name", peers[i].endpoint_name);
		break;
	}
	json_close('}');
}

static int show_tunnels(struct ipc *ipc, const struct filter *filter, bool json)
{
	struct tunnel *tunnels = NULL;
	struct peer *peers = NULL;
	size_t i, n_tunnels, n_peers = 0;
	int code = DONE;

	if (ipc_tunnels(ipc, filter, &tunnels, &n_tunnels)) {
		free(tunnels);
		return ipc_refused(ipc);
	}
	if (!n_tunnels && filter->tunnel)
		code = fail(REFUSED, "no tunnel named \"%s\"", filter->tunnel);
	else if (n_tunnels && ipc_peers(ipc, filter, &peers, &n_peers))
		code = ipc_refused(ipc);
	for (i = 0; i < n_tunnels && !code; i++) {
		if (json) {
			json_break();
			print_json_tunnel(&tunnels[i], peers, n_peers);
			continue;
		}
		if (i)
			putchar('\n');
		print_tunnel(&tunnels[i], peers, n_peers);
	}
	ipc_free_peers(peers, n_peers);
	free(tunnels);
	return code;
}

/* Peers */

static void print_json_peer(const struct peer *p)
{
	char buf[ADDRESS_STRLEN];
	size_t i;

	json_open(NULL, '{');
	json_string("link", p->ifname);
	json_number("ifindex", p->ifindex);
	json_string("tunnel", p->tunnel);
	json_string("peer", p->name);
	json_string("endpoint", format_peer_endpoint(buf, p));
	if (p->endpoint_name[0])
		json_string("endpoint-name", p->endpoint_name);
	json_string("wire", wire_name(p->wire));
	json_open("allowed-ips", '[');
	for (i = 0; i < p->n_allowed; i++)
		json_string(NULL, format_prefix(buf, &p->allowed[i]));
	json_close(']');
	if (p->has & HAS(FLOWS))
		json_number("flows", p->flows);
	json_close('}');
}

/* All of a peer's allowed IPs, comma-separated; to be freed */
static char *join_allowed(const struct peer *p)
{
	char *list = malloc((p->n_allowed + 1) * ADDRESS_STRLEN);
	char *end = list;
	size_t i;

	if (!list)
		exit(fail(REFUSED, "out of memory"));
	strcpy(list, "-");
	for (i = 0; i < p->n_allowed; i++) {
		if (i)
			*end++ = ',';
		format_prefix(end, &p->allowed[i]);
		end += strlen(end);
	}
	return list;
}

static void add_peer_row(struct table *t, const struct peer *p)
{
	char buf[ADDRESS_STRLEN];
	char *allowed = join_allowed(p);

	table_cell(t, "%s", p->name);
	table_cell(t, "%s dev %s", p->tunnel, p->ifname);
	table_cell(t, "%s", format_peer_endpoint(buf, p));
	table_cell(t, "%s", p->endpoint_name[0] ? p->endpoint_name : "-");
	table_cell(t, "%s", wire_name(p->wire));
	if (p->has & HAS(FLOWS))
		table_cell(t, "%u", p->flows);
	else
		table_cell(t, "-");
	table_cell(t, "%s", allowed);
	free(allowed);
}

static int show_peers(struct ipc *ipc, const struct filter *filter, bool json)
{
	static const char *const heading[] = {
		"PEER", "TUNNEL", "ENDPOINT",	 "NAME",
		"WIRE", "FLOWS",  "ALLOWED-IPS",
	};
	struct table table = { .columns = ARRAY_SIZE(heading) };
	struct peer *peers;
	size_t i, n;

	if (ipc_peers(ipc, filter, &peers, &n)) {
		ipc_free_peers(peers, n);
		return ipc_refused(ipc);
	}
	for (i = 0; i < ARRAY_SIZE(heading); i++)
		table_cell(&table, "%s", heading[i]);
	for (i = 0; i < n; i++) {
		if (json) {
			json_break();
			print_json_peer(&peers[i]);
		} else {
			add_peer_row(&table, &peers[i]);
		}
	}
	table_print(&table);
	ipc_free_peers(peers, n);
	return n ? DONE : check_empty(ipc, filter);
}

/* Flows */

static void add_traffic(struct table *t, uint64_t packets, uint64_t bytes)
{
	char buf[SHORT_STRLEN];

	table_cell(t, "%" PRIu64 "/%s", packets, format_bytes(buf, bytes));
}

static void add_flow_row(struct table *t, const struct flow *f)
{
	char a[ADDRESS_STRLEN], b[ADDRESS_STRLEN], age[SHORT_STRLEN];

	table_cell(t, "%s", format_address(a, &f->local));
	table_cell(t, "%s", format_address(a, &f->remote));
	table_cell(t, "%s", state_name(f->state));
	table_cell(t, "%s > %s", format_address(a, &f->inner_local),
		   format_address(b, &f->inner_remote));
	add_traffic(t, f->stats.tx_packets, f->stats.tx_bytes);
	add_traffic(t, f->stats.rx_packets, f->stats.rx_bytes);
	if (f->mtu)
		table_cell(t, "%u", f->mtu);
	else
		table_cell(t, "-");
	table_cell(t, "%s", format_time(age, f->age));
	table_cell(t, "%s dev %s", f->tunnel, f->ifname);
}

static int show_flows(struct ipc *ipc, const struct filter *filter, bool json)
{
	static const char *const heading[] = {
		"LOCAL", "REMOTE", "STATE", "INNER",  "TX",
		"RX",	 "MTU",	   "AGE",   "TUNNEL",
	};
	struct table table = { .columns = ARRAY_SIZE(heading) };
	struct flow *flows;
	size_t i, n;

	if (ipc_flows(ipc, filter, &flows, &n)) {
		free(flows);
		return ipc_refused(ipc);
	}
	for (i = 0; i < ARRAY_SIZE(heading); i++)
		table_cell(&table, "%s", heading[i]);
	for (i = 0; i < n; i++) {
		if (json) {
			json_break();
			json_open(NULL, '{');
			json_flow(&flows[i]);
			json_close('}');
		} else {
			add_flow_row(&table, &flows[i]);
		}
	}
	table_print(&table);
	free(flows);
	return n ? DONE : check_empty(ipc, filter);
}

/* The verb */

static int show_from_kernel(const char *object, const struct filter *filter,
			    bool json)
{
	struct ipc *ipc = ipc_open();
	int code;

	if (!ipc)
		return REFUSED;
	if (json)
		json_open(NULL, '[');
	if (!strcmp(object, "tunnels"))
		code = show_tunnels(ipc, filter, json);
	else if (!strcmp(object, "peers"))
		code = show_peers(ipc, filter, json);
	else
		code = show_flows(ipc, filter, json);
	if (json)
		json_close_lines();
	ipc_close(ipc);
	return code;
}

/* What can be shown, and the same in the singular */
static const char *const objects[][2] = {
	{ "tunnels", "tunnel" },
	{ "peers", "peer" },
	{ "flows", "flow" },
	{ "rules", "rule" },
};

static const char *object_of(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(objects); i++)
		if (!strcmp(word, objects[i][0]) ||
		    !strcmp(word, objects[i][1]))
			return objects[i][0];
	return NULL;
}

/* "tunnel" begins the filter "tunnel NAME", unless no name can follow */
static bool is_filter(int argc, char **argv)
{
	if (strcmp(argv[0], "tunnel") || argc < 2)
		return false;
	/* A name may be one of the words, if another one comes after it */
	if (argc > 2 && (!strcmp(argv[1], "dev") || !strcmp(argv[1], "tunnel")))
		return !strcmp(argv[2], "dev") || !strcmp(argv[2], "--json") ||
		       object_of(argv[2]);
	return strcmp(argv[1], "--json");
}

/**
 * take_object() - Take the word that says what to show, wherever it stands.
 * @argc: Number of words; updated.
 * @argv: The words; what is left of them.
 * @object: What to show; left alone if nothing says.
 *
 * Return: DONE, or USAGE after a message.
 */
static int take_object(int *argc, char **argv, const char **object)
{
	const char *found = NULL, *word;
	int i, n = 0;

	for (i = 0; i < *argc; i++) {
		bool filter = !strcmp(argv[i], "dev") ||
			      (found && !strcmp(argv[i], "tunnel")) ||
			      is_filter(*argc - i, argv + i);

		word = filter ? NULL : object_of(argv[i]);
		if (word && found)
			return fail(USAGE, "%s: cannot be combined with %s",
				    word, found);
		if (word) {
			found = word;
			continue;
		}
		argv[n++] = argv[i];
		if (filter && i + 1 < *argc)
			argv[n++] = argv[++i];
	}
	*argc = n;
	if (found)
		*object = found;
	return DONE;
}

static int run_show(int argc, char **argv)
{
	const char *object = "tunnels", *dev = NULL;
	struct filter filter = {};
	bool json = false;
	const struct word words[] = {
		VALUE("dev", &dev),
		VALUE("tunnel", &filter.tunnel),
		FLAG("--json", &json),
	};
	int code;

	code = take_object(&argc, argv, &object);
	if (!code)
		code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (!code && filter.tunnel)
		code = check_name("tunnel", filter.tunnel);
	if (!code && !strcmp(object, "rules"))
		return show_rules(dev, filter.tunnel, json);
	if (!code && dev)
		code = parse_link(dev, &filter.ifindex);
	if (code)
		return code;
	return show_from_kernel(object, &filter, json);
}

const struct verb show = {
	.verb = "show",
	.synopsis =
		"[tunnels|peers|flows|rules] [dev LINK] [tunnel NAME] [--json]\n",
	.help = "Show what is configured and what it does; tunnels when nothing is named.\n"
		"\n"
		"  tunnels     how they are set, what they carried and dropped\n"
		"  peers       where they are and which addresses they serve\n"
		"  flows       one line for each connection\n"
		"  rules       policy-routing rules that `add rules' installed\n"
		"              each in the singular as well, before or after other words\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"  --json      for programs; ftcpctl(8) says what it contains\n",
	.run = run_show,
};
