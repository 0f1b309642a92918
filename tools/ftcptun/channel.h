/* SPDX-License-Identifier: GPL-2.0 */
/* Messages between the monitor and the worker process. */
#ifndef FTCPTUN_CHANNEL_H
#define FTCPTUN_CHANNEL_H

#include "addr.h"

/**
 * enum message_kind - what one process tells the other
 * @MESSAGE_READY: from the worker process: threads run
 * @MESSAGE_LOOK_UP: from there: look the remote end up again
 * @MESSAGE_REMOTE: from the monitor: what was found
 * @MESSAGE_REPORT: from there: print flows and counters
 * @MESSAGE_PROBE: from there: addresses or routes have changed
 * @MESSAGE_STOP: from there: close all flows and end
 */
enum message_kind {
	MESSAGE_READY,
	MESSAGE_LOOK_UP,
	MESSAGE_REMOTE,
	MESSAGE_REPORT,
	MESSAGE_PROBE,
	MESSAGE_STOP,
};

/**
 * struct message - a message
 * @kind: what it is about
 * @n: MESSAGE_REMOTE: number of addresses; 0: nothing was found
 * @list: MESSAGE_REMOTE: the addresses
 */
struct message {
	enum message_kind kind;
	u32 n;
	struct endpoint list[REMOTES_MAX];
};

int channel_open(int *fd);
int channel_send(int fd, const struct message *m);
int channel_tell(int fd, enum message_kind kind);
int channel_receive(int fd, struct message *m);

#endif /* FTCPTUN_CHANNEL_H */
