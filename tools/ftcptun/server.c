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

	getsockname(f->source.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr(&own, &ss);
	return own;
}

/* ---- beginnings ---- */

static bool server_accept(struct worker *w, struct packet *p)
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
		return false;
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
		dispatch_remove(w, f);
		return false;
	}
	ftcp_conn_accept(&f->conn, &config, &p->seg, w->now);
	dispatch_established(w, f);
	if (p->seg.len)
		dispatch_deliver(w, f, p);
	flow_arm(&w->flows, f, w->now);
	return true;
}

/* ---- ends ---- */

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

const struct role_ops role_server = {
	.probes = FTCP_PROBES_PATIENT,
	.owner = server_owner,
	.open = server_open,
	.accept = server_accept,
	.refused = server_refused,
	.own_endpoint = server_own_endpoint,
};
