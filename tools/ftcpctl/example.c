// SPDX-License-Identifier: GPL-2.0
/*
 * example: files for apply, to begin with
 */
#include "ftcpctl.h"

static const struct {
	const char *name;
	const char *text;
} examples[] = {
	{ "server",
	  "# The server's side of a proxy: TCP that comes in at port 4567 becomes UDP to\n"
	  "# a WireGuard on this host.\n"
	  "tunnel wg port 4567 forward 127.0.0.1:51820\n" },
	{ "client",
	  "# The client's side: WireGuard's Endpoint is 127.0.0.1:1234; 203.0.113.9 is the\n"
	  "# server, whose name may stand here, too.\n"
	  "tunnel wg listen 127.0.0.1:1234 remote 203.0.113.9:4567\n" },
	{ "routed",
	  "# UDP to the server's port 51820 leaves as TCP with the same addresses and ports;\n"
	  "# Endpoint stays 203.0.113.9:51820.  The server has the lines of `router'.\n"
	  "tunnel wg routed\n"
	  "peer server tunnel wg endpoint same allowed-ips 203.0.113.9/32\n"
	  "rules tunnel wg dport 51820\n" },
	{ "router",
	  "# TCP to port 51820 of this host, or of those behind it, arrives as UDP to the same\n"
	  "# address, from anywhere.\n"
	  "tunnel wg routed port 51820\n"
	  "peer any tunnel wg allowed-ips 0.0.0.0/0,::/0\n"
	  "rules tunnel wg sport 51820\n" },
	{ "hub",
	  "# Whole IP packets: the host that the others dial.  The link needs an address of\n"
	  "# its own: ip addr add 10.9.0.1/24 dev LINK\n"
	  "tunnel lan ip port 4567\n"
	  "peer a tunnel lan allowed-ips 10.9.0.2/32\n"
	  "peer b tunnel lan allowed-ips 10.9.0.3/32\n" },
	{ "spoke",
	  "# ... and one of those: ip addr add 10.9.0.2/24 dev LINK\n"
	  "tunnel lan ip\n"
	  "peer hub tunnel lan endpoint 203.0.113.9:4567 allowed-ips 10.9.0.0/24 persistent on\n" },
};

static int run_example(const char *const *given)
{
	size_t i;

	for (i = 0; given[WORD_OBJECT] && i < ARRAY_SIZE(examples); i++)
		if (!strcmp(examples[i].name, given[WORD_OBJECT]))
			fputs(examples[i].text, stdout);
	return given[WORD_OBJECT] ?
		       DONE :
		       misused("example: expected one of client, server, routed, router, hub, spoke");
}

const struct verb example = {
	.verb = "example",
	.synopsis = "client|server|routed|router|hub|spoke\n",
	.help = "Print a file for apply, with comments, to begin with.\n",
	.words =
		(const struct word[]){
			{ "client", WORD_OBJECT, FLAG },
			{ "server", WORD_OBJECT, FLAG },
			{ "routed", WORD_OBJECT, FLAG },
			{ "router", WORD_OBJECT, FLAG },
			{ "hub", WORD_OBJECT, FLAG },
			{ "spoke", WORD_OBJECT, FLAG },
			{},
		},
	.run = run_example,
};
