// SPDX-License-Identifier: GPL-2.0
/* Check requests about peers; others carry them out. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "request.h"
#include "tunnel.h"

static int get_range(struct genl_info *info, const struct nlattr *nla,
		     const char *word, struct ftcp_range_key *range)
{
	struct nlattr *tb[FTCP_ALLOWED_IP_MAX + 1], *addr;
	unsigned int prefix, bits;
	int err;

	err = nla_parse_nested(tb, FTCP_ALLOWED_IP_MAX, nla,
			       faketcp_allowed_ip_nl_policy, info->extack);
	if (err)
		return err;
	addr = tb[FTCP_ALLOWED_IP_ADDR];
	if (!addr || (nla_len(addr) != 4 && nla_len(addr) != 16)) {
		NL_SET_BAD_ATTR(info->extack, nla);
		ftcp_netlink_error(info->extack,
				   "%s: expected an address of 4 or 16 bytes",
				   word);
		return -EINVAL;
	}
	bits = nla_len(addr) * 8;
	prefix = tb[FTCP_ALLOWED_IP_PREFIX] ?
			 nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]) :
			 bits;
	if (prefix > bits) {
		NL_SET_BAD_ATTR(info->extack, nla);
		ftcp_netlink_error(info->extack,
				   "%s: the prefix is longer than the address",
				   word);
		return -EINVAL;
	}

	if (bits == 32) {
		ftcp_range_key_v4(range, nla_get_in_addr(addr), prefix);
	} else {
		struct in6_addr in6 = nla_get_in6_addr(addr);

		ftcp_range_key_v6(range, &in6, prefix);
	}
	return 0;
}

/* The ranges in attributes @attr of a request; if there are none, an empty list
 * if @empty, else NULL
 */
static struct ftcp_range_list *get_ranges(struct genl_info *info, int attr,
					  const char *word, bool empty)
{
	struct ftcp_range_list *list;
	unsigned int n = 0;
	struct nlattr *nla;
	int rem, err;

	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(nla) == attr;
	if (!n && !empty)
		return NULL;
	if (n > FTCP_RANGES_MAX) {
		ftcp_netlink_error(info->extack, "%s: too many ranges", word);
		return ERR_PTR(-E2BIG);
	}
	list = kvzalloc(struct_size(list, keys, n), GFP_KERNEL_ACCOUNT);
	if (!list)
		return ERR_PTR(-ENOMEM);
	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) != attr)
			continue;
		err = get_range(info, nla, word, &list->keys[list->n++]);
		if (!err)
			continue;
		kvfree(list);
		return ERR_PTR(err);
	}
	return list;
}

/* For a reason in the table of modes */
static int mode_refuses(struct genl_info *info, int attr, const char *why)
{
	NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	if (info->extack)
		info->extack->_msg = why;
	return -EINVAL;
}

/* Check what may be said about ranges in the tunnel's mode. */
static int check_ranges(struct genl_info *info,
			const struct ftcp_mode_desc *mode)
{
	bool behind = info->attrs[FTCP_A_ALLOWED_IP];
	struct nlattr *kind = info->attrs[FTCP_A_FROM_KIND];
	bool from = info->attrs[FTCP_A_FROM];
	bool all_behind = kind && nla_get_u32(kind) == FTCP_FROM_ALLOWED_IPS;

	if (behind && info->attrs[FTCP_A_NO_ALLOWED_IP])
		return ftcp_req_refuse(
			info, FTCP_A_NO_ALLOWED_IP, -EINVAL,
			"allowed-ips: some, and none, contradict each other");
	if (from && all_behind)
		return ftcp_req_refuse(
			info, FTCP_A_FROM_KIND, -EINVAL,
			"from: a list, and allowed-ips, contradict each other");
	if (mode->no_from && (from || kind))
		return mode_refuses(info, from ? FTCP_A_FROM : FTCP_A_FROM_KIND,
				    mode->no_from);
	if (kind && !all_behind &&
	    !(mode->from_kinds & BIT(nla_get_u32(kind)))) {
		NL_SET_BAD_ATTR(info->extack, kind);
		ftcp_netlink_error(info->extack,
				   "from: this has no meaning in mode %s",
				   mode->name);
		return -EINVAL;
	}
	if (all_behind && mode->packets)
		return ftcp_req_refuse(
			info, FTCP_A_FROM_KIND, -EINVAL,
			"from: in mode ip allowed-ips say nothing of where a peer connects from");
	if (!mode->no_allowed_ips)
		return 0;
	if (all_behind)
		return ftcp_req_refuse(
			info, FTCP_A_FROM_KIND, -EINVAL,
			"from: a tunnel with nothing behind its peers takes a list of addresses, or none");
	if (behind || info->attrs[FTCP_A_NO_ALLOWED_IP])
		return mode_refuses(info,
				    behind ? FTCP_A_ALLOWED_IP :
					     FTCP_A_NO_ALLOWED_IP,
				    mode->no_allowed_ips);
	return 0;
}

/* Get the endpoint and check it against the tunnel's mode. */
static int get_endpoint(struct genl_info *info,
			const struct ftcp_tunnel *tunnel,
			struct ftcp_peer_config *config)
{
	bool tentative = nla_get_flag(info->attrs[FTCP_A_ENDPOINT_TENTATIVE]);
	const char *name;
	int err;

	err = ftcp_req_endpoint_name(info, &name);
	if (err)
		return err;
	if (info->attrs[FTCP_A_ENDPOINT]) {
		err = ftcp_req_end(info, FTCP_A_ENDPOINT,
				   FTCP_WANT_PORT | FTCP_WANT_ADDR,
				   &config->endpoint);
		if (err)
			return err;
		config->kind = FTCP_ENDPOINT_ADDR;
		strscpy(config->endpoint_name, name ?: "",
			sizeof(config->endpoint_name));
		config->tentative = tentative;
	} else if (tentative) {
		return ftcp_req_refuse(
			info, FTCP_A_ENDPOINT_TENTATIVE, -EINVAL,
			"endpoint-tentative has no meaning without endpoint");
	}
	if (info->attrs[FTCP_A_ENDPOINT_KIND]) {
		config->kind = nla_get_u32(info->attrs[FTCP_A_ENDPOINT_KIND]);
		if ((config->kind == FTCP_ENDPOINT_ADDR) !=
		    !!info->attrs[FTCP_A_ENDPOINT])
			return ftcp_req_refuse(
				info, FTCP_A_ENDPOINT_KIND, -EINVAL,
				"kind and presence of the endpoint contradict each other");
	}
	if (config->kind != FTCP_ENDPOINT_ADDR) {
		memset(&config->endpoint, 0, sizeof(config->endpoint));
		config->endpoint_name[0] = '\0';
		config->tentative = false;
	}

	if (!(tunnel->mode->endpoints & BIT(config->kind)))
		return mode_refuses(info,
				    info->attrs[FTCP_A_ENDPOINT] ?
					    FTCP_A_ENDPOINT :
					    FTCP_A_ENDPOINT_KIND,
				    tunnel->mode->no_endpoint);
	return 0;
}

/* Whether the peer is to be dialled without a packet for it. */
static int get_persistent(struct genl_info *info,
			  const struct ftcp_mode_desc *mode,
			  struct ftcp_peer_config *config)
{
	struct nlattr *nla = info->attrs[FTCP_A_PERSISTENT];

	if (nla && !mode->packets) {
		NL_SET_BAD_ATTR(info->extack, nla);
		ftcp_netlink_error(info->extack,
				   "persistent has no meaning in mode %s",
				   mode->name);
		return -EINVAL;
	}
	if (nla)
		config->persistent = nla_get_u32(nla);
	if (!config->persistent || config->kind == FTCP_ENDPOINT_ADDR)
		return 0;
	return ftcp_req_refuse(info, nla ? FTCP_A_PERSISTENT : FTCP_A_ENDPOINT_KIND,
			       -EINVAL, "persistent: the peer needs an endpoint");
}

/* A copy of the configuration, or one by default, with room for who may connect. */
static struct ftcp_peer_config *copy_config(const struct ftcp_tunnel *tunnel,
					    const struct ftcp_peer_config *old,
					    const struct ftcp_range_list *from)
{
	const struct ftcp_range_key *keys = old ? old->from : NULL;
	unsigned int n = old ? old->n_from : 0;
	struct ftcp_peer_config *config;

	if (from && tunnel->mode->packets) {
		keys = from->keys;
		n = from->n;
	}
	config = kzalloc(struct_size(config, from, n), GFP_KERNEL_ACCOUNT);
	if (!config)
		return NULL;
	if (old)
		*config = *old;
	else
		*config = (struct ftcp_peer_config){
			.wire = tunnel->config.wire,
			.from_kind = tunnel->mode->from_kind,
		};
	config->n_from = n;
	memcpy(config->from, keys, n * sizeof(*keys));
	return config;
}

/* The configuration that was requested, except ranges that tunnels have, based on
 * the @old one
 */
static struct ftcp_peer_config *get_config(struct genl_info *info,
					   const struct ftcp_tunnel *tunnel,
					   const struct ftcp_peer_config *old,
					   const struct ftcp_range_list *from)
{
	struct ftcp_peer_config *config;
	int err;

	if (from && tunnel->mode->packets && from->n > FTCP_FROM_MAX) {
		ftcp_netlink_error(info->extack,
				   "from: more than %u ranges of one peer",
				   FTCP_FROM_MAX);
		return ERR_PTR(-E2BIG);
	}
	config = copy_config(tunnel, old, from);
	if (!config)
		return ERR_PTR(-ENOMEM);
	if (info->attrs[FTCP_A_FROM])
		config->from_kind = FTCP_FROM_LIST;
	else if (info->attrs[FTCP_A_FROM_KIND])
		config->from_kind = nla_get_u32(info->attrs[FTCP_A_FROM_KIND]);
	if (info->attrs[FTCP_A_WIRE])
		config->wire = nla_get_u32(info->attrs[FTCP_A_WIRE]);
	err = get_endpoint(info, tunnel, config);
	if (!err)
		err = get_persistent(info, tunnel->mode, config);
	if (!err)
		return config;
	kfree(config);
	return ERR_PTR(err);
}

/* @privileged: in the underlay's namespace */
static int set_peer(struct genl_info *info, struct ftcp_tunnel *tunnel,
		    bool privileged)
{
	const char *name = ftcp_req_name(info, FTCP_A_PEER, "peer");
	const struct ftcp_peer_config *old = NULL;
	struct ftcp_peer_change change = { };
	struct ftcp_range_list *allowed, *from;
	struct ftcp_peer *peer;
	int err;

	if (!name)
		return -EINVAL;
	peer = ftcp_peer_find(tunnel, name);
	if (peer)
		old = rtnl_dereference(peer->config);
	else if (tunnel->mode->one_peer && !list_empty(&tunnel->peers))
		return ftcp_req_refuse(info, FTCP_A_PEER, -EINVAL,
				       "a tunnel that listens has one peer");
	if (old && old->kind == FTCP_ENDPOINT_SAME && !privileged &&
	    info->attrs[FTCP_A_ALLOWED_IP])
		return ftcp_req_refuse(
			info, FTCP_A_ALLOWED_IP, -EPERM,
			"allowed-ips of a peer with endpoint same take CAP_NET_ADMIN in the underlay's namespace");

	err = check_ranges(info, tunnel->mode);
	if (err)
		return err;
	allowed = get_ranges(info, FTCP_A_ALLOWED_IP, "allowed-ips",
			     info->attrs[FTCP_A_NO_ALLOWED_IP]);
	if (IS_ERR(allowed))
		return PTR_ERR(allowed);
	from = get_ranges(info, FTCP_A_FROM, "from",
			  info->attrs[FTCP_A_FROM_KIND]);
	err = PTR_ERR_OR_ZERO(from);
	if (err)
		goto out;
	change.allowed = allowed;
	if (!tunnel->mode->packets)
		change.from = from;
	change.config = get_config(info, tunnel, old, from);
	err = PTR_ERR_OR_ZERO(change.config);
	if (!err)
		err = ftcp_peer_set(tunnel, name, &change, info->extack);
	kvfree(from);
out:
	kvfree(allowed);
	return err;
}

int faketcp_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_tunnel *tunnel;
	int err;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = ftcp_req_may_use_underlay(skb, info, tunnel->link);
	if (!err)
		err = set_peer(info, tunnel,
			       ftcp_req_privileged(skb, tunnel->link));
	rtnl_unlock();
	return err;
}

int faketcp_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_peer *peer = NULL;
	struct ftcp_tunnel *tunnel;
	const char *name;
	int err;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (err)
		goto out;
	err = -EINVAL;
	name = ftcp_req_name(info, FTCP_A_PEER, "peer");
	if (!name)
		goto out;
	peer = ftcp_peer_find(tunnel, name);
	if (!peer) {
		err = ftcp_req_refuse(info, FTCP_A_PEER, -ENOENT,
				      "no such peer in the tunnel");
		goto out;
	}
	ftcp_peer_del(peer);
	err = 0;
out:
	rtnl_unlock();
	return err;
}
