// SPDX-License-Identifier: GPL-2.0
/*
 * show tunnels, show peers, show flows
 */
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ftcpctl.h"
#include "ipc.h"
#include "print.h"

/* An empty list is fine, unless it is that of a tunnel that does not exist */
static int check_tunnel(const struct filter *filter)
{
	struct list tunnels;
	int code;

	if (!filter->tunnel)
		return DONE;
	code = ipc_list(FAKETCP_CMD_TUNNEL_GET, filter, &tunnels);
	if (!code && !tunnels.n)
		code = fail(REFUSED, "no tunnel named \"%s\"", filter->tunnel);
	list_free(&tunnels);
	return code;
}

/* A cell with a value, or "-" if there is none */
static void add_value(struct table *t, const struct object *o, int type)
{
	char buf[VALUE_STRLEN];

	table_cell(t, "%s", o->tb[type] ? object_format(o, type, buf) : "-");
}

static void add_tunnel_name(struct table *t, const struct object *o)
{
	table_cell(t, "%s dev %s", object_text(o, FTCP_A_TUNNEL),
		   object_text(o, FTCP_A_IFNAME));
}

/* Tunnels */

static bool is_peer_of(const struct object *p, const struct object *t)
{
	return object_number(p, FTCP_A_IFINDEX) ==
		       object_number(t, FTCP_A_IFINDEX) &&
	       same_text(p, t, FTCP_A_TUNNEL);
}

/* A line with the value of an attribute, if it has one */
static void print_line(const struct object *o, const char *title, int type)
{
	char buf[VALUE_STRLEN];

	if (o->tb[type])
		printf("  %-9s  %s\n", title, object_format(o, type, buf));
}

static void print_remote(const struct object *p)
{
	char buf[VALUE_STRLEN];

	printf("  remote     %s", object_format(p, FTCP_A_ENDPOINT_KIND, buf));
	if (p->tb[FTCP_A_ENDPOINT_NAME])
		printf(" (%s)", object_text(p, FTCP_A_ENDPOINT_NAME));
	putchar('\n');
}

static void print_peer(const struct object *p)
{
	const char *between = ", allowed-ips ";
	struct nlattr *range = NULL;
	char buf[VALUE_STRLEN];
	struct prefix prefix;

	printf("  peer       %s, endpoint %s", object_text(p, FTCP_A_PEER),
	       object_format(p, FTCP_A_ENDPOINT_KIND, buf));
	for (; (range = next_range(p, range, &prefix)); between = ",")
		printf("%s%s", between, format_prefix(buf, &prefix));
	putchar('\n');
}

static void print_ends(const struct object *t, const struct list *peers)
{
	uint64_t mode = object_number(t, FTCP_A_MODE);
	char buf[VALUE_STRLEN];
	size_t i;

	print_line(t, "listen", FTCP_A_LISTEN);
	if (mode == FTCP_MODE_ROUTED)
		print_line(t, "mode", FTCP_A_MODE);
	if (t->tb[FTCP_A_PORT] && t->tb[FTCP_A_LOCAL])
		printf("  port       %" PRIu64 ", local %s\n",
		       object_number(t, FTCP_A_PORT),
		       object_format(t, FTCP_A_LOCAL, buf));
	else
		print_line(t, "port", FTCP_A_PORT);
	print_line(t, "forward", FTCP_A_TARGET);
	for (i = 0; i < peers->n; i++) {
		const struct object *p = &peers->array[i];

		if (!is_peer_of(p, t))
			continue;
		if (mode == FTCP_MODE_LISTEN)
			print_remote(p);
		else if (mode == FTCP_MODE_ROUTED)
			print_peer(p);
	}
}

static void print_traffic(const struct object *t, const char *what, int packets,
			  int bytes)
{
	uint64_t n = object_counter(t, FTCP_A_STATS, packets);
	char buf[SHORT_STRLEN];

	printf("  %-9s  %" PRIu64 " datagram%s, %s\n", what, n,
	       n == 1 ? "" : "s",
	       format_bytes(buf, object_counter(t, FTCP_A_STATS, bytes)));
}

/* What coalesce brings, and what it costs */
static void print_coalesced(const struct object *t)
{
	uint64_t held = object_counter(t, FTCP_A_STATS, FTCP_STATS_TX_HELD);
	uint64_t batches =
		object_counter(t, FTCP_A_STATS, FTCP_STATS_TX_BATCHES);
	double us;

	if (!held || !batches)
		return;
	us = (double)object_counter(t, FTCP_A_STATS, FTCP_STATS_TX_HOLD) /
	     (double)batches / 1000;
	printf("  coalesced  %" PRIu64 " datagrams in %" PRIu64
	       " super-segment%s, waiting %.*f us on average\n",
	       held, batches, batches == 1 ? "" : "s", us < 9.95 ? 1 : 0, us);
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

static void print_tunnel(const struct object *t, const struct list *peers)
{
	const char *ifname = object_text(t, FTCP_A_IFNAME);

	printf("tunnel %s dev %s%s\n", object_text(t, FTCP_A_TUNNEL), ifname,
	       link_is_down(ifname) ? " (the link is down)" : "");
	print_ends(t, peers);
	print_option_values(t);
	printf("  flows      %" PRIu64 " of %" PRIu64 ", %" PRIu64
	       " of one source\n",
	       object_number(t, FTCP_A_FLOWS),
	       object_number(t, FTCP_A_MAX_FLOWS),
	       object_number(t, FTCP_A_MAX_FLOWS_PER_SOURCE));
	print_traffic(t, "sent", FTCP_STATS_TX_PACKETS, FTCP_STATS_TX_BYTES);
	print_coalesced(t);
	print_traffic(t, "received", FTCP_STATS_RX_PACKETS,
		      FTCP_STATS_RX_BYTES);
	print_counters(t, FTCP_A_DROPS, "  dropped    ");
	print_counters(t, FTCP_A_ENDED, "  ended      ");
}

/* A client tunnel's far end is its peer's endpoint */
static void json_remote(const struct object *t, const struct list *peers)
{
	char buf[VALUE_STRLEN];
	size_t i;

	if (object_number(t, FTCP_A_MODE) != FTCP_MODE_LISTEN)
		return;
	for (i = 0; i < peers->n && !is_peer_of(&peers->array[i], t); i++)
		;
	if (i == peers->n)
		return;
	json_string("remote",
		    object_format(&peers->array[i], FTCP_A_ENDPOINT_KIND, buf));
	if (peers->array[i].tb[FTCP_A_ENDPOINT_NAME])
		json_string("remote-name", object_text(&peers->array[i],
						       FTCP_A_ENDPOINT_NAME));
}

static int show_tunnels(const struct filter *filter, const struct list *tunnels,
			bool json)
{
	struct list peers = {};
	size_t i;
	int code = DONE;

	if (tunnels->n)
		code = ipc_list(FAKETCP_CMD_PEER_GET, filter, &peers);
	for (i = 0; i < tunnels->n && !code; i++) {
		const struct object *t = &tunnels->array[i];

		if (json) {
			json_open_line();
			object_json(t, OF_TUNNEL);
			json_remote(t, &peers);
			json_close('}');
			continue;
		}
		if (i)
			putchar('\n');
		print_tunnel(t, &peers);
	}
	list_free(&peers);
	return code;
}

/* Peers */

/* All of a peer's allowed IPs, comma-separated */
static void add_allowed(struct table *t, const struct object *p)
{
	struct nlattr *range = NULL;
	char buf[VALUE_STRLEN];
	struct prefix prefix;
	char *list = NULL;
	size_t size;
	FILE *f = open_memstream(&list, &size);

	while (f && (range = next_range(p, range, &prefix)))
		fprintf(f, "%s%s", ftell(f) ? "," : "",
			format_prefix(buf, &prefix));
	if (!f || fclose(f))
		exit(fail(REFUSED, "out of memory"));
	table_cell(t, "%s", *list ? list : "-");
	free(list);
}

static void add_peer_row(struct table *t, const struct object *p)
{
	add_value(t, p, FTCP_A_PEER);
	add_tunnel_name(t, p);
	add_value(t, p, FTCP_A_ENDPOINT_KIND);
	add_value(t, p, FTCP_A_ENDPOINT_NAME);
	add_value(t, p, FTCP_A_WIRE);
	add_value(t, p, FTCP_A_FLOWS);
	add_allowed(t, p);
}

/* Flows */

static void add_traffic(struct table *t, const struct object *o, int packets,
			int bytes)
{
	char buf[SHORT_STRLEN];

	table_cell(t, "%" PRIu64 "/%s",
		   object_counter(o, FTCP_A_STATS, packets),
		   format_bytes(buf, object_counter(o, FTCP_A_STATS, bytes)));
}

static void add_flow_row(struct table *t, const struct object *f)
{
	char a[ADDRESS_STRLEN], b[ADDRESS_STRLEN];
	union address local, inner_local, inner_remote;

	object_address(f, FTCP_A_LOCAL, &local);
	object_address(f, FTCP_A_INNER_LOCAL, &inner_local);
	object_address(f, FTCP_A_INNER_REMOTE, &inner_remote);
	table_cell(t, "%s", format_address(a, &local));
	add_value(t, f, FTCP_A_REMOTE);
	add_value(t, f, FTCP_A_STATE);
	table_cell(t, "%s > %s", format_address(a, &inner_local),
		   format_address(b, &inner_remote));
	add_traffic(t, f, FTCP_STATS_TX_PACKETS, FTCP_STATS_TX_BYTES);
	add_traffic(t, f, FTCP_STATS_RX_PACKETS, FTCP_STATS_RX_BYTES);
	if (object_number(f, FTCP_A_MTU))
		add_value(t, f, FTCP_A_MTU);
	else
		table_cell(t, "-");
	table_cell(t, "%s", format_time(a, object_number(f, FTCP_A_AGE)));
	add_tunnel_name(t, f);
}

/* The verb */

/**
 * struct shown - What can be shown.
 * @name: Its name.
 * @singular: The same of one.
 * @cmd: Asks the kernel for it.
 * @of: What it is in JSON.
 * @columns: How many the table has.
 * @heading: Of these.
 * @add_row: Puts one into the table; NULL for tunnels, which have none.
 */
struct shown {
	const char *name;
	const char *singular;
	int cmd;
	unsigned int of;
	size_t columns;
	const char *heading[9];
	void (*add_row)(struct table *t, const struct object *o);
};

/* clang-format off */
static const struct shown objects[] = {
	{ "tunnels", "tunnel", FAKETCP_CMD_TUNNEL_GET, .of = OF_TUNNEL },
	{ "peers", "peer", FAKETCP_CMD_PEER_GET, .of = OF_PEER,
	  .columns = 7, .add_row = add_peer_row,
	  .heading = { "PEER", "TUNNEL", "ENDPOINT", "NAME", "WIRE", "FLOWS",
		       "ALLOWED-IPS" } },
	{ "flows", "flow", FAKETCP_CMD_FLOW_GET, .of = OF_FLOW,
	  .columns = 9, .add_row = add_flow_row,
	  .heading = { "LOCAL", "REMOTE", "STATE", "INNER", "TX", "RX", "MTU",
		       "AGE", "TUNNEL" } },
};
/* clang-format on */

static void show_list(const struct shown *what, const struct list *list,
		      bool json)
{
	struct table table = { .columns = what->columns };
	size_t i;

	for (i = 0; i < what->columns; i++)
		table_cell(&table, "%s", what->heading[i]);
	for (i = 0; i < list->n; i++) {
		if (!json) {
			what->add_row(&table, &list->array[i]);
			continue;
		}
		json_open_line();
		object_json(&list->array[i], what->of);
		json_close('}');
	}
	table_print(&table);
}

static int show_from_kernel(const struct shown *what,
			    const struct filter *filter, bool json)
{
	struct list list;
	int code = ipc_open(true);

	if (code)
		return code;
	if (json)
		json_open(NULL, '[');
	code = ipc_list(what->cmd, filter, &list);
	if (!code && !list.n)
		code = check_tunnel(filter);
	if (!code && what->add_row)
		show_list(what, &list, json);
	else if (!code)
		code = show_tunnels(filter, &list, json);
	list_free(&list);
	if (json)
		json_close_lines();
	return code;
}

static const struct shown *object_of(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(objects); i++)
		if (!strcmp(word, objects[i].name) ||
		    !strcmp(word, objects[i].singular))
			return &objects[i];
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

/* Take the word that says what to show, wherever it stands, out of the words */
static int take_object(int *argc, char **argv, struct args *a)
{
	const struct shown *found = NULL, *word;
	int i, n = 0;

	for (i = 0; i < *argc; i++) {
		bool filter = !strcmp(argv[i], "dev") ||
			      (found && !strcmp(argv[i], "tunnel")) ||
			      is_filter(*argc - i, argv + i);

		word = filter ? NULL : object_of(argv[i]);
		if (!filter && !strcmp(argv[i], "rules"))
			return fail(
				USAGE,
				"rules: shown by ip rule, and those of a tunnel by ftcpctl del rules --dry-run");
		if (word && found)
			return fail(USAGE, "%s: cannot be combined with %s",
				    word->name, found->name);
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
		a->given[WORD_OBJECT] = found->name;
	return DONE;
}

static int run_show(const struct args *a)
{
	const struct shown *object =
		object_of(a->given[WORD_OBJECT] ?: "tunnels");
	bool json = a->given[WORD_JSON];
	struct filter filter;
	int code;

	code = ipc_filter(a, &filter);
	return code ?: show_from_kernel(object, &filter, json);
}

const struct verb show = {
	.verb = "show",
	.synopsis = "[tunnels|peers|flows] [dev LINK] [tunnel NAME] [--json]\n",
	.help = "Show what is configured and what it does; tunnels when nothing is named.\n"
		"\n"
		"  tunnels     how they are set, what they carried and dropped\n"
		"  peers       where they are and which addresses they serve\n"
		"  flows       one line for each connection\n"
		"              each in the singular as well, before or after other words\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"  --json      for programs; ftcpctl(8) says what it contains\n",
	.words =
		(const struct word[]){
			{ "dev", FTCP_A_IFINDEX, VALUE },
			{ "tunnel", FTCP_A_TUNNEL, VALUE },
			{ "--json", WORD_JSON, FLAG },
			{},
		},
	.sift = take_object,
	.run = run_show,
};
