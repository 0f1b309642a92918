// SPDX-License-Identifier: GPL-2.0
/* What options have to be given together, or must not be. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "options.h"

/** usage_error() - say what is wrong with the command line, and end */
void usage_error(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	say(LOG_ERROR, "%s", line);
	fprintf(stderr, "Try 'ftcptun --help'.\n");
	exit(2);
}

/* What ip needs, and its only peer, if none is named */
static void check_ip(struct options *o)
{
	if (!!o->port + !!o->remote + !!o->exec + o->stdio != 1)
		usage_error(
			"say --local <PORT>, --remote <HOST:PORT>, --exec <COMMAND> or --stdio");
	if ((o->exec || o->stdio) && o->outer)
		usage_error("--%s is not for --stdio and --exec", o->outer);
	if (!o->port && o->peers.named)
		usage_error("--peer is for who accepts, by --local <PORT>");
	if (o->passt && (o->port || o->remote || o->addresses || *o->dev))
		usage_error(
			"--passt goes with --stdio or --exec, not with --dev");
	if (o->persistent && !o->remote)
		usage_error("--persistent is for who says --remote");
	if (!o->peers.count)
		peers_only(&o->peers, PEERS_ALL);
	/* who dials decides, unless nobody would find out that he is gone */
	if (o->persistent || (o->port && o->keepalive))
		o->idle = UINT32_MAX;
}

/**
 * options_check() - what is missing, or does not go together; does not return if any is
 * @o: options, each of which is right by itself
 */
void options_check(struct options *o)
{
	bool have_local = o->port || o->local.port;

	if (addr_equal(&o->tun_local, &o->tun_peer) ||
	    addr_equal(&o->tun_local6, &o->tun_peer6))
		usage_error("both ends of the device have the same address");
	if (o->print_rules) {
		if (o->role == ROLE_SERVER && !have_local)
			usage_error("--local <PORT> is required");
		return;
	}
	if (o->ip) {
		check_ip(o);
		return;
	}
	if (!have_local)
		usage_error("--local <%s> is required",
			    o->role == ROLE_CLIENT ? "IP:PORT" : "PORT");
	if (!o->remote)
		usage_error("--remote <HOST:PORT> is required");
	if (o->handshake_packet_len > o->mtu - 40)
		die("--handshake-packet: %u bytes do not fit a segment of %u",
		    o->handshake_packet_len, o->mtu - 40);
}
