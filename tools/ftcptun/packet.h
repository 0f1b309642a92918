/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets as they cross the TUN device.
 *
 *	+----------------+-----------+------------+---------------------+
 *	| virtio_net_hdr | IP header | TCP header | datagram, datagram, |
 *	| if tun->vnet   |           |            | ... all of gso_size |
 *	+----------------+-----------+------------+ but the last        |
 *	                                          +---------------------+
 */
#ifndef FTCPTUN_PACKET_H
#define FTCPTUN_PACKET_H

#include <sys/uio.h>

#include "../../module/core/conn.h"
#include "addr.h"

#define VNET_HLEN 10
#define PACKET_HLEN_MAX (VNET_HLEN + 40 + FTCP_HLEN_MAX)
#define PACKET_DF 0x4000 /* see packet_write_data() */
#define FLOW_LABEL_BITS 20
#define PACKET_MAX (VNET_HLEN + 40 + 65535) /* IPv6, all of it */

/**
 * struct path - both ends of a TCP connection
 * @local: our address
 * @remote: their address
 * @lport: our port, host byte order
 * @rport: their port
 */
struct path {
	struct addr local;
	struct addr remote;
	u16 lport;
	u16 rport;
};

/** path_remote() - the far end's address and port */
static inline struct endpoint path_remote(const struct path *path)
{
	return (struct endpoint){ .addr = path->remote, .port = path->rport };
}

/**
 * struct packet - a segment that was read
 * @path: its two ends, seen from here
 * @seg: its TCP header
 * @tos: DSCP and ECN
 * @payload: its payload
 * @gso_size: length of each datagram in the payload but the last; 0 if it is
 *	only one
 * @mtu: PACKET_TOO_BIG: the largest IP packet that would have passed.  @path
 *	and the sequence number in @seg are then those of our own segment that
 *	did not pass, and nothing else is known
 */
struct packet {
	struct path path;
	struct ftcp_segment seg;
	u8 tos;
	u8 *payload;
	u32 gso_size;
	u32 mtu;
};

/**
 * enum packet_fate - what packet_read() found
 * @PACKET_SEGMENT: a TCP segment with a right checksum
 * @PACKET_TOO_BIG: an ICMP message with a right checksum: a segment of ours
 *	was too big
 * @PACKET_PROTOCOL: something else that is none of our business
 * @PACKET_MALFORMED: headers cut short or contradicting themselves
 * @PACKET_CHECKSUM: a TCP segment, or such a message, with a wrong checksum
 */
enum packet_fate {
	PACKET_SEGMENT,
	PACKET_TOO_BIG,
	PACKET_PROTOCOL,
	PACKET_MALFORMED,
	PACKET_CHECKSUM,
};

enum packet_fate packet_read(struct packet *p, u8 *buf, u32 len, bool vnet);
u32 packet_write_data(u8 *buf, const struct path *path,
		      const struct ftcp_data *data, u8 tos, u32 ident,
		      const struct iovec *iov, u32 niov, u32 len, u32 gso_size, bool vnet);
u32 packet_write_control(u8 *buf, const struct path *path, u16 mss,
			 const struct ftcp_control *ctl, u32 ident, bool vnet);

#endif /* FTCPTUN_PACKET_H */
