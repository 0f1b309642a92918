// SPDX-License-Identifier: GPL-2.0
/*
 * monitor
 */
#include <stdio.h>
#include <time.h>

#include "netlink.h"
#include "print.h"

static bool json;

/* Now, in UTC, ISO 8601 */
static const char *now(char *buf, size_t size)
{
	struct timespec ts;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, size - len, ".%03uZ",
		 (unsigned int)(ts.tv_nsec / 1000000) % 1000);
	return buf;
}

static void print_json(const char *name, const struct object *o)
{
	char time[40];

	json_open(NULL, '{');
	json_string("time", now(time, sizeof(time)));
	json_string("event", name);
	if (o)
		object_json(o);
	json_close('}');
}

/* The value of an attribute, with words before it */
static void print_value(const struct object *o, const char *words, int type)
{
	char buf[VALUE_STRLEN];

	printf("%s %s", words, object_format(o, type, buf));
}

static void print_text(const char *name, const struct object *o)
{
	char time[40];

	printf("%s %s", now(time, sizeof(time)), name);
	if (!o) {
		puts(" events came faster than they were read");
		return;
	}
	print_value(o, "", FTCP_A_TUNNEL);
	print_value(o, " dev", FTCP_A_IFNAME);
	if (o->of == OF_TUNNEL) {
		print_value(o, "", FTCP_A_MODE);
		if (o->tb[FTCP_A_LISTEN])
			print_value(o, "", FTCP_A_LISTEN);
		if (o->tb[FTCP_A_TARGET])
			print_value(o, "", FTCP_A_TARGET);
		if (o->tb[FTCP_A_PORT])
			print_value(o, " port", FTCP_A_PORT);
	} else {
		/* one that is over may carry no conversation any more: "-" */
		print_value(o, " local", FTCP_A_LOCAL);
		print_value(o, " remote", FTCP_A_REMOTE);
		print_value(o, " inner", FTCP_A_INNER_LOCAL);
		print_value(o, " >", FTCP_A_INNER_REMOTE);
		if (o->tb[FTCP_A_REASON])
			print_value(o, " reason", FTCP_A_REASON);
	}
	putchar('\n');
}

/* Whoever reads a pipe sees each event at once; nobody left ends it */
static int on_event(const char *name, const struct object *o)
{
	if (json)
		print_json(name, o);
	else
		print_text(name, o);
	return fflush(stdout) ? REFUSED : 0;
}

static int run_monitor(const struct args *a)
{
	json = a->given[WORD_JSON];
	return ipc_monitor(on_event);
}

const struct verb monitor = {
	.verb = "monitor",
	.synopsis = "[--json]\n",
	.help = "Print a line when a tunnel comes, changes or goes, and when a flow is\n"
		"established or ends, and why, until interrupted.\n"
		"\n"
		"  --json      one object on each line\n",
	.words = (const struct word[]){ { "--json", WORD_JSON, FLAG }, {} },
	.run = run_monitor,
};
