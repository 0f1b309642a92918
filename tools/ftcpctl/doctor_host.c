// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor looks at on this host as such: the module, systemd-networkd, connection
 * tracking, and the files of links.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../version.h"
#include "config.h"
#include "doctor.h"

#define LOADED "/sys/module/faketcp"
#define FILES "/etc/faketcp"
#define LINE 512

/** read_line() - the first line of a file, without its end */
bool read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(buf, (int)size, f);

	if (f)
		fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	else
		buf[0] = '\0';
	return ok;
}

/** read_number() - the number in a file, or another one if there is none */
long long read_number(const char *path, long long otherwise)
{
	char buf[LINE], *end;
	long long n;

	if (!read_line(path, buf, sizeof(buf)))
		return otherwise;
	n = strtoll(buf, &end, 10);
	return end == buf ? otherwise : n;
}

/** output_of() - the first line that a program prints; false if it fails */
bool output_of(const char *command, char *buf, size_t size)
{
	FILE *f = popen(command, "re");
	char rest[LINE];

	buf[0] = '\0';
	if (!f)
		return false;
	if (!fgets(buf, (int)size, f))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	while (fgets(rest, sizeof(rest), f))
		;
	return !pclose(f);
}

/* An address in /proc/net is words of the host's byte order, each in hexadecimal */
static bool parse_socket(const char *line, bool six, union address *a,
			 unsigned int *state)
{
	unsigned int w[4] = {}, port;

	if (six ? sscanf(line, " %*d: %8x%8x%8x%8x:%x %*32[0-9A-F]:%*x %x",
			 &w[0], &w[1], &w[2], &w[3], &port, state) != 6 :
		  sscanf(line, " %*d: %8x:%x %*8[0-9A-F]:%*x %x", &w[0], &port,
			 state) != 3)
		return false;
	*a = (union address){ .sa.sa_family = six ? AF_INET6 : AF_INET };
	memcpy(six ? (void *)&a->in6.sin6_addr : (void *)&a->in.sin_addr, w,
	       six ? 16 : 4);
	address_set_port(a, port);
	return true;
}

static bool is_any(const union address *a)
{
	return a->sa.sa_family == AF_INET ?
		       !a->in.sin_addr.s_addr :
		       IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

/**
 * port_in_use() - has a socket of "tcp" or "udp" a port, at an address if one is given?
 * Of TCP it may have to be listening.
 */
bool port_in_use(const char *protocol, const union address *a,
		 unsigned int port, bool listening)
{
	const char *suffix = "";
	bool found = false, six;
	unsigned int state;
	union address own;
	char line[LINE];
	int i;
	FILE *f;

	for (i = 0; i < 2 && !found; i++, suffix = "6") {
		six = i;
		f = fopen(text("/proc/net/%s%s", protocol, suffix), "re");
		while (f && !found && fgets(line, sizeof(line), f))
			found = parse_socket(line, six, &own, &state) &&
				address_port(&own) == port &&
				(!listening || state == 0x0a) &&
				(!a || same_host(a, &own) ||
				 (is_any(&own) &&
				  (six || a->sa.sa_family == AF_INET)));
		if (f)
			fclose(f);
	}
	return found;
}

/* The module */

/* Does the kernel refuse modules that nobody has signed? */
static bool wants_signature(void)
{
	char line[LINE];

	if (read_line("/sys/module/module/parameters/sig_enforce", line,
		      sizeof(line)) &&
	    line[0] == 'Y')
		return true;
	return read_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	       strchr(line, '[') && !strstr(line, "[none]");
}

static void check_signature(void)
{
	char signer[LINE];

	if (!wants_signature())
		return;
	if (output_of("modinfo -F signer faketcp 2> /dev/null", signer,
		      sizeof(signer)) &&
	    !signer[0])
		fault("/lib/modules/$(uname -r)/build/scripts/sign-file sha512 KEY CERT $(modinfo -n faketcp)",
		      "the module is not signed, and this kernel (Secure Boot) loads no such module; the key has to be one that the machine trusts (mokutil --import)");
}

/* Is the module that is installed the one that is loaded? */
static void check_installed(void)
{
	char loaded[LINE], file[LINE];

	if (!read_line(LOADED "/srcversion", loaded, sizeof(loaded)) ||
	    !output_of("modinfo -F srcversion faketcp 2> /dev/null", file,
		       sizeof(file)) ||
	    !file[0])
		return;
	if (strcmp(loaded, file))
		fault("modprobe -r faketcp && modprobe faketcp",
		      "the module that is loaded is not the one that is installed; loading that deletes all links, which have to be made again");
}

/** check_module() - is it there, and of this version? */
void check_module(struct doctor *d)
{
	char version[LINE], file[LINE], vermagic[LINE];
	struct utsname u;

	uname(&u);
	if (d->module) {
		read_line(LOADED "/version", version, sizeof(version));
		if (version[0] && strcmp(version, TOOLS_VERSION))
			fault("modprobe -r faketcp && modprobe faketcp",
			      "the module is version %s, ftcpctl " TOOLS_VERSION
			      "; loading another one deletes all links",
			      version);
		else
			well("faketcp %s is loaded, as ftcpctl is", version);
		check_installed();
		return;
	}
	if (!output_of("modinfo -n faketcp 2> /dev/null", file, sizeof(file))) {
		fault("make && make install",
		      "faketcp is not installed for this kernel, %s (without the module, ftcptun does the same)",
		      u.release);
		return;
	}
	output_of("modinfo -F vermagic faketcp 2> /dev/null", vermagic,
		  sizeof(vermagic));
	vermagic[strcspn(vermagic, " ")] = '\0';
	if (vermagic[0] && strcmp(vermagic, u.release)) {
		fault(text("make KVER=%s && make install KVER=%s", u.release,
			   u.release),
		      "the module was built for %s, not for this kernel, %s",
		      vermagic, u.release);
		return;
	}
	fault("modprobe faketcp", "faketcp is installed, and not loaded");
	check_signature();
}

/* Connection tracking */

/** check_conntrack() - has it room for another connection? */
void check_conntrack(struct doctor *d)
{
	long long n = read_number("/proc/sys/net/netfilter/nf_conntrack_count",
				  -1);
	long long max = read_number("/proc/sys/net/netfilter/nf_conntrack_max",
				    -1);

	(void)d;
	if (n < 0 || max <= 0)
		return aside(NULL, "no connection tracking here");
	if (n < max - max / 20)
		return well("%lld connections are tracked, of at most %lld", n,
			    max);
	fault(text("sysctl -w net.netfilter.nf_conntrack_max=%lld",
		   n > max ? 2 * n : 2 * max),
	      "connection tracking is full: %lld of %lld; new connections are dropped",
	      n, max);
}

/* systemd-networkd */

static bool is_running(const char *name)
{
	char comm[LINE];
	struct dirent *e;
	bool found = false;
	DIR *dir = opendir("/proc");

	while (dir && !found && (e = readdir(dir)))
		found = e->d_name[0] >= '0' && e->d_name[0] <= '9' &&
			read_line(text("/proc/%s/comm", e->d_name), comm,
				  sizeof(comm)) &&
			!strcmp(comm, name);
	if (dir)
		closedir(dir);
	return found;
}

/* What a file says of foreign rules, if anything */
static void read_setting(const char *path, bool *kept)
{
	char line[LINE], *value;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		value = strchr(line, '=');
		if (!value || strncmp(line, "ManageForeignRoutingPolicyRules",
				      31))
			continue;
		value += 1 + strspn(value + 1, " ");
		*kept = strchr("nNfF0", value[0]) ||
			!strncasecmp(value, "off", 3);
	}
	if (f)
		fclose(f);
}

static bool keeps_rules(void)
{
	static const char *const dirs[] = {
		"/usr/lib/systemd", "/usr/local/lib/systemd", "/run/systemd",
		"/etc/systemd",
	};
	bool kept = false;
	struct dirent **names;
	size_t i;
	int n, j;

	read_setting("/etc/systemd/networkd.conf", &kept);
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		n = scandir(text("%s/networkd.conf.d", dirs[i]), &names, NULL,
			    alphasort);
		for (j = 0; j < n; j++) {
			if (names[j]->d_name[0] != '.')
				read_setting(text("%s/networkd.conf.d/%s",
						  dirs[i], names[j]->d_name),
					     &kept);
			free(names[j]);
		}
		if (n >= 0)
			free(names);
	}
	return kept;
}

/** check_networkd() - does it remove our rules? */
void check_networkd(struct doctor *d)
{
	struct entry e;
	size_t i;

	for (i = 0; i < d->rules.n; i++)
		if (rtnl_entry(d->rules.array[i].msg, &e) && !e.route)
			break;
	if (i == d->rules.n)
		return aside(NULL, "no rules that it could remove");
	if (!is_running("systemd-network"))
		return well("systemd-networkd does not run");
	if (keeps_rules())
		return well("it leaves rules of others alone");
	fault("printf '[Network]\\nManageForeignRoutingPolicyRules=no\\n' | install -D -m 644 /dev/stdin /etc/systemd/networkd.conf.d/faketcp.conf && systemctl restart systemd-networkd",
	      "systemd-networkd runs, and removes the rules when it is restarted or sets up a link; after the restart, add them again");
}

/* The files of links */

/* The port in a line "tunnel NAME ... port N ...", 0 if there is none */
static unsigned int port_of(char *line)
{
	unsigned int port = 0;
	char *word, *rest = line;

	word = strtok_r(rest, " \t\n", &rest);
	if (!word || strcmp(word, "tunnel"))
		return 0;
	while ((word = strtok_r(NULL, " \t\n", &rest)))
		if (!strcmp(word, "port") &&
		    (word = strtok_r(NULL, " \t\n", &rest)))
			scan_port(word, &port);
	return port;
}

/* A link that is not there, though it has a file: is something in its way? */
static void check_file(const char *dev, const char *path)
{
	unsigned int port;
	char line[4096];
	FILE *f;

	fault(text("ftcpctl apply %s", dev),
	      "%s is there, and its link is not; at boot: systemctl enable --now faketcp@%s",
	      path, dev);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		port = port_of(line);
		if (port && port_in_use("tcp", NULL, port, true))
			fault(text("ss -ltnp sport = :%u", port),
			      "TCP port %u, which it wants, is in use by another program; end that, or choose another port",
			      port);
	}
	if (f)
		fclose(f);
}

/** check_files() - are the links there that have a file? */
void check_files(struct doctor *d)
{
	DIR *dir = opendir(FILES);
	const char *path;
	char dev[IF_NAMESIZE];
	unsigned int n = 0, missing = 0;
	struct dirent *e;
	size_t len;

	(void)d;
	while (dir && (e = readdir(dir))) {
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' || len < 6 || len - 5 >= IF_NAMESIZE ||
		    strcmp(e->d_name + len - 5, ".conf"))
			continue;
		snprintf(dev, sizeof(dev), "%.*s", (int)len - 5, e->d_name);
		path = text(FILES "/%s", e->d_name);
		n++;
		if (if_nametoindex(dev))
			continue;
		missing++;
		check_file(dev, path);
	}
	if (dir)
		closedir(dir);
	if (!n)
		aside(NULL, "none in " FILES);
	else if (!missing)
		well("each link that has a file is there");
}
