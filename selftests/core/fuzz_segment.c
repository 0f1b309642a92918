// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a header: nothing is read beyond what may be read, what is
 * found is within bounds, and what is written from it is read back the same.
 */
#include <string.h>

#include "fuzz.h"
#include "segment.h"

static void check_reset(const struct ftcp_segment *seg)
{
	struct ftcp_control ctl;

	ftcp_reset_for(seg, &ctl);
	if (seg->flags & FTCP_RST) {
		MUST(!ctl.flags);
		return;
	}
	MUST(ctl.flags == FTCP_RST || ctl.flags == (FTCP_RST | FTCP_ACK));
	MUST(ctl.flags & FTCP_ACK ? !ctl.seq : ctl.seq == seg->ack);
}

static void check_round_trip(const struct ftcp_segment *seg)
{
	struct ftcp_control ctl = {
		.seq = seg->seq, .ack = seg->ack, .window = seg->window,
		.flags = seg->flags, .wscale = seg->wscale != FTCP_NO_WSCALE,
	};
	u8 hdr[FTCP_SYN_HLEN];
	struct ftcp_segment again;
	u32 hlen = ftcp_control_write(hdr, seg->sport, seg->dport, seg->mss,
				      &ctl);

	MUST(hlen >= FTCP_HLEN && hlen <= FTCP_SYN_HLEN && hlen % 4 == 0);
	MUST(!ftcp_segment_read(&again, hdr, hlen, hlen + seg->len));
	MUST(again.seq == seg->seq && again.ack == seg->ack);
	MUST(again.sport == seg->sport && again.dport == seg->dport);
	MUST(again.window == seg->window && again.flags == seg->flags);
	MUST(again.len == seg->len && again.hlen == hlen);
	MUST(again.mss == seg->mss);
	if (ctl.wscale)
		MUST(again.wscale == FTCP_WSCALE);
	else
		MUST(again.wscale == FTCP_NO_WSCALE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 avail = (u32)size, total, i;
	struct ftcp_segment seg, other;
	u8 *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	/* a block that ends where the header may end */
	if (size)
		memcpy(copy, data, size);
	for (i = 0; i < 4; i++) {
		total = i == 0 ? avail : i == 1 ? avail / 2 :
			i == 2 ? avail + 1400 : 0xffffffff;
		memset(&seg, 0xaa, sizeof(seg));
		if (ftcp_segment_read(&seg, copy, avail, total))
			continue;
		MUST(seg.hlen >= FTCP_HLEN && seg.hlen <= FTCP_HLEN_MAX);
		MUST(seg.hlen <= avail && seg.hlen <= total);
		MUST(seg.len == total - seg.hlen);
		MUST(!(seg.flags & ~0x1f));
		MUST(seg.wscale <= FTCP_WSCALE || seg.wscale == FTCP_NO_WSCALE);
		if (!(seg.flags & FTCP_SYN))
			MUST(!seg.mss && seg.wscale == FTCP_NO_WSCALE);
		/* what follows the header does not matter */
		MUST(!ftcp_segment_read(&other, copy, seg.hlen, total));
		MUST(!memcmp(&other.seq, &seg.seq, 12));
		MUST(other.mss == seg.mss && other.wscale == seg.wscale);
		check_reset(&seg);
		if (total != 0xffffffff)
			check_round_trip(&seg);
	}
	free(copy);
	return 0;
}
