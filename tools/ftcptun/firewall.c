// SPDX-License-Identifier: GPL-2.0
/*
 * Firewalls that drop what is forwarded.
 *
 * To the host the segments are packets of another host that it forwards.  Docker,
 * ufw, firewalld and many a rule set by hand drop these unless a rule accepts
 * them, and our own rules cannot undo that: an accept counts in its own table
 * only.  So whoever sees nothing pass is told which chain it is, and what to
 * do about it.
 *
 * A chain is looked at that has the hook and drops or rejects by its policy or
 * by its last rule.  What its rules accept is not worked out: a table in which
 * the device is named was made, or mended, with the device in mind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "nft.h"
#include "rules.h"

#define NAME_SIZE 64
#define LIST_SIZE 160

/**
 * struct chain - a chain of nftables
 * @family: ip, ip6 or inet
 * @table: its table
 * @name: its name
 */
struct chain {
	char family[8];
	char table[NAME_SIZE];
	char name[NAME_SIZE];
};

/**
 * struct findings - chains that drop
 * @first: the first one
 * @iptables6: ip6tables has one, too
 * @list: all of their names, for a message
 */
struct findings {
	struct chain first;
	bool iptables6;
	char list[LIST_SIZE];
};

/* A counter is not what a rule does. */
static const char *verdict_of(const char *line)
{
	unsigned long long packets, bytes;
	int len = 0;

	line += strspn(line, " \t");
	if (sscanf(line, "counter packets %llu bytes %llu %n", &packets, &bytes,
		   &len) == 2)
		line += len;
	return line;
}

/* Whether the last rule, or without one the policy, of a listed chain drops */
static bool drops(const char *text)
{
	bool drop = strstr(text, "policy drop;"), by_policy = drop;
	const char *verdict;

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		verdict = verdict_of(text);
		if (!*verdict || *verdict == '}' || *verdict == '\n')
			continue;
		drop = !strncmp(verdict, "drop", 4) ||
		       !strncmp(verdict, "reject", 6) ||
		       (by_policy && strncmp(verdict, "accept", 6) != 0);
	}
	return drop;
}

/* Whether a listed table names @tun, as "tun0" or "tun*", but not in a rule for what
 * is not of that device
 */
static bool names(const char *text, const char *tun)
{
	const char *start = text, *end;
	size_t len;

	while ((text = strchr(text, '"'))) {
		bool other = text - start > 3 && !strncmp(text - 3, "!= ", 3);

		end = strchr(++text, '"');
		if (!end)
			return false;
		if (other) {
			text = end + 1;
			continue;
		}
		len = (size_t)(end - text);
		if (len == strlen(tun) && !memcmp(text, tun, len))
			return true;
		if (len > 1 && end[-1] == '*' && !strncmp(text, tun, len - 1))
			return true;
		text = end + 1;
	}
	return false;
}

static bool is_iptables(const struct chain *c)
{
	return !strcmp(c->table, "filter") && !strcmp(c->name, "FORWARD") &&
	       strcmp(c->family, "inet") != 0;
}

static void look_at(const struct chain *c, const char *tun, struct findings *f)
{
	char *text =
		nft_runf("list chain %s %s %s", c->family, c->table, c->name);
	bool drop = text && drops(text);
	size_t len = strlen(f->list);

	free(text);
	if (!drop)
		return;
	text = nft_runf("list table %s %s", c->family, c->table);
	if (text && !names(text, tun)) {
		if (!len)
			f->first = *c;
		if (is_iptables(c) && !strcmp(c->family, "ip6"))
			f->iptables6 = true;
		snprintf(f->list + len, sizeof(f->list) - len,
			 "%s%s of table %s %s", len ? ", " : "", c->name,
			 c->family, c->table);
	}
	free(text);
}

/* Chains with the hook, of other tables than ftcptun's own, whose names can be said
 * in a command
 */
static void look_for_chains(const char *text, const char *tun, bool v6,
			    struct findings *f)
{
	struct chain c = { 0 };

	for (; text; text = strchr(text, '\n')) {
		text += strspn(text, "\n\t ");
		if (sscanf(text, "table %7s %63s", c.family, c.table) == 2 ||
		    sscanf(text, "chain %63s", c.name) == 1 ||
		    strncmp(text, "type filter hook forward", 24) != 0 ||
		    strstr(c.table, "ftcptun_") || !nft_is_name(c.table) ||
		    !nft_is_name(c.name))
			continue;
		if (!strcmp(c.family, "ip") || !strcmp(c.family, "inet") ||
		    (v6 && !strcmp(c.family, "ip6")))
			look_at(&c, tun, f);
	}
}

/* In the words of whoever rules over the table */
static void say_remedy(char *buf, size_t size, const struct findings *f,
		       const char *tun)
{
	const struct chain *c = &f->first;
	char *text = nft_runf("list table %s %s", c->family, c->table);
	const char *chain = c->name;

	if (text && strstr(text, "chain DOCKER-USER {"))
		chain = "DOCKER-USER";
	if (!strcmp(c->table, "firewalld"))
		snprintf(buf, size,
			 "firewall-cmd --zone=trusted --add-interface=%s", tun);
	else if (text && strstr(text, "chain ufw"))
		snprintf(buf, size,
			 "ufw route allow in on %s; ufw route allow out on %s",
			 tun, tun);
	else if (is_iptables(c))
		snprintf(
			buf, size,
			"ip%stables -I %s -i %s -j ACCEPT; ip%stables -I %s -o %s -j ACCEPT%s",
			c->family + 2, chain, tun, c->family + 2, chain, tun,
			f->iptables6 && !c->family[2] ?
				"; the same with ip6tables" :
				"");
	else
		snprintf(
			buf, size,
			"nft insert rule %s %s %s iifname %s accept; nft insert rule %s %s %s oifname %s accept",
			c->family, c->table, c->name, tun, c->family, c->table,
			c->name, tun);
	free(text);
}

/** firewall_warn() - say so if a firewall drops what is forwarded */
void firewall_warn(const char *tun, bool v6)
{
	char *text = nft_run("list chains", NULL), remedy[400];
	struct findings f = { 0 };

	look_for_chains(text, tun, v6, &f);
	free(text);
	if (!*f.list)
		return;
	say_remedy(remedy, sizeof(remedy), &f, tun);
	say(LOG_NOTICE,
	    "%s drops what is forwarded and names no rule for %s; if nothing passes: %s",
	    f.list, tun, remedy);
}
