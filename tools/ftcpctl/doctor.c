// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: look for what keeps links from working, and say what mends it
 */
#include <unistd.h>

#include "doctor.h"

/* A terminal has as many columns, and the text begins here */
#define COLUMNS 80
#define INDENT 14

enum verdict { WELL, ASIDE, FAULT };

/* What precedes a line, and what JSON calls it */
static const struct {
	const char *mark;
	const char *state;
} verdicts[] = {
	[WELL] = { "ok", "ok" },
	[ASIDE] = { "--", "note" },
	[FAULT] = { "!!", "fault" },
};

static struct {
	const char *check;
	bool json;
	unsigned int faults;
} report;

/* In the order in which what is wrong keeps the rest from working */
static const struct {
	const char *name;
	void (*run)(struct doctor *d);
} checks[] = {
	{ "module", check_module },
	{ "files", check_files },
	{ "link", check_links },
	{ "tunnel", check_tunnels },
	{ "names", check_names },
	{ "rules", check_rules },
	{ "networkd", check_networkd },
	{ "way", check_ways },
	{ "rp_filter", check_rp_filter },
	{ "filter", check_filter },
	{ "forwarding", check_forwarding },
	{ "mtu", check_mtu },
	{ "wireguard", check_wireguard },
	{ "conntrack", check_conntrack },
	{ "flows", check_flows },
	{ "drops", check_drops },
	{ "far end", check_far },
};

/**
 * text() - words that are put together, for a command that mends.  The program ends
 * before it matters that they are never freed.
 */
const char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		exit(refused("out of memory"));
	va_end(ap);
	return s;
}

const char *tunnel_name(const struct object *t)
{
	return object_text(t, FTCP_A_TUNNEL);
}

const char *tunnel_dev(const struct object *t)
{
	return object_text(t, FTCP_A_IFNAME);
}

uint64_t tunnel_mode(const struct object *t)
{
	return object_number(t, FTCP_A_MODE);
}

/* Words in lines that fit, each but the last ended by @more and the next indented */
static void print_wrapped(const char *words, int indent, const char *more)
{
	int column = indent, room = COLUMNS - (int)strlen(more), len;
	const char *next;

	for (; *words; words = next) {
		len = (int)strcspn(words, " ");
		next = words + len + (words[len] == ' ');
		if (column > indent && column + 1 + len > room) {
			printf("%s\n%*s", more, indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", len,
				 words);
	}
	putchar('\n');
}

static void print(enum verdict verdict, const char *mend, const char *words)
{
	if (report.json) {
		json_open(NULL, '{');
		json_string("check", report.check);
		json_string("state", verdicts[verdict].state);
		json_string("text", words);
		if (mend && *mend)
			json_string("mend", mend);
		json_close('}');
		return;
	}
	printf("%s %-*s", verdicts[verdict].mark, INDENT - 3, report.check);
	print_wrapped(words, INDENT, "");
	if (!mend || !*mend)
		return;
	printf("   mend: ");
	print_wrapped(mend, 9, " \\");
	/* What comes next may take a while */
	fflush(stdout);
}

static void vprint(enum verdict verdict, const char *mend, const char *fmt,
		   va_list ap)
{
	char *words;

	if (vasprintf(&words, fmt, ap) < 0)
		exit(refused("out of memory"));
	print(verdict, mend, words);
	free(words);
}

/** well() - say that something is as it should be */
void well(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(WELL, NULL, fmt, ap);
	va_end(ap);
}

/** aside() - say what does not apply, or cannot be seen, or should be known */
void aside(const char *mend, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(ASIDE, mend, fmt, ap);
	va_end(ap);
}

/** fault() - say what is wrong */
void fault(const char *mend, const char *fmt, ...)
{
	va_list ap;

	report.faults++;
	va_start(ap, fmt);
	vprint(FAULT, mend, fmt, ap);
	va_end(ap);
}

static void read_all(struct doctor *d)
{
	const struct filter all = { .quiet = true };

	d->root = !geteuid();
	d->module = ipc_open(false) == DONE;
	devices_read(d);
	if (d->module) {
		d->seen = !ipc_list(FAKETCP_CMD_TUNNEL_GET, &all, &d->tunnels);
		ipc_list(FAKETCP_CMD_PEER_GET, &all, &d->peers);
		ipc_list(FAKETCP_CMD_FLOW_GET, &all, &d->flows);
	}
	rtnl_read(AF_INET, &d->rules);
	rtnl_read(AF_INET6, &d->rules);
	if (!d->asked)
		fars_read(d);
}

/* The far end that was named */
static const char *far;
#define FAR "HOST:PORT"

/* It is the only word without a name */
static int name_far(int argc, char **argv)
{
	int i;

	far = NULL;
	for (i = 0; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		if (far)
			return misused("\"%s\": one %s is looked at", argv[i],
				       FAR);
		far = argv[i];
		argv[i] = FAR;
	}
	return DONE;
}

static int run_doctor(const char *const *given)
{
	struct doctor d = { .asked = far };
	int code = DONE;
	size_t i;

	if (far)
		code = parse_host_port("doctor", far, true, FAR,
				       &d.fars[d.n_fars++].to);
	if (code)
		return code;
	report.json = given[WORD_JSON];
	report.faults = 0;
	if (report.json)
		json_open(NULL, '[');
	read_all(&d);
	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		report.check = checks[i].name;
		checks[i].run(&d);
	}
	if (report.json)
		json_close(']');
	list_free(&d.tunnels);
	list_free(&d.peers);
	list_free(&d.flows);
	list_free(&d.rules);
	free(d.devices);
	return report.faults ? REFUSED : DONE;
}

const struct verb doctor = {
	.verb = "doctor",
	.synopsis = "[HOST:PORT] [--json]\n",
	.help = "Look for what keeps links from working, and say what mends it: the module,\n"
		"links, tunnels, rules, marks, packet filters, MTUs, and the far ends that this\n"
		"host dials, or HOST:PORT, which is connected to.  Changes nothing.\n"
		"\n"
		"  ok          it is as it should be\n"
		"  --          it does not apply, could not be seen, or should be known\n"
		"  !!          it is wrong; the next line is a command that mends it\n"
		"\n"
		"  --json      for programs; ftcpctl(8) says what it contains\n"
		"\n"
		"The exit status is 1 if something is wrong.  Root sees more than others.\n",
	.words =
		(const struct word[]){
			{ FAR, WORD_OBJECT, FLAG },
			{ "--json", WORD_JSON, FLAG },
			{},
		},
	.sift = name_far,
	.run = run_doctor,
};
