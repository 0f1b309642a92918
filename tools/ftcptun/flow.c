// SPDX-License-Identifier: GPL-2.0
/*
 * The table of a thread's flows: two hash tables, by TCP path and by UDP
 * conversation, and a heap of timers.
 *
 * Hashes are keyed, so that nobody outside can make all flows meet in one chain.  A
 * timer only has to be early enough: a deadline that moves away is noticed when the
 * old one is reached, so traffic does not touch the heap.
 */
#include "flow.h"

#include <stdlib.h>

#define CHAINS_MIN 1024
#define CHAINS_MAX 65536

/* ---- the heap ---- */

static void heap_put(struct flow_table *t, u32 slot, struct flow *f)
{
	t->heap[slot] = f;
	f->timer_slot = slot;
}

static void heap_up(struct flow_table *t, u32 slot, struct flow *f)
{
	for (; slot > 1 && t->heap[slot / 2]->timer_at > f->timer_at; slot /= 2)
		heap_put(t, slot, t->heap[slot / 2]);
	heap_put(t, slot, f);
}

static void heap_down(struct flow_table *t, u32 slot, struct flow *f)
{
	u32 child;

	while ((child = slot * 2) <= t->heap_len) {
		if (child < t->heap_len &&
		    t->heap[child + 1]->timer_at < t->heap[child]->timer_at)
			child++;
		if (t->heap[child]->timer_at >= f->timer_at)
			break;
		heap_put(t, slot, t->heap[child]);
		slot = child;
	}
	heap_put(t, slot, f);
}

static void heap_remove(struct flow_table *t, struct flow *f)
{
	u32 slot = f->timer_slot;
	struct flow *last;

	if (!slot)
		return;
	f->timer_slot = 0;
	last = t->heap[t->heap_len--];
	if (last == f)
		return;
	if (slot > 1 && t->heap[slot / 2]->timer_at > last->timer_at)
		heap_up(t, slot, last);
	else
		heap_down(t, slot, last);
}

/** flow_set_timer() - when a flow's timer is to be called; 0: never */
void flow_set_timer(struct flow_table *t, struct flow *f, u64 at)
{
	u64 old = f->timer_at;

	if (!at) {
		heap_remove(t, f);
		return;
	}
	f->timer_at = at;
	if (!f->timer_slot)
		/* flow_new() made sure that there is room */
		heap_up(t, ++t->heap_len, f);
	else if (at < old)
		heap_up(t, f->timer_slot, f);
	else
		heap_down(t, f->timer_slot, f);
}

/** flow_arm() - have a flow's timer run when its connection wants it */
void flow_arm(struct flow_table *t, struct flow *f, u64 now)
{
	u64 at = ftcp_conn_deadline(&f->conn, now);

	if (at && at <= now)
		at = now + 1;
	if (f->refused)
		at = now;
	flow_set_timer(t, f, at);
}

/** flow_refused() - its UDP side takes nothing: its timer sees to it later */
void flow_refused(struct flow_table *t, struct flow *f, u64 now)
{
	f->refused = true;
	flow_arm(t, f, now);
}

/** flow_due() - the next flow whose timer is to be called, if it is time */
struct flow *flow_due(const struct flow_table *t, u64 now)
{
	return t->heap_len && t->heap[1]->timer_at <= now ? t->heap[1] : NULL;
}

/* ---- the hash tables ---- */

/* Our own address does not tell flows apart: there is one for each family. */
static struct flow **path_chain(const struct flow_table *t,
				const struct path *path)
{
	struct {
		struct addr remote;
		u16 lport;
		u16 rport;
	} key = { path->remote, path->lport, path->rport };

	return &t->by_path[siphash(t->key, &key, sizeof(key)) & t->mask];
}

static struct flow **conversation_chain(const struct flow_table *t,
					const struct conversation *conv)
{
	return &t->by_conversation[siphash(t->key, conv, sizeof(*conv)) &
				   t->mask];
}

static bool same_path(const struct path *a, const struct path *b)
{
	return a->lport == b->lport && a->rport == b->rport &&
	       addr_equal(&a->remote, &b->remote);
}

/** flow_by_path() - find a flow by its two ends */
struct flow *flow_by_path(const struct flow_table *t, const struct path *path)
{
	struct flow *f = *path_chain(t, path);

	while (f && !same_path(&f->path, path))
		f = f->tcp_next;
	return f;
}

/** flow_by_conversation() - find a client's flow by its UDP side */
struct flow *flow_by_conversation(const struct flow_table *t,
				  const struct conversation *conv)
{
	struct flow *f = *conversation_chain(t, conv);

	while (f && memcmp(&f->conversation, conv, sizeof(*conv)))
		f = f->udp_next;
	return f;
}

/**
 * flow_table_init() - make a table
 * @t: the table
 * @max: the most flows it may hold
 * @key: for hashing; has to outlive the table
 *
 * Return: 0, or -1 without memory.
 */
int flow_table_init(struct flow_table *t, u32 max,
		    const struct siphash_key *key)
{
	u32 chains = CHAINS_MIN;

	while (chains < max && chains < CHAINS_MAX)
		chains *= 2;
	*t = (struct flow_table){
		.mask = chains - 1,
		.key = key,
		.max = max,
	};
	t->by_path = calloc(chains, sizeof(*t->by_path));
	t->by_conversation = calloc(chains, sizeof(*t->by_conversation));
	return t->by_path && t->by_conversation ? 0 : -1;
}

/** flow_table_free() - release a table that holds no flow any more */
void flow_table_free(struct flow_table *t)
{
	free(t->by_path);
	free(t->by_conversation);
	free(t->heap);
}

/* Room for one timer more than there are flows now */
static int heap_reserve(struct flow_table *t)
{
	u32 size = t->heap_size ? t->heap_size * 2 : 64;
	struct flow **heap;

	if (t->count + 2 <= t->heap_size)
		return 0;
	heap = realloc(t->heap, size * sizeof(*heap));
	if (!heap)
		return -1;
	t->heap = heap;
	t->heap_size = size;
	return 0;
}

/**
 * flow_new() - a flow, in the table
 * @t: the table
 * @path: its ends
 * @conv: its UDP side; NULL on a server
 * @now: present time, ms
 *
 * Return: the flow, or NULL without memory or if there are as many as there
 * may be.
 */
struct flow *flow_new(struct flow_table *t, const struct path *path,
		      const struct conversation *conv, u64 now)
{
	struct flow *f, **chain;

	if (t->count >= t->max || heap_reserve(t))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->source.fd = -1;
	f->source.kind = SOURCE_FLOW;
	f->path = *path;
	f->wait_tail = &f->wait_head;
	f->born = now;
	chain = path_chain(t, path);
	f->tcp_next = *chain;
	*chain = f;
	if (conv) {
		f->conversation = *conv;
		flow_join_conversation(t, f);
	}
	t->count++;
	return f;
}

/** flow_join_conversation() - have a flow found by its conversation */
void flow_join_conversation(struct flow_table *t, struct flow *f)
{
	struct flow **chain = conversation_chain(t, &f->conversation);

	f->in_udp_table = true;
	f->udp_next = *chain;
	*chain = f;
}

/** flow_forget_conversation() - have the next datagram make a new flow */
void flow_forget_conversation(struct flow_table *t, struct flow *f)
{
	struct flow **p;

	if (!f->in_udp_table)
		return;
	f->in_udp_table = false;
	p = conversation_chain(t, &f->conversation);
	while (*p != f)
		p = &(*p)->udp_next;
	*p = f->udp_next;
}

/** flow_unlink() - take a flow out of the table */
void flow_unlink(struct flow_table *t, struct flow *f)
{
	struct flow **p = path_chain(t, &f->path);

	flow_forget_conversation(t, f);
	heap_remove(t, f);
	while (*p != f)
		p = &(*p)->tcp_next;
	*p = f->tcp_next;
	t->count--;
}
