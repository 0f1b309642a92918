// SPDX-License-Identifier: GPL-2.0
/*
 * del flow
 */
#include "ftcpctl.h"
#include "ipc.h"

static int run_del(const struct args *a)
{
	struct nl_msg *msg = ipc_request(FAKETCP_CMD_FLOW_DEL, 0);
	union address local;
	int code;

	code = parse_addr_port("local", a->given[FTCP_A_LOCAL], &local);
	if (!code) {
		put_address(msg, FTCP_A_LOCAL, &local);
		code = attr_put(msg, FTCP_A_REMOTE, a->given[FTCP_A_REMOTE]);
	}
	return ipc_do_dev(msg, code, a->given[FTCP_A_IFINDEX]);
}

const struct verb del_flow = {
	.verb = "del",
	.object = "flow",
	.synopsis = "local ADDR:PORT remote ADDR:PORT dev LINK\n",
	.help = "Close one flow in order, with a FIN.  `show flows' prints both addresses.\n",
	.words =
		(const struct word[]){
			{ "local", FTCP_A_LOCAL, NEEDED },
			{ "remote", FTCP_A_REMOTE, NEEDED },
			{ "dev", FTCP_A_IFINDEX, NEEDED },
			{},
		},
	.run = run_del,
};
