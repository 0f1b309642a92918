// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints' code, and what it tells by name.  What is called here runs only
 * while somebody traces.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "names_gen.h"
#include "net.h"
#include "session.h"
#include "trace.h"
#include "tunnel.h"

/* Nothing of it is left where the kernel has no tracepoints. */
static void __maybe_unused ftcp_trace_tunnel(const struct ftcp_tunnel *tunnel,
					     char *ifname, char *name)
{
	strscpy_pad(ifname, tunnel ? tunnel->link->dev->name : "", IFNAMSIZ);
	strscpy_pad(name, tunnel ? tunnel->name : "", FAKETCP_NAME_MAX + 1);
}

static void __maybe_unused ftcp_trace_reason(enum ftcp_reason reason, char *name)
{
	const char *known = NULL;

	if (reason < ARRAY_SIZE(ftcp_reason_names))
		known = ftcp_reason_names[reason];
	strscpy_pad(name, known ?: "", FTCP_TRACE_NAME);
}

static void __maybe_unused ftcp_trace_drop(enum ftcp_drop_attr reason, char *name)
{
	const char *known = NULL;

	if (reason < ARRAY_SIZE(ftcp_drops_names))
		known = ftcp_drops_names[reason];
	strscpy_pad(name, known ?: "", FTCP_TRACE_NAME);
}

#define CREATE_TRACE_POINTS
#include "trace.h"
