// SPDX-License-Identifier: GPL-2.0
/*
 * Watch for changes of the path of flows: addresses, devices, routes, and
 * resume from suspend.
 *
 * Changes come in bursts, for example one address goes and another comes.  So
 * all flows are checked together a moment later, and at most once in a second
 * where routes change all the time, as on a router.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/fib_notifier.h>
#include <net/if_inet6.h>

#include "flow.h"
#include "handover.h"
#include "net.h"
#include "renew.h"
#include "table.h"
#include "tunnel.h"

#define SETTLE	(HZ / 10)
#define PAUSE	HZ	/* between two checks */
#define BATCH	256	/* checked between pauses */

/* May meet an object twice if the table grows: that does no harm. */
static void look_at_table(struct rhashtable *table, bool suspect,
			  void (*look_at)(void *object, bool suspect))
{
	struct rhashtable_iter iter;
	unsigned int n = 0;
	void *object;

	rhashtable_walk_enter(table, &iter);
	rhashtable_walk_start(&iter);
	while ((object = rhashtable_walk_next(&iter))) {
		if (IS_ERR(object))	/* resized: starts again */
			continue;
		look_at(object, suspect);
		if (++n % BATCH)
			continue;
		ftcp_table_pause(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static void look_at_outer(void *flow, bool suspect)
{
	if (!ftcp_flow_doomed(flow))
		ftcp_flow_way_changed(flow, suspect);
}

static void look_at_inner(void *session, bool suspect)
{
	if (!ftcp_session_doomed(session))
		ftcp_session_way_changed(session);
}

/* Check the flows whose segments or datagrams travel in a namespace.  Without
 * RTNL, or the whole host would wait; the namespace waits for this work.
 */
static void look(struct work_struct *work)
{
	struct ftcp_net *fn = container_of(to_delayed_work(work),
					   struct ftcp_net, look);
	bool suspect = xchg(&fn->suspect, false);

	WRITE_ONCE(fn->looked, jiffies);
	if (!xchg(&fn->changed, false) && !suspect)
		return;
	look_at_table(&fn->outer, suspect, look_at_outer);
	look_at_table(&fn->inner, suspect, look_at_inner);
}

/**
 * ftcp_handover_look() - have the flows of a namespace checked soon
 * @net: the namespace
 *
 * Context: any.
 */
void ftcp_handover_look(const struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);
	unsigned long next = READ_ONCE(fn->looked) + PAUSE, now = jiffies;
	unsigned long delay = SETTLE;

	if (time_after(next, now + SETTLE) && time_before_eq(next, now + PAUSE))
		delay = next - now;
	WRITE_ONCE(fn->changed, true);
	queue_delayed_work(fn->flow_wq, &fn->look, delay);
}

/* Costs nothing where no tunnel is.  The acquire makes the workqueue visible,
 * too, here and below.
 */
static void changed(const struct net_device *dev)
{
	const struct net *net = dev_net(dev);

	if (smp_load_acquire(&ftcp_net(net)->users))
		ftcp_handover_look(net);
}

static int address_event(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	changed(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

/* atomic context */
static int address6_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	changed(ifa->idev->dev);
	return NOTIFY_DONE;
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		changed(netdev_notifier_info_to_dev(ptr));
	}
	return NOTIFY_DONE;
}

/* Any route, rule or nexthop; atomic context */
static int route_event(struct notifier_block *nb, unsigned long event,
		       void *ptr)
{
	struct ftcp_net *fn = container_of(nb, struct ftcp_net, routes);

	if (smp_load_acquire(&fn->users))
		ftcp_handover_look(fn->net);
	return NOTIFY_DONE;
}

/**
 * ftcp_handover_watch() - watch the routes of a new namespace
 * @net: the namespace
 *
 * Fails if routes change too fast to be listed: then a flow notices at its next
 * segment that its cached route is no longer valid.
 *
 * Context: takes RTNL.
 */
void ftcp_handover_watch(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);

	INIT_DELAYED_WORK(&fn->look, look);
	fn->routes.notifier_call = route_event;
	if (register_fib_notifier(net, &fn->routes, NULL, NULL))
		fn->routes.notifier_call = NULL;
}

/**
 * ftcp_handover_unwatch() - undo ftcp_handover_watch()
 * @net: the namespace
 */
void ftcp_handover_unwatch(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);

	if (fn->routes.notifier_call)
		unregister_fib_notifier(net, &fn->routes);
	cancel_delayed_work_sync(&fn->look);
}

/* Anything may have changed while the host was suspended. */
static void suspect_all(void)
{
	struct ftcp_net *fn;
	struct net *net;

	/* RCU is not enough: a dying namespace is first taken off the list */
	down_read(&net_rwsem);
	for_each_net(net) {
		fn = ftcp_net(net);
		if (!smp_load_acquire(&fn->users))
			continue;
		WRITE_ONCE(fn->suspect, true);
		WRITE_ONCE(fn->changed, true);
		mod_delayed_work(fn->flow_wq, &fn->look, 0);
	}
	up_read(&net_rwsem);
}

/* How long the host has been suspended since boot, ms.  ftcp_now() includes it,
 * so flows that were idle for too long are closed when they are checked next.
 */
u64 ftcp_asleep __read_mostly;

static void woken(void)
{
	ftcp_store(ftcp_asleep,
		   ktime_to_ms(ktime_sub(ktime_get_boottime(), ktime_get())));
}

static int power_event(struct notifier_block *nb, unsigned long event,
		       void *ptr)
{
	switch (event) {
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		woken();
		suspect_all();
	}
	return NOTIFY_DONE;
}

static struct notifier_block address_nb = { .notifier_call = address_event };
static struct notifier_block address6_nb = {
	.notifier_call = address6_event,
};
static struct notifier_block device_nb = { .notifier_call = device_event };
static struct notifier_block power_nb = { .notifier_call = power_event };

/**
 * ftcp_handover_init() - register the notifiers
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_handover_init(void)
{
	int err;

	woken();
	err = register_inetaddr_notifier(&address_nb);
	if (err)
		return err;
	err = register_inet6addr_notifier(&address6_nb);
	if (err)
		goto err_address;
	err = register_netdevice_notifier(&device_nb);
	if (err)
		goto err_address6;
	err = register_pm_notifier(&power_nb);
	if (err)
		goto err_device;
	return 0;

err_device:
	unregister_netdevice_notifier(&device_nb);
err_address6:
	unregister_inet6addr_notifier(&address6_nb);
err_address:
	unregister_inetaddr_notifier(&address_nb);
	return err;
}

/**
 * ftcp_handover_exit() - unregister the notifiers
 */
void ftcp_handover_exit(void)
{
	unregister_pm_notifier(&power_nb);
	unregister_netdevice_notifier(&device_nb);
	unregister_inet6addr_notifier(&address6_nb);
	unregister_inetaddr_notifier(&address_nb);
}
