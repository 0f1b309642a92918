// SPDX-License-Identifier: GPL-2.0
/*
 * monitor
 */
#include <time.h>

#include "netlink.h"

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

static void print_json(const struct object *o)
{
	char time[40];

	json_open(NULL, '{');
	json_string("time", now(time, sizeof(time)));
	json_string("event", o ? o->event : "lost");
	if (o)
		object_json(o);
	json_close('}');
}

/* A flow carries a conversation, or all that goes to a peer */
static void print_flow(const struct object *o)
{
	print_value(o, " local %s", FTCP_A_LOCAL);
	print_value(o, " remote %s", FTCP_A_REMOTE);
	print_value(o, " inner %s", FTCP_A_INNER_LOCAL);
	print_value(o, " > %s", FTCP_A_INNER_REMOTE);
	if (!o->tb[FTCP_A_INNER_LOCAL])
		print_value(o, " peer %s", FTCP_A_PEER);
	print_value(o, " reason %s", FTCP_A_REASON);
}

static void print_text(const struct object *o)
{
	char time[40];

	if (!o) {
		printf("%s lost events came faster than they were read\n",
		       now(time, sizeof(time)));
		return;
	}
	printf("%s %s", now(time, sizeof(time)), o->event);
	print_value(o, " %s", FTCP_A_TUNNEL);
	print_value(o, " dev %s", FTCP_A_IFNAME);
	if (o->of == OF_TUNNEL) {
		print_value(o, " %s", FTCP_A_MODE);
		print_value(o, " %s", FTCP_A_LISTEN);
		print_value(o, " %s", FTCP_A_TARGET);
		print_value(o, " port %s", FTCP_A_PORT);
	} else {
		print_flow(o);
	}
	putchar('\n');
}

/* Whoever reads a pipe sees each event at once; nobody left ends it */
static int on_event(const struct object *o)
{
	if (json)
		print_json(o);
	else
		print_text(o);
	return fflush(stdout) ? REFUSED : 0;
}

static int run_monitor(const char *const *given)
{
	json = given[WORD_JSON];
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
