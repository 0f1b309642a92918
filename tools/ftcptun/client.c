// SPDX-License-Identifier: GPL-2.0
/*
 * Client: listens for UDP and dials.
 *
 * Each conversation, that is, one application's address and port, has a flow.  When
 * that ends the next datagram dials another, from another port.  A flow that the
 * core wants replaced, because the far end fell silent or for its age, goes on while
 * a standby is dialled, to which the conversation migrates when it is established.
 * A flow belongs to the thread whose UDP socket the application's first datagram
 * came to, and takes a source port that says which one that is (client_owner()).
 */
#include <time.h>

#include "client.h"
#include "dispatch.h"
#include "icmp.h"
#include "log.h"
#include "remote.h"
#include "role.h"
#include "rules.h"

/* The same range as Linux and Phantun use */
#define PORT_FIRST 32768
#define PORT_LAST 60999

static u32 client_owner(const struct program *p, const struct path *path)
{
	return path->lport % p->n;
}

/* ---- what applications hear ---- */

/* The address that an application writes to */
static struct endpoint listen_endpoint(const struct worker *w,
				       const struct conversation *conv)
{
	struct endpoint own = w->program->options.local;

	if (addr_is_any(&own.addr))
		own.addr = conv->to;
	return own;
}

static struct endpoint client_own_endpoint(const struct worker *w,
					   const struct flow *f)
{
	return listen_endpoint(w, &f->conversation);
}

static void client_address(const struct worker *w, const struct flow *f,
			   struct udp_output *out)
{
	const struct endpoint *local = &w->program->options.local;

	out->v6 = !addr_is_v4(&local->addr);
	out->to = &f->conversation.app;
	if (addr_is_any(&local->addr))
		out->from = &f->conversation.to;
}

static void tell_application(struct worker *w, const struct conversation *conv,
			     enum ftcp_tell what)
{
	u64 hash = siphash(&w->program->table_key, conv, sizeof(*conv));
	struct endpoint own;

	if (what == FTCP_TELL_NOTHING ||
	    !dispatch_may_tell(w, &w->tell_at[hash % TELLS]))
		return;
	own = listen_endpoint(w, conv);
	icmp_send(what == FTCP_TELL_PORT ? ICMP_ERROR_PORT : ICMP_ERROR_HOST, 0,
		  &conv->app, &own, 0);
}

/* ---- beginnings ---- */

/* What the initial sequence number goes by */
static u64 nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static u32 random_number(struct worker *w)
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
	start = random_number(w) % count;
	for (i = 0; i < count; i++) {
		path->lport = (u16)(first + (start + i) % count * n);
		if (!flow_by_path(&w->flows, path))
			return 0;
	}
	return -1;
}

/**
 * client_dial() - dial for a conversation
 * @w: the worker
 * @conv: the conversation
 * @active: the flow that has it until the new one is established; NULL: none does,
 *	and the new one has it at once
 * @why: if there can be none
 *
 * Return: the flow, or NULL.
 */
struct flow *client_dial(struct worker *w, const struct conversation *conv,
			 struct flow *active, struct obstacle *why)
{
	struct ftcp_conn_config config = dispatch_conn_config(w);
	struct ftcp_secret own = dispatch_secret(w);
	struct remote_choice choice;
	struct path path = { 0 };
	struct ftcp_result res;
	struct flow *f;

	remote_get(&choice);
	path.remote = choice.endpoint.addr;
	path.rport = choice.endpoint.port;
	path.local = *dispatch_own_addr(w, addr_is_v4(&path.remote));
	why->tell = FTCP_TELL_HOST;
	if (!active && ftcp_backoff_pauses(&choice.backoff, w->now)) {
		why->why = FTCP_DROP_REFUSED;
		why->tell = ftcp_backoff_tell(&choice.backoff);
		return NULL;
	}
	if (pick_port(w, &path)) {
		why->why = FTCP_DROP_PORT_TAKEN;
		return NULL;
	}
	f = dispatch_new_flow(w, &path, active ? NULL : conv, &conv->app.addr,
			      &why->why);
	if (!f)
		return NULL;
	f->source.fd = w->listen.fd;
	if (active) {
		f->conversation = *conv;
		f->active = active;
		active->standby = f;
	}
	config.phantun |= choice.phantun;
	ftcp_conn_open(&f->conn, &config,
		       ftcp_listen_isn(&own, &path, nanoseconds()), w->now,
		       &res);
	dispatch_log(f, "connecting");
	dispatch_apply(w, f, &res);
	return f;
}

/** client_replace() - dial a standby: see struct role_ops */
bool client_replace(struct worker *w, struct flow *f, struct obstacle *why)
{
	return client_dial(w, &f->conversation, f, why);
}

/** client_established() - a flow can carry datagrams: see struct role_ops */
void client_established(struct worker *w, struct flow *f)
{
	struct endpoint remote = path_remote(&f->path);
	struct flow *active = f->active;

	remote_reached(&remote, f->conn.zero_iss);
	if (f->conn.zero_iss)
		f->conn.config.phantun = 1;
	if (active) {
		dispatch_migrate(w, active);
		ftcp_conn_retire(&active->conn, &f->conn, w->now);
		flow_arm(&w->flows, active, w->now);
	}
}

/* ---- ends ---- */

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

/** client_ended() - a flow has ended: see struct role_ops */
void client_ended(struct worker *w, const struct flow *f, enum ftcp_event event)
{
	struct endpoint remote = path_remote(&f->path);

	if (event == FTCP_EV_DEAD)
		remote_silent(&remote);
	if (!ftcp_dialled_in_vain(event))
		return;
	remote_failed(&remote, event == FTCP_EV_REFUSED, w->now,
		      random_number(w));
	complain(w, &remote, event);
}

static void client_lost(struct worker *w, const struct conversation *conv,
			const struct ftcp_end_policy *policy)
{
	struct obstacle why;
	struct flow *f;

	if (policy->dial && !w->stopping) {
		f = client_dial(w, conv, NULL, &why);
		if (f) {
			f->owes = true;
			return;
		}
		w->stats.drop[why.why]++;
	}
	tell_application(w, conv, policy->tell);
}

/* ---- datagrams ---- */

static struct flow *client_flow_for(struct worker *w,
				    const struct udp_message *m)
{
	struct conversation conv = { .app = m->from, .to = m->to };
	struct flow *f = flow_by_conversation(&w->flows, &conv);
	struct obstacle why;

	if (f)
		return f;
	f = client_dial(w, &conv, NULL, &why);
	if (!f) {
		w->stats.drop[why.why] += udp_count(m->len, m->seg);
		tell_application(w, &conv, why.tell);
	}
	return f;
}

const struct role_ops role_client = {
	.dials = true,
	.probes = FTCP_PROBES,
	.owner = client_owner,
	.flow_for = client_flow_for,
	.established = client_established,
	.replace = client_replace,
	.ended = client_ended,
	.lost = client_lost,
	.own_endpoint = client_own_endpoint,
	.address = client_address,
};
