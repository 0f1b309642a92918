// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between the monitor and the worker process: whole ones, over a pair of
 * sockets whose end tells of the other's end.
 *
 * The monitor believes the worker process nothing: there are two kinds of
 * messages from there, without any contents.
 */
#include "channel.h"

#include <errno.h>

/** channel_open() - the two ends, the monitor's first; 0, or -1 and errno */
int channel_open(int *fd)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
			  0, fd);
}

/** channel_send() - send a message, without waiting; 0, or -1 and errno */
int channel_send(int fd, const struct message *m)
{
	return send(fd, m, sizeof(*m), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/** channel_tell() - the same with a message that is only its kind */
int channel_tell(int fd, enum message_kind kind)
{
	struct message m = { .kind = kind };

	return channel_send(fd, &m);
}

/**
 * channel_receive() - receive a message, if there is one
 * @fd: one's own end
 * @m: the result
 *
 * Return: 1; 0 if there is none; -1 if the other process has ended.
 */
int channel_receive(int fd, struct message *m)
{
	ssize_t len = recv(fd, m, sizeof(*m), 0);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (len != sizeof(*m) || m->n > REMOTES_MAX)
		return -1;
	return 1;
}
