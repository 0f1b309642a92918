// SPDX-License-Identifier: GPL-2.0
/* Reading and writing TCP headers; see segment.h. */
#include "segment.h"

/* TCP option kinds (RFC 9293, section 3.2; RFC 2018; RFC 7323) */
enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_PERMITTED = 4,
};

/* A malformed option ends the scan and what was read so far stands, as in
 * Linux's tcp_parse_options().
 */
static void read_options(struct ftcp_segment *seg, const u8 *p, u32 left)
{
	while (left) {
		u32 len;

		if (p[0] == OPT_END)
			return;
		if (p[0] == OPT_NOP) {
			p++;
			left--;
			continue;
		}
		if (left < 2)
			return;
		len = p[1];
		if (len < 2 || len > left)
			return;
		if (p[0] == OPT_MSS && len == 4)
			seg->mss = ftcp_get16(p + 2);
		else if (p[0] == OPT_WSCALE && len == 3)
			seg->wscale = p[2] > FTCP_WSCALE ? FTCP_WSCALE : p[2];
		p += len;
		left -= len;
	}
}

/**
 * ftcp_segment_read() - parse the header of a received segment
 * @seg: result; valid on success
 * @hdr: the TCP header
 * @avail: readable bytes at @hdr; must hold the whole header
 * @total: length of header and payload according to the IP header
 *
 * Options are read on SYN and SYN-ACK only: neither we nor Phantun put any on
 * other segments.
 *
 * Return: 0, or -1 if the header is truncated or its length is invalid.
 */
int ftcp_segment_read(struct ftcp_segment *seg, const u8 *hdr, u32 avail,
		      u32 total)
{
	u32 hlen;

	if (avail < FTCP_HLEN || total < FTCP_HLEN)
		return -1;
	hlen = (u32)(hdr[12] >> 4) * 4;
	if (hlen < FTCP_HLEN || hlen > avail || hlen > total)
		return -1;

	seg->sport = ftcp_get16(hdr);
	seg->dport = ftcp_get16(hdr + 2);
	seg->seq = ftcp_get32(hdr + 4);
	seg->ack = ftcp_get32(hdr + 8);
	seg->flags = hdr[13] & (FTCP_FIN | FTCP_SYN | FTCP_RST | FTCP_PSH |
				FTCP_ACK);
	seg->window = ftcp_get16(hdr + 14);
	seg->hlen = (u8)hlen;
	seg->len = total - hlen;
	seg->mss = 0;
	seg->wscale = FTCP_NO_WSCALE;
	if (seg->flags & FTCP_SYN)
		read_options(seg, hdr + FTCP_HLEN, hlen - FTCP_HLEN);
	return 0;
}

/**
 * ftcp_header_write() - write a header without options
 * @hdr: FTCP_HLEN bytes
 * @sport: source port, host byte order
 * @dport: destination port, host byte order
 * @seq: sequence number
 * @ack: acknowledgement number
 * @flags: FTCP_* flags
 * @window: window field
 *
 * The checksum is left 0.
 */
void ftcp_header_write(u8 *hdr, u16 sport, u16 dport, u32 seq, u32 ack,
		       u8 flags, u16 window)
{
	ftcp_put16(hdr, sport);
	ftcp_put16(hdr + 2, dport);
	ftcp_put32(hdr + 4, seq);
	ftcp_put32(hdr + 8, ack);
	hdr[12] = FTCP_HLEN / 4 << 4;
	hdr[13] = flags;
	ftcp_put16(hdr + 14, window);
	ftcp_put32(hdr + 16, 0);	/* checksum, urgent pointer */
}

/**
 * ftcp_control_write() - write the header of a segment without payload
 * @hdr: FTCP_SYN_HLEN bytes
 * @sport: source port, host byte order
 * @dport: destination port, host byte order
 * @mss: value of the MSS option, for SYN and SYN-ACK
 * @ctl: the segment
 *
 * A SYN has the options of Linux without timestamps, in Linux's order: MSS,
 * SACK permitted, window scale.
 *
 * Return: length of the header in bytes, a multiple of 4.
 */
u32 ftcp_control_write(u8 *hdr, u16 sport, u16 dport, u16 mss,
		       const struct ftcp_control *ctl)
{
	u8 *p = hdr + FTCP_HLEN;
	u32 len;

	ftcp_header_write(hdr, sport, dport, ctl->seq, ctl->ack, ctl->flags,
			  ctl->window);
	if (!(ctl->flags & FTCP_SYN))
		return FTCP_HLEN;

	*p++ = OPT_MSS;
	*p++ = 4;
	ftcp_put16(p, mss);
	p += 2;
	*p++ = OPT_NOP;
	*p++ = OPT_NOP;
	*p++ = OPT_SACK_PERMITTED;
	*p++ = 2;
	if (ctl->wscale) {
		*p++ = OPT_NOP;
		*p++ = OPT_WSCALE;
		*p++ = 3;
		*p++ = FTCP_WSCALE;
	}
	len = (u32)(p - hdr);
	hdr[12] = (u8)(len / 4 << 4);
	return len;
}

/**
 * ftcp_reset_for() - make the RST that answers a segment of no connection
 * @seg: the segment
 * @ctl: result; flags are 0 if @seg is a RST, which is never answered
 *
 * RFC 9293, section 3.5.2, group 1.
 */
void ftcp_reset_for(const struct ftcp_segment *seg, struct ftcp_control *ctl)
{
	*ctl = (struct ftcp_control){ 0 };
	if (seg->flags & FTCP_RST)
		return;
	if (seg->flags & FTCP_ACK) {
		ctl->seq = seg->ack;
		ctl->flags = FTCP_RST;
	} else {
		ctl->ack = seg->seq + seg->len + !!(seg->flags & FTCP_SYN) +
			   !!(seg->flags & FTCP_FIN);
		ctl->flags = FTCP_RST | FTCP_ACK;
	}
}
