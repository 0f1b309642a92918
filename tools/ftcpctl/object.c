// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the kernel's messages about tunnels, peers and flows.
 */
#include <arpa/inet.h>

#include <netlink/genl/genl.h>

#include "netlink.h"

/* What a message is about, by its command, and what it says that has happened */
static const struct {
	unsigned int of;
	const char *event;
} about[FAKETCP_CMD_MAX + 1] = {
	[FAKETCP_CMD_TUNNEL_GET] = { OF_TUNNEL },
	[FAKETCP_CMD_TUNNEL_ADD_NTF] = { OF_TUNNEL, "tunnel-add" },
	[FAKETCP_CMD_TUNNEL_DEL_NTF] = { OF_TUNNEL, "tunnel-del" },
	[FAKETCP_CMD_PEER_GET] = { OF_PEER },
	[FAKETCP_CMD_FLOW_GET] = { OF_FLOW },
	[FAKETCP_CMD_FLOW_ADD_NTF] = { OF_FLOW, "flow-add" },
	[FAKETCP_CMD_FLOW_DEL_NTF] = { OF_FLOW, "flow-del" },
};

/** object_parse() - take a message apart; @o refers to it */
bool object_parse(struct object *o, struct nlmsghdr *msg)
{
	unsigned int cmd;

	if (!genlmsg_valid_hdr(msg, 0) ||
	    genlmsg_parse(msg, 0, o->tb, FTCP_A_MAX, attr_policy()))
		return false;
	cmd = genlmsg_hdr(msg)->cmd;
	if (cmd > FAKETCP_CMD_MAX)
		return false;
	o->msg = msg;
	o->of = about[cmd].of;
	o->event = about[cmd].event;
	return o->of;
}

/** object_number() - a number, 0 if there is none */
uint64_t object_number(const struct object *o, int type)
{
	return attr_number(o->tb[type]);
}

/** object_text() - a string, empty if there is none */
const char *object_text(const struct object *o, int type)
{
	return o->tb[type] ? nla_get_string(o->tb[type]) : "";
}

/** object_address() - an address, all zero if there is none */
void object_address(const struct object *o, int type, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (o->tb[type])
		nla_memcpy(out, o->tb[type], sizeof(*out));
}

/** object_counter() - a counter in a nest, 0 if there is none */
uint64_t object_counter(const struct object *o, int nest, int type)
{
	struct nlattr *a = o->tb[nest];

	return a ? attr_number(nla_find(nla_data(a), nla_len(a), type)) : 0;
}

/** object_ranges() - the ranges of a peer, comma-separated; there until the next call */
const char *object_ranges(const struct object *o, int type)
{
	static struct nla_policy policy[FTCP_ALLOWED_IP_MAX + 1] = {
		[FTCP_ALLOWED_IP_ADDR] = { .minlen = 4 },
		[FTCP_ALLOWED_IP_PREFIX] = { .type = NLA_U8 },
	};
	struct nlattr *tb[FTCP_ALLOWED_IP_MAX + 1], *a, *addr;
	char host[INET6_ADDRSTRLEN];
	static char *list;
	size_t size;
	FILE *f;
	int rest;

	free(list);
	f = open_memstream(&list, &size);
	if (!f)
		exit(refused("out of memory"));
	nlmsg_for_each_attr(a, o->msg, GENL_HDRLEN, rest) {
		if (nla_type(a) != type ||
		    nla_parse_nested(tb, FTCP_ALLOWED_IP_MAX, a, policy))
			continue;
		addr = tb[FTCP_ALLOWED_IP_ADDR];
		if (!addr || !tb[FTCP_ALLOWED_IP_PREFIX])
			continue;
		inet_ntop(nla_len(addr) < 16 ? AF_INET : AF_INET6,
			  nla_data(addr), host, sizeof(host));
		fprintf(f, "%s%s/%u", ftell(f) ? "," : "", host,
			nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]));
	}
	if (fclose(f))
		exit(refused("out of memory"));
	return list;
}

/** same_value() - do both have an attribute, and alike? */
bool same_value(const struct object *a, const struct object *b, int type)
{
	const struct nlattr *x = a->tb[type], *y = b->tb[type];

	return x && y && nla_len(x) == nla_len(y) &&
	       !memcmp(nla_data(x), nla_data(y), nla_len(x));
}

/** same_tunnel() - are they, or do they belong to, the same one? */
bool same_tunnel(const struct object *a, const struct object *b)
{
	return same_value(a, b, FTCP_A_IFINDEX) &&
	       same_value(a, b, FTCP_A_TUNNEL);
}

/** same_peer() - are they the same peer of the same tunnel? */
bool same_peer(const struct object *a, const struct object *b)
{
	return same_tunnel(a, b) && same_value(a, b, FTCP_A_PEER);
}
