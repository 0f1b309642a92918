// SPDX-License-Identifier: GPL-2.0
/*
 * set peer, del peer
 */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"

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

static int put_allowed(struct nl_msg *msg, const char *text)
{
	struct prefix *list;
	size_t i, n;
	int code;

	if (!strcmp(text, "none")) {
		nla_put_flag(msg, FTCP_A_NO_ALLOWED_IP);
		return DONE;
	}
	code = parse_prefixes("allowed-ips", text, &list, &n);
	if (code)
		return code;
	for (i = 0; i < n; i++) {
		struct nlattr *nest =
			nla_nest_start(msg, NLA_F_NESTED | FTCP_A_ALLOWED_IP);

		nla_put(msg, FTCP_ALLOWED_IP_ADDR,
			list[i].family == AF_INET ? 4 : 16, list[i].addr);
		nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX, list[i].len);
		nla_nest_end(msg, nest);
	}
	free(list);
	return DONE;
}

static int run(int cmd, int argc, char **argv)
{
	const char *name, *tunnel = NULL, *dev = NULL;
	const char *endpoint = NULL, *allowed = NULL, *wire = NULL;
	/* clang-format off */
	const struct word words[] = {
		NEEDED("tunnel", &tunnel),
		NEEDED("dev", &dev),
		VALUE("endpoint", &endpoint),
		VALUE("allowed-ips", &allowed),
		VALUE("wire", &wire),
	};
	/* clang-format on */
	size_t n = cmd == FAKETCP_CMD_PEER_DEL ? 2 : ARRAY_SIZE(words);
	struct nl_msg *msg;
	int code;

	code = parse_name("peer", argc, argv, words, n, &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words, n);
	if (code)
		return code;
	/* No more than 12 bytes come of one in the list */
	msg = ipc_request(cmd, allowed ? strlen(allowed) * 12 : 0);
	nla_put_string(msg, FTCP_A_PEER, name);
	code = attr_put(msg, FTCP_A_WIRE, wire);
	if (!code && allowed)
		code = put_allowed(msg, allowed);
	if (!code && endpoint)
		code = put_endpoint(msg, endpoint);
	if (!code)
		code = check_name("tunnel", tunnel);
	if (!code)
		nla_put_string(msg, FTCP_A_TUNNEL, tunnel);
	return ipc_do_dev(msg, code, dev);
}

static int run_set(int argc, char **argv)
{
	return run(FAKETCP_CMD_PEER_SET, argc, argv);
}

static int run_del(int argc, char **argv)
{
	return run(FAKETCP_CMD_PEER_DEL, argc, argv);
}

const struct verb set_peer = {
	.verb = "set",
	.object = "peer",
	.synopsis =
		"NAME tunnel NAME dev LINK [endpoint HOST:PORT|same|none]\n"
		"             [allowed-ips ADDR/PREFIX,...|none] [wire auto|native|phantun]\n",
	.help = "Add a peer to a tunnel, or change it.\n"
		"\n"
		"  endpoint HOST:PORT  flows to the peer go there\n"
		"  endpoint same       they go where the datagram was sent\n"
		"  endpoint none       the peer dials in (default of a new peer)\n"
		"  allowed-ips LIST    inner addresses behind the peer; replaces the list\n"
		"  allowed-ips none    empties it\n"
		"  wire VARIANT        how connections to it look (default: the tunnel's)\n",
	.run = run_set,
};

const struct verb del_peer = {
	.verb = "del",
	.object = "peer",
	.synopsis = "NAME tunnel NAME dev LINK\n",
	.help = "Delete a peer and its flows.\n",
	.run = run_del,
};
