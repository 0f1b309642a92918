/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_IPC_H
#define FTCPCTL_IPC_H

#include "ftcpctl.h"
#include "attr.h"

/**
 * struct filter - What a list is limited to.
 * @ifindex: A link, 0 for all.
 * @tunnel: A tunnel, NULL for all.
 * @quiet: Whether it is no matter if there is none.
 */
struct filter {
	unsigned int ifindex;
	const char *tunnel;
	bool quiet;
};

/**
 * struct list - What the kernel lists.
 * @array: The objects.
 * @n: How many.
 * @room: How many fit.
 */
struct list {
	struct object *array;
	size_t n;
	size_t room;
};

/**
 * typedef event_fn - Takes something that happened to a tunnel or a flow.
 * @name: What, as in the specification, without "-ntf"; or "lost", with no @o,
 *	when events came faster than they were read.
 * @o: The tunnel or flow.
 *
 * Return: 0 to go on.
 */
typedef int event_fn(const char *name, const struct object *o);

int ipc_open(bool required);
struct nl_msg *ipc_request(int cmd, const struct args *a);
int ipc_do(struct nl_msg *msg);
int ipc_do_dev(struct nl_msg *msg, int code, const char *dev);
int ipc_filter(const struct args *a, struct filter *filter);
int ipc_list(int cmd, const struct filter *filter, struct list *l);
void list_free(struct list *l);
int ipc_monitor(event_fn *event);

#endif /* FTCPCTL_IPC_H */
