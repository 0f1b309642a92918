/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels this module is built for.
 *
 * HAVE_* are probed from the kernel's headers by compat/probe.mk, not derived
 * from version numbers: distributions backport.  The rest of the module is
 * written for the newest form of each interface where this file can provide
 * it to older kernels.
 */
#ifndef FTCP_COMPAT_H
#define FTCP_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#ifdef HAVE_NET_GSO_H
#include <net/gso.h>		/* skb_gso_segment() */
#endif

/* The device locks nothing around its transmit function. */
static inline void ftcp_compat_set_lltx(struct net_device *dev)
{
#ifdef HAVE_NETDEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* Whether the device may not be moved to another network namespace. */
static inline void ftcp_compat_set_netns_immutable(struct net_device *dev,
						   bool on)
{
#if defined(HAVE_NETDEV_NETNS_IMMUTABLE)
	dev->netns_immutable = on;
#elif defined(HAVE_NETDEV_NETNS_LOCAL)
	dev->netns_local = on;
#else
	if (on)
		dev->features |= NETIF_F_NETNS_LOCAL;
	else
		dev->features &= ~NETIF_F_NETNS_LOCAL;
#endif
}

/* Whether what a device sends passes a filter or classifier of its own: nftables'
 * egress hook, tc's, or cgroups' priorities.
 */
static inline bool ftcp_compat_egress_filtered(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return true;
#endif
#if defined(HAVE_TCX) && defined(CONFIG_NET_XGRESS)
	if (rcu_access_pointer(dev->tcx_egress))
		return true;
#elif !defined(HAVE_TCX) && defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_egress))
		return true;
#endif
#if IS_ENABLED(CONFIG_CGROUP_NET_PRIO)
	if (rcu_access_pointer(dev->priomap))
		return true;
#endif
	return false;
}

/* rtnl_link_ops.newlink: its arguments, and where to find what we need. */
#ifdef HAVE_RTNL_NEWLINK_PARAMS
#define FTCP_NEWLINK_ARGS \
	struct net_device *dev, struct rtnl_newlink_params *params, \
		struct netlink_ext_ack *extack
#define ftcp_compat_newlink_net() rtnl_newlink_link_net(params)
#else
#define FTCP_NEWLINK_ARGS \
	struct net *src_net, struct net_device *dev, struct nlattr *tb[], \
		struct nlattr *data[], struct netlink_ext_ack *extack
#define ftcp_compat_newlink_net() (src_net)
#endif

#ifndef HAVE_TIMER_CONTAINER_OF
#define timer_container_of from_timer
#endif

#ifndef HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* kernel_bind(): the type of the address that it takes. */
static inline int ftcp_compat_bind(struct socket *sock,
				   struct sockaddr_storage *addr, int len)
{
#ifdef HAVE_SOCKADDR_UNSIZED
	return kernel_bind(sock, (struct sockaddr_unsized *)addr, len);
#else
	return kernel_bind(sock, (struct sockaddr *)addr, len);
#endif
}

/* Whether a handler may write to its entry, and how a table's length is said: until
 * 6.6 by an empty entry at its end, which the tables here have.
 */
#ifdef HAVE_CONST_CTL_TABLE
#define FTCP_CTL_TABLE const struct ctl_table
#else
#define FTCP_CTL_TABLE struct ctl_table
#endif

static inline struct ctl_table_header *
ftcp_compat_register_sysctl(struct net *net, const char *path,
			    struct ctl_table *table, size_t entries)
{
#ifdef HAVE_NET_SYSCTL_SZ
	return register_net_sysctl_sz(net, path, table, entries);
#else
	return register_net_sysctl(net, path, table);
#endif
}

/* Attributes of a dump request. */
static inline struct nlattr **
ftcp_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Room for the text of an extended acknowledgement: newer kernels have it in
 * struct netlink_ext_ack.  Elsewhere the text has to outlive the request's
 * handler by a moment; requests are serialised by RTNL, and no more than a
 * few can be between handler and acknowledgement.
 */
static inline __printf(2, 0) void
ftcp_compat_extack_vfmt(struct netlink_ext_ack *extack, const char *fmt,
			va_list args)
{
#ifdef NL_SET_ERR_MSG_FMT
	vsnprintf(extack->_msg_buf, NETLINK_MAX_FMTMSG_LEN, fmt, args);
	extack->_msg = extack->_msg_buf;
#else
	static char texts[16][80];
	static unsigned int next;
	char *text = texts[next++ % ARRAY_SIZE(texts)];

	vsnprintf(text, sizeof(texts[0]), fmt, args);
	extack->_msg = text;
#endif
}

#endif /* FTCP_COMPAT_H */
