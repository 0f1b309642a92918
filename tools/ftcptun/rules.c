// SPDX-License-Identifier: GPL-2.0
/*
 * NAT rules and forwarding settings.
 *
 * ftcptun is a host of its own behind the TUN device.  So the machine has to
 * forward; a client's segments have to be masqueraded, and segments to a
 * server's port have to be redirected to ftcptun's address.
 *
 * Everything that is installed stands in one nftables table, named after the
 * device.  With --restore the old value of each setting that was changed stands
 * there, too, as the name of an empty chain:
 *
 *	table inet ftcptun_tun0 {
 *		chain postrouting { ... }
 *		chain was_0_net/ipv4/ip_forward { }
 *		chain device_17 { }
 *	}
 *
 * So the table tells all that has to be undone.  It lives and dies with the
 * network namespace, needs no file, and survives a crash of ftcptun: a table
 * whose device is gone is a leftover, which the next start takes away.  The
 * device is known by its index, since another program may have its name now.
 *
 * Forwarding stays on at the end: whoever came later, as Docker or an administrator,
 * found it on and relies on it without a word.  Only with --restore is it put
 * back; a setting that another ftcptun still needs then becomes a chain of the
 * other's table.
 */
#include "rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "nft.h"
#include "settings.h"

#define TABLE_PREFIX "ftcptun_"
#define CHAIN_PREFIX "was_"
#define DEVICE_PREFIX "device_"
#define TABLE_LEN (sizeof(TABLE_PREFIX) + IF_NAMESIZE)

/* Name of the device whose rules are installed, or "", by which process (others may
 * end by exit(), too), and what was changed: the
 * record in the table is lost with it when somebody loads a firewall anew.
 */
static char installed[IF_NAMESIZE];
static pid_t installer;
static struct setting *changed;

/* Whether @changed is to be put back, and whether the table says so as well */
static bool restore, recorded;

static void table_name(char *table, const char *tun)
{
	snprintf(table, TABLE_LEN, TABLE_PREFIX "%s", tun);
}

/* An option of the command, if it is not as it is without being given */
static void add_peer(char *buf, const char *option, const struct addr *peer,
		     const struct addr *usual)
{
	size_t len = strlen(buf);
	char text[64];

	if (!addr_equal(peer, usual))
		snprintf(buf + len, RULES_COMMAND - len, " %s %s", option,
			 addr_text(peer, text, sizeof(text)));
}

/** rules_command() - the command that prints the rules for @o, in @buf */
const char *rules_command(const struct options *o, char *buf)
{
	struct options usual = { .role = o->role, .ip = o->ip };
	int len;

	options_defaults(&usual);
	len = snprintf(buf, RULES_COMMAND, "ftcptun print-rules %s",
		       o->ip			? "ip" :
		       o->role == ROLE_CLIENT ? "client" :
						"server");
	if (o->role == ROLE_SERVER)
		len += sprintf(buf + len, " --local %u", o->port);
	if (*o->tun)
		len += sprintf(buf + len, " --tun %s", o->tun);
	if (*o->dev)
		len += sprintf(buf + len, " --dev %s", o->dev);
	if (o->ipv4_only)
		strcpy(buf + len, " -4");
	add_peer(buf, "--tun-peer", &o->tun_peer, &usual.tun_peer);
	if (!o->ipv4_only)
		add_peer(buf, "--tun-peer6", &o->tun_peer6, &usual.tun_peer6);
	if (o->fwmark)
		sprintf(buf + strlen(buf), " --fwmark 0x%x", o->fwmark);
	return buf;
}

/**
 * rules_warn() - say so if the machine does not forward, without which nothing
 * gets through
 * @o: the command line, without --auto-rules
 * @v6: whether IPv6 has to be forwarded
 */
void rules_warn(const struct options *o, bool v6)
{
	char command[RULES_COMMAND];
	bool off = setting_is_off(IPV4_FORWARD);

	if (off || (v6 && setting_is_off(IPV6_FORWARD)))
		say(LOG_NOTICE,
		    "this machine does not forward IPv%d: use --auto-rules, or do what '%s' says",
		    off ? 4 : 6, rules_command(o, command));
}

/* There are names that nftables does not take: that of such an interface is not
 * recorded.
 */
static bool can_be_recorded(const char *name)
{
	return setting_is_ours(name) && nft_is_name(name);
}

/* ---- taking away ---- */

/* Whether the device of a table is there, @name in the table's own name */
static bool is_running(const char *name)
{
	char *text = nft_runf("list table inet " TABLE_PREFIX "%s", name);
	char index[16], found[IF_NAMESIZE];
	bool running;

	if (nft_next_word(text, "chain " DEVICE_PREFIX, index, sizeof(index)))
		running = if_indextoname((unsigned int)atoi(index), found);
	else /* of a version that did not say so */
		running = if_nametoindex(name);
	free(text);
	return running;
}

/* A table of another ftcptun that runs */
static bool find_other(const char *tables, const char *table, char *other)
{
	while ((tables = nft_next_word(tables, "table inet " TABLE_PREFIX,
				       other, IF_NAMESIZE))) {
		if (strcmp(other, table + strlen(TABLE_PREFIX)) &&
		    nft_is_name(other) && is_running(other))
			return true;
	}
	return false;
}

/* Undo what the chain's name tells: was_VALUE_SETTING.  Whoever rules over the
 * namespace can make such a chain, and need not be root of the host, as we may
 * be: nothing is believed but what record() can have written.
 */
static void undo(const char *chain, const char *other)
{
	size_t len = strspn(chain, "-0123456789");
	char value[16], *output;
	const char *name;

	if (!len || len >= sizeof(value) || chain[len] != '_')
		return;
	memcpy(value, chain, len);
	value[len] = '\0';
	name = chain + len + 1;
	if (!can_be_recorded(name))
		return;
	if (other) {
		output = nft_runf("add chain inet " TABLE_PREFIX
				  "%s " CHAIN_PREFIX "%s_%s",
				  other, value, name);
		free(output);
	} else if (setting_write(name, value)) {
		say(LOG_DEBUG, "cannot set %s back to %s: %s", name, value,
		    strerror(errno));
	}
}

static void remove_table(const char *table, const char *tables)
{
	char other[IF_NAMESIZE], chain[160], *text;
	const char *at;
	bool has_other = find_other(tables, table, other);

	text = nft_runf("list table inet %s", table);
	at = text;
	while ((at = nft_next_word(at, "chain " CHAIN_PREFIX, chain,
				   sizeof(chain))))
		undo(chain, has_other ? other : NULL);
	free(text);
	text = nft_runf("delete table inet %s", table);
	if (!text)
		say(LOG_NOTICE, "cannot delete the nftables table %s", table);
	free(text);
}

/**
 * rules_clean() - take away what crashed runs have left
 * @tun: name of the device that was just created: what is there under that
 *	name is a leftover as well; or NULL
 *
 * Return: 0, or -1 if nftables does not say what there is.
 */
int rules_clean(const char *tun)
{
	char name[IF_NAMESIZE], table[TABLE_LEN];
	char *tables = nft_run("list tables inet", NULL);
	const char *at = tables;

	while ((at = nft_next_word(at, "table inet " TABLE_PREFIX, name,
				   sizeof(name)))) {
		if (!nft_is_name(name) ||
		    (!(tun && !strcmp(name, tun)) && is_running(name)))
			continue;
		table_name(table, name);
		say(LOG_NOTICE, "removing the rules that a crash has left: %s",
		    table);
		remove_table(table, tables);
	}
	free(tables);
	return tables ? 0 : -1;
}

/* In the opposite order, after somebody else has taken the table away. */
static void undo_changes(const struct setting *list)
{
	if (!list)
		return;
	undo_changes(list->next);
	if (setting_write(list->name, list->old))
		say(LOG_DEBUG, "cannot set %s back to %s: %s", list->name,
		    list->old, strerror(errno));
}

static bool has_table(const char *tables, const char *table)
{
	char name[TABLE_LEN];

	while ((tables = nft_next_word(tables, "table inet ", name,
				       sizeof(name)))) {
		if (!strcmp(name, table))
			return true;
	}
	return false;
}

/**
 * rules_remove() - take away what rules_install() installed, if it did
 *
 * To be called while the device is there: a table without one is taken for a
 * leftover.  exit() calls it as well, for an end before its time.
 */
void rules_remove(void)
{
	char table[TABLE_LEN], other[IF_NAMESIZE], *tables;

	if (!*installed || installer != getpid())
		return;
	table_name(table, installed);
	*installed = '\0';
	tables = nft_run("list tables inet", NULL);
	if (has_table(tables, table)) {
		remove_table(table, tables);
		restore = restore && !recorded;
	} else {
		say(LOG_NOTICE,
		    "somebody has deleted the nftables table %s before", table);
	}
	if (restore && !find_other(tables, table, other))
		undo_changes(changed);
	free(tables);
	settings_free(changed);
	changed = NULL;
}

/* ---- installing ---- */

/* What comes from the device is marked before it is routed; and what comes back,
 * by the mark of its connection, since a filter of reverse paths asks where an
 * answer with the mark of a packet would go (with src_valid_mark, which wg-quick
 * sets).
 */
static void write_mark(const struct options *o, const char *tun,
		       const char *any, FILE *out)
{
	fprintf(out,
		"\tchain marks {\n"
		"\t\ttype filter hook prerouting priority -150; policy accept;\n"
		"\t\tiifname \"%s%s\" meta mark set 0x%x ct mark set 0x%x accept\n"
		"\t\tct mark 0x%x meta mark set 0x%x\n"
		"\t}\n",
		tun, any, o->fwmark, o->fwmark, o->fwmark, o->fwmark);
}

/* IPv4, and IPv6 if it is wanted, in the words of nftables and iptables */
static const char *const six[] = { "", "6" };

static u32 families(const struct options *o)
{
	return o->ipv4_only ? 1 : 2;
}

static const char *peer_text(const struct options *o, u32 family, char *buf)
{
	return addr_text(family ? &o->tun_peer6 : &o->tun_peer, buf,
			 INET6_ADDRSTRLEN);
}

/* The device of inner packets, if the command line does not say which: any */
static const char *inner_name(const struct options *o)
{
	return *o->dev ? o->dev : "ftcp";
}

/* NAT, and that nothing for ftcptun's own address goes anywhere else.  Without
 * that, when ftcptun has ended or crashed, the host would go on translating what
 * still comes and send it where its default route leads.  Nor may what comes out
 * of the inner device, @dev, be taken for segments.  @any: "*" if any name
 * that begins with @tun is that of the device.
 */
static void write_rules(const struct options *o, const char *tun,
			const char *any, const char *dev, const char *any_dev,
			FILE *out)
{
	bool client = o->role == ROLE_CLIENT;
	char peer[INET6_ADDRSTRLEN];
	u32 i;

	fprintf(out,
		"\tchain %s {\n"
		"\t\ttype nat hook %s priority %d; policy accept;\n",
		client ? "postrouting" : "prerouting",
		client ? "postrouting" : "prerouting", client ? 100 : -100);
	for (i = 0; i < families(o); i++) {
		peer_text(o, i, peer);
		if (client)
			fprintf(out, "\t\tip%s saddr %s masquerade\n",
				six[i], peer);
		else
			fprintf(out,
				"\t\tmeta nfproto ipv%d tcp dport %u fib daddr type local dnat ip%s to %s\n",
				i ? 6 : 4, o->port, six[i], peer);
	}
	fprintf(out, "\t}\n"
		     "\tchain forward {\n"
		     "\t\ttype filter hook forward priority -10; policy accept;\n");
	for (i = 0; i < families(o); i++) {
		peer_text(o, i, peer);
		fprintf(out, "\t\tip%s daddr %s oifname != \"%s%s\" drop\n",
			six[i], peer, tun, any);
		if (o->ip)
			fprintf(out,
				"\t\tiifname \"%s%s\" ip%s daddr %s drop\n",
				dev, any_dev, six[i], peer);
	}
	fprintf(out, "\t}\n");
	if (o->fwmark)
		write_mark(o, tun, any, out);
}

static void print_iptables(const struct options *o, const char *tun,
			   const char *any, FILE *out)
{
	char peer[INET6_ADDRSTRLEN];
	u32 i;

	for (i = 0; i < families(o); i++) {
		peer_text(o, i, peer);
		fprintf(out, "# ip%stables -I FORWARD -d %s ! -o %s%s -j DROP\n",
			six[i], peer, tun, any);
		if (o->ip)
			fprintf(out,
				"# ip%stables -I FORWARD -d %s -i %s%s -j DROP\n",
				six[i], peer, inner_name(o),
				*o->dev ? "" : "+");
	}
	for (i = 0; i < families(o); i++) {
		fprintf(out, "# ip%stables -t nat -A ", six[i]);
		peer_text(o, i, peer);
		if (o->role == ROLE_CLIENT)
			fprintf(out, "POSTROUTING -s %s -j MASQUERADE\n", peer);
		else
			fprintf(out,
				"PREROUTING -p tcp --dport %u -m addrtype --dst-type LOCAL -j DNAT --to-destination %s\n",
				o->port, peer);
	}
	if (!o->fwmark)
		return;
	for (i = 0; i < families(o); i++)
		fprintf(out,
			"# ip%1$stables -t mangle -A PREROUTING -m connmark --mark 0x%4$x -j MARK --set-mark 0x%4$x\n"
			"# ip%1$stables -t mangle -A PREROUTING -i %2$s%3$s -j MARK --set-mark 0x%4$x\n"
			"# ip%1$stables -t mangle -A PREROUTING -i %2$s%3$s -j CONNMARK --set-mark 0x%4$x\n",
			six[i], tun, any, o->fwmark);
}

/**
 * rules_print() - print what --auto-rules would install
 *
 * The output is a file for nft -f; the same for iptables, and the settings,
 * are comments in it.  The table's name is another than that of --auto-rules:
 * what a user has installed is never taken for a leftover.
 */
void rules_print(const struct options *o, FILE *out)
{
	const char *tun = *o->tun ? o->tun : "tun";

	fprintf(out,
		"# nftables: pass this to nft -f -\n"
		"table inet nat_" TABLE_PREFIX "%s {\n",
		*o->tun ? o->tun : "tun0");
	write_rules(o, tun, *o->tun ? "" : "*", inner_name(o),
		    *o->dev ? "" : "*", out);
	fprintf(out, "}\n\n# or iptables:\n");
	print_iptables(o, tun, *o->tun ? "" : "+", out);
	fprintf(out, "\n# and the machine has to forward:\n"
		     "# sysctl -w net.ipv4.ip_forward=1\n");
	if (!o->ipv4_only)
		fprintf(out,
			"# sysctl -w net.ipv6.conf.all.forwarding=1\n"
			"# (interfaces that take their routes from router advertisements then\n"
			"# need net.ipv6.conf.INTERFACE.accept_ra=2)\n");
}

/* The old value of each, as a chain's name */
static void record(const struct setting *list, FILE *table)
{
	for (; list; list = list->next) {
		if (can_be_recorded(list->name))
			fprintf(table, "\tchain " CHAIN_PREFIX "%s_%s { }\n",
				list->old, list->name);
	}
}

/**
 * rules_install() - install the rules and change the settings
 * @o: the command line
 * @tun: name of the device
 * @dev: that of the inner one, of ip
 * @v6: whether IPv6 has to be forwarded
 *
 * Explains and exits if that fails, with nothing changed; if anything else fails
 * before rules_settle(), all of it is undone at exit.
 */
void rules_install(const struct options *o, const char *tun, const char *dev,
		   bool v6)
{
	char table[TABLE_LEN], *text = NULL, *output, *errors;
	struct setting *changes;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("out of memory");
	table_name(table, tun);
	changes = settings_plan(v6, tun);
	fprintf(out, "table inet %s {\n", table);
	write_rules(o, tun, "", dev, "", out);
	if (o->restore)
		record(changes, out);
	fprintf(out, "\tchain " DEVICE_PREFIX "%u { }\n}\n",
		if_nametoindex(tun));
	if (fclose(out))
		die("out of memory");

	output = nft_run(text, &errors);
	if (!output)
		die("--auto-rules: nftables: %s",
		    errors ? errors : "no memory");
	free(output);
	free(text);
	memcpy(installed, tun, strlen(tun) + 1);
	installer = getpid();
	atexit(rules_remove);
	changed = changes;
	recorded = o->restore;
	restore = true;
	settings_apply(changes);
}

/** rules_settle() - the program runs: with --restore, changes go at its end */
void rules_settle(const struct options *o)
{
	restore = o->restore;
}
