// SPDX-License-Identifier: GPL-2.0
/*
 * apply, save: a link from a file, and a file from a link.
 *
 * What the file says is compared with what there is.  The difference is a list of
 * steps, each of which knows the one that takes it back.
 */
#include <errno.h>

#include "rules.h"

/**
 * struct half - A request.
 * @cmd: What is asked of the kernel; 0 for nothing.
 * @o: About what.
 * @remote: Of a tunnel that is made: its peer, which has its endpoint.
 * @types: Which words of it.
 */
struct half {
	int cmd;
	const struct object *o;
	const struct object *remote;
	bool types[FTCP_A_MAX + 1];
};

/**
 * struct step - A request, and the one that takes it back.
 * @where: FILE:LINE that it comes from; empty if what is gone from the file.
 * @half: The request.
 * @back: The one that takes it back.
 */
struct step {
	const char *where;
	struct half half, back;
};

static struct step *steps;
static size_t n_steps, step_room;

/* Rules and routes to remove, and to add; whether it was done */
static struct change {
	bool add;
	bool done;
	struct entry *e;
} * changes;
static size_t n_changes, change_room;

static struct step *new_step(const char *where)
{
	steps = grow(steps, n_steps, &step_room, sizeof(*steps));
	steps[n_steps] = (struct step){ .where = where };
	return &steps[n_steps++];
}

/* The peer that a listening tunnel is made with */
static const struct object *remote_of(const struct config *c,
				      const struct object *t)
{
	size_t i;

	if (object_number(t, FTCP_A_MODE) != FTCP_MODE_LISTEN)
		return NULL;
	for (i = 0; i < c->n; i++)
		if (c->items[i].o.of == OF_PEER &&
		    same_value(&c->items[i].o, t, FTCP_A_TUNNEL))
			return &c->items[i].o;
	return NULL;
}

/* To make a tunnel or a peer of which there is nothing, but what came with it */
static struct half half_new(const struct config *c, const struct item *item)
{
	struct half h = { .o = &item->o };
	const int *type;

	for (type = types_of(&item->o); *type; type++)
		h.types[*type] = item->given[*type] && item->o.tb[*type];
	if (item->o.of == OF_PEER) {
		h.cmd = FAKETCP_CMD_PEER_SET;
		for (type = peer_types; *type; type++)
			h.types[*type] = item->given[*type];
		return h;
	}
	for (type = fixed_types; *type; type++)
		h.types[*type] = item->o.tb[*type];
	h.cmd = FAKETCP_CMD_TUNNEL_NEW;
	h.remote = remote_of(c, &item->o);
	return h;
}

static struct half half_del(const struct item *item)
{
	return (struct half){
		.cmd = item->o.of == OF_PEER ? FAKETCP_CMD_PEER_DEL :
					       FAKETCP_CMD_TUNNEL_DEL,
		.o = &item->o,
	};
}

static void plan_new(const struct config *want, const struct item *item)
{
	struct step *s;

	if (item->implied)
		return;
	s = new_step(item->where);
	s->half = half_new(want, item);
	/* a peer that comes with its tunnel goes with it, too */
	s->back = half_del(item);
}

/* A tunnel goes with its peers, and comes back with them */
static void plan_del(const struct config *have, const struct item *tunnel)
{
	struct step *s;
	size_t i;

	for (i = 0; i < have->n; i++)
		if (have->items[i].o.of == OF_PEER &&
		    same_value(&have->items[i].o, &tunnel->o, FTCP_A_TUNNEL))
			new_step("")->back = half_new(have, &have->items[i]);
	s = new_step("");
	s->half = half_del(tunnel);
	s->back = half_new(have, tunnel);
}

static void plan_set(const struct item *want, const struct item *have)
{
	const int *type = types_of(&want->o);
	struct half h = {
		.cmd = want->o.of == OF_PEER ? FAKETCP_CMD_PEER_SET :
					       FAKETCP_CMD_TUNNEL_SET,
	};
	struct step *s;
	int n = 0;

	for (; *type; type++) {
		h.types[*type] = !same_word(&want->o, &have->o, *type);
		n += h.types[*type];
	}
	if (!n)
		return;
	s = new_step(want->where);
	s->half = s->back = h;
	s->half.o = &want->o;
	s->back.o = &have->o;
}

/* Is it the same tunnel, or another one of the same name? */
static bool can_stay(const struct config *want, const struct item *have)
{
	const struct item *w = config_find(want, &have->o);
	const int *type = fixed_types;

	while (w && *type && same_word(&w->o, &have->o, *type))
		type++;
	return w && !*type;
}

static void plan(const struct config *want, const struct config *have)
{
	const struct item *item, *other;
	size_t i, of;

	for (i = 0; i < have->n; i++) {
		item = &have->items[i];
		if (item->o.of == OF_TUNNEL) {
			if (!can_stay(want, item))
				plan_del(have, item);
		} else if (!config_find(want, &item->o) &&
			   can_stay(want, config_tunnel(have, &item->o))) {
			struct step *s = new_step("");

			s->half = half_del(item);
			s->back = half_new(have, item);
		}
	}
	for (of = OF_TUNNEL; of <= OF_PEER; of++)
		for (i = 0; i < want->n; i++) {
			item = &want->items[i];
			if (item->o.of != of)
				continue;
			other = config_tunnel(have, &item->o);
			if (other && !can_stay(want, other))
				other = NULL;
			other = other ? config_find(have, &item->o) : NULL;
			if (other)
				plan_set(item, other);
			else
				plan_new(want, item);
		}
}

static void plan_entries(const struct config *of, const struct config *than,
			 bool add)
{
	size_t i;

	for (i = 0; i < of->n_entries; i++) {
		if (config_has(than, &of->entries[i]))
			continue;
		changes = grow(changes, n_changes, &change_room,
			       sizeof(*changes));
		changes[n_changes++] = (struct change){
			.add = add,
			.e = &of->entries[i],
		};
	}
}

/* For people */

static void print_words(const struct object *o, const bool *types)
{
	static const char *const forms[] = {
		[FTCP_MODE_ROUTED] = "routed", [FTCP_MODE_IP] = "ip"
	};
	uint64_t mode = object_number(o, FTCP_A_MODE);
	const int *type;
	char *word;
	int i;

	for (i = 0; i < 2; i++)
		for (type = i ? types_of(o) : fixed_types; *type; type++) {
			if (!types[*type])
				continue;
			word = object_word(o, *type);
			/* the other modes have words of their own */
			if (*type == FTCP_A_MODE && mode < ARRAY_SIZE(forms) &&
			    forms[mode])
				printf(" %s", forms[mode]);
			else if (*type != FTCP_A_MODE && word)
				printf(" %s %s", attr_word(*type), word);
			free(word);
		}
}

static void print_object(const struct half *h, const char *dev)
{
	const struct object *o = h->o;
	char *word;

	if (o->of == OF_PEER) {
		printf("peer");
		print_quoted(object_text(o, FTCP_A_PEER));
		putchar(' ');
	}
	printf("tunnel");
	print_quoted(object_text(o, FTCP_A_TUNNEL));
	if (dev) {
		printf(" dev");
		print_quoted(dev);
	}
	print_words(o, h->types);
	if (h->remote) {
		word = object_word(h->remote, FTCP_A_ENDPOINT);
		printf(" remote %s", word);
		free(word);
	}
	putchar('\n');
}

static void print_steps(const char *dev)
{
	static const char *const verbs_of[FAKETCP_CMD_MAX + 1] = {
		[FAKETCP_CMD_TUNNEL_NEW] = "add",
		[FAKETCP_CMD_TUNNEL_SET] = "set",
		[FAKETCP_CMD_TUNNEL_DEL] = "del",
		[FAKETCP_CMD_PEER_SET] = "set",
		[FAKETCP_CMD_PEER_DEL] = "del",
	};
	size_t i;

	for (i = 0; i < n_steps; i++) {
		if (!steps[i].half.cmd)
			continue;
		printf("ftcpctl %s ", verbs_of[steps[i].half.cmd]);
		print_object(&steps[i].half, dev);
	}
	for (i = 0; i < n_changes; i++)
		entry_print(changes[i].add ? "add" : "del", changes[i].e);
}

/* The kernel */

static int do_half(const struct half *h, unsigned int ifindex)
{
	struct nl_msg *msg;
	struct nlattr *a;

	if (!h->cmd)
		return DONE;
	msg = ipc_request_of(h->cmd, ifindex, h->o, h->types);
	if (h->remote) {
		a = h->remote->tb[FTCP_A_ENDPOINT];
		nla_put(msg, FTCP_A_ENDPOINT, nla_len(a), nla_data(a));
		a = h->remote->tb[FTCP_A_ENDPOINT_NAME];
		if (a)
			nla_put_string(msg, FTCP_A_ENDPOINT_NAME,
				       nla_get_string(a));
	}
	return ipc_do(msg);
}

/*
 * A range that a peer was given was taken from the one that had it, whose own step may
 * not have been reached: it gets its ranges in any case.
 */
static void take_back(unsigned int ifindex, size_t n_done, size_t n_changed)
{
	size_t i;

	while (n_changed--)
		if (changes[n_changed].done)
			rtnl_change(!changes[n_changed].add,
				    changes[n_changed].e);
	snprintf(batch_line, WHERE_SIZE, "undo: ");
	for (i = n_steps; i--;) {
		struct half back = steps[i].back;

		if (i >= n_done) {
			if (back.cmd != FAKETCP_CMD_PEER_SET ||
			    back.cmd != steps[i].half.cmd ||
			    !back.types[FTCP_A_ALLOWED_IP])
				continue;
			memset(back.types, 0, sizeof(back.types));
			back.types[FTCP_A_ALLOWED_IP] = true;
		}
		do_half(&back, ifindex);
	}
	batch_line[0] = '\0';
}

/* One rule or route; what is so already is no reason to fail */
static int change_entry(struct change *c, const struct config *want,
			bool *no_ipv6)
{
	bool optional = c->add && rules_optional(want, c->e);
	int err;

	/* Rules without a route would lead nowhere */
	if (*no_ipv6 && optional)
		return DONE;
	err = rtnl_change(c->add, c->e);
	c->done = !err;
	if (!err || (!c->add && (err == -ENOENT || err == -ESRCH)))
		return DONE;
	if (!optional || !entry_lacks_ipv6(c->e, err))
		return entry_refuse(want->dev, c->e, err);
	note("no IPv6 on link %s: only IPv4 is steered", want->dev);
	*no_ipv6 = true;
	return DONE;
}

static int change_all(const char *path, const struct config *want)
{
	size_t i, j;
	bool no_ipv6 = false;
	int code = DONE;

	for (i = 0; i < n_steps && !code; i++) {
		snprintf(batch_line, WHERE_SIZE, "%s", steps[i].where);
		if (!*steps[i].where)
			snprintf(batch_line, WHERE_SIZE, "%s: ", path);
		code = do_half(&steps[i].half, want->ifindex);
	}
	/* what was refused was not done */
	i -= !!code;
	snprintf(batch_line, WHERE_SIZE, "%s: ", path);
	for (j = 0; j < n_changes && !code; j++)
		code = change_entry(&changes[j], want, &no_ipv6);
	batch_line[0] = '\0';
	if (code)
		take_back(want->ifindex, i, j);
	return code;
}

/* The link that the file is about, by its number */
static void set_link(struct config *c, unsigned int ifindex)
{
	size_t i;

	c->ifindex = ifindex;
	for (i = 0; i < c->n_entries; i++)
		if (c->entries[i].route)
			c->entries[i].ifindex = ifindex;
}

static int run_apply(const char *const *given)
{
	struct config want = {}, known = {}, have = {};
	char dev[IF_NAMESIZE];
	bool dry = given[WORD_DRY_RUN], made = false;
	unsigned int ifindex;
	const char *path;
	int code = link_of_file(given[FTCP_A_IFNAME], dev, &path);

	if (code)
		return code;
	want.dev = known.dev = have.dev = dev;
	known.ifindex = if_nametoindex(dev);
	code = config_of_kernel(&known);
	code = code ?: config_of_file(&want, path, &known);
	if (code)
		return code;
	/* Names may have taken a while, or others were busy with the link */
	if (!dry)
		lock_changes();
	have.ifindex = if_nametoindex(dev);
	set_link(&want, have.ifindex);
	code = config_of_kernel(&have) ?: rules_have(&want, &have);
	if (code)
		return code;
	plan(&want, &have);
	plan_entries(&have, &want, false);
	plan_entries(&want, &have, true);
	if (dry) {
		print_steps(dev);
		return DONE;
	}
	code = ipc_open(true);
	code = code ?: link_make(dev, &made);
	code = code ?: parse_link(dev, &ifindex);
	if (!code)
		set_link(&want, ifindex);
	code = code ?: change_all(path, &want);
	if (code && made)
		link_remove(dev);
	return code;
}

/* Is there more to say of a peer than its tunnel says? */
static bool needs_line(const struct config *c, const struct item *item,
		       struct half *h)
{
	const struct object *t = &config_tunnel(c, &item->o)->o;
	uint64_t mode = object_number(t, FTCP_A_MODE);
	const int *type = peer_types;

	if (mode == FTCP_MODE_LISTEN)
		h->types[FTCP_A_ENDPOINT] = false;
	else if (mode != FTCP_MODE_FORWARD ||
		 strcmp(object_text(&item->o, FTCP_A_PEER), "any"))
		return true;
	while (*type && !h->types[*type])
		type++;
	return *type;
}

static int run_save(const char *const *given)
{
	struct config have = { .dev = given[FTCP_A_IFNAME] };
	size_t i;
	int code = parse_link(have.dev, &have.ifindex);

	code = code ?: config_of_kernel(&have);
	code = code ?: rules_have(&have, &have);
	if (code)
		return code;
	for (i = 0; i < have.n; i++) {
		const struct item *item = &have.items[i];
		struct half h = half_new(&have, item);

		if (item->o.of == OF_PEER && !needs_line(&have, item, &h))
			continue;
		print_object(&h, NULL);
	}
	rules_print_words(&have);
	return DONE;
}

/* A link goes with what leads there */
static int run_del_link(const char *const *given)
{
	struct config have = { .dev = given[FTCP_A_IFNAME] };
	int code;
	size_t i;

	lock_changes();
	code = parse_link(have.dev, &have.ifindex);
	code = code ?: config_of_kernel(&have);
	code = code ?: rules_have(&have, &have);
	for (i = 0; i < have.n_entries && !code; i++)
		if (rtnl_change(false, &have.entries[i]))
			code = refused("%s", rtnl_error());
	if (!code && link_remove(have.dev))
		code = refused("\"%s\" cannot be deleted", have.dev);
	return code;
}

const struct verb del_link = {
	.verb = "del",
	.object = "link",
	.synopsis = "NAME\n",
	.help = "Delete a link, its tunnels, and the rules and routes that lead there.\n",
	.name = FTCP_A_IFNAME,
	.words = (const struct word[]){ {} },
	.run = run_del_link,
};

const struct verb apply = {
	.verb = "apply",
	.synopsis = "NAME|FILE [--dry-run]\n",
	.help = "Make a link be what its file says: /etc/faketcp/NAME.conf, or FILE, whose name\n"
		"without .conf is that of the link.  A line of it is `tunnel', `peer' or `rules'\n"
		"with the words of add tunnel, set peer and add rules, but no `dev'; `#' begins\n"
		"a comment.  What is the same already stays as it is, with its flows; what the\n"
		"file does not have is removed.  All of it is done, or nothing.\n"
		"\n"
		"  --dry-run   print the commands that would do it, do nothing\n",
	.name = FTCP_A_IFNAME,
	.words = (const struct word[]){ { "--dry-run", WORD_DRY_RUN, FLAG },
					{} },
	.run = run_apply,
};

const struct verb save = {
	.verb = "save",
	.synopsis = "NAME\n",
	.help = "Print the file that makes the link be what it is now, for apply.\n",
	.name = FTCP_A_IFNAME,
	.words = (const struct word[]){ {} },
	.run = run_save,
};
