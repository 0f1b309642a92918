// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams on their way out.
 *
 * What one round of reading brought in is sorted by flow, and neighbours of
 * one size and one TOS in one flow leave together: as one TCP super-segment to
 * the device, as one UDP_SEGMENT message to a socket.  Nothing is held back for
 * that: when the round is over everything leaves.  So a sparse flow sees no
 * delay, and a busy thread finds more to put together the busier it is.
 *
 * A batch refers to the buffers that were read into; it has to be sent before
 * they are used again, and before its flow is gone.
 */
#include <sys/uio.h>
#include <unistd.h>

#include "../../module/core/policy.h"
#include "role.h"

/* The longest payload that makes no packet longer than 65535 bytes in either
 * family and fits the window of a connection that has just begun
 */
#define TUN_PAYLOAD_MAX FTCP_FIRST_FLIGHT

/** output_init() - set the limits */
void output_init(struct worker *w)
{
	w->to_tun.flush = output_flush_tun;
	w->to_tun.max_len = TUN_PAYLOAD_MAX;
	w->to_tun.max_count = w->program->tun.vnet ? ~0u : 1;
	w->to_tun.min_seg = FTCP_GSO_SIZE_MIN;
	w->to_udp.flush = output_flush_udp;
	w->to_udp.max_len = UDP_LEN_MAX;
	w->to_udp.max_count = UDP_SEGS;
	w->to_udp.min_seg = 1;
}

/* Whether datagrams may follow those of a batch.  Only the last one of a batch
 * may be shorter than the others.
 */
static bool fits(const struct batch_set *set, const struct batch *b, u32 len,
		 u32 seg, u8 tos)
{
	u32 count = udp_count(len, seg);

	if (b->tos != tos || b->len % b->seg || b->pieces == BATCH_PIECES ||
	    b->len + len > set->max_len || b->count + count > set->max_count ||
	    b->seg < set->min_seg)
		return false;
	return seg == b->seg || (count == 1 && seg < b->seg);
}

/* @len is at most what one batch takes. */
static void put(struct batch_set *set, struct batch **slot, struct flow *f,
		u8 *data, u32 len, u32 seg, u8 tos)
{
	struct batch *b = *slot;

	if (!b || !fits(set, b, len, seg, tos)) {
		b = &set->batch[set->n++];
		b->flow = f;
		b->seg = seg;
		b->tos = tos;
		b->len = 0;
		b->count = 0;
		b->pieces = 0;
		*slot = b;
	}
	b->iov[1 + b->pieces++] = (struct iovec){ data, len };
	b->len += len;
	b->count += udp_count(len, seg);
}

/* The most bytes of datagrams of one size that one batch takes */
static u32 most(const struct batch_set *set, u32 seg)
{
	u32 count = set->max_len / seg;

	if (count > set->max_count)
		count = set->max_count;
	return seg < set->min_seg || !count ? seg : count * seg;
}

/* Leave datagrams to the batch of their flow. */
static void collect(struct worker *w, struct batch_set *set,
		    struct batch **slot, struct flow *f, u8 *data, u32 len,
		    u32 seg, u8 tos)
{
	u32 max = most(set, seg), part;

	for (; len; len -= part, data += part) {
		part = len < max ? len : max;
		if (set->n == BATCHES)
			set->flush(w);
		put(set, slot, f, data, part, part < seg ? part : seg, tos);
	}
}

/**
 * output_to_tun() - have datagrams sent to a flow's far end
 * @w: the worker
 * @f: the flow
 * @data: the datagrams; must stay until output_flush_tun()
 * @len: their bytes
 * @seg: size of each but the last
 * @tos: their DSCP and ECN
 */
void output_to_tun(struct worker *w, struct flow *f, u8 *data, u32 len, u32 seg,
		   u8 tos)
{
	collect(w, &w->to_tun, &f->to_tun, f, data, len, seg, tos);
}

/**
 * output_to_udp() - have datagrams sent to a flow's UDP side
 * @w: the worker
 * @f: the flow
 * @data: the datagrams; must stay until output_flush_udp()
 * @len: their bytes
 * @seg: size of each but the last
 * @tos: their DSCP and ECN
 */
void output_to_udp(struct worker *w, struct flow *f, u8 *data, u32 len, u32 seg,
		   u8 tos)
{
	w->stats.rx += udp_count(len, seg);
	w->stats.rx_bytes += len;
	w->stats.rx_segments++;
	f->count.rx += udp_count(len, seg);
	f->count.rx_bytes += len;
	collect(w, &w->to_udp, &f->to_udp, f, data, len, seg, tos);
}

/* Routers that choose one of several ways by it keep a connection on one (RFC 6437);
 * to them 0 is none.  The ends are hashed with a key of its own: the other keys stay
 * unknown to whoever sees labels.
 */
static u32 flow_label(const struct program *p, const struct path *path)
{
	u64 hash = siphash(&p->label_key, path, sizeof(*path));
	u32 label = hash & ((1u << FLOW_LABEL_BITS) - 1);

	return label ? label : 1;
}

/* For so many segments; the kernel, which splits a super-segment, counts up in
 * each.  What has to be told apart are fragments of one pair of hosts, by
 * whichever thread they are sent.
 */
static u32 ident(struct worker *w, const struct path *path, u32 count)
{
	struct program *p = w->program;
	u32 *next;

	if (!addr_is_v4(&path->local))
		return flow_label(p, path);
	if (!p->options.fragment)
		return PACKET_DF;
	next = &p->ident[siphash(&p->table_key, &path->remote,
				 sizeof(path->remote)) % IDENTS];
	return __atomic_fetch_add(next, count, __ATOMIC_RELAXED) << 16;
}

static void send_batch(struct worker *w, struct batch *b)
{
	bool vnet = w->program->tun.vnet;
	struct flow *f = b->flow;
	u8 header[PACKET_HLEN_MAX];
	struct ftcp_data data;
	u32 i;

	switch (ftcp_conn_send(&f->conn, b->len, w->now, b->count > 1, &data)) {
	case FTCP_SENT_ARM:
		flow_arm(&w->flows, f, w->now);
		break;
	case FTCP_SENT:
		break;
	default:
		for (i = 1; i <= b->pieces; i++)
			waiting_hold(w, f, b->iov[i].iov_base,
				      (u32)b->iov[i].iov_len, b->seg, b->tos);
		/* a window that is full is the connection's end */
		if (f->conn.state == FTCP_ESTABLISHED)
			flow_arm(&w->flows, f, w->now);
		return;
	}
	b->iov[0].iov_base = header;
	b->iov[0].iov_len = packet_write_data(header, &f->path, &data, b->tos,
					      ident(w, &f->path, b->count),
					      b->iov + 1, b->pieces, b->len,
					      b->count > 1 ? b->seg : 0, vnet);
	if (writev(w->tun.fd, b->iov, (int)(1 + b->pieces)) < 0) {
		/* what never left must not be a hole in the sequence; nobody
		 * else takes sequence numbers of this thread's flows
		 */
		ftcp_fetch_add(f->conn.snd_nxt, 0u - b->len);
		w->stats.drop[DROP_SEND] += b->count;
		return;
	}
	w->stats.tx += b->count;
	w->stats.tx_bytes += b->len;
	w->stats.tx_segments++;
	f->count.tx += b->count;
	f->count.tx_bytes += b->len;
}

/** output_flush_tun() - send what output_to_tun() collected */
void output_flush_tun(struct worker *w)
{
	u32 i, n = w->to_tun.n;

	for (i = 0; i < n; i++) {
		w->to_tun.batch[i].flow->to_tun = NULL;
		send_batch(w, &w->to_tun.batch[i]);
	}
	w->to_tun.n = 0;
}

/** output_flush_udp() - send what output_to_udp() collected */
void output_flush_udp(struct worker *w)
{
	const struct role_ops *role = w->program->role;
	struct udp_output out[BATCHES];
	u32 i, n = w->to_udp.n;

	if (!n)
		return;
	for (i = 0; i < n; i++) {
		struct batch *b = &w->to_udp.batch[i];
		struct flow *f = b->flow;

		f->to_udp = NULL;
		out[i] = (struct udp_output){
			.fd = f->source.fd,
			.iov = b->iov + 1,
			.niov = b->pieces,
			.len = b->len,
			.seg = b->seg,
			.count = b->count,
			.tos = b->tos,
			.v4 = addr_is_v4(&f->conversation.app.addr),
		};
		if (role->address)
			role->address(w, f, &out[i]);
	}
	w->to_udp.n = 0;
	w->stats.drop[DROP_SEND] += udp_send(out, n, w->program->udp_offload);
	for (i = 0; i < n; i++) {
		if (out[i].refused)
			flow_refused(&w->flows, w->to_udp.batch[i].flow,
				     w->now);
	}
}

/** output_control() - send a segment without payload, at once */
void output_control(struct worker *w, const struct path *path,
		    const struct ftcp_control *ctl)
{
	u32 mss = w->program->options.mtu - FTCP_HLEN -
		  (addr_is_v4(&path->local) ? 20 : 40);
	u8 packet[PACKET_HLEN_MAX];
	u32 len;

	len = packet_write_control(packet, path, (u16)mss, ctl,
				   ident(w, path, 1), w->program->tun.vnet);
	if (write(w->tun.fd, packet, len) < 0)
		w->stats.drop[DROP_SEND]++;
}
