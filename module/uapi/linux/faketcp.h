/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/faketcp.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_FAKETCP_H
#define _UAPI_LINUX_FAKETCP_H

#define FTCP_GENL_NAME		"faketcp"
#define FTCP_GENL_VERSION	1

#define FAKETCP_NAME_MAX		31
#define FAKETCP_ENDPOINT_NAME_MAX	259

/**
 * enum ftcp_mode - How datagrams enter and leave a tunnel.
 * @FTCP_MODE_ROUTED: Routed into the link; addresses and ports are kept.
 * @FTCP_MODE_LISTEN: Sent to a local UDP address; each source becomes a flow.
 * @FTCP_MODE_FORWARD: Flows are accepted on a TCP port and reach one UDP
 *   target.
 * @FTCP_MODE_IP: Whole IP packets, routed into the link; each is the payload
 *   of a segment, and comes out of the far end's link unchanged.
 */
enum ftcp_mode {
	FTCP_MODE_ROUTED,
	FTCP_MODE_LISTEN,
	FTCP_MODE_FORWARD,
	FTCP_MODE_IP,

	/* private: */
	__FTCP_MODE_MAX,
	FTCP_MODE_MAX = (__FTCP_MODE_MAX - 1)
};

/**
 * enum ftcp_wire - What a flow that this end opens looks like.
 * @FTCP_WIRE_NATIVE: Random initial sequence number, Linux's SYN options, PSH;
 *   a refusal is final.
 * @FTCP_WIRE_PHANTUN: Initial sequence number 0 and no PSH, as Phantun
 *   requires.
 * @FTCP_WIRE_AUTO: As native, and if that is refused, once more as phantun.
 */
enum ftcp_wire {
	FTCP_WIRE_NATIVE,
	FTCP_WIRE_PHANTUN,
	FTCP_WIRE_AUTO,
};

/**
 * enum ftcp_endpoint_kind - Where flows to a peer go.
 * @FTCP_ENDPOINT_NONE: The peer dials in; this end opens no flow.
 * @FTCP_ENDPOINT_ADDR: A fixed address and port.
 * @FTCP_ENDPOINT_SAME: The datagram's own destination.
 */
enum ftcp_endpoint_kind {
	FTCP_ENDPOINT_NONE,
	FTCP_ENDPOINT_ADDR,
	FTCP_ENDPOINT_SAME,
};

/**
 * enum ftcp_from_kind - Who may connect, and is then taken for the peer.
 * @FTCP_FROM_ALLOWED_IPS: Those behind the peer: in mode routed the addresses
 *   of a connection are those of its datagrams.
 * @FTCP_FROM_LIST: Those that from lists, nobody if it lists none.
 * @FTCP_FROM_ENDPOINT: Mode ip: the address of the peer's endpoint, from any
 *   port; if it has none, anybody.
 */
enum ftcp_from_kind {
	FTCP_FROM_ALLOWED_IPS,
	FTCP_FROM_LIST,
	FTCP_FROM_ENDPOINT,
};

/**
 * enum ftcp_df - The IPv4 header's "don't fragment" on segments.
 * @FTCP_DF_UNSET: Not set; what exceeds the path's MTU is fragmented, here or
 *   on the way.
 * @FTCP_DF_SET: Set; what exceeds the path's MTU is not sent, and its sender
 *   is told.
 */
enum ftcp_df {
	FTCP_DF_UNSET,
	FTCP_DF_SET,
};

/**
 * enum ftcp_unreachable - What an ICMP "port unreachable" from the target does
 *   to its flow.
 * @FTCP_UNREACHABLE_IGNORE: Nothing.
 * @FTCP_UNREACHABLE_CLOSE: The flow is reset, by which the far end's
 *   application learns of it.
 */
enum ftcp_unreachable {
	FTCP_UNREACHABLE_IGNORE,
	FTCP_UNREACHABLE_CLOSE,
};

/**
 * enum ftcp_state - State of a flow, in TCP's words (RFC 9293).
 */
enum ftcp_state {
	FTCP_STATE_CLOSED,
	FTCP_STATE_SYN_SENT,
	FTCP_STATE_SYN_RECEIVED,
	FTCP_STATE_ESTABLISHED,
	FTCP_STATE_FIN_WAIT,
	FTCP_STATE_LAST_ACK,
};

/**
 * enum ftcp_reason - How a flow ended.
 * @FTCP_REASON_CLOSED: In order, by either end: idle, at its age without being
 *   replaceable, or by the user; or by a RST, when its peer or tunnel was
 *   deleted here, or the link set down here.
 * @FTCP_REASON_RESET: By a RST of the far end.
 * @FTCP_REASON_DEAD: The far end was probed, or sent a whole window, and
 *   stayed silent.
 * @FTCP_REASON_REFUSED: The far end answered the SYN with a RST.
 * @FTCP_REASON_UNANSWERED: No answer to any SYN.
 * @FTCP_REASON_REPLACED: Another flow took its conversation over.
 * @FTCP_REASON_FAILED: This host could not open it: no port, or no route.
 * @FTCP_REASON_UNREACHABLE: Mode forward: the target refuses its datagrams, or
 *   cannot answer them any more; the far end was sent a RST.
 * @FTCP_REASON_EVICTED: Mode forward: another flow needed its port, and its
 *   target had answered nothing; the far end was sent a RST.
 */
enum ftcp_reason {
	FTCP_REASON_CLOSED = 1,
	FTCP_REASON_RESET,
	FTCP_REASON_DEAD,
	FTCP_REASON_REFUSED,
	FTCP_REASON_UNANSWERED,
	FTCP_REASON_REPLACED,
	FTCP_REASON_FAILED,
	FTCP_REASON_UNREACHABLE,
	FTCP_REASON_EVICTED,

	/* private: */
	__FTCP_REASON_MAX,
	FTCP_REASON_MAX = (__FTCP_REASON_MAX - 1)
};

enum ftcp_attr {
	FTCP_A_IFINDEX = 1,
	FTCP_A_IFNAME,
	FTCP_A_TUNNEL,
	FTCP_A_MODE,
	FTCP_A_PORT,
	FTCP_A_LOCAL,
	FTCP_A_LISTEN,
	FTCP_A_TARGET,
	FTCP_A_WIRE,
	FTCP_A_IDLE,
	FTCP_A_KEEPALIVE,
	FTCP_A_FWMARK,
	FTCP_A_MAX_FLOWS,
	FTCP_A_QUEUE,
	FTCP_A_PEER,
	FTCP_A_ENDPOINT,
	FTCP_A_ENDPOINT_KIND,
	FTCP_A_ALLOWED_IP,
	FTCP_A_STATE,
	FTCP_A_REMOTE,
	FTCP_A_INNER_LOCAL,
	FTCP_A_INNER_REMOTE,
	FTCP_A_FLOWS,
	FTCP_A_AGE,
	FTCP_A_RX_AGE,
	FTCP_A_MAX_PAYLOAD,
	FTCP_A_STATS,
	FTCP_A_DROPS,
	FTCP_A_PAD,
	FTCP_A_DF,
	FTCP_A_MAX_FLOWS_PER_SOURCE,
	FTCP_A_QUEUE_BYTES,
	FTCP_A_KEEPALIVE_INTERVAL,
	FTCP_A_KEEPALIVE_PROBES,
	FTCP_A_MAX_AGE,
	FTCP_A_MAX_BYTES,
	FTCP_A_UNREACHABLE,
	FTCP_A_ENDPOINT_NAME,
	FTCP_A_NO_ALLOWED_IP,
	FTCP_A_COALESCE,
	FTCP_A_ENDED,
	FTCP_A_REASON,
	FTCP_A_ENDPOINT_TENTATIVE,
	FTCP_A_FROM,
	FTCP_A_FROM_KIND,
	FTCP_A_PERSISTENT,

	__FTCP_A_MAX
};
#define FTCP_A_MAX (__FTCP_A_MAX - 1)

enum ftcp_allowed_ip_attr {
	FTCP_ALLOWED_IP_ADDR = 1,
	FTCP_ALLOWED_IP_PREFIX,

	__FTCP_ALLOWED_IP_MAX
};
#define FTCP_ALLOWED_IP_MAX (__FTCP_ALLOWED_IP_MAX - 1)

enum ftcp_stats_attr {
	FTCP_STATS_PAD = 1,
	FTCP_STATS_TX_PACKETS,
	FTCP_STATS_TX_BYTES,
	FTCP_STATS_RX_PACKETS,
	FTCP_STATS_RX_BYTES,
	FTCP_STATS_TX_HELD,
	FTCP_STATS_TX_BATCHES,
	FTCP_STATS_TX_HOLD,

	__FTCP_STATS_MAX
};
#define FTCP_STATS_MAX (__FTCP_STATS_MAX - 1)

enum ftcp_drop_attr {
	FTCP_DROP_PAD = 1,
	FTCP_DROP_MALFORMED,
	FTCP_DROP_CHECKSUM,
	FTCP_DROP_PROTOCOL,
	FTCP_DROP_NO_PEER,
	FTCP_DROP_NO_ENDPOINT,
	FTCP_DROP_NO_ROUTE,
	FTCP_DROP_NO_FLOW,
	FTCP_DROP_SEQUENCE,
	FTCP_DROP_STATE,
	FTCP_DROP_QUEUE_FULL,
	FTCP_DROP_TOO_BIG,
	FTCP_DROP_LIMIT,
	FTCP_DROP_PORT_TAKEN,
	FTCP_DROP_REFUSED,
	FTCP_DROP_MEMORY,
	FTCP_DROP_HANDSHAKE,
	FTCP_DROP_ICMP,
	FTCP_DROP_SOURCE_LIMIT,
	FTCP_DROP_NAMESPACE_LIMIT,
	FTCP_DROP_INNER_SOURCE,
	FTCP_DROP_NEWCOMER,

	__FTCP_DROP_MAX
};
#define FTCP_DROP_MAX (__FTCP_DROP_MAX - 1)

enum ftcp_ended_attr {
	FTCP_ENDED_PAD = 1,
	FTCP_ENDED_CLOSED,
	FTCP_ENDED_RESET,
	FTCP_ENDED_DEAD,
	FTCP_ENDED_REFUSED,
	FTCP_ENDED_UNANSWERED,
	FTCP_ENDED_REPLACED,
	FTCP_ENDED_FAILED,
	FTCP_ENDED_UNREACHABLE,
	FTCP_ENDED_EVICTED,

	__FTCP_ENDED_MAX
};
#define FTCP_ENDED_MAX (__FTCP_ENDED_MAX - 1)

enum {
	FAKETCP_CMD_TUNNEL_NEW = 1,
	FAKETCP_CMD_TUNNEL_SET,
	FAKETCP_CMD_TUNNEL_DEL,
	FAKETCP_CMD_TUNNEL_GET,
	FAKETCP_CMD_PEER_SET,
	FAKETCP_CMD_PEER_DEL,
	FAKETCP_CMD_PEER_GET,
	FAKETCP_CMD_FLOW_DEL,
	FAKETCP_CMD_FLOW_GET,
	FAKETCP_CMD_TUNNEL_ADD_NTF,
	FAKETCP_CMD_TUNNEL_DEL_NTF,
	FAKETCP_CMD_FLOW_ADD_NTF,
	FAKETCP_CMD_FLOW_DEL_NTF,

	__FAKETCP_CMD_MAX
};
#define FAKETCP_CMD_MAX (__FAKETCP_CMD_MAX - 1)

#define FAKETCP_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_FAKETCP_H */
