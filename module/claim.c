// SPDX-License-Identifier: GPL-2.0
/*
 * Mode ip: which peer a connection is, and which connection is a peer's.
 *
 * Who dials in says so by the source of the first packet that comes: he is the peer
 * whose allowed IPs cover it.  Until then nothing is kept of the connection but the
 * cookie that its segments acknowledge (core/listen.c).  Nobody can prove who he is, so
 * one whose flow answers is not put out by a newcomer.
 *
 * A peer has a session for each connection: one, or two if both ends dialled.  What is
 * sent to the peer goes by the one whose dialling end has the smaller address and port,
 * so that both ends choose the same; packets are received on each.
 */
#include "claim.h"
#include "flow.h"
#include "peer.h"
#include "persist.h"
#include "session.h"
#include "tunnel.h"

/* ms; an idle time that does not come */
#define NEVER	(1ULL << 40)

/* A peer that can be connected to has at most so many flows: one or two, and those that have
 * not ended yet.  Without a limit somebody who connects and closes again and again would make
 * each search among them longer.
 */
#define FLOWS_MAX 16

/* ---- which of a peer's sessions ---- */

/* Whether a session may carry what is sent to its peer. */
static struct ftcp_flow *usable(const struct ftcp_session *session)
{
	if (!READ_ONCE(session->hashed) || ftcp_session_doomed(session))
		return NULL;
	return rcu_dereference(session->active);
}

static bool established(const struct ftcp_flow *flow)
{
	return ftcp_load(flow->conn.state) == FTCP_ESTABLISHED;
}

/* The end that dialled, as this host sees it */
static const struct ftcp_end *dialler(const struct ftcp_flow *flow)
{
	return flow->session->dialled ? &flow->outer.local : &flow->outer.remote;
}

static bool smaller(const struct ftcp_end *a, const struct ftcp_end *b)
{
	int d = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return d ? d < 0 : ntohs(a->port) < ntohs(b->port);
}

static bool better(const struct ftcp_flow *a, const struct ftcp_flow *b)
{
	if (established(a) != established(b))
		return established(a);
	return smaller(dialler(a), dialler(b));
}

/* The timers of all of them find out which it is. */
static void choose(struct ftcp_peer *peer)
{
	struct ftcp_flow *flow, *best = NULL;
	struct ftcp_session *session;

	lockdep_assert_held(&peer->tunnel->lock);
	rcu_read_lock();
	list_for_each_entry(session, &peer->sessions, list) {
		flow = usable(session);
		if (flow && (!best || better(flow, best)))
			best = flow;
	}
	rcu_assign_pointer(peer->session, best ? best->session : NULL);
	list_for_each_entry(session, &peer->sessions, list) {
		flow = usable(session);
		if (flow && flow != best)
			ftcp_flow_arm(flow, ftcp_now() + FTCP_DRAIN);
	}
	rcu_read_unlock();
}

/**
 * ftcp_claim_choose() - choose the session that carries what is sent to a peer
 * @peer: the peer, of whose sessions one was established
 *
 * Context: bottom halves disabled.
 */
void ftcp_claim_choose(struct ftcp_peer *peer)
{
	spin_lock(&peer->tunnel->lock);
	choose(peer);
	spin_unlock(&peer->tunnel->lock);
}

/**
 * ftcp_claim_add() - a session may be chosen from now on
 * @session: the session; its lock is held
 *
 * Return: 0; -EEXIST if this end dialled and there is another one already.
 */
int ftcp_claim_add(struct ftcp_session *session)
{
	struct ftcp_peer *peer = session->peer;
	int err = 0;

	lockdep_assert_held(&session->lock);
	spin_lock(&peer->tunnel->lock);
	rcu_read_lock();
	if (session->dialled && ftcp_peer_session(peer)) {
		err = -EEXIST;
	} else {
		WRITE_ONCE(session->hashed, true);
		choose(peer);
	}
	rcu_read_unlock();
	spin_unlock(&peer->tunnel->lock);
	return err;
}

/**
 * ftcp_claim_del() - a session is not chosen any more
 * @session: the session; its lock is held
 */
void ftcp_claim_del(struct ftcp_session *session)
{
	struct ftcp_peer *peer = session->peer;

	lockdep_assert_held(&session->lock);
	if (!session->hashed)
		return;
	spin_lock(&peer->tunnel->lock);
	WRITE_ONCE(session->hashed, false);
	choose(peer);
	spin_unlock(&peer->tunnel->lock);
	ftcp_persist_ask(peer, HZ);
}

/* Who dialled decides when a flow is idle: if the other end closed it, it would only be
 * dialled again.  What that end has is whether it hears anything: probes, too, and for
 * longer than it takes until one is due.
 */
static u64 idle_accepted(const struct ftcp_conn *conn, u64 idle)
{
	u64 used = max(ftcp_load(conn->tx.last), ftcp_load(conn->rx.data));
	u64 heard = ftcp_load(conn->rx.last);

	idle = max(idle, 3 * conn->config.health.keepalive);
	return idle + (heard > used ? heard - used : 0);
}

/**
 * ftcp_claim_idle() - set how long a flow may be idle
 * @flow: the flow, whose timer has run; its lock is held
 *
 * One that is not chosen at either end receives what is under way.
 */
void ftcp_claim_idle(struct ftcp_flow *flow)
{
	struct ftcp_health_config *health = &flow->conn.config.health;
	struct ftcp_session *session = flow->session;
	u64 idle;

	lockdep_assert_held(&session->lock);
	if (flow != ftcp_session_active(session))
		return;
	idle = READ_ONCE(session->tunnel->config.idle) * 1000ULL;
	rcu_read_lock();
	if (ftcp_peer_session(session->peer) != session)
		health->idle = FTCP_DRAIN;
	else if (!session->dialled)
		health->idle = idle_accepted(&flow->conn, idle);
	else if (rcu_dereference(session->peer->config)->persistent)
		health->idle = NEVER;
	else
		health->idle = idle;
	rcu_read_unlock();
}

/* ---- who dials in ---- */

/* Whether an address may be one host's in all networks. */
static bool names_somebody(const struct ftcp_end *source)
{
	__be32 v4 = ftcp_end_v4(source);
	int type;

	if (source->family == AF_INET)
		return !ipv4_is_zeronet(v4) && !ipv4_is_multicast(v4) &&
		       !ipv4_is_lbcast(v4) && !ipv4_is_linklocal_169(v4);
	type = ipv6_addr_type(&source->addr);
	return type != IPV6_ADDR_ANY &&
	       !(type & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_MULTICAST));
}

/* Whether a peer may connect from an address. */
static bool admits(const struct ftcp_peer *peer, const struct ftcp_end *from)
{
	const struct ftcp_peer_config *config = rcu_dereference(peer->config);
	unsigned int i;

	if (config->from_kind == FTCP_FROM_ENDPOINT)
		return config->kind != FTCP_ENDPOINT_ADDR ||
		       ipv6_addr_equal(&config->endpoint.addr, &from->addr);
	for (i = 0; i < config->n_from; i++) {
		if (ftcp_range_covers(&config->from[i], from))
			return true;
	}
	return false;
}

static bool same_host(const struct ftcp_flow *flow, const struct ftcp_pair *outer)
{
	return ipv6_addr_equal(&flow->outer.remote.addr, &outer->remote.addr);
}

/* The flow that a newcomer would have to put out; or NULL.  One that this end dialled to
 * where he is he need not: both ends have dialled.  Nor his own, which another processor
 * has made of an earlier segment.
 */
static struct ftcp_flow *incumbent(struct ftcp_peer *peer,
				   const struct ftcp_pair *outer)
{
	struct ftcp_flow *flow, *found = NULL;
	struct ftcp_session *session;

	spin_lock(&peer->tunnel->lock);
	list_for_each_entry(session, &peer->sessions, list) {
		flow = usable(session);
		if (!flow || !established(flow))
			continue;
		if (session->dialled ?
			    same_host(flow, outer) :
			    ftcp_pair_equal(&flow->outer, outer))
			continue;
		found = flow;
	}
	spin_unlock(&peer->tunnel->lock);
	return found;
}

/* Whether a flow gives way; its far end is asked if it is time, and again by its own
 * timer if that is lost.
 */
static enum ftcp_newcomer gives_way(struct ftcp_flow *flow)
{
	struct ftcp_session *session = flow->session;
	enum ftcp_newcomer what;
	struct ftcp_result probe;
	u64 now = ftcp_now();

	spin_lock(&session->lock);
	what = ftcp_newcomer(&flow->asked, ftcp_load(flow->conn.rx.last), now);
	if (what == FTCP_NEWCOMER_ASK) {
		ftcp_conn_ask(&flow->conn, &probe);
		ftcp_conn_suspect(&flow->conn, now);
	}
	spin_unlock(&session->lock);
	if (what == FTCP_NEWCOMER_ASK)
		ftcp_flow_act(flow, &probe);
	return what;
}

/**
 * ftcp_claim() - find the peer that a connection says it is
 * @tunnel: the tunnel, whose port was dialled
 * @outer: the connection's ends
 * @source: source of its first packet
 * @peer: the peer, if it is granted
 * @reason: why not, if it is not
 *
 * Context: RCU, bottom halves disabled.
 * Return: what becomes of the packet.
 */
enum ftcp_claim ftcp_claim(struct ftcp_tunnel *tunnel,
			   const struct ftcp_pair *outer,
			   const struct ftcp_end *source,
			   struct ftcp_peer **peer,
			   enum ftcp_drop_attr *reason)
{
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_INNER_SOURCE;
	*peer = names_somebody(source) ?
			ftcp_peer_by_destination(tunnel, source, NULL) : NULL;
	if (!*peer || !ftcp_peer_has(*peer, source))
		return FTCP_CLAIM_IGNORED;
	*reason = FTCP_DROP_LIMIT;
	if (READ_ONCE((*peer)->nflows) >= FLOWS_MAX)
		return FTCP_CLAIM_IGNORED;
	*reason = FTCP_DROP_NO_PEER;
	if (!admits(*peer, &outer->remote))
		return FTCP_CLAIM_REFUSED;
	flow = incumbent(*peer, outer);
	if (!flow)
		return FTCP_CLAIM_GRANTED;
	*reason = FTCP_DROP_NEWCOMER;
	switch (gives_way(flow)) {
	case FTCP_NEWCOMER_ADMIT:
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_REPLACED);
		return FTCP_CLAIM_GRANTED;
	case FTCP_NEWCOMER_REFUSE:
		/* A host that has dialled again closes what it had, but that may come
		 * later than this.
		 */
		return same_host(flow, outer) ? FTCP_CLAIM_IGNORED :
						FTCP_CLAIM_REFUSED;
	default:
		return FTCP_CLAIM_IGNORED;
	}
}
