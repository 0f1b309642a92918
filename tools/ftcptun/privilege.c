// SPDX-License-Identifier: GPL-2.0
/*
 * Giving up what is not needed.
 *
 * Everything that takes a capability is done before the first packet is read:
 * the device, its addresses, the rules.  Two things come later and keep
 * CAP_NET_ADMIN: taking the rules away at the end, and, on a server, receive
 * buffers beyond net.core.rmem_max for the socket of each new flow.
 *
 * Called before any thread is started, because capabilities are a thread's.
 */
#include "privilege.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "log.h"

/**
 * privilege_drop() - keep at most CAP_NET_ADMIN, for good
 * @keep_net_admin: whether to keep that one
 *
 * A process without capabilities passes through unchanged.
 */
void privilege_drop(bool keep_net_admin)
{
	static const cap_value_t net_admin = CAP_NET_ADMIN;
	cap_flag_value_t had = CAP_CLEAR;
	cap_t old = cap_get_proc(), new = cap_init();

	if (!old || !new)
		die("cannot read capabilities: %s", strerror(errno));
	cap_get_flag(old, CAP_NET_ADMIN, CAP_PERMITTED, &had);
	if (keep_net_admin && had == CAP_SET) {
		cap_set_flag(new, CAP_PERMITTED, 1, &net_admin, CAP_SET);
		cap_set_flag(new, CAP_EFFECTIVE, 1, &net_admin, CAP_SET);
	}
	if (cap_set_proc(new))
		die("cannot drop capabilities: %s", strerror(errno));
	cap_free(old);
	cap_free(new);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("cannot set no_new_privs: %s", strerror(errno));
}
