// SPDX-License-Identifier: GPL-2.0
/* A model of nf_conntrack's TCP tracking; see conntrack.h. */
#include "conntrack.h"
#include "segment.h"

#define MAXACKWIN	66000	/* an ACK may be that old whatever the window */

#define IV	CT_STATES	/* invalid */
#define IG	(CT_STATES + 1)	/* let through, not believed */
#define SS	CT_SYN_SENT
#define SR	CT_SYN_RECV
#define ES	CT_ESTABLISHED
#define FW	CT_FIN_WAIT
#define CW	CT_CLOSE_WAIT
#define LA	CT_LAST_ACK
#define TW	CT_TIME_WAIT
#define CL	CT_CLOSE
#define S2	CT_SYN_SENT2

/* new state by direction, kind of segment and old state */
static const u8 next_state[2][6][CT_STATES] = {
	{	/* none  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
	[CT_SYN] =	{ SS, SS, IG, IG, IG, IG, IG, SS, SS, S2 },
	[CT_SYN_ACK] =	{ IV, IV, SR, IV, IV, IV, IV, IV, IV, SR },
	[CT_FIN] =	{ IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
	[CT_ACK] =	{ IV, IV, ES, ES, CW, CW, TW, TW, CL, IV },
	[CT_RST] =	{ IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	[CT_OTHER] =	{ IV, IV, IV, IV, IV, IV, IV, IV, IV, IV },
	}, {
	[CT_SYN] =	{ IV, S2, IV, IV, IV, IV, IV, SS, IV, S2 },
	[CT_SYN_ACK] =	{ IV, SR, IG, IG, IG, IG, IG, IG, IG, SR },
	[CT_FIN] =	{ IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
	[CT_ACK] =	{ IV, IG, SR, ES, CW, CW, TW, TW, CL, IG },
	[CT_RST] =	{ IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	[CT_OTHER] =	{ IV, IV, IV, IV, IV, IV, IV, IV, IV, IV },
	},
};

static const char *const state_names[] = {
	"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
};

const char *ct_state_name(const struct conntrack *ct)
{
	return state_names[ct->state];
}

static int after(u32 a, u32 b)
{
	return ftcp_seq_diff(a, b) > 0;
}

static enum ct_kind kind_of(const struct ftcp_segment *seg)
{
	if (seg->flags & FTCP_RST)
		return CT_RST;
	if (seg->flags & FTCP_SYN)
		return seg->flags & FTCP_ACK ? CT_SYN_ACK : CT_SYN;
	if (seg->flags & FTCP_FIN)
		return CT_FIN;
	return seg->flags & FTCP_ACK ? CT_ACK : CT_OTHER;
}

static int legal_flags(u8 flags)
{
	switch (flags & ~FTCP_PSH) {
	case FTCP_SYN:
	case FTCP_SYN | FTCP_ACK:
	case FTCP_RST:
	case FTCP_RST | FTCP_ACK:
	case FTCP_FIN | FTCP_ACK:
	case FTCP_ACK:
		return 1;
	default:
		return 0;
	}
}

static u32 end_of(const struct ftcp_segment *seg)
{
	return seg->seq + seg->len + !!(seg->flags & FTCP_SYN) +
	       !!(seg->flags & FTCP_FIN);
}

static void learn_scale(struct ct_side *side, const struct ftcp_segment *seg)
{
	if (seg->hlen == FTCP_HLEN)
		return;
	side->has_scale = seg->wscale != FTCP_NO_WSCALE;
	side->scale = side->has_scale ? seg->wscale : 0;
}

static void init_sender(struct ct_side *sender, struct ct_side *receiver,
			const struct ftcp_segment *seg, int dir)
{
	sender->end = end_of(seg);
	sender->maxend = sender->end;
	sender->maxwin = seg->window ? seg->window : 1;
	learn_scale(sender, seg);
	if (dir && !(sender->has_scale && receiver->has_scale)) {
		sender->scale = 0;
		receiver->scale = 0;
	}
}

static enum ct_verdict verdict(struct conntrack *ct, enum ct_verdict v,
			       const char *why)
{
	ct->why = why;
	return v;
}

/* The four conditions; numbers are learnt from what meets them. */
static enum ct_verdict in_window(struct conntrack *ct, int dir,
				 enum ct_kind kind,
				 const struct ftcp_segment *seg)
{
	struct ct_side *sender = &ct->side[dir], *receiver = &ct->side[!dir];
	u32 seq = seg->seq, ack = seg->ack, end = end_of(seg), win = seg->window;
	u32 oldest_ack, maxackwin;
	int in_recv_win;

	if (!sender->maxwin) {
		if (seg->flags & FTCP_SYN) {
			init_sender(sender, receiver, seg, dir);
			if (!(seg->flags & FTCP_ACK))
				return CT_ACCEPT;
		} else {
			u32 swin = win << sender->scale;

			sender->end = end;
			sender->maxwin = swin ? swin : 1;
			sender->maxend = end + sender->maxwin;
			if (!receiver->maxwin) {
				receiver->end = ack;
				receiver->maxend = ack;
			} else if (ack == receiver->end + 1) {
				receiver->end++;
			}
		}
	} else if ((seg->flags & FTCP_SYN) && after(end, sender->end) &&
		   (ct->state == CT_SYN_SENT || ct->state == CT_SYN_RECV)) {
		init_sender(sender, receiver, seg, dir);
		if (dir && !(seg->flags & FTCP_ACK))
			return CT_ACCEPT;
	}

	if (!(seg->flags & FTCP_ACK) || ((seg->flags & FTCP_RST) && !ack))
		ack = receiver->end;
	if ((seg->flags & FTCP_RST) && !seq && ct->state == CT_SYN_SENT)
		seq = end = sender->end;

	maxackwin = sender->maxwin > MAXACKWIN ? sender->maxwin : MAXACKWIN;
	oldest_ack = receiver->end - maxackwin - 1;
	if (after(seq, sender->maxend)) {
		u32 overshot = end - sender->maxend + 1;

		if (receiver->maxwin &&
		    after(end, sender->end - receiver->maxwin - 1) &&
		    after(ack, oldest_ack) && overshot <= receiver->maxwin &&
		    !after(ack, receiver->end)) {
			sender->end = end;
			return verdict(ct, CT_IGNORE, "a little over the window");
		}
		return verdict(ct, CT_INVALID, "over the receiver's window");
	}
	if (after(ack, receiver->end))
		return verdict(ct, CT_INVALID, "acknowledges what was not seen");
	in_recv_win = !receiver->maxwin ||
		      after(end, sender->end - receiver->maxwin - 1);
	if (!in_recv_win)
		return verdict(ct, CT_IGNORE, "under the receiver's window");
	if (!after(ack, oldest_ack))
		return verdict(ct, CT_IGNORE, "acknowledgement too old");

	if (!(seg->flags & FTCP_SYN))
		win <<= sender->scale;
	if (sender->maxwin < win)
		sender->maxwin = win;
	if (after(end, sender->end))
		sender->end = end;
	if ((seg->flags & FTCP_ACK) &&
	    (!sender->has_maxack || after(ack, sender->maxack))) {
		sender->has_maxack = 1;
		sender->maxack = ack;
	}
	if (receiver->maxwin && after(end, sender->maxend))
		receiver->maxwin += end - sender->maxend;
	if (after(ack + win, receiver->maxend - 1)) {
		receiver->maxend = ack + win;
		if (!win)
			receiver->maxend++;
	}

	if (kind == CT_ACK) {
		ct->last_dir = (u8)dir;
		ct->last_seq = seq;
		ct->last_ack = ack;
		ct->last_end = end;
		ct->last_win = seg->window;
	}
	return CT_ACCEPT;
}

/* A SYN, SYN-ACK or ACK that may show that the entry is out of date.  Returns
 * whether it is a SYN-ACK that proves so.
 */
static int annotate(struct conntrack *ct, int dir, enum ct_kind kind,
		    const struct ftcp_segment *seg)
{
	if (kind == CT_SYN_ACK && ct->last_kind == CT_SYN &&
	    ct->last_dir != dir && seg->ack == ct->last_end) {
		struct ct_side *syn = &ct->side[ct->last_dir];

		syn->end = ct->last_end;
		syn->maxend = ct->last_end;
		syn->maxwin = ct->last_win ? ct->last_win : 1;
		syn->scale = ct->last_scale;
		syn->has_scale = ct->last_has_scale;
		syn->has_maxack = 0;
		syn->closed_first = 0;
		ct->side[dir] = (struct ct_side){ 0 };
		return 1;
	}
	if (ct->state == CT_SYN_SENT && kind == CT_ACK && dir)
		ct->last_ack = seg->ack;
	ct->last_kind = (u8)kind;
	ct->last_dir = (u8)dir;
	ct->last_seq = seg->seq;
	ct->last_end = end_of(seg);
	ct->last_win = seg->window;
	if (kind == CT_SYN && !dir) {
		ct->last_has_scale = seg->wscale != FTCP_NO_WSCALE;
		ct->last_scale = ct->last_has_scale ? seg->wscale : 0;
	}
	return 0;
}

enum rst_verdict { RST_INVALID, RST_CHECK, RST_KEEP, RST_SURE };

static enum rst_verdict judge_rst(const struct conntrack *ct, int dir,
				  const struct ftcp_segment *seg)
{
	const struct ct_side *receiver = &ct->side[!dir];
	int established = ct->state == CT_ESTABLISHED;
	enum rst_verdict v = RST_CHECK;

	if (ct->state == CT_FIN_WAIT || ct->state == CT_LAST_ACK ||
	    ct->state == CT_TIME_WAIT || ct->state == CT_CLOSE ||
	    ct->state == CT_CLOSE_WAIT)
		return RST_SURE;
	if (receiver->has_maxack && ct->last_kind != CT_SYN) {
		if (!seg->seq && !established)
			return RST_CHECK;
		if (after(receiver->maxack, seg->seq))
			return RST_INVALID;
		if (!established || seg->seq == receiver->maxack)
			return RST_CHECK;
		if (ct->last_kind == CT_ACK && ct->last_dir == dir &&
		    seg->seq == ct->last_end)
			return RST_CHECK;
		v = RST_KEEP;
	}
	if (((ct->seen_reply && ct->last_kind == CT_SYN &&
	      ct->last_dir != dir) ||
	     (!ct->assured && ct->last_kind == CT_ACK)) &&
	    seg->ack == ct->last_end)
		return RST_SURE;
	if (ct->state == CT_SYN_SENT && ct->last_kind == CT_ACK &&
	    ct->last_dir && seg->seq == ct->last_ack)
		return RST_SURE;
	return v;
}

static void new_entry(struct conntrack *ct, int from,
		      const struct ftcp_segment *seg)
{
	struct ct_side *side = &ct->side[0];

	*ct = (struct conntrack){
		.original = (u8)from,
		.last_kind = CT_OTHER,
		.accepted = ct->accepted,
		.ignored = ct->ignored,
		.invalid = ct->invalid,
		.why = ct->why,
	};
	side->end = end_of(seg);
	side->maxend = side->end;
	side->maxwin = seg->window ? seg->window : 1;
	learn_scale(side, seg);
}

static enum ct_verdict see(struct conntrack *ct, int from,
			   const struct ftcp_segment *seg)
{
	enum ct_kind kind = kind_of(seg);
	enum ct_verdict v;
	u8 old, new;
	int dir;

	if (!legal_flags(seg->flags))
		return verdict(ct, CT_INVALID, "combination of flags");
again:
	if (ct->state == CT_NONE) {
		if (kind != CT_SYN)
			return verdict(ct, CT_INVALID, "no entry");
		new_entry(ct, from, seg);
	}
	dir = from != ct->original;
	old = ct->state;
	new = next_state[dir][kind][old];

	if (new == CT_SYN_SENT && old >= CT_TIME_WAIT &&
	    (ct->side[0].closed_first || ct->side[1].closed_first ||
	     (ct->last_dir == dir && ct->last_kind == CT_RST))) {
		ct->state = CT_NONE;
		goto again;
	}
	if (new == IG || (new == CT_SYN_SENT && old >= CT_TIME_WAIT)) {
		if (!annotate(ct, dir, kind, seg))
			return verdict(ct, CT_IGNORE, "entry may be out of date");
		ct->state = CT_SYN_SENT;
		old = CT_SYN_SENT;
		new = CT_SYN_RECV;
	}
	if (new == IV)
		return verdict(ct, CT_INVALID, "does not fit the state");
	if (new == CT_SYN_SENT2)
		ct->simultaneous = 1;
	if (new == CT_SYN_RECV && dir && kind == CT_ACK && ct->simultaneous)
		new = CT_ESTABLISHED;

	v = CT_ACCEPT;
	if (kind == CT_RST) {
		enum rst_verdict rst = judge_rst(ct, dir, seg);

		if (rst == RST_INVALID)
			return verdict(ct, CT_INVALID, "RST before what was acknowledged");
		if (rst == RST_KEEP)
			new = old;
		if (rst != RST_SURE)
			v = in_window(ct, dir, kind, seg);
	} else {
		v = in_window(ct, dir, kind, seg);
	}
	if (v != CT_ACCEPT)
		return v;

	ct->last_kind = (u8)kind;
	ct->last_dir = (u8)dir;
	ct->state = new;
	if (old != new && new == CT_FIN_WAIT)
		ct->side[dir].closed_first = 1;
	if (dir && kind == CT_RST && !ct->seen_reply) {
		ct->state = CT_NONE;	/* refused: nothing to remember */
		return CT_ACCEPT;
	}
	if (ct->seen_reply && new == CT_ESTABLISHED &&
	    (old == CT_SYN_RECV || old == CT_ESTABLISHED))
		ct->assured = 1;
	if (dir)
		ct->seen_reply = 1;
	return CT_ACCEPT;
}

/**
 * ct_see() - a segment passes
 * @ct: entry; all zero before the first segment
 * @from: the end that sent it, 0 or 1
 * @hdr: the header
 * @avail: bytes at @hdr
 * @total: length of header and payload
 */
enum ct_verdict ct_see(struct conntrack *ct, int from, const u8 *hdr,
		       u32 avail, u32 total)
{
	struct ftcp_segment seg;
	enum ct_verdict v;

	if (ftcp_segment_read(&seg, hdr, avail, total))
		v = verdict(ct, CT_INVALID, "malformed");
	else
		v = see(ct, from, &seg);
	if (v == CT_ACCEPT)
		ct->accepted++;
	else if (v == CT_IGNORE)
		ct->ignored++;
	else
		ct->invalid++;
	return v;
}
