// SPDX-License-Identifier: GPL-2.0
/*
 * Which sequence and acknowledgement numbers are plausible, and how rcv_nxt
 * follows segments that may be forged; see the constants in conn.h.
 *
 * Numbers are compared with those of one to two seconds ago.
 */
#include "internal.h"

/* How far ahead a segment may be at the present rate */
static void set_near(struct ftcp_conn *c)
{
	s32 came = ftcp_seq_diff(ftcp_load(c->rcv_nxt), c->rcv_past);

	if (came < 0)
		came = 0;
	ftcp_store(c->seq_near, came < FTCP_SEQ_NEAR - FTCP_SEQ_HOLE ?
					(u32)came + FTCP_SEQ_HOLE :
					FTCP_SEQ_NEAR);
}

/* Start to judge; @seq: where the far end's data begins.  snd_una is set. */
void ftcp_sequence_begin(struct ftcp_conn *c, u32 seq, u64 now)
{
	ftcp_store(c->rcv_nxt, seq);
	ftcp_store(c->seq_near, FTCP_SEQ_HOLE);
	ftcp_store(c->ack_adv, seq);
	c->una_past = c->snd_una;
	c->una_mark = c->snd_una;
	c->rcv_past = seq;
	c->rcv_mark = seq;
	c->past_at = now + FTCP_BEHIND_TIME;
}

/* If segments come and none advances rcv_nxt, a forged one took it too far.
 * The far end rejects everything from us while we acknowledge what it never
 * sent, so take rcv_nxt back.  If the end of a burst only overtook them, the
 * far end's probes are not below ack_adv now: taken_back has them answered all
 * the same.
 */
static void take_back(struct ftcp_conn *c)
{
	if (ftcp_load(c->rcv_nxt) != c->rcv_mark) {
		c->late = 0;
		c->taken_back = 0;
	} else if (c->late >= FTCP_LATE) {
		ftcp_store(c->rcv_nxt, c->late_end);
		if (ftcp_seq_diff(ftcp_load(c->ack_adv), c->late_end) > 0)
			ftcp_store(c->ack_adv, c->late_end);
		c->late = 0;
		c->taken_back = 1;
	}
}

/* Update the reference values, if FTCP_BEHIND_TIME has passed, and return 1. */
int ftcp_sequence_move(struct ftcp_conn *c, u64 now)
{
	if (now < c->past_at)
		return 0;
	take_back(c);
	c->past_at = now + FTCP_BEHIND_TIME;
	c->una_past = c->una_mark;
	c->una_mark = ftcp_load(c->snd_una);
	c->rcv_past = c->rcv_mark;
	c->rcv_mark = ftcp_load(c->rcv_nxt);
	set_near(c);
	return 1;
}

/* Whether reordering explains how old @number is, if the expected one was @past
 * a second ago and is @present now
 */
static int recent(u32 number, u32 past, u32 present)
{
	s32 way = ftcp_seq_diff(present, past);

	if (way < 0 || way > FTCP_BEHIND_MAX)
		way = FTCP_BEHIND_MAX;
	return ftcp_seq_diff(number, present) >= -way - FTCP_BEHIND;
}

/* Whether @ack acknowledges only what was sent, and is not too old */
int ftcp_sequence_ack_plausible(const struct ftcp_conn *c, u32 ack)
{
	return ftcp_seq_diff(ack, ftcp_load(c->snd_nxt)) <= 0 &&
	       recent(ack, c->una_past, ftcp_load(c->snd_una));
}

static int around_jump(const struct ftcp_conn *c, u32 seq)
{
	s32 d = ftcp_seq_diff(seq, c->jump_end);

	return d >= -FTCP_SEQ_AHEAD && d <= FTCP_SEQ_AHEAD;
}

/* Whether a segment with payload is too far ahead for rcv_nxt to follow now.
 *
 * It is delivered, as it is plausible, but it may be forged: the far end would
 * reject everything from us if we acknowledged what it never sent.  So rcv_nxt
 * follows after FTCP_JUMP_TIME, if nothing came meanwhile from where it is.
 */
int ftcp_sequence_far_ahead(struct ftcp_conn *c, const struct ftcp_segment *seg,
			    u64 now)
{
	u32 rcv_nxt = ftcp_load(c->rcv_nxt), end = seg->seq + seg->len;

	set_near(c);
	if (ftcp_seq_diff(seg->seq, rcv_nxt) <= (s32)c->seq_near)
		return 0;
	if (!c->jump_at || c->jump_from != rcv_nxt ||
	    !around_jump(c, seg->seq)) {
		c->jump_at = now + FTCP_JUMP_TIME;
		c->jump_from = rcv_nxt;
		c->jump_end = end;
	} else if (ftcp_seq_diff(end, c->jump_end) > 0) {
		c->jump_end = end;
	}
	return 1;
}

/* Let rcv_nxt follow a jump that is confirmed. */
void ftcp_sequence_settle(struct ftcp_conn *c, u64 now)
{
	if (!c->jump_at || now < c->jump_at)
		return;
	if (ftcp_load(c->rcv_nxt) == c->jump_from) {
		ftcp_store(c->rcv_nxt, c->jump_end);
		ftcp_store(c->ack_at, now);
	}
	c->jump_at = 0;
}

/* Note that a segment did not advance rcv_nxt, see take_back(). */
void ftcp_sequence_late(struct ftcp_conn *c, u32 end)
{
	if (!c->late || ftcp_seq_diff(end, c->late_end) > 0)
		c->late_end = end;
	if (c->late < FTCP_LATE)
		c->late++;
}

/* Learn from an ACK where the far end is.  A keepalive probe does not tell: it
 * has the number before the one we acknowledged.
 */
void ftcp_sequence_where(struct ftcp_conn *c, u32 seq)
{
	s32 d = ftcp_seq_diff(seq, ftcp_load(c->rcv_nxt));

	if (d >= 0 && c->jump_at && ftcp_seq_diff(seq, c->jump_end) < 0)
		c->jump_at = 0;
	else if (d < 0 && seq + 1 != ftcp_load(c->ack_adv))
		ftcp_sequence_late(c, seq);
}

/* Whether the sequence number is plausible.  Many are after a pause, so a
 * segment far ahead must not acknowledge less than earlier ones.
 */
int ftcp_sequence_plausible(const struct ftcp_conn *c,
			    const struct ftcp_segment *seg, u64 now)
{
	u32 rcv_nxt = ftcp_load(c->rcv_nxt);
	s32 d = ftcp_seq_diff(seg->seq, rcv_nxt);
	u64 rx = ftcp_load(c->rx.last), ahead = FTCP_SEQ_AHEAD_MAX;
	u64 silent = now > rx ? now - rx : 0;	/* rx: of another CPU */

	if (c->jump_at && around_jump(c, seg->seq))
		return 1;
	if (silent < FTCP_SEQ_AHEAD_MAX / FTCP_SEQ_AHEAD_PER_MS)
		ahead = FTCP_SEQ_AHEAD + silent * FTCP_SEQ_AHEAD_PER_MS;
	if (ahead > FTCP_SEQ_AHEAD_MAX)
		ahead = FTCP_SEQ_AHEAD_MAX;
	if (d > FTCP_SEQ_NEAR &&
	    ftcp_seq_diff(seg->ack, ftcp_load(c->snd_una)) < 0)
		return 0;
	return d <= (s32)ahead && recent(seg->seq, c->rcv_past, rcv_nxt);
}
