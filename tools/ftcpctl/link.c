// SPDX-License-Identifier: GPL-2.0
/*
 * Links of type faketcp, over rtnetlink: which is meant when none is named, and one
 * for the first tunnel.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "netlink.h"

#define TYPE "faketcp"

/* The one that is made when none is named */
#define FIRST "ftcp0"

#define NONE "dev is missing, and there is no link of type " TYPE
#define SEVERAL \
	"dev is missing, and there are several links of type " TYPE ": %s"

static struct nlsock nl;

static struct nl_msg *message(int type, unsigned int flags)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);
	struct ifinfomsg header = { .ifi_flags = flags, .ifi_change = flags };

	if (!msg || nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO))
		exit(refused("out of memory"));
	return msg;
}

/* The name of a link, if it is of our type, or NULL */
static const char *link_name(struct nlmsghdr *msg)
{
	struct nlattr *tb[IFLA_MAX + 1], *kind;

	if (nlmsg_parse(msg, sizeof(struct ifinfomsg), tb, IFLA_MAX, NULL) ||
	    !tb[IFLA_LINKINFO] || !tb[IFLA_IFNAME])
		return NULL;
	kind = nla_find(nla_data(tb[IFLA_LINKINFO]), nla_len(tb[IFLA_LINKINFO]),
			IFLA_INFO_KIND);
	return kind && !nla_strcmp(kind, TYPE) ?
		       nla_get_string(tb[IFLA_IFNAME]) :
		       NULL;
}

/* Names of links, separated by commas; returns how many there are */
static int join(const struct list *l, char **names)
{
	size_t size, i;
	FILE *f = open_memstream(names, &size);
	int n = 0;

	for (i = 0; f && i < l->n; i++) {
		const char *name = link_name(l->array[i].msg);

		if (name)
			fprintf(f, "%s%s", n++ ? ", " : "", name);
	}
	if (!f || fclose(f))
		exit(refused("out of memory"));
	return n;
}

/**
 * link_default() - the link that is meant when none is named: the only one, or, to
 * @make one, a first one.  DONE, or REFUSED after a message.
 */
int link_default(bool make, const char **name)
{
	static char *names;
	struct list l = {};
	int n;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return REFUSED;
	if (nlsock_dump(&nl, message(RTM_GETLINK, 0), &l))
		return refused("%s", nl.text);
	free(names);
	n = join(&l, &names);
	list_free(&l);
	if (n > 1)
		return refused(SEVERAL, names);
	if (!n && !make)
		return refused(NONE);
	*name = n ? names : FIRST;
	return DONE;
}

/**
 * link_check() - is a link of our type?  DONE, or REFUSED after a message, in which it
 * has this name
 */
int link_check(const char *name, unsigned int ifindex)
{
	const struct ifinfomsg *header;
	struct list l = {};
	bool ours = false;
	size_t i;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return REFUSED;
	if (nlsock_dump(&nl, message(RTM_GETLINK, 0), &l))
		return refused("%s", nl.text);
	for (i = 0; i < l.n; i++) {
		header = nlmsg_data(l.array[i].msg);
		if (header->ifi_index == (int)ifindex)
			ours = link_name(l.array[i].msg);
	}
	list_free(&l);
	return ours ? DONE : refused("\"%s\" is no link of type " TYPE, name);
}

/**
 * link_make() - make a link, and set it up, if there is none of this name, and say in
 * @made whether; DONE, or an exit code after a message
 */
int link_make(const char *name, bool *made)
{
	struct nlattr *info;
	struct nl_msg *msg;
	int err;

	*made = false;
	if (if_nametoindex(name))
		return DONE;
	/* Of a % the kernel would make a number */
	if (!*name || strlen(name) >= IF_NAMESIZE || strchr(name, '%'))
		return wrong("dev", name, "not the name of a link");
	if (nlsock_open(&nl, NETLINK_ROUTE))
		return REFUSED;
	msg = message(RTM_NEWLINK, IFF_UP);
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	nla_put_string(msg, IFLA_IFNAME, name);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, TYPE);
	nla_nest_end(msg, info);
	err = nlsock_do(&nl, msg);
	/* Somebody else was faster */
	if (err == -EEXIST)
		return DONE;
	*made = !err;
	return err ? refused("dev: \"%s\": %s", name, nl.text) : DONE;
}

/** link_remove() - delete a link; 0 or a negative errno */
int link_remove(const char *name)
{
	struct nl_msg *msg;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return -EIO;
	msg = message(RTM_DELLINK, 0);
	nla_put_string(msg, IFLA_IFNAME, name);
	return nlsock_do(&nl, msg);
}
