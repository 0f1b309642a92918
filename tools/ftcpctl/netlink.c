// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink transactions: a request and its acknowledgement, a dump and its
 * end, and what the kernel says in its extended acknowledgement.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "netlink.h"

/* A dump that changed while it was read is read again, this often */
#define DUMP_TRIES 10

#define ADMIN "CAP_NET_ADMIN is needed"

/** netlink_reason() - an errno in words, when the kernel sends no text */
const char *netlink_reason(int error)
{
	if (error == EPERM || error == EACCES)
		return "not permitted (" ADMIN ")";
	return strerror(error);
}

/* The attribute that starts @offset bytes into the request */
static const struct nlattr *attr_at(struct nlsock *nl, uint32_t offset)
{
	const struct nlattr *a;
	int rest;

	if (!nl->header || !nl->request)
		return NULL;
	nlmsg_for_each_attr(a, nl->request, nl->header, rest) {
		if ((const char *)a - (const char *)nl->request ==
		    (ptrdiff_t)offset)
			return a;
	}
	return NULL;
}

/** attr_number() - the number in an attribute, wherever it is; 0 without one */
uint64_t attr_number(const struct nlattr *a)
{
	switch (a ? nla_len(a) : 0) {
	case 1:
		return nla_get_u8(a);
	case 2:
		return nla_get_u16(a);
	case 4:
		return nla_get_u32(a);
	case 8:
		return nla_get_u64(a);
	default:
		return 0;
	}
}

/* A number that the kernel's policy for its attribute does not allow */
static bool refuse_number(struct nlsock *nl, const char *what, uint64_t value,
			  struct nlattr *policy)
{
	struct nlattr *tb[NL_POLICY_TYPE_ATTR_MAX + 1];
	uint64_t min, max;

	if (nla_parse_nested(tb, NL_POLICY_TYPE_ATTR_MAX, policy, NULL) ||
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
	const char *what = NULL, *text = netlink_reason(-error), *more = "";

	nl->error = error;
	nl->done = true;
	if (len > 0)
		nla_parse(tb, NLMSGERR_ATTR_MAX, tlvs, len, policy);
	if (tb[NLMSGERR_ATTR_OFFS])
		culprit = attr_at(nl, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	if (culprit)
		what = attr_word(nla_type(culprit));
	if (what && tb[NLMSGERR_ATTR_POLICY] &&
	    refuse_number(nl, what, attr_number(culprit),
			  tb[NLMSGERR_ATTR_POLICY]))
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
	struct nlsock *nl = arg;

	(void)from;
	/* the request itself does not come back (NETLINK_CAP_ACK) */
	refuse(nl, err->error, (void *)(err + 1),
	       nlmsg_datalen(msg) - (int)sizeof(*err));
	return NL_STOP;
}

/* An acknowledgement, or the end of a dump, which has text behind its number */
static int on_end(struct nl_msg *m, void *arg)
{
	int error = 0, skip = NLMSG_ALIGN(sizeof(error));
	struct nlmsghdr *msg = nlmsg_hdr(m);
	struct nlsock *nl = arg;

	nl->done = true;
	if (msg->nlmsg_type == NLMSG_DONE && nlmsg_datalen(msg) >= skip)
		memcpy(&error, nlmsg_data(msg), sizeof(error));
	if (error < 0)
		refuse(nl, error, (void *)((char *)nlmsg_data(msg) + skip),
		       nlmsg_datalen(msg) - skip);
	return NL_STOP;
}

static int on_valid(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *msg = nlmsg_hdr(m), *copy;
	struct list *l = ((struct nlsock *)arg)->list;

	if (!l)
		return NL_OK;
	copy = malloc(msg->nlmsg_len);
	if (!copy)
		exit(refused("out of memory"));
	memcpy(copy, msg, msg->nlmsg_len);
	l->array = grow(l->array, l->n, &l->room, sizeof(*l->array));
	l->array[l->n++] = (struct object){ .msg = copy };
	return NL_OK;
}

static void list_cut(struct list *l, size_t n)
{
	while (l->n > n)
		free(l->array[--l->n].msg);
}

/** list_free() - free what is in a list */
void list_free(struct list *l)
{
	list_cut(l, 0);
	free(l->array);
	*l = (struct list){};
}

/** nlsock_open() - open a socket, if it is not; DONE, or REFUSED after a message */
int nlsock_open(struct nlsock *nl, int protocol)
{
	int one = 1;

	if (nl->sock)
		return DONE;
	nl->sock = nl_socket_alloc();
	if (!nl->sock || nl_connect(nl->sock, protocol)) {
		refused("netlink: %s", netlink_reason(errno));
		nl_socket_free(nl->sock);
		nl->sock = NULL;
		return REFUSED;
	}
	nl_socket_set_buffer_size(nl->sock, 1 << 20, 1 << 20);
	nl_socket_enable_msg_peek(nl->sock);
	nl_socket_modify_err_cb(nl->sock, NL_CB_CUSTOM, on_error, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_ACK, NL_CB_CUSTOM, on_end, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_end, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	/* Text of refusals; without these there are only error numbers */
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &one, sizeof(one));
	return DONE;
}

/* Send @msg and take the answers; 0, 1 (interrupted) or an error */
static int transact(struct nlsock *nl, struct nl_msg *msg)
{
	bool interrupted = false;
	int err;

	nl->error = 0;
	nl->done = false;
	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	errno = 0;
	err = nl_send_auto(nl->sock, msg);
	nl->request = nlmsg_hdr(msg);
	while (err >= 0 && !nl->done) {
		err = nl_recvmsgs_default(nl->sock);
		if (err == -NLE_DUMP_INTR) {
			interrupted = true;
			err = 0;
		}
	}
	nl->request = NULL;
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
 * nlsock_dump() - make a request, free it, and append the answers to a list; 0 or a
 * negative errno, with the reason in @nl->text
 */
int nlsock_dump(struct nlsock *nl, struct nl_msg *msg, struct list *l)
{
	int tries = DUMP_TRIES, err;
	size_t before = l->n;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	nl->list = l;
	do {
		list_cut(l, before);
		err = transact(nl, msg);
	} while (err > 0 && --tries);
	nl->list = NULL;
	nlmsg_free(msg);
	if (err > 0)
		note("the list kept changing while it was read; it may be incomplete");
	if (err >= 0)
		return 0;
	list_cut(l, before);
	return err;
}
