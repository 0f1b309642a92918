// SPDX-License-Identifier: GPL-2.0
/*
 * resolve: look up again the names that endpoints were given by
 */
#include "netlink.h"

#define NO_WATCH \
	"--watch: no more; systemctl enable --now faketcp-resolve.timer"

/* Has nobody given the peer another endpoint while its name was looked up? */
static bool unchanged(const struct object *p)
{
	const struct filter filter = {
		.ifindex = object_number(p, FTCP_A_IFINDEX),
		.tunnel = object_text(p, FTCP_A_TUNNEL),
		.quiet = true,
	};
	bool found = false;
	struct list peers;
	size_t i;

	ipc_list(FAKETCP_CMD_PEER_GET, &filter, &peers);
	for (i = 0; i < peers.n && !found; i++)
		found = same_peer(&peers.array[i], p) &&
			same_value(&peers.array[i], p, FTCP_A_ENDPOINT_NAME) &&
			same_value(&peers.array[i], p, FTCP_A_ENDPOINT);
	list_free(&peers);
	return found;
}

static int resolve_peer(const struct object *p)
{
	const char *name = object_text(p, FTCP_A_ENDPOINT_NAME);
	char was_text[ADDRESS_STRLEN], is_text[ADDRESS_STRLEN];
	union address was, is;
	struct nl_msg *msg;
	int code;

	object_address(p, FTCP_A_ENDPOINT, &was);
	code = resolve_again(name, &was, &is);
	if (code)
		return code;
	format_address(was_text, &was);
	format_address(is_text, &is);
	if (!strcmp(was_text, is_text) || !unchanged(p))
		return DONE;
	/* What flows goes on until a flow to the new address is up */
	msg = ipc_request(FAKETCP_CMD_PEER_SET, NULL);
	nla_put_u32(msg, FTCP_A_IFINDEX, object_number(p, FTCP_A_IFINDEX));
	nla_put_string(msg, FTCP_A_TUNNEL, object_text(p, FTCP_A_TUNNEL));
	nla_put_string(msg, FTCP_A_PEER, object_text(p, FTCP_A_PEER));
	put_address(msg, FTCP_A_ENDPOINT, &is);
	nla_put_string(msg, FTCP_A_ENDPOINT_NAME, name);
	nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE);
	code = ipc_do(msg);
	if (code)
		return code;
	printf("tunnel %s dev %s: peer %s: %s is at %s now, was at %s\n",
	       object_text(p, FTCP_A_TUNNEL), object_text(p, FTCP_A_IFNAME),
	       object_text(p, FTCP_A_PEER), name, is_text, was_text);
	return fflush(stdout) ? REFUSED : DONE;
}

/* What used to be its own timer */
static int refuse_watch(int argc, char **argv)
{
	while (argc--)
		if (!strcmp(argv[argc], "--watch"))
			return misused(NO_WATCH);
	return DONE;
}

/* Every name once; one that fails does not keep the others from their turn */
static int run_resolve(const char *const *given)
{
	struct list peers = {};
	struct filter filter;
	int code = ipc_filter(given, &filter);
	size_t i;

	code = code ?: ipc_list(FAKETCP_CMD_PEER_GET, &filter, &peers);
	if (!code && !peers.n && filter.tunnel)
		code = refused("no tunnel named \"%s\", or no peer in it",
			       filter.tunnel);
	for (i = 0; i < peers.n; i++)
		if (peers.array[i].tb[FTCP_A_ENDPOINT_NAME] &&
		    resolve_peer(&peers.array[i]))
			code = REFUSED;
	list_free(&peers);
	return code;
}

const struct verb resolve_names = {
	.verb = "resolve",
	.synopsis = "[dev LINK] [tunnel NAME]\n",
	.help = "Look up again the host names that endpoints were given by, and change\n"
		"the endpoints whose address is no longer among the answers.  What flows goes\n"
		"on until a flow to the new address is up.\n"
		"\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"\n"
		"faketcp-resolve.timer does it every minute.\n",
	.words =
		(const struct word[]){
			{ "dev", FTCP_A_IFINDEX, VALUE },
			{ "tunnel", FTCP_A_TUNNEL, VALUE },
			{},
		},
	.sift = refuse_watch,
	.run = run_resolve,
};
