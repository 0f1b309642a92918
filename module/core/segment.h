/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading and writing the TCP header (RFC 9293, section 3.1).
 *
 * Checksums are left to the caller: they cover addresses, which the core never
 * sees, and the kernel leaves them to the hardware.
 */
#ifndef FTCP_CORE_SEGMENT_H
#define FTCP_CORE_SEGMENT_H

#include "types.h"

#define FTCP_FIN	0x01
#define FTCP_SYN	0x02
#define FTCP_RST	0x04
#define FTCP_PSH	0x08
#define FTCP_ACK	0x10

#define FTCP_HLEN	20	/* header of a data segment, no options */
#define FTCP_HLEN_MAX	60	/* header with as many options as fit */
#define FTCP_SYN_HLEN	32	/* header of a SYN or SYN-ACK that we send */

#define FTCP_WINDOW	65535	/* announced on every segment but SYN */
#define FTCP_SYN_WINDOW	64240	/* announced on SYN and SYN-ACK: 44 * 1460 */
#define FTCP_WSCALE	14	/* RFC 7323: the largest shift allowed */
#define FTCP_NO_WSCALE	0xff	/* the option was absent */

/* A received header, in host byte order */
struct ftcp_segment {
	u32 seq;	/* of the first byte of payload, or of the SYN */
	u32 ack;	/* meaningless without FTCP_ACK */
	u32 len;	/* bytes of payload */
	u16 sport;
	u16 dport;
	u16 window;	/* not scaled */
	u16 mss;	/* 0 if absent; read on SYN only */
	u8 flags;	/* FTCP_FIN ... FTCP_ACK, no others */
	u8 hlen;	/* bytes, options included */
	u8 wscale;	/* FTCP_NO_WSCALE if absent; read on SYN only */
};

/* A segment to send that has no payload */
struct ftcp_control {
	u32 seq;
	u32 ack;	/* 0 without FTCP_ACK */
	u16 window;
	u8 flags;	/* 0: nothing to send */
	u8 wscale;	/* with FTCP_SYN: add the window scale option */
};

int ftcp_segment_read(struct ftcp_segment *seg, const u8 *hdr, u32 avail,
		      u32 total);
void ftcp_header_write(u8 *hdr, u16 sport, u16 dport, u32 seq, u32 ack,
		       u8 flags, u16 window);
u32 ftcp_control_write(u8 *hdr, u16 sport, u16 dport, u16 mss,
		       const struct ftcp_control *ctl);
void ftcp_reset_for(const struct ftcp_segment *seg, struct ftcp_control *ctl);

#endif /* FTCP_CORE_SEGMENT_H */
