// SPDX-License-Identifier: GPL-2.0
/*
 * ftcptun: UDP carried as fake TCP, in userspace over a TUN device.
 *
 *	application --UDP--> ftcptun client --TCP--> TUN --> kernel, NAT --> network
 *	service <--UDP-- ftcptun server <--TCP-- TUN <-- kernel, NAT <-- network
 *
 * The protocol is that of the kernel module, by the same code (module/core).
 * What differs is only where packets come from: here a TUN device and UDP
 * sockets.
 *
 * Goals: the command line of Phantun, on any kernel with a TUN device, and as
 * little work per datagram as a userspace program can do: as many datagrams in
 * one system call as there are.
 *
 * Limits: every datagram crosses the border between kernel and userspace once
 * more at each end than in the module; and the machine has to do NAT.
 *
 * Two processes: one that carries packets (engine.c), and has no right to do
 * anything else, and one that watches it (monitor.c).  This file sets up all that
 * takes privileges, and starts them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "channel.h"
#include "icmp.h"
#include "launch.h"
#include "log.h"
#include "monitor.h"
#include "remote.h"
#include "role.h"
#include "rules.h"

static void get_random(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		die("no random numbers: %s", strerror(errno));
}

/* A server has one descriptor for each flow. */
static void raise_descriptors(const struct options *o)
{
	struct rlimit limit;
	rlim_t want = o->max_flows + 1024;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= want)
		return;
	if (limit.rlim_max < want) {
		/* takes CAP_SYS_RESOURCE */
		struct rlimit more = { .rlim_cur = want, .rlim_max = want };

		if (!setrlimit(RLIMIT_NOFILE, &more))
			return;
	}
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		say(LOG_DEBUG, "RLIMIT_NOFILE: %s", strerror(errno));
}

/* @share: with what is left of connections of a service that had the port */
static int bind_port(const struct options *o, bool share)
{
	struct endpoint any = { .port = o->port };
	struct sockaddr_storage ss;
	int one = 1, zero = 0, fd = -1, err;
	socklen_t len;

	if (!o->ipv4_only)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	} else {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		addr_from_v4(&any.addr, (u8[]){ 0, 0, 0, 0 });
	}
	if (fd < 0)
		return -1;
	if (share)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	len = endpoint_to_sockaddr(&any, false, &ss);
	if (!bind(fd, (struct sockaddr *)&ss, len))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Segments are taken away before the host's TCP sees them.  If somebody else
 * serves the port, now or later, one of the two is a mistake; so a socket has it
 * that never listens.  Returns it, or -1 if that is not allowed.
 */
static int reserve_port(const struct options *o)
{
	int fd = bind_port(o, false);

	if (fd < 0 && errno == EADDRINUSE)
		fd = bind_port(o, true);
	if (fd < 0 && errno == EADDRINUSE)
		die("TCP port %u is in use: another ftcptun has it, or a program ('ss -tanp sport = :%u')",
		    o->port, o->port);
	if (fd < 0)
		say(LOG_DEBUG, "TCP port %u is not reserved: %s", o->port,
		    strerror(errno));
	return fd;
}

static int open_listen(const struct program *p, u32 index)
{
	const struct options *o = &p->options;
	char text[ENDPOINT_TEXT];
	int fd;

	if (o->role == ROLE_SERVER || o->ip)
		return -1;
	fd = udp_listen(&o->local, !index, p->udp_offload);
	if (fd < 0)
		die("cannot listen on %s: %s", endpoint_text(&o->local, text),
		    strerror(errno));
	return fd;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* A packet of the inner device with the headers of both protocols, the larger of
 * which is that of IPv6, is one of the outer.
 */
static void set_up_inner(struct program *p)
{
	const struct options *o = &p->options;
	bool v6 = p->tun.has_v6 &&
		  (o->role == ROLE_SERVER || remote_may_be_v6());

	tun_configure_inner(&p->inner, o, o->mtu - FTCP_HLEN - (v6 ? 40 : 20));
}

/* A channel needs no device but the inner one, no rules and no far end. */
static void set_up_stream(struct program *p)
{
	const struct options *o = &p->options;

	launch_open(p);
	p->n = 1;
	if (o->passt)
		return;
	tun_open_inner(&p->inner, o);
	tun_configure_inner(&p->inner, o, o->mtu);
}

static const struct role_ops *role_of(const struct options *o)
{
	if (o->stdio || o->exec)
		return &role_ip_stream;
	if (o->ip)
		return o->role == ROLE_CLIENT ? &role_ip_client :
						&role_ip_server;
	return o->role == ROLE_CLIENT ? &role_client : &role_server;
}

/* The devices, the sockets and the rules */
static void set_up(struct program *p, struct monitor *m, int *listen_fd)
{
	const struct options *o = &p->options;
	bool need_v6 = o->role == ROLE_CLIENT && remote_needs_v6();
	u32 i;

	if (o->role == ROLE_SERVER)
		m->reserved = reserve_port(o);
	raise_descriptors(o);
	p->udp_offload = !o->ip && o->udp_offload && udp_probe_offload();
	tun_open(&p->tun, o);
	if (o->ip)
		tun_open_inner(&p->inner, o);
	p->n = p->tun.queues;
	for (i = 0; i < p->n; i++)
		listen_fd[i] = open_listen(p, i);
	tun_configure(&p->tun, o, need_v6);
	if (o->role == ROLE_CLIENT && !p->tun.has_v6) {
		m->v4_only = true;
		remote_without_v6();
	}
	if (o->ip)
		set_up_inner(p);
	else if (o->role == ROLE_SERVER)
		udp_check_buffers();
	rules_clean(p->tun.name);
	if (o->auto_rules)
		rules_install(o, p->tun.name, p->inner.name, p->tun.has_v6);
	else
		rules_warn(o, need_v6);
	firewall_warn(p->tun.name, p->tun.has_v6);
	icmp_open();
	handover_open(&m->handover, p->tun.ifindex, o->role == ROLE_CLIENT);
}

static void start_engine(struct program *p, struct monitor *m,
			 const int *listen_fd)
{
	pid_t parent = getpid();
	int channel[2];
	u32 i;

	if (channel_open(channel))
		die("cannot start: %s", strerror(errno));
	m->engine = fork();
	if (m->engine < 0)
		die("cannot start a process: %s", strerror(errno));
	if (!m->engine) {
		close(channel[0]);
		close(m->signals);
		close_if_open(m->reserved);
		handover_close(&m->handover);
		engine_run(p, listen_fd, channel[1], &m->user, parent);
	}
	/* the device stays until its rules are gone */
	close(channel[1]);
	icmp_close();
	launch_close(p);
	for (i = 0; i < p->n; i++)
		close_if_open(listen_fd[i]);
	m->channel = channel[0];
}

int main(int argc, char **argv)
{
	static struct program p = {
		.stream_in = -1,
		.stream_out = -1,
		.guest = -1,
		.guest_out = -1,
		.start_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct monitor m = {
		.program = &p,
		.handover.fd = -1,
		.lookup.fd = -1,
		.reserved = -1,
	};
	int listen_fd[THREADS_MAX] = { -1 }, status;

	options_parse(&p.options, argc, argv);
	if (p.options.clean_rules) {
		if (rules_clean(NULL))
			die("cannot list the tables of nftables: %s",
			    strerror(errno));
		return 0;
	}
	if (p.options.print_rules) {
		rules_print(&p.options, stdout);
		options_free(&p.options);
		return 0;
	}
	m.signals = monitor_signals();
	if (m.signals < 0)
		die("cannot start: %s", strerror(errno));
	p.role = role_of(&p.options);
	get_random(&p.table_key, sizeof(p.table_key));
	get_random(&p.cookie_key, sizeof(p.cookie_key));
	get_random(&p.label_key, sizeof(p.label_key));
	get_random(p.ident, sizeof(p.ident));
	sandbox_find_user(&m.user, p.options.user);
	if (!monitor_find_remote(&m)) {
		options_free(&p.options);
		return 0;
	}
	if (p.role == &role_ip_stream)
		set_up_stream(&p);
	else
		set_up(&p, &m, listen_fd);
	start_engine(&p, &m, listen_fd);
	sandbox_monitor();

	status = monitor_run(&m);

	rules_remove();
	tun_close(&p.inner);
	tun_close(&p.tun);
	handover_close(&m.handover);
	close_if_open(m.reserved);
	close(m.channel);
	close(m.signals);
	options_free(&p.options);
	return status;
}
