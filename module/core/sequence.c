// SPDX-License-Identifier: GPL-2.0
/*
 * Which sequence and acknowledgement numbers are plausible, and how far what is
 * expected next follows a segment that may be forged; see the constants in
 * conn.h.
 *
 * Everything is measured by where the numbers were one to two seconds ago.
 */
#include "internal.h"

/* How far ahead is explained by what comes at the rate of late. */
static void set_near(struct ftcp_conn *c)
{
	s32 came = ftcp_seq_diff(ftcp_load(c->rcv_nxt), c->rcv_past);

	if (came < 0)
		came = 0;
	ftcp_store(c->seq_near, came < FTCP_SEQ_NEAR - FTCP_SEQ_HOLE ?
					(u32)came + FTCP_SEQ_HOLE :
					FTCP_SEQ_NEAR);
}

/**
 * ftcp_sequence_begin() - numbers are judged from now on
 * @c: connection; @snd_una is set
 * @seq: the first sequence number of the far end's data
 * @now: present time, ms
 */
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

/* Segments that arrive, and none of which advances rcv_nxt, say that the far end
 * never sent what took rcv_nxt so far ahead: it was forged.  To go on to
 * acknowledge that would have all that we send refused.  They may as well have been
 * overtaken by the last of a burst, and then the far end's probes stand before what
 * we acknowledge from now on.
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

/**
 * ftcp_sequence_move() - what is measured by moves on
 * @c: connection
 * @now: present time, ms
 *
 * To be called whenever the connection is looked at.
 *
 * Return: 1 if FTCP_BEHIND_TIME had passed since it last did; else 0.
 */
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

/* Whether @number is no older than what was overtaken can be, when @past was
 * expected a second ago and @present is now.
 */
static int recent(u32 number, u32 past, u32 present)
{
	s32 way = ftcp_seq_diff(present, past);

	if (way < 0 || way > FTCP_BEHIND_MAX)
		way = FTCP_BEHIND_MAX;
	return ftcp_seq_diff(number, present) >= -way - FTCP_BEHIND;
}

/**
 * ftcp_sequence_ack_plausible() - judge an acknowledgement number
 * @c: connection
 * @ack: the number
 *
 * Return: 1 if it acknowledges nothing that was not sent, and is no older than
 * what was overtaken can be; else 0.
 */
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

/**
 * ftcp_sequence_far_ahead() - whether a plausible segment does not count at once
 * @c: connection
 * @seg: a segment with payload
 * @now: present time, ms
 *
 * A segment far ahead may be forged.  It is delivered, as any that may be genuine,
 * but to acknowledge what the far end never sent would have all that we send
 * refused.  So rcv_nxt follows only when time has passed in which others came from
 * there, or none, and none from where it is: see ftcp_sequence_settle().
 *
 * Return: 1 if it is, and rcv_nxt has to stay; else 0.
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

/**
 * ftcp_sequence_settle() - follow a segment that was far ahead, if it is time
 * @c: connection
 * @now: present time, ms
 */
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

/**
 * ftcp_sequence_late() - a segment does not advance rcv_nxt
 * @c: connection
 * @end: where it ends
 *
 * Enough of them speak against rcv_nxt: see take_back().
 */
void ftcp_sequence_late(struct ftcp_conn *c, u32 end)
{
	if (!c->late || ftcp_seq_diff(end, c->late_end) > 0)
		c->late_end = end;
	if (c->late < FTCP_LATE)
		c->late++;
}

/**
 * ftcp_sequence_where() - an acknowledgement tells where the far end is
 * @c: connection
 * @seq: its sequence number
 *
 * But for keepalive probes, which stand just before what was acknowledged.
 */
void ftcp_sequence_where(struct ftcp_conn *c, u32 seq)
{
	s32 d = ftcp_seq_diff(seq, ftcp_load(c->rcv_nxt));

	if (d >= 0 && c->jump_at && ftcp_seq_diff(seq, c->jump_end) < 0)
		c->jump_at = 0;
	else if (d < 0 && seq + 1 != ftcp_load(c->ack_adv))
		ftcp_sequence_late(c, seq);
}

/**
 * ftcp_sequence_plausible() - judge the sequence number of a segment
 * @c: connection
 * @seg: the segment
 * @now: present time, ms
 *
 * After a pause a large part of all sequence numbers is plausible.  What makes
 * use of that has to acknowledge no less than the far end did before.
 *
 * Return: 1 if the number is plausible; else 0.
 */
int ftcp_sequence_plausible(const struct ftcp_conn *c,
			    const struct ftcp_segment *seg, u64 now)
{
	u32 rcv_nxt = ftcp_load(c->rcv_nxt);
	s32 d = ftcp_seq_diff(seg->seq, rcv_nxt);
	u64 rx = ftcp_load(c->rx.last), ahead = FTCP_SEQ_AHEAD_MAX;
	u64 silent = now > rx ? now - rx : 0;	/* rx: of another processor */

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
