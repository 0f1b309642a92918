/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TCP header on the wire (RFC 9293, section 3.1): reading and writing.
 *
 * Checksums are not handled here: they cover addresses, which the core never
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
#define FTCP_HLEN_MAX	60	/* header with all the options there can be */
#define FTCP_SYN_HLEN	32	/* header of a SYN or SYN-ACK that we send */

#define FTCP_WINDOW	65535	/* announced on every segment but SYN */
#define FTCP_SYN_WINDOW	64240	/* announced on SYN and SYN-ACK: 44 * 1460 */
#define FTCP_WSCALE	14	/* RFC 7323: the largest shift allowed */
#define FTCP_NO_WSCALE	0xff	/* the option was absent */

/**
 * struct ftcp_segment - a received header, in host byte order
 * @seq: sequence number of the first byte of payload (or of the SYN)
 * @ack: acknowledgement number; meaningless without FTCP_ACK
 * @len: bytes of payload
 * @sport: source port
 * @dport: destination port
 * @window: window field, not scaled
 * @mss: value of the MSS option, 0 if absent; read on SYN only
 * @flags: FTCP_FIN ... FTCP_ACK; other bits are cleared
 * @hlen: length of the header in bytes, options included
 * @wscale: value of the window scale option, FTCP_NO_WSCALE if absent; read
 *	on SYN only
 */
struct ftcp_segment {
	u32 seq;
	u32 ack;
	u32 len;
	u16 sport;
	u16 dport;
	u16 window;
	u16 mss;
	u8 flags;
	u8 hlen;
	u8 wscale;
};

/**
 * struct ftcp_control - a segment without payload that is to be sent
 * @seq: sequence number
 * @ack: acknowledgement number, 0 without FTCP_ACK
 * @window: window field
 * @flags: FTCP_* flags; 0 means that there is nothing to send
 * @wscale: with FTCP_SYN, whether the window scale option goes along
 */
struct ftcp_control {
	u32 seq;
	u32 ack;
	u16 window;
	u8 flags;
	u8 wscale;
};

int ftcp_segment_read(struct ftcp_segment *seg, const u8 *hdr, u32 avail,
		      u32 total);
void ftcp_header_write(u8 *hdr, u16 sport, u16 dport, u32 seq, u32 ack,
		       u8 flags, u16 window);
u32 ftcp_control_write(u8 *hdr, u16 sport, u16 dport, u16 mss,
		       const struct ftcp_control *ctl);
void ftcp_reset_for(const struct ftcp_segment *seg, struct ftcp_control *ctl);

#endif /* FTCP_CORE_SEGMENT_H */
