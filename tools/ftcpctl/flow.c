// SPDX-License-Identifier: GPL-2.0
/*
 * del flow
 */
#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"

static int run_del(int argc, char **argv)
{
	const char *local = NULL, *remote = NULL, *dev = NULL;
	/* clang-format off */
	const struct word words[] = {
		NEEDED("local", &local),
		NEEDED("remote", &remote),
		NEEDED("dev", &dev),
	};
	/* clang-format on */
	struct flow f = {};
	struct ipc *ipc;
	int code;

	code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (!code)
		code = parse_addr_port("local", local, &f.local);
	if (!code)
		code = parse_addr_port("remote", remote, &f.remote);
	if (code)
		return code;
	ipc = ipc_open();
	if (!ipc)
		return REFUSED;
	code = parse_link(dev, &f.ifindex);
	if (!code && ipc_flow_del(ipc, &f))
		code = ipc_refused(ipc);
	ipc_close(ipc);
	return code;
}

const struct verb del_flow = {
	.verb = "del",
	.object = "flow",
	.synopsis = "local ADDR:PORT remote ADDR:PORT dev LINK\n",
	.help = "Close one flow in order, with a FIN.  `show flows' prints both addresses.\n",
	.run = run_del,
};
