// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of the host's addresses, routes and devices, by which flows may have lost
 * their way.
 *
 * A client's segments leave as the host routes them, from the address that its NAT
 * gives them.  After a change that may be one of which the far end knows nothing, or
 * they do not leave at all.  So far ends are probed at once, and not when the
 * application sends or after a keepalive period; the core does the rest.  A server
 * probes nobody: only who has dialled can dial again.
 *
 * Both mend one change: who sets our own device down and up takes its IPv6 addresses
 * away.  What else a message says hardly matters, so none has to arrive: a buffer
 * that runs over says as much.  Which changes concern which flow depends on rules
 * and NAT, and a probe is cheaper than to find out.
 *
 * Changes come in bursts: flows are looked at a moment later; and where routes come
 * and go all the time, as on a router, once in a second at most.  Until then nobody
 * waits for the socket, so that thousands of messages are one wake-up.
 */
#include "handover.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define SETTLE 100 /* ms from the first change to the look */
#define PAUSE 1000 /* ms between two looks */
#define BUFFER 16384 /* bytes; the less fits the less is to be read */
#define READS 64 /* in one round; about what fits */

/**
 * handover_open() - begin to hear of changes
 * @h: the result
 * @own: interface index of ftcptun's own device
 * @routes: of addresses and routes as well, and not of devices only
 *
 * Where that is not allowed flows notice by their traffic, and by keepalive.
 */
void handover_open(struct handover *h, int own, bool routes)
{
	static const u32 groups[] = {
		RTNLGRP_LINK,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	};
	u32 n = routes ? sizeof(groups) / sizeof(*groups) : 1;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int size = BUFFER;
	u32 i;

	*h = (struct handover){ .fd = -1, .own = own };
	h->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       NETLINK_ROUTE);
	if (h->fd < 0)
		goto err;
	setsockopt(h->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < n; i++)
		addr.nl_groups |= 1u << (groups[i] - 1);
	if (!bind(h->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return;
err:
	say(LOG_NOTICE, "will not hear of changes of addresses and routes: %s",
	    strerror(errno));
	handover_close(h);
}

/** handover_close() - hear of changes no longer */
void handover_close(struct handover *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

/**
 * handover_wait() - what to wait for, and how long
 * @h: how changes are heard of
 * @pfd: for poll(2)
 * @now: present time, ms
 *
 * Return: the timeout, ms; -1 if nothing is due.
 */
int handover_wait(const struct handover *h, struct pollfd *pfd, u64 now)
{
	*pfd = (struct pollfd){
		.fd = h->look_at ? -1 : h->fd,
		.events = POLLIN,
	};
	if (!h->look_at)
		return -1;
	return h->look_at > now ? (int)(h->look_at - now) : 0;
}

/**
 * struct message - the beginning of a message from rtnetlink
 * @nlh: its header
 * @ifi: RTM_NEWLINK, RTM_DELLINK
 * @ifa: RTM_NEWADDR, RTM_DELADDR
 * @room: for the attributes; one that does not fit is as one that is not there
 */
struct message {
	struct nlmsghdr nlh;
	union {
		struct ifinfomsg ifi;
		struct ifaddrmsg ifa;
	};
	u8 room[512];
};

/* An attribute behind @fixed bytes of a message, if there are @size bytes of it. */
static const void *attribute(const struct message *m, size_t fixed, u16 type,
			     size_t size)
{
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(&m->nlh, fixed);
	const u8 *end = mnl_nlmsg_get_payload_tail(&m->nlh);

	for (; mnl_attr_ok(a, (int)(end - (const u8 *)a)); a = mnl_attr_next(a))
		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_payload_len(a) >= size ?
				       mnl_attr_get_payload(a) :
				       NULL;
	return NULL;
}

/* No change is that somebody listens to a device, as tcpdump does; what wireless
 * devices tell, as that they have scanned; what goes on in a bridge; and that an
 * address lives longer, as each router advertisement says.
 */
static bool matters(const struct message *m)
{
	const struct ifa_cacheinfo *info;

	if (m->nlh.nlmsg_len >= NLMSG_LENGTH(sizeof(m->ifi)) &&
	    m->nlh.nlmsg_type == RTM_NEWLINK) {
		if (m->ifi.ifi_family == AF_BRIDGE ||
		    attribute(m, sizeof(m->ifi), IFLA_WIRELESS, 0))
			return false;
		return !m->ifi.ifi_change ||
		       (m->ifi.ifi_change &
			~(unsigned int)(IFF_PROMISC | IFF_ALLMULTI));
	}
	if (m->nlh.nlmsg_len >= NLMSG_LENGTH(sizeof(m->ifa)) &&
	    m->nlh.nlmsg_type == RTM_NEWADDR) {
		info = attribute(m, sizeof(m->ifa), IFA_CACHEINFO,
				 sizeof(*info));
		return !info || info->cstamp == info->tstamp;
	}
	return true;
}

static bool is_own_up(const struct handover *h, const struct message *m)
{
	return m->nlh.nlmsg_len >= NLMSG_LENGTH(sizeof(m->ifi)) &&
	       m->nlh.nlmsg_type == RTM_NEWLINK &&
	       m->ifi.ifi_family != AF_BRIDGE && m->ifi.ifi_index == h->own &&
	       m->ifi.ifi_flags & IFF_UP;
}

/* Whether something has changed.  What is left when all reads are used up wakes
 * us once more.
 */
static bool drain(struct handover *h)
{
	struct sockaddr_nl from;
	bool changed = false;
	struct message m;
	socklen_t size;
	ssize_t len;
	u32 i;

	for (i = 0; i < READS; i++) {
		size = sizeof(from);
		len = recvfrom(h->fd, &m, sizeof(m), 0, (struct sockaddr *)&from,
			       &size);
		if (len >= 0) {
			/* another program may send to us, if it is root's */
			if (from.nl_pid)
				continue;
			m.nlh.nlmsg_len = (u32)len; /* what there is of it */
			if (is_own_up(h, &m))
				h->own_up = true;
			if (matters(&m))
				changed = true;
			continue;
		}
		if (errno == EAGAIN)
			break;
		if (errno != EINTR) /* ENOBUFS: there were more */
			changed = h->own_up = true;
	}
	return changed;
}

/** handover_own_up() - whether our own device was brought up; says so once */
bool handover_own_up(struct handover *h)
{
	bool up = h->own_up;

	h->own_up = false;
	return up;
}

/**
 * handover_due() - whether flows are to be looked at
 * @h: how changes are heard of
 * @pfd: from handover_wait(), after poll(2)
 * @now: present time, ms
 *
 * What changes after that is heard of, and due, later.
 */
bool handover_due(struct handover *h, const struct pollfd *pfd, u64 now)
{
	if (!h->look_at) {
		if (!pfd->revents || !drain(h))
			return false;
		h->look_at = now + SETTLE;
		if (h->look_at < h->looked + PAUSE)
			h->look_at = h->looked + PAUSE;
	}
	if (now < h->look_at)
		return false;
	drain(h);
	h->look_at = 0;
	h->looked = now;
	return true;
}
