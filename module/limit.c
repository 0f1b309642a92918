// SPDX-License-Identifier: GPL-2.0
/*
 * Limits for all tunnels of a network namespace: flows, and memory of waiting
 * packets.
 *
 * The owner of a namespace sets the limits of each tunnel and makes as many
 * tunnels as he likes.  With user namespaces that may be any user, while flows
 * are created in softirq and their sockets by a kernel thread, so that their
 * memory is charged to nobody.  Hence net.faketcp.max_flows and
 * net.faketcp.max_queue_bytes: anybody may read them, but changing them takes
 * CAP_NET_ADMIN in the initial user namespace.  They are sysctls rather than
 * link attributes because the owner of the link must not set them, and not
 * module parameters because namespaces differ in what they deserve.
 *
 * Many namespaces have many limits.  So flows are charged to the control group
 * that made the tunnel, as far as softirq allocates them: about a third of
 * their memory.  The sockets for ports are not charged: a process allocates
 * them, and a group at its limit would have one of its processes killed.
 *
 * Namespaces of the initial user namespace begin with limits that are far above the
 * defaults of tunnels: those are their administrator's choice.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>

#include "compat/compat.h"
#include "limit.h"
#include "tunnel.h"

/* the most that a tunnel can be given, see the netlink policy */
#define OWNER_FLOWS	(1 << 20)
#define OWNER_BYTES	(1 << 30)

/**
 * ftcp_limit_take_flow() - count another flow
 * @fn: network namespace of its segments
 *
 * Return: false if the limit is reached; the flow is not counted then.
 */
bool ftcp_limit_take_flow(struct ftcp_net *fn)
{
	if (atomic_inc_return(&fn->flows) <= READ_ONCE(fn->max_flows))
		return true;
	atomic_dec(&fn->flows);
	return false;
}

/**
 * ftcp_limit_reached() - check whether the limit of flows is reached
 * @fn: network namespace of their segments
 */
bool ftcp_limit_reached(const struct ftcp_net *fn)
{
	return atomic_read(&fn->flows) >= READ_ONCE(fn->max_flows);
}

/**
 * ftcp_limit_give_flow() - undo ftcp_limit_take_flow()
 * @fn: network namespace of its segments
 */
void ftcp_limit_give_flow(struct ftcp_net *fn)
{
	atomic_dec(&fn->flows);
}

/**
 * ftcp_limit_take_bytes() - count memory of a waiting packet
 * @fn: network namespace of the flow's segments
 * @bytes: how much
 *
 * Return: false if the limit is reached; it is not counted then.
 */
bool ftcp_limit_take_bytes(struct ftcp_net *fn, unsigned int bytes)
{
	if (atomic_long_add_return(bytes, &fn->queued) <=
	    READ_ONCE(fn->max_queue_bytes))
		return true;
	atomic_long_sub(bytes, &fn->queued);
	return false;
}

/**
 * ftcp_limit_give_bytes() - undo ftcp_limit_take_bytes()
 * @fn: network namespace of the flow's segments
 * @bytes: how much
 */
void ftcp_limit_give_bytes(struct ftcp_net *fn, unsigned int bytes)
{
	atomic_long_sub(bytes, &fn->queued);
}

/* The file's mode lets the owner of the namespace write, so check again. */
static int limit_handler(FTCP_CTL_TABLE *table, int write, void *buffer,
			 size_t *lenp, loff_t *ppos)
{
	if (write && !capable(CAP_NET_ADMIN))
		return -EPERM;
	return proc_dointvec_minmax(table, write, buffer, lenp, ppos);
}

static const struct ctl_table limits[] = {
	{
		.procname	= "max_flows",
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= limit_handler,
		.extra1		= SYSCTL_ZERO,
	}, {
		.procname	= "max_queue_bytes",
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= limit_handler,
		.extra1		= SYSCTL_ZERO,
	},
	{ }
};

/**
 * ftcp_limit_init() - initialise a network namespace
 * @fn: the namespace
 *
 * Return: 0 or a negative error.
 */
int ftcp_limit_init(struct ftcp_net *fn)
{
	bool owner = fn->net->user_ns == &init_user_ns;

	fn->max_flows = owner ? OWNER_FLOWS : FTCP_DEFAULT_MAX_FLOWS;
	fn->max_queue_bytes = owner ? OWNER_BYTES : FTCP_DEFAULT_QUEUE_BYTES;

	fn->limits = kmemdup(limits, sizeof(limits), GFP_KERNEL_ACCOUNT);
	if (!fn->limits)
		return -ENOMEM;
	fn->limits[0].data = &fn->max_flows;
	fn->limits[1].data = &fn->max_queue_bytes;
	fn->sysctl = ftcp_compat_register_sysctl(fn->net, "net/faketcp",
						 fn->limits,
						 ARRAY_SIZE(limits) - 1);
	if (fn->sysctl)
		return 0;
	kfree(fn->limits);
	return -ENOMEM;
}

/**
 * ftcp_limit_exit() - clean up a namespace without flows
 * @fn: the namespace
 */
void ftcp_limit_exit(struct ftcp_net *fn)
{
	unregister_net_sysctl_table(fn->sysctl);
	kfree(fn->limits);
	WARN_ON_ONCE(atomic_read(&fn->flows) || atomic_long_read(&fn->queued));
}
