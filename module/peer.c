// SPDX-License-Identifier: GPL-2.0
/*
 * Peers: the remote ends of a tunnel, and which addresses are behind them.
 *
 * All changes are made under RTNL.  Readers look at a peer's configuration
 * and at a tunnel's table of allowed IPs under RCU; both are replaced whole.
 */
#include <linux/rtnetlink.h>
#include <linux/sort.h>

#include "flow.h"
#include "mover.h"
#include "peer.h"
#include "reaper.h"
#include "renew.h"
#include "tunnel.h"

/* The same ranges come together. */
static int longest_first(const void *a, const void *b)
{
	const struct ftcp_allowed_entry *x = a, *y = b;

	return (int)y->range.prefix - (int)x->range.prefix ?:
	       (int)x->range.family - (int)y->range.family ?:
	       ipv6_addr_cmp(&x->range.addr, &y->range.addr);
}

/* The first of the entries from @from on that does not come before @key. */
static unsigned int not_before(const struct ftcp_allowed *allowed,
			       unsigned int from,
			       const struct ftcp_allowed_entry *key)
{
	unsigned int to = allowed->count, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (longest_first(&allowed->entries[middle], key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/**
 * ftcp_peer_by_address() - the peer that an inner address belongs to
 * @tunnel: where to look
 * @end: the address; its port does not matter
 *
 * Whoever sends a SYN has this done: of the ranges of each length only those are
 * looked at that halving leads to.
 *
 * Context: RCU read-side critical section.
 * Return: the peer with the longest matching prefix, or NULL.
 */
struct ftcp_peer *ftcp_peer_by_address(struct ftcp_tunnel *tunnel,
				       const struct ftcp_end *end)
{
	const struct ftcp_allowed *allowed = rcu_dereference(tunnel->allowed);
	unsigned int i = 0, found;

	while (allowed && i < allowed->count) {
		struct ftcp_allowed_entry key = allowed->entries[i];

		if (key.range.family == end->family) {
			ipv6_addr_prefix(&key.range.addr, &end->addr,
					 key.range.prefix);
			found = not_before(allowed, i, &key);
			if (found < allowed->count &&
			    !longest_first(&allowed->entries[found], &key))
				return allowed->entries[found].peer;
		}
		/* behind all ranges of this length and family */
		key.range.family++;
		key.range.addr = in6addr_any;
		i = not_before(allowed, i, &key);
	}
	return NULL;
}

/**
 * ftcp_peer_only() - the one peer of a tunnel in mode listen
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
	struct ftcp_peer *peer;

	ASSERT_RTNL();
	list_for_each_entry(peer, &tunnel->peers, list) {
		if (!strcmp(peer->name, name))
			return peer;
	}
	return NULL;
}

/* The table for @tunnel as it is to be when @changed has @config, NULL for no
 * peer at all.
 */
static struct ftcp_allowed *make_allowed(struct ftcp_tunnel *tunnel,
					 struct ftcp_peer *changed,
					 const struct ftcp_peer_config *config)
{
	const struct ftcp_peer_config *c;
	struct ftcp_allowed *allowed;
	struct ftcp_peer *peer;
	unsigned int count = config ? config->nranges : 0, i, n = 0;

	list_for_each_entry(peer, &tunnel->peers, list) {
		if (peer != changed)
			count += rtnl_dereference(peer->config)->nranges;
	}
	if (count > FTCP_RANGES_MAX)
		return ERR_PTR(-E2BIG);

	allowed = kvzalloc(struct_size(allowed, entries, count),
			   GFP_KERNEL_ACCOUNT);
	if (!allowed)
		return ERR_PTR(-ENOMEM);

	list_for_each_entry(peer, &tunnel->peers, list) {
		if (peer == changed)
			continue;
		c = rtnl_dereference(peer->config);
		for (i = 0; i < c->nranges; i++)
			allowed->entries[n++] = (struct ftcp_allowed_entry){
				c->ranges[i], peer
			};
	}
	for (i = 0; config && i < config->nranges; i++)
		allowed->entries[n++] = (struct ftcp_allowed_entry){
			config->ranges[i], changed
		};
	allowed->count = n;
	sort(allowed->entries, n, sizeof(allowed->entries[0]), longest_first,
	     NULL);
	return allowed;
}

static void publish_allowed(struct ftcp_tunnel *tunnel,
			    struct ftcp_allowed *allowed)
{
	allowed = rcu_replace_pointer(tunnel->allowed, allowed,
				      lockdep_rtnl_is_held());
	if (allowed)
		kvfree_rcu(allowed, rcu);
}

static int check_overlap(const struct ftcp_allowed *allowed,
			 struct netlink_ext_ack *extack)
{
	const struct ftcp_allowed_entry *e = allowed->entries;
	unsigned int i;

	for (i = 1; i < allowed->count; i++) {
		if (e[i].peer == e[i - 1].peer ||
		    longest_first(&e[i - 1], &e[i]))
			continue;
		NL_SET_ERR_MSG(extack,
			       "allowed-ips: another peer of this tunnel has the same range");
		return -EEXIST;
	}
	return 0;
}

static bool endpoint_changed(const struct ftcp_peer_config *a,
			     const struct ftcp_peer_config *b)
{
	return a->kind != b->kind ||
	       !ftcp_end_equal(&a->endpoint, &b->endpoint);
}

/* ---- endpoints that refuse ---- */

/**
 * ftcp_peer_failed() - the peer's endpoint refused a connection, or did not answer
 * @peer: the peer, with a fixed endpoint
 * @refused: which of both
 */
void ftcp_peer_failed(struct ftcp_peer *peer, bool refused)
{
	ftcp_backoff_failed(&peer->backoff, refused, ftcp_now(),
			    get_random_u32());
}

/**
 * ftcp_peer_reached() - the peer's endpoint has answered, or is another one now
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

/**
 * ftcp_peer_set() - add a peer, or give one a new configuration
 * @tunnel: the tunnel
 * @name: name of the peer
 * @config: complete configuration; taken over, also in case of an error
 * @extack: says why, in case of an error
 *
 * Flows that were dialled to an endpoint which is no longer the peer's move to
 * the new one, one after the other: see mover.c.
 *
 * Context: RTNL.
 * Return: 0 or a negative error; nothing is changed then.
 */
int ftcp_peer_set(struct ftcp_tunnel *tunnel, const char *name,
		  struct ftcp_peer_config *config,
		  struct netlink_ext_ack *extack)
{
	struct ftcp_peer *peer = ftcp_peer_find(tunnel, name), *new = NULL;
	struct ftcp_peer_config *old;
	struct ftcp_allowed *allowed;
	int err;

	if (!peer) {
		err = -ENOMEM;
		new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
		if (!new)
			goto out_free;
		new->tunnel = tunnel;
		INIT_LIST_HEAD(&new->flows);
		INIT_LIST_HEAD(&new->doomed);
		ftcp_mover_init(new);
		refcount_set(&new->refs, 1);
		strscpy(new->name, name, sizeof(new->name));
		peer = new;
	}
	allowed = make_allowed(tunnel, peer, config);
	if (IS_ERR(allowed)) {
		err = PTR_ERR(allowed);
		if (err == -E2BIG)
			NL_SET_ERR_MSG(extack,
				       "allowed-ips: too many ranges in this tunnel");
		goto out_free;
	}
	err = check_overlap(allowed, extack);
	if (err) {
		kvfree(allowed);
		goto out_free;
	}

	old = rcu_replace_pointer(peer->config, config, lockdep_rtnl_is_held());
	if (new) {
		refcount_inc(&tunnel->refs);
		list_add_tail_rcu(&new->list, &tunnel->peers);
	}
	publish_allowed(tunnel, allowed);
	if (old) {
		bool moved = endpoint_changed(old, config);
		bool redial = moved || old->wire != config->wire;

		kvfree_rcu(old, rcu);
		if (redial) {
			ftcp_peer_reached(peer);
			ftcp_mover_ask(peer, !moved);
		}
	}
	return 0;

out_free:
	kfree(new);
	kvfree(config);
	return err;
}

/**
 * ftcp_peer_add_any() - the peer that a tunnel in proxy mode begins with
 * @tunnel: the tunnel
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
	struct ftcp_peer_config *config = ftcp_peer_config_alloc(2);

	if (!config)
		return -ENOMEM;
	config->wire = tunnel->config.wire;
	if (endpoint) {
		config->kind = FTCP_ENDPOINT_ADDR;
		config->endpoint = *endpoint;
		if (endpoint_name)
			strscpy(config->endpoint_name, endpoint_name,
				sizeof(config->endpoint_name));
	}
	config->nranges = 2;
	ipv6_addr_set_v4mapped(0, &config->ranges[0].addr);
	config->ranges[0].prefix = 96;
	config->ranges[0].family = AF_INET;
	config->ranges[1].family = AF_INET6;
	return ftcp_peer_set(tunnel, name, config, NULL);
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
	kvfree_rcu(rcu_dereference_protected(peer->config, 1), rcu);
	kfree_rcu(peer, rcu);
	ftcp_tunnel_put(tunnel);
}

/* Nobody finds it, whoever found it before adds no flow, and those that there are
 * end.
 */
static void let_go(struct ftcp_peer *peer)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;

	ASSERT_RTNL();
	list_del_rcu(&peer->list);
	spin_lock_bh(&tunnel->lock);
	WRITE_ONCE(peer->gone, true);
	spin_unlock_bh(&tunnel->lock);
	ftcp_reaper_doom(peer);
	ftcp_peer_put(peer);
}

/**
 * ftcp_peer_del() - delete a peer; its flows are reset
 * @peer: the peer
 * @extack: says why, in case of an error
 *
 * When it returns none of them is found any more, see reaper.c.
 *
 * Context: RTNL, sleeps.
 * Return: 0 or a negative error; nothing is changed then.
 */
int ftcp_peer_del(struct ftcp_peer *peer, struct netlink_ext_ack *extack)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;
	struct ftcp_allowed *allowed = make_allowed(tunnel, peer, NULL);

	if (IS_ERR(allowed)) {
		NL_SET_ERR_MSG(extack,
			       "no memory for the table of allowed-ips without the peer");
		return PTR_ERR(allowed);
	}
	publish_allowed(tunnel, allowed);
	let_go(peer);
	return 0;
}

/**
 * ftcp_peer_del_all() - delete the peers of a tunnel
 * @tunnel: the tunnel; nobody can find it any more
 *
 * Context: RTNL.
 */
void ftcp_peer_del_all(struct ftcp_tunnel *tunnel)
{
	struct ftcp_peer *peer, *next;

	publish_allowed(tunnel, NULL);
	list_for_each_entry_safe(peer, next, &tunnel->peers, list)
		let_go(peer);
}
