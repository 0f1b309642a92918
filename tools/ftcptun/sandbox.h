/* SPDX-License-Identifier: GPL-2.0 */
/* Giving up what is not needed: see sandbox.c. */
#ifndef FTCPTUN_SANDBOX_H
#define FTCPTUN_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct sandbox_user - whom the worker process runs as
 * @uid: user
 * @gid: group
 */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

void sandbox_find_user(struct sandbox_user *user, const char *name);
void sandbox_monitor(void);
void sandbox_become(const struct sandbox_user *user);
void sandbox_enter(const struct sandbox_user *user, pid_t parent);
void sandbox_die_with(pid_t parent);
void sandbox_filter(void);

#endif /* FTCPTUN_SANDBOX_H */
