// SPDX-License-Identifier: GPL-2.0
/*
 * What show and monitor have in common: names of values, quantities with
 * their units, and the JSON form of tunnels and flows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "ftcpctl.h"
#include "json.h"

/**
 * mode_name() - Name a tunnel's mode.
 * @mode: enum ftcp_mode.
 *
 * Return: The name.
 */
const char *mode_name(uint32_t mode)
{
	static const char *const names[] = {
		[FTCP_MODE_ROUTED] = "routed",
		[FTCP_MODE_LISTEN] = "listen",
		[FTCP_MODE_FORWARD] = "forward",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "unknown";
}

/**
 * wire_name() - Name a wire variant.
 * @wire: enum ftcp_wire.
 *
 * Return: The name.
 */
const char *wire_name(uint32_t wire)
{
	static const char *const names[] = {
		[FTCP_WIRE_NATIVE] = "native",
		[FTCP_WIRE_PHANTUN] = "phantun",
		[FTCP_WIRE_AUTO] = "auto",
	};

	return wire < ARRAY_SIZE(names) ? names[wire] : "unknown";
}

/**
 * df_name() - Name whether segments may be fragmented.
 * @df: enum ftcp_df.
 *
 * Return: The name.
 */
const char *df_name(uint32_t df)
{
	return df == FTCP_DF_UNSET ? "unset" : "set";
}

/**
 * unreachable_name() - Name what "port unreachable" does to a flow.
 * @unreachable: enum ftcp_unreachable.
 *
 * Return: The name.
 */
const char *unreachable_name(uint32_t unreachable)
{
	return unreachable == FTCP_UNREACHABLE_IGNORE ? "ignore" : "close";
}

/**
 * state_name() - Name the state of a flow.
 * @state: enum ftcp_state.
 *
 * Return: The name.
 */
const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[FTCP_STATE_CLOSED] = "closed",
		[FTCP_STATE_SYN_SENT] = "syn-sent",
		[FTCP_STATE_SYN_RECEIVED] = "syn-received",
		[FTCP_STATE_ESTABLISHED] = "established",
		[FTCP_STATE_FIN_WAIT] = "fin-wait",
		[FTCP_STATE_LAST_ACK] = "last-ack",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

/**
 * reason_name() - Name how a flow ended.
 * @reason: enum ftcp_reason.
 *
 * Return: The name.
 */
const char *reason_name(uint32_t reason)
{
	static const char *const names[FTCP_REASON_MAX + 1] = {
		[FTCP_REASON_CLOSED] = "closed",
		[FTCP_REASON_RESET] = "reset",
		[FTCP_REASON_DEAD] = "dead",
		[FTCP_REASON_REFUSED] = "refused",
		[FTCP_REASON_UNANSWERED] = "unanswered",
		[FTCP_REASON_REPLACED] = "replaced",
		[FTCP_REASON_FAILED] = "failed",
		[FTCP_REASON_UNREACHABLE] = "unreachable",
		[FTCP_REASON_EVICTED] = "evicted",
	};

	return reason && reason < ARRAY_SIZE(names) ? names[reason] : "unknown";
}

/**
 * format_bytes() - Print a number of bytes for people.
 * @buf: Where to, SHORT_STRLEN bytes.
 * @bytes: The number.
 *
 * Return: @buf.
 */
const char *format_bytes(char *buf, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	double value = bytes / 1024.0;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (; value >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		value /= 1024;
	snprintf(buf, SHORT_STRLEN, "%.2f %s", value, units[i]);
	return buf;
}

/**
 * format_time() - Print a span of time for people, in two units at most.
 * @buf: Where to, SHORT_STRLEN bytes.
 * @ms: Milliseconds.
 *
 * Return: @buf.
 */
const char *format_time(char *buf, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " min %" PRIu64 " s",
			 s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " h %" PRIu64 " min",
			 s / 3600, s / 60 % 60);
	else
		snprintf(buf, SHORT_STRLEN, "%" PRIu64 " d %" PRIu64 " h",
			 s / 86400, s / 3600 % 24);
	return buf;
}

/**
 * format_peer_endpoint() - Print where flows to a peer go.
 * @buf: Where to, ADDRESS_STRLEN bytes.
 * @p: The peer.
 *
 * Return: @buf.
 */
const char *format_peer_endpoint(char *buf, const struct peer *p)
{
	if (p->kind == FTCP_ENDPOINT_SAME)
		return strcpy(buf, "same");
	if (!address_is_set(&p->endpoint))
		return strcpy(buf, "none");
	return format_address(buf, &p->endpoint);
}

static void json_address(const char *key, const union address *a)
{
	char buf[ADDRESS_STRLEN];

	if (address_is_set(a))
		json_string(key, format_address(buf, a));
}

/* What both tunnels and flows count */
static void json_counts(const struct stats *s)
{
	json_number("tx-packets", s->tx_packets);
	json_number("tx-bytes", s->tx_bytes);
	json_number("rx-packets", s->rx_packets);
	json_number("rx-bytes", s->rx_bytes);
}

/**
 * json_tunnel() - Write the members of a tunnel's JSON object.
 * @t: The tunnel.
 */
void json_tunnel(const struct tunnel *t)
{
	char buf[ADDRESS_STRLEN];
	int i;

	json_string("link", t->ifname);
	json_number("ifindex", t->ifindex);
	json_string("tunnel", t->name);
	json_string("mode", mode_name(t->mode));
	json_address("listen", &t->listen);
	if (t->port)
		json_number("port", t->port);
	if (address_is_set(&t->local))
		json_string("local", format_host(buf, &t->local));
	json_address("forward", &t->target);
	json_string("wire", wire_name(t->wire));
	json_number("idle", t->idle);
	json_number("keepalive", t->keepalive);
	json_number("keepalive-interval", t->keepalive_interval);
	json_number("keepalive-probes", t->keepalive_probes);
	json_number("max-age", t->max_age);
	json_number("max-bytes", t->max_bytes);
	json_number("fwmark", t->fwmark);
	json_number("max-flows", t->max_flows);
	json_number("queue", t->queue);
	json_string("df", df_name(t->df));
	if (t->has & HAS(UNREACHABLE))
		json_string("unreachable", unreachable_name(t->unreachable));
	json_number("max-flows-per-source", t->max_per_source);
	json_number("queue-bytes", t->queue_bytes);
	json_number("coalesce", t->coalesce);
	json_number("flows", t->flows);
	json_open("stats", '{');
	json_counts(&t->stats);
	json_number("tx-held", t->stats.tx_held);
	json_number("tx-batches", t->stats.tx_batches);
	json_number("tx-hold-ns", t->stats.tx_hold);
	json_close('}');
	json_open("drops", '{');
	for (i = 0; i <= FTCP_DROP_MAX; i++)
		if (ipc_drop_name(i))
			json_number(ipc_drop_name(i), t->drops[i]);
	json_close('}');
	json_open("ended", '{');
	for (i = FTCP_REASON_CLOSED; i <= FTCP_REASON_MAX; i++)
		json_number(reason_name(i), t->ended[i]);
	json_close('}');
}

/**
 * json_flow() - Write the members of a flow's JSON object.
 * @f: The flow.
 */
void json_flow(const struct flow *f)
{
	json_string("link", f->ifname);
	json_number("ifindex", f->ifindex);
	json_string("tunnel", f->tunnel);
	json_string("peer", f->peer);
	json_string("state", state_name(f->state));
	json_address("local", &f->local);
	json_address("remote", &f->remote);
	json_address("inner-local", &f->inner_local);
	json_address("inner-remote", &f->inner_remote);
	json_string("wire", wire_name(f->wire));
	json_number("age-ms", f->age);
	json_number("rx-age-ms", f->rx_age);
	json_number("mtu", f->mtu);
	json_open("stats", '{');
	json_counts(&f->stats);
	json_close('}');
	if (f->has & HAS(REASON))
		json_string("reason", reason_name(f->reason));
}
