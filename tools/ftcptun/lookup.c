// SPDX-License-Identifier: GPL-2.0
/*
 * Looking a name up.
 *
 * A resolver takes its time, reads what anybody on the way may have written, and
 * cannot be interrupted.  So each look-up is a process of its own, without
 * privileges: the monitor goes on to listen to signals meanwhile, and ends it
 * when nobody wants to know any more.
 */
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

#define ANSWER_FD (STDERR_FILENO + 1) /* of the process that looks up */

/* The best address comes first (RFC 6724). */
static void resolve(struct lookup_answer *answer, const char *host, int port,
		    bool v4_only)
{
	struct addrinfo hints = {
		.ai_family = v4_only ? AF_INET : AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *found, *ai;
	int err = getaddrinfo(host, NULL, &hints, &found);

	*answer = (struct lookup_answer){ 0 };
	for (ai = err ? NULL : found; ai && answer->n < REMOTES_MAX;
	     ai = ai->ai_next) {
		struct endpoint *e = &answer->list[answer->n];
		struct sockaddr_storage ss = { 0 };

		if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
			continue;
		memcpy(&ss, ai->ai_addr, ai->ai_addrlen);
		endpoint_from_sockaddr(e, &ss);
		e->port = (u16)port;
		answer->n++;
	}
	if (answer->n)
		return;
	if (!err)
		err = EAI_ADDRFAMILY;
	answer->transient = resolve_is_transient(err);
	snprintf(answer->error, sizeof(answer->error), "%s",
		 resolve_error(err));
}

/* What the monitor has open, as the device, is nothing for a resolver. */
static void keep_only(int fd)
{
	dup2(fd, ANSWER_FD);
	closefrom(ANSWER_FD + 1);
}

/**
 * lookup_start() - begin to look a host up
 * @l: the result
 * @host: its name
 * @port: port for the results
 * @v4_only: leave IPv6 addresses out
 * @user: whom to do it as
 *
 * Return: 0, or -1 and errno.
 */
int lookup_start(struct lookup *l, const char *host, int port, bool v4_only,
		 const struct sandbox_user *user)
{
	struct lookup_answer answer;
	pid_t parent = getpid();
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	l->pid = fork();
	if (l->pid < 0) {
		err = errno;
		close(fd[0]);
		close(fd[1]);
		*l = (struct lookup){ .fd = -1 };
		errno = err;
		return -1;
	}
	if (!l->pid) {
		keep_only(fd[1]);
		sandbox_become(user);
		sandbox_die_with(parent);
		resolve(&answer, host, port, v4_only);
		_exit(write(ANSWER_FD, &answer, sizeof(answer)) < 0);
	}
	close(fd[1]);
	l->fd = fd[0];
	return 0;
}

/* Nothing is expected of it any more, not even that it ends. */
static void reap(struct lookup *l)
{
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	close(l->fd);
	*l = (struct lookup){ .fd = -1 };
}

/** lookup_finish() - take the answer, when it is there */
void lookup_finish(struct lookup *l, struct lookup_answer *answer)
{
	ssize_t len = read(l->fd, answer, sizeof(*answer));

	if (len != sizeof(*answer) || answer->n > REMOTES_MAX)
		*answer = (struct lookup_answer){
			.n = -1,
			.transient = true,
			.error = "the resolver has crashed",
		};
	answer->error[sizeof(answer->error) - 1] = '\0';
	reap(l);
}

/** lookup_cancel() - end a look-up, if one is under way */
void lookup_cancel(struct lookup *l)
{
	if (l->pid > 0)
		reap(l);
}
