// SPDX-License-Identifier: GPL-2.0
/*
 * inns - run a command in a network namespace: inns NETNS COMMAND...
 *
 * What nsenter --net=/run/netns/NETNS does, but static: where a processor is
 * emulated, loading shared libraries is most of what a short process takes, and
 * the tests start thousands of them.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[4096];
	int fd;

	if (argc < 3)
		errx(2, "usage: inns NETNS COMMAND...");
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	execvp(argv[2], argv + 2);
	warn("%s", argv[2]);
	return errno == ENOENT ? 127 : 126;
}
