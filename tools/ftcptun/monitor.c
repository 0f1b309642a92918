// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor: the process that keeps privileges.
 *
 *	signals, rtnetlink --> monitor <--messages--> worker process
 *	                          |
 *	                          +-- a process for each look-up of a name
 *
 * It listens to signals and to changes of the host's network, has names looked
 * up, and tells the worker process.  It waits for that one's end, whatever brings it
 * about, and takes the rules away; it keeps the device until then.
 */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "remote.h"
#include "rules.h"

#define LOOKUP_GAP 5000 /* ms between two look-ups at least */
#define KILL_AFTER 30000 /* ms to close all flows in */
#define END_AFTER 5000 /* ms to end in, when the channel has gone */

/* Tell the service manager, if the environment names one.  sd_notify(3) promises
 * that no more is to it, so libsystemd is not needed.
 */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, len);
	if (*path == '@') /* an abstract name */
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&sun,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
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

/** monitor_signals() - take signals when it suits: a signalfd, or -1 */
int monitor_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	add_ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* The next signal that came, or 0 */
static int next_signal(const struct monitor *m)
{
	struct signalfd_siginfo info;

	if (read(m->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static bool is_ending(int signo)
{
	return signo && signo != SIGUSR1 && signo != SIGCHLD;
}

/* ---- names ---- */

static int begin_lookup(struct monitor *m)
{
	const struct options *o = &m->program->options;

	return lookup_start(&m->lookup, o->remote_host, o->remote_port,
			    m->v4_only, &m->user);
}

/* Wait for @fd, if it is not negative, or @timeout ms, and for a signal that ends
 * the program; whether there was one.
 */
static bool interrupted(struct monitor *m, int fd, int timeout)
{
	u64 end = milliseconds() + (u64)timeout;
	struct pollfd fds[] = {
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int signo;

	for (;;) {
		u64 now = milliseconds();

		if (fd < 0 && now >= end)
			return false;
		if (poll(fds, 2, fd < 0 ? (int)(end - now) : -1) < 0)
			continue;
		while ((signo = next_signal(m))) {
			if (is_ending(signo))
				return true;
		}
		if (fds[1].revents)
			return false;
	}
}

/* When the machine starts the network, or the name server, may not be there yet:
 * wait for them, as wg(8) does.  False if a signal came.
 */
static bool first_lookup(struct monitor *m)
{
	const char *host = m->program->options.remote_host;
	int left = resolve_retries(), wait = RESOLVE_WAIT_FIRST;
	struct lookup_answer answer;

	for (;;) {
		if (begin_lookup(m))
			die("cannot start a process: %s", strerror(errno));
		if (interrupted(m, m->lookup.fd, 0)) {
			lookup_cancel(&m->lookup);
			return false;
		}
		lookup_finish(&m->lookup, &answer);
		if (answer.n > 0)
			break;
		if (!answer.transient || !left)
			die("cannot resolve %s: %s", host, answer.error);
		if (left > 0)
			left--;
		say(LOG_NOTICE, "cannot resolve %s: %s; trying again in %.1f s",
		    host, answer.error, wait / 1000.0);
		/* systemd: a start that takes its time has not failed */
		notify("EXTEND_TIMEOUT_USEC=90000000");
		if (interrupted(m, -1, wait))
			return false;
		wait = resolve_wait_next(wait);
	}
	remote_start(answer.list, (u32)answer.n);
	return true;
}

/**
 * monitor_find_remote() - find out for the first time where the remote end is
 *
 * Explains and exits if that fails.
 *
 * Return: true, or false if a signal said to end meanwhile.
 */
bool monitor_find_remote(struct monitor *m)
{
	struct program *p = m->program;
	const struct options *o = &p->options;
	struct endpoint numeric;

	/* -4 is about the TCP side, which is the server's other side */
	m->v4_only = o->role == ROLE_CLIENT && o->ipv4_only;
	if (!o->remote)
		return true;
	if (endpoint_parse(&numeric, o->remote)) {
		p->remote_is_name = true;
		return first_lookup(m);
	}
	if (m->v4_only && !addr_is_v4(&numeric.addr))
		die("--remote %s is IPv6, and --ipv4-only was given",
		    o->remote);
	remote_start(&numeric, 1);
	return true;
}

static void take_answer(struct monitor *m)
{
	const struct options *o = &m->program->options;
	struct message answer = { .kind = MESSAGE_REMOTE };
	struct lookup_answer found;

	lookup_finish(&m->lookup, &found);
	if (found.n > 0) {
		answer.n = (u32)found.n;
		memcpy(answer.list, found.list, sizeof(answer.list));
	} else {
		say(LOG_NOTICE, "cannot resolve %s: %s", o->remote_host,
		    found.error);
	}
	channel_send(m->channel, &answer);
}

/* The worker process may ask as often as it likes; that is not how often it
 * happens.
 */
static void want_lookup(struct monitor *m)
{
	if (m->program->remote_is_name && m->lookup.fd < 0 && !m->lookup_at)
		m->lookup_at = milliseconds();
}

static void look_up(struct monitor *m, u64 *not_before)
{
	u64 now = milliseconds();

	if (!m->lookup_at || now < *not_before || m->kill_at)
		return;
	m->lookup_at = 0;
	*not_before = now + LOOKUP_GAP;
	if (begin_lookup(m)) {
		say(LOG_NOTICE, "cannot look %s up: %s",
		    m->program->options.remote_host, strerror(errno));
		channel_tell(m->channel, MESSAGE_REMOTE);
	}
}

/* ---- the worker process ---- */

static const char *verb(const struct options *o)
{
	if (o->ip)
		return "ip";
	return o->role == ROLE_CLIENT ? "client" : "server";
}

static void tell_ready(const struct program *p)
{
	const struct options *o = &p->options;
	char local[ENDPOINT_TEXT], port[sizeof("TCP port 65535")];

	snprintf(port, sizeof(port), "TCP port %u", (u16)o->port);
	if (o->ip)
		snprintf(local, sizeof(local), "%s%s",
			 o->passt ? "passt" : "device ", p->inner.name);
	else if (o->role == ROLE_CLIENT)
		endpoint_text(&o->local, local);
	else
		strcpy(local, port);
	rules_settle(o);
	if (!p->tun.queues)
		say(LOG_NOTICE, "ip on %s over %s, 1 thread", local,
		    o->exec ? o->exec : "standard input and output");
	else
		say(LOG_NOTICE, "%s on %s for %s, device %s, %u thread%s",
		    verb(o), local, o->remote ? o->remote : port, p->tun.name,
		    p->n, p->n == 1 ? "" : "s");
	notify("READY=1");
}

static void stop(struct monitor *m)
{
	if (m->kill_at)
		return;
	notify("STOPPING=1");
	m->kill_at = milliseconds() + KILL_AFTER;
	if (channel_tell(m->channel, MESSAGE_STOP))
		m->kill_at = milliseconds();
}

static void take_signals(struct monitor *m)
{
	int signo;

	while ((signo = next_signal(m))) {
		if (signo == SIGUSR1)
			channel_tell(m->channel, MESSAGE_REPORT);
		else if (is_ending(signo))
			stop(m);
	}
}

/* Whether it has ended */
static bool take_message(struct monitor *m)
{
	struct message message;
	int got = channel_receive(m->channel, &message);

	if (got > 0 && message.kind == MESSAGE_READY)
		tell_ready(m->program);
	else if (got > 0 && message.kind == MESSAGE_LOOK_UP)
		want_lookup(m);
	return got < 0;
}

/* Its exit status, or 1 if it was killed.  If it goes on without us it is not as it
 * was any more.
 */
static int wait_for_end(struct monitor *m)
{
	u64 end = milliseconds() + END_AFTER, now = milliseconds();
	struct pollfd pfd = { .fd = m->signals, .events = POLLIN };
	pid_t ended;
	int status;

	while (!(ended = waitpid(m->engine, &status, WNOHANG)) && now < end) {
		poll(&pfd, 1, (int)(end - now));
		while (next_signal(m))
			continue;
		now = milliseconds();
	}
	if (!ended) {
		say(LOG_ERROR, "the worker process does not end");
		kill(m->engine, SIGKILL);
		ended = waitpid(m->engine, &status, 0);
	}
	if (ended < 0)
		return 1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	say(LOG_ERROR, "the worker process was killed by signal %d (%s)",
	    WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 1;
}

static void take_changes(struct monitor *m, const struct pollfd *pfd)
{
	const struct program *p = m->program;
	bool due = handover_due(&m->handover, pfd, milliseconds());

	if (handover_own_up(&m->handover) && !m->kill_at)
		tun_readdress(&p->tun, &p->options);
	if (due && p->options.role == ROLE_CLIENT)
		channel_tell(m->channel, MESSAGE_PROBE);
}

static int earlier(int timeout, u64 at, u64 now)
{
	int until = at <= now ? 0 : (int)(at - now);

	if (!at)
		return timeout;
	return timeout < 0 || until < timeout ? until : timeout;
}

/** monitor_run() - watch the worker process to its end; the exit status */
int monitor_run(struct monitor *m)
{
	struct pollfd fds[] = {
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = m->channel, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1 },
	};
	u64 not_before = 0, now;
	int timeout;

	for (;;) {
		now = milliseconds();
		fds[2].fd = m->lookup.fd;
		timeout = handover_wait(&m->handover, &fds[3], now);
		if (m->lookup_at)
			timeout = earlier(timeout, not_before + 1, now);
		timeout = earlier(timeout, m->kill_at, now);
		if (poll(fds, 4, timeout) < 0)
			continue;
		take_changes(m, &fds[3]);
		if (fds[2].fd >= 0 && fds[2].revents)
			take_answer(m);
		if (fds[1].revents && take_message(m))
			break;
		take_signals(m);
		look_up(m, &not_before);
		if (m->kill_at && milliseconds() >= m->kill_at)
			kill(m->engine, SIGKILL);
	}
	if (!m->kill_at)
		notify("STOPPING=1");
	lookup_cancel(&m->lookup);
	return wait_for_end(m);
}
