// SPDX-License-Identifier: GPL-2.0
/*
 * The table of flows that SIGUSR1 asks for.  Each worker writes down its own
 * part, in memory, and main() prints the parts when all are there: a slow
 * terminal holds up nobody's packets.
 */
#include <stdlib.h>
#include <sys/eventfd.h>

#include "../common/names_gen.h"
#include "json.h"
#include "log.h"
#include "role.h"

static const char *const state_text[] = {
	[FTCP_CLOSED] = "CLOSED",	  [FTCP_SYN_SENT] = "SYN-SENT",
	[FTCP_SYN_RECEIVED] = "SYN-RECV", [FTCP_ESTABLISHED] = "ESTAB",
	[FTCP_FIN_WAIT] = "FIN-WAIT",	  [FTCP_LAST_ACK] = "LAST-ACK",
};

static const char *drop_name(u32 drop)
{
	switch (drop) {
	case DROP_SEND:
		return "send";
	case DROP_HANDOVER:
		return "handover";
	default:
		return ftcp_drops_names[drop];
	}
}

/* What a flow's far end talks to: that by which the conversations differ */
static const char *other_side(const struct worker *w, const struct flow *f,
			      char *text)
{
	const struct role_ops *role = w->program->role;
	struct endpoint udp;

	if (role->label)
		return role->label(w, f);
	udp = role->dials ? f->conversation.app : role->own_endpoint(w, f);
	return endpoint_text(&udp, text);
}

static void write_flow(FILE *out, const struct worker *w, const struct flow *f)
{
	const struct ftcp_conn *c = &f->conn;
	u64 last = c->tx.last > c->rx.data ? c->tx.last : c->rx.data;
	char remote[ENDPOINT_TEXT], app[ENDPOINT_TEXT];
	struct endpoint e = path_remote(&f->path);

	fprintf(out,
		"%-8s %5u %-28s %-28s %10llu %14llu %10llu %14llu %6llu %6llu %5u\n",
		state_text[c->state], f->path.lport, endpoint_text(&e, remote),
		other_side(w, f, app), f->count.tx, f->count.tx_bytes, f->count.rx,
		f->count.rx_bytes, (w->now - last) / 1000,
		(w->now - f->born) / 1000,
		f->mtu ? f->mtu : w->program->options.mtu);
}

static void json_flow(struct json *j, const struct worker *w,
		      const struct flow *f)
{
	const struct role_ops *role = w->program->role;
	u32 mtu = f->mtu ? f->mtu : w->program->options.mtu;
	const struct path *path = &f->path;
	char text[ENDPOINT_TEXT];
	struct endpoint e = { .addr = path->local, .port = path->lport };

	json_open(j, NULL, '{');
	if (role->label)
		json_string(j, "peer", role->label(w, f));
	json_string(j, "state", ftcp_state_names[f->conn.state]);
	json_string(j, "local", endpoint_text(&e, text));
	e = path_remote(path);
	json_string(j, "remote", endpoint_text(&e, text));
	if (!role->label) {
		e = role->own_endpoint(w, f);
		json_string(j, "inner-local", endpoint_text(&e, text));
		e = f->conversation.app;
		json_string(j, "inner-remote", endpoint_text(&e, text));
	}
	json_string(j, "wire",
		    ftcp_wire_names[f->conn.zero_iss ? FTCP_WIRE_PHANTUN :
						       FTCP_WIRE_NATIVE]);
	json_number(j, "age-ms", w->now - f->born);
	json_number(j, "rx-age-ms", w->now - f->conn.rx.last);
	json_number(j, "max-payload",
		    mtu - FTCP_HLEN - (addr_is_v4(&path->local) ? 20 : 40));
	json_open(j, "stats", '{');
	json_number(j, "tx-packets", f->count.tx);
	json_number(j, "tx-bytes", f->count.tx_bytes);
	json_number(j, "rx-packets", f->count.rx);
	json_number(j, "rx-bytes", f->count.rx_bytes);
	json_close(j, '}');
	json_close(j, '}');
}

/** report_write() - write down flows and counters, in the worker's thread */
void report_write(struct worker *w)
{
	struct program *p = w->program;
	const struct flow *f;
	struct json json = { 0 };
	FILE *out;
	u32 i;

	free(w->report);
	w->report = NULL;
	w->report_len = 0;
	out = open_memstream(&w->report, &w->report_len);
	json.out = out;
	for (i = 0; out && i <= w->flows.mask; i++) {
		for (f = w->flows.by_path[i]; f; f = f->tcp_next) {
			if (p->options.json)
				json_flow(&json, w, f);
			else
				write_flow(out, w, f);
		}
	}
	if (out)
		fclose(out);
	w->report_stats = w->stats;
	w->report_flows = w->flows.count;

	/* whoever sees the number sees the report */
	__atomic_fetch_sub(&p->reports, 1, __ATOMIC_RELEASE);
	eventfd_write(p->wake_main, 1);
}

/* All of them are numbers that add up. */
static void add(struct stats *sum, const struct stats *s)
{
	const u64 *from = (const u64 *)s;
	u64 *to = (u64 *)sum;
	size_t i;

	for (i = 0; i < sizeof(*s) / sizeof(*from); i++)
		to[i] += from[i];
}

static void print_text(struct program *p, const struct stats *sum, FILE *out)
{
	u32 i;

	fprintf(out, "%-8s %5s %-28s %-28s %10s %14s %10s %14s %6s %6s %5s\n",
		"STATE", "PORT", "REMOTE", p->role->label ? "PEER" : "UDP", "TX", "TX-BYTES", "RX",
		"RX-BYTES", "IDLE-S", "AGE-S", "MTU");
	for (i = 0; i < p->n; i++) {
		if (p->workers[i].report)
			fwrite(p->workers[i].report, 1, p->workers[i].report_len, out);
	}
	fprintf(out,
		"total: flows %llu tx %llu tx-bytes %llu tx-segments %llu rx %llu rx-bytes %llu rx-segments %llu handed-over %llu\n",
		sum->flows, sum->tx, sum->tx_bytes, sum->tx_segments, sum->rx,
		sum->rx_bytes, sum->rx_segments, sum->handed_over);
	fprintf(out, "ended:");
	for (i = FTCP_REASON_CLOSED; i < __FTCP_REASON_MAX; i++)
		fprintf(out, " %s %llu", ftcp_reason_names[i], sum->ended[i]);
	fprintf(out, "\ndrops:");
	for (i = FTCP_DROP_PAD + 1; i < DROPS; i++)
		fprintf(out, " %s %llu", drop_name(i), sum->drop[i]);
	fprintf(out, "\n");
}

static void json_counters(struct json *j, const struct stats *sum)
{
	u32 i;

	json_open(j, "stats", '{');
	json_number(j, "tx-packets", sum->tx);
	json_number(j, "tx-bytes", sum->tx_bytes);
	json_number(j, "rx-packets", sum->rx);
	json_number(j, "rx-bytes", sum->rx_bytes);
	json_number(j, "tx-segments", sum->tx_segments);
	json_number(j, "rx-segments", sum->rx_segments);
	json_number(j, "handed-over", sum->handed_over);
	json_number(j, "flows", sum->flows);
	json_close(j, '}');
	json_open(j, "ended", '{');
	for (i = FTCP_REASON_CLOSED; i < __FTCP_REASON_MAX; i++)
		json_number(j, ftcp_reason_names[i], sum->ended[i]);
	json_close(j, '}');
	json_open(j, "drops", '{');
	for (i = FTCP_DROP_PAD + 1; i < DROPS; i++)
		json_number(j, drop_name(i), sum->drop[i]);
	json_close(j, '}');
}

static enum ftcp_mode mode_of(const struct options *o)
{
	if (o->ip)
		return FTCP_MODE_IP;
	return o->role == ROLE_CLIENT ? FTCP_MODE_LISTEN : FTCP_MODE_FORWARD;
}

static void write_json(struct program *p, const struct stats *sum, u32 flows,
		       FILE *out)
{
	const struct options *o = &p->options;
	const char *link = o->ip ? p->inner.name : p->tun.name;
	struct json j = { .out = out };
	char text[ENDPOINT_TEXT];
	bool first = true;
	u32 i;

	json_open(&j, NULL, '{');
	json_open(&j, "tunnel", '{');
	if (*link) /* passt has none */
		json_string(&j, "link", link);
	json_string(&j, "mode", ftcp_mode_names[mode_of(o)]);
	if (o->port)
		json_number(&j, "port", o->port);
	if (o->local.port)
		json_string(&j, "listen", endpoint_text(&o->local, text));
	json_number(&j, "flows", flows);
	json_counters(&j, sum);
	json_close(&j, '}');
	json_open(&j, "flows", '[');
	for (i = 0; i < p->n; i++) {
		const struct worker *w = &p->workers[i];

		if (!w->report || !w->report_len)
			continue;
		if (!first)
			putc(',', out);
		fwrite(w->report, 1, w->report_len, out);
		first = false;
	}
	json_close(&j, ']');
	json_close(&j, '}');
	putc('\n', out);
}

/* At once, or what is said meanwhile would be in the midst of it */
static void print_json(struct program *p, const struct stats *sum, u32 flows,
		       FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (memory) {
		write_json(p, sum, flows, memory);
		if (!fclose(memory))
			fwrite(text, 1, len, out);
	}
	free(text);
}

/** report_print() - print what all workers have written down */
void report_print(struct program *p, FILE *out)
{
	struct stats sum = { 0 };
	u32 i, flows = 0;

	for (i = 0; i < p->n; i++) {
		add(&sum, &p->workers[i].report_stats);
		flows += p->workers[i].report_flows;
	}
	if (p->options.json)
		print_json(p, &sum, flows, out);
	else
		print_text(p, &sum, out);
	fflush(out);
}
