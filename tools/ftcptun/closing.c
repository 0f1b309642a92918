// SPDX-License-Identifier: GPL-2.0
/*
 * What concerns all flows of a thread: they are probed, since they may have lost
 * their way, or closed, since the program ends.
 */
#include "dispatch.h"

/* At the end: how many flows are being closed at a time, how long (ms) to wait
 * for any of them before more are, and before all are given up.
 */
#define CLOSE_WINDOW 256
#define CLOSE_STALL 50
#define CLOSE_PATIENCE 2500

static void for_each_flow(struct worker *w,
			  void (*action)(struct worker *, struct flow *))
{
	struct flow *f, *next;
	u32 i;

	for (i = 0; i <= w->flows.mask; i++) {
		for (f = w->flows.by_path[i]; f; f = next) {
			next = f->tcp_next;
			action(w, f);
		}
	}
}

/* One that is being opened repeats its SYN anyway. */
static void probe(struct worker *w, struct flow *f)
{
	if (f->conn.state != FTCP_ESTABLISHED ||
	    !f->conn.config.health.keepalive)
		return;
	ftcp_conn_suspect(&f->conn, w->now);
	flow_arm(&w->flows, f, w->now);
}

/** closing_probe() - probe every far end; the timers do it, a few at a time */
void closing_probe(struct worker *w)
{
	for_each_flow(w, probe);
}

/** closing_stop() - begin to close all flows, and begin no more */
void closing_stop(struct worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_heard = w->now;
}

static bool is_closing(const struct flow *f)
{
	return f->conn.state == FTCP_FIN_WAIT || f->conn.state == FTCP_LAST_ACK;
}

/* The next flow that nobody has begun to close, in the order of the table; no
 * new ones come to chains that were searched.
 */
static struct flow *next_to_close(struct worker *w)
{
	struct flow *f;

	for (; w->stop_chain <= w->flows.mask; w->stop_chain++) {
		f = w->flows.by_path[w->stop_chain];
		while (f && is_closing(f))
			f = f->tcp_next;
		if (f)
			return f;
	}
	return NULL;
}

static void close_flow(struct worker *w, struct flow *f)
{
	struct ftcp_result res;

	ftcp_conn_close(&f->conn, w->now, &res);
	dispatch_apply(w, f, &res);
}

/**
 * closing_stopping() - go on closing flows
 * @w: the worker, after closing_stop()
 *
 * If all flows were closed in one go, the segments would fill the queues on the
 * way and be lost there; then ends that are gone would be asked for the last
 * acknowledgement.  So as one flow ends the next is closed.
 */
void closing_stopping(struct worker *w)
{
	u64 silent = w->now - w->stop_heard;
	struct flow *f;

	if (silent >= CLOSE_PATIENCE) {
		for_each_flow(w, dispatch_abort);
		return;
	}
	if (silent >= CLOSE_STALL)
		w->stop_count = 0;
	while (w->stop_count < CLOSE_WINDOW && (f = next_to_close(w))) {
		w->stop_count++;
		close_flow(w, f);
	}
}
