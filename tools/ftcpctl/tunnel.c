// SPDX-License-Identifier: GPL-2.0
/*
 * add tunnel, set tunnel, del tunnel
 */
#include <string.h>

#include "ftcpctl.h"
#include "ipc.h"

static const struct word words[] = {
	{ "dev", FTCP_A_IFINDEX, NEEDED },
	{ "listen", FTCP_A_LISTEN, VALUE },
	{ "remote", FTCP_A_ENDPOINT, VALUE },
	{ "port", FTCP_A_PORT, VALUE },
	{ "forward", FTCP_A_TARGET, VALUE },
	{ "local", FTCP_A_LOCAL, VALUE },
	{ "routed", WORD_ROUTED, FLAG },
	{},
};

/* Do the words describe one of the three forms, and completely? */
static int check_ends(const struct args *a)
{
	const char *listen = a->given[FTCP_A_LISTEN];
	const char *remote = a->given[FTCP_A_ENDPOINT];
	const char *port = a->given[FTCP_A_PORT];
	const char *forward = a->given[FTCP_A_TARGET];
	int forms = !!listen + !!forward + !!a->given[WORD_ROUTED];

	/* A form is there, where the name should be */
	if (!forms && !strcmp(a->name, "routed"))
		return fail(USAGE, "the name of the tunnel is missing");
	if (!forms && remote)
		return fail(USAGE, "listen is missing");
	if (!forms)
		return fail(USAGE,
			    "one of listen, forward or routed is missing");
	if (forms > 1)
		return fail(USAGE, "%s: cannot be combined with %s",
			    a->given[WORD_ROUTED] ? "routed" : "forward",
			    listen ? "listen" : "forward");
	if (listen && !remote)
		return fail(USAGE, "remote is missing");
	if (forward && !port)
		return fail(USAGE, "port is missing");
	if (remote && !listen)
		return fail(USAGE, "remote: needs listen");
	if (port && listen)
		return fail(USAGE, "port: cannot be combined with listen");
	if (a->given[FTCP_A_LOCAL] && !port)
		return fail(USAGE, "local: needs port");
	if (a->given[FTCP_A_UNREACHABLE] && !forward)
		return fail(USAGE, "unreachable: needs forward");
	return DONE;
}

/* Names last: they may take a while */
static int put_ends(struct nl_msg *msg, const struct args *a)
{
	static const int ends[] = { FTCP_A_LISTEN, FTCP_A_PORT, FTCP_A_LOCAL,
				    FTCP_A_TARGET };
	const char *remote = a->given[FTCP_A_ENDPOINT];
	union address address;
	int code = DONE;
	size_t i;

	nla_put_u32(msg, FTCP_A_MODE,
		    a->given[FTCP_A_LISTEN] ? FTCP_MODE_LISTEN :
		    a->given[FTCP_A_TARGET] ? FTCP_MODE_FORWARD :
					      FTCP_MODE_ROUTED);
	for (i = 0; i < ARRAY_SIZE(ends) && !code; i++)
		code = attr_put(msg, ends[i], a->given[ends[i]]);
	if (code || !remote)
		return code;
	code = parse_endpoint("remote", remote, &address);
	if (code)
		return code;
	put_address(msg, FTCP_A_ENDPOINT, &address);
	if (endpoint_is_name(remote))
		nla_put_string(msg, FTCP_A_ENDPOINT_NAME, remote);
	return DONE;
}

/* What makes a tunnel what it is stays as long as it lives */
static int check_no_ends(const struct args *a)
{
	static const int ends[] = { FTCP_A_LISTEN, FTCP_A_PORT, FTCP_A_TARGET,
				    FTCP_A_LOCAL };
	const char *word = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends) && !word; i++)
		if (a->given[ends[i]])
			word = attr_word(ends[i]);
	if (!word && a->given[WORD_ROUTED])
		word = "routed";
	if (word)
		return fail(
			USAGE,
			"%s cannot be changed while the tunnel lives: delete it and add it anew",
			word);
	if (a->given[FTCP_A_ENDPOINT])
		return fail(
			USAGE,
			"remote is changed by `ftcpctl set peer remote tunnel %s dev %s endpoint %s'",
			a->name, a->given[FTCP_A_IFINDEX],
			a->given[FTCP_A_ENDPOINT]);
	return DONE;
}

static struct nl_msg *request(int cmd, const struct args *a)
{
	struct nl_msg *msg = ipc_request(cmd, 0);

	nla_put_string(msg, FTCP_A_TUNNEL, a->name);
	return msg;
}

static int run_add(const struct args *a)
{
	struct nl_msg *msg = request(FAKETCP_CMD_TUNNEL_NEW, a);
	int code = put_options(msg, a->given);

	code = code ?: check_ends(a);
	code = code ?: put_ends(msg, a);
	return ipc_do_dev(msg, code, a->given[FTCP_A_IFINDEX]);
}

static int run_set(const struct args *a)
{
	struct nl_msg *msg = request(FAKETCP_CMD_TUNNEL_SET, a);
	uint32_t len = nlmsg_hdr(msg)->nlmsg_len;
	int code = check_no_ends(a);

	code = code ?: put_options(msg, a->given);
	if (!code && nlmsg_hdr(msg)->nlmsg_len == len)
		code = fail(USAGE, "nothing to change");
	return ipc_do_dev(msg, code, a->given[FTCP_A_IFINDEX]);
}

static int run_del(const struct args *a)
{
	return ipc_do_dev(request(FAKETCP_CMD_TUNNEL_DEL, a), DONE,
			  a->given[FTCP_A_IFINDEX]);
}

const struct verb add_tunnel = {
	.verb = "add",
	.object = "tunnel",
	.synopsis =
		"NAME dev LINK listen ADDR:PORT remote HOST:PORT [OPTIONS]\n"
		"NAME dev LINK port N forward HOST:PORT [local ADDR] [OPTIONS]\n"
		"NAME dev LINK routed [port N [local ADDR]] [OPTIONS]\n",
	.help = "Add a tunnel to a link.\n"
		"\n"
		"Client: applications send UDP to `listen'; each source gets a connection of\n"
		"its own to `remote'.\n"
		"Server: connections to TCP port `port' (of address `local' only) are accepted;\n"
		"each reaches the UDP service at `forward' from a source port of its own.\n"
		"Routed: UDP routed into the link leaves as TCP with the same addresses and\n"
		"ports; `port' accepts connections.  Peers say where to (set peer).\n"
		"\n"
		"-4 and -6 choose the address family that a host name resolves to.\n"
		"\n"
		"OPTIONS, and in parentheses what a tunnel has without them:\n"
		"\n",
	.names = "tunnel",
	.words = words,
	.options = true,
	.run = run_add,
};

const struct verb set_tunnel = {
	.verb = "set",
	.object = "tunnel",
	.synopsis = "NAME dev LINK OPTIONS\n",
	.help = "Change a tunnel while it runs.  What is not mentioned stays.\n"
		"\n"
		"OPTIONS, and in parentheses what a new tunnel has:\n"
		"\n",
	.names = "tunnel",
	.words = words,
	.options = true,
	.run = run_set,
};

const struct verb del_tunnel = {
	.verb = "del",
	.object = "tunnel",
	.synopsis = "NAME dev LINK\n",
	.help = "Delete a tunnel, its peers and its flows.\n",
	.names = "tunnel",
	.words = (const struct word[]){ { "dev", FTCP_A_IFINDEX, NEEDED }, {} },
	.run = run_del,
};
