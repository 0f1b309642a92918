// SPDX-License-Identifier: GPL-2.0
/*
 * The channels that carry inner packets elsewhere than to a device: standard input and
 * output, those of a command, and passt's socket.  They are opened before anything is
 * given up; programs run as who has started ftcptun, and end with their channel.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "worker.h"

#define BUFFER 16384 /* bytes that the kernel keeps */
#define BUFFER_PASST (1 << 20) /* passt drops what does not fit */
#define PASST_FD 3 /* as in its arguments */

/* Be a program that has the channel as @first to @last of its descriptors. */
static void become(const char *const *argv, int channel, int first, int last)
	__attribute__((noreturn));
static void become(const char *const *argv, int channel, int first, int last)
{
	int fd = fcntl(channel, F_DUPFD, PASST_FD + 1);
	sigset_t none;

	for (; first <= last; first++)
		dup2(fd, first);
	close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)argv);
	die("cannot run %s: %s", argv[0], strerror(errno));
}

/* Returns our end of the channel. */
static int start(const char *const *argv, int first, int last, int size)
{
	int fd[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		die("cannot start %s: %s", argv[0], strerror(errno));
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = fork();
	if (pid < 0)
		die("cannot start %s: %s", argv[0], strerror(errno));
	if (!pid)
		become(argv, fd[1], first, last);
	close(fd[1]);
	return fd[0];
}

/* Nobody else reads or writes there. */
static void open_stdio(struct program *p)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (isatty(0) || isatty(1))
		die("--stdio: there is a terminal, and not the other end");
	p->stream_in = fcntl(0, F_DUPFD_CLOEXEC, 3);
	p->stream_out = fcntl(1, F_DUPFD_CLOEXEC, 3);
	fcntl(p->stream_out, F_SETPIPE_SZ, BUFFER);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		die("/dev/null: %s", strerror(errno));
	close(null);
}

static void do_not_wait(int fd)
{
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR))
		die("cannot use a channel: %s", strerror(errno));
}

/** launch_open() - open the channels; explains and exits if there can be none */
void launch_open(struct program *p)
{
	static const char *const passt[] = { "passt",	"--foreground",
					     "--quiet", "--fd",
					     "3",	"--no-map-gw",
					     NULL };
	const char *const shell[] = { "/bin/sh", "-c", p->options.exec, NULL };

	if (p->options.exec) {
		p->stream_in = start(shell, 0, 1, BUFFER);
		p->stream_out = fcntl(p->stream_in, F_DUPFD_CLOEXEC, 3);
	} else {
		open_stdio(p);
	}
	do_not_wait(p->stream_in);
	do_not_wait(p->stream_out);
	if (!p->options.passt)
		return;
	p->guest = start(passt, PASST_FD, PASST_FD, BUFFER_PASST);
	do_not_wait(p->guest);
	p->guest_out = fcntl(p->guest, F_DUPFD_CLOEXEC, 3);
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/** launch_close() - leave them to the other process */
void launch_close(struct program *p)
{
	close_if_open(&p->stream_in);
	close_if_open(&p->stream_out);
	close_if_open(&p->guest);
	close_if_open(&p->guest_out);
}
