// SPDX-License-Identifier: GPL-2.0
/*
 * Whole IP packets: what is routed into a device of its own (the inner one) comes
 * out of that of the right peer.
 *
 * A peer has one flow.  Outwards the longest of the peers' ranges that covers the
 * destination says whose packet it is, inwards the source has to be the flow's
 * peer's.  Who accepts keeps nothing of a connection before a packet on it says
 * which peer that is; the cookie in the ACK number is as good a minute later.
 * Where nothing else waits who dials says so by a packet without contents.
 *
 * There is one thread: a flow has one anyway, and so all peers have the same one.
 * What is found by conversations elsewhere is found by peers here.
 */
#include "client.h"
#include "dispatch.h"
#include "inner.h"

#define REDIAL 1000 /* ms between two attempts, if nothing else makes one */

static const struct peers *peers(const struct worker *w)
{
	return &w->program->options.peers;
}

/* What a peer's flow is found by */
static struct conversation conversation_of(const struct peer *peer)
{
	return (struct conversation){ .app.scope = peer->index };
}

static struct peer *peer_of(const struct worker *w, const struct flow *f)
{
	return peers(w)->list[f->conversation.app.scope];
}

static const char *ip_label(const struct worker *w, const struct flow *f)
{
	return peer_of(w, f)->name;
}

/* ---- outwards ---- */

static void tell(struct worker *w, u64 *tell_at, const struct inner *in,
		 enum icmp_error error, u32 mtu)
{
	u8 packet[INNER_ERROR_MAX];
	u32 len;

	if (!inner_may_tell(in) || !dispatch_may_tell(w, tell_at))
		return;
	len = inner_write_error(packet, in, error, mtu);
	if (len && tun_write(&w->program->inner, packet, len))
		w->stats.drop[DROP_SEND]++;
}

/** ip_unreachable() - a packet cannot be carried: its sender hears of that */
void ip_unreachable(struct worker *w, const struct inner *in,
		    enum ftcp_drop_attr why)
{
	u64 hash = siphash(&w->program->table_key, in->source, in->v4 ? 4 : 16);

	w->stats.drop[why]++;
	/* a host's addresses of both families are not to wait for each other */
	tell(w, &w->tell_at[hash % (TELLS / 2) * 2 + in->v4], in,
	     ICMP_ERROR_HOST, 0);
}

/* The flow to a peer, or NULL and why there is none */
static struct flow *flow_to(struct worker *w, const struct peer *peer,
			    struct obstacle *why)
{
	struct conversation conv = conversation_of(peer);
	struct flow *f = flow_by_conversation(&w->flows, &conv);

	if (f)
		return f;
	if (w->program->role->dials)
		return client_dial(w, &conv, NULL, why);
	why->why = FTCP_DROP_NO_ENDPOINT;
	return NULL;
}

/* In fragments, each of which leaves before the header of the next one takes the
 * place of the end of its contents
 */
static void send_cut(struct worker *w, struct flow *f, struct inner *in,
		     u32 largest)
{
	u8 header[INNER_HLEN_MAX], *fragment;
	u32 off = 0, len;

	memcpy(header, in->packet, in->hlen);
	while ((len = inner_cut(in, header, &off, largest, &fragment))) {
		dispatch_send(w, f, fragment, len, len, in->tos);
		output_flush_tun(w);
	}
}

static void ip_outward(struct worker *w, u8 *packet, u32 len)
{
	struct peer *peer = NULL;
	struct obstacle why;
	struct inner in;
	struct flow *f;
	u32 largest;

	if (!inner_read(&in, packet, len)) {
		w->stats.drop[FTCP_DROP_MALFORMED]++;
		return;
	}
	if (!inner_is_shared(in.to, in.v4))
		peer = peers_find(peers(w), in.to, in.v4);
	if (!peer) {
		ip_unreachable(w, &in, FTCP_DROP_NO_PEER);
		return;
	}
	f = flow_to(w, peer, &why);
	if (!f) {
		ip_unreachable(w, &in, why.why);
		return;
	}
	largest = dispatch_room(w, f);
	if (in.len > largest && inner_may_cut(&in)) {
		send_cut(w, f, &in, largest);
		return;
	}
	if (in.len > largest) {
		w->stats.drop[FTCP_DROP_TOO_BIG]++;
		tell(w, &f->tell_at, &in, ICMP_ERROR_TOO_BIG, largest);
		return;
	}
	dispatch_send(w, f, packet, in.len, in.len, in.tos);
}

/* ---- inwards ---- */

static void flush(struct worker *w)
{
	struct iovec *iov;
	u32 n, count = w->merge.count;

	if (!count)
		return;
	n = merge_take(&w->merge, &iov);
	if (writev(w->inner.fd, iov, (int)n) < 0)
		w->stats.drop[DROP_SEND] += count;
}

/* The host gets a packet, perhaps with those that follow it. */
static bool receive(struct worker *w, const struct inner *in)
{
	const struct tun *tun = &w->program->inner;

	if (tun->vnet && merge_add(&w->merge, in))
		return true;
	flush(w);
	if (tun->vnet && merge_add(&w->merge, in))
		return true;
	if (!tun_write(tun, in->packet, in->len))
		return true;
	w->stats.drop[DROP_SEND]++;
	return false;
}

static void inward(struct worker *w, struct flow *f, u8 *packet, u32 len,
		   u8 outer_tos)
{
	u64 *drop = w->stats.drop;
	struct inner in;

	if (!inner_read(&in, packet, len)) {
		drop[FTCP_DROP_MALFORMED]++;
	} else if (peers_find(peers(w), in.source, in.v4) != peer_of(w, f)) {
		drop[FTCP_DROP_INNER_SOURCE]++;
	} else if (inner_is_hello(&in)) {
		return;
	} else if (!inner_leave(&in, outer_tos)) {
		drop[FTCP_DROP_MALFORMED]++;
	} else if (receive(w, &in)) {
		w->stats.rx++;
		w->stats.rx_bytes += in.len;
		f->count.rx++;
		f->count.rx_bytes += in.len;
	}
}

static void ip_deliver(struct worker *w, struct flow *f, const struct packet *p)
{
	u32 most = p->gso_size ? p->gso_size : p->seg.len, off, len;

	w->stats.rx_segments++;
	for (off = 0; off < p->seg.len; off += len) {
		len = p->seg.len - off < most ? p->seg.len - off : most;
		inward(w, f, p->payload + off, len, p->tos);
	}
	flush(w);
}

/* ---- to accept ---- */

static bool ip_open(const struct worker *w, const struct path *path)
{
	return !w->stopping && path->lport == w->program->options.port;
}

/* The peer that the first inner packet of a segment comes from whose source says
 * so; what says nothing is counted.
 */
static struct peer *named_by(struct worker *w, const struct packet *p)
{
	u32 most = p->gso_size ? p->gso_size : p->seg.len, off, len;
	struct peer *peer;
	struct inner in;

	for (off = 0; off < p->seg.len; off += len) {
		len = p->seg.len - off < most ? p->seg.len - off : most;
		if (!inner_read(&in, p->payload + off, len)) {
			w->stats.drop[FTCP_DROP_MALFORMED]++;
			continue;
		}
		peer = inner_is_shared(in.source, in.v4) ?
			       NULL :
			       peers_find(peers(w), in.source, in.v4);
		if (peer)
			return peer;
		w->stats.drop[FTCP_DROP_INNER_SOURCE]++;
	}
	return NULL;
}

/* Whether a newcomer takes the place of a peer's flow; from the same address he may be
 * the same host, whose FIN comes later than its next connection.
 */
static enum ftcp_newcomer contest(struct worker *w, struct peer *peer,
				  struct flow *incumbent,
				  const struct addr *from)
{
	enum ftcp_newcomer verdict;
	struct ftcp_result probe;

	verdict = ftcp_newcomer(&peer->asked, incumbent->conn.rx.last, w->now);
	switch (verdict) {
	case FTCP_NEWCOMER_ASK:
		ftcp_conn_ask(&incumbent->conn, &probe);
		ftcp_conn_suspect(&incumbent->conn, w->now);
		dispatch_apply(w, incumbent, &probe);
		break;
	case FTCP_NEWCOMER_ADMIT:
		dispatch_log(incumbent, "somebody else is the peer now");
		dispatch_abort(w, incumbent);
		return verdict;
	case FTCP_NEWCOMER_REFUSE:
		if (addr_equal(&incumbent->path.remote, from))
			verdict = FTCP_NEWCOMER_WAIT;
		break;
	default:
		break;
	}
	w->stats.drop[FTCP_DROP_NEWCOMER]++;
	return verdict;
}

static bool ip_accept(struct worker *w, struct packet *p)
{
	struct ftcp_conn_config config = dispatch_conn_config(w);
	struct addr source = p->path.remote;
	enum ftcp_newcomer verdict;
	struct conversation conv;
	enum ftcp_drop_attr why;
	struct peer *peer;
	struct flow *f;

	peer = named_by(w, p);
	if (!peer)
		return true; /* which says nothing, and keeps nothing */
	conv = conversation_of(peer);
	f = flow_by_conversation(&w->flows, &conv);
	if (f) {
		verdict = contest(w, peer, f, &p->path.remote);
		if (verdict != FTCP_NEWCOMER_ADMIT)
			return verdict != FTCP_NEWCOMER_REFUSE;
	}
	peer->asked = 0;
	ftcp_source_of(source.b, addr_is_v4(&source), false);
	f = dispatch_new_flow(w, &p->path, &conv, &source, &why);
	if (!f) {
		w->stats.drop[why]++;
		return false;
	}
	ftcp_conn_accept(&f->conn, &config, &p->seg, w->now);
	dispatch_established(w, f);
	ip_deliver(w, f, p);
	flow_arm(&w->flows, f, w->now);
	return true;
}

/* ---- to dial ---- */

/* To the far end, which has to know before it has a packet for us: by the first
 * address of each family.
 */
static void say_who(struct worker *w, struct flow *f)
{
	const struct options *o = &w->program->options;
	bool said[2] = { false };
	u32 i, len;

	for (i = 0; i < o->addresses; i++) {
		const struct addr *own = &o->address[i].addr;
		bool v6 = !addr_is_v4(own);

		if (said[v6] ||
		    inner_is_shared(v6 ? own->b : addr_v4(own), !v6))
			continue;
		said[v6] = true;
		len = inner_write_hello(w->hello[v6], own);
		output_to_tun(w, f, w->hello[v6], len, len, 0);
	}
	output_flush_tun(w);
}

/* The far end, which may have the flow that this one replaces, must not take its
 * successor for a thief: that one is closed now, and not when it has drained.
 */
static void ip_established(struct worker *w, struct flow *f)
{
	struct flow *active = f->active;
	struct ftcp_result res;

	client_established(w, f);
	if (active) {
		ftcp_conn_close(&active->conn, w->now, &res);
		dispatch_apply(w, active, &res);
	}
	if (!f->wait_head)
		say_who(w, f);
}

/* The only peer, though there may be nothing for it */
static void ip_redial(struct worker *w)
{
	struct obstacle why;

	w->redial_at = 0;
	if (!w->stopping && !flow_to(w, peers(w)->list[0], &why) &&
	    w->program->options.persistent)
		w->redial_at = w->now + REDIAL;
}

/* The next packet dials again; unless nobody could notice that it should. */
static void ip_lost(struct worker *w, const struct conversation *conv,
		    const struct ftcp_end_policy *policy)
{
	bool persistent = w->program->options.persistent;

	if (policy->dial)
		ip_redial(w);
	if (persistent && !w->redial_at)
		w->redial_at = w->now + REDIAL;
}

const struct role_ops role_ip_client = {
	.dials = true,
	.probes = FTCP_PROBES,
	.established = ip_established,
	.replace = client_replace,
	.ended = client_ended,
	.lost = ip_lost,
	.redial = ip_redial,
	.outward = ip_outward,
	.deliver = ip_deliver,
	.label = ip_label,
};

const struct role_ops role_ip_server = {
	.probes = FTCP_PROBES_PATIENT,
	.open = ip_open,
	.accept = ip_accept,
	.outward = ip_outward,
	.deliver = ip_deliver,
	.label = ip_label,
};
