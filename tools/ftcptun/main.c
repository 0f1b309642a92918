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
 * This file starts the threads, and waits for signals, and for changes of the
 * host's network, in the first one.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "handover.h"
#include "icmp.h"
#include "log.h"
#include "notify.h"
#include "privilege.h"
#include "remote.h"
#include "rules.h"
#include "worker.h"

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

/* Nothing in TUN mode binds the TCP port: the segments are taken away before
 * the host's TCP sees them.  If somebody else serves the port, one of the two
 * is a mistake.
 */
static void warn_if_taken(const struct options *o)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct endpoint any = { .port = o->port };
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&any, true, &ss);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len) && errno == EADDRINUSE)
		say(LOG_NOTICE,
		    "another program listens on TCP port %u; it will not be reached any more",
		    o->port);
	close(fd);
}

static int open_listen(const struct program *p, u32 index)
{
	const struct options *o = &p->options;
	char text[ENDPOINT_TEXT];
	int fd;

	if (o->role == ROLE_SERVER)
		return -1;
	fd = udp_listen(&o->local, !index, p->udp_offload);
	if (fd < 0)
		die("cannot listen on %s: %s", endpoint_text(&o->local, text),
		    strerror(errno));
	return fd;
}

static void prepare_workers(struct program *p, const int *listen_fd)
{
	u32 i;

	p->workers = calloc(p->n, sizeof(*p->workers));
	if (!p->workers || origins_init(&p->origins, p->options.max_flows,
					p->options.max_per_source,
					&p->table_key))
		die("out of memory");
	p->open = p->n;
	for (i = 0; i < p->n; i++) {
		if (worker_init(&p->workers[i], p, i, listen_fd[i]))
			die("cannot start: %s", strerror(errno));
	}
}

static void start_workers(struct program *p)
{
	u32 i;

	for (i = 0; i < p->n; i++) {
		errno = pthread_create(&p->workers[i].thread, NULL, worker_run,
				       &p->workers[i]);
		if (errno)
			die("cannot start a thread: %s", strerror(errno));
	}
}

static void tell_all(struct program *p, enum letter_kind kind)
{
	u32 i;

	for (i = 0; i < p->n; i++)
		worker_send(&p->workers[i], kind);
}

static bool reports_complete(struct program *p)
{
	bool complete;

	pthread_mutex_lock(&p->report_lock);
	complete = !p->reports;
	pthread_mutex_unlock(&p->report_lock);
	return complete;
}

/* Wait for signals, until one says to stop.  Returns the exit status. */
static int serve(struct program *p, int signals, struct handover *handover)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = p->wake_main, .events = POLLIN },
		{ .fd = -1 },
	};
	struct signalfd_siginfo info;
	bool reporting = false;
	int timeout;
	u64 count;

	for (;;) {
		timeout = handover_wait(handover, &fds[2], milliseconds());
		if (poll(fds, 3, timeout) < 0)
			continue;
		if (handover_due(handover, &fds[2], milliseconds()))
			tell_all(p, LETTER_DOUBT);
		if (fds[1].revents &&
		    read(p->wake_main, &count, sizeof(count)) > 0) {
			if (__atomic_load_n(&p->failed, __ATOMIC_RELAXED))
				return 1;
			if (reporting && reports_complete(p)) {
				reporting = false;
				report_print(p, stderr);
			}
		}
		if (!fds[0].revents ||
		    read(signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGUSR1)
			return 0;
		if (!reporting) {
			reporting = true;
			pthread_mutex_lock(&p->report_lock);
			p->reports = p->n;
			pthread_mutex_unlock(&p->report_lock);
			tell_all(p, LETTER_REPORT);
		}
	}
}

static void tell_ready(const struct program *p)
{
	const struct options *o = &p->options;
	char local[ENDPOINT_TEXT];

	if (o->role == ROLE_CLIENT)
		endpoint_text(&o->local, local);
	else
		snprintf(local, sizeof(local), "TCP port %u", o->port);
	say(LOG_NOTICE, "%s on %s for %s, device %s, %u thread%s",
	    o->role == ROLE_CLIENT ? "client" : "server", local, o->remote,
	    p->tun.name, p->n, p->n == 1 ? "" : "s");
	notify("READY=1");
}

/* Those that end the program in order; not SIGHUP if it is ignored, as by nohup:
 * a signal that is waited for would come all the same.
 */
static void add_ending_signals(sigset_t *set)
{
	struct sigaction hangup;

	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

int main(int argc, char **argv)
{
	static struct program p = {
		.report_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	const struct options *o = &p.options;
	int listen_fd[THREADS_MAX], signals, status;
	struct handover handover = { .fd = -1 };
	bool need_v6, keep;
	sigset_t set;
	u32 i;

	options_parse(&p.options, argc, argv);
	if (o->clean_rules) {
		if (rules_clean(NULL))
			die("cannot list the tables of nftables: %s",
			    strerror(errno));
		return 0;
	}
	if (o->print_rules) {
		rules_print(o, stdout);
		options_free(&p.options);
		return 0;
	}

	/* blocked in all threads, read by this one */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	add_ending_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	p.wake_main = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (signals < 0 || p.wake_main < 0)
		die("cannot start: %s", strerror(errno));
	get_random(&p.table_key, sizeof(p.table_key));
	get_random(&p.cookie_key, sizeof(p.cookie_key));
	get_random(p.ident, sizeof(p.ident));

	remote_start(o);
	need_v6 = o->role == ROLE_CLIENT && remote_needs_v6();
	raise_descriptors(o);
	p.udp_offload = o->udp_offload && udp_probe_offload();

	tun_open(&p.tun, o);
	p.n = p.tun.queues;
	for (i = 0; i < p.n; i++)
		listen_fd[i] = open_listen(&p, i);
	tun_configure(&p.tun, o, need_v6);
	if (o->role == ROLE_CLIENT && !p.tun.has_v6)
		remote_without_v6();
	if (o->role == ROLE_SERVER)
		warn_if_taken(o);
	prepare_workers(&p, listen_fd);
	rules_clean(p.tun.name);
	if (o->auto_rules)
		rules_install(o, p.tun.name, p.tun.has_v6);
	else
		rules_warn(o, need_v6);

	keep = o->auto_rules ||
	       (o->role == ROLE_SERVER && udp_buffers_need_privilege());
	icmp_open();
	if (o->role == ROLE_CLIENT)
		handover_open(&handover);
	privilege_drop(keep);
	start_workers(&p);
	remote_start_resolver();
	rules_settle(o);
	tell_ready(&p);

	status = serve(&p, signals, &handover);

	notify("STOPPING=1");
	tell_all(&p, LETTER_STOP);
	for (i = 0; i < p.n; i++)
		pthread_join(p.workers[i].thread, NULL);
	rules_remove();
	tun_close(&p.tun);
	for (i = 0; i < p.n; i++)
		worker_free(&p.workers[i]);
	free(p.workers);
	origins_free(&p.origins);
	handover_close(&handover);
	close(signals);
	close(p.wake_main);
	options_free(&p.options);
	return status;
}
