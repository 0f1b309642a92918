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
	struct nl_msg *msg;
	union address end;
	int code;

	code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (code)
		return code;
	msg = ipc_request(FAKETCP_CMD_FLOW_DEL, 0);
	code = parse_addr_port("local", local, &end);
	if (!code) {
		put_address(msg, FTCP_A_LOCAL, &end);
		code = attr_put(msg, FTCP_A_REMOTE, remote);
	}
	return ipc_do_dev(msg, code, dev);
}

const struct verb del_flow = {
	.verb = "del",
	.object = "flow",
	.synopsis = "local ADDR:PORT remote ADDR:PORT dev LINK\n",
	.help = "Close one flow in order, with a FIN.  `show flows' prints both addresses.\n",
	.run = run_del,
};
