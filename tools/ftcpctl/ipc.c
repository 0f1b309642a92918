// SPDX-License-Identifier: GPL-2.0
/*
 * The faketcp generic netlink family: requests, lists and events; see
 * Documentation/netlink/specs/faketcp.yaml.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	nl.attr_name = attr_word;
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
struct nl_msg *ipc_request(int cmd, const struct args *a)
{
	size_t size = 4096, i;
	struct nl_msg *msg;

	/* No more than 12 bytes come of one in a list of ranges */
	for (i = 0; a && i < WORDS; i++)
		size += a->given[i] ? 12 * strlen(a->given[i]) : 0;
	msg = nlmsg_alloc_size(size);
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, cmd,
				 FTCP_GENL_VERSION))
		exit(refused("out of memory"));
	return msg;
}

/** ipc_do() - make a request, and free it; DONE, or REFUSED after a message */
int ipc_do(struct nl_msg *msg)
{
	nlmsg_hdr(msg)->nlmsg_type = family;
	return nlsock_do(&nl, msg) ? refused("%s", nl.text) : DONE;
}

/**
 * ipc_do_dev() - Make a request about a link.
 * @msg: The request, so far; freed.
 * @code: What became of it so far; nothing is done unless DONE.
 * @dev: The link.
 *
 * Return: @code, or REFUSED after a message.
 */
int ipc_do_dev(struct nl_msg *msg, int code, const char *dev)
{
	unsigned int ifindex;

	code = code ?: ipc_open(true);
	code = code ?: parse_link(dev, &ifindex);
	if (code) {
		nlmsg_free(msg);
		return code;
	}
	nla_put_u32(msg, FTCP_A_IFINDEX, ifindex);
	return ipc_do(msg);
}

/* Lists */

/** ipc_filter() - what the words "dev" and "tunnel" limit a list to */
int ipc_filter(const struct args *a, struct filter *filter)
{
	const char *dev = a->given[FTCP_A_IFINDEX];

	*filter = (struct filter){ .tunnel = a->given[FTCP_A_TUNNEL] };
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

/* Ranges of a peer that do not fit into one message come in several */
static bool continues(const struct object *last, const struct object *o)
{
	return o->of == OF_PEER && same_tunnel(last, o) &&
	       same_value(last, o, FTCP_A_PEER);
}

/* Take the messages of a list apart, and put together what belongs together */
static void parse_all(struct list *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		struct object *o = &l->array[i], *last = &l->array[n - 1];
		bool sound = object_parse(o, o->msg);

		if (sound && n && continues(last, o))
			object_parse(last, append(last->msg, o->msg));
		else if (sound) {
			l->array[n++] = *o;
			continue;
		}
		free(o->msg);
	}
	l->n = n;
}

/**
 * ipc_list() - List tunnels, peers or flows.
 * @cmd: Which of them.
 * @filter: Of what.
 * @l: The list; to be freed by list_free() also after an error.
 *
 * Return: DONE, or REFUSED, after a message unless the filter is quiet.
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
	static const char *const names[FAKETCP_CMD_MAX + 1] = {
		[FAKETCP_CMD_TUNNEL_ADD_NTF] = "tunnel-add",
		[FAKETCP_CMD_TUNNEL_DEL_NTF] = "tunnel-del",
		[FAKETCP_CMD_FLOW_ADD_NTF] = "flow-add",
		[FAKETCP_CMD_FLOW_DEL_NTF] = "flow-del",
	};
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct listener *l = arg;
	const char *name;
	struct object o;

	if (msg->nlmsg_type != family || !object_parse(&o, msg))
		return NL_SKIP;
	name = names[genlmsg_hdr(msg)->cmd];
	if (name)
		l->stop = l->event(name, &o);
	return l->stop ? NL_STOP : NL_OK;
}

/**
 * ipc_monitor() - Wait for events.
 * @event: Takes each event.
 *
 * Return: What @event returned, or REFUSED after a message.
 */
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
			l.stop = event("lost", NULL);
		else if (err < 0 && err != -NLE_INTR)
			return refused("netlink: %s",
				       netlink_reason(errno ?: EIO));
	}
	return l.stop;
}
