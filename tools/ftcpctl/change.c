// SPDX-License-Identifier: GPL-2.0
/*
 * add, set and del of tunnels, peers and flows: each is one request, which has
 * what was given for its words.
 */
#include "netlink.h"

#define UNCHANGEABLE \
	"%s cannot be changed while the tunnel lives: delete it and add it anew"
#define REMOTE_OF_PEER \
	"remote is changed by `ftcpctl set peer remote tunnel %s%s%s endpoint %s'"

/** request() - make the request that a verb is; a tunnel may be the first of its link */
int request(const struct verb *v, const char *const *given)
{
	struct nl_msg *msg = ipc_request(v->cmd, given);
	int code = put_given(msg, v->of, given);
	const char *dev = given[FTCP_A_IFINDEX];
	unsigned int ifindex;
	bool made = false;

	code = code ?: ipc_open(true);
	if (!code && v == &add_tunnel)
		code = link_make(dev, &made);
	code = code ?: parse_link(dev, &ifindex);
	if (code) {
		nlmsg_free(msg);
		return code;
	}
	nla_put_u32(msg, FTCP_A_IFINDEX, ifindex);
	code = ipc_do(msg);
	if (code && made)
		link_remove(dev);
	return code;
}

static const struct word tunnel_words[] = {
	{ "dev", FTCP_A_IFINDEX, LINK },
	{ "listen", FTCP_A_LISTEN, VALUE },
	{ "remote", FTCP_A_ENDPOINT, VALUE },
	{ "port", FTCP_A_PORT, VALUE },
	{ "forward", FTCP_A_TARGET, VALUE },
	{ "local", FTCP_A_LOCAL, VALUE },
	{ "routed", FTCP_A_MODE, FLAG },
	{ "ip", FTCP_A_MODE, FLAG },
	{},
};

/* Do the words describe one of the forms, and completely? */
static int check_ends(const char **given)
{
	const char *listen = given[FTCP_A_LISTEN];
	const char *remote = given[FTCP_A_ENDPOINT];
	const char *port = given[FTCP_A_PORT];
	const char *forward = given[FTCP_A_TARGET];
	const char *mode = given[FTCP_A_MODE];
	const struct word *name = find_word(tunnel_words, given[FTCP_A_TUNNEL]);
	int forms = !!listen + !!forward + !!mode;

	/* A form is there, where the name should be */
	if (!forms && name && name->id == FTCP_A_MODE)
		return misused("the name of the tunnel is missing");
	if (!forms)
		return misused("%s is missing",
			       remote ? "listen" :
					"one of listen, forward, routed or ip");
	if (forms > 1)
		return misused("%s: cannot be combined with %s",
			       mode ?: "forward",
			       listen ? "listen" : "forward");
	if (listen && !remote)
		return misused("remote is missing");
	if (forward && !port)
		return misused("port is missing");
	if (remote && !listen)
		return misused("remote: needs listen");
	if (port && listen)
		return misused("port: cannot be combined with listen");
	if (given[FTCP_A_LOCAL] && !port)
		return misused("local: needs port");
	if (given[FTCP_A_UNREACHABLE] && !forward)
		return misused("unreachable: needs forward");
	if (!mode)
		given[FTCP_A_MODE] = listen ? "listen" : "forward";
	return DONE;
}

/* What makes a tunnel what it is stays as long as it lives */
static int check_options(const char **given)
{
	const char *remote = given[FTCP_A_ENDPOINT];
	const char *dev = given[FTCP_A_IFINDEX];
	const struct word *w;
	int i, n = 0;

	for (w = tunnel_words; w->name; w++)
		if (given[w->id] && w->id != FTCP_A_IFINDEX &&
		    w->id != FTCP_A_ENDPOINT)
			return misused(UNCHANGEABLE, w->kind == FLAG ?
							     given[w->id] :
							     w->name);
	if (remote)
		return misused(REMOTE_OF_PEER, given[FTCP_A_TUNNEL],
			       dev ? " dev " : "", dev ?: "", remote);
	for (i = 0; i < WORDS; i++)
		n += given[i] && i != FTCP_A_TUNNEL && i != FTCP_A_IFINDEX;
	return n ? DONE : misused("nothing to change");
}

const struct verb add_tunnel = {
	.verb = "add",
	.object = "tunnel",
	.synopsis =
		"NAME [dev LINK] listen ADDR:PORT remote HOST:PORT [OPTIONS]\n"
		"NAME [dev LINK] port N forward HOST:PORT [local ADDR]\n"
		"           [OPTIONS]\n"
		"NAME [dev LINK] routed [port N [local ADDR]] [OPTIONS]\n"
		"NAME [dev LINK] ip [port N [local ADDR]] [OPTIONS]\n",
	.help = "Add a tunnel to a link, which is made, and set up, if there is none of this\n"
		"name.  Without `dev', here as in other commands, it is the only link; without\n"
		"any, ftcp0 is made.\n"
		"\n"
		"Client: applications send UDP to `listen'; each source gets a connection of\n"
		"its own to `remote'.\n"
		"Server: connections to TCP port `port' (of address `local' only) are accepted;\n"
		"each reaches the UDP service at `forward' from a source port of its own.\n"
		"Routed: UDP routed into the link leaves as TCP with the same addresses and\n"
		"ports; `port' accepts connections.  Peers say where to (set peer).\n"
		"IP: each whole IP packet routed into the link comes out of that of a peer; one\n"
		"connection for each peer (set peer).  Without `port' this end dials only.\n"
		"\n"
		"-4 and -6 choose the address family that a host name resolves to.\n"
		"\n"
		"OPTIONS, and in parentheses what a tunnel has without them:\n"
		"\n",
	.name = FTCP_A_TUNNEL,
	.words = tunnel_words,
	.options = true,
	.of = OF_TUNNEL,
	.cmd = FAKETCP_CMD_TUNNEL_NEW,
	.check = check_ends,
};

const struct verb set_tunnel = {
	.verb = "set",
	.object = "tunnel",
	.synopsis = "NAME [dev LINK] OPTIONS\n",
	.help = "Change a tunnel while it runs.  What is not mentioned stays.\n"
		"\n"
		"OPTIONS, and in parentheses what a new tunnel has:\n"
		"\n",
	.name = FTCP_A_TUNNEL,
	.words = tunnel_words,
	.options = true,
	.of = OF_TUNNEL,
	.cmd = FAKETCP_CMD_TUNNEL_SET,
	.check = check_options,
};

const struct verb del_tunnel = {
	.verb = "del",
	.object = "tunnel",
	.synopsis = "NAME [dev LINK]\n",
	.help = "Delete a tunnel, its peers and its flows.\n",
	.name = FTCP_A_TUNNEL,
	.words = (const struct word[]){ { "dev", FTCP_A_IFINDEX, LINK }, {} },
	.of = OF_TUNNEL,
	.cmd = FAKETCP_CMD_TUNNEL_DEL,
};

static const struct word peer_words[] = {
	{ "tunnel", FTCP_A_TUNNEL, NEEDED },
	{ "dev", FTCP_A_IFINDEX, LINK },
	{ "endpoint", FTCP_A_ENDPOINT, VALUE },
	{ "allowed-ips", FTCP_A_ALLOWED_IP, VALUE },
	{ "from", FTCP_A_FROM, VALUE },
	{ "persistent", FTCP_A_PERSISTENT, VALUE },
	{ "wire", FTCP_A_WIRE, VALUE },
	{},
};

const struct verb set_peer = {
	.verb = "set",
	.object = "peer",
	.synopsis =
		"NAME tunnel NAME [dev LINK] [endpoint HOST:PORT|same|none]\n"
		"             [allowed-ips ADDR/PREFIX,...|none]\n"
		"             [from ADDR/PREFIX,...|none|allowed-ips|endpoint]\n"
		"             [persistent on|off] [wire auto|native|phantun]\n",
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
		"  from endpoint       the endpoint's address may, or anybody without (default\n"
		"                      of mode ip, and only there)\n"
		"  persistent on       mode ip: dial at once, and again when lost (default off)\n"
		"  wire VARIANT        how connections to it look (default: the tunnel's)\n",
	.name = FTCP_A_PEER,
	.words = peer_words,
	.of = OF_PEER,
	.cmd = FAKETCP_CMD_PEER_SET,
};

const struct verb del_peer = {
	.verb = "del",
	.object = "peer",
	.synopsis = "NAME tunnel NAME [dev LINK]\n",
	.help = "Delete a peer and its flows.\n",
	.name = FTCP_A_PEER,
	.words =
		(const struct word[]){
			{ "tunnel", FTCP_A_TUNNEL, NEEDED },
			{ "dev", FTCP_A_IFINDEX, LINK },
			{},
		},
	.of = OF_PEER,
	.cmd = FAKETCP_CMD_PEER_DEL,
};

const struct verb del_flow = {
	.verb = "del",
	.object = "flow",
	.synopsis = "local ADDR:PORT remote ADDR:PORT [dev LINK]\n",
	.help = "Close one flow in order, with a FIN.  `show flows' prints both addresses.\n",
	.words =
		(const struct word[]){
			{ "local", FTCP_A_LOCAL, NEEDED },
			{ "remote", FTCP_A_REMOTE, NEEDED },
			{ "dev", FTCP_A_IFINDEX, LINK },
			{},
		},
	.of = OF_FLOW,
	.cmd = FAKETCP_CMD_FLOW_DEL,
};
