// SPDX-License-Identifier: GPL-2.0
/*
 * monitor
 */
#include <stdio.h>
#include <time.h>

#include "args.h"
#include "format.h"
#include "ftcpctl.h"
#include "ipc.h"
#include "json.h"

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

static void print_json(const struct event *ev)
{
	char time[40];

	json_open(NULL, '{');
	json_string("time", now(time, sizeof(time)));
	json_string("event", ev->lost ? "lost" : ev->name);
	if (!ev->lost && ev->is_flow)
		json_flow(&ev->flow);
	else if (!ev->lost)
		json_tunnel(&ev->tunnel);
	json_close('}');
	json_end();
}

static void print_tunnel(const struct tunnel *t)
{
	char buf[ADDRESS_STRLEN];

	printf("%s dev %s %s", t->name, t->ifname, mode_name(t->mode));
	if (address_is_set(&t->listen))
		printf(" %s", format_address(buf, &t->listen));
	if (address_is_set(&t->target))
		printf(" %s", format_address(buf, &t->target));
	if (t->port)
		printf(" port %u", t->port);
	putchar('\n');
}

static void print_flow(const struct flow *f)
{
	char a[ADDRESS_STRLEN], b[ADDRESS_STRLEN];

	printf("%s dev %s local %s remote %s", f->tunnel, f->ifname,
	       format_address(a, &f->local), format_address(b, &f->remote));
	printf(" inner %s > %s", format_address(a, &f->inner_local),
	       format_address(b, &f->inner_remote));
	if (f->has & HAS(REASON))
		printf(" reason %s", reason_name(f->reason));
	putchar('\n');
}

static void print_text(const struct event *ev)
{
	char time[40];

	printf("%s %s ", now(time, sizeof(time)), ev->lost ? "lost" : ev->name);
	if (ev->lost)
		puts("events came faster than they were read");
	else if (ev->is_flow)
		print_flow(&ev->flow);
	else
		print_tunnel(&ev->tunnel);
}

/* Whoever reads a pipe sees each event at once; nobody left ends it */
static int on_event(const struct event *ev)
{
	if (json)
		print_json(ev);
	else
		print_text(ev);
	return fflush(stdout) ? REFUSED : 0;
}

static int run_monitor(int argc, char **argv)
{
	const struct word words[] = { FLAG("--json", &json) };
	struct ipc *ipc;
	int code;

	code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (code)
		return code;
	ipc = ipc_open();
	if (!ipc)
		return REFUSED;
	code = ipc_monitor(ipc, on_event);
	if (code < 0)
		code = ipc_refused(ipc);
	ipc_close(ipc);
	return code;
}

const struct verb monitor = {
	.verb = "monitor",
	.synopsis = "[--json]\n",
	.help = "Print a line when a tunnel comes, changes or goes, and when a flow is\n"
		"established or ends, and why, until interrupted.\n"
		"\n"
		"  --json      one object on each line\n",
	.run = run_monitor,
};
