/* SPDX-License-Identifier: GPL-2.0 */
/* Looking the remote end's name up, in a process that can be ended. */
#ifndef FTCPTUN_LOOKUP_H
#define FTCPTUN_LOOKUP_H

#include <sys/types.h>

#include "addr.h"

struct sandbox_user;

/**
 * struct lookup - a look-up under way
 * @pid: the process that does it; 0: none is under way
 * @fd: where the answer will come from, or -1
 */
struct lookup {
	pid_t pid;
	int fd;
};

/**
 * struct lookup_answer - what a look-up has found
 * @n: how many addresses; -1 if whoever asked has crashed
 * @transient: it may be worth while to try again
 * @list: the addresses, the best first
 * @error: why there are none
 */
struct lookup_answer {
	int n;
	bool transient;
	struct endpoint list[REMOTES_MAX];
	char error[128];
};

int lookup_start(struct lookup *l, const char *host, int port, bool v4_only,
		 const struct sandbox_user *user);
void lookup_finish(struct lookup *l, struct lookup_answer *answer);
void lookup_cancel(struct lookup *l);

#endif /* FTCPTUN_LOOKUP_H */
