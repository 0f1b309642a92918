// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink transactions: a request and its acknowledgement, a dump and its
 * end, and what the kernel says in its extended acknowledgement.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ftcpctl.h"
#include "nlsock.h"

/* A dump that changed while it was read is read again, this often */
#define DUMP_TRIES 10

#define ADMIN "CAP_NET_ADMIN is needed"

/* The reason in words when the kernel sends no text */
static const char *reason(int error)
{
	if (error == -EPERM || error == -EACCES)
		return "not permitted (" ADMIN ")";
	return strerror(-error);
}

/* The attribute that starts @offset bytes into the request */
static const struct nlattr *attr_at(struct nlsock *nl, uint32_t offset)
{
	const struct nlattr *a;
	int rest;

	if (!nl->attr_name || !nl->request)
		return NULL;
	nlmsg_for_each_attr(a, nl->request, nl->header, rest) {
		if ((const char *)a - (const char *)nl->request ==
		    (ptrdiff_t)offset)
			return a;
	}
	return NULL;
}

/** attr_number() - is there a number in an attribute?  Which? */
bool attr_number(const struct nlattr *a, uint64_t *value)
{
	*value = 0;
	switch (a ? nla_len(a) : 0) {
	case 1:
		*value = nla_get_u8(a);
		return true;
	case 2:
		*value = nla_get_u16(a);
		return true;
	case 4:
		*value = nla_get_u32(a);
		return true;
	case 8:
		*value = nla_get_u64(a); /* wherever it is */
		return true;
	default:
		return false;
	}
}

/* A number that the kernel's policy for its attribute does not allow */
static bool refuse_number(struct nlsock *nl, const char *what,
			  const struct nlattr *a, struct nlattr *policy)
{
	struct nlattr *tb[NL_POLICY_TYPE_ATTR_MAX + 1];
	uint64_t value, min, max;

	if (!what || !attr_number(a, &value) ||
	    nla_parse_nested(tb, NL_POLICY_TYPE_ATTR_MAX, policy, NULL) ||
	    !tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U] ||
	    !tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U])
		return false;
	min = nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]);
	max = nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]);
	if (value >= min && value <= max)
		return false;
	snprintf(nl->text, sizeof(nl->text),
		 "%s: %" PRIu64 ": out of range (%" PRIu64 " to %" PRIu64 ")",
		 what, value, min, max);
	return true;
}

/* Put a refusal into words; @tlvs holds what follows the error number */
static void refuse(struct nlsock *nl, int error, struct nlattr *tlvs, int len)
{
	static struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = {};
	const struct nlattr *culprit = NULL;
	const char *what = NULL, *text = reason(error), *more = "";

	nl->error = error;
	if (len > 0)
		nla_parse(tb, NLMSGERR_ATTR_MAX, tlvs, len, policy);
	if (tb[NLMSGERR_ATTR_OFFS])
		culprit = attr_at(nl, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	if (culprit)
		what = nl->attr_name(nla_type(culprit));
	if (culprit && tb[NLMSGERR_ATTR_POLICY] &&
	    refuse_number(nl, what, culprit, tb[NLMSGERR_ATTR_POLICY]))
		return;
	if (tb[NLMSGERR_ATTR_MSG]) {
		text = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
		more = error == -EPERM ? " (" ADMIN ")" : "";
	}
	snprintf(nl->text, sizeof(nl->text), "%s%s%s%s", what ?: "",
		 what ? ": " : "", text, more);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct nlmsghdr *msg = (struct nlmsghdr *)err - 1;
	size_t skip = sizeof(*err);
	struct nlsock *nl = arg;

	(void)from;
	if (!(msg->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - NLMSG_HDRLEN;
	skip = NLMSG_ALIGN(skip);
	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    skip > (size_t)nlmsg_datalen(msg))
		skip = nlmsg_datalen(msg);
	refuse(nl, err->error, (void *)((char *)err + skip),
	       nlmsg_datalen(msg) - skip);
	nl->done = true;
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct nlsock *nl = arg;

	(void)msg;
	nl->done = true;
	return NL_STOP;
}

/* The end of a dump carries an error number, and text if there was one */
static int on_finish(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct nlsock *nl = arg;
	int error = 0;

	nl->done = true;
	if (nlmsg_datalen(msg) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(msg), sizeof(error));
	if (error < 0)
		refuse(nl, error,
		       (void *)((char *)nlmsg_data(msg) +
				NLMSG_ALIGN(sizeof(error))),
		       nlmsg_datalen(msg) - (int)NLMSG_ALIGN(sizeof(error)));
	return NL_STOP;
}

static int on_valid(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *msg = nlmsg_hdr(m), *copy;
	struct messages *l = ((struct nlsock *)arg)->list;

	if (!l)
		return NL_OK;
	copy = malloc(msg->nlmsg_len);
	if (!copy)
		exit(fail(REFUSED, "out of memory"));
	memcpy(copy, msg, msg->nlmsg_len);
	l->array = grow(l->array, l->n, &l->room, sizeof(*l->array));
	l->array[l->n++] = copy;
	return NL_OK;
}

/** messages_free() - free what nlsock_dump() has read */
void messages_free(struct messages *list)
{
	while (list->n)
		free(list->array[--list->n]);
	free(list->array);
	memset(list, 0, sizeof(*list));
}

/** nlsock_open() - open a socket for NETLINK_GENERIC or NETLINK_ROUTE */
int nlsock_open(struct nlsock *nl, int protocol)
{
	int one = 1, err;

	memset(nl, 0, sizeof(*nl));
	nl->sock = nl_socket_alloc();
	if (!nl->sock)
		return nlsock_failed(nl, -ENOMEM, "netlink");
	err = nl_connect(nl->sock, protocol);
	if (err)
		return nlsock_failed(nl, errno ? -errno : -EIO, "netlink");
	nl_socket_set_buffer_size(nl->sock, 1 << 20, 1 << 20);
	nl_socket_enable_msg_peek(nl->sock);
	/* Text of refusals; without these there are only error numbers */
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &one, sizeof(one));
	return 0;
}

/** nlsock_close() - close a socket, which may never have been opened */
void nlsock_close(struct nlsock *nl)
{
	if (nl->sock)
		nl_socket_free(nl->sock);
	nl->sock = NULL;
}

/**
 * nlsock_failed() - record a failure of @what that the kernel did not put into
 * words; returns @error
 */
int nlsock_failed(struct nlsock *nl, int error, const char *what)
{
	nl->error = error;
	snprintf(nl->text, sizeof(nl->text), "%s: %s", what, reason(error));
	return error;
}

/* Send @msg and take the answers; 0, 1 (interrupted) or an error */
static int transact(struct nlsock *nl, struct nl_msg *msg)
{
	bool interrupted = false;
	struct nl_cb *cb;
	int err;

	nl->error = 0;
	nl->done = false;
	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!cb)
		return nlsock_failed(nl, -ENOMEM, "netlink");
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, nl);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, nl);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	errno = 0;
	err = nl_send_auto(nl->sock, msg);
	nl->request = nlmsg_hdr(msg);
	while (err >= 0 && !nl->done) {
		err = nl_recvmsgs(nl->sock, cb);
		if (err == -NLE_DUMP_INTR) {
			interrupted = true;
			err = 0;
		}
	}
	nl->request = NULL;
	nl_cb_put(cb);
	if (nl->error)
		return nl->error;
	if (err >= 0)
		return interrupted;
	nl->error = errno ? -errno : -EIO;
	snprintf(nl->text, sizeof(nl->text), "netlink: %s", nl_geterror(err));
	return nl->error;
}

/*
 * The kernel waits for half a second until what is on its way out is gone, and
 * then has to be asked again, this often
 */
#define BUSY_TRIES 60

/** nlsock_do() - make a request, free it and wait until it is done */
int nlsock_do(struct nlsock *nl, struct nl_msg *msg)
{
	int err, tries = BUSY_TRIES;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	do {
		err = transact(nl, msg);
	} while (err == -EAGAIN && --tries);
	nlmsg_free(msg);
	return err;
}

/**
 * nlsock_dump() - Read a list.
 * @nl: The socket.
 * @msg: The request; freed.
 * @list: Receives it; to be freed by messages_free(), unless there is an error.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int nlsock_dump(struct nlsock *nl, struct nl_msg *msg, struct messages *list)
{
	int tries = 0, err;

	memset(list, 0, sizeof(*list));
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	nl->list = list;
	do {
		messages_free(list);
		err = transact(nl, msg);
	} while (err > 0 && ++tries < DUMP_TRIES);
	nl->list = NULL;
	nlmsg_free(msg);
	if (err > 0)
		note("the list kept changing while it was read; it may be incomplete");
	if (err < 0)
		messages_free(list);
	return err < 0 ? err : 0;
}
