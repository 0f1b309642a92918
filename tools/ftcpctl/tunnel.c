// SPDX-License-Identifier: GPL-2.0
/*
 * add tunnel, set tunnel, del tunnel
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"

/**
 * struct options - Words that both add and set take, as given.
 * @wire: Wire variant.
 * @idle: Seconds.
 * @keepalive: Seconds, perhaps more, or "off".
 * @max_age: Seconds or "off".
 * @max_bytes: Bytes or "off".
 * @fwmark: Mark or "off".
 * @max_flows: Number.
 * @queue: Number.
 * @df: Set or unset.
 * @unreachable: Close or ignore.
 * @max_per_source: Number.
 * @queue_bytes: Number.
 * @coalesce: Microseconds or "off".
 */
struct options {
	const char *wire;
	const char *idle;
	const char *keepalive;
	const char *max_age;
	const char *max_bytes;
	const char *fwmark;
	const char *max_flows;
	const char *queue;
	const char *df;
	const char *unreachable;
	const char *max_per_source;
	const char *queue_bytes;
	const char *coalesce;
};

/* clang-format off */
#define OPTION_WORDS(o)					\
	VALUE("wire", &(o).wire),			\
	VALUE("idle", &(o).idle),			\
	VALUE("keepalive", &(o).keepalive),		\
	VALUE("max-age", &(o).max_age),			\
	VALUE("max-bytes", &(o).max_bytes),		\
	VALUE("fwmark", &(o).fwmark),			\
	VALUE("max-flows", &(o).max_flows),		\
	VALUE("queue", &(o).queue),			\
	VALUE("df", &(o).df),				\
	VALUE("unreachable", &(o).unreachable),		\
	VALUE("max-flows-per-source", &(o).max_per_source), \
	VALUE("queue-bytes", &(o).queue_bytes),		\
	VALUE("coalesce", &(o).coalesce)

#define OPTION_HELP							\
	"  wire VARIANT           how connections that this end opens look (auto);\n"	\
	"                         phantun when the far end is Phantun's server\n"	\
	"  idle SECONDS           close a flow without datagrams after this time (180)\n" \
	"  keepalive TIME[:INTERVAL[:PROBES]]|off\n"					\
	"                         silence from the far end before it is probed (25 s),\n" \
	"                         pause between probes (0.5 s), and how many in vain\n" \
	"                         mean that a new flow is needed (2; 20 on a server)\n" \
	"  max-age SECONDS|off    replace a flow after this time (off)\n"		\
	"  max-bytes N[K|M|G|T]|off\n"							\
	"                         replace a flow after this much data (off)\n"		\
	"  fwmark MARK|off        mark of the segments sent and datagrams delivered\n"	\
	"  max-flows N            most flows at a time (65536)\n"			\
	"  max-flows-per-source N most flows of one source address (4096)\n"		\
	"  queue N                datagrams that may wait while a flow connects (64)\n"	\
	"  queue-bytes N          most memory of all that wait, in bytes (67108864)\n"	\
	"  df set|unset           unset: let IPv4 fragment segments that are too large\n"	\
	"                         for the path (set)\n"				\
	"  unreachable close|ignore\n"						\
	"                         with forward only: what \"port unreachable\" from the\n" \
	"                         service does to its flow (close)\n"			\
	"  coalesce TIME|off      longest that a datagram of a fast stream waits for\n"	\
	"                         those behind it, to leave together; 1us to 1000us\n"	\
	"                         (1000us)\n"
/* clang-format on */

static int parse_options(const struct options *o, struct tunnel *t)
{
	int code = DONE;

	if (o->wire) {
		t->has |= HAS(WIRE);
		code = parse_wire("wire", o->wire, &t->wire);
	}
	if (!code && o->idle) {
		t->has |= HAS(IDLE);
		code = parse_seconds("idle", o->idle, &t->idle);
	}
	if (!code && o->keepalive) {
		int given = parse_keepalive("keepalive", o->keepalive,
					    &t->keepalive,
					    &t->keepalive_interval,
					    &t->keepalive_probes);

		t->has |= HAS(KEEPALIVE) |
			  (given > 1 ? HAS(KEEPALIVE_INTERVAL) : 0) |
			  (given > 2 ? HAS(KEEPALIVE_PROBES) : 0);
		code = given < 0 ? USAGE : DONE;
	}
	if (!code && o->max_age) {
		t->has |= HAS(MAX_AGE);
		code = parse_seconds_or_off("max-age", o->max_age, &t->max_age);
	}
	if (!code && o->max_bytes) {
		t->has |= HAS(MAX_BYTES);
		code = parse_bytes_or_off("max-bytes", o->max_bytes,
					  &t->max_bytes);
	}
	if (!code && o->fwmark) {
		t->has |= HAS(FWMARK);
		code = parse_mark("fwmark", o->fwmark, &t->fwmark);
	}
	if (!code && o->max_flows) {
		t->has |= HAS(MAX_FLOWS);
		code = parse_u32("max-flows", o->max_flows, &t->max_flows);
	}
	if (!code && o->queue) {
		t->has |= HAS(QUEUE);
		code = parse_u32("queue", o->queue, &t->queue);
	}
	if (!code && o->df) {
		t->has |= HAS(DF);
		code = parse_df("df", o->df, &t->df);
	}
	if (!code && o->unreachable) {
		t->has |= HAS(UNREACHABLE);
		code = parse_unreachable("unreachable", o->unreachable,
					 &t->unreachable);
	}
	if (!code && o->max_per_source) {
		t->has |= HAS(MAX_FLOWS_PER_SOURCE);
		code = parse_u32("max-flows-per-source", o->max_per_source,
				 &t->max_per_source);
	}
	if (!code && o->queue_bytes) {
		t->has |= HAS(QUEUE_BYTES);
		code = parse_u32("queue-bytes", o->queue_bytes,
				 &t->queue_bytes);
	}
	if (!code && o->coalesce) {
		t->has |= HAS(COALESCE);
		code = parse_us_or_off("coalesce", o->coalesce, &t->coalesce);
	}
	return code;
}

/**
 * struct ends - How datagrams enter and leave, as given to add.
 * @listen: ADDR:PORT.
 * @remote: HOST:PORT.
 * @port: TCP port.
 * @forward: HOST:PORT.
 * @local: ADDR.
 * @routed: Whether the word was there.
 */
struct ends {
	const char *listen;
	const char *remote;
	const char *port;
	const char *forward;
	const char *local;
	bool routed;
};

/* clang-format off */
#define END_WORDS(e)					\
	VALUE("listen", &(e).listen),			\
	VALUE("remote", &(e).remote),			\
	VALUE("port", &(e).port),			\
	VALUE("forward", &(e).forward),			\
	VALUE("local", &(e).local),			\
	FLAG("routed", &(e).routed)
/* clang-format on */

/* Do the words describe one of the three forms, and completely? */
static int check_ends(const struct ends *e, uint64_t has)
{
	int forms = !!e->listen + !!e->forward + e->routed;

	if (!forms && e->remote)
		return fail(USAGE, "listen is missing");
	if (!forms)
		return fail(USAGE,
			    "one of listen, forward or routed is missing");
	if (forms > 1)
		return fail(USAGE, "%s: cannot be combined with %s",
			    e->routed ? "routed" : "forward",
			    e->listen ? "listen" : "forward");
	if (e->listen && !e->remote)
		return fail(USAGE, "remote is missing");
	if (e->forward && !e->port)
		return fail(USAGE, "port is missing");
	if (e->remote && !e->listen)
		return fail(USAGE, "remote: needs listen");
	if (e->port && e->listen)
		return fail(USAGE, "port: cannot be combined with listen");
	if (e->local && !e->port)
		return fail(USAGE, "local: needs port");
	if ((has & HAS(UNREACHABLE)) && !e->forward)
		return fail(USAGE, "unreachable: needs forward");
	return DONE;
}

static int parse_ends(const struct ends *e, struct tunnel *t)
{
	int code = check_ends(e, t->has);

	t->has |= HAS(MODE);
	t->mode = e->listen  ? FTCP_MODE_LISTEN :
		  e->forward ? FTCP_MODE_FORWARD :
			       FTCP_MODE_ROUTED;
	if (!code && e->listen) {
		t->has |= HAS(LISTEN) | HAS(ENDPOINT);
		code = parse_addr_port("listen", e->listen, &t->listen);
	}
	if (!code && e->port) {
		t->has |= HAS(PORT);
		code = parse_port("port", e->port, e->port, &t->port);
	}
	if (!code && e->local) {
		t->has |= HAS(LOCAL);
		code = parse_addr("local", e->local, &t->local);
	}
	/* Names last: they may take a while */
	if (!code && e->forward) {
		t->has |= HAS(TARGET);
		code = parse_endpoint("forward", e->forward, &t->target);
	}
	if (!code && e->remote)
		code = parse_endpoint("remote", e->remote, &t->endpoint);
	if (!code && e->remote && endpoint_is_name(e->remote)) {
		t->has |= HAS(ENDPOINT_NAME);
		snprintf(t->endpoint_name, sizeof(t->endpoint_name), "%s",
			 e->remote);
	}
	return code;
}

static int run_request(int (*request)(struct ipc *, const struct tunnel *),
		       struct tunnel *t, const char *name, const char *dev)
{
	struct ipc *ipc = ipc_open();
	int code;

	if (!ipc)
		return REFUSED;
	strcpy(t->name, name);
	code = parse_link(dev, &t->ifindex);
	if (!code && request(ipc, t))
		code = ipc_refused(ipc);
	ipc_close(ipc);
	return code;
}

/* What makes a tunnel what it is stays as long as it lives */
static int check_no_ends(const struct ends *e, const char *name,
			 const char *dev)
{
	const char *word = e->listen  ? "listen" :
			   e->port    ? "port" :
			   e->forward ? "forward" :
			   e->local   ? "local" :
			   e->routed  ? "routed" :
					NULL;

	if (word)
		return fail(USAGE,
			    "%s cannot be changed while the tunnel lives: delete it and add it anew",
			    word);
	if (e->remote)
		return fail(USAGE,
			    "remote is changed by `ftcpctl set peer remote tunnel %s dev %s endpoint %s'",
			    name, dev, e->remote);
	return DONE;
}

static int run_add(int argc, char **argv)
{
	const char *name, *dev = NULL;
	struct options o = {};
	struct ends e = {};
	struct tunnel t = {};
	/* clang-format off */
	const struct word words[] = {
		NEEDED("dev", &dev),
		END_WORDS(e),
		OPTION_WORDS(o),
	};
	/* clang-format on */
	int code;

	code = parse_name("tunnel", argc, argv, words, ARRAY_SIZE(words),
			  &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words,
				   ARRAY_SIZE(words));
	/* A form is there, where the name should be */
	if (!code && !strcmp(name, "routed") && !e.listen && !e.forward &&
	    !e.routed)
		code = fail(USAGE, "the name of the tunnel is missing");
	if (!code)
		code = parse_options(&o, &t);
	if (!code)
		code = parse_ends(&e, &t);
	if (code)
		return code;
	return run_request(ipc_tunnel_new, &t, name, dev);
}

static int run_set(int argc, char **argv)
{
	const char *name, *dev = NULL;
	struct options o = {};
	struct ends e = {};
	struct tunnel t = {};
	/* clang-format off */
	const struct word words[] = {
		NEEDED("dev", &dev),
		END_WORDS(e),
		OPTION_WORDS(o),
	};
	/* clang-format on */
	int code;

	code = parse_name("tunnel", argc, argv, words, ARRAY_SIZE(words),
			  &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words,
				   ARRAY_SIZE(words));
	if (!code)
		code = check_no_ends(&e, name, dev);
	if (!code)
		code = parse_options(&o, &t);
	if (!code && !t.has)
		code = fail(USAGE, "nothing to change");
	if (code)
		return code;
	return run_request(ipc_tunnel_set, &t, name, dev);
}

static int run_del(int argc, char **argv)
{
	const char *name, *dev = NULL;
	const struct word words[] = { NEEDED("dev", &dev) };
	struct tunnel t = {};
	int code;

	code = parse_name("tunnel", argc, argv, words, ARRAY_SIZE(words),
			  &name);
	if (!code)
		code = parse_words(argc - 1, argv + 1, words,
				   ARRAY_SIZE(words));
	if (code)
		return code;
	return run_request(ipc_tunnel_del, &t, name, dev);
}

const struct verb add_tunnel = {
	.verb = "add",
	.object = "tunnel",
	.synopsis =
		"NAME dev LINK listen ADDR:PORT remote HOST:PORT [OPTIONS]\n"
		"NAME dev LINK port N forward HOST:PORT [local ADDR] [OPTIONS]\n"
		"NAME dev LINK routed [port N [local ADDR]] [OPTIONS]\n",
	.help = "Add a tunnel to a link.\n"
		"\n"
		"Client: applications send UDP to `listen'; each source gets a connection of\n"
		"its own to `remote'.\n"
		"Server: connections to TCP port `port' (of address `local' only) are accepted;\n"
		"each reaches the UDP service at `forward' from a source port of its own.\n"
		"Routed: UDP routed into the link leaves as TCP with the same addresses and\n"
		"ports; `port' accepts connections.  Peers say where to (set peer).\n"
		"\n"
		"-4 and -6 choose the address family that a host name resolves to.\n"
		"\n"
		"OPTIONS, and in parentheses what a tunnel has without them:\n"
		"\n" OPTION_HELP,
	.run = run_add,
};

const struct verb set_tunnel = {
	.verb = "set",
	.object = "tunnel",
	.synopsis = "NAME dev LINK OPTIONS\n",
	.help = "Change a tunnel while it runs.  What is not mentioned stays.\n"
		"\n"
		"OPTIONS, and in parentheses what a new tunnel has:\n"
		"\n" OPTION_HELP,
	.run = run_set,
};

const struct verb del_tunnel = {
	.verb = "del",
	.object = "tunnel",
	.synopsis = "NAME dev LINK\n",
	.help = "Delete a tunnel, its peers and its flows.\n",
	.run = run_del,
};
