// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to flows: how one begins, what a datagram, a segment or the passing
 * of time does to it, and how it ends.  The rules of a connection are the core's;
 * here they are connected with sockets and tables.
 *
 * A flow belongs to one thread, which alone looks at it, and every thread can tell
 * the owner of any segment (struct role_ops).  The kernel delivers to the queue that
 * last transmitted for a flow: after the first answer that is the owner's.  Segments
 * that come to another one are handed over.
 *
 * Layers: what may be called from where.
 *
 *	worker.c			threads, and what they wait for
 *	client.c, server.c, ip.c,
 *	closing.c			the roles, and all flows at once
 *	dispatch.c			flows, segments, datagrams, time
 *	output.c			what leaves
 *	waiting.c, flow.c		tables, timers, what waits
 *
 * Upwards only by struct role_ops (role.h).
 */
#include <stdio.h>
#include <unistd.h>

#include "../../module/core/policy.h"
#include "dispatch.h"
#include "icmp.h"
#include "log.h"
#include "role.h"

#define TIMERS_MAX 32 /* in one round */
#define TELL_GAP 100 /* ms between two ICMP errors to an application */

/* What routers may say of a path: not less than Linux believes (min_pmtu), or
 * than IPv6 has, and believed for ten minutes (RFC 1191, section 6.3).
 */
#define MTU_MIN 552
#define MTU_MIN6 1280
#define MTU_AGE (600 * 1000)
#define IP4_MAX 65535

/* What happened, for the log */
static const char *const event_text[] = {
	[FTCP_EV_NONE] = "nothing happened",
	[FTCP_EV_ESTABLISHED] = "established",
	[FTCP_EV_PEER_CLOSED] = "closed by the far end",
	[FTCP_EV_RENEW] = "to be replaced",
	[FTCP_EV_CLOSED] = "closed",
	[FTCP_EV_REFUSED] = "refused",
	[FTCP_EV_UNANSWERED] = "no answer",
	[FTCP_EV_RESET] = "reset by the far end",
	[FTCP_EV_FORGOTTEN] = "not known to the far end any more",
	[FTCP_EV_DEAD] = "the far end fell silent",
};

static const struct role_ops *role(const struct worker *w)
{
	return w->program->role;
}

/** dispatch_log() - tell of a flow, if anybody wants to know */
void dispatch_log(const struct flow *f, const char *what)
{
	char text[ENDPOINT_TEXT];
	struct endpoint remote = path_remote(&f->path);

	if (log_limit >= LOG_DEBUG)
		say(LOG_DEBUG, "flow %u - %s: %s", f->path.lport,
		    endpoint_text(&remote, text), what);
}

/** dispatch_own_addr() - our own end's address of a family */
const struct addr *dispatch_own_addr(const struct worker *w, bool v4)
{
	const struct options *o = &w->program->options;

	return v4 ? &o->tun_peer : &o->tun_peer6;
}

/* ---- ICMP errors to the application ---- */

/** dispatch_may_tell() - whether it is time for another ICMP error */
bool dispatch_may_tell(const struct worker *w, u64 *tell_at)
{
	if (w->now < *tell_at)
		return false;
	*tell_at = w->now + TELL_GAP;
	return true;
}

static void tell_too_big(struct worker *w, struct flow *f,
			 const struct udp_message *m, u32 largest)
{
	u32 hlen = addr_is_v4(&m->from.addr) ? 28 : 48;
	struct endpoint own;

	if (!dispatch_may_tell(w, &f->tell_at))
		return;
	own = role(w)->own_endpoint(w, f);
	icmp_send(ICMP_ERROR_TOO_BIG, largest + hlen, &m->from, &own, m->seg);
}

/* ---- numbers that nobody can guess ---- */

static u32 hash(const void *key, const void *ends, enum ftcp_hash what,
		u32 slot)
{
	struct {
		struct path path;
		u32 what;
		u32 slot;
	} input = { *(const struct path *)ends, what, slot };

	return (u32)siphash(key, &input, sizeof(input));
}

/** dispatch_secret() - for numbers that nobody can guess */
struct ftcp_secret dispatch_secret(const struct worker *w)
{
	return (struct ftcp_secret){ hash, &w->program->cookie_key };
}

/* ---- beginnings ---- */

/** dispatch_conn_config() - what the command line says of connections */
struct ftcp_conn_config dispatch_conn_config(const struct worker *w)
{
	const struct options *o = &w->program->options;

	return (struct ftcp_conn_config){
		.health = {
			.idle = o->idle * 1000ull,
			.keepalive = o->keepalive * 1000ull,
			.interval = o->interval,
			.probes = o->probes ? (u8)o->probes : role(w)->probes,
			.max_age = o->max_age * 1000ull,
			.max_bytes = o->max_bytes,
			.renewable = role(w)->dials,
		},
		.native = o->wire == WIRE_NATIVE,
		.phantun = o->wire == WIRE_PHANTUN,
	};
}

/**
 * dispatch_new_flow() - a flow, in the tables
 * @w: the worker
 * @path: its ends
 * @conv: its UDP side, as for flow_new()
 * @source: whom it is counted for
 * @why: if there is none
 */
struct flow *dispatch_new_flow(struct worker *w, const struct path *path,
			       const struct conversation *conv,
			       const struct addr *source,
			       enum ftcp_drop_attr *why)
{
	struct origin *origin;
	struct flow *f;

	*why = origin_get(&w->program->origins, source, &origin);
	if (*why)
		return NULL;
	f = flow_new(&w->flows, path, conv, w->now);
	if (!f) {
		origin_put(&w->program->origins, origin);
		*why = FTCP_DROP_MEMORY;
		return NULL;
	}
	f->origin = origin;
	w->stats.flows++;
	return f;
}

/* ---- ends of flows, and results of the core ---- */

/**
 * dispatch_remove() - a flow is gone
 *
 * It may still be referred to: by batches, which are sent now, and by events that
 * epoll has reported, which is why it is freed later.
 */
void dispatch_remove(struct worker *w, struct flow *f)
{
	output_flush_tun(w);
	output_flush_udp(w);
	waiting_drop(w, f);
	if (f->source.fd != w->listen.fd) /* a server's, if it has any yet */
		close(f->source.fd);
	f->source.fd = -1;
	if (w->stopping) {
		w->stop_heard = w->now;
		if (w->stop_count)
			w->stop_count--;
	}
	flow_unlink(&w->flows, f);
	origin_put(&w->program->origins, f->origin);
	f->tcp_next = w->dead;
	w->dead = f;
}

/**
 * dispatch_migrate() - a conversation leaves its flow
 * @w: the worker
 * @f: the flow; its standby, if there is one, has the conversation now
 */
void dispatch_migrate(struct worker *w, struct flow *f)
{
	struct flow *standby = f->standby;

	flow_forget_conversation(&w->flows, f);
	if (!standby)
		return;
	f->standby = NULL;
	standby->active = NULL;
	standby->mtu = f->mtu;
	standby->mtu_until = f->mtu_until;
	flow_join_conversation(&w->flows, standby);
}

/* There will be no standby, for the time being.  The flow may be gone afterwards. */
static void renewal_failed(struct worker *w, struct flow *f, bool in_vain)
{
	u64 again = ftcp_renew_again(in_vain, w->now);
	struct ftcp_result res;

	ftcp_conn_renew_failed(&f->conn, in_vain, again, &res);
	dispatch_apply(w, f, &res);
}

static void end_policy(const struct worker *w, const struct flow *f,
		       enum ftcp_event event, struct ftcp_end_policy *policy)
{
	bool unwelcome = f->unwelcome && event == FTCP_EV_CLOSED;
	const struct ftcp_end_facts end = {
		.event = event,
		.reason = unwelcome ? FTCP_REASON_UNREACHABLE : 0,
		.retired = !!f->conn.health.retire_at,
		.closing = f->closing,
		.dialled = role(w)->dials,
		.carries = f->in_udp_table,
		.worked = !!f->count.tx,
		.waits = !!f->wait_head,
		.owes = f->owes,
	};

	ftcp_end_policy(&end, policy);
	if (end.waits)
		policy->tell = policy->waiting;
}

/* Once for each flow */
static void flow_over(struct worker *w, struct flow *f, enum ftcp_event event)
{
	struct conversation conv = f->conversation;
	struct flow *active = f->active;
	struct ftcp_end_policy policy;

	dispatch_log(f, event_text[event]);
	if (f->standby) {
		f->standby->owes = true;
		dispatch_migrate(w, f);
	}
	end_policy(w, f, event, &policy);
	w->stats.ended[policy.reason]++;
	if (role(w)->ended)
		role(w)->ended(w, f, event);
	dispatch_remove(w, f);
	if (active) {
		active->standby = NULL;
		renewal_failed(w, active, ftcp_dialled_in_vain(event));
		return;
	}
	if (role(w)->lost)
		role(w)->lost(w, &conv, &policy);
}

/* Send what has waited; what is still too much waits again. */
static void release(struct worker *w, struct flow *f)
{
	struct waiting *list, *wait;

	if (!f->wait_head || f->conn.state != FTCP_ESTABLISHED)
		return;
	list = waiting_take(w, f);
	for (wait = list; wait; wait = wait->next)
		output_to_tun(w, f, wait->data, wait->len, wait->len,
			      wait->tos);
	output_flush_tun(w);
	waiting_free(list);
}

/**
 * dispatch_established() - a flow can carry datagrams
 *
 * The handshake packet comes first, then what has waited.
 */
void dispatch_established(struct worker *w, struct flow *f)
{
	const struct options *o = &w->program->options;

	dispatch_log(f, event_text[FTCP_EV_ESTABLISHED]);
	f->owes = false;
	if (__atomic_load_n(&w->program->complained, __ATOMIC_RELAXED))
		__atomic_store_n(&w->program->complained, 0, __ATOMIC_RELAXED);
	if (role(w)->established)
		role(w)->established(w, f);
	if (o->handshake_packet_len > dispatch_room(w, f)) {
		w->stats.drop[FTCP_DROP_TOO_BIG]++;
		dispatch_log(f, "the handshake packet does not fit");
	} else if (o->handshake_packet) {
		output_to_tun(w, f, o->handshake_packet,
			      o->handshake_packet_len, o->handshake_packet_len,
			      0);
	}
	release(w, f);
}

/**
 * dispatch_apply() - do what the core says
 * @w: the worker
 * @f: the flow; it may be gone afterwards
 * @res: what that is
 */
void dispatch_apply(struct worker *w, struct flow *f, struct ftcp_result *res)
{
	struct obstacle why;

	if (res->control.flags)
		output_control(w, &f->path, &res->control);
	if (res->control.flags & FTCP_FIN) {
		f->closing = true;
		/* the next datagram makes a new flow, if nobody has it now */
		dispatch_migrate(w, f);
	}
	switch (res->event) {
	case FTCP_EV_NONE:
		break;
	case FTCP_EV_ESTABLISHED:
		dispatch_established(w, f);
		break;
	case FTCP_EV_PEER_CLOSED:
		dispatch_log(f, event_text[res->event]);
		break;
	case FTCP_EV_RENEW:
		dispatch_log(f, event_text[res->event]);
		if (w->stopping || role(w)->replace(w, f, &why))
			break;
		w->stats.drop[why.why]++;
		renewal_failed(w, f, ftcp_no_place(why.why));
		return;
	default:
		flow_over(w, f, res->event);
		return;
	}
	flow_arm(&w->flows, f, w->now);
}

/** dispatch_abort() - end a flow at once, with a RST */
void dispatch_abort(struct worker *w, struct flow *f)
{
	struct ftcp_result res;

	ftcp_conn_abort(&f->conn, &res);
	if (res.event)
		dispatch_apply(w, f, &res);
	else
		dispatch_remove(w, f);
}

/* ---- segments ---- */

/** dispatch_deliver() - a segment's datagrams go to the flow's other side */
void dispatch_deliver(struct worker *w, struct flow *f, const struct packet *p)
{
	if (role(w)->deliver) {
		role(w)->deliver(w, f, p);
		return;
	}
	output_to_udp(w, f, p->payload, p->seg.len,
		      p->gso_size ? p->gso_size : p->seg.len, p->tos);
}

/* A segment of no known flow: see core/listen.c. */
static void no_flow(struct worker *w, struct packet *p)
{
	bool open = role(w)->open && role(w)->open(w, &p->path);
	struct ftcp_secret own = dispatch_secret(w);
	struct ftcp_unknown u;

	ftcp_listen(&own, &p->path, open, &p->seg, w->now, &u);
	if (u.meaning == FTCP_ACCEPT) {
		if (role(w)->accept(w, p))
			return;
		ftcp_reset_for(&p->seg, &u.control);
	}
	if (u.meaning == FTCP_REFUSE)
		w->stats.drop[u.drop]++;
	if (u.control.flags)
		output_control(w, &p->path, &u.control);
}

/* Addresses that no segment of a connection comes from */
static bool bad_source(const struct worker *w, const struct path *path)
{
	bool v4 = addr_is_v4(&path->remote);
	u8 first = v4 ? *addr_v4(&path->remote) : path->remote.b[0];

	if (!addr_equal(&path->local, dispatch_own_addr(w, v4)) ||
	    addr_equal(&path->remote, &path->local) ||
	    addr_is_any(&path->remote))
		return true;
	return v4 ? first >= 224 : first == 0xff;
}

/**
 * dispatch_segment() - a segment for a flow of this thread, or for none
 * @w: the worker
 * @p: the segment; its buffer must stay until output_flush_udp()
 */
void dispatch_segment(struct worker *w, struct packet *p)
{
	struct ftcp_result res;
	struct flow *f;

	if (bad_source(w, &p->path)) {
		w->stats.drop[FTCP_DROP_PROTOCOL]++;
		return;
	}
	f = flow_by_path(&w->flows, &p->path);
	if (!f) {
		no_flow(w, p);
		return;
	}
	switch (ftcp_conn_receive_fast(&f->conn, &p->seg, w->now)) {
	case FTCP_FAST_ARM:
		if (f->timer_at > w->now + FTCP_ACK_DELAY)
			flow_set_timer(&w->flows, f, w->now + FTCP_ACK_DELAY);
		/* fall through */
	case FTCP_FAST_YES:
		dispatch_deliver(w, f, p);
		release(w, f);
		return;
	default:
		break;
	}
	ftcp_conn_receive(&f->conn, &p->seg, w->now, &res);
	switch (res.verdict) {
	case FTCP_OK:
		if (p->seg.len)
			dispatch_deliver(w, f, p);
		break;
	case FTCP_BAD_SEQUENCE:
		w->stats.drop[FTCP_DROP_SEQUENCE]++;
		break;
	case FTCP_BAD_STATE:
		w->stats.drop[FTCP_DROP_STATE]++;
		break;
	default:
		break;
	}
	if (!res.event)
		release(w, f);
	dispatch_apply(w, f, &res);
}

/* ---- datagrams ---- */

/* Whether segments have to fit the path as they are; over IPv4 the user may
 * have them cut instead.
 */
static bool segments_whole(const struct worker *w, const struct path *path)
{
	return !addr_is_v4(&path->remote) || !w->program->options.fragment;
}

/** dispatch_room() - the largest datagram that fits a segment */
u32 dispatch_room(const struct worker *w, struct flow *f)
{
	u32 mtu = w->program->options.mtu;

	if (f->mtu && w->now >= f->mtu_until)
		f->mtu = 0;
	if (!segments_whole(w, &f->path))
		mtu = IP4_MAX;
	else if (f->mtu && f->mtu < mtu)
		mtu = f->mtu;
	return mtu - FTCP_HLEN - (addr_is_v4(&f->path.remote) ? 20 : 40);
}

/**
 * dispatch_too_big() - a router says that a segment of ours does not pass
 * @w: the worker that owns the flow
 * @p: what was said
 *
 * From now on larger datagrams are dropped, and the application is told; unless
 * they may be cut, and who says that they may not is mistaken.
 */
void dispatch_too_big(struct worker *w, const struct packet *p)
{
	u32 min = addr_is_v4(&p->path.remote) ? MTU_MIN : MTU_MIN6;
	struct flow *f = flow_by_path(&w->flows, &p->path);
	char text[64];

	if (!f || !ftcp_quote_in_flight(&f->conn, p->seg.seq)) {
		w->stats.drop[f ? FTCP_DROP_ICMP : FTCP_DROP_NO_FLOW]++;
		return;
	}
	w->stats.drop[FTCP_DROP_TOO_BIG]++; /* what the router did not pass on */
	if (!segments_whole(w, &f->path) || !p->mtu ||
	    p->mtu >= w->program->options.mtu || (f->mtu && p->mtu >= f->mtu))
		return;
	f->mtu = p->mtu < min ? min : p->mtu;
	f->mtu_until = w->now + MTU_AGE;
	snprintf(text, sizeof(text), "the path takes datagrams of %u bytes",
		 dispatch_room(w, f));
	dispatch_log(f, text);
}

/**
 * dispatch_send() - datagrams for a flow's far end, now or when they can be sent
 * @w: the worker
 * @f: the flow
 * @data: the datagrams, which fit a segment; must stay until output_flush_tun()
 * @len: their bytes
 * @seg: size of each but the last
 * @tos: their DSCP and ECN
 */
void dispatch_send(struct worker *w, struct flow *f, u8 *data, u32 len, u32 seg,
		   u8 tos)
{
	if (f->conn.state == FTCP_ESTABLISHED && !f->wait_head)
		output_to_tun(w, f, data, len, seg, tos);
	else
		waiting_hold(w, f, data, len, seg, tos);
}

static void datagrams(struct worker *w, struct flow *f, struct udp_message *m)
{
	u32 largest = dispatch_room(w, f);

	if (m->seg > largest) {
		w->stats.drop[FTCP_DROP_TOO_BIG] += udp_count(m->len, m->seg);
		tell_too_big(w, f, m, largest);
	} else {
		dispatch_send(w, f, m->data, m->len, m->seg, m->tos);
	}
}

/**
 * dispatch_input() - a UDP socket is readable
 * @w: the worker
 * @fd: the socket
 * @f: the flow that it belongs to; NULL: the thread
 */
void dispatch_input(struct worker *w, int fd, struct flow *f)
{
	struct udp_message m;
	struct flow *to = f;
	bool refused;
	int n, i;

	n = udp_receive(w->in, fd, &refused);
	if (f && refused)
		flow_refused(&w->flows, f, w->now);
	for (i = 0; i < n; i++) {
		udp_message_get(w->in, i, &m);
		if (!m.len) {
			w->stats.drop[FTCP_DROP_PROTOCOL]++;
			continue;
		}
		if (!f)
			to = role(w)->flow_for(w, &m);
		if (to)
			datagrams(w, to, &m);
	}
	output_flush_tun(w);
}

/* ---- time ---- */

/* The UDP side took no datagrams; not before now, since the flow may have been
 * referred to.
 */
static void refused(struct worker *w, struct flow *f)
{
	f->refused = false;
	f->unwelcome = role(w)->refused && role(w)->refused(w, f);
	if (f->unwelcome) {
		dispatch_log(f, "refused by the service");
		dispatch_abort(w, f);
	} else {
		flow_arm(&w->flows, f, w->now);
	}
}

/**
 * dispatch_timers() - call some of the timers that are due
 *
 * Thousands of flows may be due at once.  If all of them sent their segments
 * in one go, these would fill the queues on the way, and what arrives here
 * meanwhile would be dropped.
 */
void dispatch_timers(struct worker *w)
{
	struct ftcp_result res;
	struct flow *f;
	u32 i;

	for (i = 0; i < TIMERS_MAX; i++) {
		f = flow_due(&w->flows, w->now);
		if (!f)
			return;
		if (f->refused) {
			refused(w, f);
		} else {
			release(w, f);
			ftcp_conn_timer(&f->conn, w->now, &res);
			dispatch_apply(w, f, &res);
		}
	}
}
