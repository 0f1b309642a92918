// SPDX-License-Identifier: GPL-2.0
/*
 * Server: is dialled, and forwards to a UDP service.
 *
 * SYNs are answered without memory (see core/listen.c); the segment that
 * acknowledges the answer makes the flow and its UDP socket.  Which thread a flow
 * belongs to is decided by a hash of the client's address and port.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "dispatch.h"
#include "remote.h"
#include "role.h"

static u32 server_owner(const struct program *p, const struct path *path)
{
	struct {
		struct addr remote;
		u32 port;
	} key = { path->remote, path->rport };

	return (u32)(siphash(&p->table_key, &key, sizeof(key)) % p->n);
}

static bool server_open(const struct worker *w, const struct path *path)
{
	return !w->stopping && path->lport == w->program->options.port;
}

static struct endpoint server_own_endpoint(const struct worker *w,
					   const struct flow *f)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct endpoint own;

	(void)w;
	getsockname(f->source.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr(&own, &ss);
	return own;
}

/* Its socket is connected. */
static void server_address(const struct worker *w, const struct flow *f,
			   struct udp_output *out)
{
	(void)w;
	(void)f;
	(void)out;
}

/* ---- beginnings ---- */

static struct flow *accept_flow(struct worker *w, const struct packet *p)
{
	struct ftcp_conn_config config = dispatch_conn_config(w);
	struct epoll_event ev = { .events = EPOLLIN };
	struct addr source = p->path.remote;
	struct remote_choice choice;
	enum ftcp_drop_attr why;
	struct flow *f;

	ftcp_source_of(source.b, addr_is_v4(&source), false);
	f = dispatch_new_flow(w, &p->path, NULL, &source, &why);
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
		dispatch_log(f, strerror(errno));
		w->stats.drop[FTCP_DROP_LIMIT]++;
		w->stats.ended[FTCP_REASON_FAILED]++;
		dispatch_bury(w, f);
		return NULL;
	}
	ftcp_conn_accept(&f->conn, &config, &p->seg, w->now);
	return f;
}

static bool server_accept(struct worker *w, struct packet *p)
{
	struct flow *f = accept_flow(w, p);

	if (!f)
		return false;
	dispatch_established(w, f);
	if (p->seg.len)
		dispatch_deliver(w, f, p);
	flow_arm(&w->flows, f, w->now);
	return true;
}

static void server_established(struct worker *w, struct flow *f)
{
	(void)w;
	(void)f;
}

/* ---- ends ---- */

static void server_ended(struct worker *w, const struct flow *f,
			 enum ftcp_event event)
{
	(void)w;
	(void)f;
	(void)event;
}

/* Its socket is closed, and the host answers what the service still sends. */
static void server_lost(struct worker *w, const struct conversation *conv,
			const struct ftcp_end_policy *policy)
{
	(void)w;
	(void)conv;
	(void)policy;
}

static void server_release(struct flow *f)
{
	if (f->source.fd >= 0)
		close(f->source.fd);
	f->source.fd = -1;
}

/* The application at the far end learns of it by the RST. */
static bool server_refused(struct worker *w, struct flow *f)
{
	if (f->conn.state != FTCP_ESTABLISHED)
		return false;
	if (!ftcp_target_refusal(&f->conn, w->now)) {
		w->stats.drop[FTCP_DROP_ICMP]++;
		return false;
	}
	return !w->program->options.ignore_unreachable;
}

/* ---- datagrams ---- */

/**
 * server_input() - the UDP socket of a server's flow is readable
 * @w: the worker
 * @f: the flow
 */
void server_input(struct worker *w, struct flow *f)
{
	struct udp_message m;
	bool refused;
	int n, i;

	if (f->source.fd < 0) /* ended while the event was under way */
		return;
	n = udp_receive(w->in, f->source.fd, &refused);
	if (refused)
		flow_refused(&w->flows, f, w->now);
	for (i = 0; i < n; i++) {
		udp_message_get(w->in, i, &m);
		if (m.len)
			dispatch_datagrams(w, f, &m);
		else
			w->stats.drop[FTCP_DROP_PROTOCOL]++;
	}
	output_flush_tun(w);
}

const struct role_ops role_server = {
	.probes = FTCP_PROBES_PATIENT,
	.owner = server_owner,
	.open = server_open,
	.accept = server_accept,
	.established = server_established,
	.ended = server_ended,
	.lost = server_lost,
	.release = server_release,
	.refused = server_refused,
	.own_endpoint = server_own_endpoint,
	.udp_side = server_own_endpoint,
	.address = server_address,
};
