// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to flows: which thread owns one, how it begins, what a
 * datagram, a segment or the passing of time does to it, and how it ends.
 * The rules of a connection are the core's; here they are connected with
 * sockets and tables.
 *
 * Owner.  A flow belongs to one thread, which alone looks at it.  On a client
 * that is the thread whose UDP socket the application's first datagram came
 * to; it takes a source port that, modulo the number of threads, is its own
 * number.  On a server it is decided by a hash of the client's address and
 * port.  So every thread can tell the owner of any segment.  The kernel
 * delivers to the queue that last transmitted for a flow, which makes the
 * owner's queue the right one after the first answer; segments that come to
 * another queue are handed over.
 *
 * Client.  One conversation, that is, one application's address and port, is
 * one flow.  When a flow ends, the conversation's next datagram makes a new
 * one from another port.  A flow that the core wants replaced, because the far
 * end fell silent or for its age, goes on while an heir is dialled, and the
 * conversation moves when that is established.  What the end of a flow means, and
 * what else is decided here and in the module, core/policy.c says.
 *
 * Server.  SYNs are answered without memory (see core/listen.c); the segment that
 * acknowledges the answer makes the flow and its UDP socket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../module/core/listen.h"
#include "../../module/core/policy.h"
#include "icmp.h"
#include "log.h"
#include "remote.h"
#include "rules.h"
#include "worker.h"

/* Source ports of clients: the same range as Linux and Phantun use */
#define PORT_FIRST 32768
#define PORT_LAST 60999

#define TIMERS_MAX 32 /* in one round */

/* At the end: how many flows are being closed at a time, how long (ms) to wait
 * for any of them before more are, and before all are given up.
 */
#define CLOSE_WINDOW 256
#define CLOSE_STALL 50
#define CLOSE_PATIENCE 2500
#define TELL_GAP 100 /* ms between two ICMP errors to an application */

/* What routers may say of a path: not less than Linux believes (min_pmtu), or
 * than IPv6 has, and believed for ten minutes (RFC 1191, section 6.3).
 */
#define MTU_MIN 552
#define MTU_MIN6 1280
#define MTU_AGE (600 * 1000)
#define IP4_MAX 65535

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

static bool is_client(const struct worker *w)
{
	return w->program->options.role == ROLE_CLIENT;
}

static void tell(const struct flow *f, const char *what)
{
	char text[ENDPOINT_TEXT];
	struct endpoint remote = {
		.addr = f->path.remote,
		.port = f->path.rport,
	};

	if (log_limit >= LOG_DEBUG)
		say(LOG_DEBUG, "flow %u - %s: %s", f->path.lport,
		    endpoint_text(&remote, text), what);
}

static const struct addr *own_addr(const struct worker *w, bool v4)
{
	const struct options *o = &w->program->options;

	return v4 ? &o->tun_peer : &o->tun_peer6;
}

/**
 * dispatch_owner() - the number of the thread that owns a flow
 * @p: the program
 * @path: the flow's ends
 */
u32 dispatch_owner(const struct program *p, const struct path *path)
{
	struct {
		struct addr remote;
		u32 port;
	} key = { path->remote, path->rport };

	if (p->n == 1)
		return 0;
	if (p->options.role == ROLE_CLIENT)
		return path->lport % p->n;
	return (u32)(siphash(&p->table_key, &key, sizeof(key)) % p->n);
}

/* ---- ICMP errors to the application ---- */

static bool may_tell(const struct worker *w, u64 *tell_at)
{
	if (w->now < *tell_at)
		return false;
	*tell_at = w->now + TELL_GAP;
	return true;
}

/* The address that an application writes to */
static struct endpoint listen_endpoint(const struct worker *w,
				       const struct conversation *conv)
{
	struct endpoint own = w->program->options.local;

	if (addr_is_any(&own.addr))
		own.addr = conv->to;
	return own;
}

/* The address that the application, or the service, writes to */
static struct endpoint own_endpoint(const struct worker *w,
				    const struct flow *f)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct endpoint own;

	if (is_client(w))
		return listen_endpoint(w, &f->conversation);
	getsockname(f->source.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr(&own, &ss);
	return own;
}

/* To a client's application: when a server's flow ends its socket is closed, and
 * the host answers what the service still sends.
 */
static void tell_application(struct worker *w, const struct conversation *conv,
			     enum ftcp_tell what)
{
	u64 hash = siphash(&w->program->table_key, conv, sizeof(*conv));
	struct endpoint own;

	if (what == FTCP_TELL_NOTHING ||
	    !may_tell(w, &w->tell_at[hash % TELLS]))
		return;
	own = listen_endpoint(w, conv);
	icmp_send(what == FTCP_TELL_PORT ? ICMP_ERROR_PORT : ICMP_ERROR_HOST, 0,
		  &conv->app, &own, 0);
}

static void tell_too_big(struct worker *w, struct flow *f,
			 const struct udp_message *m, u32 largest)
{
	u32 hlen = addr_is_v4(&m->from.addr) ? 28 : 48;
	struct endpoint own;

	if (!may_tell(w, &f->tell_at))
		return;
	own = own_endpoint(w, f);
	icmp_send(ICMP_ERROR_TOO_BIG, largest + hlen, &m->from, &own, m->seg);
}

/* ---- ends of flows, and results of the core ---- */

static void drop_waiting(struct worker *w, struct flow *f,
			 enum ftcp_drop_attr reason)
{
	w->stats.drop[reason] += f->wait_count;
	__atomic_fetch_sub(&w->program->waiting, f->wait_bytes,
			   __ATOMIC_RELAXED);
	flow_drop_waiting(f);
}

/* The flow may still be referred to: by batches, which are sent now, and by
 * events that epoll has reported, which is why it is freed later.
 */
static void bury(struct worker *w, struct flow *f)
{
	output_flush_tun(w);
	output_flush_udp(w);
	drop_waiting(w, f, FTCP_DROP_REFUSED);
	if (!is_client(w) && f->source.fd >= 0) {
		close(f->source.fd);
		f->source.fd = -1;
	}
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
 * struct obstacle - there can be no flow
 * @why: what it is counted as
 * @tell: what the application hears
 */
struct obstacle {
	enum ftcp_drop_attr why;
	enum ftcp_tell tell;
};

static u32 room(const struct worker *w, struct flow *f);
static struct flow *dial(struct worker *w, const struct conversation *conv,
			 struct obstacle *why);
static struct flow *dial_heir(struct worker *w, struct flow *elder,
			      struct obstacle *why);
static u32 any_number(struct worker *w);
static void apply(struct worker *w, struct flow *f, struct ftcp_result *res);

/* The conversation leaves @f: its heir has it now, if there is one. */
static void bequeath(struct worker *w, struct flow *f)
{
	struct flow *heir = f->heir;

	flow_forget_conversation(&w->flows, f);
	if (!heir)
		return;
	f->heir = NULL;
	heir->elder = NULL;
	heir->mtu = f->mtu;
	heir->mtu_until = f->mtu_until;
	flow_join_conversation(&w->flows, heir);
}

/* There will be no heir, for the time being.  The flow may be gone afterwards. */
static void renewal_failed(struct worker *w, struct flow *f, bool in_vain)
{
	u64 again = ftcp_renew_again(in_vain, w->now);
	struct ftcp_result res;

	ftcp_conn_renew_failed(&f->conn, in_vain, again, &res);
	apply(w, f, &res);
}

/* Once, until a flow is established again: whoever sees nothing pass looks here
 * first.
 */
static void complain(struct worker *w, const struct endpoint *remote,
		     enum ftcp_event event)
{
	const struct options *o = &w->program->options;
	char text[ENDPOINT_TEXT], command[RULES_COMMAND];

	if (__atomic_exchange_n(&w->program->complained, 1, __ATOMIC_RELAXED))
		return;
	say(LOG_NOTICE, "%s %s%s%s%s", endpoint_text(remote, text),
	    event == FTCP_EV_REFUSED ? "refuses connections" :
				       "does not answer",
	    o->auto_rules ? "" : " (are the rules there? See '",
	    o->auto_rules ? "" : rules_command(o, command),
	    o->auto_rules ? "" : "')");
}

/* A client's flow has ended, and by the far end's will, or for want of an answer */
static void far_end_failed(struct worker *w, const struct flow *f,
			   enum ftcp_event event)
{
	struct endpoint remote = {
		.addr = f->path.remote,
		.port = f->path.rport,
	};

	if (event == FTCP_EV_DEAD)
		remote_silent(&remote);
	if (!ftcp_dialled_in_vain(event))
		return;
	remote_failed(&remote, event == FTCP_EV_REFUSED, w->now, any_number(w));
	complain(w, &remote, event);
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
		.dialled = is_client(w),
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
	struct flow *elder = f->elder;
	struct ftcp_end_policy policy;
	struct obstacle why;

	tell(f, event_text[event]);
	if (f->heir) {
		f->heir->owes = true;
		bequeath(w, f);
	}
	end_policy(w, f, event, &policy);
	w->stats.ended[policy.reason]++;
	if (is_client(w))
		far_end_failed(w, f, event);
	bury(w, f);
	if (elder) {
		elder->heir = NULL;
		renewal_failed(w, elder, ftcp_dialled_in_vain(event));
		return;
	}
	if (policy.dial && !w->stopping) {
		f = dial(w, &conv, &why);
		if (f) {
			f->owes = true;
			return;
		}
		w->stats.drop[why.why]++;
	}
	if (is_client(w))
		tell_application(w, &conv, policy.tell);
}

static bool may_release(const struct flow *f)
{
	return f->wait_head && f->conn.state == FTCP_ESTABLISHED;
}

/**
 * dispatch_arm() - have the flow's timer run when its connection wants it
 * @w: the worker
 * @f: the flow
 */
void dispatch_arm(struct worker *w, struct flow *f)
{
	u64 at = ftcp_conn_deadline(&f->conn, w->now);

	if (at && at <= w->now)
		at = w->now + 1;
	if (f->unwelcome)
		at = w->now;
	flow_set_timer(&w->flows, f, at);
}

/**
 * dispatch_unwelcome() - the UDP service does not take a flow's datagrams
 * @w: the worker
 * @f: the flow, of a server
 *
 * It is reset, by which the application at the far end learns of it; when the
 * round is over, since it may be referred to.  An error that comes long after
 * the last datagram is forged.
 */
void dispatch_unwelcome(struct worker *w, struct flow *f)
{
	if (f->conn.state != FTCP_ESTABLISHED)
		return;
	if (!ftcp_target_refusal(&f->conn, w->now)) {
		w->stats.drop[FTCP_DROP_ICMP]++;
		return;
	}
	if (w->program->options.ignore_unreachable)
		return;
	f->unwelcome = true;
	dispatch_arm(w, f);
}

/* Returns 0, or why the datagram is dropped. */
static enum ftcp_drop_attr hold(struct worker *w, struct flow *f,
				const u8 *data, u32 len, u8 tos)
{
	const struct options *o = &w->program->options;
	u64 *waiting = &w->program->waiting;
	u64 size = flow_wait_size(len);
	enum ftcp_drop_attr why;

	why = ftcp_queue_quota(f->wait_count, o->queue,
			       __atomic_add_fetch(waiting, size,
						  __ATOMIC_RELAXED),
			       o->queue_bytes);
	if (!why && flow_wait(f, data, len, tos))
		why = FTCP_DROP_MEMORY;
	if (why)
		__atomic_fetch_sub(waiting, size, __ATOMIC_RELAXED);
	return why;
}

/**
 * dispatch_hold() - keep datagrams until the connection takes them
 * @w: the worker
 * @f: the flow; it is being opened, or so young that the far end's window is
 *	used up
 * @data: the datagrams; copied
 * @len: their bytes
 * @seg: size of each but the last
 * @tos: their DSCP and ECN
 */
void dispatch_hold(struct worker *w, struct flow *f, const u8 *data, u32 len,
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

/* Send what has waited; what is still too much waits again. */
static void release(struct worker *w, struct flow *f)
{
	struct waiting *list = f->wait_head, *wait;

	__atomic_fetch_sub(&w->program->waiting, f->wait_bytes,
			   __ATOMIC_RELAXED);
	flow_take_waiting(f);
	for (wait = list; wait; wait = wait->next)
		output_to_tun(w, f, wait->data, wait->len, wait->len,
			      wait->tos);
	output_flush_tun(w);
	while ((wait = list)) {
		list = wait->next;
		free(wait);
	}
}

/* The handshake packet comes first, then what has waited. */
static void established(struct worker *w, struct flow *f)
{
	const struct options *o = &w->program->options;

	tell(f, event_text[FTCP_EV_ESTABLISHED]);
	f->owes = false;
	if (__atomic_load_n(&w->program->complained, __ATOMIC_RELAXED))
		__atomic_store_n(&w->program->complained, 0, __ATOMIC_RELAXED);
	if (is_client(w)) {
		struct endpoint remote = {
			.addr = f->path.remote,
			.port = f->path.rport,
		};

		remote_reached(&remote);
		if (f->conn.zero_iss) {
			remote_is_phantun(&remote, true);
			f->conn.config.phantun = 1;
		}
	}
	if (f->elder) {
		struct flow *elder = f->elder;

		bequeath(w, elder);
		ftcp_conn_retire(&elder->conn, &f->conn, w->now);
		dispatch_arm(w, elder);
	}
	if (o->handshake_packet_len > room(w, f)) {
		w->stats.drop[FTCP_DROP_TOO_BIG]++;
		tell(f, "the handshake packet does not fit");
	} else if (o->handshake_packet) {
		output_to_tun(w, f, o->handshake_packet,
			      o->handshake_packet_len, o->handshake_packet_len,
			      0);
	}
	release(w, f);
}

/* Do what the core says.  The flow may be gone afterwards. */
static void apply(struct worker *w, struct flow *f, struct ftcp_result *res)
{
	struct obstacle why;

	if (res->control.flags)
		output_control(w, &f->path, &res->control);
	if (res->control.flags & FTCP_FIN) {
		f->closing = true;
		bequeath(w, f); /* the next datagram makes a new flow */
	}
	switch (res->event) {
	case FTCP_EV_NONE:
		break;
	case FTCP_EV_ESTABLISHED:
		established(w, f);
		break;
	case FTCP_EV_PEER_CLOSED:
		tell(f, event_text[res->event]);
		break;
	case FTCP_EV_RENEW:
		tell(f, event_text[res->event]);
		if (w->stopping || dial_heir(w, f, &why))
			break;
		w->stats.drop[why.why]++;
		renewal_failed(w, f, ftcp_no_place(why.why));
		return;
	default:
		flow_over(w, f, res->event);
		return;
	}
	dispatch_arm(w, f);
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

static struct ftcp_secret secret(const struct worker *w)
{
	return (struct ftcp_secret){ hash, &w->program->cookie_key };
}

/* ---- beginnings: client ---- */

static u32 any_number(struct worker *w)
{
	w->random++;
	return (u32)siphash(&w->program->cookie_key, &w->random,
			    sizeof(w->random));
}

/* A free port of this thread, at random (RFC 6056, section 3.3.1) */
static int pick_port(struct worker *w, struct path *path)
{
	u32 n = w->program->n, first, count, start, i;

	first = PORT_FIRST + (w->index + n - PORT_FIRST % n) % n;
	count = (PORT_LAST - first) / n + 1;
	if (w->flows.count >= count)
		return -1;
	start = any_number(w) % count;
	for (i = 0; i < count; i++) {
		path->lport = (u16)(first + (start + i) % count * n);
		if (!flow_by_path(&w->flows, path))
			return 0;
	}
	return -1;
}

static struct ftcp_conn_config conn_config(const struct worker *w)
{
	const struct options *o = &w->program->options;

	return (struct ftcp_conn_config){
		.health = {
			.idle = o->idle * 1000ull,
			.keepalive = o->keepalive * 1000ull,
			.interval = o->interval,
			.probes = o->probes    ? (u8)o->probes :
				  is_client(w) ? FTCP_PROBES :
						 FTCP_PROBES_PATIENT,
			.max_age = o->max_age * 1000ull,
			.max_bytes = o->max_bytes,
			.renewable = is_client(w),
		},
		.native = o->wire == WIRE_NATIVE,
		.phantun = o->wire == WIRE_PHANTUN,
	};
}

/* Counted for @source; @conv as for flow_new(); @why there is none. */
static struct flow *new_flow(struct worker *w, const struct path *path,
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

/* A flow that is not connecting yet; it has the conversation, or is the heir of
 * @elder, which has it, if that is not NULL.
 */
static struct flow *new_client_flow(struct worker *w,
				    const struct conversation *conv,
				    struct flow *elder, bool *phantun,
				    struct obstacle *why)
{
	struct remote_choice choice;
	struct path path = { 0 };
	struct flow *f;

	remote_get(&choice);
	path.remote = choice.endpoint.addr;
	path.rport = choice.endpoint.port;
	path.local = *own_addr(w, addr_is_v4(&path.remote));
	*phantun = choice.phantun;
	why->tell = FTCP_TELL_HOST;
	if (!elder && ftcp_backoff_pauses(&choice.backoff, w->now)) {
		why->why = FTCP_DROP_REFUSED;
		why->tell = ftcp_backoff_tell(&choice.backoff);
		return NULL;
	}
	if (pick_port(w, &path)) {
		why->why = FTCP_DROP_PORT_TAKEN;
		return NULL;
	}
	f = new_flow(w, &path, elder ? NULL : conv, &conv->app.addr, &why->why);
	if (!f)
		return NULL;
	f->source.fd = w->listen.fd;
	if (elder) {
		f->conversation = *conv;
		f->elder = elder;
		elder->heir = f;
	}
	return f;
}

static void connect_flow(struct worker *w, struct flow *f, bool phantun)
{
	struct ftcp_conn_config config = conn_config(w);
	struct ftcp_secret own = secret(w);
	struct ftcp_result res;

	config.phantun |= phantun;
	ftcp_conn_open(&f->conn, &config,
		       ftcp_listen_isn(&own, &f->path, nanoseconds()), w->now,
		       &res);
	tell(f, "connecting");
	apply(w, f, &res);
}

/* Returns the flow, or NULL, and why there can be none. */
static struct flow *dial(struct worker *w, const struct conversation *conv,
			 struct obstacle *why)
{
	bool phantun;
	struct flow *f = new_client_flow(w, conv, NULL, &phantun, why);

	if (f)
		connect_flow(w, f, phantun);
	return f;
}

/* Returns the heir, or NULL, and why there can be none. */
static struct flow *dial_heir(struct worker *w, struct flow *elder,
			      struct obstacle *why)
{
	bool phantun;
	struct flow *f =
		new_client_flow(w, &elder->conversation, elder, &phantun, why);

	if (f)
		connect_flow(w, f, phantun);
	return f;
}

/* ---- beginnings: server ---- */

static struct flow *accept_flow(struct worker *w, const struct packet *p)
{
	struct ftcp_conn_config config = conn_config(w);
	struct epoll_event ev = { .events = EPOLLIN };
	struct addr source = p->path.remote;
	struct remote_choice choice;
	enum ftcp_drop_attr why;
	struct flow *f;

	ftcp_source_of(source.b, addr_is_v4(&source), false);
	f = new_flow(w, &p->path, NULL, &source, &why);
	if (!f) {
		w->stats.drop[why]++;
		return NULL;
	}
	remote_get(&choice);
	f->conversation.app = choice.endpoint;
	f->source.fd = udp_connect(&choice.endpoint, w->program->udp_offload);
	ev.data.ptr = &f->source;
	if (f->source.fd < 0 ||
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, f->source.fd, &ev)) {
		tell(f, strerror(errno));
		w->stats.drop[FTCP_DROP_LIMIT]++;
		w->stats.ended[FTCP_REASON_FAILED]++;
		bury(w, f);
		return NULL;
	}
	ftcp_conn_accept(&f->conn, &config, &p->seg, w->now);
	return f;
}

static void deliver(struct worker *w, struct flow *f, const struct packet *p)
{
	output_to_udp(w, f, p->payload, p->seg.len,
		      p->gso_size ? p->gso_size : p->seg.len, p->tos);
}

/* A handshake is complete; false if there can be no flow. */
static bool accept_segment(struct worker *w, struct packet *p)
{
	struct flow *f = accept_flow(w, p);

	if (!f)
		return false;
	established(w, f);
	if (p->seg.len)
		deliver(w, f, p);
	dispatch_arm(w, f);
	return true;
}

/* A segment of no known flow: see core/listen.c. */
static void no_flow(struct worker *w, struct packet *p)
{
	bool open = !is_client(w) && !w->stopping &&
		    p->path.lport == w->program->options.port;
	struct ftcp_secret own = secret(w);
	struct ftcp_unknown u;

	ftcp_listen(&own, &p->path, open ? FTCP_PORT_OPEN : FTCP_PORT_SHUT,
		    &p->seg, w->now, &u);
	if (u.meaning == FTCP_ACCEPT) {
		if (accept_segment(w, p))
			return;
		ftcp_reset_for(&p->seg, &u.control);
	}
	if (u.meaning == FTCP_REFUSE)
		w->stats.drop[u.drop]++;
	if (u.control.flags)
		output_control(w, &p->path, &u.control);
}

/* ---- segments ---- */

/* Addresses that no segment of a connection comes from */
static bool bad_source(const struct worker *w, const struct path *path)
{
	bool v4 = addr_is_v4(&path->remote);
	u8 first = v4 ? *addr_v4(&path->remote) : path->remote.b[0];

	if (!addr_equal(&path->local, own_addr(w, v4)) ||
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
		deliver(w, f, p);
		if (may_release(f))
			release(w, f);
		return;
	case FTCP_FAST_YES:
		deliver(w, f, p);
		if (may_release(f))
			release(w, f);
		return;
	default:
		break;
	}
	ftcp_conn_receive(&f->conn, &p->seg, w->now, &res);
	switch (res.verdict) {
	case FTCP_OK:
		if (p->seg.len)
			deliver(w, f, p);
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
	if (!res.event && may_release(f))
		release(w, f);
	apply(w, f, &res);
}

/* ---- datagrams ---- */

static bool is_closing(const struct flow *f)
{
	return f->conn.state == FTCP_FIN_WAIT || f->conn.state == FTCP_LAST_ACK;
}

/* Whether segments have to fit the path as they are; over IPv4 the user may
 * have them cut instead.
 */
static bool segments_whole(const struct worker *w, const struct path *path)
{
	return !addr_is_v4(&path->remote) || !w->program->options.fragment;
}

/* The largest datagram that fits a segment */
static u32 room(const struct worker *w, struct flow *f)
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
		 room(w, f));
	tell(f, text);
}

static void datagrams(struct worker *w, struct flow *f, struct udp_message *m)
{
	u32 count = (m->len + m->seg - 1) / m->seg, largest = room(w, f);

	if (m->seg > largest) {
		w->stats.drop[FTCP_DROP_TOO_BIG] += count;
		tell_too_big(w, f, m, largest);
	} else if (f->conn.state == FTCP_ESTABLISHED && !f->wait_head) {
		output_to_tun(w, f, m->data, m->len, m->seg, m->tos);
	} else {
		dispatch_hold(w, f, m->data, m->len, m->seg, m->tos);
	}
}

static struct flow *flow_for(struct worker *w, const struct udp_message *m)
{
	struct conversation conv = { .app = m->from, .to = m->to };
	struct flow *f = flow_by_conversation(&w->flows, &conv);
	struct obstacle why;

	if (f)
		return f;
	f = dial(w, &conv, &why);
	if (!f) {
		w->stats.drop[why.why] += (m->len + m->seg - 1) / m->seg;
		tell_application(w, &conv, why.tell);
	}
	return f;
}

/**
 * dispatch_listen() - a client's UDP socket is readable
 * @w: the worker
 */
void dispatch_listen(struct worker *w)
{
	struct udp_message m;
	struct flow *f;
	bool refused;
	int n, i;

	n = udp_receive(w->in, w->listen.fd, &refused);
	for (i = 0; i < n; i++) {
		udp_message_get(w->in, i, &m);
		if (!m.len) {
			w->stats.drop[FTCP_DROP_PROTOCOL]++;
			continue;
		}
		f = flow_for(w, &m);
		if (f)
			datagrams(w, f, &m);
	}
	output_flush_tun(w);
}

/**
 * dispatch_flow() - the UDP socket of a server's flow is readable
 * @w: the worker
 * @f: the flow
 */
void dispatch_flow(struct worker *w, struct flow *f)
{
	struct udp_message m;
	bool refused;
	int n, i;

	if (f->source.fd < 0) /* ended while the event was under way */
		return;
	n = udp_receive(w->in, f->source.fd, &refused);
	if (refused)
		dispatch_unwelcome(w, f);
	for (i = 0; i < n; i++) {
		udp_message_get(w->in, i, &m);
		if (m.len)
			datagrams(w, f, &m);
		else
			w->stats.drop[FTCP_DROP_PROTOCOL]++;
	}
	output_flush_tun(w);
}

/* ---- time ---- */

static void close_flow(struct worker *w, struct flow *f)
{
	struct ftcp_result res;

	ftcp_conn_close(&f->conn, w->now, &res);
	apply(w, f, &res);
}

static void abort_flow(struct worker *w, struct flow *f)
{
	struct ftcp_result res;

	ftcp_conn_abort(&f->conn, &res);
	if (res.event)
		apply(w, f, &res);
	else
		bury(w, f);
}

/**
 * dispatch_timers() - call some of the timers that are due
 * @w: the worker
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
		if (f->unwelcome) {
			tell(f, "refused by the service");
			abort_flow(w, f);
		} else {
			if (may_release(f))
				release(w, f);
			ftcp_conn_timer(&f->conn, w->now, &res);
			apply(w, f, &res);
		}
	}
}

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

/* One that is being opened repeats its SYN anyway, and one without keepalive is
 * not probed.
 */
static void doubt(struct worker *w, struct flow *f)
{
	if (f->conn.state != FTCP_ESTABLISHED ||
	    !f->conn.config.health.keepalive)
		return;
	ftcp_conn_suspect(&f->conn, w->now);
	dispatch_arm(w, f);
}

/**
 * dispatch_doubt() - addresses or routes of this host have changed
 * @w: the worker
 *
 * Every far end is probed at once; the timers do it, a few at a time.
 */
void dispatch_doubt(struct worker *w)
{
	for_each_flow(w, doubt);
}

/**
 * dispatch_stop() - begin to close all flows, and begin no more
 * @w: the worker
 */
void dispatch_stop(struct worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_heard = w->now;
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

/**
 * dispatch_stopping() - go on closing flows
 * @w: the worker, after dispatch_stop()
 *
 * If all flows were closed in one go, the segments would fill the queues on the
 * way and be lost there; then ends that are gone would be asked for the last
 * acknowledgement.  So as one flow ends the next is closed.
 */
void dispatch_stopping(struct worker *w)
{
	u64 silent = w->now - w->stop_heard;
	struct flow *f;

	if (silent >= CLOSE_PATIENCE) {
		for_each_flow(w, abort_flow);
		return;
	}
	if (silent >= CLOSE_STALL)
		w->stop_count = 0;
	while (w->stop_count < CLOSE_WINDOW && (f = next_to_close(w))) {
		w->stop_count++;
		close_flow(w, f);
	}
}
