/* SPDX-License-Identifier: GPL-2.0 */
/* The worker process: carries packets, and can do nothing else. */
#ifndef FTCPTUN_ENGINE_H
#define FTCPTUN_ENGINE_H

#include "sandbox.h"
#include "worker.h"

void engine_run(struct program *p, const int *listen_fd, int monitor,
		const struct sandbox_user *user, pid_t parent)
	__attribute__((noreturn));

#endif /* FTCPTUN_ENGINE_H */
