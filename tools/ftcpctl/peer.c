// SPDX-License-Identifier: GPL-2.0
/*
 * set peer, del peer
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"

static int parse_peer_endpoint(const char *text, struct peer *p)
{
	p->has |= HAS(ENDPOINT_KIND);
	if (!strcmp(text, "none")) {
		p->kind = FTCP_ENDPOINT_NONE;
		return DONE;
	}
	if (!strcmp(text, "same")) {
		p->kind = FTCP_ENDPOINT_SAME;
		return DONE;
	}
	p->kind = FTCP_ENDPOINT_ADDR;
	p->has |= HAS(ENDPOINT);
	if (endpoint_is_name(text)) {
		p->has |= HAS(ENDPOINT_NAME);
		snprintf(p->endpoint_name, sizeof(p->endpoint_name), "%s",
			 text);
	}
	return parse_endpoint("endpoint", text, &p->endpoint);
}

static int run_request(int (*request)(struct ipc *, const struct peer *),
		       struct peer *p, const char *name, const char *tunnel,
		       const char *dev)
{
	struct ipc *ipc;
	int code;

	code = check_name("tunnel", tunnel);
	if (code)
		return code;
	ipc = ipc_open();
	if (!ipc)
		return REFUSED;
	strcpy(p->name, name);
	strcpy(p->tunnel, tunnel);
	code = parse_link(dev, &p->ifindex);
	if (!code && request(ipc, p))
		code = ipc_refused(ipc);
	ipc_close(ipc);
	return code;
}

static int run_set(int argc, char **argv)
{
	const char *name, *tunnel = NULL, *dev = NULL;
	const char *endpoint = NULL, *allowed = NULL, *wire = NULL;
	struct peer p = {};
	/* clang-format off */
	const struct word words[] = {
		NEEDED("tunnel", &tunnel),
		NEEDED("dev", &dev),
		VALUE("endpoint", &endpoint),
		VALUE("allowed-ips", &allowed),
		VALUE("wire", &wire),
	};
	/* clang-format on */
	int code;

	code = parse_name("peer", argc, argv, words, ARRAY_SIZE(words), &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words,
				   ARRAY_SIZE(words));
	if (!code && wire) {
		p.has |= HAS(WIRE);
		code = parse_wire("wire", wire, &p.wire);
	}
	if (allowed && !strcmp(allowed, "none"))
		p.has |= HAS(NO_ALLOWED_IP);
	else if (!code && allowed)
		code = parse_prefixes("allowed-ips", allowed, &p.allowed,
				      &p.n_allowed);
	if (!code && endpoint)
		code = parse_peer_endpoint(endpoint, &p);
	if (!code)
		code = run_request(ipc_peer_set, &p, name, tunnel, dev);
	free(p.allowed);
	return code;
}

static int run_del(int argc, char **argv)
{
	const char *name, *tunnel = NULL, *dev = NULL;
	const struct word words[] = {
		NEEDED("tunnel", &tunnel),
		NEEDED("dev", &dev),
	};
	struct peer p = {};
	int code;

	code = parse_name("peer", argc, argv, words, ARRAY_SIZE(words), &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words,
				   ARRAY_SIZE(words));
	if (code)
		return code;
	return run_request(ipc_peer_del, &p, name, tunnel, dev);
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
