// SPDX-License-Identifier: GPL-2.0
/*
 * Any sequence of segments, timers, sends and closes on one connection, against
 * what always holds.
 *
 * A segment's numbers are as random as the input, or derived from those of the
 * connection, so that deep states are reached.
 */
#include <string.h>

#include "conn.h"
#include "fuzz.h"

static struct ftcp_conn c;
static u64 now;
static u32 next;		/* where the next segment has to begin */
static u64 challenged;		/* when the last challenge was sent */
static int any_challenge;

static int synchronized(u8 state)
{
	return state == FTCP_ESTABLISHED || state == FTCP_FIN_WAIT ||
	       state == FTCP_LAST_ACK;
}

/* ---- what holds at any time ---- */

static void check_numbers(void)
{
	MUST(c.state <= FTCP_LAST_ACK);
	MUST(c.snd_nxt == next);
	MUST(ftcp_seq_diff(c.snd_una, c.snd_nxt) <= 0);
	if (c.state != FTCP_SYN_SENT)
		MUST(ftcp_seq_diff(c.ack_adv, c.rcv_nxt) <= 0);
	if (synchronized(c.state)) {
		MUST(c.ack_step >= FTCP_ACK_STEP_FIRST);
		MUST(c.ack_step <= (c.wscale ? FTCP_ACK_STEP :
					       FTCP_ACK_STEP_FIRST));
	}
	MUST(c.health.probes <= c.config.health.probes ||
	     c.config.health.renewable);
	MUST(c.tries <= FTCP_SYN_TRIES);
}

/* Nothing happens before the deadline, and something does when it is there. */
static void check_deadline(void)
{
	u64 at = ftcp_conn_deadline(&c, now);
	struct ftcp_conn copy = c;
	struct ftcp_result res;

	if (c.state == FTCP_CLOSED) {
		MUST(!at);
		ftcp_conn_timer(&copy, now, &res);
		MUST(!res.control.flags && !res.event);
		return;
	}
	MUST(at);
	if (at > now) {
		ftcp_conn_timer(&copy, at - 1, &res);
		MUST(!res.control.flags && !res.event);
		MUST(copy.state == c.state);
		copy = c;
	} else {
		at = now;
	}
	ftcp_conn_timer(&copy, at, &res);
	MUST(res.control.flags || res.event ||
	     ftcp_conn_deadline(&copy, at) > at);
	if (copy.state != FTCP_CLOSED)
		MUST(ftcp_conn_deadline(&copy, at) > at);
}

/* ---- what holds for each call ---- */

static const u8 transitions[6][6] = {
	[FTCP_CLOSED] = { [FTCP_CLOSED] = 1 },
	[FTCP_SYN_SENT] = { [FTCP_CLOSED] = 1, [FTCP_SYN_SENT] = 1,
			    [FTCP_SYN_RECEIVED] = 1, [FTCP_ESTABLISHED] = 1 },
	[FTCP_SYN_RECEIVED] = { [FTCP_CLOSED] = 1, [FTCP_SYN_SENT] = 1,
				[FTCP_SYN_RECEIVED] = 1, [FTCP_ESTABLISHED] = 1 },
	[FTCP_ESTABLISHED] = { [FTCP_CLOSED] = 1, [FTCP_ESTABLISHED] = 1,
			       [FTCP_FIN_WAIT] = 1, [FTCP_LAST_ACK] = 1 },
	[FTCP_FIN_WAIT] = { [FTCP_CLOSED] = 1, [FTCP_FIN_WAIT] = 1 },
	[FTCP_LAST_ACK] = { [FTCP_CLOSED] = 1, [FTCP_LAST_ACK] = 1 },
};

static void check_event(u8 before, enum ftcp_event event)
{
	MUST(transitions[before][c.state]);
	if (event == FTCP_EV_ESTABLISHED)
		MUST(before != FTCP_ESTABLISHED && c.state == FTCP_ESTABLISHED);
	else
		MUST(c.state == before || c.state != FTCP_ESTABLISHED);
	MUST((event == FTCP_EV_PEER_CLOSED) ==
	     (before == FTCP_ESTABLISHED && c.state == FTCP_LAST_ACK));
	MUST(event != FTCP_EV_RENEW ||
	     (c.config.health.renewable && c.health.renewing &&
	      c.state == FTCP_ESTABLISHED));
	MUST((event >= FTCP_EV_CLOSED) ==
	     (before != FTCP_CLOSED && c.state == FTCP_CLOSED));
}

static void check_control(const struct ftcp_conn *before,
			  const struct ftcp_control *ctl,
			  const struct ftcp_segment *seg)
{
	if (!ctl->flags)
		return;
	MUST(before->state != FTCP_CLOSED);
	if (seg && (seg->flags & FTCP_RST))	/* but dial anew with 0, or a challenge */
		MUST((ctl->flags == FTCP_SYN && before->iss && !ctl->seq) ||
		     (ctl->flags == FTCP_ACK && synchronized(before->state)));

	switch (ctl->flags) {
	case FTCP_SYN:
		MUST(c.state == FTCP_SYN_SENT);
		MUST(ctl->seq == c.iss && !ctl->ack && ctl->wscale);
		MUST(ctl->window == FTCP_SYN_WINDOW);
		break;
	case FTCP_SYN | FTCP_ACK:
		MUST(c.state == FTCP_SYN_RECEIVED);
		MUST(ctl->seq == c.iss && ctl->ack == c.rcv_nxt);
		MUST(ctl->window == FTCP_SYN_WINDOW);
		break;
	case FTCP_ACK:
		MUST(synchronized(c.state) || before->state == FTCP_FIN_WAIT);
		MUST(ctl->ack == c.rcv_nxt && ctl->ack == c.ack_adv);
		MUST(ctl->seq == c.snd_nxt || ctl->seq == c.snd_una - 1);
		MUST(ctl->window == FTCP_WINDOW && !c.ack_at);
		break;
	case FTCP_FIN | FTCP_ACK:
		MUST(c.state == FTCP_FIN_WAIT || c.state == FTCP_LAST_ACK);
		MUST(ctl->seq == c.fin_seq && ctl->ack == c.rcv_nxt);
		break;
	case FTCP_RST:
		MUST(c.state == FTCP_SYN_SENT && seg && ctl->seq == seg->ack);
		break;
	case FTCP_RST | FTCP_ACK:
		MUST(c.state == FTCP_CLOSED && !seg);
		MUST(ctl->seq == c.snd_nxt || ctl->seq == c.fin_seq + 1);
		MUST(ctl->ack == c.rcv_nxt);
		break;
	default:
		MUST(0);
	}
}

static void check_call(const struct ftcp_conn *before,
		       const struct ftcp_result *res,
		       const struct ftcp_segment *seg)
{
	check_event(before->state, res->event);
	/* a FIN takes a number, and dialling anew begins anew */
	if (before->state == FTCP_ESTABLISHED && c.state > FTCP_ESTABLISHED)
		next++;
	if (before->state == FTCP_SYN_SENT && before->iss && !c.iss)
		next = 1;
	check_control(before, &res->control, seg);
	check_numbers();
	check_deadline();
}

/* ---- what can happen ---- */

static void check_refused(const struct ftcp_conn *before)
{
	MUST(c.state == before->state);
	MUST(c.rcv_nxt == before->rcv_nxt || before->jump_at);
	MUST(c.snd_una == before->snd_una && c.rx.last == before->rx.last);
	MUST(c.rx.data == before->rx.data);
}

static void check_challenge(const struct ftcp_conn *before,
			    const struct ftcp_result *res)
{
	if (res->control.flags != FTCP_ACK || res->event ||
	    res->verdict == FTCP_OK || !synchronized(before->state))
		return;
	if (c.answer_at != before->answer_at) {	/* to a probe */
		MUST(now >= before->answer_at);
		return;
	}
	MUST(!any_challenge || now >= challenged + FTCP_CHALLENGE_GAP);
	challenged = now;
	any_challenge = 1;
}

static void check_fast(const struct ftcp_conn *before,
		       const struct ftcp_segment *seg, struct ftcp_conn *fast,
		       enum ftcp_fast taken, const struct ftcp_result *res)
{
	if (taken == FTCP_FAST_NO ||
	    (before->jump_at && now >= before->jump_at))
		return;
	MUST(res->verdict == FTCP_OK && !res->control.flags && !res->event);
	MUST(seg->len && c.state == FTCP_ESTABLISHED);
	MUST(fast->state == c.state && fast->snd_nxt == c.snd_nxt);
	MUST(fast->rcv_nxt == c.rcv_nxt && fast->snd_una == c.snd_una);
	MUST(fast->ack_adv == c.ack_adv && fast->ack_at == c.ack_at);
	MUST(fast->rx.last == c.rx.last && fast->rx.data == c.rx.data);
}

static void receive(const struct ftcp_segment *seg)
{
	struct ftcp_conn before = c, fast = c;
	enum ftcp_fast taken = ftcp_conn_receive_fast(&fast, seg, now);
	struct ftcp_result res;

	memset(&res, 0xaa, sizeof(res));
	ftcp_conn_receive(&c, seg, now, &res);
	check_call(&before, &res, seg);
	check_fast(&before, seg, &fast, taken, &res);
	check_challenge(&before, &res);
	MUST(res.verdict <= FTCP_BAD_STATE);
	if (res.verdict == FTCP_OK)
		MUST(seg->len && (seg->flags & FTCP_ACK) &&
		     !(seg->flags & (FTCP_SYN | FTCP_RST)));
	else if (res.verdict != FTCP_CONTROL)
		check_refused(&before);
	/* go on from either, they are the same where it matters */
	if (taken != FTCP_FAST_NO && (seg->seq & 1))
		c = fast;
}

static void timer(void)
{
	struct ftcp_conn before = c;
	struct ftcp_result res;

	memset(&res, 0xaa, sizeof(res));
	ftcp_conn_timer(&c, now, &res);
	check_call(&before, &res, NULL);
}

static void send(u32 len, int burst)
{
	struct ftcp_data d = { 0 };
	u8 state = c.state;

	if (ftcp_conn_send(&c, len, now, burst, &d)) {
		MUST(state == FTCP_ESTABLISHED);
		MUST(d.seq == next && d.ack == c.ack_adv);
		MUST((d.flags & ~FTCP_PSH) == FTCP_ACK);
		next += len;
	}
	check_numbers();
	check_deadline();
}

static void end(int at_once)
{
	struct ftcp_conn before = c;
	struct ftcp_result res;

	memset(&res, 0xaa, sizeof(res));
	if (at_once)
		ftcp_conn_abort(&c, &res);
	else
		ftcp_conn_close(&c, now, &res);
	if (at_once)
		MUST(c.state == FTCP_CLOSED);
	check_call(&before, &res, NULL);
}

/* What the owner does of itself. */
static void own(struct input *in)
{
	struct ftcp_conn before = c, standby = c;
	struct ftcp_result res;

	memset(&res, 0xaa, sizeof(res));
	switch (take8(in) & 7) {
	case 0:
		end(1);
		return;
	case 1:
		ftcp_conn_suspect(&c, now);
		break;
	case 2:
		MUST(!ftcp_conn_renew(&c, now) ||
		     (c.config.health.renewable && !before.health.renewing));
		break;
	case 3:
		ftcp_conn_renew_failed(&c, take8(in) & 1, now + take16(in),
				       &res);
		check_call(&before, &res, NULL);
		return;
	case 4:
		ftcp_conn_retire(&c, &standby, now);
		break;
	default:
		end(0);
		return;
	}
	MUST(c.state == before.state);
	check_numbers();
	check_deadline();
}

/* ---- input ---- */

static s32 offset(struct input *in)
{
	u8 kind = take8(in);
	s32 sign = kind & 1 ? -1 : 1;

	switch (kind >> 1 & 7) {
	case 0:
	case 1:
	case 2:
		return 0;
	case 3:
		return sign;
	case 4:
		return sign * (s32)take16(in);
	case 5:
		return sign * (s32)(take16(in) << 4);
	case 6:
		return sign * (s32)(take16(in) << 13);
	default:
		return (s32)take32(in);
	}
}

static u32 length(struct input *in)
{
	static const u32 lens[] = { 0, 0, 1, 1400, 16383, 16384, 65000 };
	u8 kind = take8(in) & 7;

	return kind == 7 ? take16(in) : lens[kind];
}

static void fuzz_receive(struct input *in, int derived)
{
	static const u8 flags[] = {
		FTCP_ACK, FTCP_ACK, FTCP_ACK | FTCP_PSH, FTCP_SYN,
		FTCP_SYN | FTCP_ACK, FTCP_FIN | FTCP_ACK, FTCP_RST,
		FTCP_RST | FTCP_ACK,
	};
	struct ftcp_segment seg = { .hlen = FTCP_HLEN, .window = 65535 };
	u8 choice = take8(in);

	if (derived) {
		const u32 seqs[] = { c.rcv_nxt, c.ack_adv, c.rcv_nxt - 1, 0 };
		const u32 acks[] = { c.snd_nxt, c.snd_una, c.iss + 1, 1 };

		seg.flags = flags[choice & 7];
		seg.seq = seqs[choice >> 3 & 3] + (u32)offset(in);
		seg.ack = acks[choice >> 5 & 3] + (u32)offset(in);
		seg.len = length(in);
	} else {
		seg.flags = choice & 0x1f;
		seg.seq = take32(in);
		seg.ack = take32(in);
		seg.len = take16(in);
	}
	seg.wscale = choice & 0x80 ? FTCP_NO_WSCALE : 14;
	receive(&seg);
}

static u64 step(struct input *in)
{
	static const u32 steps[] = { 0, 1, 10, 200, 500, 1000, 10000, 60000 };
	u8 kind = take8(in);

	return kind & 8 ? take16(in) : steps[kind & 7];
}

static void begin(struct input *in)
{
	static const u64 starts[] = { 0, 1, 1000000, 1ull << 40 };
	static const u64 idles[] = { 1, 1000, FTCP_IDLE, 1ull << 40 };
	static const u64 keepalives[] = { 0, 100, 1000, FTCP_KEEPALIVE };
	u8 how = take8(in), more = take8(in);
	struct ftcp_conn_config config = {
		.health = {
			.idle = idles[how >> 2 & 3],
			.keepalive = keepalives[how >> 4 & 3],
			.max_age = more & 4 ? 5000 : 0,
			.max_bytes = more & 8 ? 100000 : 0,
			.interval = more & 16 ? 100 : FTCP_PROBE_INTERVAL,
			.probes = more & 32 ? 1 : FTCP_PROBES,
			.renewable = !!(more & 64),
		},
		.phantun = more & 1,
	};
	u32 number = take32(in);
	struct ftcp_result res;

	now = starts[how & 3];
	any_challenge = 0;
	memset(&c, 0xaa, sizeof(c));
	if (how & 0x40) {
		struct ftcp_segment seg = {
			.seq = take32(in), .ack = number, .flags = FTCP_ACK,
			.len = more & 2 ? 1000 : 0, .hlen = FTCP_HLEN,
			.wscale = FTCP_NO_WSCALE,
		};

		ftcp_conn_accept(&c, &config, &seg, now);
		next = number;
		MUST(c.state == FTCP_ESTABLISHED);
	} else {
		ftcp_conn_open(&c, &config, number, now, &res);
		next = c.iss + 1;
		MUST(c.state == FTCP_SYN_SENT);
		MUST(res.control.flags == FTCP_SYN);
		MUST(res.control.seq == c.iss);
		MUST(config.phantun ? !c.iss : !!c.iss);
	}
	check_numbers();
	check_deadline();
}

/* Left alone, a connection ends. */
static void finish(void)
{
	u64 last = now + c.config.health.idle + 60000;
	u32 rounds = 0;

	while (c.state != FTCP_CLOSED) {
		u64 at = ftcp_conn_deadline(&c, now);

		if (at > now)
			now = at;
		timer();
		MUST(now <= last);
		/* probing for an absurdly long time is of no interest */
		if (++rounds > 1000 && c.config.health.idle > FTCP_IDLE)
			return;
	}
	send(1, 0);
	end(0);
	timer();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	begin(&in);
	while (in.left) {
		switch (take8(&in) & 15) {
		case 0:
			fuzz_receive(&in, 0);
			break;
		case 1 ... 7:
			fuzz_receive(&in, 1);
			break;
		case 8:
			now += step(&in);
			timer();
			break;
		case 9: {
			u64 at = ftcp_conn_deadline(&c, now);

			if (at > now)
				now = at;
			timer();
			break;
		}
		case 10:
			now += step(&in);
			break;
		case 11 ... 13: {
			u32 len = length(&in);

			send(len ? len : 1, in.left & 1);
			break;
		}
		case 14:
			end(0);
			break;
		case 15:
			own(&in);
			break;
		}
	}
	finish();
	return 0;
}
