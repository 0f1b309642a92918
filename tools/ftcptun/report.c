// SPDX-License-Identifier: GPL-2.0
/*
 * The table of flows that SIGUSR1 asks for.  Each worker writes down its own
 * part, in memory, and main() prints the parts when all are there: a slow
 * terminal holds up nobody's packets.
 */
#include <stdlib.h>
#include <sys/eventfd.h>

#include "../common/names_gen.h"
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

/** report_write() - write down flows and counters, in the worker's thread */
void report_write(struct worker *w)
{
	struct program *p = w->program;
	const struct flow *f;
	FILE *out;
	u32 i;

	free(w->report);
	w->report = NULL;
	w->report_len = 0;
	out = open_memstream(&w->report, &w->report_len);
	for (i = 0; out && i <= w->flows.mask; i++) {
		for (f = w->flows.by_path[i]; f; f = f->tcp_next)
			write_flow(out, w, f);
	}
	if (out)
		fclose(out);
	w->report_stats = w->stats;

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

/** report_print() - print what all workers have written down */
void report_print(struct program *p, FILE *out)
{
	struct stats sum = { 0 };
	u32 i;

	fprintf(out, "%-8s %5s %-28s %-28s %10s %14s %10s %14s %6s %6s %5s\n",
		"STATE", "PORT", "REMOTE", p->role->label ? "PEER" : "UDP", "TX", "TX-BYTES", "RX",
		"RX-BYTES", "IDLE-S", "AGE-S", "MTU");
	for (i = 0; i < p->n; i++) {
		struct worker *w = &p->workers[i];

		if (w->report)
			fwrite(w->report, 1, w->report_len, out);
		add(&sum, &w->report_stats);
	}
	fprintf(out,
		"total: flows %llu tx %llu tx-bytes %llu tx-segments %llu rx %llu rx-bytes %llu rx-segments %llu handed-over %llu\n",
		sum.flows, sum.tx, sum.tx_bytes, sum.tx_segments, sum.rx,
		sum.rx_bytes, sum.rx_segments, sum.handed_over);
	fprintf(out, "ended:");
	for (i = FTCP_REASON_CLOSED; i < __FTCP_REASON_MAX; i++)
		fprintf(out, " %s %llu", ftcp_reason_names[i], sum.ended[i]);
	fprintf(out, "\ndrops:");
	for (i = FTCP_DROP_PAD + 1; i < DROPS; i++)
		fprintf(out, " %s %llu", drop_name(i), sum.drop[i]);
	fprintf(out, "\n");
	fflush(out);
}
