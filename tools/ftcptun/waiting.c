// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that wait for a connection: by number for each flow, by the memory
 * that they take for all flows of all threads.
 */
#include <stdlib.h>

#include "../../module/core/policy.h"
#include "worker.h"

static u32 size_of(u32 len)
{
	return (u32)sizeof(struct waiting) + len;
}

static int append(struct flow *f, const u8 *data, u32 len, u8 tos)
{
	struct waiting *wait = malloc(size_of(len));

	if (!wait)
		return -1;
	wait->next = NULL;
	wait->len = len;
	wait->tos = tos;
	memcpy(wait->data, data, len);
	*f->wait_tail = wait;
	f->wait_tail = &wait->next;
	f->wait_count++;
	f->wait_bytes += size_of(len);
	return 0;
}

/* Returns 0, or why the datagram is dropped. */
static enum ftcp_drop_attr hold(struct worker *w, struct flow *f,
				const u8 *data, u32 len, u8 tos)
{
	const struct options *o = &w->program->options;
	u32 *waiting = &w->program->waiting, size = size_of(len);
	enum ftcp_drop_attr why;

	why = ftcp_queue_quota(f->wait_count, o->queue,
			       __atomic_add_fetch(waiting, size,
						  __ATOMIC_RELAXED),
			       o->queue_bytes);
	if (!why && append(f, data, len, tos))
		why = FTCP_DROP_MEMORY;
	if (why)
		__atomic_fetch_sub(waiting, size, __ATOMIC_RELAXED);
	return why;
}

/**
 * waiting_hold() - keep datagrams until the connection takes them
 * @w: the worker
 * @f: the flow; it is being opened, or so young that the far end's window is
 *	used up
 * @data: the datagrams; copied
 * @len: their bytes
 * @seg: size of each but the last
 * @tos: their DSCP and ECN
 */
void waiting_hold(struct worker *w, struct flow *f, const u8 *data, u32 len,
		  u32 seg, u8 tos)
{
	enum ftcp_drop_attr why;
	u32 part;

	for (; len; len -= part, data += part) {
		part = len < seg ? len : seg;
		why = ftcp_may_wait(&f->conn) ? hold(w, f, data, part, tos) :
						FTCP_DROP_STATE;
		if (why)
			w->stats.drop[why]++;
	}
}

/** waiting_take() - leave the datagrams that wait to the caller */
struct waiting *waiting_take(struct worker *w, struct flow *f)
{
	struct waiting *list = f->wait_head;

	__atomic_fetch_sub(&w->program->waiting, f->wait_bytes,
			   __ATOMIC_RELAXED);
	f->wait_head = NULL;
	f->wait_tail = &f->wait_head;
	f->wait_count = 0;
	f->wait_bytes = 0;
	return list;
}

/** waiting_free() - release what waiting_take() returned */
void waiting_free(struct waiting *list)
{
	struct waiting *wait;

	while ((wait = list)) {
		list = wait->next;
		free(wait);
	}
}

/** waiting_drop() - drop the datagrams that wait for a connection */
void waiting_drop(struct worker *w, struct flow *f)
{
	w->stats.drop[FTCP_DROP_REFUSED] += f->wait_count;
	waiting_free(waiting_take(w, f));
}
