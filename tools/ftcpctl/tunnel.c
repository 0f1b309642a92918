// SPDX-License-Identifier: GPL-2.0
/*
 * add tunnel, set tunnel, del tunnel
 */
#include <string.h>

#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"

/* Of add and set: more than there are */
#define WORDS 40

/**
 * struct tunnel - What was said of a tunnel.
 * @name: Its name.
 * @dev: Its link.
 * @routed: Whether the word was there.
 * @given: Arguments of the other words, by attribute.
 */
struct tunnel {
	const char *name;
	const char *dev;
	bool routed;
	const char *given[FTCP_A_MAX + 1];
};

static int parse(int argc, char **argv, struct tunnel *t)
{
	const char **given = t->given;
	/* clang-format off */
	struct word words[WORDS] = {
		NEEDED("dev", &t->dev),
		VALUE("listen", &given[FTCP_A_LISTEN]),
		VALUE("remote", &given[FTCP_A_ENDPOINT]),
		VALUE("port", &given[FTCP_A_PORT]),
		VALUE("forward", &given[FTCP_A_TARGET]),
		VALUE("local", &given[FTCP_A_LOCAL]),
		FLAG("routed", &t->routed),
	};
	/* clang-format on */
	size_t n = 7;
	int code;

	memset(t, 0, sizeof(*t));
	n += option_words(words + n, given);
	code = parse_name("tunnel", argc, argv, words, n, &t->name);
	return code ?: parse_words(argc - 1, argv + 1, words, n);
}

/* Do the words describe one of the three forms, and completely? */
static int check_ends(const struct tunnel *t)
{
	const char *listen = t->given[FTCP_A_LISTEN];
	const char *remote = t->given[FTCP_A_ENDPOINT];
	const char *port = t->given[FTCP_A_PORT];
	const char *forward = t->given[FTCP_A_TARGET];
	int forms = !!listen + !!forward + t->routed;

	/* A form is there, where the name should be */
	if (!forms && !strcmp(t->name, "routed"))
		return fail(USAGE, "the name of the tunnel is missing");
	if (!forms && remote)
		return fail(USAGE, "listen is missing");
	if (!forms)
		return fail(USAGE,
			    "one of listen, forward or routed is missing");
	if (forms > 1)
		return fail(USAGE, "%s: cannot be combined with %s",
			    t->routed ? "routed" : "forward",
			    listen ? "listen" : "forward");
	if (listen && !remote)
		return fail(USAGE, "remote is missing");
	if (forward && !port)
		return fail(USAGE, "port is missing");
	if (remote && !listen)
		return fail(USAGE, "remote: needs listen");
	if (port && listen)
		return fail(USAGE, "port: cannot be combined with listen");
	if (t->given[FTCP_A_LOCAL] && !port)
		return fail(USAGE, "local: needs port");
	if (t->given[FTCP_A_UNREACHABLE] && !forward)
		return fail(USAGE, "unreachable: needs forward");
	return DONE;
}

/* Names last: they may take a while */
static int put_ends(struct nl_msg *msg, const struct tunnel *t)
{
	static const int ends[] = { FTCP_A_LISTEN, FTCP_A_PORT, FTCP_A_LOCAL,
				    FTCP_A_TARGET };
	const char *remote = t->given[FTCP_A_ENDPOINT];
	union address address;
	int code = DONE;
	size_t i;

	nla_put_u32(msg, FTCP_A_MODE,
		    t->given[FTCP_A_LISTEN] ? FTCP_MODE_LISTEN :
		    t->given[FTCP_A_TARGET] ? FTCP_MODE_FORWARD :
					      FTCP_MODE_ROUTED);
	for (i = 0; i < ARRAY_SIZE(ends) && !code; i++)
		code = attr_put(msg, ends[i], t->given[ends[i]]);
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
static int check_no_ends(const struct tunnel *t)
{
	static const int ends[] = { FTCP_A_LISTEN, FTCP_A_PORT, FTCP_A_TARGET,
				    FTCP_A_LOCAL };
	const char *word = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends) && !word; i++)
		if (t->given[ends[i]])
			word = attr_word(ends[i]);
	if (!word && t->routed)
		word = "routed";
	if (word)
		return fail(
			USAGE,
			"%s cannot be changed while the tunnel lives: delete it and add it anew",
			word);
	if (t->given[FTCP_A_ENDPOINT])
		return fail(
			USAGE,
			"remote is changed by `ftcpctl set peer remote tunnel %s dev %s endpoint %s'",
			t->name, t->dev, t->given[FTCP_A_ENDPOINT]);
	return DONE;
}

static struct nl_msg *request(int cmd, const struct tunnel *t)
{
	struct nl_msg *msg = ipc_request(cmd, 0);

	nla_put_string(msg, FTCP_A_TUNNEL, t->name);
	return msg;
}

static int run_add(int argc, char **argv)
{
	struct nl_msg *msg;
	struct tunnel t;
	int code = parse(argc, argv, &t);

	if (code)
		return code;
	msg = request(FAKETCP_CMD_TUNNEL_NEW, &t);
	code = put_options(msg, t.given);
	if (!code)
		code = check_ends(&t);
	if (!code)
		code = put_ends(msg, &t);
	return ipc_do_dev(msg, code, t.dev);
}

static int run_set(int argc, char **argv)
{
	struct nl_msg *msg;
	struct tunnel t;
	int code = parse(argc, argv, &t);
	uint32_t len;

	if (!code)
		code = check_no_ends(&t);
	if (code)
		return code;
	msg = request(FAKETCP_CMD_TUNNEL_SET, &t);
	len = nlmsg_hdr(msg)->nlmsg_len;
	code = put_options(msg, t.given);
	if (!code && nlmsg_hdr(msg)->nlmsg_len == len)
		code = fail(USAGE, "nothing to change");
	return ipc_do_dev(msg, code, t.dev);
}

static int run_del(int argc, char **argv)
{
	struct tunnel t = {};
	const struct word words[] = { NEEDED("dev", &t.dev) };
	int code;

	code = parse_name("tunnel", argc, argv, words, 1, &t.name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words, 1);
	if (code)
		return code;
	return ipc_do_dev(request(FAKETCP_CMD_TUNNEL_DEL, &t), DONE, t.dev);
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
	.options = true,
	.run = run_set,
};

const struct verb del_tunnel = {
	.verb = "del",
	.object = "tunnel",
	.synopsis = "NAME dev LINK\n",
	.help = "Delete a tunnel, its peers and its flows.\n",
	.run = run_del,
};
