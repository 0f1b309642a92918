// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the kernel's messages about tunnels, peers and flows.
 */
#include <string.h>

#include <netlink/genl/genl.h>

#include "attr.h"
#include "nlsock.h"

/** object_parse() - take a message apart; @o refers to it */
bool object_parse(struct object *o, struct nlmsghdr *msg)
{
	o->msg = msg;
	return genlmsg_valid_hdr(msg, 0) &&
	       !genlmsg_parse(msg, 0, o->tb, FTCP_A_MAX, attr_policy());
}

/** object_number() - a number, 0 if there is none */
uint64_t object_number(const struct object *o, int type)
{
	uint64_t value;

	attr_number(o->tb[type], &value);
	return value;
}

/** object_text() - a string, empty if there is none */
const char *object_text(const struct object *o, int type)
{
	return o->tb[type] ? nla_get_string(o->tb[type]) : "";
}

/** object_address() - is there an address? @out is all zero if not */
bool object_address(const struct object *o, int type, union address *out)
{
	const struct nlattr *a = o->tb[type];
	size_t len = a ? (size_t)nla_len(a) : 0;

	memset(out, 0, sizeof(*out));
	if (len < sizeof(out->sa.sa_family))
		return false;
	memcpy(out, nla_data(a), len < sizeof(*out) ? len : sizeof(*out));
	if (len >= address_len(out) && address_is_set(out))
		return true;
	memset(out, 0, sizeof(*out));
	return false;
}

/** object_counter() - a counter in a nest, 0 if there is none */
uint64_t object_counter(const struct object *o, int nest, int type)
{
	struct nlattr *a = NULL;
	uint64_t value;

	if (o->tb[nest])
		a = nla_find(nla_data(o->tb[nest]), nla_len(o->tb[nest]), type);
	attr_number(a, &value);
	return value;
}

/** same_text() - do both have the same string? */
bool same_text(const struct object *a, const struct object *b, int type)
{
	return !strcmp(object_text(a, type), object_text(b, type));
}

static bool get_range(const struct nlattr *nest, struct prefix *p)
{
	static struct nla_policy policy[FTCP_ALLOWED_IP_MAX + 1] = {
		[FTCP_ALLOWED_IP_PREFIX] = { .type = NLA_U8 },
	};
	struct nlattr *tb[FTCP_ALLOWED_IP_MAX + 1], *addr;

	memset(p, 0, sizeof(*p));
	if (nla_parse_nested(tb, FTCP_ALLOWED_IP_MAX, (struct nlattr *)nest,
			     policy))
		return false;
	addr = tb[FTCP_ALLOWED_IP_ADDR];
	if (!addr || !tb[FTCP_ALLOWED_IP_PREFIX] ||
	    (nla_len(addr) != 4 && nla_len(addr) != 16))
		return false;
	p->family = nla_len(addr) == 4 ? AF_INET : AF_INET6;
	p->len = nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]);
	memcpy(p->addr, nla_data(addr), nla_len(addr));
	return true;
}

/**
 * next_range() - Go through the ranges of a peer.
 * @o: The peer.
 * @type: The attribute, which is there for each of them.
 * @last: What was returned before; NULL in the beginning.
 * @out: A range.
 *
 * Return: For the next call; NULL behind the last one.
 */
struct nlattr *next_range(const struct object *o, int type, struct nlattr *last,
			  struct prefix *out)
{
	struct nlattr *a = last ?: genlmsg_attrdata(genlmsg_hdr(o->msg), 0);
	char *end = (char *)o->msg + o->msg->nlmsg_len;
	int rest = end - (char *)a;

	if (last)
		a = nla_next(a, &rest);
	for (; nla_ok(a, rest); a = nla_next(a, &rest))
		if (nla_type(a) == type && get_range(a, out))
			return a;
	return NULL;
}

/**
 * continues() - Is this more of the same peer?
 * @o: A peer.
 * @next: What came behind it.
 *
 * Return: Whether it is: ranges that do not fit into one message come in several.
 */
bool continues(const struct object *o, const struct object *next)
{
	return object_number(o, FTCP_A_IFINDEX) ==
		       object_number(next, FTCP_A_IFINDEX) &&
	       same_text(o, next, FTCP_A_TUNNEL) &&
	       same_text(o, next, FTCP_A_PEER);
}
