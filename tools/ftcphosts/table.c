// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of hosts: udptun's {"nodes": {ADDR: {"host", "port"}}} and our own
 * {"peers": [{"name", "allowed-ips", "endpoint", "persistent"}]}; and the peers that
 * a tunnel has, as ftcpctl shows them.
 *
 * Whoever wrote the table is not trusted: what comes from here is the beginning of a
 * command line, and has been looked at byte by byte.  One wrong entry, and nothing is
 * taken: half a table would cut off the other half.
 */
#include "ftcphosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "../common/address.h"
#include "../common/scan.h"

/* A table is flat, and its peers are few: the parser takes 1 KB for each bracket. */
#define DEPTH_MAX 8
#define BRACKETS_MAX 60000

#define NAME_MAX_LEN 31
#define HOST_MAX_LEN 253
#define DEFAULT_PORT 7777

#define RANGE_STRLEN (INET6_ADDRSTRLEN + 4)

/**
 * struct reading - A table that is being read.
 * @from: Where it is from, for messages.
 * @table: What was read.
 * @room: How many peers fit.
 * @ranges: Those of all peers.
 * @n_ranges: How many.
 * @ranges_room: How many fit.
 */
struct reading {
	const char *from;
	struct table *table;
	size_t room;
	char **ranges;
	size_t n_ranges;
	size_t ranges_room;
};

/* Say what is wrong with an entry */
#define wrong(r, entry, fmt, ...) \
	fail("%s: %.40s: " fmt, (r)->from, entry, ##__VA_ARGS__)

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_peers(const void *a, const void *b)
{
	return strcmp(((const struct peer *)a)->name,
		      ((const struct peer *)b)->name);
}

/* What is not there cannot be sorted, says the C library */
static void sort(void *array, size_t n, size_t size,
		 int (*compare)(const void *, const void *))
{
	if (n)
		qsort(array, n, size, compare);
}

/** table_find() - the peer of a name, or NULL */
const struct peer *table_find(const struct table *t, const char *name)
{
	const struct peer key = { .name = (char *)name };

	return t->n ? bsearch(&key, t->peers, t->n, sizeof(key),
			      compare_peers) :
		      NULL;
}

/** table_free() - release what is in a table */
void table_free(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		free(t->peers[i].name);
		free(t->peers[i].endpoint);
		free(t->peers[i].allowed);
	}
	free(t->peers);
	*t = (struct table){};
}

/* Values */

/*
 * Could it be the name of a peer?  ftcpctl takes others as well, but these mean
 * nothing to it, nor to a shell, wherever they stand.
 */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= NAME_MAX_LEN && isalnum((unsigned char)s[0]) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._:-") == len;
}

/* Could it be a host name?  "1.2.3" is a mistyped address. */
static bool is_host_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= HOST_MAX_LEN && isalnum((unsigned char)s[0]) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") == len &&
	       strspn(s, "0123456789.") != len;
}

/* HOST:PORT as ftcpctl shows it, or NULL; a scope would be a link of this host's */
static char *make_endpoint(const char *host, unsigned int port)
{
	char buf[ADDRESS_STRLEN];
	union address a;

	if (!strchr(host, '%') && scan_address(host, &a)) {
		address_set_port(&a, port);
		return format("%s", format_address(buf, &a));
	}
	return is_host_name(host) ? format("%s:%u", host, port) : NULL;
}

/* ADDR[/PREFIX] in its usual form, with nothing behind the prefix */
static bool scan_range(const char *text, char *out)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	uint32_t prefix, max, i;
	union address a;
	uint8_t *bytes;

	if (len >= sizeof(host) || memchr(text, '%', len))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!scan_address(host, &a))
		return false;
	max = a.sa.sa_family == AF_INET ? 32 : 128;
	bytes = max == 32 ? (uint8_t *)&a.in.sin_addr : a.in6.sin6_addr.s6_addr;
	prefix = max;
	if (text[len] && (!scan_u32(text + len + 1, &prefix) || prefix > max))
		return false;
	for (i = prefix; i < max; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	inet_ntop(a.sa.sa_family, bytes, host, sizeof(host));
	snprintf(out, RANGE_STRLEN, "%s/%u", host, prefix);
	return true;
}

/* A string without zeros in it, or NULL */
static const char *string_of(struct json_object *o)
{
	const char *s;

	if (!json_object_is_type(o, json_type_string))
		return NULL;
	s = json_object_get_string(o);
	return strlen(s) == (size_t)json_object_get_string_len(o) ? s : NULL;
}

static const char *member(struct json_object *o, const char *name)
{
	return string_of(json_object_object_get(o, name));
}

/* Peers */

static struct peer *add_peer(struct reading *r, const char *name)
{
	struct table *t = r->table;
	struct peer *p;

	if (t->n == r->room) {
		r->room = 2 * r->room + 16;
		t->peers = must(reallocarray(t->peers, r->room, sizeof(*p)));
	}
	p = &t->peers[t->n++];
	*p = (struct peer){ .name = format("%s", name) };
	return p;
}

/* The range joins the others of all peers; owner by owner, set_allowed() */
static bool add_range(struct reading *r, const char *text)
{
	char range[RANGE_STRLEN];

	if (!text || !scan_range(text, range))
		return false;
	if (r->n_ranges == r->ranges_room) {
		r->ranges_room = 2 * r->ranges_room + 16;
		r->ranges = must(reallocarray(r->ranges, r->ranges_room,
					      sizeof(*r->ranges)));
	}
	r->ranges[r->n_ranges++] = format("%s", range);
	return true;
}

/* What was added since there were @first is this peer's, in order */
static void set_allowed(struct reading *r, struct peer *p, size_t first)
{
	struct buffer list = { .max = SIZE_MAX };
	size_t i;

	if (first == r->n_ranges) {
		p->allowed = format("none");
		return;
	}
	sort(r->ranges + first, r->n_ranges - first, sizeof(*r->ranges),
	     compare_texts);
	for (i = first; i < r->n_ranges; i++) {
		buffer_add(&list, ",", i > first);
		buffer_add(&list, r->ranges[i], strlen(r->ranges[i]));
	}
	p->allowed = list.data;
}

/* An array of ranges; false if it is none */
static bool read_allowed(struct reading *r, struct peer *p,
			 struct json_object *list)
{
	size_t first = r->n_ranges, i;

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(list); i++)
		if (!add_range(r,
			       string_of(json_object_array_get_idx(list, i))))
			return false;
	set_allowed(r, p, first);
	return true;
}

/* Our own format */

static int read_endpoint(struct reading *r, struct peer *p, const char *text)
{
	struct host_port hp;

	if (text && scan_host_port(text, &hp) == FORM_SOUND &&
	    hp.bracketed == !!strchr(hp.host, ':'))
		p->endpoint = make_endpoint(hp.host, hp.port);
	if (p->endpoint)
		return DONE;
	return wrong(r, p->name, "endpoint: expected HOST:PORT");
}

static int read_peer(struct reading *r, struct json_object *o)
{
	struct json_object *persistent, *endpoint;
	const char *name;
	struct peer *p;

	name = member(o, "name");
	if (!name || !is_name(name))
		return wrong(r, name ?: "peers",
			     "name: expected up to %d letters, digits and ._:-",
			     NAME_MAX_LEN);
	p = add_peer(r, name);
	if (!read_allowed(r, p, json_object_object_get(o, "allowed-ips")) ||
	    !strcmp(p->allowed, "none"))
		return wrong(r, name,
			     "allowed-ips: expected [ADDR/PREFIX, ...]");
	if (!json_object_object_get_ex(o, "endpoint", &endpoint))
		p->endpoint = format("none");
	else if (read_endpoint(r, p, string_of(endpoint)))
		return REFUSED;
	if (!json_object_object_get_ex(o, "persistent", &persistent))
		return DONE;
	if (!json_object_is_type(persistent, json_type_boolean))
		return wrong(r, name, "persistent: expected true or false");
	p->persistent = json_object_get_boolean(persistent);
	if (p->persistent && !strcmp(p->endpoint, "none"))
		return wrong(r, name, "persistent: needs an endpoint");
	return DONE;
}

static int read_peers(struct reading *r, struct json_object *list)
{
	int code = DONE;
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		return fail("%s: peers: expected an array", r->from);
	for (i = 0; !code && i < json_object_array_length(list); i++)
		code = read_peer(r, json_object_array_get_idx(list, i));
	return code;
}

/* udptun's */

/** struct node - An address, which is a @number as well, and where it is. */
struct node {
	const char *address;
	char *endpoint;
	uint32_t number;
};

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return strcmp(x->endpoint, y->endpoint) ?:
		       x->number < y->number	? -1 :
						  1;
}

static int read_node(struct reading *r, struct node *node,
		     struct json_object *o)
{
	const char *host = member(o, "host");
	struct json_object *port = json_object_object_get(o, "port");
	int64_t n = port ? json_object_get_int64(port) : DEFAULT_PORT;
	struct in_addr address;

	if (inet_pton(AF_INET, node->address, &address) != 1)
		return wrong(r, node->address, "expected an IPv4 address");
	node->number = ntohl(address.s_addr);
	if ((port && !json_object_is_type(port, json_type_int)) || n < 1 ||
	    n > 65535)
		return wrong(r, node->address, "port: expected 1 to 65535");
	if (host)
		node->endpoint = make_endpoint(host, (unsigned int)n);
	if (!node->endpoint)
		return wrong(r, node->address,
			     "host: expected an address or a name");
	return DONE;
}

/* Those at one endpoint are one peer: there is one connection to it, and that goes on
 * in whichever order they stand
 */
static void add_nodes(struct reading *r, struct node *nodes, size_t n)
{
	size_t first = r->n_ranges, i;
	struct peer *p = NULL;

	sort(nodes, n, sizeof(*nodes), compare_nodes);
	for (i = 0; i < n; i++) {
		if (!p || strcmp(p->endpoint, nodes[i].endpoint)) {
			p = add_peer(r, nodes[i].address);
			p->endpoint = format("%s", nodes[i].endpoint);
			first = r->n_ranges;
		}
		/* 0.0.0.0 is where everything else is */
		add_range(r, strcmp(nodes[i].address, "0.0.0.0") ?
				     nodes[i].address :
				     "0.0.0.0/0");
		if (i + 1 == n || strcmp(p->endpoint, nodes[i + 1].endpoint))
			set_allowed(r, p, first);
	}
}

static int read_nodes(struct reading *r, struct json_object *list)
{
	struct node *nodes;
	size_t n = 0, i;
	int code = DONE;

	if (!json_object_is_type(list, json_type_object))
		return fail("%s: nodes: expected an object", r->from);
	nodes = must(calloc((size_t)json_object_object_length(list) + 1,
			    sizeof(*nodes)));
	json_object_object_foreach(list, address, value)
	{
		nodes[n].address = address;
		code = read_node(r, &nodes[n++], value);
		if (code)
			break;
	}
	if (!code)
		add_nodes(r, nodes, n);
	for (i = 0; i < n; i++)
		free(nodes[i].endpoint);
	free(nodes);
	return code;
}

/* Whole texts */

/* What a text says, or why it says nothing */
static struct json_object *parse(const struct buffer *text, const char **why)
{
	struct json_tokener *tok = must(json_tokener_new_ex(DEPTH_MAX));
	enum json_tokener_error err;
	struct json_object *o;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text->data, (int)text->len);
	err = json_tokener_get_error(tok);
	*why = err == json_tokener_continue ? "it ends too early" :
	       err			    ? json_tokener_error_desc(err) :
	       json_tokener_get_parse_end(tok) < text->len ?
		     "something follows" :
		     NULL;
	json_tokener_free(tok);
	if (!*why)
		return o;
	json_object_put(o);
	return NULL;
}

static bool too_many_brackets(const struct buffer *text)
{
	size_t i, n = 0;

	for (i = 0; i < text->len; i++)
		n += text->data[i] == '[' || text->data[i] == '{';
	return n > BRACKETS_MAX;
}

/* No name and no range may be there twice */
static int check_unique(struct reading *r)
{
	struct table *t = r->table;
	size_t i;

	sort(t->peers, t->n, sizeof(*t->peers), compare_peers);
	for (i = 1; i < t->n; i++)
		if (!compare_peers(&t->peers[i - 1], &t->peers[i]))
			return wrong(r, t->peers[i].name, "is there twice");
	sort(r->ranges, r->n_ranges, sizeof(*r->ranges), compare_texts);
	for (i = 1; i < r->n_ranges; i++)
		if (!strcmp(r->ranges[i - 1], r->ranges[i]))
			return wrong(r, r->ranges[i], "is there twice");
	return t->n ? DONE : fail("%s: the table is empty", r->from);
}

static void end_reading(struct reading *r, int code)
{
	size_t i;

	for (i = 0; i < r->n_ranges; i++)
		free(r->ranges[i]);
	free(r->ranges);
	if (code)
		table_free(r->table);
}

/** table_parse() - read a table, @from somewhere; if it is wrong say why */
int table_parse(const struct buffer *text, const char *from, struct table *out)
{
	struct reading r = { .from = from, .table = out };
	struct json_object *o, *list;
	const char *why;
	int code;

	*out = (struct table){};
	if (!text->len)
		return fail("%s: it is empty", from);
	if (too_many_brackets(text))
		return fail("%s: it has too many entries", from);
	o = parse(text, &why);
	if (why)
		return fail("%s: not JSON: %s", from, why);
	if (json_object_object_get_ex(o, "peers", &list))
		code = read_peers(&r, list);
	else if (json_object_object_get_ex(o, "nodes", &list))
		code = read_nodes(&r, list);
	else
		code = fail("%s: it has neither peers nor nodes", from);
	code = code ?: check_unique(&r);
	end_reading(&r, code);
	json_object_put(o);
	return code;
}

/* A peer of the tunnel; what a table cannot say of one differs from all it can */
static bool read_shown(struct reading *r, struct json_object *o)
{
	struct json_object *persistent =
		json_object_object_get(o, "persistent");
	const char *name = member(o, "peer");
	struct peer *p;

	if (!name)
		return false;
	p = add_peer(r, name);
	p->endpoint = format("%s", member(o, "endpoint-name")	 ?:
					   member(o, "endpoint") ?:
								   "none");
	p->persistent = persistent &&
			!strcmp(json_object_get_string(persistent), "on");
	return read_allowed(r, p, json_object_object_get(o, "allowed-ips"));
}

/** table_parse_shown() - read what `ftcpctl show peers --json' prints */
int table_parse_shown(const struct buffer *text, struct table *out)
{
	struct reading r = { .from = "ftcpctl", .table = out };
	struct json_object *o;
	const char *why;
	bool sound;
	size_t i;
	int code;

	*out = (struct table){};
	o = text->len ? parse(text, &why) : NULL;
	sound = json_object_is_type(o, json_type_array);
	for (i = 0; sound && i < json_object_array_length(o); i++)
		sound = read_shown(&r, json_object_array_get_idx(o, i));
	sort(out->peers, out->n, sizeof(*out->peers), compare_peers);
	code = sound ? DONE : fail("ftcpctl: what it shows makes no sense");
	end_reading(&r, code);
	json_object_put(o);
	return code;
}
