/* SPDX-License-Identifier: GPL-2.0 */
/* The process that keeps privileges: see monitor.c. */
#ifndef FTCPTUN_MONITOR_H
#define FTCPTUN_MONITOR_H

#include "handover.h"
#include "lookup.h"
#include "sandbox.h"
#include "worker.h"

/**
 * struct monitor - what the monitor knows
 * @program: what it shares with the worker process: that has a copy
 * @user: whom that and look-ups run as
 * @signals: signalfd
 * @engine: the worker process
 * @channel: the way there
 * @reserved: server: a socket that has its TCP port, or -1
 * @handover: how changes of the host's network are heard of
 * @lookup: the look-up that is under way
 * @lookup_at: when the next one is due, ms; 0: none is wanted
 * @v4_only: leave IPv6 addresses out of them
 * @kill_at: when the worker process has had its time to end, ms; 0: it goes on
 */
struct monitor {
	struct program *program;
	struct sandbox_user user;
	int signals;
	pid_t engine;
	int channel;
	int reserved;
	struct handover handover;
	struct lookup lookup;
	u64 lookup_at;
	bool v4_only;
	u64 kill_at;
};

int monitor_signals(void);
bool monitor_find_remote(struct monitor *m);
int monitor_run(struct monitor *m);

#endif /* FTCPTUN_MONITOR_H */
