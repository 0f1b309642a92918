/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what becomes of flows, and what is dropped, one event each.
 *
 * Addresses are IPv6 or IPv4 in mapped form, and ports numbers, as the kernel's own
 * have them.  Reasons are told by name, which bpftrace can count by; they are those of
 * `ftcpctl show`.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM faketcp

#if !defined(FTCP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define FTCP_TRACE_H

#include <linux/if.h>
#include <linux/tracepoint.h>
#include <uapi/linux/faketcp.h>

#define FTCP_TRACE_NAME 24	/* of a reason, with its end */

struct ftcp_flow;
struct ftcp_tunnel;
struct sk_buff;

/* Both ends of a flow's connection, and what it belongs to */
#define FTCP_TRACE_FLOW                                  \
	__array(char, ifname, IFNAMSIZ)                  \
	__array(char, tunnel, FAKETCP_NAME_MAX + 1)      \
	__array(__u8, laddr, 16)                         \
	__array(__u8, raddr, 16)                         \
	__field(__u16, lport)                            \
	__field(__u16, rport)

#define FTCP_TRACE_SET_FLOW(flow)                                           \
	ftcp_trace_tunnel((flow)->session->tunnel, __entry->ifname,         \
			  __entry->tunnel);                                 \
	memcpy(__entry->laddr, &(flow)->outer.local.addr, 16);              \
	memcpy(__entry->raddr, &(flow)->outer.remote.addr, 16);             \
	__entry->lport = ntohs((flow)->outer.local.port);                   \
	__entry->rport = ntohs((flow)->outer.remote.port)

#define FTCP_TRACE_PRINT "ifname=%s tunnel=%s local=[%pI6c]:%u remote=[%pI6c]:%u"

#define FTCP_TRACE_PRINTED                                                  \
	__entry->ifname, __entry->tunnel, __entry->laddr, __entry->lport,   \
		__entry->raddr, __entry->rport

/* A SYN is about to be sent. */
DECLARE_EVENT_CLASS(ftcp_flow,
	TP_PROTO(const struct ftcp_flow *flow),
	TP_ARGS(flow),
	TP_STRUCT__entry(FTCP_TRACE_FLOW),
	TP_fast_assign(FTCP_TRACE_SET_FLOW(flow);),
	TP_printk(FTCP_TRACE_PRINT, FTCP_TRACE_PRINTED)
);

DEFINE_EVENT(ftcp_flow, ftcp_dial,
	TP_PROTO(const struct ftcp_flow *flow),
	TP_ARGS(flow)
);

/* A connection is established, of either side. */
DEFINE_EVENT(ftcp_flow, ftcp_establish,
	TP_PROTO(const struct ftcp_flow *flow),
	TP_ARGS(flow)
);

/* @flow carries the conversation from now on, and @old, of which the local port is
 * told, does not; it ends later, or is ending.  If that came early @flow is dialled only
 * then, and has no local port yet.
 */
TRACE_EVENT(ftcp_replace,
	TP_PROTO(const struct ftcp_flow *flow, const struct ftcp_flow *old),
	TP_ARGS(flow, old),
	TP_STRUCT__entry(
		FTCP_TRACE_FLOW
		__field(__u16, old_lport)
	),
	TP_fast_assign(
		FTCP_TRACE_SET_FLOW(flow);
		__entry->old_lport = ntohs(old->outer.local.port);
	),
	TP_printk(FTCP_TRACE_PRINT " old_lport=%u", FTCP_TRACE_PRINTED,
		  __entry->old_lport)
);

TRACE_EVENT(ftcp_end,
	TP_PROTO(const struct ftcp_flow *flow, enum ftcp_reason reason),
	TP_ARGS(flow, reason),
	TP_STRUCT__entry(
		FTCP_TRACE_FLOW
		__array(char, reason, FTCP_TRACE_NAME)
	),
	TP_fast_assign(
		FTCP_TRACE_SET_FLOW(flow);
		ftcp_trace_reason(reason, __entry->reason);
	),
	TP_printk(FTCP_TRACE_PRINT " reason=%s", FTCP_TRACE_PRINTED,
		  __entry->reason)
);

/* @tunnel is NULL for what a link drops that is no tunnel's; @skb if what is dropped
 * is not a packet, or was freed already.  The kernel's kfree_skb has the same skbaddr.
 */
TRACE_EVENT(ftcp_drop,
	TP_PROTO(const struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		 const struct sk_buff *skb),
	TP_ARGS(tunnel, reason, skb),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__array(char, tunnel, FAKETCP_NAME_MAX + 1)
		__array(char, reason, FTCP_TRACE_NAME)
		__field(const void *, skbaddr)
		__field(__u32, len)
	),
	TP_fast_assign(
		ftcp_trace_tunnel(tunnel, __entry->ifname, __entry->tunnel);
		ftcp_trace_drop(reason, __entry->reason);
		__entry->skbaddr = skb;
		__entry->len = skb ? skb->len : 0;
	),
	TP_printk("ifname=%s tunnel=%s reason=%s skbaddr=%p len=%u",
		  __entry->ifname, __entry->tunnel, __entry->reason,
		  __entry->skbaddr, __entry->len)
);

#endif /* FTCP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
