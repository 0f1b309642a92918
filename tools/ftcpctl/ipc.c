// SPDX-License-Identifier: GPL-2.0
/*
 * The faketcp generic netlink family: requests, lists and events; see
 * Documentation/netlink/specs/faketcp.yaml.
 */
#include <errno.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "netlink.h"

#define NO_MODULE \
	"the kernel does not know faketcp; is the module loaded? (modprobe faketcp)"

/* The connection, which lasts until the program ends */
static struct nlsock nl;

/* Number of the family */
static int family;

/**
 * ipc_open() - connect to the family, whose number changes with every load of the
 * module; DONE, or REFUSED, after a message if it is @required
 */
int ipc_open(bool required)
{
	if (nlsock_open(&nl, NETLINK_GENERIC))
		return REFUSED;
	nl.header = GENL_HDRLEN;
	family = genl_ctrl_resolve(nl.sock, FTCP_GENL_NAME);
	if (family >= 0)
		return DONE;
	return required ? refused(NO_MODULE) : REFUSED;
}

/* Requests */

/**
 * ipc_request() - begin a request with room for all that was given, if anything;
 * needs no connection yet
 */
struct nl_msg *ipc_request(int cmd, const char *const *given)
{
	size_t size = 4096, i;
	struct nl_msg *msg;

	/* No more than 12 bytes come of one in a list of ranges */
	for (i = 0; given && i < WORDS; i++)
		size += given[i] ? 12 * strlen(given[i]) : 0;
	msg = nlmsg_alloc_size(size);
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, cmd,
				 FTCP_GENL_VERSION))
		exit(refused("out of memory"));
	return msg;
}

/* What an object has of one type, as often as it has it */
static void copy(struct nl_msg *msg, const struct object *o, int type)
{
	const struct nlattr *a;
	int rest;

	nlmsg_for_each_attr(a, o->msg, GENL_HDRLEN, rest)
		if (nla_type(a) == type)
			nla_put(msg, a->nla_type, nla_len(a), nla_data(a));
}

/**
 * ipc_request_of() - begin a request about a tunnel or a peer of a link, with those
 * of its attributes whose words are in @types
 */
struct nl_msg *ipc_request_of(int cmd, unsigned int ifindex,
			      const struct object *o, const bool *types)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096 + o->msg->nlmsg_len);
	int type;

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, cmd,
				 FTCP_GENL_VERSION))
		exit(refused("out of memory"));
	nla_put_u32(msg, FTCP_A_IFINDEX, ifindex);
	copy(msg, o, FTCP_A_TUNNEL);
	copy(msg, o, FTCP_A_PEER);
	for (type = 0; type <= FTCP_A_MAX; type++)
		if (types[type])
			copy(msg, o, type);
	if (types[FTCP_A_KEEPALIVE]) {
		copy(msg, o, FTCP_A_KEEPALIVE_INTERVAL);
		copy(msg, o, FTCP_A_KEEPALIVE_PROBES);
	}
	if (types[FTCP_A_ENDPOINT]) {
		copy(msg, o, FTCP_A_ENDPOINT_KIND);
		copy(msg, o, FTCP_A_ENDPOINT_NAME);
		if (o->tb[FTCP_A_ENDPOINT_NAME])
			nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE);
	}
	if (types[FTCP_A_FROM])
		copy(msg, o, FTCP_A_FROM_KIND);
	if (types[FTCP_A_ALLOWED_IP] && !o->tb[FTCP_A_ALLOWED_IP])
		nla_put_flag(msg, FTCP_A_NO_ALLOWED_IP);
	return msg;
}

/** ipc_do() - make a request, and free it; DONE, or REFUSED after a message */
int ipc_do(struct nl_msg *msg)
{
	nlmsg_hdr(msg)->nlmsg_type = family;
	return nlsock_do(&nl, msg) ? refused("%s", nl.text) : DONE;
}

/* Lists */

/** ipc_filter() - what the words "dev" and "tunnel" limit a list to */
int ipc_filter(const char *const *given, struct filter *filter)
{
	const char *dev = given[FTCP_A_IFINDEX];

	*filter = (struct filter){ .tunnel = given[FTCP_A_TUNNEL] };
	return dev ? parse_link(dev, &filter->ifindex) : DONE;
}

/* Make a message longer by what is in another one */
static struct nlmsghdr *append(struct nlmsghdr *msg,
			       const struct nlmsghdr *more)
{
	size_t skip = NLMSG_HDRLEN + GENL_HDRLEN;
	size_t old = NLMSG_ALIGN(msg->nlmsg_len), len = more->nlmsg_len - skip;

	msg = realloc(msg, old + len);
	if (!msg)
		exit(refused("out of memory"));
	memcpy((char *)msg + old, (const char *)more + skip, len);
	msg->nlmsg_len = old + len;
	return msg;
}

/*
 * Take the messages of a list apart, and put together what belongs together: ranges
 * of a peer that do not fit into one message come in several
 */
static void parse_all(struct list *l)
{
	struct object *last = NULL;
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		struct object *o = &l->array[i];
		bool sound = object_parse(o, o->msg);

		if (sound &&
		    !(last && o->of == OF_PEER && same_peer(last, o))) {
			last = &l->array[n++];
			*last = *o;
			continue;
		}
		if (sound)
			object_parse(last, append(last->msg, o->msg));
		free(o->msg);
	}
	l->n = n;
}

/**
 * ipc_list() - list tunnels, peers or flows, which are to be freed in any case;
 * DONE, or REFUSED, after a message unless the filter is quiet
 */
int ipc_list(int cmd, const struct filter *filter, struct list *l)
{
	struct nl_msg *msg;
	int err;

	*l = (struct list){};
	if (ipc_open(!filter->quiet))
		return REFUSED;
	msg = ipc_request(cmd, NULL);
	nlmsg_hdr(msg)->nlmsg_type = family;
	if (filter->ifindex)
		nla_put_u32(msg, FTCP_A_IFINDEX, filter->ifindex);
	if (filter->tunnel)
		nla_put_string(msg, FTCP_A_TUNNEL, filter->tunnel);
	err = nlsock_dump(&nl, msg, l);
	parse_all(l);
	if (err && !filter->quiet)
		refused("%s", nl.text);
	return err ? REFUSED : DONE;
}

/* Events */

/* Those who listen */
struct listener {
	event_fn *event;
	int stop;
};

static int on_event(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct listener *l = arg;
	struct object o;

	if (msg->nlmsg_type != family || !object_parse(&o, msg) || !o.event)
		return NL_SKIP;
	l->stop = l->event(&o);
	return l->stop ? NL_STOP : NL_OK;
}

/** ipc_monitor() - wait for events, until @event returns something else than 0 */
int ipc_monitor(event_fn *event)
{
	static struct nlsock own;
	struct listener l = { .event = event };
	int group, err;

	if (ipc_open(true) || nlsock_open(&own, NETLINK_GENERIC))
		return REFUSED;
	errno = 0;
	group = genl_ctrl_resolve_grp(own.sock, FTCP_GENL_NAME,
				      FAKETCP_MCGRP_EVENTS);
	if (group < 0 || nl_socket_add_membership(own.sock, group))
		return refused("multicast group events: %s",
			       netlink_reason(errno ?: ENOENT));
	nl_socket_disable_seq_check(own.sock);
	nl_socket_modify_cb(own.sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, &l);
	while (!l.stop) {
		err = nl_recvmsgs_default(own.sock);
		if (err == -NLE_NOMEM)
			l.stop = event(NULL);
		else if (err < 0 && err != -NLE_INTR)
			return refused("netlink: %s",
				       netlink_reason(errno ?: EIO));
	}
	return l.stop;
}
