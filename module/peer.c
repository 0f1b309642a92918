// SPDX-License-Identifier: GPL-2.0
/*
 * Peers: the remote ends of a tunnel.
 *
 * Changes need RTNL.  Readers use RCU: a peer's configuration is replaced as a
 * whole, the tunnel's ranges one by one (see allowed.c).
 */
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>

#include "allowed.h"
#include "flow.h"
#include "mover.h"
#include "peer.h"
#include "persist.h"
#include "reaper.h"
#include "renew.h"
#include "tunnel.h"

static struct rhashtable by_name;

static const struct rhashtable_params by_name_params = {
	.head_offset = offsetof(struct ftcp_peer, node),
	.key_offset = offsetof(struct ftcp_peer, key),
	.key_len = sizeof(struct ftcp_peer_key),
	.automatic_shrinking = true,
};

/**
 * ftcp_peer_init() - initialise the table of peers
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_peer_init(void)
{
	return rhashtable_init(&by_name, &by_name_params);
}

/**
 * ftcp_peer_exit() - clean up when no peer is left
 */
void ftcp_peer_exit(void)
{
	rhashtable_destroy(&by_name);
}

/**
 * ftcp_peer_by_destination() - find the peer that an inner address is behind
 * @tunnel: where to look
 * @end: the address; its port does not matter
 * @len: length of the prefix found, or NULL
 *
 * Context: RCU read-side critical section.
 * Return: the peer with the longest matching prefix, or NULL.
 */
struct ftcp_peer *ftcp_peer_by_destination(struct ftcp_tunnel *tunnel,
					   const struct ftcp_end *end, u8 *len)
{
	struct ftcp_peer *peer;
	unsigned int seq;
	u8 found;

	do {
		seq = read_seqcount_begin(&tunnel->ranges_seq);
		peer = ftcp_ranges_find(&tunnel->allowed, end, &found);
	} while (read_seqcount_retry(&tunnel->ranges_seq, seq));
	if (len)
		*len = found;
	return peer;
}

/**
 * ftcp_peer_of_link() - find the peer that a packet routed into a link is for
 * @link: the link
 * @dst: its destination
 * @tunnel: if there is none, a tunnel that can count that
 *
 * Context: RCU read-side critical section.
 * Return: the peer with the longest prefix of all tunnels of mode ip, or NULL.
 */
struct ftcp_peer *ftcp_peer_of_link(struct ftcp_link *link,
				    const struct ftcp_end *dst,
				    struct ftcp_tunnel **tunnel)
{
	struct ftcp_peer *peer, *found = NULL;
	struct ftcp_tunnel *t;
	u8 len, longest = 0;

	*tunnel = NULL;
	list_for_each_entry_rcu(t, &link->tunnels, list) {
		if (!t->mode->packets)
			continue;
		*tunnel = *tunnel ?: t;
		peer = ftcp_peer_by_destination(t, dst, &len);
		if (peer && (!found || len > longest)) {
			found = peer;
			longest = len;
		}
	}
	return found;
}

/**
 * ftcp_peer_has() - whether a peer may send from an inner address
 * @peer: the peer, of a tunnel of mode ip
 * @src: the address
 *
 * Not if another peer has a longer prefix there, be it of another tunnel of the link.  Of
 * two with the same prefix, in two tunnels, either may.
 *
 * Context: RCU read-side critical section.
 */
bool ftcp_peer_has(const struct ftcp_peer *peer, const struct ftcp_end *src)
{
	struct ftcp_tunnel *t;
	u8 len, own;

	if (ftcp_peer_by_destination(peer->tunnel, src, &own) != peer)
		return false;
	list_for_each_entry_rcu(t, &peer->tunnel->link->tunnels, list) {
		if (t != peer->tunnel && t->mode->packets &&
		    ftcp_peer_by_destination(t, src, &len) && len > own)
			return false;
	}
	return true;
}

static struct ftcp_peer *by_source(struct ftcp_tunnel *tunnel,
				   const struct ftcp_end *end)
{
	struct ftcp_peer *peer, *behind;
	u8 len, behind_len;

	peer = ftcp_ranges_find(&tunnel->from, end, &len);
	behind = ftcp_ranges_find(&tunnel->allowed, end, &behind_len);
	if (!behind || (peer && len >= behind_len) ||
	    rcu_dereference(behind->config)->from_kind !=
		    FTCP_FROM_ALLOWED_IPS)
		return peer;
	return behind;
}

/**
 * ftcp_peer_by_source() - find the peer that an outer address connects as
 * @tunnel: where to look
 * @end: the address; its port does not matter
 *
 * Allowed IPs count for a peer without a list of its own only in mode routed,
 * where a connection has the addresses of its datagrams.
 *
 * Context: RCU read-side critical section.
 * Return: the peer with the longest matching prefix, or NULL if the address may
 * not connect.
 */
struct ftcp_peer *ftcp_peer_by_source(struct ftcp_tunnel *tunnel,
				      const struct ftcp_end *end)
{
	struct ftcp_peer *peer;
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&tunnel->ranges_seq);
		peer = by_source(tunnel, end);
	} while (read_seqcount_retry(&tunnel->ranges_seq, seq));
	return peer;
}

/**
 * ftcp_peer_only() - get the one peer of a tunnel in mode listen
 * @tunnel: the tunnel
 *
 * Context: RCU read-side critical section.
 * Return: the peer, or NULL if it was deleted.
 */
struct ftcp_peer *ftcp_peer_only(struct ftcp_tunnel *tunnel)
{
	return list_first_or_null_rcu(&tunnel->peers, struct ftcp_peer, list);
}

/**
 * ftcp_peer_find() - look a peer up by name
 * @tunnel: where to look
 * @name: its name
 *
 * Context: RTNL.
 * Return: the peer, or NULL.
 */
struct ftcp_peer *ftcp_peer_find(struct ftcp_tunnel *tunnel, const char *name)
{
	struct ftcp_peer_key key = { .tunnel = tunnel };

	ASSERT_RTNL();
	strscpy(key.name, name, sizeof(key.name));
	return rhashtable_lookup_fast(&by_name, &key, by_name_params);
}

static bool endpoint_changed(const struct ftcp_peer_config *a,
			     const struct ftcp_peer_config *b)
{
	return a->kind != b->kind ||
	       !ftcp_end_equal(&a->endpoint, &b->endpoint);
}

/* ---- endpoints that refuse or do not answer ---- */

/**
 * ftcp_peer_failed() - note that the endpoint refused or did not answer
 * @peer: the peer, with a fixed endpoint
 * @refused: whether it refused
 */
void ftcp_peer_failed(struct ftcp_peer *peer, bool refused)
{
	ftcp_backoff_failed(&peer->backoff, refused, ftcp_now(),
			    get_random_u32());
}

/**
 * ftcp_peer_reached() - note that the endpoint answered, or was changed
 * @peer: the peer
 */
void ftcp_peer_reached(struct ftcp_peer *peer)
{
	ftcp_backoff_reached(&peer->backoff);
}

/**
 * ftcp_peer_pauses() - whether it is too early to dial again
 * @peer: the peer
 */
bool ftcp_peer_pauses(const struct ftcp_peer *peer)
{
	return ftcp_backoff_pauses(&peer->backoff, ftcp_now());
}

static struct ftcp_peer *new_peer(struct ftcp_tunnel *tunnel, const char *name,
				  struct ftcp_peer_config *config)
{
	struct ftcp_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);

	if (!peer)
		return NULL;
	peer->tunnel = tunnel;
	strscpy(peer->name, name, sizeof(peer->name));
	RCU_INIT_POINTER(peer->config, config);
	INIT_LIST_HEAD(&peer->allowed);
	INIT_LIST_HEAD(&peer->from);
	INIT_LIST_HEAD(&peer->sessions);
	INIT_LIST_HEAD(&peer->doomed);
	ftcp_mover_init(peer);
	ftcp_persist_init(peer);
	refcount_set(&peer->refs, 1);
	if (rhashtable_insert_fast(&by_name, &peer->node, by_name_params)) {
		kfree(peer);
		return NULL;
	}
	refcount_inc(&tunnel->refs);
	list_add_tail_rcu(&peer->list, &tunnel->peers);
	return peer;
}

static bool too_many(const struct ftcp_ranges *ranges,
		     const struct list_head *own,
		     const struct ftcp_range_list *want)
{
	unsigned int n = ranges->count;
	const struct list_head *range;

	if (!want || want->n <= FTCP_RANGES_MAX - n)
		return false;
	if (own)
		list_for_each(range, own)
			n--;
	return want->n > FTCP_RANGES_MAX - n;
}

/* The configuration of @peer was replaced. */
static void settle(struct ftcp_peer *peer, struct ftcp_peer_config *old,
		   const struct ftcp_peer_config *config)
{
	bool moved = endpoint_changed(old, config);
	bool redial = moved || old->wire != config->wire;

	kfree_rcu(old, rcu);
	if (redial) {
		ftcp_peer_reached(peer);
		ftcp_mover_ask(peer, !moved);
	}
}

/* Order what comes before with what comes after, for readers: one that comes in
 * between retries.  No softirq may interrupt, it would spin for ever.
 */
static void ranges_barrier(struct ftcp_tunnel *tunnel)
{
	local_bh_disable();
	preempt_disable();
	raw_write_seqcount_barrier(&tunnel->ranges_seq);
	preempt_enable();
	local_bh_enable();
}

/* Give @peer what was requested; this cannot fail.  The configuration decides
 * which list counts for who may connect.  Complete that list before it counts,
 * and change the other one when it no longer does: nobody may connect in
 * between who could not before and cannot afterwards.
 */
static void change_peer(struct ftcp_peer *peer,
			const struct ftcp_peer_change *change,
			struct list_head *spare)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;
	bool by_list = change->config->from_kind == FTCP_FROM_LIST;
	struct ftcp_peer_config *old;
	LIST_HEAD(old_allowed);
	LIST_HEAD(old_from);

	if (by_list && change->from)
		ftcp_ranges_give(&tunnel->from, peer, &peer->from, change->from,
				 spare, &old_from);
	if (!by_list && change->allowed)
		ftcp_ranges_give(&tunnel->allowed, peer, &peer->allowed,
				 change->allowed, spare, &old_allowed);
	ranges_barrier(tunnel);
	old = rcu_replace_pointer(peer->config, change->config,
				  lockdep_rtnl_is_held());
	ranges_barrier(tunnel);
	if (!by_list && change->from)
		ftcp_ranges_give(&tunnel->from, peer, &peer->from, change->from,
				 spare, &old_from);
	if (by_list && change->allowed)
		ftcp_ranges_give(&tunnel->allowed, peer, &peer->allowed,
				 change->allowed, spare, &old_allowed);
	ranges_barrier(tunnel);
	ftcp_ranges_take(&tunnel->allowed, &old_allowed);
	ftcp_ranges_take(&tunnel->from, &old_from);
	if (old != change->config)
		settle(peer, old, change->config);
}

/**
 * ftcp_peer_set() - add a peer or change one
 * @tunnel: the tunnel
 * @name: name of the peer
 * @change: what to set
 * @extack: for an error message
 *
 * A range of another peer moves to this one and always has an owner.  Flows
 * dialled to an old endpoint move to the new one, one by one: see mover.c.
 *
 * Context: RTNL.
 * Return: 0, or a negative error; nothing has changed then.
 */
int ftcp_peer_set(struct ftcp_tunnel *tunnel, const char *name,
		  const struct ftcp_peer_change *change,
		  struct netlink_ext_ack *extack)
{
	struct ftcp_peer *peer = ftcp_peer_find(tunnel, name);
	LIST_HEAD(spare);
	int err = -E2BIG;

	if (too_many(&tunnel->allowed, peer ? &peer->allowed : NULL,
		     change->allowed)) {
		NL_SET_ERR_MSG(extack,
			       "allowed-ips: too many ranges in this tunnel");
		goto refused;
	}
	if (too_many(&tunnel->from, peer ? &peer->from : NULL, change->from)) {
		NL_SET_ERR_MSG(extack, "from: too many ranges in this tunnel");
		goto refused;
	}
	err = ftcp_ranges_reserve(&spare, change->allowed) ?:
	      ftcp_ranges_reserve(&spare, change->from);
	if (err)
		goto refused;
	if (!peer) {
		err = -ENOMEM;
		peer = new_peer(tunnel, name, change->config);
		if (!peer)
			goto refused;
	}
	change_peer(peer, change, &spare);
	ftcp_persist_ask(peer, 0);
	ftcp_ranges_free_spare(&spare);
	return 0;

refused:
	ftcp_ranges_free_spare(&spare);
	kfree(change->config);
	return err;
}

/**
 * ftcp_peer_add_any() - add the peer that a proxy tunnel starts with
 * @tunnel: the tunnel, of mode listen or forward
 * @name: name of the peer
 * @endpoint: where its flows go, or NULL if it dials in
 * @endpoint_name: what the user wrote for @endpoint, or NULL
 *
 * Context: RTNL.
 * Return: 0 or a negative error.
 */
int ftcp_peer_add_any(struct ftcp_tunnel *tunnel, const char *name,
		      const struct ftcp_end *endpoint,
		      const char *endpoint_name)
{
	struct ftcp_peer_change change = { };
	struct ftcp_range_list *all;
	int err;

	change.config = kzalloc(sizeof(*change.config), GFP_KERNEL_ACCOUNT);
	all = kzalloc(struct_size(all, keys, 2), GFP_KERNEL);
	if (!change.config || !all) {
		kfree(change.config);
		kfree(all);
		return -ENOMEM;
	}
	change.config->wire = tunnel->config.wire;
	if (endpoint) {
		change.config->kind = FTCP_ENDPOINT_ADDR;
		change.config->endpoint = *endpoint;
		if (endpoint_name)
			strscpy(change.config->endpoint_name, endpoint_name,
				sizeof(change.config->endpoint_name));
	}
	all->n = 2;
	ftcp_range_key_v4(&all->keys[0], 0, 0);
	ftcp_range_key_v6(&all->keys[1], &in6addr_any, 0);
	change.config->from_kind = tunnel->mode->from_kind;
	if (endpoint)
		change.allowed = all;
	else
		change.from = all;
	err = ftcp_peer_set(tunnel, name, &change, NULL);
	kfree(all);
	return err;
}

/**
 * ftcp_peer_put() - drop a reference to a peer
 * @peer: the peer
 *
 * Context: any but hard interrupts.
 */
void ftcp_peer_put(struct ftcp_peer *peer)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;

	if (!refcount_dec_and_test(&peer->refs))
		return;
	kfree_rcu(rcu_dereference_protected(peer->config, 1), rcu);
	kfree_rcu(peer, rcu);
	ftcp_tunnel_put(tunnel);
}

/**
 * ftcp_peer_del() - delete a peer and reset its flows
 * @peer: the peer
 *
 * Afterwards nobody finds the peer or its flows, and nobody who found it before
 * can add a flow.  The flows are torn down later, see reaper.c.
 *
 * Context: RTNL.
 */
void ftcp_peer_del(struct ftcp_peer *peer)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;

	ASSERT_RTNL();
	ftcp_ranges_take(&tunnel->allowed, &peer->allowed);
	ftcp_ranges_take(&tunnel->from, &peer->from);
	rhashtable_remove_fast(&by_name, &peer->node, by_name_params);
	list_del_rcu(&peer->list);
	spin_lock_bh(&tunnel->lock);
	WRITE_ONCE(peer->gone, true);
	spin_unlock_bh(&tunnel->lock);
	ftcp_reaper_doom(peer);
	ftcp_persist_end(peer);
	ftcp_peer_put(peer);
}

/**
 * ftcp_peer_del_all() - delete the peers of a tunnel
 * @tunnel: the tunnel, which nobody can find any more
 *
 * Context: RTNL.
 */
void ftcp_peer_del_all(struct ftcp_tunnel *tunnel)
{
	struct ftcp_peer *peer, *next;

	list_for_each_entry_safe(peer, next, &tunnel->peers, list)
		ftcp_peer_del(peer);
}
