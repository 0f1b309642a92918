// SPDX-License-Identifier: GPL-2.0
/*
 * resolve: look up again the names that endpoints were given by
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/scan.h"
#include "ftcpctl.h"
#include "ipc.h"

#define WATCH_DEFAULT "60"
#define WATCH_MAX 86400

/**
 * struct request - What was asked for.
 * @dev: Of this link only, or NULL.
 * @filter: The same for the kernel, and which tunnel.
 */
struct request {
	const char *dev;
	struct filter filter;
};

static bool same_value(const struct object *a, const struct object *b, int type)
{
	const struct nlattr *x = a->tb[type], *y = b->tb[type];

	return x && y && nla_len(x) == nla_len(y) &&
	       !memcmp(nla_data(x), nla_data(y), nla_len(x));
}

/* Has nobody given the peer another endpoint while its name was looked up? */
static bool unchanged(struct ipc *ipc, const struct object *p)
{
	const struct filter filter = {
		.ifindex = object_number(p, FTCP_A_IFINDEX),
		.tunnel = object_text(p, FTCP_A_TUNNEL),
	};
	bool found = false;
	struct list peers;
	size_t i;

	if (!ipc_read(ipc, FAKETCP_CMD_PEER_GET, &filter, &peers))
		for (i = 0; i < peers.n && !found; i++)
			found = continues(&peers.array[i], p) &&
				same_value(&peers.array[i], p,
					   FTCP_A_ENDPOINT_NAME) &&
				same_value(&peers.array[i], p, FTCP_A_ENDPOINT);
	list_free(&peers);
	return found;
}

static int resolve_peer(struct ipc *ipc, const struct object *p)
{
	const char *name = object_text(p, FTCP_A_ENDPOINT_NAME);
	char was_text[ADDRESS_STRLEN], is_text[ADDRESS_STRLEN];
	union address was, is;
	struct nl_msg *msg;
	int code;

	object_address(p, FTCP_A_ENDPOINT, &was);
	code = resolve_again(name, &was, &is);
	if (code)
		return code;
	format_address(was_text, &was);
	format_address(is_text, &is);
	if (!strcmp(was_text, is_text) || !unchanged(ipc, p))
		return DONE;
	msg = ipc_request(FAKETCP_CMD_PEER_SET, 0);
	nla_put_u32(msg, FTCP_A_IFINDEX, object_number(p, FTCP_A_IFINDEX));
	nla_put_string(msg, FTCP_A_TUNNEL, object_text(p, FTCP_A_TUNNEL));
	nla_put_string(msg, FTCP_A_PEER, object_text(p, FTCP_A_PEER));
	put_address(msg, FTCP_A_ENDPOINT, &is);
	put_endpoint_name(msg, name);
	code = ipc_do(ipc, msg);
	if (code)
		return code;
	printf("tunnel %s dev %s: peer %s: %s is at %s now, was at %s\n",
	       object_text(p, FTCP_A_TUNNEL), object_text(p, FTCP_A_IFNAME),
	       object_text(p, FTCP_A_PEER), name, is_text, was_text);
	return fflush(stdout) ? REFUSED : DONE;
}

/* Every name once; one that fails does not keep the others from their turn */
static int resolve_all(struct request *r)
{
	struct ipc *ipc = ipc_open();
	struct list peers = {};
	int code = DONE;
	size_t i;

	if (!ipc)
		return REFUSED;
	if (r->dev)
		code = parse_link(r->dev, &r->filter.ifindex);
	if (!code)
		code = ipc_list(ipc, FAKETCP_CMD_PEER_GET, &r->filter, &peers);
	if (!code && !peers.n && r->filter.tunnel)
		code = fail(REFUSED, "no tunnel named \"%s\", or no peer in it",
			    r->filter.tunnel);
	for (i = 0; i < peers.n; i++)
		if (peers.array[i].tb[FTCP_A_ENDPOINT_NAME] &&
		    resolve_peer(ipc, &peers.array[i]))
			code = REFUSED;
	list_free(&peers);
	ipc_close(ipc);
	return code;
}

/* There is nothing half done at any moment, and a name server may take long */
static void on_signal(int sig)
{
	(void)sig;
	_exit(DONE);
}

/* Sleep for @part to @part + 20 per cent of @ms, so that many do not ask at once */
static void sleep_about(double ms, double part)
{
	struct timespec ts;

	ms *= part + 0.2 * drand48();
	ts.tv_sec = ms / 1000;
	ts.tv_nsec = (ms - ts.tv_sec * 1000.0) * 1000000;
	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* After a failure again soon, then less and less often */
static int watch(struct request *r, uint32_t seconds)
{
	double normal = seconds * 1000.0, wait = 0;

	srand48(time(NULL) ^ (getpid() << 16));
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	for (;;) {
		if (!resolve_all(r)) {
			wait = 0;
			sleep_about(normal, 0.9);
			continue;
		}
		if (ferror(stdout))
			return REFUSED;
		wait = wait ? wait * 2 : 1000;
		if (wait > normal)
			wait = normal;
		sleep_about(wait, 0.8);
	}
}

/* "--watch" and the number that may follow it, out of the words */
static int take_watch(int *argc, char **argv, struct args *a)
{
	int i, n = 1;

	for (i = 0; i < *argc && strcmp(argv[i], "--watch"); i++)
		;
	if (i == *argc)
		return DONE;
	a->given[WORD_WATCH] = WATCH_DEFAULT;
	if (i + 1 < *argc && strspn(argv[i + 1], "0123456789")) {
		a->given[WORD_WATCH] = argv[i + 1];
		n = 2;
	}
	memmove(argv + i, argv + i + n, (*argc - i - n) * sizeof(*argv));
	*argc -= n;
	return DONE;
}

static int run_resolve(const struct args *a)
{
	struct request r = { .dev = a->given[FTCP_A_IFINDEX],
			     .filter.tunnel = a->given[FTCP_A_TUNNEL] };
	const char *text = a->given[WORD_WATCH];
	uint32_t seconds;

	if (!text)
		return resolve_all(&r);
	if (!scan_u32(text, &seconds) || !seconds || seconds > WATCH_MAX)
		return fail(USAGE, "--watch: \"%s\": expected 1 to %d seconds",
			    text, WATCH_MAX);
	return watch(&r, seconds);
}

const struct verb resolve_names = {
	.verb = "resolve",
	.synopsis = "[dev LINK] [tunnel NAME] [--watch [SECONDS]]\n",
	.help = "Look up again the host names that endpoints were given by, and change\n"
		"the endpoints whose address is no longer among the answers.  What flows goes\n"
		"on until a flow to the new address is up.\n"
		"\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"  --watch     do it every 60 seconds, or as many as are given, until SIGTERM\n",
	.words =
		(const struct word[]){
			{ "dev", FTCP_A_IFINDEX, VALUE },
			{ "tunnel", FTCP_A_TUNNEL, VALUE },
			{},
		},
	.sift = take_watch,
	.run = run_resolve,
};
