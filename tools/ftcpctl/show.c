// SPDX-License-Identifier: GPL-2.0
/*
 * show tunnels, show peers, show flows
 */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

/* More flows than this are not asked for each tunnel's smallest MTU */
#define FLOWS_ASKED 1000

/* Flows that tell it; those of a crowd, which changes as it is read, are left out */
static void list_tellers(const struct list *tunnels,
			 const struct filter *filter, struct list *flows)
{
	struct filter quiet = *filter;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < tunnels->n; i++)
		n += object_number(&tunnels->array[i], FTCP_A_FLOWS);
	quiet.quiet = true;
	if (n && n <= FLOWS_ASKED)
		ipc_list(FAKETCP_CMD_FLOW_GET, &quiet, flows);
}

static void json_wireguard(uint64_t mtu)
{
	if (mtu)
		json_number("wireguard-mtu", mtu);
}

/* Tunnels */

/* A client tunnel's far end is its peer's endpoint */
static void print_peer(const struct object *p, uint64_t mode)
{
	char buf[VALUE_STRLEN];
	const char *endpoint = object_format(p, FTCP_A_ENDPOINT, buf);

	if (mode == FTCP_MODE_LISTEN) {
		printf("  remote     %s", endpoint);
		print_value(p, " (%s)", FTCP_A_ENDPOINT_NAME);
	} else {
		printf("  peer       %s, endpoint %s",
		       object_text(p, FTCP_A_PEER), endpoint);
		print_value(p, ", persistent %s", FTCP_A_PERSISTENT);
		print_value(p, ", allowed-ips %s", FTCP_A_ALLOWED_IP);
		if (object_number(p, FTCP_A_FROM_KIND) == FTCP_FROM_LIST)
			printf(", from %s", object_format(p, FTCP_A_FROM, buf));
	}
	putchar('\n');
}

static void print_ends(const struct object *t, const struct list *peers)
{
	uint64_t mode = object_number(t, FTCP_A_MODE);
	size_t i;

	print_value(t, "  listen     %s\n", FTCP_A_LISTEN);
	/* the others are known by their ends */
	if (mode != FTCP_MODE_LISTEN && mode != FTCP_MODE_FORWARD)
		print_value(t, "  mode       %s\n", FTCP_A_MODE);
	if (t->tb[FTCP_A_PORT]) {
		print_value(t, "  port       %s", FTCP_A_PORT);
		print_value(t, ", local %s", FTCP_A_LOCAL);
		putchar('\n');
	}
	print_value(t, "  forward    %s\n", FTCP_A_TARGET);
	for (i = 0; i < peers->n && mode != FTCP_MODE_FORWARD; i++)
		if (same_tunnel(&peers->array[i], t))
			print_peer(&peers->array[i], mode);
}

/* Bytes are counted behind the packets, here and in add_traffic() */
static void print_traffic(const struct object *t, const char *what, int packets)
{
	uint64_t n = object_counter(t, FTCP_A_STATS, packets);
	char buf[SHORT_STRLEN];

	printf("  %-9s  %" PRIu64 " %s%s, %s\n", what, n,
	       object_number(t, FTCP_A_MODE) == FTCP_MODE_IP ? "packet" :
							       "datagram",
	       n == 1 ? "" : "s",
	       format_bytes(buf, object_counter(t, FTCP_A_STATS, packets + 1)));
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

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	down = !ioctl(fd, SIOCGIFFLAGS, &ifr) && !(ifr.ifr_flags & IFF_UP);
	close(fd);
	return down;
}

static void print_tunnel(const struct object *t, const struct list *peers,
			 const struct list *flows, bool follows)
{
	const char *ifname = object_text(t, FTCP_A_IFNAME);
	uint64_t mtu = wireguard_least(t, flows);

	printf("%stunnel %s dev %s%s\n", follows ? "\n" : "",
	       object_text(t, FTCP_A_TUNNEL), ifname,
	       link_is_down(ifname) ? " (the link is down)" : "");
	print_ends(t, peers);
	print_option_values(t);
	print_value(t, "  flows      %s", FTCP_A_FLOWS);
	print_value(t, " of %s, ", FTCP_A_MAX_FLOWS);
	print_value(t, "%s of one source\n", FTCP_A_MAX_FLOWS_PER_SOURCE);
	if (mtu)
		printf("  wireguard  MTU up to %" PRIu64 "\n", mtu);
	print_traffic(t, "sent", FTCP_STATS_TX_PACKETS);
	print_coalesced(t);
	print_traffic(t, "received", FTCP_STATS_RX_PACKETS);
	print_counters(t, FTCP_A_DROPS, "  dropped    ");
	print_counters(t, FTCP_A_ENDED, "  ended      ");
}

/* The same in JSON, of client tunnels */
static void json_remote(const struct object *t, const struct list *peers)
{
	char buf[VALUE_STRLEN];
	size_t i;

	if (object_number(t, FTCP_A_MODE) != FTCP_MODE_LISTEN)
		return;
	for (i = 0; i < peers->n; i++) {
		const struct object *p = &peers->array[i];

		if (!same_tunnel(p, t))
			continue;
		json_string("remote", object_format(p, FTCP_A_ENDPOINT, buf));
		if (p->tb[FTCP_A_ENDPOINT_NAME])
			json_string("remote-name",
				    object_text(p, FTCP_A_ENDPOINT_NAME));
	}
}

/* Lists of peers and flows */

static void add_owner(struct table *t, const struct object *o, int type)
{
	table_cell(t, "%s dev %s", object_text(o, type),
		   object_text(o, FTCP_A_IFNAME));
}

/* A conversation, or, if the flow carries all of a peer's, that one */
static void add_inner(struct table *t, const struct object *f, int type)
{
	char a[VALUE_STRLEN], b[VALUE_STRLEN];

	if (!f->tb[type])
		return table_cell(t, "peer %s", object_text(f, FTCP_A_PEER));
	table_cell(t, "%s > %s", object_format(f, type, a),
		   object_format(f, FTCP_A_INNER_REMOTE, b));
}

static void add_traffic(struct table *t, const struct object *o, int packets)
{
	char buf[SHORT_STRLEN];

	table_cell(t, "%" PRIu64 "/%s",
		   object_counter(o, FTCP_A_STATS, packets),
		   format_bytes(buf,
				object_counter(o, FTCP_A_STATS, packets + 1)));
}

static void add_wireguard(struct table *t, const struct object *f, int type)
{
	uint64_t mtu = wireguard_mtu(f);

	(void)type;
	if (mtu)
		table_cell(t, "%" PRIu64, mtu);
	else
		table_cell(t, "-");
}

/* What most columns have; "-" where there is nothing */
static void add_value(struct table *t, const struct object *o, int type)
{
	char buf[VALUE_STRLEN];
	const char *text = object_format(o, type, buf);

	table_cell(t, "%s", *text ? text : "-");
}

/**
 * struct column - A column of a list.
 * @heading: What is above.
 * @add: Adds the cell.
 * @type: The attribute, or the counter, that is in it.
 */
struct column {
	const char *heading;
	void (*add)(struct table *t, const struct object *o, int type);
	int type;
};

/* clang-format off */
static const struct column peer_columns[] = {
	{ "PEER", add_value, FTCP_A_PEER },
	{ "TUNNEL", add_owner, FTCP_A_TUNNEL },
	{ "ENDPOINT", add_value, FTCP_A_ENDPOINT },
	{ "NAME", add_value, FTCP_A_ENDPOINT_NAME },
	{ "PERSISTENT", add_value, FTCP_A_PERSISTENT },
	{ "WIRE", add_value, FTCP_A_WIRE },
	{ "FLOWS", add_value, FTCP_A_FLOWS },
	{ "FROM", add_value, FTCP_A_FROM },
	{ "ALLOWED-IPS", add_value, FTCP_A_ALLOWED_IP },
	{},
};

static const struct column flow_columns[] = {
	{ "LOCAL", add_value, FTCP_A_LOCAL },
	{ "REMOTE", add_value, FTCP_A_REMOTE },
	{ "STATE", add_value, FTCP_A_STATE },
	{ "INNER", add_inner, FTCP_A_INNER_LOCAL },
	{ "TX", add_traffic, FTCP_STATS_TX_PACKETS },
	{ "RX", add_traffic, FTCP_STATS_RX_PACKETS },
	{ "PAYLOAD", add_value, FTCP_A_MAX_PAYLOAD },
	{ "WG-MTU", add_wireguard, FTCP_A_MAX_PAYLOAD },
	{ "AGE", add_value, FTCP_A_AGE },
	{ "TUNNEL", add_owner, FTCP_A_TUNNEL },
	{},
};
/* clang-format on */

static void print_list(const struct column *columns, const struct list *list)
{
	struct table table = {};
	const struct column *c;
	size_t i;

	for (c = columns; c->heading; c++, table.columns++)
		table_cell(&table, "%s", c->heading);
	for (i = 0; i < list->n; i++)
		for (c = columns; c->heading; c++)
			c->add(&table, &list->array[i], c->type);
	table_print(&table);
}

/* The verb */

/**
 * struct shown - What can be shown.
 * @name: Its name.
 * @singular: The same of one.
 * @cmd: Asks the kernel for it.
 * @columns: Those of the list; NULL for tunnels, which are none.
 */
struct shown {
	const char *name;
	const char *singular;
	int cmd;
	const struct column *columns;
};

static const struct shown objects[] = {
	{ "tunnels", "tunnel", FAKETCP_CMD_TUNNEL_GET, NULL },
	{ "peers", "peer", FAKETCP_CMD_PEER_GET, peer_columns },
	{ "flows", "flow", FAKETCP_CMD_FLOW_GET, flow_columns },
};

static void print_json(const struct list *list, const struct list *peers,
		       const struct list *flows)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		json_open(NULL, '{');
		object_json(&list->array[i]);
		json_remote(&list->array[i], peers);
		json_wireguard(list->array[i].of == OF_FLOW ?
				       wireguard_mtu(&list->array[i]) :
				       wireguard_least(&list->array[i], flows));
		json_close('}');
	}
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
		return !strcmp(argv[2], "dev") || !strncmp(argv[2], "--", 2) ||
		       object_of(argv[2]);
	return strcmp(argv[1], "--json") && strcmp(argv[1], "--openmetrics");
}

#define RULES \
	"rules: shown by ip rule, and those of a tunnel by ftcpctl del rules --dry-run"

/* What to show may be in the singular, and stand anywhere */
static int name_objects(int argc, char **argv)
{
	bool found = false, filter;
	const struct shown *what;
	int i;

	for (i = 0; i < argc; i++) {
		filter = !strcmp(argv[i], "dev") ||
			 (found && !strcmp(argv[i], "tunnel")) ||
			 is_filter(argc - i, argv + i);
		what = filter ? NULL : object_of(argv[i]);
		if (filter) {
			i++;
		} else if (what) {
			argv[i] = (char *)what->name;
			found = true;
		} else if (!strcmp(argv[i], "rules")) {
			return misused(RULES);
		}
	}
	return DONE;
}

static int check_format(const char **given)
{
	const char *other = given[WORD_JSON] ?: given[WORD_OBJECT];

	if (given[WORD_OPENMETRICS] && other)
		return misused("--openmetrics: cannot be combined with %s",
			       other);
	return DONE;
}

static int run_show(const char *const *given)
{
	const struct shown *what = object_of(given[WORD_OBJECT] ?: "tunnels");
	struct list list = {}, other = {}, flows = {};
	bool json = given[WORD_JSON];
	struct filter filter;
	int code;
	size_t i;

	code = ipc_filter(given, &filter) ?: ipc_open(true);
	if (code)
		return code;
	if (given[WORD_OPENMETRICS])
		return openmetrics(&filter);
	if (json)
		json_open(NULL, '[');
	code = ipc_list(what->cmd, &filter, &list);
	if (!code && list.n && !what->columns)
		code = ipc_list(FAKETCP_CMD_PEER_GET, &filter, &other);
	if (!code && !list.n && filter.tunnel)
		code = ipc_list(FAKETCP_CMD_TUNNEL_GET, &filter, &other);
	/* An empty list is fine, but not that of a tunnel that does not exist */
	if (!code && !list.n && filter.tunnel && !other.n)
		code = refused("no tunnel named \"%s\"", filter.tunnel);
	if (!code && !what->columns)
		list_tellers(&list, &filter, &flows);
	if (!code && json)
		print_json(&list, &other, &flows);
	else if (!code && what->columns)
		print_list(what->columns, &list);
	else if (!code)
		for (i = 0; i < list.n; i++)
			print_tunnel(&list.array[i], &other, &flows, i);
	list_free(&list);
	list_free(&other);
	list_free(&flows);
	if (json)
		json_close(']');
	return code;
}

const struct verb show = {
	.verb = "show",
	.synopsis = "[tunnels|peers|flows] [dev LINK] [tunnel NAME] [--json]\n"
		    "[dev LINK] [tunnel NAME] --openmetrics\n",
	.help = "Show what is configured and what it does; tunnels when nothing is named.\n"
		"\n"
		"  tunnels     how they are set, what they carried and dropped\n"
		"  peers       where they are and which addresses they serve\n"
		"  flows       one line for each connection\n"
		"              each in the singular as well, before or after other words\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"  --json      for programs; ftcpctl(8) says what it contains\n"
		"  --openmetrics\n"
		"              tunnels with their counters, and flows by state and peer, for\n"
		"              Prometheus\n",
	.words =
		(const struct word[]){
			{ "dev", FTCP_A_IFINDEX, VALUE },
			{ "tunnel", FTCP_A_TUNNEL, VALUE },
			{ "tunnels", WORD_OBJECT, FLAG },
			{ "peers", WORD_OBJECT, FLAG },
			{ "flows", WORD_OBJECT, FLAG },
			{ "--json", WORD_JSON, FLAG },
			{ "--openmetrics", WORD_OPENMETRICS, FLAG },
			{},
		},
	.sift = name_objects,
	.check = check_format,
	.run = run_show,
};
