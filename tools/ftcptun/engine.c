// SPDX-License-Identifier: GPL-2.0
/*
 * The worker process.
 *
 * It has the device and the sockets from before it was born, gives up everything
 * else, and carries packets in its threads (worker.c).  In the first one it does
 * what the monitor says, until that says to stop, or ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "remote.h"
#include "sandbox.h"
#include "worker.h"

static void prepare_workers(struct program *p, const int *listen_fd)
{
	u32 i;

	p->wake_main = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->wake_main < 0)
		die("cannot start: %s", strerror(errno));
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

/* Threads wait until all of them are there, and the filter for all. */
static void start_workers(struct program *p)
{
	u32 i;

	pthread_mutex_lock(&p->start_lock);
	for (i = 0; i < p->n; i++) {
		errno = pthread_create(&p->workers[i].thread, NULL, worker_run,
				       &p->workers[i]);
		if (errno)
			die("cannot start a thread: %s", strerror(errno));
	}
	sandbox_filter();
	pthread_mutex_unlock(&p->start_lock);
}

static void free_workers(struct program *p)
{
	u32 i;

	for (i = 0; i < p->n; i++)
		pthread_join(p->workers[i].thread, NULL);
	for (i = 0; i < p->n; i++)
		worker_free(&p->workers[i]);
	free(p->workers);
	origins_free(&p->origins);
}

static void tell_all(struct program *p, enum letter_kind kind)
{
	u32 i;

	for (i = 0; i < p->n; i++)
		worker_send(&p->workers[i], kind);
}

/* Do what the monitor says; whether that is to stop. */
static bool obey(struct program *p, int monitor, bool *reporting)
{
	struct message m;
	int got = channel_receive(monitor, &m);

	/* There is nobody any more who would take the rules away: the sooner
	 * the device goes the sooner they are a leftover.
	 */
	if (got < 0)
		_exit(1);
	if (!got)
		return false;
	switch (m.kind) {
	case MESSAGE_STOP:
		return true;
	case MESSAGE_PROBE:
		tell_all(p, LETTER_PROBE);
		break;
	case MESSAGE_REMOTE:
		remote_answer(&m);
		break;
	case MESSAGE_REPORT:
		if (*reporting)
			break;
		*reporting = true;
		__atomic_store_n(&p->reports, p->n, __ATOMIC_RELAXED);
		tell_all(p, LETTER_REPORT);
		break;
	default:
		break;
	}
	return false;
}

/* Until the monitor says to stop, or a thread cannot go on; the exit status. */
static int serve(struct program *p, int monitor)
{
	struct pollfd fds[] = {
		{ .fd = monitor, .events = POLLIN },
		{ .fd = p->wake_main, .events = POLLIN },
	};
	bool reporting = false;
	eventfd_t count;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents && !eventfd_read(p->wake_main, &count)) {
			if (__atomic_load_n(&p->failed, __ATOMIC_RELAXED))
				return 1;
			if (reporting &&
			    !__atomic_load_n(&p->reports, __ATOMIC_ACQUIRE)) {
				reporting = false;
				report_print(p, stderr);
			}
		}
		if (fds[0].revents && obey(p, monitor, &reporting))
			return 0;
	}
}

/* A terminal or a service manager sends signals to all processes; the monitor does
 * what they ask for.
 */
static void ignore_signals(void)
{
	static const int all[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD };
	sigset_t set;
	u32 i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		signal(all[i], i < 4 ? SIG_IGN : SIG_DFL);
		sigaddset(&set, all[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* What a thread still does after the monitor's end takes it as long as all the
 * others: they have to be told, and are.
 */
static void stop(struct program *p, int monitor)
{
	struct pollfd pfd = { .fd = monitor, .events = POLLIN };
	struct message m;

	tell_all(p, LETTER_STOP);
	while (__atomic_load_n(&p->open, __ATOMIC_RELAXED)) {
		if (poll(&pfd, 1, 20) > 0 && channel_receive(monitor, &m) < 0)
			_exit(1);
	}
	free_workers(p);
}

/**
 * engine_run() - be the worker process
 * @p: the program, with its device
 * @listen_fd: client: the UDP socket of each thread
 * @monitor: the way to the monitor
 * @user: whom to run as
 * @parent: the monitor's process
 */
void engine_run(struct program *p, const int *listen_fd, int monitor,
		const struct sandbox_user *user, pid_t parent)
{
	int status;

	ignore_signals();
	prepare_workers(p, listen_fd);
	sandbox_enter(user, parent);
	if (p->remote_is_name)
		remote_ask(monitor);
	start_workers(p);
	channel_tell(monitor, MESSAGE_READY);
	status = serve(p, monitor);
	stop(p, monitor);
	tun_close(&p->inner);
	tun_close(&p->tun);
	close(p->wake_main);
	close(monitor);
	options_free(&p->options);
	exit(status);
}
