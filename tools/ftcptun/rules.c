// SPDX-License-Identifier: GPL-2.0
/*
 * NAT rules and forwarding settings.
 *
 * ftcptun is a host of its own behind the TUN device.  So the machine has to
 * forward; a client's segments have to be masqueraded, and segments to a
 * server's port have to be redirected to ftcptun's address.
 *
 * Everything that is installed stands in one nftables table, named after the
 * device.  The old value of each setting that was changed stands there, too,
 * as the name of an empty chain:
 *
 *	table inet ftcptun_tun0 {
 *		chain postrouting { ... }
 *		chain was_0_net/ipv4/ip_forward { }
 *	}
 *
 * So the table tells all that has to be undone.  It lives and dies with the
 * network namespace, needs no file, and survives a crash of ftcptun: a table
 * whose device is gone is a leftover, which the next start takes away.  A
 * setting that another ftcptun still needs is not undone but becomes a chain
 * of the other's table.
 */
#include "rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define TABLE_PREFIX "ftcptun_"
#define CHAIN_PREFIX "was_"
#define TABLE_LEN (sizeof(TABLE_PREFIX) + IF_NAMESIZE)
#define IPV4_FORWARD "net/ipv4/ip_forward"
#define IPV6_FORWARD "net/ipv6/conf/all/forwarding"
#define IPV6_CONF "/proc/sys/net/ipv6/conf"

/* Name of the device whose rules are installed, or "" */
static char installed[IF_NAMESIZE];

/* ---- nftables ---- */

/* Run commands; returns their output, to be freed, or NULL.  @errors, if not
 * NULL, receives what nftables says about a failure, to be freed as well.
 */
static char *nft_run(const char *commands, char **errors)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char *output = NULL;

	if (errors)
		*errors = NULL;
	if (!nft)
		return NULL;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	if (!nft_run_cmd_from_buffer(nft, commands))
		output = strdup(nft_ctx_get_output_buffer(nft));
	else if (errors)
		*errors = strdup(nft_ctx_get_error_buffer(nft));
	nft_ctx_free(nft);
	return output;
}

__attribute__((format(printf, 1, 2))) static char *nft_runf(const char *format,
							    ...)
{
	char *commands, *output;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&commands, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	output = nft_run(commands, NULL);
	free(commands);
	return output;
}

static void table_name(char *table, const char *tun)
{
	snprintf(table, TABLE_LEN, TABLE_PREFIX "%s", tun);
}

/* The next line of @text that, after blanks, begins with @head: copies the
 * word behind it, and returns where to go on, or NULL.
 */
static const char *next_word(const char *text, const char *head, char *word,
			     size_t size)
{
	size_t len;

	while (text && *text) {
		text += strspn(text, " \t\n");
		if (!strncmp(text, head, strlen(head))) {
			text += strlen(head);
			len = strcspn(text, " \t\n");
			if (len && len < size) {
				memcpy(word, text, len);
				word[len] = '\0';
				return text + len;
			}
		}
		text = strchr(text, '\n');
	}
	return NULL;
}

/* ---- settings ---- */

static int setting_read(const char *name, char *value, size_t size)
{
	char path[160];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, value, size - 1);
	close(fd);
	if (len <= 0)
		return -1;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int setting_write(const char *name, const char *value)
{
	char path[160];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = write(fd, value, strlen(value));
	close(fd);
	return len < 0 ? -1 : 0;
}

static bool is_off(const char *name)
{
	char value[16];

	return !setting_read(name, value, sizeof(value)) &&
	       !strcmp(value, "0");
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

/**
 * rules_command() - the command that prints the rules for a command line
 * @o: the command line
 * @buf: where to, RULES_COMMAND bytes
 *
 * Return: @buf.
 */
const char *rules_command(const struct options *o, char *buf)
{
	struct options usual = { .role = o->role };
	int len;

	options_defaults(&usual);
	len = snprintf(buf, RULES_COMMAND, "ftcptun print-rules %s",
		       o->role == ROLE_CLIENT ? "client" : "server");
	if (o->role == ROLE_SERVER)
		len += sprintf(buf + len, " --local %u", o->port);
	if (*o->tun)
		len += sprintf(buf + len, " --tun %s", o->tun);
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
	bool off = is_off(IPV4_FORWARD);

	if (off || (v6 && is_off(IPV6_FORWARD)))
		say(LOG_NOTICE,
		    "this machine does not forward IPv%d: use --auto-rules, or do what '%s' says",
		    off ? 4 : 6, rules_command(o, command));
}

/* ---- taking away ---- */

/* A table of another ftcptun that runs */
static bool find_other(const char *tables, const char *table, char *other)
{
	while ((tables = next_word(tables, "table inet " TABLE_PREFIX, other,
				   IF_NAMESIZE))) {
		if (strcmp(other, table + strlen(TABLE_PREFIX)) &&
		    if_nametoindex(other))
			return true;
	}
	return false;
}

/* Undo what the chain's name tells: was_VALUE_SETTING */
static void undo(const char *chain, const char *other)
{
	char value[16], *output;
	const char *name;
	size_t len;

	if (other) {
		output = nft_runf("add chain inet " TABLE_PREFIX
				  "%s " CHAIN_PREFIX "%s",
				  other, chain);
		free(output);
		return;
	}
	name = strchr(chain, '_');
	len = name ? (size_t)(name - chain) : 0;
	if (!len || len >= sizeof(value) || strstr(name, ".."))
		return;
	memcpy(value, chain, len);
	value[len] = '\0';
	if (setting_write(name + 1, value))
		say(LOG_DEBUG, "cannot set %s back to %s: %s", name + 1, value,
		    strerror(errno));
}

static void remove_table(const char *table, const char *tables)
{
	char other[IF_NAMESIZE], chain[160], *text;
	const char *at;
	bool has_other = find_other(tables, table, other);

	text = nft_runf("list table inet %s", table);
	at = text;
	while ((at = next_word(at, "chain " CHAIN_PREFIX, chain,
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
 *	name is a leftover as well
 */
void rules_clean(const char *tun)
{
	char name[IF_NAMESIZE], table[TABLE_LEN];
	char *tables = nft_run("list tables inet", NULL);
	const char *at = tables;

	while ((at = next_word(at, "table inet " TABLE_PREFIX, name,
			       sizeof(name)))) {
		if (if_nametoindex(name) && strcmp(name, tun))
			continue;
		snprintf(table, sizeof(table), TABLE_PREFIX "%s", name);
		say(LOG_NOTICE, "removing the rules that a crash has left: %s",
		    table);
		remove_table(table, tables);
	}
	free(tables);
}

/**
 * rules_remove() - take away what rules_install() installed, if it did
 *
 * To be called while the device is there: a table without one is taken for a
 * leftover.  exit() calls it as well, for an end before its time.
 */
void rules_remove(void)
{
	char table[TABLE_LEN], *tables;

	if (!*installed)
		return;
	table_name(table, installed);
	*installed = '\0';
	tables = nft_run("list tables inet", NULL);
	remove_table(table, tables);
	free(tables);
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

/* NAT, and that nothing for ftcptun's own address goes anywhere else.  Without
 * that, when ftcptun has ended or crashed, the host would go on translating what
 * still comes and send it where its default route leads.  @any: "*" if any name
 * that begins with @tun is that of the device.
 */
static void write_rules(const struct options *o, const char *tun,
			const char *any, FILE *out)
{
	char peer[64], peer6[64];

	addr_text(&o->tun_peer, peer, sizeof(peer));
	addr_text(&o->tun_peer6, peer6, sizeof(peer6));
	if (o->role == ROLE_CLIENT) {
		fprintf(out,
			"\tchain postrouting {\n"
			"\t\ttype nat hook postrouting priority 100; policy accept;\n"
			"\t\tip saddr %s masquerade\n",
			peer);
		if (!o->ipv4_only)
			fprintf(out, "\t\tip6 saddr %s masquerade\n", peer6);
	} else {
		fprintf(out,
			"\tchain prerouting {\n"
			"\t\ttype nat hook prerouting priority -100; policy accept;\n"
			"\t\tmeta nfproto ipv4 tcp dport %u fib daddr type local dnat ip to %s\n",
			o->port, peer);
		if (!o->ipv4_only)
			fprintf(out,
				"\t\tmeta nfproto ipv6 tcp dport %u fib daddr type local dnat ip6 to %s\n",
				o->port, peer6);
	}
	fprintf(out, "\t}\n"
		     "\tchain forward {\n"
		     "\t\ttype filter hook forward priority -10; policy accept;\n"
		     "\t\tip daddr %s oifname != \"%s%s\" drop\n",
		peer, tun, any);
	if (!o->ipv4_only)
		fprintf(out, "\t\tip6 daddr %s oifname != \"%s%s\" drop\n",
			peer6, tun, any);
	fprintf(out, "\t}\n");
	if (o->fwmark)
		write_mark(o, tun, any, out);
}

static void print_iptables_mark(const struct options *o, const char *tun,
				const char *any, FILE *out)
{
	static const char *const command[] = { "iptables", "ip6tables" };
	u32 i;

	for (i = 0; i < (o->ipv4_only ? 1 : 2); i++)
		fprintf(out,
			"# %s -t mangle -A PREROUTING -m connmark --mark 0x%x -j MARK --set-mark 0x%x\n"
			"# %s -t mangle -A PREROUTING -i %s%s -j MARK --set-mark 0x%x\n"
			"# %s -t mangle -A PREROUTING -i %s%s -j CONNMARK --set-mark 0x%x\n",
			command[i], o->fwmark, o->fwmark, command[i], tun, any,
			o->fwmark, command[i], tun, any, o->fwmark);
}

/**
 * rules_print() - print what --auto-rules would install
 * @o: the command line
 * @out: where to
 *
 * The output is a file for nft -f; the same for iptables, and the settings,
 * are comments in it.  The table's name is another than that of --auto-rules:
 * what a user has installed is never taken for a leftover.
 */
void rules_print(const struct options *o, FILE *out)
{
	const char *tun = *o->tun ? o->tun : "tun";
	const char *any = *o->tun ? "" : "*", *any_ipt = *o->tun ? "" : "+";
	char peer[64], peer6[64];

	addr_text(&o->tun_peer, peer, sizeof(peer));
	addr_text(&o->tun_peer6, peer6, sizeof(peer6));
	fprintf(out,
		"# nftables: pass this to nft -f -\n"
		"table inet nat_" TABLE_PREFIX "%s {\n",
		*o->tun ? o->tun : "tun0");
	write_rules(o, tun, any, out);
	fprintf(out, "}\n\n# or iptables:\n"
		     "# iptables -I FORWARD -d %s ! -o %s%s -j DROP\n",
		peer, tun, any_ipt);
	if (!o->ipv4_only)
		fprintf(out, "# ip6tables -I FORWARD -d %s ! -o %s%s -j DROP\n",
			peer6, tun, any_ipt);
	if (o->role == ROLE_CLIENT) {
		fprintf(out,
			"# iptables -t nat -A POSTROUTING -s %s -j MASQUERADE\n",
			peer);
		if (!o->ipv4_only)
			fprintf(out,
				"# ip6tables -t nat -A POSTROUTING -s %s -j MASQUERADE\n",
				peer6);
	} else {
		fprintf(out,
			"# iptables -t nat -A PREROUTING -p tcp --dport %u -m addrtype --dst-type LOCAL -j DNAT --to-destination %s\n",
			o->port, peer);
		if (!o->ipv4_only)
			fprintf(out,
				"# ip6tables -t nat -A PREROUTING -p tcp --dport %u -m addrtype --dst-type LOCAL -j DNAT --to-destination %s\n",
				o->port, peer6);
	}
	if (o->fwmark)
		print_iptables_mark(o, tun, any_ipt, out);
	fprintf(out, "\n# and the machine has to forward:\n"
		     "# sysctl -w net.ipv4.ip_forward=1\n");
	if (!o->ipv4_only)
		fprintf(out,
			"# sysctl -w net.ipv6.conf.all.forwarding=1\n"
			"# (interfaces that take their routes from router advertisements then\n"
			"# need net.ipv6.conf.INTERFACE.accept_ra=2)\n");
}

/**
 * struct change - a setting to be changed
 * @name: its path below /proc/sys
 * @value: the new value
 */
struct change {
	char name[96];
	const char *value;
};

#define CHANGES_MAX 64

static u32 add_change(struct change *list, u32 n, const char *name,
		      const char *value, FILE *table)
{
	char old[16];

	if (n == CHANGES_MAX || setting_read(name, old, sizeof(old)) ||
	    !strcmp(old, value))
		return n;
	fprintf(table, "\tchain " CHAIN_PREFIX "%s_%s { }\n", old, name);
	snprintf(list[n].name, sizeof(list[n].name), "%s", name);
	list[n].value = value;
	return n + 1;
}

/* An interface that gets its address and default route from router
 * advertisements would lose them as soon as the machine forwards.
 */
static u32 keep_advertisements(struct change *list, u32 n, FILE *table)
{
	DIR *dir = opendir(IPV6_CONF);
	struct dirent *entry;
	char name[96], old[16];

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.' || !strcmp(entry->d_name, "all") ||
		    !strcmp(entry->d_name, "default") ||
		    !strcmp(entry->d_name, "lo") ||
		    strspn(entry->d_name,
			   "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
			    strlen(entry->d_name))
			continue;
		snprintf(name, sizeof(name), "net/ipv6/conf/%.32s/accept_ra",
			 entry->d_name);
		if (!setting_read(name, old, sizeof(old)) && !strcmp(old, "1"))
			n = add_change(list, n, name, "2", table);
	}
	if (dir)
		closedir(dir);
	return n;
}

/**
 * rules_install() - install the rules and change the settings
 * @o: the command line
 * @tun: name of the device
 * @v6: whether IPv6 has to be forwarded
 *
 * Explains and exits if that fails, with nothing changed.
 */
void rules_install(const struct options *o, const char *tun, bool v6)
{
	char table[TABLE_LEN], *text = NULL, *output, *errors, value[16];
	struct change changes[CHANGES_MAX];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	u32 n, i;

	if (!out)
		die("out of memory");
	table_name(table, tun);
	fprintf(out, "table inet %s {\n", table);
	write_rules(o, tun, "", out);
	n = add_change(changes, 0, IPV4_FORWARD, "1", out);
	if (v6 && !setting_read(IPV6_FORWARD, value, sizeof(value)) &&
	    strcmp(value, "1")) {
		n = keep_advertisements(changes, n, out);
		n = add_change(changes, n, IPV6_FORWARD, "1", out);
	}
	fprintf(out, "}\n");
	if (fclose(out))
		die("out of memory");

	output = nft_run(text, &errors);
	if (!output)
		die("--auto-rules: nftables: %s",
		    errors ? errors : "no memory");
	free(output);
	free(text);
	memcpy(installed, tun, strlen(tun) + 1);
	atexit(rules_remove);
	for (i = 0; i < n; i++) {
		if (setting_write(changes[i].name, changes[i].value))
			die("--auto-rules: cannot set %s to %s: %s",
			    changes[i].name, changes[i].value,
			    strerror(errno));
	}
}
