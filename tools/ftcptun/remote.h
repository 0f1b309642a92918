/* SPDX-License-Identifier: GPL-2.0 */
/* The remote end of the command line, which may be a name. */
#ifndef FTCPTUN_REMOTE_H
#define FTCPTUN_REMOTE_H

#include "../../module/core/policy.h"
#include "addr.h"
#include "channel.h"

/**
 * struct remote_choice - one address of the remote end
 * @endpoint: address and port
 * @phantun: it was found to want connections that begin with sequence
 *	number 0
 * @backoff: when it may be dialled again, if it refused or did not answer
 */
struct remote_choice {
	struct endpoint endpoint;
	bool phantun;
	struct ftcp_backoff backoff;
};

void remote_start(const struct endpoint *list, u32 n);
bool remote_needs_v6(void);
bool remote_may_be_v6(void);
void remote_without_v6(void);
void remote_ask(int monitor);
void remote_answer(const struct message *m);
void remote_get(struct remote_choice *choice);
void remote_failed(const struct endpoint *e, bool refused, u64 now, u32 random);
void remote_silent(const struct endpoint *e);
void remote_reached(const struct endpoint *e, bool phantun);

#endif /* FTCPTUN_REMOTE_H */
