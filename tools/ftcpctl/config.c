// SPDX-License-Identifier: GPL-2.0
/*
 * What a link has: by the kernel, and by a file of lines that have the words of
 * commands.  Both become the same, objects with all their attributes, to be compared.
 */
#include <errno.h>

#include "config.h"

#define SUFFIX ".conf"
#define DIRECTORY "/etc/faketcp/"
#define ANY "0.0.0.0/0,::/0"
#define MARK "0x20000000"

const int fixed_types[] = { FTCP_A_MODE,   FTCP_A_PORT,	  FTCP_A_LOCAL,
			    FTCP_A_LISTEN, FTCP_A_TARGET, 0 };
const int peer_types[] = { FTCP_A_ENDPOINT,   FTCP_A_ALLOWED_IP, FTCP_A_FROM,
			   FTCP_A_PERSISTENT, FTCP_A_WIRE,	 0 };

/**
 * struct line - A line of a file.
 * @verb: What makes what it says.
 * @given: Its words, as those of a command.
 * @family: What -4 or -6 asked for.
 * @where: FILE:LINE, for messages.
 */
struct line {
	const struct verb *verb;
	const char *given[WORDS];
	int family;
	char *where;
};

static struct line *lines;
static size_t n_lines, line_room;

static const struct {
	const char *word;
	const struct verb *verb;
} kinds[] = {
	{ "tunnel", &add_tunnel },
	{ "peer", &set_peer },
	{ "rules", &add_rules },
};

/** types_of() - the words of an object that may change; ended by 0 */
const int *types_of(const struct object *o)
{
	static int types[WORDS];
	struct word words[WORDS], *end;
	size_t i = 0;

	if (o->of == OF_PEER)
		return peer_types;
	end = option_words(words);
	for (; words + i < end; i++)
		types[i] = words[i].id;
	types[i] = 0;
	return types;
}

/** config_find() - the same tunnel or peer, or NULL */
struct item *config_find(const struct config *c, const struct object *o)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct object *p = &c->items[i].o;

		if (p->of == o->of && same_value(p, o, FTCP_A_TUNNEL) &&
		    (p->of == OF_TUNNEL || same_value(p, o, FTCP_A_PEER)))
			return &c->items[i];
	}
	return NULL;
}

static struct item *find_tunnel(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->items[i].o.of == OF_TUNNEL &&
		    !strcmp(object_text(&c->items[i].o, FTCP_A_TUNNEL), name))
			return &c->items[i];
	return NULL;
}

/** config_tunnel() - the tunnel of a peer */
struct item *config_tunnel(const struct config *c, const struct object *o)
{
	return find_tunnel(c, object_text(o, FTCP_A_TUNNEL));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The items of a list in order, and each once */
static char *sorted(char *list)
{
	size_t n = 0, room = 0, i, size;
	char **items = NULL, *rest = list, *item, *out;
	FILE *f = open_memstream(&out, &size);

	while ((item = strsep(&rest, ","))) {
		items = grow(items, n, &room, sizeof(*items));
		items[n++] = item;
	}
	qsort(items, n, sizeof(*items), by_text);
	for (i = 0; f && i < n; i++)
		if (!i || strcmp(items[i], items[i - 1]))
			fprintf(f, ",%s", items[i]);
	if (!f || fclose(f))
		exit(refused("out of memory"));
	free(items);
	free(list);
	return out;
}

/** same_word() - would the same word and argument say what is in both? */
bool same_word(const struct object *a, const struct object *b, int type)
{
	char *x = object_word(a, type), *y = object_word(b, type);
	bool same;

	if (x && y && (type == FTCP_A_ALLOWED_IP || type == FTCP_A_FROM)) {
		x = sorted(x);
		y = sorted(y);
	}
	/* A name stands for an address */
	same = x && y ? !strcmp(x, y) : x == y;
	if (same && type == FTCP_A_ENDPOINT && a->tb[type])
		same = same_value(a, b, type);
	free(x);
	free(y);
	return same;
}

/* What a peer has of which nothing is said */
static const char *peer_default(const struct object *t, const char *name,
				int type)
{
	uint64_t mode = object_number(t, FTCP_A_MODE);
	bool any = mode == FTCP_MODE_FORWARD && !strcmp(name, "any");

	if (type == FTCP_A_ALLOWED_IP)
		return mode == FTCP_MODE_LISTEN ? ANY : "none";
	if (type == FTCP_A_FROM)
		return mode == FTCP_MODE_ROUTED ? "allowed-ips" :
		       mode == FTCP_MODE_IP	? "endpoint" :
		       mode == FTCP_MODE_LISTEN ? NULL :
		       any			? ANY :
						  "none";
	if (type == FTCP_A_PERSISTENT)
		return mode == FTCP_MODE_IP ? "off" : NULL;
	return type == FTCP_A_ENDPOINT ? "none" : NULL;
}

/* Make an item of what was said for words, and of defaults */
static int add_item(struct config *c, unsigned int of, const char *const *given,
		    const char *where)
{
	struct nl_msg *msg = ipc_request(
		of == OF_TUNNEL ? FAKETCP_CMD_TUNNEL_GET : FAKETCP_CMD_PEER_GET,
		given);
	int code = put_given(msg, of, given);
	struct item *item;

	c->items = grow(c->items, c->n, &c->room, sizeof(*c->items));
	item = &c->items[c->n];
	*item = (struct item){ .where = where };
	if (!code && of == OF_TUNNEL &&
	    object_parse(&item->o, nlmsg_hdr(msg))) {
		bool interval = item->o.tb[FTCP_A_KEEPALIVE_INTERVAL];
		bool probes = item->o.tb[FTCP_A_KEEPALIVE_PROBES];

		if (!interval)
			nla_put_u32(msg, FTCP_A_KEEPALIVE_INTERVAL, 500);
		if (!probes)
			nla_put_u32(msg, FTCP_A_KEEPALIVE_PROBES, 0);
	}
	if (!code && !object_parse(&item->o, nlmsg_hdr(msg)))
		code = refused("out of memory");
	/* the message stays, as the object refers to it */
	if (code)
		nlmsg_free(msg);
	else
		c->n++;
	return code;
}

static void mark_given(struct item *item, const char *const *given)
{
	int i;

	for (i = 0; i <= FTCP_A_MAX; i++)
		item->given[i] = given[i];
}

/*
 * The kernel keeps no name of a target: one that stands for the address that a tunnel
 * has, perhaps among others, is no other target
 */
static void keep_target(const struct config *present, const char **given,
			char *text)
{
	struct item *t = find_tunnel(present, given[FTCP_A_TUNNEL]);
	const char *name = given[FTCP_A_TARGET];
	struct host_port hp;
	union address was;

	if (!t || !name || !t->o.tb[FTCP_A_TARGET] || !is_named(name, &hp))
		return;
	object_address(&t->o, FTCP_A_TARGET, &was);
	if (!stands_for(hp.host, &was))
		return;
	address_set_port(&was, hp.port);
	given[FTCP_A_TARGET] = format_address(text, &was);
}

static int add_tunnel_line(struct config *c, const struct config *present,
			   const struct line *l)
{
	char text[ADDRESS_STRLEN];
	const char *full[WORDS];
	struct word words[WORDS], *end = option_words(words), *w;
	int code;

	memcpy(full, l->given, sizeof(full));
	/* which its peer has */
	full[FTCP_A_ENDPOINT] = NULL;
	keep_target(present, full, text);
	for (w = words; w < end; w++)
		if (!full[w->id] &&
		    (w->id != FTCP_A_UNREACHABLE || full[FTCP_A_TARGET]))
			full[w->id] = attr_initial(w->id);
	code = add_item(c, OF_TUNNEL, full, l->where);
	if (!code)
		mark_given(&c->items[c->n - 1], l->given);
	return code;
}

/* Where a name is now: where it was, as long as that is, or nobody knows */
static void find_again(const char *name, const union address *was, char *text)
{
	union address is = *was;

	if (resolve_again(name, was, &is)) {
		is = *was;
		note("\"%s\" stays what it was", name);
	}
	format_address(text, &is);
}

/* A name that is known stands for the address that it has, if that is one of its own */
static void keep_address(const struct config *present, const char **given,
			char *text)
{
	const char *name = given[FTCP_A_ENDPOINT];
	union address was;
	size_t i;

	for (i = 0; name && i < present->n; i++) {
		const struct object *p = &present->items[i].o;

		if (p->of != OF_PEER ||
		    strcmp(object_text(p, FTCP_A_PEER), given[FTCP_A_PEER]) ||
		    strcmp(object_text(p, FTCP_A_TUNNEL), given[FTCP_A_TUNNEL]))
			continue;
		object_address(p, FTCP_A_ENDPOINT, &was);
		if (strcmp(object_text(p, FTCP_A_ENDPOINT_NAME), name) ||
		    (address_family && was.sa.sa_family != address_family))
			break;
		find_again(name, &was, text);
		given[FTCP_A_ENDPOINT_NAME] = name;
		given[FTCP_A_ENDPOINT] = text;
		break;
	}
}

static int add_peer(struct config *c, const struct config *present,
		    const struct item *tunnel, const char *const *said,
		    const char *where)
{
	char text[ADDRESS_STRLEN], *wire = object_word(&tunnel->o, FTCP_A_WIRE);
	const char *given[WORDS];
	const int *type;
	int code;

	memcpy(given, said, sizeof(given));
	for (type = peer_types; *type; type++)
		if (!given[*type])
			given[*type] = peer_default(&tunnel->o,
						    given[FTCP_A_PEER], *type);
	if (!given[FTCP_A_WIRE])
		given[FTCP_A_WIRE] = wire;
	keep_address(present, given, text);
	code = add_item(c, OF_PEER, given, where);
	free(wire);
	if (!code)
		mark_given(&c->items[c->n - 1], said);
	return code;
}

/* The kernel */

static bool is_default(const struct config *c, const struct object *o, int type)
{
	char *word = object_word(o, type), *plain = NULL;
	const char *text = attr_initial(type);
	bool same;

	if (o->of == OF_PEER) {
		const struct object *t = &config_tunnel(c, o)->o;

		plain = type == FTCP_A_WIRE ? object_word(t, type) : NULL;
		text = plain ?:
			       peer_default(t, object_text(o, FTCP_A_PEER),
					    type);
	}
	same = !word || (text && !strcmp(word, text));
	free(word);
	free(plain);
	return same;
}

/* A tunnel that forwards begins with a peer; without it, nobody is that */
static int add_nobody(struct config *c, const char *tunnel)
{
	const char *given[WORDS] = {
		[FTCP_A_TUNNEL] = tunnel,   [FTCP_A_PEER] = "any",
		[FTCP_A_ENDPOINT] = "none", [FTCP_A_ALLOWED_IP] = "none",
		[FTCP_A_FROM] = "none",	    [FTCP_A_WIRE] = "auto",
	};
	struct item *item;
	int code = add_item(c, OF_PEER, given, "");

	item = &c->items[c->n - 1];
	if (!code && config_find(c, &item->o) != item)
		c->n--;
	else if (!code)
		item->given[FTCP_A_FROM] = true;
	return code;
}

/** config_of_kernel() - what a link is, if there is one */
int config_of_kernel(struct config *c)
{
	struct filter filter = { .ifindex = c->ifindex };
	struct list lists[2] = {};
	size_t l, i, n;
	const int *type;
	int code = DONE;

	if (!c->ifindex)
		return DONE;
	code = link_check(c->dev, c->ifindex);
	code = code ?: ipc_list(FAKETCP_CMD_TUNNEL_GET, &filter, &lists[0]);
	code = code ?: ipc_list(FAKETCP_CMD_PEER_GET, &filter, &lists[1]);
	/* the lists stay, as the items refer to them */
	for (l = 0; l < 2 && !code; l++)
		for (i = 0; i < lists[l].n; i++) {
			/* a tunnel may come between the two lists */
			if (l && !config_tunnel(c, &lists[l].array[i]))
				continue;
			c->items = grow(c->items, c->n, &c->room,
					sizeof(*c->items));
			c->items[c->n++] =
				(struct item){ .o = lists[l].array[i],
					       .where = "" };
		}
	for (i = 0, n = c->n; i < n && !code; i++) {
		struct item *item = &c->items[i];

		for (type = types_of(&item->o); *type; type++)
			item->given[*type] = !is_default(c, &item->o, *type);
		if (item->o.of == OF_TUNNEL && item->o.tb[FTCP_A_TARGET])
			code = add_nobody(c,
					  object_text(&item->o, FTCP_A_TUNNEL));
	}
	return code;
}

/* Files */

/* A line, of which the words are kept */
static int take_line(int argc, char **argv)
{
	struct line *l;
	size_t i;
	int n, code;
	char **copy = calloc(argc + 1, sizeof(*copy));

	lines = grow(lines, n_lines, &line_room, sizeof(*lines));
	l = &lines[n_lines];
	*l = (struct line){ .where = strdup(batch_line) };
	for (n = 0; argc; argc--, argv++)
		if (!address_family_option(*argv))
			copy[n++] = strdup(*argv);
	l->family = address_family;
	for (i = 0; n && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(copy[0], kinds[i].word))
			l->verb = kinds[i].verb;
	if (!l->verb)
		return misused("\"%s\": expected tunnel, peer or rules",
			       n ? copy[0] : "");
	code = parse_args(l->verb, n - 1, copy + 1, l->given);
	if (!code && l->given[FTCP_A_IFINDEX])
		code = misused("dev: the name of the file says it");
	if (!code && l->given[WORD_DRY_RUN])
		code = misused("--dry-run: not in a file");
	if (!code && l->verb->check)
		code = l->verb->check(l->given);
	n_lines++;
	return code;
}

static bool same_name(const struct line *a, const struct line *b)
{
	return a->verb == b->verb && a->verb != &add_rules &&
	       !strcmp(a->given[FTCP_A_TUNNEL], b->given[FTCP_A_TUNNEL]) &&
	       (a->verb == &add_tunnel ||
		!strcmp(a->given[FTCP_A_PEER], b->given[FTCP_A_PEER]));
}

/* Its line, and messages are about it from now on */
static struct line *enter(size_t i)
{
	address_family = lines[i].family;
	snprintf(batch_line, WHERE_SIZE, "%s", lines[i].where);
	return &lines[i];
}

static bool has_no_mark(const struct line *tunnel)
{
	const char *text = tunnel->given[FTCP_A_FWMARK];
	uint32_t mark;

	return !text || !strcmp(text, "off") ||
	       (scan_mark(text, &mark) && !mark);
}

/* Do the lines go together? */
static int check_lines(void)
{
	struct line *l, *t;
	size_t i, j;

	for (i = 0; i < n_lines; i++) {
		l = enter(i);
		for (j = 0; j < i; j++)
			if (same_name(l, &lines[j]))
				return misused("%s \"%s\": said twice",
					       l->verb->object,
					       l->given[l->verb->name]);
		for (j = 0, t = NULL; j < n_lines; j++)
			if (lines[j].verb == &add_tunnel &&
			    !strcmp(lines[j].given[FTCP_A_TUNNEL],
				    l->given[FTCP_A_TUNNEL]))
				t = &lines[j];
		if (!t)
			return misused("no tunnel named \"%s\" in this file",
				       l->given[FTCP_A_TUNNEL]);
		if (l->verb == &set_peer && !l->given[FTCP_A_ENDPOINT])
			l->given[FTCP_A_ENDPOINT] = t->given[FTCP_A_ENDPOINT];
		/* As add rules does, against loops */
		if (l->verb == &add_rules && rules_need_mark(l->given) &&
		    has_no_mark(t))
			t->given[FTCP_A_FWMARK] = MARK;
	}
	return DONE;
}

/* The peer that a tunnel begins with, unless there is a line about it */
static int add_implied(struct config *c, const struct config *present,
		       const struct line *l)
{
	const char *given[WORDS] = {
		[FTCP_A_TUNNEL] = l->given[FTCP_A_TUNNEL],
		[FTCP_A_PEER] = l->given[FTCP_A_LISTEN] ? "remote" : "any",
		[FTCP_A_ENDPOINT] = l->given[FTCP_A_ENDPOINT],
	};
	const struct line as = { .verb = &set_peer };
	struct line other = as;
	size_t i;
	int code;

	if (!l->given[FTCP_A_LISTEN] && !l->given[FTCP_A_TARGET])
		return DONE;
	memcpy(other.given, given, sizeof(given));
	for (i = 0; i < n_lines; i++)
		if (same_name(&other, &lines[i]))
			return DONE;
	code = add_peer(c, present, find_tunnel(c, given[FTCP_A_TUNNEL]), given,
			l->where);
	if (!code)
		c->items[c->n - 1].implied = true;
	return code;
}

/* A range behind a peer of a tunnel */
struct behind {
	char *text;
	const char *where;
};

static int by_range(const void *a, const void *b)
{
	return strcmp(((const struct behind *)a)->text,
		      ((const struct behind *)b)->text);
}

/* No range is behind two peers of a tunnel: the kernel would move it to and fro */
static int check_ranges(const struct config *c)
{
	size_t n = 0, room = 0, i;
	struct behind *all = NULL;
	int code = DONE;

	for (i = 0; i < c->n; i++) {
		const struct object *o = &c->items[i].o;
		char *list, *rest, *item;

		if (o->of != OF_PEER || !o->tb[FTCP_A_ALLOWED_IP])
			continue;
		list = sorted(strdup(object_ranges(o, FTCP_A_ALLOWED_IP)));
		for (rest = list; (item = strsep(&rest, ","));) {
			if (!*item)
				continue;
			all = grow(all, n, &room, sizeof(*all));
			all[n].where = c->items[i].where;
			if (asprintf(&all[n++].text, "%s of tunnel \"%s\"",
				     item, object_text(o, FTCP_A_TUNNEL)) < 0)
				exit(refused("out of memory"));
		}
		free(list);
	}
	if (n)
		qsort(all, n, sizeof(*all), by_range);
	for (i = 1; i < n && !code; i++)
		if (!strcmp(all[i].text, all[i - 1].text)) {
			snprintf(batch_line, WHERE_SIZE, "%s", all[i].where);
			code = misused("allowed-ips: %s: behind two peers",
				       all[i].text);
		}
	while (n)
		free(all[--n].text);
	free(all);
	return code;
}

/** config_of_file() - what a link is to be; a name may stand for what it does at @present */
int config_of_file(struct config *c, const char *path,
		   const struct config *present)
{
	int code = batch_run("apply", path, false, take_line);
	struct line *l;
	size_t i;

	code = code ?: check_lines();
	for (i = 0; i < n_lines && !code; i++)
		if (lines[i].verb == &add_tunnel)
			code = add_tunnel_line(c, present, enter(i));
	for (i = 0; i < n_lines && !code; i++) {
		l = enter(i);
		if (l->verb == &add_tunnel)
			code = add_implied(c, present, l);
		else if (l->verb == &set_peer)
			code = add_peer(c, present,
					find_tunnel(c, l->given[FTCP_A_TUNNEL]),
					l->given, l->where);
		else
			code = rules_want(
				l->given,
				&find_tunnel(c, l->given[FTCP_A_TUNNEL])->o, c);
	}
	code = code ?: check_ranges(c);
	batch_line[0] = '\0';
	return code;
}

/** link_of_file() - the file of a link, or the link of a file */
int link_of_file(const char *text, char *dev, const char **path)
{
	static char name[sizeof(DIRECTORY SUFFIX) + IF_NAMESIZE];
	size_t len = strlen(text), end = strlen(SUFFIX);
	const char *base = strrchr(text, '/');
	bool file = base || (len > end && !strcmp(text + len - end, SUFFIX));

	base = base ? base + 1 : text;
	len = strlen(base);
	if (len > end && !strcmp(base + len - end, SUFFIX))
		len -= end;
	if (!len || len >= IF_NAMESIZE)
		return misused("\"%s\": \"%.*s\" is not the name of a link",
			       text, (int)len, base);
	snprintf(dev, IF_NAMESIZE, "%.*s", (int)len, base);
	snprintf(name, sizeof(name), DIRECTORY "%s" SUFFIX, dev);
	*path = file ? text : name;
	return DONE;
}
