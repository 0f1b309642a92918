// SPDX-License-Identifier: GPL-2.0
/*
 * One change at a time of what takes many requests.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include "ftcpctl.h"

/* Only root can open it, so that nobody else can keep it */
#define LOCK "/run/faketcp.lock"

/**
 * lock_changes() - wait until nobody else is changing things, and put off what would
 * end the program half-way; until it ends
 *
 * Where there is no place for the lock, say for lack of /run, there is none.
 */
void lock_changes(void)
{
	int fd = open(LOCK, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	sigset_t set;

	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
