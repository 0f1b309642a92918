// SPDX-License-Identifier: GPL-2.0
/* faketcp: UDP through networks that only let TCP pass. */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include <uapi/linux/faketcp.h>

#include "coalesce.h"
#include "core/conn.h"
#include "datapath.h"
#include "device.h"
#include "flow.h"
#include "handover.h"
#include "icmp.h"
#include "netlink.h"
#include "peer.h"
#include "queue.h"
#include "session.h"
#include "source.h"
#include "upper.h"

static const struct ftcp_upper_ops upper = {
	.intercept	= ftcp_intercept,
	.send_control	= ftcp_send_control,
	.flush		= ftcp_session_flush,
	.drop_waiting	= ftcp_session_drop_waiting,
	.tell_lost	= ftcp_icmp_lost,
	.batch_init	= ftcp_batch_init,
	.batch_end	= ftcp_batch_end,
	.hello		= ftcp_encap_hello,
	.flow_event	= ftcp_netlink_flow_event,
};

static int __init ftcp_init(void)
{
	int err;

	/* The core names the states by itself; user space sees the same. */
	BUILD_BUG_ON((int)FTCP_CLOSED != (int)FTCP_STATE_CLOSED ||
		     (int)FTCP_SYN_SENT != (int)FTCP_STATE_SYN_SENT ||
		     (int)FTCP_SYN_RECEIVED != (int)FTCP_STATE_SYN_RECEIVED ||
		     (int)FTCP_ESTABLISHED != (int)FTCP_STATE_ESTABLISHED ||
		     (int)FTCP_FIN_WAIT != (int)FTCP_STATE_FIN_WAIT ||
		     (int)FTCP_LAST_ACK != (int)FTCP_STATE_LAST_ACK);

	err = ftcp_source_init();
	if (err)
		return err;
	err = ftcp_peer_init();
	if (err)
		goto err_source;
	err = ftcp_session_init(&upper);
	if (err)
		goto err_peer;
	err = ftcp_flow_init();
	if (err)
		goto err_session;
	err = ftcp_device_init();
	if (err)
		goto err_flow;
	err = ftcp_handover_init();
	if (err)
		goto err_device;
	err = ftcp_netlink_init();
	if (err)
		goto err_handover;
	return 0;

err_handover:
	ftcp_handover_exit();
err_device:
	ftcp_device_exit();
err_flow:
	ftcp_flow_exit();
err_session:
	ftcp_session_exit();
err_peer:
	ftcp_peer_exit();
err_source:
	ftcp_source_exit();
	return err;
}

static void __exit ftcp_exit(void)
{
	ftcp_netlink_exit();
	ftcp_handover_exit();
	ftcp_device_exit();
	ftcp_flow_exit();
	ftcp_session_exit();
	ftcp_peer_exit();
	ftcp_source_exit();
}

module_init(ftcp_init);
module_exit(ftcp_exit);

MODULE_DESCRIPTION("UDP carried as fake TCP");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_RTNL_LINK("faketcp");
MODULE_ALIAS_GENL_FAMILY(FTCP_GENL_NAME);
