// SPDX-License-Identifier: GPL-2.0
/*
 * set peer, del peer
 */
#include <stdlib.h>
#include <string.h>

#include "ftcpctl.h"
#include "ipc.h"

static struct nl_msg *request(int cmd, const struct args *a, size_t extra)
{
	struct nl_msg *msg = ipc_request(cmd, extra);

	nla_put_string(msg, FTCP_A_TUNNEL, a->given[FTCP_A_TUNNEL]);
	nla_put_string(msg, FTCP_A_PEER, a->name);
	return msg;
}

static int put_endpoint(struct nl_msg *msg, const char *text)
{
	bool none = !strcmp(text, "none"), same = !strcmp(text, "same");
	int code;

	nla_put_u32(msg, FTCP_A_ENDPOINT_KIND,
		    none ? FTCP_ENDPOINT_NONE :
		    same ? FTCP_ENDPOINT_SAME :
			   FTCP_ENDPOINT_ADDR);
	if (none || same)
		return DONE;
	code = attr_put(msg, FTCP_A_ENDPOINT, text);
	if (!code && endpoint_is_name(text))
		put_endpoint_name(msg, text);
	return code;
}

static void put_range(struct nl_msg *msg, int type, const struct prefix *p)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | type);

	nla_put(msg, FTCP_ALLOWED_IP_ADDR, p->family == AF_INET ? 4 : 16,
		p->addr);
	nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX, p->len);
	nla_nest_end(msg, nest);
}

static int put_ranges(struct nl_msg *msg, int type, const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	struct prefix range;
	int code = DONE;

	while (!code && (item = strsep(&rest, ","))) {
		code = parse_prefix(attr_word(type), item, &range);
		if (!code)
			put_range(msg, type, &range);
	}
	free(copy);
	return code;
}

static int put_allowed(struct nl_msg *msg, const char *text)
{
	if (strcmp(text, "none"))
		return put_ranges(msg, FTCP_A_ALLOWED_IP, text);
	nla_put_flag(msg, FTCP_A_NO_ALLOWED_IP);
	return DONE;
}

static int put_from(struct nl_msg *msg, const char *text)
{
	bool none = !strcmp(text, "none");

	if (!none && strcmp(text, "allowed-ips"))
		return put_ranges(msg, FTCP_A_FROM, text);
	nla_put_u32(msg, FTCP_A_FROM_KIND,
		    none ? FTCP_FROM_LIST : FTCP_FROM_ALLOWED_IPS);
	return DONE;
}

static int run_set(const struct args *a)
{
	const char *allowed = a->given[FTCP_A_ALLOWED_IP];
	const char *from = a->given[FTCP_A_FROM];
	const char *endpoint = a->given[FTCP_A_ENDPOINT];
	/* No more than 12 bytes come of one in the lists */
	size_t extra = 12 * (strlen(allowed ?: "") + strlen(from ?: ""));
	struct nl_msg *msg = request(FAKETCP_CMD_PEER_SET, a, extra);
	int code = attr_put(msg, FTCP_A_WIRE, a->given[FTCP_A_WIRE]);

	if (!code && allowed)
		code = put_allowed(msg, allowed);
	if (!code && from)
		code = put_from(msg, from);
	if (!code && endpoint)
		code = put_endpoint(msg, endpoint);
	return ipc_do_dev(msg, code, a->given[FTCP_A_IFINDEX]);
}

static int run_del(const struct args *a)
{
	return ipc_do_dev(request(FAKETCP_CMD_PEER_DEL, a, 0), DONE,
			  a->given[FTCP_A_IFINDEX]);
}

const struct verb set_peer = {
	.verb = "set",
	.object = "peer",
	.synopsis =
		"NAME tunnel NAME dev LINK [endpoint HOST:PORT|same|none]\n"
		"             [allowed-ips ADDR/PREFIX,...|none]\n"
		"             [from ADDR/PREFIX,...|none|allowed-ips]\n"
		"             [wire auto|native|phantun]\n",
	.help = "Add a peer to a tunnel, or change it.\n"
		"\n"
		"  endpoint HOST:PORT  flows to the peer go there\n"
		"  endpoint same       they go where the datagram was sent\n"
		"  endpoint none       the peer dials in (default of a new peer)\n"
		"  allowed-ips LIST    inner addresses behind the peer; replaces the list\n"
		"  allowed-ips none    empties it\n"
		"  from LIST           outer addresses that may connect; replaces the list\n"
		"  from none           nobody may\n"
		"  from allowed-ips    those behind the peer may (default when routed)\n"
		"  wire VARIANT        how connections to it look (default: the tunnel's)\n",
	.names = "peer",
	.words =
		(const struct word[]){
			{ "tunnel", FTCP_A_TUNNEL, NEEDED },
			{ "dev", FTCP_A_IFINDEX, NEEDED },
			{ "endpoint", FTCP_A_ENDPOINT, VALUE },
			{ "allowed-ips", FTCP_A_ALLOWED_IP, VALUE },
			{ "from", FTCP_A_FROM, VALUE },
			{ "wire", FTCP_A_WIRE, VALUE },
			{},
		},
	.run = run_set,
};

const struct verb del_peer = {
	.verb = "del",
	.object = "peer",
	.synopsis = "NAME tunnel NAME dev LINK\n",
	.help = "Delete a peer and its flows.\n",
	.names = "peer",
	.words =
		(const struct word[]){
			{ "tunnel", FTCP_A_TUNNEL, NEEDED },
			{ "dev", FTCP_A_IFINDEX, NEEDED },
			{},
		},
	.run = run_del,
};
