// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a packet, by the text of `nft list ruleset'.  Only what firewalls
 * mostly ask is understood: devices, protocols, ports, the state of the connection.
 * What is not may match or not: then a rule that accepts lets some pass, and one that
 * drops leaves some.
 */
#include <ctype.h>
#include <stdlib.h>

#include "ftcpctl.h"
#include "ruleset.h"

#define TOKEN 4096
#define DEPTH 16

/* Reading */

static struct chain *add_chain(struct ruleset *r, const char *family,
			       const char *table, const char *name)
{
	struct chain *c;

	r->chains = grow(r->chains, r->n, &r->room, sizeof(*r->chains));
	c = &r->chains[r->n++];
	*c = (struct chain){};
	snprintf(c->family, sizeof(c->family), "%s", family);
	snprintf(c->table, sizeof(c->table), "%s", table);
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

/* A line of a chain: what it is, or a rule */
static void add_line(struct chain *c, const char *line)
{
	if (sscanf(line, "type %15s hook %15s", c->type, c->hook) == 2) {
		c->drops = strstr(line, "policy drop;");
		return;
	}
	c->rules = grow(c->rules, c->n, &c->room, sizeof(*c->rules));
	c->rules[c->n] = strdup(line);
	if (!c->rules[c->n++])
		exit(refused("out of memory"));
}

/** ruleset_read() - ask nft; false if it says nothing, as to others than root */
bool ruleset_read(struct ruleset *r)
{
	FILE *f = popen("nft -s -t list ruleset 2> /dev/null", "re");
	char family[8] = "", table[128] = "", name[128], *line = NULL;
	struct chain *c = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) >= 0) {
		char *s = line + strspn(line, " \t");

		s[strcspn(s, "\n")] = '\0';
		if (sscanf(s, "table %7s %127s {", family, table) == 2)
			c = NULL;
		else if (sscanf(s, "chain %127s {", name) == 1)
			c = add_chain(r, family, table, name);
		else if (!strcmp(s, "}"))
			c = NULL;
		else if (c && *s && *s != '#')
			add_line(c, s);
	}
	free(line);
	return f && !pclose(f);
}

/** ruleset_free() - free it */
void ruleset_free(struct ruleset *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		while (r->chains[i].n)
			free(r->chains[i].rules[--r->chains[i].n]);
		free(r->chains[i].rules);
	}
	free(r->chains);
}

/** ruleset_has() - is there a chain or a table whose name begins so? */
bool ruleset_has(const struct ruleset *r, const char *prefix)
{
	size_t i, len = strlen(prefix);

	for (i = 0; i < r->n; i++)
		if (!strncmp(r->chains[i].name, prefix, len) ||
		    !strncmp(r->chains[i].table, prefix, len))
			return true;
	return false;
}

/* A rule, token by token: a word, a text in quotes, or a set in braces, without them */

static bool next(const char **s, char *token)
{
	size_t n = 0;
	char end = 0;

	*s += strspn(*s, " \t");
	if (!**s)
		return false;
	if (**s == '"' || **s == '{') {
		end = **s == '"' ? '"' : '}';
		(*s)++;
	}
	while (**s && (end ? **s != end : !isspace((unsigned char)**s))) {
		if (n < TOKEN - 1)
			token[n++] = **s;
		(*s)++;
	}
	if (end && **s)
		(*s)++;
	token[n] = '\0';
	return true;
}

/* Does a rule match?  Of two answers the smaller one counts */
enum match { NO, PERHAPS, YES };

struct reading {
	const struct packet *p;
	enum match match;
	char verdict[TOKEN];
	char chain[TOKEN];
};

typedef enum match item_fn(const char *item, const void *what);

static enum match item_port(const char *item, const void *what)
{
	unsigned int port = *(const unsigned int *)what, a, b;
	int n = sscanf(item, "%u-%u", &a, &b);

	if (n < 1)
		return PERHAPS;
	return n == 1 ? (port == a ? YES : NO) :
	       port >= a && port <= b ? YES :
					NO;
}

static enum match item_word(const char *item, const void *what)
{
	return !strcmp(item, what) ? YES : NO;
}

static enum match item_device(const char *item, const void *what)
{
	size_t len = strlen(item);

	/* Which one is unknown, but not this host's own */
	if (!what)
		return strcmp(item, "lo") ? PERHAPS : NO;
	if (len && item[len - 1] == '*')
		return !strncmp(item, what, len - 1) ? YES : NO;
	return item_word(item, what);
}

static enum match item_protocol(const char *item, const void *what)
{
	const struct packet *p = what;

	if (!strcmp(item, "6"))
		item = "tcp";
	if (!strcmp(item, "17"))
		item = "udp";
	return item_word(item, p->tcp ? "tcp" : "udp");
}

static enum match item_unknown(const char *item, const void *what)
{
	(void)item;
	(void)what;
	return PERHAPS;
}

/* What a rule compares with comes next: one, several, "!=", or a map to verdicts */
static void compare(struct reading *r, const char **s, item_fn *fn,
		    const void *what)
{
	enum match found = NO, m;
	char token[TOKEN], *item, *rest, *colon;
	bool not = false, map = false;

	while (next(s, token) && (!strcmp(token, "!=") ||
				  !strcmp(token, "==") || !strcmp(token, "vmap"))) {
		not = !strcmp(token, "!=");
		map = !strcmp(token, "vmap");
	}
	if (token[0] == '@')
		fn = item_unknown;
	for (rest = token; (item = strsep(&rest, ","));) {
		item += strspn(item, " \t\"");
		colon = map ? strstr(item, " : ") : NULL;
		if (colon)
			*colon = '\0';
		item[strcspn(item, " \t\"")] = '\0';
		m = fn(item, what);
		if (m > found) {
			found = m;
			if (colon)
				sscanf(colon + 3, "%15s %127s", r->verdict,
				       r->chain);
		}
	}
	if (not)
		found = YES - found;
	if (found < r->match)
		r->match = found;
}

static void perhaps(struct reading *r)
{
	if (r->match > PERHAPS)
		r->match = PERHAPS;
}

/* tcp and udp, ip and ip6: what they say of packets that they are */
static void read_header(struct reading *r, const char *word, const char **s)
{
	const struct packet *p = r->p;
	bool inet = word[0] == 'i';
	char field[TOKEN];

	if (!next(s, field))
		return;
	if (inet ? p->six != !strcmp(word, "ip6") :
		   p->tcp != !strcmp(word, "tcp"))
		r->match = NO;
	if (!inet && !strcmp(field, "dport"))
		compare(r, s, item_port, &p->dport);
	else if (!inet && !strcmp(field, "sport"))
		compare(r, s, item_port, &p->sport);
	else if (inet && (!strcmp(field, "protocol") || !strcmp(field, "nexthdr")))
		compare(r, s, item_protocol, p);
	else if (inet)
		compare(r, s, item_unknown, NULL);
	else
		perhaps(r);
}

static void read_meta(struct reading *r, const char **s, char *word)
{
	const struct packet *p = r->p;

	if (!strcmp(word, "meta") && !next(s, word))
		return;
	if (!strcmp(word, "iif") || !strcmp(word, "iifname"))
		compare(r, s, item_device, p->in);
	else if (!strcmp(word, "oif") || !strcmp(word, "oifname"))
		compare(r, s, item_device, p->out);
	else if (!strcmp(word, "l4proto"))
		compare(r, s, item_protocol, p);
	else if (!strcmp(word, "nfproto"))
		compare(r, s, item_word, p->six ? "ipv6" : "ipv4");
	else
		perhaps(r);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* The state; and nothing is diverted that is of interest here */
static void read_ct(struct reading *r, char *word, const char **s)
{
	if (!next(s, word))
		return;
	if (!strcmp(word, "state"))
		compare(r, s, item_word, r->p->state);
	else if (!strcmp(word, "status") && next(s, word) &&
		 strstr(word, "dnat"))
		r->match = NO;
	else
		perhaps(r);
}

/* "fib daddr type local": what comes in is for this host, and forwarded for none */
static void read_fib(struct reading *r, char *word, const char **s)
{
	bool to = next(s, word) && !strcmp(word, "daddr");

	if (to && next(s, word) && !strcmp(word, "type"))
		compare(r, s, item_word,
			!strcmp(r->p->hook, "forward") ||
					!strcmp(r->p->hook, "output") ?
				"unicast" :
				"local");
	else
		perhaps(r);
}

/* What only iptables can say; it mostly asks for the state of a connection */
static void read_xt(struct reading *r, char *word, const char **s)
{
	bool match = next(s, word) && !strcmp(word, "match");

	if (next(s, word) && match && !strcmp(word, "conntrack")) {
		if (strcmp(r->p->state, "established"))
			r->match = NO;
	} else if (match) {
		perhaps(r);
	}
}

/* What one word of a rule, and what belongs to it, says */
static void read_word(struct reading *r, char *word, const char **s)
{
	static const char *const meta[] = { "meta",    "iif",	  "iifname",
					    "oif",     "oifname", "l4proto",
					    "nfproto", NULL };
	static const char *const others[] = { "icmp",	"icmpv6", "sctp", "dccp",
					      "udplite", "esp",	  "ah",	  "igmp",
					      NULL };
	static const char *const texts[] = { "comment", "prefix", "level",
					     "group",	"flags",  NULL };
	static const char *const verdicts[] = { "accept", "drop",     "reject",
						"return", "queue",    "dnat",
						"redirect", "tproxy", NULL };
	static const char *const nothing[] = { "counter", "log", "continue", NULL };

	if (is_one_of(word, meta)) {
		read_meta(r, s, word);
	} else if (!strcmp(word, "tcp") || !strcmp(word, "udp") ||
		   !strcmp(word, "ip") || !strcmp(word, "ip6")) {
		read_header(r, word, s);
	} else if (is_one_of(word, others)) {
		r->match = NO;
	} else if (!strcmp(word, "ct")) {
		read_ct(r, word, s);
	} else if (!strcmp(word, "fib")) {
		read_fib(r, word, s);
	} else if (!strcmp(word, "xt")) {
		read_xt(r, word, s);
	} else if (is_one_of(word, texts)) {
		next(s, word);
	} else if (!strcmp(word, "jump") || !strcmp(word, "goto")) {
		strcpy(r->verdict, word);
		next(s, r->chain);
	} else if (is_one_of(word, verdicts)) {
		strcpy(r->verdict, word);
		/* what follows says how */
		*s += strlen(*s);
	} else if (!is_one_of(word, nothing)) {
		perhaps(r);
	}
}

static const struct chain *find(const struct ruleset *r, const struct chain *in,
				const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->chains[i].name, name) &&
		    !strcmp(r->chains[i].table, in->table) &&
		    !strcmp(r->chains[i].family, in->family))
			return &r->chains[i];
	return NULL;
}

/*
 * How a chain leaves a packet.  NEXT: it has not decided; PART: it has, to let some pass;
 * REST: and to drop the others.
 */
enum left { NEXT, ACCEPT, PART, REST, DROP, DIVERT };

static enum left walk(const struct ruleset *set, const struct chain *c,
		      const struct packet *p, int depth);

/*
 * What a rule decides that matches.  One that names a port, and accepts from some
 * addresses, is meant for what goes there; of one that does not it is remembered that
 * some pass.
 */
static enum left decide(const struct ruleset *set, const struct chain *c,
			const char *rule, const struct reading *r, int depth)
{
	bool sure = r->match == YES;
	const struct chain *other;
	enum left sub;

	if (!strcmp(r->verdict, "accept") || !strcmp(r->verdict, "queue"))
		return sure || strstr(rule, "port") ? ACCEPT : PART;
	if (!strcmp(r->verdict, "drop") || !strcmp(r->verdict, "reject"))
		return sure ? DROP : NEXT;
	if (strcmp(r->verdict, "jump") && strcmp(r->verdict, "goto"))
		return sure ? DIVERT : NEXT;
	other = find(set, c, r->chain);
	sub = other ? walk(set, other, r->p, depth + 1) : NEXT;
	if (sure || sub == NEXT || sub == PART)
		return sub;
	if (sub == ACCEPT && strstr(rule, "port"))
		return ACCEPT;
	return sub == ACCEPT || sub == REST ? PART : NEXT;
}

static enum left walk(const struct ruleset *set, const struct chain *c,
		      const struct packet *p, int depth)
{
	enum left left, some = NEXT;
	bool escaped = false;
	size_t i;

	for (i = 0; i < c->n && depth < DEPTH; i++) {
		struct reading r = { .p = p, .match = YES };
		const char *s = c->rules[i];
		char word[TOKEN];

		while (r.match != NO && next(&s, word))
			read_word(&r, word, &s);
		if (r.match == NO || !r.verdict[0])
			continue;
		if (!strcmp(r.verdict, "return")) {
			if (r.match == YES)
				break;
			escaped = true;
			continue;
		}
		left = decide(set, c, c->rules[i], &r, depth);
		/* Some are gone already, for others to decide */
		if (escaped && (left == DROP || left == REST))
			break;
		if (left == DROP && some == PART)
			return REST;
		if (left == PART)
			some = PART;
		else if (left != NEXT)
			return left;
		else if (!strcmp(r.verdict, "goto") && r.match == YES)
			break;
	}
	return some;
}

static bool concerns(const struct chain *c, const struct packet *p)
{
	return !strcmp(c->hook, p->hook) &&
	       (!strcmp(c->family, "inet") || !strcmp(c->family, "netdev") ||
		!strcmp(c->family, p->six ? "ip6" : "ip"));
}

/** ruleset_fate() - what becomes of a packet, and which base chain does it */
enum fate ruleset_fate(const struct ruleset *r, const struct packet *p,
		       const struct chain **where)
{
	enum fate fate = PASSED;
	enum left left;
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct chain *c = &r->chains[i];

		if (!concerns(c, p))
			continue;
		left = walk(r, c, p, 0);
		if (left == DROP || (left == NEXT && c->drops)) {
			*where = c;
			return DROPPED;
		}
		if (left == DIVERT) {
			*where = c;
			return DIVERTED;
		}
		if (left == REST || (left == PART && c->drops)) {
			*where = c;
			fate = SOME;
		}
	}
	return fate;
}
