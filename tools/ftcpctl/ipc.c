// SPDX-License-Identifier: GPL-2.0
/*
 * The faketcp generic netlink family: requests, lists and events.
 *
 * Nothing outside this file knows how they look on the socket; see
 * Documentation/netlink/specs/faketcp.yaml.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "ftcpctl.h"
#include "ipc.h"
#include "nlsock.h"

/**
 * struct ipc - A connection to the faketcp family.
 * @nl: The socket.
 * @family: Number of the family.
 * @event: Takes events.
 * @stop: What @event returned, when not 0.
 */
struct ipc {
	struct nlsock nl;
	int family;
	int (*event)(const struct event *ev);
	int stop;
};

/* The word of the command line behind each attribute */
static const char *const attr_names[FTCP_A_MAX + 1] = {
	[FTCP_A_IFINDEX] = "dev",
	[FTCP_A_IFNAME] = "dev",
	[FTCP_A_TUNNEL] = "tunnel",
	[FTCP_A_MODE] = "mode",
	[FTCP_A_PORT] = "port",
	[FTCP_A_LOCAL] = "local",
	[FTCP_A_LISTEN] = "listen",
	[FTCP_A_TARGET] = "forward",
	[FTCP_A_WIRE] = "wire",
	[FTCP_A_IDLE] = "idle",
	[FTCP_A_KEEPALIVE] = "keepalive",
	[FTCP_A_KEEPALIVE_INTERVAL] = "keepalive interval",
	[FTCP_A_KEEPALIVE_PROBES] = "keepalive probes",
	[FTCP_A_MAX_AGE] = "max-age",
	[FTCP_A_MAX_BYTES] = "max-bytes",
	[FTCP_A_FWMARK] = "fwmark",
	[FTCP_A_MAX_FLOWS] = "max-flows",
	[FTCP_A_QUEUE] = "queue",
	[FTCP_A_PEER] = "peer",
	[FTCP_A_ENDPOINT] = "endpoint",
	[FTCP_A_ENDPOINT_KIND] = "endpoint",
	[FTCP_A_ENDPOINT_NAME] = "endpoint",
	[FTCP_A_ENDPOINT_TENTATIVE] = "endpoint",
	[FTCP_A_ALLOWED_IP] = "allowed-ips",
	[FTCP_A_NO_ALLOWED_IP] = "allowed-ips",
	[FTCP_A_REMOTE] = "remote",
	[FTCP_A_DF] = "df",
	[FTCP_A_UNREACHABLE] = "unreachable",
	[FTCP_A_MAX_FLOWS_PER_SOURCE] = "max-flows-per-source",
	[FTCP_A_QUEUE_BYTES] = "queue-bytes",
	[FTCP_A_COALESCE] = "coalesce",
};

static const char *attr_name(int type)
{
	return type > 0 && type <= FTCP_A_MAX ? attr_names[type] : NULL;
}

static struct nla_policy attr_policy[FTCP_A_MAX + 1] = {
	[FTCP_A_IFINDEX] = { .type = NLA_U32 },
	[FTCP_A_IFNAME] = { .type = NLA_STRING },
	[FTCP_A_TUNNEL] = { .type = NLA_STRING },
	[FTCP_A_MODE] = { .type = NLA_U32 },
	[FTCP_A_PORT] = { .type = NLA_U16 },
	[FTCP_A_WIRE] = { .type = NLA_U32 },
	[FTCP_A_IDLE] = { .type = NLA_U32 },
	[FTCP_A_KEEPALIVE] = { .type = NLA_U32 },
	[FTCP_A_KEEPALIVE_INTERVAL] = { .type = NLA_U32 },
	[FTCP_A_KEEPALIVE_PROBES] = { .type = NLA_U32 },
	[FTCP_A_MAX_AGE] = { .type = NLA_U32 },
	[FTCP_A_MAX_BYTES] = { .type = NLA_U64 },
	[FTCP_A_FWMARK] = { .type = NLA_U32 },
	[FTCP_A_MAX_FLOWS] = { .type = NLA_U32 },
	[FTCP_A_QUEUE] = { .type = NLA_U32 },
	[FTCP_A_PEER] = { .type = NLA_STRING },
	[FTCP_A_ENDPOINT_KIND] = { .type = NLA_U32 },
	[FTCP_A_ENDPOINT_NAME] = { .type = NLA_STRING },
	[FTCP_A_ALLOWED_IP] = { .type = NLA_NESTED },
	[FTCP_A_STATE] = { .type = NLA_U32 },
	[FTCP_A_FLOWS] = { .type = NLA_U32 },
	[FTCP_A_AGE] = { .type = NLA_U64 },
	[FTCP_A_RX_AGE] = { .type = NLA_U64 },
	[FTCP_A_MTU] = { .type = NLA_U32 },
	[FTCP_A_STATS] = { .type = NLA_NESTED },
	[FTCP_A_DROPS] = { .type = NLA_NESTED },
	[FTCP_A_DF] = { .type = NLA_U32 },
	[FTCP_A_UNREACHABLE] = { .type = NLA_U32 },
	[FTCP_A_MAX_FLOWS_PER_SOURCE] = { .type = NLA_U32 },
	[FTCP_A_QUEUE_BYTES] = { .type = NLA_U32 },
	[FTCP_A_COALESCE] = { .type = NLA_U32 },
	[FTCP_A_ENDED] = { .type = NLA_NESTED },
	[FTCP_A_REASON] = { .type = NLA_U32 },
};

static struct nla_policy allowed_ip_policy[FTCP_ALLOWED_IP_MAX + 1] = {
	[FTCP_ALLOWED_IP_PREFIX] = { .type = NLA_U8 },
};

/* Open the family; @required: say so when it is missing */
static struct ipc *open_family(bool required)
{
	struct ipc *ipc = calloc(1, sizeof(*ipc));

	if (!ipc)
		exit(fail(REFUSED, "out of memory"));
	if (nlsock_open(&ipc->nl, NETLINK_GENERIC)) {
		ipc_refused(ipc);
		goto err;
	}
	ipc->nl.attr_name = attr_name;
	ipc->nl.header = GENL_HDRLEN;
	ipc->family = genl_ctrl_resolve(ipc->nl.sock, FTCP_GENL_NAME);
	if (ipc->family >= 0)
		return ipc;
	if (required)
		fail(REFUSED,
		     "the kernel does not know faketcp; is the module loaded? (modprobe faketcp)");
err:
	ipc_close(ipc);
	return NULL;
}

/**
 * ipc_open() - Connect to the family.
 *
 * Return: The connection, or NULL after a message.
 */
struct ipc *ipc_open(void)
{
	return open_family(true);
}

/**
 * ipc_try_open() - Connect to the family if there is one.
 *
 * Return: The connection, or NULL.
 */
struct ipc *ipc_try_open(void)
{
	return open_family(false);
}

/**
 * ipc_close() - Disconnect.
 * @ipc: The connection; may be NULL.
 */
void ipc_close(struct ipc *ipc)
{
	if (!ipc)
		return;
	nlsock_close(&ipc->nl);
	free(ipc);
}

/**
 * ipc_refused() - Print why the last request was refused.
 * @ipc: The connection.
 *
 * Return: REFUSED.
 */
int ipc_refused(struct ipc *ipc)
{
	return fail(REFUSED, "%s", ipc->nl.text);
}

/* Requests */

static struct nl_msg *request(struct ipc *ipc, int cmd, unsigned int ifindex,
			      size_t extra)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096 + extra);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, ipc->family, 0,
				 0, cmd, FTCP_GENL_VERSION))
		exit(fail(REFUSED, "out of memory"));
	if (ifindex)
		nla_put_u32(msg, FTCP_A_IFINDEX, ifindex);
	return msg;
}

static void put_address(struct nl_msg *msg, int type, const union address *a)
{
	nla_put(msg, type, address_len(a), a);
}

static int tunnel_request(struct ipc *ipc, int cmd, const struct tunnel *t)
{
	struct nl_msg *msg = request(ipc, cmd, t->ifindex, 0);

	nla_put_string(msg, FTCP_A_TUNNEL, t->name);
	if (t->has & HAS(MODE))
		nla_put_u32(msg, FTCP_A_MODE, t->mode);
	if (t->has & HAS(PORT))
		nla_put_u16(msg, FTCP_A_PORT, t->port);
	if (t->has & HAS(LOCAL))
		put_address(msg, FTCP_A_LOCAL, &t->local);
	if (t->has & HAS(LISTEN))
		put_address(msg, FTCP_A_LISTEN, &t->listen);
	if (t->has & HAS(TARGET))
		put_address(msg, FTCP_A_TARGET, &t->target);
	if (t->has & HAS(ENDPOINT))
		put_address(msg, FTCP_A_ENDPOINT, &t->endpoint);
	if (t->has & HAS(ENDPOINT_NAME))
		nla_put_string(msg, FTCP_A_ENDPOINT_NAME, t->endpoint_name);
	if (t->has & HAS(WIRE))
		nla_put_u32(msg, FTCP_A_WIRE, t->wire);
	if (t->has & HAS(IDLE))
		nla_put_u32(msg, FTCP_A_IDLE, t->idle);
	if (t->has & HAS(KEEPALIVE))
		nla_put_u32(msg, FTCP_A_KEEPALIVE, t->keepalive);
	if (t->has & HAS(KEEPALIVE_INTERVAL))
		nla_put_u32(msg, FTCP_A_KEEPALIVE_INTERVAL,
			    t->keepalive_interval);
	if (t->has & HAS(KEEPALIVE_PROBES))
		nla_put_u32(msg, FTCP_A_KEEPALIVE_PROBES, t->keepalive_probes);
	if (t->has & HAS(MAX_AGE))
		nla_put_u32(msg, FTCP_A_MAX_AGE, t->max_age);
	if (t->has & HAS(MAX_BYTES))
		nla_put_u64(msg, FTCP_A_MAX_BYTES, t->max_bytes);
	if (t->has & HAS(FWMARK))
		nla_put_u32(msg, FTCP_A_FWMARK, t->fwmark);
	if (t->has & HAS(MAX_FLOWS))
		nla_put_u32(msg, FTCP_A_MAX_FLOWS, t->max_flows);
	if (t->has & HAS(QUEUE))
		nla_put_u32(msg, FTCP_A_QUEUE, t->queue);
	if (t->has & HAS(DF))
		nla_put_u32(msg, FTCP_A_DF, t->df);
	if (t->has & HAS(UNREACHABLE))
		nla_put_u32(msg, FTCP_A_UNREACHABLE, t->unreachable);
	if (t->has & HAS(MAX_FLOWS_PER_SOURCE))
		nla_put_u32(msg, FTCP_A_MAX_FLOWS_PER_SOURCE,
			    t->max_per_source);
	if (t->has & HAS(QUEUE_BYTES))
		nla_put_u32(msg, FTCP_A_QUEUE_BYTES, t->queue_bytes);
	if (t->has & HAS(COALESCE))
		nla_put_u32(msg, FTCP_A_COALESCE, t->coalesce);
	return nlsock_do(&ipc->nl, msg);
}

/**
 * ipc_tunnel_new() - Add a tunnel to a link.
 * @ipc: The connection.
 * @t: The tunnel.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_tunnel_new(struct ipc *ipc, const struct tunnel *t)
{
	return tunnel_request(ipc, FAKETCP_CMD_TUNNEL_NEW, t);
}

/**
 * ipc_tunnel_set() - Change a tunnel.
 * @ipc: The connection.
 * @t: Which one, and what is to change.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_tunnel_set(struct ipc *ipc, const struct tunnel *t)
{
	return tunnel_request(ipc, FAKETCP_CMD_TUNNEL_SET, t);
}

/**
 * ipc_tunnel_del() - Delete a tunnel.
 * @ipc: The connection.
 * @t: Which one.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_tunnel_del(struct ipc *ipc, const struct tunnel *t)
{
	return tunnel_request(ipc, FAKETCP_CMD_TUNNEL_DEL, t);
}

static void put_prefix(struct nl_msg *msg, const struct prefix *p)
{
	struct nlattr *nest =
		nla_nest_start(msg, NLA_F_NESTED | FTCP_A_ALLOWED_IP);

	nla_put(msg, FTCP_ALLOWED_IP_ADDR, p->family == AF_INET ? 4 : 16,
		p->addr);
	nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX, p->len);
	nla_nest_end(msg, nest);
}

static int peer_request(struct ipc *ipc, int cmd, const struct peer *p)
{
	struct nl_msg *msg = request(ipc, cmd, p->ifindex, p->n_allowed * 64);
	size_t i;

	nla_put_string(msg, FTCP_A_TUNNEL, p->tunnel);
	nla_put_string(msg, FTCP_A_PEER, p->name);
	if (p->has & HAS(ENDPOINT_KIND))
		nla_put_u32(msg, FTCP_A_ENDPOINT_KIND, p->kind);
	if (p->has & HAS(ENDPOINT))
		put_address(msg, FTCP_A_ENDPOINT, &p->endpoint);
	/* What a name stands for may be wrong, and nobody watches. */
	if (p->has & HAS(ENDPOINT_NAME)) {
		nla_put_string(msg, FTCP_A_ENDPOINT_NAME, p->endpoint_name);
		nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE);
	}
	if (p->has & HAS(WIRE))
		nla_put_u32(msg, FTCP_A_WIRE, p->wire);
	if (p->has & HAS(NO_ALLOWED_IP))
		nla_put_flag(msg, FTCP_A_NO_ALLOWED_IP);
	for (i = 0; i < p->n_allowed; i++)
		put_prefix(msg, &p->allowed[i]);
	return nlsock_do(&ipc->nl, msg);
}

/**
 * ipc_peer_set() - Add a peer to a tunnel, or change it.
 * @ipc: The connection.
 * @p: The peer.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_peer_set(struct ipc *ipc, const struct peer *p)
{
	return peer_request(ipc, FAKETCP_CMD_PEER_SET, p);
}

/**
 * ipc_peer_del() - Delete a peer.
 * @ipc: The connection.
 * @p: Which one.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_peer_del(struct ipc *ipc, const struct peer *p)
{
	return peer_request(ipc, FAKETCP_CMD_PEER_DEL, p);
}

/**
 * ipc_flow_del() - Close a flow.
 * @ipc: The connection.
 * @f: Its link and TCP ends.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_flow_del(struct ipc *ipc, const struct flow *f)
{
	struct nl_msg *msg = request(ipc, FAKETCP_CMD_FLOW_DEL, f->ifindex, 0);

	put_address(msg, FTCP_A_LOCAL, &f->local);
	put_address(msg, FTCP_A_REMOTE, &f->remote);
	return nlsock_do(&ipc->nl, msg);
}

/* Replies */

static uint32_t get_u32(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static uint64_t get_u64(struct nlattr *a)
{
	uint64_t value = 0;

	/* Not every attribute is aligned to 8 bytes */
	if (a && nla_len(a) >= (int)sizeof(value))
		memcpy(&value, nla_data(a), sizeof(value));
	return value;
}

static void get_name(char *buf, size_t size, struct nlattr *a)
{
	buf[0] = '\0';
	if (a)
		nla_strlcpy(buf, a, size);
}

static void get_address(union address *out, struct nlattr *a)
{
	memset(out, 0, sizeof(*out));
	if (!a || nla_len(a) < (int)sizeof(out->sa.sa_family))
		return;
	memcpy(out, nla_data(a),
	       (size_t)nla_len(a) < sizeof(*out) ? (size_t)nla_len(a) :
						   sizeof(*out));
	if (nla_len(a) < (int)address_len(out))
		memset(out, 0, sizeof(*out));
}

static void get_link(unsigned int *ifindex, char *ifname, struct nlattr **tb)
{
	*ifindex = get_u32(tb[FTCP_A_IFINDEX]);
	get_name(ifname, IF_NAMESIZE, tb[FTCP_A_IFNAME]);
	if (!ifname[0] && !if_indextoname(*ifindex, ifname))
		snprintf(ifname, IF_NAMESIZE, "if%u", *ifindex);
}

/* Which attributes a message carries */
static uint64_t get_has(struct nlattr **tb)
{
	uint64_t has = 0;
	int i;

	for (i = 1; i <= FTCP_A_MAX; i++)
		if (tb[i])
			has |= 1ULL << i;
	return has;
}

static void get_stats(struct stats *s, struct nlattr *nest)
{
	struct nlattr *tb[FTCP_STATS_MAX + 1];

	memset(s, 0, sizeof(*s));
	if (!nest || nla_parse_nested(tb, FTCP_STATS_MAX, nest, NULL))
		return;
	s->tx_packets = get_u64(tb[FTCP_STATS_TX_PACKETS]);
	s->tx_bytes = get_u64(tb[FTCP_STATS_TX_BYTES]);
	s->rx_packets = get_u64(tb[FTCP_STATS_RX_PACKETS]);
	s->rx_bytes = get_u64(tb[FTCP_STATS_RX_BYTES]);
	s->tx_held = get_u64(tb[FTCP_STATS_TX_HELD]);
	s->tx_batches = get_u64(tb[FTCP_STATS_TX_BATCHES]);
	s->tx_hold = get_u64(tb[FTCP_STATS_TX_HOLD]);
}

static void get_drops(uint64_t *drops, struct nlattr *nest)
{
	struct nlattr *tb[FTCP_DROP_MAX + 1];
	int i;

	if (!nest || nla_parse_nested(tb, FTCP_DROP_MAX, nest, NULL))
		return;
	for (i = 1; i <= FTCP_DROP_MAX; i++)
		drops[i] = get_u64(tb[i]);
}

static void get_ended(uint64_t *ended, struct nlattr *nest)
{
	struct nlattr *tb[FTCP_ENDED_MAX + 1];
	int i;

	if (!nest || nla_parse_nested(tb, FTCP_ENDED_MAX, nest, NULL))
		return;
	/* The attributes are in the order of the enum, behind the padding */
	for (i = FTCP_REASON_CLOSED; i <= FTCP_REASON_MAX; i++)
		ended[i] = get_u64(tb[FTCP_ENDED_PAD + i]);
}

static bool parse(struct nlmsghdr *msg, struct nlattr **tb)
{
	return genlmsg_valid_hdr(msg, 0) &&
	       !genlmsg_parse(msg, 0, tb, FTCP_A_MAX, attr_policy);
}

static bool get_tunnel(struct tunnel *t, struct nlmsghdr *msg)
{
	struct nlattr *tb[FTCP_A_MAX + 1];

	memset(t, 0, sizeof(*t));
	if (!parse(msg, tb))
		return false;
	t->has = get_has(tb);
	get_link(&t->ifindex, t->ifname, tb);
	get_name(t->name, sizeof(t->name), tb[FTCP_A_TUNNEL]);
	t->mode = get_u32(tb[FTCP_A_MODE]);
	t->wire = get_u32(tb[FTCP_A_WIRE]);
	t->port = tb[FTCP_A_PORT] ? nla_get_u16(tb[FTCP_A_PORT]) : 0;
	get_address(&t->local, tb[FTCP_A_LOCAL]);
	get_address(&t->listen, tb[FTCP_A_LISTEN]);
	get_address(&t->target, tb[FTCP_A_TARGET]);
	t->idle = get_u32(tb[FTCP_A_IDLE]);
	t->keepalive = get_u32(tb[FTCP_A_KEEPALIVE]);
	t->keepalive_interval = get_u32(tb[FTCP_A_KEEPALIVE_INTERVAL]);
	t->keepalive_probes = get_u32(tb[FTCP_A_KEEPALIVE_PROBES]);
	t->max_age = get_u32(tb[FTCP_A_MAX_AGE]);
	t->max_bytes = get_u64(tb[FTCP_A_MAX_BYTES]);
	t->fwmark = get_u32(tb[FTCP_A_FWMARK]);
	t->max_flows = get_u32(tb[FTCP_A_MAX_FLOWS]);
	t->queue = get_u32(tb[FTCP_A_QUEUE]);
	t->df = get_u32(tb[FTCP_A_DF]);
	t->unreachable = get_u32(tb[FTCP_A_UNREACHABLE]);
	t->max_per_source = get_u32(tb[FTCP_A_MAX_FLOWS_PER_SOURCE]);
	t->queue_bytes = get_u32(tb[FTCP_A_QUEUE_BYTES]);
	t->coalesce = get_u32(tb[FTCP_A_COALESCE]);
	t->flows = get_u32(tb[FTCP_A_FLOWS]);
	get_stats(&t->stats, tb[FTCP_A_STATS]);
	get_drops(t->drops, tb[FTCP_A_DROPS]);
	get_ended(t->ended, tb[FTCP_A_ENDED]);
	return true;
}

static bool get_prefix(struct prefix *p, struct nlattr *nest)
{
	struct nlattr *tb[FTCP_ALLOWED_IP_MAX + 1], *addr;

	memset(p, 0, sizeof(*p));
	if (nla_parse_nested(tb, FTCP_ALLOWED_IP_MAX, nest, allowed_ip_policy))
		return false;
	addr = tb[FTCP_ALLOWED_IP_ADDR];
	if (!addr || !tb[FTCP_ALLOWED_IP_PREFIX] ||
	    (nla_len(addr) != 4 && nla_len(addr) != 16))
		return false;
	p->family = nla_len(addr) == 4 ? AF_INET : AF_INET6;
	p->len = nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]);
	memcpy(p->addr, nla_data(addr), nla_len(addr));
	return true;
}

static bool get_peer(struct peer *p, struct nlmsghdr *msg)
{
	struct nlattr *tb[FTCP_A_MAX + 1], *a;
	size_t room = 0;
	int rest;

	memset(p, 0, sizeof(*p));
	if (!parse(msg, tb))
		return false;
	p->has = get_has(tb);
	get_link(&p->ifindex, p->ifname, tb);
	get_name(p->tunnel, sizeof(p->tunnel), tb[FTCP_A_TUNNEL]);
	get_name(p->name, sizeof(p->name), tb[FTCP_A_PEER]);
	p->kind = get_u32(tb[FTCP_A_ENDPOINT_KIND]);
	get_address(&p->endpoint, tb[FTCP_A_ENDPOINT]);
	get_name(p->endpoint_name, sizeof(p->endpoint_name),
		 tb[FTCP_A_ENDPOINT_NAME]);
	p->wire = get_u32(tb[FTCP_A_WIRE]);
	p->flows = get_u32(tb[FTCP_A_FLOWS]);
	nlmsg_for_each_attr(a, msg, GENL_HDRLEN, rest) {
		if (nla_type(a) != FTCP_A_ALLOWED_IP)
			continue;
		p->allowed = grow(p->allowed, p->n_allowed, &room,
				  sizeof(*p->allowed));
		if (get_prefix(&p->allowed[p->n_allowed], a))
			p->n_allowed++;
	}
	return true;
}

static bool get_flow(struct flow *f, struct nlmsghdr *msg)
{
	struct nlattr *tb[FTCP_A_MAX + 1];

	memset(f, 0, sizeof(*f));
	if (!parse(msg, tb))
		return false;
	f->has = get_has(tb);
	get_link(&f->ifindex, f->ifname, tb);
	get_name(f->tunnel, sizeof(f->tunnel), tb[FTCP_A_TUNNEL]);
	get_name(f->peer, sizeof(f->peer), tb[FTCP_A_PEER]);
	f->state = get_u32(tb[FTCP_A_STATE]);
	f->wire = get_u32(tb[FTCP_A_WIRE]);
	get_address(&f->local, tb[FTCP_A_LOCAL]);
	get_address(&f->remote, tb[FTCP_A_REMOTE]);
	get_address(&f->inner_local, tb[FTCP_A_INNER_LOCAL]);
	get_address(&f->inner_remote, tb[FTCP_A_INNER_REMOTE]);
	f->age = get_u64(tb[FTCP_A_AGE]);
	f->rx_age = get_u64(tb[FTCP_A_RX_AGE]);
	f->mtu = get_u32(tb[FTCP_A_MTU]);
	get_stats(&f->stats, tb[FTCP_A_STATS]);
	f->reason = get_u32(tb[FTCP_A_REASON]);
	return true;
}

/* Lists */

/**
 * struct list - A list while it is read.
 * @filter: What to keep.
 * @array: The elements.
 * @n: How many.
 * @room: How many fit.
 */
struct list {
	const struct filter *filter;
	void *array;
	size_t n;
	size_t room;
};

static bool wants(const struct filter *f, unsigned int ifindex,
		  const char *tunnel)
{
	return (!f->ifindex || f->ifindex == ifindex) &&
	       (!f->tunnel || !strcmp(f->tunnel, tunnel));
}

static void add_tunnel_row(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;
	struct tunnel *t;

	l->array = grow(l->array, l->n, &l->room, sizeof(*t));
	t = (struct tunnel *)l->array + l->n;
	if (get_tunnel(t, msg) && wants(l->filter, t->ifindex, t->name))
		l->n++;
}

static void add_flow_row(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;
	struct flow *f;

	l->array = grow(l->array, l->n, &l->room, sizeof(*f));
	f = (struct flow *)l->array + l->n;
	if (get_flow(f, msg) && wants(l->filter, f->ifindex, f->tunnel))
		l->n++;
}

/* A peer whose ranges do not fit into one message comes in several */
static bool continues(const struct peer *p, const struct peer *next)
{
	return p->ifindex == next->ifindex &&
	       !strcmp(p->tunnel, next->tunnel) && !strcmp(p->name, next->name);
}

static void append_allowed(struct peer *p, const struct peer *next)
{
	size_t n = p->n_allowed + next->n_allowed;

	if (!next->n_allowed)
		return;
	p->allowed = reallocarray(p->allowed, n, sizeof(*p->allowed));
	if (!p->allowed)
		exit(fail(REFUSED, "out of memory"));
	memcpy(p->allowed + p->n_allowed, next->allowed,
	       next->n_allowed * sizeof(*p->allowed));
	p->n_allowed = n;
}

static void add_peer_row(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;
	struct peer *p;

	l->array = grow(l->array, l->n, &l->room, sizeof(*p));
	p = (struct peer *)l->array + l->n;
	if (!get_peer(p, msg) || !wants(l->filter, p->ifindex, p->tunnel)) {
		free(p->allowed);
	} else if (l->n && continues(p - 1, p)) {
		append_allowed(p - 1, p);
		free(p->allowed);
	} else {
		l->n++;
	}
}

static void forget_rows(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;

	(void)msg;
	l->n = 0;
}

static void forget_peers(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;

	(void)msg;
	while (l->n)
		free(((struct peer *)l->array)[--l->n].allowed);
}

static int dump(struct ipc *ipc, int cmd, const struct filter *filter,
		nlsock_row row, nlsock_row restart, struct list *l)
{
	struct nl_msg *msg = request(ipc, cmd, filter->ifindex, 0);

	if (filter->tunnel)
		nla_put_string(msg, FTCP_A_TUNNEL, filter->tunnel);
	l->filter = filter;
	return nlsock_dump(&ipc->nl, msg, row, restart, l);
}

/**
 * ipc_tunnels() - List tunnels.
 * @ipc: The connection.
 * @filter: Which ones.
 * @list: The tunnels, to be freed.
 * @n: How many.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_tunnels(struct ipc *ipc, const struct filter *filter,
		struct tunnel **list, size_t *n)
{
	struct list l = {};
	int err;

	err = dump(ipc, FAKETCP_CMD_TUNNEL_GET, filter, add_tunnel_row,
		   forget_rows, &l);
	*list = l.array;
	*n = l.n;
	return err;
}

/**
 * ipc_peers() - List peers.
 * @ipc: The connection.
 * @filter: Which ones.
 * @list: The peers, for ipc_free_peers().
 * @n: How many.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_peers(struct ipc *ipc, const struct filter *filter, struct peer **list,
	      size_t *n)
{
	struct list l = {};
	int err;

	err = dump(ipc, FAKETCP_CMD_PEER_GET, filter, add_peer_row,
		   forget_peers, &l);
	*list = l.array;
	*n = l.n;
	return err;
}

/**
 * ipc_flows() - List flows.
 * @ipc: The connection.
 * @filter: Which ones.
 * @list: The flows, to be freed.
 * @n: How many.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_flows(struct ipc *ipc, const struct filter *filter, struct flow **list,
	      size_t *n)
{
	struct list l = {};
	int err;

	err = dump(ipc, FAKETCP_CMD_FLOW_GET, filter, add_flow_row, forget_rows,
		   &l);
	*list = l.array;
	*n = l.n;
	return err;
}

/**
 * ipc_free_peers() - Free a list of peers.
 * @list: The list.
 * @n: How many.
 */
void ipc_free_peers(struct peer *list, size_t n)
{
	while (n)
		free(list[--n].allowed);
	free(list);
}

/* Events */

static int on_event(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct event ev = {};
	struct ipc *ipc = arg;
	bool valid = false;

	if (msg->nlmsg_type != ipc->family || !genlmsg_valid_hdr(msg, 0))
		return NL_SKIP;
	switch (genlmsg_hdr(msg)->cmd) {
	case FAKETCP_CMD_TUNNEL_ADD_NTF:
		ev.name = "tunnel-add";
		valid = get_tunnel(&ev.tunnel, msg);
		break;
	case FAKETCP_CMD_TUNNEL_DEL_NTF:
		ev.name = "tunnel-del";
		valid = get_tunnel(&ev.tunnel, msg);
		break;
	case FAKETCP_CMD_FLOW_ADD_NTF:
		ev.name = "flow-add";
		ev.is_flow = true;
		valid = get_flow(&ev.flow, msg);
		break;
	case FAKETCP_CMD_FLOW_DEL_NTF:
		ev.name = "flow-del";
		ev.is_flow = true;
		valid = get_flow(&ev.flow, msg);
		break;
	}
	if (valid)
		ipc->stop = ipc->event(&ev);
	return ipc->stop ? NL_STOP : NL_OK;
}

/**
 * ipc_monitor() - Wait for events.
 * @ipc: The connection.
 * @event: Takes each event; returns 0 to go on.
 *
 * Return: What @event returned, or a negative errno; see ipc_refused().
 */
int ipc_monitor(struct ipc *ipc, int (*event)(const struct event *ev))
{
	static const struct event lost = { .lost = true };
	struct nl_sock *sock = ipc->nl.sock;
	int group, err;

	group = genl_ctrl_resolve_grp(sock, FTCP_GENL_NAME,
				      FAKETCP_MCGRP_EVENTS);
	if (group < 0)
		return nlsock_failed(&ipc->nl, -ENOENT,
				     "multicast group events");
	err = nl_socket_add_membership(sock, group);
	if (err)
		return nlsock_failed(&ipc->nl, errno ? -errno : -EIO,
				     "multicast group events");
	ipc->event = event;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, ipc);
	while (!ipc->stop) {
		err = nl_recvmsgs_default(sock);
		if (err == -NLE_NOMEM)
			ipc->stop = event(&lost);
		else if (err < 0 && err != -NLE_INTR)
			return nlsock_failed(&ipc->nl, errno ? -errno : -EIO,
					     "netlink");
	}
	return ipc->stop;
}

/**
 * ipc_drop_name() - Name of a reason for a drop.
 * @drop: enum ftcp_drop_attr.
 *
 * Return: The name, or NULL when there is no such reason.
 */
const char *ipc_drop_name(uint32_t drop)
{
	static const char *const names[FTCP_DROP_MAX + 1] = {
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

	return drop > 0 && drop <= FTCP_DROP_MAX ? names[drop] : NULL;
}
