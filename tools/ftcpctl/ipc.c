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

#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"
#include "nlsock.h"

/**
 * struct ipc - A connection to the faketcp family.
 * @nl: The socket.
 * @family: Number of the family.
 * @event: Takes events.
 * @stop: What @event returned, when not 0.
 */
struct ipc {
	struct nlsock nl;
	int family;
	event_fn *event;
	int stop;
};

/* Open the family; @required: say so when it is missing */
static struct ipc *open_family(bool required)
{
	struct ipc *ipc = calloc(1, sizeof(*ipc));

	if (!ipc)
		exit(fail(REFUSED, "out of memory"));
	if (nlsock_open(&ipc->nl, NETLINK_GENERIC)) {
		ipc_refused(ipc);
		goto err;
	}
	ipc->nl.attr_name = attr_word;
	ipc->nl.header = GENL_HDRLEN;
	ipc->family = genl_ctrl_resolve(ipc->nl.sock, FTCP_GENL_NAME);
	if (ipc->family >= 0)
		return ipc;
	if (required)
		fail(REFUSED,
		     "the kernel does not know faketcp; is the module loaded? (modprobe faketcp)");
err:
	ipc_close(ipc);
	return NULL;
}

/** ipc_open() - connect to the family; NULL after a message */
struct ipc *ipc_open(void)
{
	return open_family(true);
}

/** ipc_try_open() - connect to the family if there is one; NULL if not */
struct ipc *ipc_try_open(void)
{
	return open_family(false);
}

/** ipc_close() - disconnect; @ipc may be NULL */
void ipc_close(struct ipc *ipc)
{
	if (!ipc)
		return;
	nlsock_close(&ipc->nl);
	free(ipc);
}

/** ipc_refused() - print why the last request was refused; returns REFUSED */
int ipc_refused(struct ipc *ipc)
{
	return fail(REFUSED, "%s", ipc->nl.text);
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
int ipc_do(struct ipc *ipc, struct nl_msg *msg)
{
	nlmsg_hdr(msg)->nlmsg_type = ipc->family;
	return nlsock_do(&ipc->nl, msg) ? ipc_refused(ipc) : DONE;
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
	struct ipc *ipc = code ? NULL : ipc_open();
	unsigned int ifindex;

	if (!code && !ipc)
		code = REFUSED;
	if (!code)
		code = parse_link(dev, &ifindex);
	if (code) {
		nlmsg_free(msg);
	} else {
		nla_put_u32(msg, FTCP_A_IFINDEX, ifindex);
		code = ipc_do(ipc, msg);
	}
	ipc_close(ipc);
	return code;
}

/* Lists */

static bool wants(const struct filter *f, const struct object *o)
{
	return (!f->ifindex ||
		f->ifindex == object_number(o, FTCP_A_IFINDEX)) &&
	       (!f->tunnel ||
		!strcmp(f->tunnel, object_text(o, FTCP_A_TUNNEL)));
}

/* A list while it is read */
struct reading {
	const struct filter *filter;
	struct list *list;
};

/* Keep a message, or, with the ranges in it, make one kept already longer */
static void keep(struct object *o, const struct nlmsghdr *msg, size_t skip)
{
	size_t old = o->msg ? NLMSG_ALIGN(o->msg->nlmsg_len) : 0;
	size_t more = msg->nlmsg_len - skip;
	struct nlmsghdr *copy = realloc(o->msg, old + more);

	if (!copy)
		exit(fail(REFUSED, "out of memory"));
	memcpy((char *)copy + old, (const char *)msg + skip, more);
	copy->nlmsg_len = old + more;
	object_parse(o, copy);
}

static void add_row(struct nlmsghdr *msg, void *arg)
{
	struct reading *r = arg;
	struct list *l = r->list;
	struct object o;

	if (!object_parse(&o, msg) || !wants(r->filter, &o))
		return;
	if (l->n && o.tb[FTCP_A_PEER] && !o.tb[FTCP_A_STATE] &&
	    continues(&l->array[l->n - 1], &o)) {
		keep(&l->array[l->n - 1], msg, NLMSG_HDRLEN + GENL_HDRLEN);
		return;
	}
	l->array = grow(l->array, l->n, &l->room, sizeof(o));
	l->array[l->n].msg = NULL;
	keep(&l->array[l->n++], msg, 0);
}

static void forget_rows(struct nlmsghdr *msg, void *arg)
{
	struct reading *r = arg;

	(void)msg;
	while (r->list->n)
		free(r->list->array[--r->list->n].msg);
}

/**
 * ipc_read() - List tunnels, peers or flows.
 * @ipc: The connection.
 * @cmd: Which of them.
 * @filter: Of what.
 * @l: The list; to be freed by list_free() also after an error.
 *
 * Return: 0 or a negative errno; see ipc_refused().
 */
int ipc_read(struct ipc *ipc, int cmd, const struct filter *filter,
	     struct list *l)
{
	struct nl_msg *msg = ipc_request(cmd, 0);
	struct reading r = { filter, l };

	memset(l, 0, sizeof(*l));
	nlmsg_hdr(msg)->nlmsg_type = ipc->family;
	if (filter->ifindex)
		nla_put_u32(msg, FTCP_A_IFINDEX, filter->ifindex);
	if (filter->tunnel)
		nla_put_string(msg, FTCP_A_TUNNEL, filter->tunnel);
	return nlsock_dump(&ipc->nl, msg, add_row, forget_rows, &r);
}

/** ipc_list() - the same; DONE, or REFUSED after a message */
int ipc_list(struct ipc *ipc, int cmd, const struct filter *filter,
	     struct list *l)
{
	return ipc_read(ipc, cmd, filter, l) ? ipc_refused(ipc) : DONE;
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
	struct ipc *ipc = arg;
	struct object o;
	uint8_t cmd;

	if (msg->nlmsg_type != ipc->family || !object_parse(&o, msg))
		return NL_SKIP;
	cmd = genlmsg_hdr(msg)->cmd;
	if (cmd < ARRAY_SIZE(events) && events[cmd].name)
		ipc->stop = ipc->event(events[cmd].name, &o, events[cmd].of);
	return ipc->stop ? NL_STOP : NL_OK;
}

/**
 * ipc_monitor() - Wait for events.
 * @ipc: The connection.
 * @event: Takes each event.
 *
 * Return: What @event returned, or a negative errno; see ipc_refused().
 */
int ipc_monitor(struct ipc *ipc, event_fn *event)
{
	struct nl_sock *sock = ipc->nl.sock;
	int group, err;

	group = genl_ctrl_resolve_grp(sock, FTCP_GENL_NAME,
				      FAKETCP_MCGRP_EVENTS);
	if (group < 0)
		return nlsock_failed(&ipc->nl, -ENOENT,
				     "multicast group events");
	err = nl_socket_add_membership(sock, group);
	if (err)
		return nlsock_failed(&ipc->nl, errno ? -errno : -EIO,
				     "multicast group events");
	ipc->event = event;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, ipc);
	while (!ipc->stop) {
		err = nl_recvmsgs_default(sock);
		if (err == -NLE_NOMEM)
			ipc->stop = event("lost", NULL, 0);
		else if (err < 0 && err != -NLE_INTR)
			return nlsock_failed(&ipc->nl, errno ? -errno : -EIO,
					     "netlink");
	}
	return ipc->stop;
}
