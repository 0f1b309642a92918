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

#include "ftcpctl.h"
#include "ipc.h"
#include "nlsock.h"

/* The connection, which lasts until the program ends */
static struct nlsock nl;

/* Number of the family */
static int family;

/* Why the last request was refused */
static int refused(void)
{
	return fail(REFUSED, "%s", nl.text);
}

static int connect_to(struct nlsock *to)
{
	if (nlsock_open(to, NETLINK_GENERIC))
		return fail(REFUSED, "%s", to->text);
	to->attr_name = attr_word;
	to->header = GENL_HDRLEN;
	return DONE;
}

/**
 * ipc_open() - connect to the family, whose number changes with every load of the
 * module; DONE, or REFUSED, after a message if it is @required
 */
int ipc_open(bool required)
{
	if (!nl.sock && connect_to(&nl))
		return REFUSED;
	family = genl_ctrl_resolve(nl.sock, FTCP_GENL_NAME);
	if (family >= 0)
		return DONE;
	return required ?
		       fail(REFUSED,
			    "the kernel does not know faketcp; is the module loaded? (modprobe faketcp)") :
		       REFUSED;
}

/* Requests */

/**
 * ipc_request() - begin a request, with @extra room for attributes; needs no
 * connection yet
 */
struct nl_msg *ipc_request(int cmd, size_t extra)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096 + extra);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, cmd,
				 FTCP_GENL_VERSION))
		exit(fail(REFUSED, "out of memory"));
	return msg;
}

/**
 * put_endpoint_name() - Put the name that a peer's endpoint was found from.
 * @msg: The request.
 * @name: HOST:PORT.
 *
 * What it stands for may be wrong, and nobody watches: flows that are up stay
 * until one to the new address is.
 */
void put_endpoint_name(struct nl_msg *msg, const char *name)
{
	nla_put_string(msg, FTCP_A_ENDPOINT_NAME, name);
	nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE);
}

/** ipc_do() - make a request, and free it; DONE, or REFUSED after a message */
int ipc_do(struct nl_msg *msg)
{
	nlmsg_hdr(msg)->nlmsg_type = family;
	return nlsock_do(&nl, msg) ? refused() : DONE;
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
		exit(fail(REFUSED, "out of memory"));
	memcpy((char *)msg + old, (const char *)more + skip, len);
	msg->nlmsg_len = old + len;
	return msg;
}

/* Keep a message as one more object, or as more of the last one */
static void keep(struct list *l, struct nlmsghdr *msg)
{
	struct object *last = l->n ? &l->array[l->n - 1] : NULL;
	struct object o;

	if (!object_parse(&o, msg)) {
		free(msg);
	} else if (last && o.tb[FTCP_A_PEER] && !o.tb[FTCP_A_STATE] &&
		   continues(last, &o)) {
		object_parse(last, append(last->msg, msg));
		free(msg);
	} else {
		l->array = grow(l->array, l->n, &l->room, sizeof(o));
		l->array[l->n++] = o;
	}
}

static int read_list(int cmd, const struct filter *filter, struct list *l)
{
	struct nl_msg *msg = ipc_request(cmd, 0);
	struct messages messages;
	size_t i;
	int err;

	nlmsg_hdr(msg)->nlmsg_type = family;
	if (filter->ifindex)
		nla_put_u32(msg, FTCP_A_IFINDEX, filter->ifindex);
	if (filter->tunnel)
		nla_put_string(msg, FTCP_A_TUNNEL, filter->tunnel);
	err = nlsock_dump(&nl, msg, &messages);
	for (i = 0; i < messages.n; i++)
		keep(l, messages.array[i]);
	free(messages.array);
	return err;
}

/**
 * ipc_list() - List tunnels, peers or flows.
 * @cmd: Which of them.
 * @filter: Of what.
 * @l: The list; to be freed by list_free() also after an error.
 *
 * Return: DONE, or REFUSED after a message.
 */
int ipc_list(int cmd, const struct filter *filter, struct list *l)
{
	memset(l, 0, sizeof(*l));
	if (ipc_open(true))
		return REFUSED;
	return read_list(cmd, filter, l) ? refused() : DONE;
}

/** ipc_try_list() - the same without a message */
int ipc_try_list(int cmd, const struct filter *filter, struct list *l)
{
	memset(l, 0, sizeof(*l));
	return ipc_open(false) || read_list(cmd, filter, l) ? REFUSED : DONE;
}

/** list_free() - free what ipc_list() has read */
void list_free(struct list *l)
{
	while (l->n)
		free(l->array[--l->n].msg);
	free(l->array);
	memset(l, 0, sizeof(*l));
}

/* Events */

/* Those who listen */
struct listener {
	event_fn *event;
	int stop;
};

static int on_event(struct nl_msg *m, void *arg)
{
	static const struct {
		const char *name;
		unsigned int of;
	} events[] = {
		[FAKETCP_CMD_TUNNEL_ADD_NTF] = { "tunnel-add", OF_TUNNEL },
		[FAKETCP_CMD_TUNNEL_DEL_NTF] = { "tunnel-del", OF_TUNNEL },
		[FAKETCP_CMD_FLOW_ADD_NTF] = { "flow-add", OF_FLOW },
		[FAKETCP_CMD_FLOW_DEL_NTF] = { "flow-del", OF_FLOW },
	};
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct listener *l = arg;
	struct object o;
	uint8_t cmd;

	if (msg->nlmsg_type != family || !object_parse(&o, msg))
		return NL_SKIP;
	cmd = genlmsg_hdr(msg)->cmd;
	if (cmd < ARRAY_SIZE(events) && events[cmd].name)
		l->stop = l->event(events[cmd].name, &o, events[cmd].of);
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
	struct listener l = { .event = event };
	struct nlsock own = {};
	int group, err;

	if (ipc_open(true) || connect_to(&own))
		return REFUSED;
	group = genl_ctrl_resolve_grp(own.sock, FTCP_GENL_NAME,
				      FAKETCP_MCGRP_EVENTS);
	if (group < 0)
		nlsock_failed(&own, -ENOENT, "multicast group events");
	else if (nl_socket_add_membership(own.sock, group))
		nlsock_failed(&own, errno ? -errno : -EIO,
			      "multicast group events");
	nl_socket_disable_seq_check(own.sock);
	nl_socket_modify_cb(own.sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, &l);
	while (!own.error && !l.stop) {
		err = nl_recvmsgs_default(own.sock);
		if (err == -NLE_NOMEM)
			l.stop = event("lost", NULL, 0);
		else if (err < 0 && err != -NLE_INTR)
			nlsock_failed(&own, errno ? -errno : -EIO, "netlink");
	}
	if (own.error)
		l.stop = fail(REFUSED, "%s", own.text);
	nlsock_close(&own);
	return l.stop;
}
