/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_NLSOCK_H
#define FTCPCTL_NLSOCK_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>

/**
 * struct messages - What the kernel listed.
 * @array: The messages.
 * @n: How many.
 * @room: How many fit.
 */
struct messages {
	struct nlmsghdr **array;
	size_t n;
	size_t room;
};

/**
 * struct nlsock - A netlink socket and the last refusal that came through it.
 * @sock: The socket; NULL until it is opened.
 * @attr_name: Names the attribute of a request, or NULL.
 * @request: The request under way.
 * @header: Bytes between the netlink header and the attributes of @request.
 * @list: Where messages of the answer go, if there are any.
 * @error: Negative errno of the refusal, 0 for none.
 * @done: Whether the answer is complete.
 * @text: The refusal in words.
 *
 * It stays where it is, and open until the program ends.
 */
struct nlsock {
	struct nl_sock *sock;
	const char *(*attr_name)(int type);
	struct nlmsghdr *request;
	size_t header;
	struct messages *list;
	int error;
	bool done;
	char text[512];
};

int nlsock_open(struct nlsock *nl, int protocol);
int nlsock_do(struct nlsock *nl, struct nl_msg *msg);
int nlsock_dump(struct nlsock *nl, struct nl_msg *msg, struct messages *list);
const char *netlink_reason(int error);
void messages_free(struct messages *list);
uint64_t attr_number(const struct nlattr *a);

#endif /* FTCPCTL_NLSOCK_H */
