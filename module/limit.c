// SPDX-License-Identifier: GPL-2.0
/*
 * What the tunnels of a network namespace may take together: flows, and memory of
 * what waits.
 *
 * Each tunnel has limits, which whoever has the namespace sets as he likes, and as
 * many tunnels as he likes.  That may be any user, in a user namespace of his own; but
 * flows are made in softirq, and their sockets by a kernel thread, so their memory is
 * charged to nobody.  Hence these limits, net.faketcp.max_flows and
 * net.faketcp.max_queue_bytes, which anybody may read, but only CAP_NET_ADMIN in the
 * initial user namespace may change, for each network namespace.  They are sysctls
 * rather than attributes of a link, since they are not the link's owner's to set, and
 * rather than parameters of the module, since one namespace may deserve more than
 * another.
 *
 * Whoever makes tunnels in more and more namespaces has as many limits.  So the control
 * group of who made a tunnel is charged for its flows, like for what he allocates
 * himself.  That is what softirq allocates, a third or so of what a flow takes in all:
 * the sockets that hold its ports are allocated by a process, which for want of memory
 * of the group would have another one killed.
 *
 * Where the namespace belongs to the initial user namespace, the tunnels' own limits
 * are its administrator's choice to begin with.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>

#include "compat/compat.h"
#include "limit.h"
#include "tunnel.h"

/* The largest that a tunnel can be given, see the netlink policy. */
#define OWNER_FLOWS	(1 << 20)
#define OWNER_BYTES	(1 << 30)

/**
 * ftcp_limit_take_flow() - one flow more
 * @fn: network namespace of its segments
 *
 * Return: false, and nothing is taken, if there are as many as may be.
 */
bool ftcp_limit_take_flow(struct ftcp_net *fn)
{
	if (atomic_inc_return(&fn->flows) <= READ_ONCE(fn->max_flows))
		return true;
	atomic_dec(&fn->flows);
	return false;
}

/**
 * ftcp_limit_reached() - whether there are as many flows as may be
 * @fn: network namespace of their segments
 */
bool ftcp_limit_reached(const struct ftcp_net *fn)
{
	return atomic_read(&fn->flows) >= READ_ONCE(fn->max_flows);
}

/**
 * ftcp_limit_give_flow() - one flow less; its memory is free after a grace period
 * @fn: network namespace of its segments
 */
void ftcp_limit_give_flow(struct ftcp_net *fn)
{
	atomic_dec(&fn->flows);
}

/**
 * ftcp_limit_take_bytes() - more memory of what waits
 * @fn: network namespace of the flow's segments
 * @bytes: how much
 *
 * Return: false, and nothing is taken, if that is more than there may be.
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
 * @fn: as there
 * @bytes: as there
 */
void ftcp_limit_give_bytes(struct ftcp_net *fn, unsigned int bytes)
{
	atomic_long_sub(bytes, &fn->queued);
}

/* Whoever owns the namespace passes the check of its file's mode. */
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
 * ftcp_limit_init() - of a network namespace that begins
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
 * ftcp_limit_exit() - of one that has no flow any more
 * @fn: the namespace
 */
void ftcp_limit_exit(struct ftcp_net *fn)
{
	unregister_net_sysctl_table(fn->sysctl);
	kfree(fn->limits);
	WARN_ON_ONCE(atomic_read(&fn->flows) || atomic_long_read(&fn->queued));
}
