// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of a connection, one at a time.
 *
 * Every test starts a connection whose numbers are near the places where they
 * wrap, and is run once for each such pair of places.  Segments are written as
 * the far end would send them: sequence numbers relative to what we expect
 * next, acknowledgements relative to what we send next.
 */
#include <string.h>

#include "conn.h"
#include "cookie.h"
#include "ktap.h"

#define HEALTH								\
	{								\
		.idle = FTCP_IDLE, .keepalive = FTCP_KEEPALIVE,		\
		.interval = FTCP_PROBE_INTERVAL, .probes = FTCP_PROBES,	\
	}

static const struct ftcp_conn_config native = {
	.health = HEALTH,
};

static const struct ftcp_conn_config phantun = {
	.health = HEALTH, .phantun = 1,
};

static const struct ftcp_conn_config strict = {
	.health = HEALTH, .native = 1,
};

static const struct ftcp_conn_config renewable = {
	.health = HEALTH, .health.renewable = 1,
};

#define START	1000000ull	/* when every test begins */

static u32 iss, irs;		/* initial numbers of this run */
static struct ftcp_conn c;
static struct ftcp_result r;
static u64 now;

/* ---- what happens ---- */

static struct ftcp_segment segment(u8 flags, u32 seq, u32 ack, u32 len)
{
	return (struct ftcp_segment){
		.seq = seq, .ack = ack, .len = len, .sport = 1, .dport = 2,
		.window = FTCP_WINDOW, .flags = flags, .hlen = FTCP_HLEN,
		.wscale = flags & FTCP_SYN ? FTCP_WSCALE : FTCP_NO_WSCALE,
	};
}

static void receive_segment(const struct ftcp_segment *seg)
{
	ftcp_conn_receive(&c, seg, now, &r);
}

/* with absolute numbers */
static void receive(u8 flags, u32 seq, u32 ack, u32 len)
{
	struct ftcp_segment s = segment(flags, seq, ack, len);

	receive_segment(&s);
}

/* with numbers relative to what is expected */
static void receive_rel(u8 flags, s32 seq, s32 ack, u32 len)
{
	receive(flags, c.rcv_nxt + (u32)seq, c.snd_nxt + (u32)ack, len);
}

static void timer(void)
{
	ftcp_conn_timer(&c, now, &r);
}

static int send(u32 len, struct ftcp_data *d)
{
	return ftcp_conn_send(&c, len, now, 0, d);
}

static void send_bytes(u32 len)
{
	struct ftcp_data d;

	CHECK(send(len, &d));
}

/* From one deadline to the next, until the given time or until something
 * comes of it.
 */
static int run_until(u64 until)
{
	u64 at;

	memset(&r, 0, sizeof(r));
	while ((at = ftcp_conn_deadline(&c, now)) && at <= until) {
		if (at > now)
			now = at;
		timer();
		if (r.control.flags || r.event)
			return 1;
		CHECK(ftcp_conn_deadline(&c, now) > now);
		if (ftcp_conn_deadline(&c, now) <= now)
			return 0;
	}
	now = until;
	return 0;
}

/* ---- what is expected ---- */

#define EXPECT_SEGMENT(f, s, a)						\
	do {								\
		CHECK_EQ(r.control.flags, (f));				\
		CHECK_EQ(r.control.seq, (u32)(s));			\
		CHECK_EQ(r.control.ack, (u32)(a));			\
	} while (0)

#define EXPECT_ACK()	EXPECT_SEGMENT(FTCP_ACK, c.snd_nxt, c.rcv_nxt)
#define EXPECT_SILENCE()	CHECK_EQ(r.control.flags, 0)

#define EXPECT(v, e, s)							\
	do {								\
		CHECK_EQ(r.verdict, (v));				\
		CHECK_EQ(r.event, (e));					\
		CHECK_EQ(c.state, (s));					\
	} while (0)

/* ---- how the states are reached ---- */

static void dial_as(const struct ftcp_conn_config *config)
{
	now = START;
	memset(&c, 0xaa, sizeof(c));	/* what is left unset will show */
	memset(&r, 0xaa, sizeof(r));
	ftcp_conn_open(&c, config, iss, now, &r);
}

static void dial(void)
{
	dial_as(&native);
}

static void establish_as(const struct ftcp_conn_config *config)
{
	dial_as(config);
	receive(FTCP_SYN | FTCP_ACK, irs, c.iss + 1, 0);
}

static void establish(void)
{
	establish_as(&native);
}

/* so that as much may be sent as one likes */
static void establish_long_ago(void)
{
	establish();
	receive(FTCP_ACK, c.rcv_nxt, c.snd_nxt, 0);
}

/* A connection that has worked: a datagram was acknowledged. */
static void prove(const struct ftcp_conn_config *config)
{
	establish_as(config);
	send_bytes(100);
	now += 10;
	receive_rel(FTCP_ACK, 0, 0, 0);
}

static void accept_as(const struct ftcp_conn_config *config, u32 seq, u32 len)
{
	struct ftcp_segment s = segment(FTCP_ACK, seq, (iss | 1) + 1, len);

	now = START;
	memset(&c, 0xaa, sizeof(c));
	ftcp_conn_accept(&c, config, &s, now);
}

static void reach(u8 state)
{
	switch (state) {
	case FTCP_CLOSED:
		establish();
		ftcp_conn_abort(&c, &r);
		break;
	case FTCP_SYN_SENT:
		dial();
		break;
	case FTCP_SYN_RECEIVED:
		dial();
		receive(FTCP_SYN, irs, 0, 0);
		break;
	case FTCP_ESTABLISHED:
		establish();
		break;
	case FTCP_FIN_WAIT:
		establish();
		ftcp_conn_close(&c, now, &r);
		break;
	case FTCP_LAST_ACK:
		establish();
		receive_rel(FTCP_FIN | FTCP_ACK, 0, 0, 0);
		break;
	}
	CHECK_EQ(c.state, state);
}

/* ---- opening ---- */

static void open_sends_syn(void)
{
	dial();
	EXPECT_SEGMENT(FTCP_SYN, iss, 0);
	CHECK_EQ(r.control.window, 64240);
	CHECK_EQ(r.control.wscale, 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_SENT);
	CHECK_EQ(c.snd_nxt, iss + 1);
}

/* 0 is what Phantun is told by: a native SYN never carries it by chance. */
static void open_avoids_zero(void)
{
	now = START;
	ftcp_conn_open(&c, &native, 0, now, &r);
	CHECK(r.control.seq != 0);
}

static void open_phantun(void)
{
	dial_as(&phantun);
	EXPECT_SEGMENT(FTCP_SYN, 0, 0);
	receive(FTCP_SYN | FTCP_ACK, 0, 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, 1, 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

static void open_completes(void)
{
	establish();
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 1);
	CHECK_EQ(r.control.window, 65535);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
	CHECK(c.wscale);
}

static void open_without_window_scale(void)
{
	struct ftcp_segment s;

	dial();
	s = segment(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	s.wscale = FTCP_NO_WSCALE;
	receive_segment(&s);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
	CHECK(!c.wscale);
}

/* at 0, 1, 3, 6, 9 s, and given up at 12 s */
static void syn_retransmission(void)
{
	static const u32 times[] = { 1000, 3000, 6000, 9000 };
	u32 i;

	dial();
	for (i = 0; i < KTAP_COUNT(times); i++) {
		now = START + times[i] - 1;
		timer();
		EXPECT_SILENCE();
		CHECK_EQ(ftcp_conn_deadline(&c, now), START + times[i]);
		now = START + times[i];
		timer();
		EXPECT_SEGMENT(FTCP_SYN, iss, 0);
		CHECK_EQ(r.control.wscale, 1);
		EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_SENT);
		/* called twice at once, it happens once */
		timer();
		EXPECT_SILENCE();
	}
	now = START + 11999;
	timer();
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_SENT);
	now = START + 12000;
	timer();
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_UNANSWERED, FTCP_CLOSED);
	CHECK_EQ(ftcp_conn_deadline(&c, now), 0);
}

/* A timer that comes late does not make up for lost time. */
static void syn_retransmission_late(void)
{
	dial();
	now = START + 60000;
	timer();
	EXPECT_SEGMENT(FTCP_SYN, iss, 0);
	timer();
	EXPECT_SILENCE();
	CHECK_EQ(ftcp_conn_deadline(&c, now), now + 2000);
}

/* A SYN-ACK counts whichever SYN it answers. */
static void syn_ack_after_retransmission(void)
{
	dial();
	now = START + 3000;
	timer();
	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
	CHECK_EQ(ftcp_conn_deadline(&c, now), now + FTCP_FIRST_TIME);
}

/* Phantun's server refuses any SYN but one that begins with 0. */
static void refused_then_zero(void)
{
	dial();
	now = START + 500;
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_SYN, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_SENT);
	CHECK_EQ(ftcp_conn_deadline(&c, now), now + 1000);

	receive(FTCP_SYN | FTCP_ACK, 0, 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, 1, 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

static void refused_twice(void)
{
	dial();
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	receive(FTCP_RST | FTCP_ACK, 0, 1, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_REFUSED, FTCP_CLOSED);
}

static void refused_phantun(void)
{
	dial_as(&phantun);
	receive(FTCP_RST | FTCP_ACK, 0, 1, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_REFUSED, FTCP_CLOSED);
}

/* Who may not fall back to a number that everybody knows. */
static void refused_native(void)
{
	dial_as(&strict);
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_REFUSED, FTCP_CLOSED);
}

/* The first SYN was sent twice, and so is its refusal. */
static void refused_belated(void)
{
	dial();
	now += 1000;
	timer();
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_SYN, 0, 0);
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_BAD_SEQUENCE, FTCP_EV_NONE, FTCP_SYN_SENT);
}

/* The retry has as many attempts as the first, and ends like it. */
static void refused_then_unanswered(void)
{
	dial();
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	while (run_until(START + 11999))
		EXPECT_SEGMENT(FTCP_SYN, 0, 0);
	now = START + 12000;
	timer();
	EXPECT(FTCP_CONTROL, FTCP_EV_UNANSWERED, FTCP_CLOSED);
}

/* RFC 9293, section 3.5.2: the far end knows an older connection. */
static void half_open(void)
{
	dial();
	receive(FTCP_ACK, irs, iss + 500, 0);
	EXPECT_SEGMENT(FTCP_RST, iss + 500, 0);
	EXPECT(FTCP_BAD_SEQUENCE, FTCP_EV_NONE, FTCP_SYN_SENT);
}

/* Both ends of a half-open connection: the one that stayed challenges, is
 * reset, and answers the next SYN as if there had been nothing.
 */
static void half_open_from_the_other_end(void)
{
	establish();
	now += 100000;
	receive(FTCP_SYN, irs + 0x12345678, 0, 0);
	EXPECT_ACK();
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_ESTABLISHED);
	receive(FTCP_RST, r.control.ack, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
}

/* ---- the server's half ---- */

static void answer_syn(void)
{
	struct ftcp_segment s = segment(FTCP_SYN, irs, 0, 0);
	struct ftcp_control ctl;

	memset(&ctl, 0xaa, sizeof(ctl));
	ftcp_conn_answer_syn(&s, 0x12345679, &ctl);
	CHECK_EQ(ctl.flags, FTCP_SYN | FTCP_ACK);
	CHECK_EQ(ctl.seq, 0x12345679);
	CHECK_EQ(ctl.ack, irs + 1);
	CHECK_EQ(ctl.window, 64240);
	CHECK_EQ(ctl.wscale, 1);
	s.wscale = FTCP_NO_WSCALE;
	ftcp_conn_answer_syn(&s, 0x12345678, &ctl);
	CHECK_EQ(ctl.wscale, 0);
	s.wscale = 0;
	ftcp_conn_answer_syn(&s, 0x12345678, &ctl);
	CHECK_EQ(ctl.wscale, 1);
}

static void accept_ack(void)
{
	accept_as(&native, irs, 0);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK_EQ(c.rcv_nxt, irs);
	CHECK_EQ(c.snd_nxt, (iss | 1) + 1);
	CHECK(c.wscale);
	CHECK(ftcp_conn_deadline(&c, now) >= now);
}

/* the third segment was lost; the first datagram does its work */
static void accept_data(void)
{
	accept_as(&native, irs, 1400);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK_EQ(c.rcv_nxt, irs + 1400);
	now += 200;
	timer();
	EXPECT_ACK();
}

static void accept_unscaled(void)
{
	struct ftcp_segment s = segment(FTCP_ACK, irs, (iss & ~1u) + 1, 0);

	now = START;
	ftcp_conn_accept(&c, &native, &s, now);
	CHECK(!c.wscale);
}

/* A SYN-ACK's window is not scaled: until the client has seen another segment,
 * it may send 64240 bytes and no more, and so believes whoever watches.
 */
static void accept_opens_the_window(void)
{
	accept_as(&native, irs, 0);
	CHECK(run_until(now + 10));
	EXPECT_ACK();
	CHECK_EQ(r.control.window, FTCP_WINDOW);
	CHECK(!run_until(now + 5000));
}

/* ---- both ends dial at once ---- */

static void simultaneous_open(void)
{
	dial();
	receive(FTCP_SYN, irs, 0, 0);
	EXPECT_SEGMENT(FTCP_SYN | FTCP_ACK, iss, irs + 1);
	CHECK_EQ(r.control.window, 64240);
	CHECK_EQ(r.control.wscale, 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_RECEIVED);

	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

/* the far end received our SYN-ACK, and its own was lost */
static void simultaneous_open_ack(void)
{
	reach(FTCP_SYN_RECEIVED);
	receive(FTCP_ACK, irs + 1, iss + 1, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

static void simultaneous_open_data(void)
{
	reach(FTCP_SYN_RECEIVED);
	receive(FTCP_ACK, irs + 1001, iss + 1, 100);	/* not the first one */
	EXPECT(FTCP_OK, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
	CHECK_EQ(c.rcv_nxt, irs + 1101);
	CHECK_EQ(ftcp_conn_deadline(&c, now), now + 200);
}

static void simultaneous_open_unscaled(void)
{
	struct ftcp_segment s;

	dial();
	s = segment(FTCP_SYN, irs, 0, 0);
	s.wscale = FTCP_NO_WSCALE;
	receive_segment(&s);
	CHECK_EQ(r.control.wscale, 0);
	receive(FTCP_ACK, irs + 1, iss + 1, 0);
	CHECK(!c.wscale);
}

static void simultaneous_open_retransmission(void)
{
	static const u32 times[] = { 1000, 3000, 6000, 9000 };
	u32 i;

	reach(FTCP_SYN_RECEIVED);
	for (i = 0; i < KTAP_COUNT(times); i++) {
		CHECK(run_until(START + times[i]));
		CHECK_EQ(now, START + times[i]);
		EXPECT_SEGMENT(FTCP_SYN | FTCP_ACK, iss, irs + 1);
	}
	CHECK(run_until(START + 12000));
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_UNANSWERED, FTCP_CLOSED);
}

/* A forged SYN makes us wait for the wrong far end; the true one knows our
 * number, and counts.
 */
static void simultaneous_open_forged(void)
{
	dial();
	receive(FTCP_SYN, irs + 0x40000000, 0, 0);
	CHECK_EQ(c.state, FTCP_SYN_RECEIVED);
	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

/* Whoever forges a SYN knows the number that a RST would have to have, and neither
 * ends the attempt nor puts it off: our SYN is repeated when it is due.
 */
static void simultaneous_open_forged_twice(void)
{
	static const u32 times[] = { 1000, 3000, 6000, 9000 };
	u32 i, tries = 0;

	dial();
	for (i = 1; i < 12000; i++) {
		now = START + i;
		receive(FTCP_SYN, irs + 77 * i, 0, 0);
		EXPECT_SEGMENT(FTCP_SYN | FTCP_ACK, iss, irs + 77 * i + 1);
		receive(FTCP_RST, irs + 77 * i + 1, 0, 0);
		EXPECT_SILENCE();
		EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_SYN_SENT);
		timer();
		if (!r.control.flags)
			continue;
		EXPECT_SEGMENT(FTCP_SYN, iss, 0);
		CHECK_EQ(i, times[tries]);
		tries++;
	}
	CHECK_EQ(tries, KTAP_COUNT(times));
	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

/* Nobody dials an ephemeral port: the SYN is forged, and the server's answer to
 * ours is waited for.
 */
static void simultaneous_open_never(void)
{
	dial_as(&renewable);
	receive(FTCP_SYN, irs, 0, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_BAD_STATE, FTCP_EV_NONE, FTCP_SYN_SENT);
	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
}

/* What would end a connection, but stands elsewhere than where it is expected, as what
 * is forged, or comes after lost segments: it is challenged, whatever it acknowledges,
 * and who sent it answers with the number that the challenge acknowledges.
 */
static void end_elsewhere(void)
{
	static const u8 flags[] = {
		FTCP_RST, FTCP_RST | FTCP_ACK, FTCP_FIN | FTCP_ACK,
	};
	static const s32 where[] = { -100, -1, 1, 1000, 1 << 20 };
	static const s32 acks[] = { 0, 500, 1000 };
	u32 i, j, k;

	for (i = 0; i < KTAP_COUNT(flags); i++)
	for (j = 0; j < KTAP_COUNT(where); j++)
	for (k = 0; k < KTAP_COUNT(acks); k++) {
		establish_long_ago();
		send_bytes(500);
		receive_rel(FTCP_ACK, 0, 0, 1000);
		send_bytes(1000);
		receive(flags[i], c.rcv_nxt + (u32)where[j],
			c.snd_una + (u32)acks[k], 0);
		EXPECT(FTCP_BAD_SEQUENCE, FTCP_EV_NONE, FTCP_ESTABLISHED);
		EXPECT_ACK();
		if (flags[i] & FTCP_FIN) {
			receive(flags[i], r.control.ack, c.snd_una, 0);
			EXPECT(FTCP_CONTROL, FTCP_EV_PEER_CLOSED,
			       FTCP_LAST_ACK);
		} else {
			receive(FTCP_RST, r.control.ack, 0, 0);
			EXPECT(FTCP_CONTROL, flags[i] & FTCP_ACK ?
				       FTCP_EV_RESET : FTCP_EV_FORGOTTEN,
			       FTCP_CLOSED);
		}
	}
}

/* No more often than other challenges, and not far away. */
static void end_elsewhere_limits(void)
{
	u32 i, answers = 0;

	establish_long_ago();
	for (i = 0; i < 1000; i++) {
		now++;
		receive_rel(FTCP_RST, 1 + (s32)i, 0, 0);
		answers += !!r.control.flags;
	}
	CHECK_EQ(answers, 3);
	now += 1000;
	receive_rel(FTCP_RST, (1 << 30) + 1, 0, 0);
	EXPECT_SILENCE();
	receive_rel(FTCP_RST, -(5 << 20), 0, 0);
	EXPECT_SILENCE();
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* What became of an end that was announced: a RST of who is not there any more. */
static void end_announced(void)
{
	prove(&native);
	receive_rel(FTCP_FIN | FTCP_ACK, 100, 0, 0);
	receive(FTCP_RST, r.control.ack, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
	prove(&native);
	receive_rel(FTCP_FIN | FTCP_ACK, 100, 0, 0);
	now += FTCP_DOUBT;
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
}

/* Our FIN follows lost segments: where the far end acknowledges, it is repeated, at
 * once when nothing can be under way any more.
 */
static void fin_after_loss(void)
{
	establish_long_ago();
	send_bytes(500);
	ftcp_conn_close(&c, now, &r);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 501, irs + 1);
	now += 10;
	receive(FTCP_ACK, c.rcv_nxt, iss + 301, 0);
	EXPECT_SILENCE();
	now = START + FTCP_FIN_RTO;
	timer();
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 301, irs + 1);
	receive(FTCP_ACK, c.rcv_nxt, iss + 401, 0);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 401, irs + 1);
	receive(FTCP_FIN | FTCP_ACK, c.rcv_nxt, iss + 402, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
	/* and the second of two */
	establish_long_ago();
	send_bytes(500);
	now += FTCP_UNANSWERED;
	receive_rel(FTCP_FIN | FTCP_ACK, 0, -500, 0);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 501, irs + 2);
	receive(FTCP_ACK, c.rcv_nxt, iss + 201, 0);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 201, irs + 2);
	receive(FTCP_ACK, c.rcv_nxt, iss + 202, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

/* ---- every state and every kind of segment ---- */

#define K	(1 << 10)
#define M	(1 << 20)
#define G	(1 << 30)
#define NO	0		/* no segment, no event */

/*
 * Numbers are relative: seq to what we expect next, ack to what we send next.
 * In SYN_SENT nothing is expected yet; seq is then the far end's first number.
 */
static const struct row {
	const char *name;
	u8 state, flags;
	s32 seq, ack;
	u32 len;
	u8 verdict, event, after, answer;
} rows[] = {
	/* CLOSED is silent */
	{ "RST", FTCP_CLOSED, FTCP_RST, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "SYN", FTCP_CLOSED, FTCP_SYN, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "SYN-ACK", FTCP_CLOSED, FTCP_SYN | FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "ACK", FTCP_CLOSED, FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "data", FTCP_CLOSED, FTCP_ACK, 0, 0, 100,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "FIN", FTCP_CLOSED, FTCP_FIN | FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },
	{ "nothing", FTCP_CLOSED, 0, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_CLOSED, NO },

	/* SYN_SENT */
	{ "RST without ACK", FTCP_SYN_SENT, FTCP_RST, 0, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, NO },
	{ "RST, ack too high", FTCP_SYN_SENT, FTCP_RST | FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, NO },
	{ "RST, ack too low", FTCP_SYN_SENT, FTCP_RST | FTCP_ACK, 0, -1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, NO },
	{ "SYN-ACK, ack too high", FTCP_SYN_SENT, FTCP_SYN | FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, FTCP_RST },
	{ "SYN-ACK, ack too low", FTCP_SYN_SENT, FTCP_SYN | FTCP_ACK, 0, -1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, FTCP_RST },
	{ "ACK of our SYN", FTCP_SYN_SENT, FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_SYN_SENT, NO },
	{ "ACK of something else", FTCP_SYN_SENT, FTCP_ACK, 0, 77, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_SENT, FTCP_RST },
	{ "data", FTCP_SYN_SENT, FTCP_ACK, 0, 0, 100,
	  FTCP_BAD_STATE, NO, FTCP_SYN_SENT, NO },
	{ "FIN", FTCP_SYN_SENT, FTCP_FIN | FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_SYN_SENT, NO },
	{ "FIN without ACK", FTCP_SYN_SENT, FTCP_FIN, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_SYN_SENT, NO },
	{ "nothing", FTCP_SYN_SENT, 0, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_SYN_SENT, NO },

	/* SYN_RECEIVED */
	{ "RST that acknowledges nothing", FTCP_SYN_RECEIVED, FTCP_RST, 0, 0, 0,
	  FTCP_CONTROL, NO, FTCP_SYN_SENT, NO },
	{ "RST that acknowledges", FTCP_SYN_RECEIVED, FTCP_RST | FTCP_ACK, 5, 0, 0,
	  FTCP_CONTROL, FTCP_EV_REFUSED, FTCP_CLOSED, NO },
	{ "RST, one off", FTCP_SYN_RECEIVED, FTCP_RST, 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "RST with wrong ack", FTCP_SYN_RECEIVED, FTCP_RST | FTCP_ACK, 5, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "SYN again", FTCP_SYN_RECEIVED, FTCP_SYN, -1, 0, 0,
	  FTCP_CONTROL, NO, FTCP_SYN_RECEIVED, FTCP_SYN | FTCP_ACK },
	{ "another SYN", FTCP_SYN_RECEIVED, FTCP_SYN, 100, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "SYN-ACK with wrong ack", FTCP_SYN_RECEIVED, FTCP_SYN | FTCP_ACK,
	  -1, 1, 0, FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "ACK, ack too high", FTCP_SYN_RECEIVED, FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "ACK, ack too low", FTCP_SYN_RECEIVED, FTCP_ACK, 0, -1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "ACK far ahead", FTCP_SYN_RECEIVED, FTCP_ACK, 17 * M, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "data, ack too high", FTCP_SYN_RECEIVED, FTCP_ACK, 0, 1, 100,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "FIN", FTCP_SYN_RECEIVED, FTCP_FIN | FTCP_ACK, 0, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },
	{ "nothing", FTCP_SYN_RECEIVED, 0, 0, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_SYN_RECEIVED, NO },

	/* ESTABLISHED: RST counts when exact, and is challenged when near */
	{ "RST as expected", FTCP_ESTABLISHED, FTCP_RST, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED, NO },
	{ "RST-ACK as expected", FTCP_ESTABLISHED, FTCP_RST | FTCP_ACK, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED, NO },
	{ "RST, one too high", FTCP_ESTABLISHED, FTCP_RST, 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST, one too low", FTCP_ESTABLISHED, FTCP_RST, -1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST-ACK after a loss", FTCP_ESTABLISHED, FTCP_RST | FTCP_ACK,
	  M, 0, 0, FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST-ACK, ack too high", FTCP_ESTABLISHED, FTCP_RST | FTCP_ACK,
	  1, 1, 0, FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST-ACK after a loss, ack too low", FTCP_ESTABLISHED,
	  FTCP_RST | FTCP_ACK, 1, -1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST-ACK before", FTCP_ESTABLISHED, FTCP_RST | FTCP_ACK,
	  -1, 0, 0, FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "RST far away", FTCP_ESTABLISHED, FTCP_RST, G + 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, NO },
	{ "SYN", FTCP_ESTABLISHED, FTCP_SYN, 0x33333333, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "SYN as expected", FTCP_ESTABLISHED, FTCP_SYN, 0, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "SYN-ACK repeated", FTCP_ESTABLISHED, FTCP_SYN | FTCP_ACK, -1, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "ACK", FTCP_ESTABLISHED, FTCP_ACK, 0, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, NO },
	{ "ACK ahead", FTCP_ESTABLISHED, FTCP_ACK, 1000, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, NO },
	{ "keepalive probe", FTCP_ESTABLISHED, FTCP_ACK, -1, 0, 0,
	  FTCP_CONTROL, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "ACK of what was not sent", FTCP_ESTABLISHED, FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data", FTCP_ESTABLISHED, FTCP_ACK, 0, 0, 1400,
	  FTCP_OK, NO, FTCP_ESTABLISHED, NO },
	{ "one byte", FTCP_ESTABLISHED, FTCP_ACK, 0, 0, 1,
	  FTCP_OK, NO, FTCP_ESTABLISHED, NO },
	{ "data with PSH", FTCP_ESTABLISHED, FTCP_ACK | FTCP_PSH, 0, 0, 1400,
	  FTCP_OK, NO, FTCP_ESTABLISHED, NO },
	{ "data after a loss", FTCP_ESTABLISHED, FTCP_ACK, 16 * M, 0, 1400,
	  FTCP_OK, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data further", FTCP_ESTABLISHED, FTCP_ACK, 16 * M + 1, 0, 1400,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data again", FTCP_ESTABLISHED, FTCP_ACK, -1400, 0, 1400,
	  FTCP_OK, NO, FTCP_ESTABLISHED, NO },
	{ "data overtaken", FTCP_ESTABLISHED, FTCP_ACK, -256 * K, 0, 1400,
	  FTCP_OK, NO, FTCP_ESTABLISHED, NO },
	{ "data too old", FTCP_ESTABLISHED, FTCP_ACK, -256 * K - 1, 0, 1400,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data half way round", FTCP_ESTABLISHED, FTCP_ACK, -0x7fffffff - 1,
	  0, 1400, FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data, ack too high", FTCP_ESTABLISHED, FTCP_ACK, 0, 1, 1400,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data, ack far too old", FTCP_ESTABLISHED, FTCP_ACK, 0,
	  -0x40000000, 1400, FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "data without ACK", FTCP_ESTABLISHED, 0, 0, 0, 1400,
	  FTCP_BAD_STATE, NO, FTCP_ESTABLISHED, NO },
	{ "FIN", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_PEER_CLOSED, FTCP_LAST_ACK, FTCP_FIN | FTCP_ACK },
	{ "FIN with data", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, 0, 0, 100,
	  FTCP_OK, FTCP_EV_PEER_CLOSED, FTCP_LAST_ACK, FTCP_FIN | FTCP_ACK },
	{ "FIN after a loss", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "FIN after a loss, ack too low", FTCP_ESTABLISHED,
	  FTCP_FIN | FTCP_ACK, 1, -1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "FIN, ack overtaken", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, 0, -1, 0,
	  FTCP_CONTROL, FTCP_EV_PEER_CLOSED, FTCP_LAST_ACK, FTCP_FIN | FTCP_ACK },
	{ "FIN before", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, -1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "FIN, ack too high", FTCP_ESTABLISHED, FTCP_FIN | FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_ESTABLISHED, FTCP_ACK },
	{ "FIN without ACK", FTCP_ESTABLISHED, FTCP_FIN, 0, 0, 0,
	  FTCP_BAD_STATE, NO, FTCP_ESTABLISHED, NO },

	/* FIN_WAIT; ack -1 is all but our FIN */
	{ "RST as expected", FTCP_FIN_WAIT, FTCP_RST, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED, NO },
	{ "RST, one off", FTCP_FIN_WAIT, FTCP_RST, 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_FIN_WAIT, FTCP_ACK },
	{ "SYN", FTCP_FIN_WAIT, FTCP_SYN, 0x33333333, 0, 0,
	  FTCP_CONTROL, NO, FTCP_FIN_WAIT, FTCP_ACK },
	{ "SYN-ACK repeated", FTCP_FIN_WAIT, FTCP_SYN | FTCP_ACK, -1, -1, 0,
	  FTCP_CONTROL, NO, FTCP_FIN_WAIT, FTCP_ACK },
	{ "ACK of our FIN", FTCP_FIN_WAIT, FTCP_ACK, 0, 0, 0,
	  FTCP_CONTROL, NO, FTCP_FIN_WAIT, NO },
	{ "ACK of less", FTCP_FIN_WAIT, FTCP_ACK, 0, -1, 0,
	  FTCP_CONTROL, NO, FTCP_FIN_WAIT, NO },
	{ "data", FTCP_FIN_WAIT, FTCP_ACK, 0, -1, 1400,
	  FTCP_OK, NO, FTCP_FIN_WAIT, NO },
	{ "data too far", FTCP_FIN_WAIT, FTCP_ACK, 17 * M, -1, 1400,
	  FTCP_BAD_SEQUENCE, NO, FTCP_FIN_WAIT, FTCP_ACK },
	{ "FIN that acknowledges ours", FTCP_FIN_WAIT, FTCP_FIN | FTCP_ACK,
	  0, 0, 0, FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED, FTCP_ACK },
	{ "FIN at the same time", FTCP_FIN_WAIT, FTCP_FIN | FTCP_ACK,
	  0, -1, 0, FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED, FTCP_ACK },
	{ "FIN too far", FTCP_FIN_WAIT, FTCP_FIN | FTCP_ACK, 2 * M, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_FIN_WAIT, FTCP_ACK },

	/* LAST_ACK; ack -1 is all but our FIN, seq -1 the far end's FIN */
	{ "RST as expected", FTCP_LAST_ACK, FTCP_RST, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED, NO },
	{ "RST, one off", FTCP_LAST_ACK, FTCP_RST, 1, 0, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_LAST_ACK, FTCP_ACK },
	{ "SYN", FTCP_LAST_ACK, FTCP_SYN, 0x33333333, 0, 0,
	  FTCP_CONTROL, NO, FTCP_LAST_ACK, FTCP_ACK },
	{ "ACK of our FIN", FTCP_LAST_ACK, FTCP_ACK, 0, 0, 0,
	  FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED, NO },
	{ "ACK of less", FTCP_LAST_ACK, FTCP_ACK, 0, -1, 0,
	  FTCP_CONTROL, NO, FTCP_LAST_ACK, NO },
	{ "ACK of more", FTCP_LAST_ACK, FTCP_ACK, 0, 1, 0,
	  FTCP_BAD_SEQUENCE, NO, FTCP_LAST_ACK, FTCP_ACK },
	{ "FIN again", FTCP_LAST_ACK, FTCP_FIN | FTCP_ACK, -1, -1, 0,
	  FTCP_CONTROL, NO, FTCP_LAST_ACK, FTCP_ACK },
	{ "FIN again, acknowledging", FTCP_LAST_ACK, FTCP_FIN | FTCP_ACK,
	  -1, 0, 0, FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED, NO },
};

static void state_table(void)
{
	char name[96];
	u32 i;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		u32 expected;

		snprintf(name, sizeof(name), "state %u, %s", row->state,
			 row->name);
		ktap_row = name;
		reach(row->state);
		expected = row->state == FTCP_SYN_SENT ? irs : c.rcv_nxt;
		receive(row->flags, expected + (u32)row->seq,
			c.snd_nxt + (u32)row->ack, row->len);
		EXPECT(row->verdict, row->event, row->after);
		CHECK_EQ(r.control.flags, row->answer);
		if (row->after == FTCP_CLOSED)
			CHECK_EQ(ftcp_conn_deadline(&c, now), 0);
		else
			CHECK(ftcp_conn_deadline(&c, now) > now);
	}
}

/* ---- closing ---- */

static void close_orderly(void)
{
	struct ftcp_data d;

	establish();
	send_bytes(100);
	ftcp_conn_close(&c, now, &r);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 101, irs + 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_FIN_WAIT);
	CHECK(!send(1, &d));
	receive(FTCP_FIN | FTCP_ACK, irs + 1, iss + 102, 0);
	EXPECT_SEGMENT(FTCP_ACK, iss + 102, irs + 2);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

static void close_by_the_far_end(void)
{
	struct ftcp_data d;

	establish();
	send_bytes(100);
	receive(FTCP_FIN | FTCP_ACK, irs + 1, iss + 101, 0);
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 101, irs + 2);
	EXPECT(FTCP_CONTROL, FTCP_EV_PEER_CLOSED, FTCP_LAST_ACK);
	CHECK(!send(1, &d));
	receive(FTCP_ACK, irs + 2, iss + 102, 0);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

/* both FINs under way at once; the ACKs that follow find nobody */
static void close_simultaneous(void)
{
	establish();
	ftcp_conn_close(&c, now, &r);
	receive(FTCP_FIN | FTCP_ACK, irs + 1, iss + 1, 0);
	EXPECT_SEGMENT(FTCP_ACK, iss + 2, irs + 2);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
	receive(FTCP_ACK, irs + 2, iss + 2, 0);
	EXPECT_SILENCE();
}

static void close_unanswered(u32 first)
{
	u32 fin = first + 1, i;

	for (i = 1; i < FTCP_FIN_TRIES; i++) {
		CHECK(run_until(START + 1000 * i));
		CHECK_EQ(now, START + 1000 * i);
		CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
		CHECK_EQ(r.control.seq, fin - 1);
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
	CHECK(run_until(START + 3000));
	CHECK_EQ(now, START + 3000);
	EXPECT_SEGMENT(FTCP_RST | FTCP_ACK, fin, c.rcv_nxt);
	CHECK_EQ(r.control.window, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

static void fin_unanswered(void)
{
	reach(FTCP_FIN_WAIT);
	close_unanswered(iss + 1);
}

static void last_ack_unanswered(void)
{
	reach(FTCP_LAST_ACK);
	close_unanswered(iss + 1);
}

/* what is under way when we close is still a datagram */
static void fin_wait_receives(void)
{
	reach(FTCP_FIN_WAIT);
	receive_rel(FTCP_ACK, 0, -1, 500);
	EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_FIN_WAIT);
	receive_rel(FTCP_FIN | FTCP_ACK, 0, 0, 500);
	EXPECT(FTCP_OK, FTCP_EV_CLOSED, FTCP_CLOSED);
	EXPECT_ACK();
}

static void close_before_established(void)
{
	dial();
	ftcp_conn_close(&c, now, &r);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);

	reach(FTCP_SYN_RECEIVED);
	ftcp_conn_close(&c, now, &r);
	EXPECT_SEGMENT(FTCP_RST | FTCP_ACK, iss + 1, irs + 1);
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

static void close_twice(void)
{
	reach(FTCP_FIN_WAIT);
	ftcp_conn_close(&c, now, &r);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_FIN_WAIT);
	reach(FTCP_CLOSED);
	ftcp_conn_close(&c, now, &r);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_NONE, FTCP_CLOSED);
}

static void abort_resets(void)
{
	static const u8 states[] = {
		FTCP_SYN_RECEIVED, FTCP_ESTABLISHED, FTCP_FIN_WAIT,
		FTCP_LAST_ACK,
	};
	u32 i;

	for (i = 0; i < KTAP_COUNT(states); i++) {
		reach(states[i]);
		ftcp_conn_abort(&c, &r);
		EXPECT_SEGMENT(FTCP_RST | FTCP_ACK, c.snd_nxt, c.rcv_nxt);
		CHECK_EQ(r.control.window, 0);
		EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
		ftcp_conn_abort(&c, &r);
		EXPECT_SILENCE();
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
	reach(FTCP_SYN_SENT);
	ftcp_conn_abort(&c, &r);
	EXPECT_SILENCE();
	EXPECT(FTCP_CONTROL, FTCP_EV_CLOSED, FTCP_CLOSED);
}

/* Phantun ends with a RST without ACK. */
static void phantun_closes(void)
{
	establish_as(&phantun);
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
}

/* A host that forgot us answers with the number that our segments carry. */
static void reset_by_the_forgetful(void)
{
	establish();
	receive_rel(FTCP_ACK, 0, 0, 1400);	/* not acknowledged yet */
	send_bytes(100);
	CHECK(c.ack_adv != c.rcv_nxt);
	receive(FTCP_RST, c.ack_adv, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
}

/* An end that cuts a connection says RST and ACK, who does not know it RST alone;
 * with Phantun it is the other way round.
 */
static void reset_by_who_does_not_know(void)
{
	prove(&native);
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
	prove(&native);
	receive_rel(FTCP_RST | FTCP_ACK, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
	prove(&phantun);
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
	prove(&phantun);
	receive_rel(FTCP_RST | FTCP_ACK, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
}

/* Another connection would fare no better than one that never worked; what came
 * from the far end is as good as an acknowledgement.
 */
static void reset_before_it_worked(void)
{
	establish();
	send_bytes(100);
	now += 10;
	receive_rel(FTCP_RST, 0, -100, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
	establish();
	now += 10;
	receive_rel(FTCP_ACK, 0, 0, 100);
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
}

/* A RST of any kind, if the far end was in doubt. */
static void reset_in_doubt(void)
{
	/* probed since it was last heard */
	prove(&native);
	CHECK(run_until(now + FTCP_KEEPALIVE));
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	receive_rel(FTCP_RST | FTCP_ACK, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
	prove(&native);
	CHECK(run_until(now + FTCP_KEEPALIVE));
	receive_rel(FTCP_ACK, 0, 0, 0);
	now += 10;
	receive_rel(FTCP_RST | FTCP_ACK, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
	/* suspected by its owner */
	prove(&phantun);
	ftcp_conn_suspect(&c, now);
	now += FTCP_DOUBT - 1;
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
	prove(&phantun);
	ftcp_conn_suspect(&c, now);
	now += FTCP_DOUBT + 1;
	receive_rel(FTCP_RST, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_RESET, FTCP_CLOSED);
	/* about to be replaced */
	prove(&renewable);
	CHECK(ftcp_conn_renew(&c, now));
	receive_rel(FTCP_RST | FTCP_ACK, 0, 0, 0);
	EXPECT(FTCP_CONTROL, FTCP_EV_FORGOTTEN, FTCP_CLOSED);
}

/* ---- sending ---- */

static void send_is_contiguous(void)
{
	static const u32 lens[] = { 1, 1400, 65000, 2, 1472, 9000, 1 };
	u32 i, next = iss + 1;
	struct ftcp_data d;

	establish_long_ago();
	for (i = 0; i < KTAP_COUNT(lens); i++) {
		CHECK(send(lens[i], &d));
		CHECK_EQ(d.seq, next);
		CHECK_EQ(d.ack, irs + 1);
		next += lens[i];
	}
	CHECK_EQ(c.snd_nxt, next);
}

static void send_needs_established(void)
{
	static const u8 states[] = {
		FTCP_CLOSED, FTCP_SYN_SENT, FTCP_SYN_RECEIVED, FTCP_FIN_WAIT,
		FTCP_LAST_ACK,
	};
	struct ftcp_data d;
	u32 i, before;

	for (i = 0; i < KTAP_COUNT(states); i++) {
		reach(states[i]);
		before = c.snd_nxt;
		CHECK(!send(100, &d));
		CHECK_EQ(c.snd_nxt, before);
	}
}

/* What a SYN-ACK's window has room for, until there is an ACK, or for a second;
 * a far end that may be Phantun sends none.
 */
static void first_flight(void)
{
	struct ftcp_data d;
	u32 i;

	establish();
	for (i = 0; i < 45; i++)
		CHECK(send(1400, &d));
	CHECK(!send(1400, &d));
	CHECK_EQ(c.snd_nxt, iss + 1 + 45 * 1400);
	CHECK(send(1240, &d));
	CHECK(!send(1, &d));
	receive_rel(FTCP_ACK, 0, -1240, 0);
	CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));
	CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));

	establish();
	CHECK(send(64240, &d));
	receive_rel(FTCP_ACK, 5, 1, 0);		/* forged */
	CHECK(!send(1, &d));
	now += 999;
	CHECK(!send(1, &d));
	now += 1;
	CHECK(send(1, &d));

	reach(FTCP_SYN_RECEIVED);
	receive(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	CHECK(send(64240, &d));
	CHECK(!send(1, &d));
	reach(FTCP_SYN_RECEIVED);
	receive(FTCP_ACK, irs + 1, iss + 1, 0);
	CHECK(send(64240, &d));
	CHECK(send(1, &d));

	accept_as(&native, irs, 0);
	CHECK(send(64240, &d));
	CHECK(send(1, &d));
	establish_as(&phantun);
	CHECK(send(64240, &d));
	CHECK(send(1, &d));
}

static void push_ends_a_burst(void)
{
	struct ftcp_data d;

	establish_long_ago();
	now += 10;
	CHECK(ftcp_conn_send(&c, 100, now, 0, &d));
	CHECK_EQ(d.flags, FTCP_ACK | FTCP_PSH);	/* alone */
	CHECK(ftcp_conn_send(&c, 100, now, 0, &d));
	CHECK_EQ(d.flags, FTCP_ACK);		/* in a stream */
	CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));
	CHECK_EQ(d.flags, FTCP_ACK | FTCP_PSH);	/* a burst by itself */

	establish_as(&phantun);
	now += 10;
	CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));
	CHECK_EQ(d.flags, FTCP_ACK);		/* Phantun sets none */
}

/* ---- acknowledging ---- */

static void ack_after_200_ms(void)
{
	establish();
	receive_rel(FTCP_ACK, 0, 0, 1000);
	EXPECT_SILENCE();
	now += 100;
	receive_rel(FTCP_ACK, 0, 0, 1000);
	EXPECT_SILENCE();
	CHECK_EQ(ftcp_conn_deadline(&c, now), START + 200);
	now = START + 199;
	timer();
	EXPECT_SILENCE();
	now = START + 200;
	timer();
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 2001);
	timer();
	EXPECT_SILENCE();
	CHECK(ftcp_conn_deadline(&c, now) > now + 200);
}

/* Receive up to the next ACK of its own accord, which has to be due then. */
static void ack_step(u32 step)
{
	u32 got = 0, before = c.ack_adv;

	while (got + 1000 < step) {
		receive_rel(FTCP_ACK, 0, 0, 1000);
		got += 1000;
		EXPECT_SILENCE();
		/* what goes the other way does not change meanwhile */
		CHECK_EQ(c.ack_adv, before);
	}
	receive_rel(FTCP_ACK, 0, 0, step - got - 1);
	EXPECT_SILENCE();
	receive_rel(FTCP_ACK, 0, 0, 1);
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, before + step);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK_EQ(c.ack_adv, before + step);
	/* and the delay has to begin again */
	CHECK(ftcp_conn_deadline(&c, now) > now + 200);
}

static void ack_step_scaled(void)
{
	establish();
	ack_step(16384);
	ack_step(32768);
	ack_step(65536);
	ack_step(131072);
	ack_step(262144);
	ack_step(524288);
	ack_step(524288);
}

static void ack_step_unscaled(void)
{
	open_without_window_scale();
	ack_step(16384);
	ack_step(16384);
	ack_step(16384);
}

/* acknowledgement numbers change in steps, data segments carry the last one */
static void ack_on_data(void)
{
	struct ftcp_data d;

	establish();
	receive_rel(FTCP_ACK, 0, 0, 1000);
	CHECK(send(10, &d));
	CHECK_EQ(d.ack, irs + 1);
	now += 200;
	timer();
	CHECK(send(10, &d));
	CHECK_EQ(d.ack, irs + 1001);
}

/* a duplicate is acknowledged again, as a TCP would */
static void ack_duplicate(void)
{
	establish();
	receive_rel(FTCP_ACK, 0, 0, 1000);
	now += 200;
	timer();
	receive_rel(FTCP_ACK, -1000, 0, 1000);
	CHECK_EQ(r.verdict, FTCP_OK);
	now += 200;
	timer();
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 1001);
}

static void challenge_rate(void)
{
	u32 i, answered = 0;

	establish();
	for (i = 0; i < 2000; i++, now++) {
		receive(FTCP_SYN, irs + 77 * i, 0, 0);
		answered += !!r.control.flags;
		receive_rel(FTCP_ACK, 0, 5, 100);
		answered += !!r.control.flags;
		receive_rel(FTCP_ACK, -2, 0, 0);
		answered += !!r.control.flags;
	}
	CHECK_EQ(answered, 2000 / FTCP_CHALLENGE_GAP);
}

/* Probes come faster than challenges would be answered. */
static void probe_answer_rate(void)
{
	u32 i, answered = 0;

	establish();
	for (i = 0; i < 2000; i++, now++) {
		receive_rel(FTCP_ACK, -1, 0, 0);
		answered += !!r.control.flags;
	}
	CHECK_EQ(answered, 2000 / FTCP_ANSWER_GAP);
}

/* ---- what is out of order ---- */

static void reordered(void)
{
	establish();
	receive(FTCP_ACK, irs + 2001, iss + 1, 1000);
	CHECK_EQ(r.verdict, FTCP_OK);
	receive(FTCP_ACK, irs + 1, iss + 1, 1000);
	CHECK_EQ(r.verdict, FTCP_OK);
	receive(FTCP_ACK, irs + 1001, iss + 1, 1000);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK_EQ(c.rcv_nxt, irs + 3001);
	now += 200;
	timer();
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 3001);
}

/* Acknowledgements go backwards when data is overtaken, and Phantun's do. */
static void ack_goes_backwards(void)
{
	establish_long_ago();
	send_bytes(200000);
	receive_rel(FTCP_ACK, 0, 0, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK_EQ(c.snd_una, c.snd_nxt);
	receive_rel(FTCP_ACK, 0, -200000, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK_EQ(c.snd_una, c.snd_nxt);
}

/* How old a number may be depends on how fast the flow was of late. */
static void overtaken(void)
{
	static const struct {
		u32 per_ms;		/* bytes, each way */
		s32 behind;
		u8 ok;
	} flows[] = {
		{ 1, -256 * K, 1 }, { 1, -M, 0 },
		{ 1000, -900000 - 256 * K, 1 }, { 1000, -3 * M, 0 },
		{ 100000, -4 * M - 256 * K, 1 },
		{ 100000, -4 * M - 256 * K - 1, 0 },
		{ 1250000, -4 * M - 256 * K, 1 },
		{ 1250000, -4 * M - 256 * K - 1, 0 },
	};
	u32 i, j;

	for (i = 0; i < KTAP_COUNT(flows); i++) {
		establish_long_ago();
		for (j = 0; j < 5000; j++, now++) {
			send_bytes(flows[i].per_ms);
			receive_rel(FTCP_ACK, 0, 0, flows[i].per_ms);
			CHECK_EQ(r.verdict, FTCP_OK);
		}
		receive_rel(FTCP_ACK, flows[i].behind, 0, 1400);
		CHECK_EQ(r.verdict, flows[i].ok ? FTCP_OK : FTCP_BAD_SEQUENCE);
		receive_rel(FTCP_ACK, 0, flows[i].behind, 1400);
		CHECK_EQ(r.verdict, flows[i].ok ? FTCP_OK : FTCP_BAD_SEQUENCE);

		/* two seconds later nothing is under way any more */
		now += 1001;
		timer();
		now += 1001;
		timer();
		receive_rel(FTCP_ACK, -256 * K, -256 * K, 1400);
		CHECK_EQ(r.verdict, FTCP_OK);
		receive_rel(FTCP_ACK, -256 * K - 1, 0, 1400);
		CHECK_EQ(r.verdict, FTCP_BAD_SEQUENCE);
		receive_rel(FTCP_ACK, 0, -256 * K - 1, 1400);
		CHECK_EQ(r.verdict, FTCP_BAD_SEQUENCE);
	}
}

/* A second without anything at 1 Gb/s, and it goes on. */
static void outage(void)
{
	establish();
	receive_rel(FTCP_ACK, 0, 0, 1400);
	now += 1000;
	receive_rel(FTCP_ACK, 125000000, 0, 1400);
	EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_ESTABLISHED);
	/* asked where it is, like by a probe; and believed after a while */
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, irs + 1401);
	receive(FTCP_ACK, irs + 125002801, c.snd_nxt, 1400);
	EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_ESTABLISHED);
	EXPECT_SILENCE();
	receive(FTCP_ACK, irs + 125004201, c.snd_nxt, 0);
	EXPECT_SILENCE();
	CHECK(run_until(now + FTCP_JUMP_TIME));
	EXPECT_SEGMENT(FTCP_ACK, c.snd_nxt, irs + 125004201);
}

/* One that was forged is delivered, as whoever guesses a number may inject one, and
 * changes nothing else: not if the far end goes on to send, nor if it is asked.
 */
static void forged_jump(void)
{
	u32 expected, i;

	for (i = 0; i < 2; i++) {
		establish_long_ago();
		receive_rel(FTCP_ACK, 0, 0, 1400);
		now += 1000;
		timer();
		receive_rel(FTCP_ACK, 10 * M, 0, 1400);
		EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_ESTABLISHED);
		receive_rel(FTCP_ACK, 11 * M, 0, 1400);
		expected = irs + 1401;
		CHECK_EQ(c.rcv_nxt, expected);
		now += 50;
		receive(FTCP_ACK, expected, c.snd_nxt, i ? 0 : 1400);
		CHECK_EQ(r.verdict, i ? FTCP_CONTROL : FTCP_OK);
		expected += i ? 0 : 1400;
		now += FTCP_JUMP_TIME;
		timer();
		CHECK_EQ(c.rcv_nxt, expected);
		CHECK_EQ(c.ack_adv, expected);
		now += FTCP_JUMP_TIME;
		timer();
		CHECK_EQ(c.rcv_nxt, expected);
	}
}

/* How far what counts at once may be ahead follows what has come lately. */
static void hole(void)
{
	u32 i;

	establish_long_ago();
	receive_rel(FTCP_ACK, 64 * K, 0, 100);
	CHECK_EQ(c.rcv_nxt, irs + 1 + 64 * K + 100);
	now += 5000;
	timer();
	now += 5000;
	timer();
	receive_rel(FTCP_ACK, 64 * K + 1, 0, 100);
	CHECK_EQ(c.rcv_nxt, irs + 1 + 64 * K + 100);
	establish_long_ago();
	for (i = 0; i < 1000; i++)
		receive_rel(FTCP_ACK, 0, 0, 1400);
	receive_rel(FTCP_ACK, M, 0, 100);
	CHECK_EQ(c.rcv_nxt, irs + 1 + 1400000 + M + 100);
	receive_rel(FTCP_ACK, M + 1, 0, 100);
	CHECK_EQ(c.rcv_nxt, irs + 1 + 1400000 + M + 100);
}

/* What was taken for genuine all the same is taken back when the far end, who does not
 * understand what is acknowledged, has said so a few times.
 */
static void acks_take_back(void)
{
	u32 expected, i;

	establish_long_ago();
	expected = c.rcv_nxt;
	receive_rel(FTCP_ACK, 64 * K, 0, 100);
	for (i = 0; i < 2 * FTCP_LATE; i++) {
		now += FTCP_CHALLENGE_GAP;
		timer();
		receive(FTCP_ACK, expected, c.snd_nxt, 0);
	}
	now += FTCP_BEHIND_TIME;
	timer();
	CHECK_EQ(c.rcv_nxt, expected);
	CHECK_EQ(c.ack_adv, expected);
}

static void outage_limits(void)
{
	static const struct {
		u32 silence;
		s32 jump;
		u8 ok;
	} jumps[] = {
		{ 0, 16 * M, 1 }, { 0, 16 * M + 1, 0 },
		{ 1, 16 * M + 1250000, 1 }, { 1, 16 * M + 1250001, 0 },
		{ 100, 16 * M + 125000000, 1 }, { 100, 16 * M + 125000001, 0 },
		{ 10000, 1 << 30, 1 }, { 10000, (1 << 30) + 1, 0 },
		{ 10000, 0x7fffffff, 0 }, { 10000, -0x7fffffff - 1, 0 },
		{ 10000, -256 * K, 1 }, { 10000, -256 * K - 1, 0 },
	};
	u32 i;

	for (i = 0; i < KTAP_COUNT(jumps); i++) {
		establish();
		now += jumps[i].silence;
		receive_rel(FTCP_ACK, jumps[i].jump, 0, 1400);
		CHECK_EQ(r.verdict, jumps[i].ok ? FTCP_OK : FTCP_BAD_SEQUENCE);
	}
}

/* What is far ahead has to acknowledge us as only the far end can: after a
 * pause, a quarter of all sequence numbers would do otherwise.
 */
static void outage_needs_good_ack(void)
{
	establish();
	send_bytes(1000);
	receive_rel(FTCP_ACK, 0, 0, 100);	/* acknowledged */
	now += 5000;
	receive_rel(FTCP_ACK, M + 1, -1, 1400);
	CHECK_EQ(r.verdict, FTCP_BAD_SEQUENCE);
	receive_rel(FTCP_ACK, M + 1, 0, 1400);
	CHECK_EQ(r.verdict, FTCP_OK);
}

/* Another processor's clock may be ahead of ours by a tick. */
static void clock_of_another_processor(void)
{
	establish();
	now += 10;
	receive_rel(FTCP_ACK, 0, 0, 100);
	now -= 1;
	receive_rel(FTCP_ACK, 17 * M, 0, 100);
	CHECK_EQ(r.verdict, FTCP_BAD_SEQUENCE);
	receive_rel(FTCP_ACK, 0, 0, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_ESTABLISHED);
}

/* 4 GB and more in each direction, in steps of a super-segment */
static void long_transfer(void)
{
	const u32 step = (FTCP_ACK_STEP / 64000 + 1) * 64000;
	u64 bytes = 0;
	u32 acks = 0;

	establish_long_ago();
	while (bytes < 9ull << 30) {
		struct ftcp_data d;
		u32 want = c.snd_nxt;

		CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));
		CHECK_EQ(d.seq, want);
		receive_rel(FTCP_ACK, 0, 0, 64000);
		CHECK_EQ(r.verdict, FTCP_OK);
		acks += r.control.flags == FTCP_ACK;
		bytes += 64000;
		now++;
	}
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK(acks > (9ull << 30) / step - 1);
}

/* ---- keepalive ---- */

/* The next probe, within the time that the configuration says; a part of it is
 * taken off, by which connections differ.
 */
static void expect_probe(u64 from, u64 interval)
{
	CHECK(run_until(from + interval));
	CHECK(now >= from + interval - interval / 8);
	/* a byte that was acknowledged, so that it is answered */
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
}

/* Probes are answered, for as long as nothing else happens. */
static int run_answering(u64 until)
{
	while (run_until(until)) {
		if (r.event || r.control.flags != FTCP_ACK ||
		    r.control.seq != c.snd_una - 1)
			return 1;
		receive_rel(FTCP_ACK, 0, 0, 0);
	}
	return 0;
}

/* something was sent, nothing came back */
static void probes_and_death(void)
{
	u32 i;

	establish();
	now += 1;
	send_bytes(100);
	CHECK(run_until(START + 60000));
	CHECK_EQ(now, START + 1 + FTCP_UNANSWERED);
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	for (i = 1; i < FTCP_PROBES; i++) {
		send_bytes(100);
		expect_probe(now, FTCP_PROBE_INTERVAL);
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
	CHECK(run_until(START + 60000));
	CHECK(now <= START + 1 + FTCP_UNANSWERED +
			     FTCP_PROBES * FTCP_PROBE_INTERVAL);
	EXPECT_SEGMENT(FTCP_RST | FTCP_ACK, c.snd_nxt, c.rcv_nxt);
	EXPECT(FTCP_CONTROL, FTCP_EV_DEAD, FTCP_CLOSED);
}

/* The first of many datagrams counts, and arms the timer; what came before
 * the far end was last heard does not.
 */
static void asked_since(void)
{
	struct ftcp_data d;
	u32 i;

	establish();
	CHECK_EQ(send(1, &d), FTCP_SENT);	/* in the same millisecond */
	now += 100;
	CHECK_EQ(send(1, &d), FTCP_SENT_ARM);
	for (i = 0; i < 5; i++) {
		now += 100;
		CHECK_EQ(send(1, &d), FTCP_SENT);
	}
	receive_rel(FTCP_ACK, 0, 0, 0);
	now += 1;
	CHECK_EQ(send(1, &d), FTCP_SENT_ARM);
	CHECK_EQ(send(1, &d), FTCP_SENT);
	CHECK(run_until(START + 60000));
	CHECK_EQ(now, START + 601 + FTCP_UNANSWERED);
}

static void probe_answered(void)
{
	u32 i;

	establish();
	now += 1;
	send_bytes(100);
	CHECK(run_until(START + 60000));
	CHECK(run_until(START + 60000));
	now += 50;
	receive_rel(FTCP_ACK, 0, 0, 0);
	EXPECT_SILENCE();
	/* nothing sent since */
	CHECK(!run_until(now + FTCP_KEEPALIVE - 1));

	/* and as many new ones when it goes silent again */
	send_bytes(100);
	CHECK(run_until(now + 1));
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	for (i = 1; i < FTCP_PROBES; i++) {
		CHECK(run_until(START + 90000));
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
	CHECK(run_until(START + 90000));
	CHECK_EQ(r.event, FTCP_EV_DEAD);
}

/* what answers a probe need not be an ACK, nor come on the slow path */
static void probe_answered_by_data(void)
{
	struct ftcp_segment s;
	u64 then;

	establish();
	now += 1;
	send_bytes(100);
	CHECK(run_until(START + 60000));
	CHECK(run_until(START + 60000));
	then = now;
	s = segment(FTCP_ACK, c.rcv_nxt, c.snd_nxt, 100);
	CHECK(ftcp_conn_receive_fast(&c, &s, now) != FTCP_FAST_NO);
	send_bytes(100);
	now++;
	send_bytes(100);
	CHECK(run_until(now + 999));
	EXPECT_ACK();				/* the delayed one */
	CHECK(!run_until(then + FTCP_UNANSWERED));
	CHECK(run_until(START + 60000));
	CHECK_EQ(now, then + 1 + FTCP_UNANSWERED);
	CHECK_EQ(c.health.probes, 1);
}

/* The same when the timer was not called in between. */
static void probes_begin_anew(void)
{
	struct ftcp_segment s;
	u32 i;

	establish();
	now += 1;
	send_bytes(100);
	for (i = 0; i < FTCP_PROBES; i++)
		CHECK(run_until(START + 60000));
	CHECK_EQ(c.health.probes, FTCP_PROBES);
	s = segment(FTCP_ACK, c.rcv_nxt, c.snd_nxt, 100);
	CHECK(ftcp_conn_receive_fast(&c, &s, now) != FTCP_FAST_NO);
	now++;
	send_bytes(100);
	now += FTCP_UNANSWERED;
	timer();
	CHECK_EQ(r.event, FTCP_EV_NONE);
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	CHECK_EQ(c.health.probes, 1);
}

/* An answer to a probe is what a probe gets. */
static void probe_is_answered(void)
{
	establish();
	receive_rel(FTCP_ACK, -1, 0, 0);
	EXPECT_ACK();
	/* the far end's third, a second later each */
	now += 1000;
	receive_rel(FTCP_ACK, -1, 0, 0);
	EXPECT_ACK();
}

/* A NAT on the way forgets who is silent; and the far end may have gone. */
static void idle_is_kept_alive(void)
{
	u32 i;

	establish();
	for (i = 1; i < 7; i++) {
		expect_probe(now, FTCP_KEEPALIVE);
		CHECK_EQ(now, START + i * FTCP_KEEPALIVE);
		receive_rel(FTCP_ACK, 0, 0, 0);
	}
	CHECK(run_until(START + 179999));
	for (i = 1; i < FTCP_PROBES; i++)
		expect_probe(now, FTCP_PROBE_INTERVAL);
	CHECK(run_until(START + 179999));
	CHECK_EQ(r.event, FTCP_EV_DEAD);
}

static void probes_as_configured(void)
{
	static const struct ftcp_conn_config config = {
		.health = { .idle = FTCP_IDLE, .keepalive = 7000,
			    .interval = 4000, .probes = 5 },
	};
	u32 i;

	establish_as(&config);
	CHECK(run_until(START + 60000));
	CHECK_EQ(now, START + 7000);
	for (i = 1; i < 5; i++)
		expect_probe(now, 4000);
	CHECK(run_until(START + 60000));
	CHECK_EQ(r.event, FTCP_EV_DEAD);
}

/* Many probes are sent ever further apart. */
static void probes_of_the_patient(void)
{
	struct ftcp_conn_config config = native;
	u32 i;

	config.health.probes = FTCP_PROBES_PATIENT;
	establish_as(&config);
	now++;
	send_bytes(1);
	CHECK(run_until(now + FTCP_UNANSWERED));
	for (i = 1; i < FTCP_PROBES; i++)
		expect_probe(now, FTCP_PROBE_INTERVAL);
	expect_probe(now, FTCP_PROBE_INTERVAL);
	expect_probe(now, 2 * FTCP_PROBE_INTERVAL);
	expect_probe(now, 4 * FTCP_PROBE_INTERVAL);
	for (i += 3; i < FTCP_PROBES_PATIENT; i++)
		expect_probe(now, FTCP_PROBE_MAX);
	CHECK(run_until(now + FTCP_PROBE_MAX));
	CHECK_EQ(r.event, FTCP_EV_DEAD);
	CHECK(now > START + 30000 && now < START + 60000);
}

/* An interval that is absurd is no reason to loop. */
static void probes_without_interval(void)
{
	static const struct ftcp_conn_config config = {
		.health = { .idle = FTCP_IDLE, .keepalive = 1, .probes = 255,
			    .renewable = 1 },
	};
	u32 i;

	establish_as(&config);
	now++;
	for (i = 0; i < 1000; i++) {
		timer();
		CHECK(ftcp_conn_deadline(&c, now) > now);
		now++;
	}
	CHECK(c.health.probes <= 3);
}

static void keepalive_off(void)
{
	static const struct ftcp_conn_config config = {
		.health.idle = FTCP_IDLE,
	};

	establish_as(&config);
	now += 1;
	send_bytes(100);
	CHECK(!run_until(START + 180000));
	CHECK(run_until(START + 180001));
	CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
}

/* Looking at the deadline in time but calling the timer late, or because of
 * something else, does not put a probe off.
 */
static void probe_is_not_put_off(void)
{
	establish();
	now += 1;
	send_bytes(100);
	now = START + FTCP_KEEPALIVE + 1;
	CHECK(ftcp_conn_deadline(&c, now) <= now);
	receive_rel(FTCP_ACK, 0, 1000, 100);	/* counts for nothing */
	CHECK_EQ(r.verdict, FTCP_BAD_SEQUENCE);
	CHECK(ftcp_conn_deadline(&c, now) <= now);
	timer();
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
}

static void send_for(u64 until)
{
	while (now < until) {
		now += 100;
		send_bytes(1000);
		timer();
		CHECK_EQ(r.event, FTCP_EV_NONE);
		CHECK_EQ(r.control.flags & FTCP_RST, 0);
	}
}

/* Phantun acknowledges nothing of a stream that goes one way. */
static void phantun_server_is_not_dead(void)
{
	establish_as(&phantun);
	send_for(START + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

static void phantun_server_found_by_refusal_is_not_dead(void)
{
	dial();
	receive(FTCP_RST | FTCP_ACK, 0, iss + 1, 0);
	receive(FTCP_SYN | FTCP_ACK, 0, 1, 0);
	send_for(START + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

static void phantun_client_is_not_dead(void)
{
	accept_as(&native, 1, 0);
	send_for(START + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* Its answers cease: one replacement is tried, as nobody can be probed. */
static void phantun_server_falls_silent(void)
{
	u64 begun;

	establish_as(&phantun);
	c.config.health.renewable = 1;
	send_for(now + 1000);
	receive_rel(FTCP_ACK, 0, 0, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	begun = now + 100;
	send_for(begun + FTCP_KEEPALIVE - 100);
	now = ftcp_conn_deadline(&c, now);
	CHECK_EQ(now, begun + FTCP_KEEPALIVE);
	timer();
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK_EQ(r.control.flags, 0);
	send_for(now + 5000);

	/* in vain: another one later */
	begun = now;
	ftcp_conn_renew_failed(&c, 1, begun + FTCP_RENEW_AGAIN, &r);
	CHECK_EQ(r.event, FTCP_EV_NONE);
	send_for(begun + FTCP_RENEW_AGAIN - 100);
	now = begun + FTCP_RENEW_AGAIN;
	timer();
	CHECK_EQ(r.event, FTCP_EV_RENEW);
}

/* An answer within the time, and nothing is tried; nor without keepalive. */
static void phantun_server_answers_late(void)
{
	u32 i;

	establish_as(&phantun);
	c.config.health.renewable = 1;
	for (i = 0; i < 5; i++) {
		send_for(now + FTCP_KEEPALIVE - 200);
		receive_rel(FTCP_ACK, 0, 0, 100);
	}
	c.config.health.keepalive = 0;
	send_for(now + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* Its third segment and first datagram were lost; or a firewall in the middle
 * rewrote its numbers.
 */
static void phantun_client_in_disguise_is_not_dead(void)
{
	accept_as(&native, 1401, 1400);
	send_for(START + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* After 128 MiB it does send an ACK, which is no promise of more. */
static void phantun_rare_ack_is_no_promise(void)
{
	u32 i;

	accept_as(&native, 1, 0);
	for (i = 0; i < 3000; i++, now++)
		send_bytes(64000);
	receive_rel(FTCP_ACK, 0, 0, 0);
	send_for(now + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* Nor is its third segment, when the network doubles it. */
static void phantun_double_ack_is_no_promise(void)
{
	accept_as(&native, 1, 0);
	receive_rel(FTCP_ACK, 0, 0, 0);
	send_for(START + 60000);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* A native client shows soon enough that it acknowledges. */
static void native_client_dies(void)
{
	accept_as(&native, irs, 0);
	run_until(now + 10);
	send_bytes(1000);
	now += 200;
	receive_rel(FTCP_ACK, 0, 0, 0);
	now++;
	send_bytes(1000);
	while (run_until(now + 60000) && r.event == FTCP_EV_NONE)
		;
	CHECK_EQ(r.event, FTCP_EV_DEAD);
}

/* ---- behind a SYN proxy ---- */

/* Window 0: nothing is sent before the proxy's ACK. */
static void syn_proxy_opens_the_window(void)
{
	struct ftcp_segment s;
	struct ftcp_data d;

	dial();
	s = segment(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	s.window = 0;
	receive_segment(&s);
	EXPECT_ACK();
	EXPECT(FTCP_CONTROL, FTCP_EV_ESTABLISHED, FTCP_ESTABLISHED);
	CHECK(!send(1, &d));
	CHECK(!ftcp_conn_room(&c, 1, now));
	now += 100;
	receive_rel(FTCP_ACK, 0, 0, 0);
	CHECK(send(1000, &d));
	CHECK_EQ(d.seq, iss + 1);
}

/* Its ACK was lost, or never comes. */
static void syn_proxy_keeps_silent(void)
{
	struct ftcp_segment s;
	struct ftcp_data d;

	dial();
	s = segment(FTCP_SYN | FTCP_ACK, irs, iss + 1, 0);
	s.window = 0;
	receive_segment(&s);
	CHECK(!run_until(START + FTCP_FIRST_TIME - 1));
	CHECK(!send(1, &d));
	CHECK(!run_until(START + FTCP_FIRST_TIME));
	CHECK(send(1, &d));
}

/* ---- replacement ---- */

static struct ftcp_conn standby;

static void until_renew(void)
{
	u32 i;

	for (i = 0; i <= FTCP_PROBES; i++) {
		CHECK(run_until(now + 60000));
		EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
		CHECK_EQ(r.event, i < FTCP_PROBES ? FTCP_EV_NONE : FTCP_EV_RENEW);
	}
}

/* It is asked for once, and the silent one goes on, and goes on probing. */
static void renewal_instead_of_death(void)
{
	u64 last;
	u32 i;

	establish_as(&renewable);
	now++;
	send_bytes(100);
	until_renew();
	CHECK(now <= START + 1 + FTCP_UNANSWERED +
			     FTCP_PROBES * FTCP_PROBE_INTERVAL);
	for (i = 0; i < 10; i++) {
		last = now;
		CHECK(run_until(now + FTCP_PROBE_MAX));
		EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
		CHECK_EQ(r.event, FTCP_EV_NONE);
		send_bytes(1);
	}
	CHECK(now > last + FTCP_PROBE_MAX - FTCP_PROBE_MAX / 8 - 1);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK(!ftcp_conn_renew(&c, now));
}

/* The replacement failed as well: there is no way to the far end. */
static void renewal_failed_in_silence(void)
{
	establish_as(&renewable);
	now++;
	send_bytes(100);
	until_renew();
	CHECK(run_until(now + 12000));
	ftcp_conn_renew_failed(&c, 0, now + 1, &r);
	EXPECT_SILENCE();
	CHECK(ftcp_conn_renew(&c, ~0ull));
	ftcp_conn_renew_failed(&c, 1, now, &r);
	EXPECT_SEGMENT(FTCP_RST | FTCP_ACK, c.snd_nxt, c.rcv_nxt);
	EXPECT(FTCP_CONTROL, FTCP_EV_DEAD, FTCP_CLOSED);
}

/* What we send does not arrive, what the far end sends does: another way is tried,
 * as the far end would be for long enough.
 */
static void renewal_when_unheard(void)
{
	u32 una, i;
	u64 deaf;

	establish_as(&renewable);
	for (i = 0; i < 350; i++) {
		now += 100;
		send_bytes(100);
		receive_rel(FTCP_ACK, 0, 0, 100);
		run_until(now);
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
	una = c.snd_una;
	deaf = now;
	for (i = 0; i < 100; i++) {
		now += 50;
		send_bytes(100);
		receive(FTCP_ACK, c.rcv_nxt, una, 100);
		CHECK_EQ(r.verdict, FTCP_OK);
		run_until(now);
		if (r.event)
			break;
	}
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK(now - deaf >= 2000 && now - deaf <= 4500);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
}

/* A young one waits: where large datagrams vanish and small ones pass, the next
 * would do no better.
 */
static void renewal_of_the_young(void)
{
	u32 una, i;

	establish_as(&renewable);
	una = c.snd_una;
	for (i = 0; i < 700; i++) {
		now += 50;
		send_bytes(1400);
		receive(FTCP_ACK, c.rcv_nxt, una, 100);
		run_until(now);
		if (r.event)
			break;
	}
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK(now - START >= FTCP_RENEW_AGAIN &&
	      now - START <= FTCP_RENEW_AGAIN + 1000);
}

/* One acknowledgement in a while is enough, and who sends nothing needs none. */
static void heard_now_and_then(void)
{
	u32 una, i;

	establish_as(&renewable);
	now += 10;
	send_bytes(100);
	una = c.snd_nxt;
	for (i = 0; i < 1000; i++) {
		now += 50;
		if (i < 500)
			send_bytes(100);
		if (i % 50 == 49)
			una = c.snd_nxt;
		receive(FTCP_ACK, c.rcv_nxt, i < 500 ? una : c.snd_nxt - 1, 100);
		run_until(now);
		CHECK_EQ(r.event, FTCP_EV_NONE);
	}
}

/* All was answered, and then there is no way any more. */
static void idle_until_renew(void)
{
	establish_as(&renewable);
	now++;
	send_bytes(100);
	now++;
	receive_rel(FTCP_ACK, 0, 0, 0);
	now += 1000;
	ftcp_conn_suspect(&c, now);
	until_renew();
}

/* Nobody waits: as while a device is down.  It is tried again and again, but not
 * for ever.
 */
static void renewal_failed_while_idle(void)
{
	idle_until_renew();
	for (;;) {
		CHECK(run_until(now + 12000));
		if (r.event)
			break;
		/* each is in vain, and the next comes with the next probe */
		ftcp_conn_renew_failed(&c, 1, now + FTCP_RENEW_AGAIN, &r);
		EXPECT_SILENCE();
		CHECK_EQ(c.state, FTCP_ESTABLISHED);
		CHECK(run_until(now + FTCP_PROBE_MAX));
		if (r.event != FTCP_EV_RENEW)
			break;
	}
	CHECK_EQ(r.event, FTCP_EV_DEAD);
	CHECK(now > START + 30000 && now < START + 90000);
}

/* ... until somebody does. */
static void renewal_failed_before_use(void)
{
	idle_until_renew();
	ftcp_conn_renew_failed(&c, 1, now + FTCP_RENEW_AGAIN, &r);
	EXPECT_SILENCE();
	now++;
	send_bytes(100);
	CHECK(run_until(now + FTCP_PROBE_MAX));
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	ftcp_conn_renew_failed(&c, 1, now + FTCP_RENEW_AGAIN, &r);
	EXPECT(FTCP_CONTROL, FTCP_EV_DEAD, FTCP_CLOSED);
}

/* A way that changes again is worth another attempt. */
static void suspect_after_failure(void)
{
	establish_as(&renewable);
	CHECK(ftcp_conn_renew(&c, now));
	ftcp_conn_renew_failed(&c, 1, now + FTCP_RENEW_AGAIN, &r);
	CHECK(!ftcp_conn_renew(&c, now));
	ftcp_conn_suspect(&c, now);
	CHECK(ftcp_conn_renew(&c, now));
}

/* The far end was heard again meanwhile. */
static void renewal_failed_after_recovery(void)
{
	u64 then;

	establish_as(&renewable);
	now++;
	send_bytes(100);
	until_renew();
	receive_rel(FTCP_ACK, 0, 0, 0);
	then = now + FTCP_RENEW_AGAIN;
	ftcp_conn_renew_failed(&c, 1, then, &r);
	EXPECT_SILENCE();
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	/* silent again: not a second attempt at once */
	now++;
	send_bytes(100);
	while (run_until(then + 60000) && !r.event)
		;
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK(now >= then && now < then + FTCP_PROBE_MAX);
}

static void replaced(void)
{
	u64 then;

	establish_as(&renewable);
	now++;
	send_bytes(100);
	until_renew();
	ftcp_conn_retire(&c, &standby, now);
	then = now;
	/* to be idle is inherited */
	CHECK_EQ(standby.tx.last, START + 1);
	CHECK_EQ(standby.rx.data, START);
	/* not probed any more, and still receiving */
	CHECK(!run_until(then + 1000));
	receive_rel(FTCP_ACK, 0, 0, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK(run_until(now + FTCP_ACK_DELAY));
	EXPECT_ACK();
	ftcp_conn_retire(&c, &standby, now);		/* once is enough */
	CHECK(run_until(then + FTCP_DRAIN));
	CHECK_EQ(now, then + FTCP_DRAIN);
	CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
	CHECK_EQ(c.state, FTCP_FIN_WAIT);
}

static void owner_renews(void)
{
	establish_as(&renewable);
	CHECK(ftcp_conn_renew(&c, now));
	CHECK(!ftcp_conn_renew(&c, now));
	ftcp_conn_renew_failed(&c, 1, now + 1000, &r);
	EXPECT_SILENCE();
	CHECK(!ftcp_conn_renew(&c, now + 999));
	CHECK(ftcp_conn_renew(&c, now + 1000));
	ftcp_conn_retire(&c, &standby, now);
	CHECK(!ftcp_conn_renew(&c, now));
	establish();
	CHECK(!ftcp_conn_renew(&c, now));
	dial_as(&renewable);
	CHECK(!ftcp_conn_renew(&c, now));
	ftcp_conn_renew_failed(&c, 1, now, &r);
	EXPECT_SILENCE();
	CHECK_EQ(c.state, FTCP_SYN_SENT);
}

/* ---- rotation ---- */

/* A datagram every second, which is acknowledged. */
static int talk_until(u64 until)
{
	while (now < until) {
		u64 next = now + 1000 < until ? now + 1000 : until;

		send_bytes(1);
		receive_rel(FTCP_ACK, 0, 0, 0);
		if (run_answering(next))
			return 1;
	}
	return 0;
}

static void rotation_by_age(void)
{
	struct ftcp_conn_config config = renewable;

	config.health.max_age = 90000;
	establish_as(&config);
	CHECK(!run_answering(START + 100000));	/* it is not in use */
	/* nor if only the far end sends: it would not know where to */
	receive_rel(FTCP_ACK, 0, 0, 1);
	CHECK(run_until(now + FTCP_ACK_DELAY));
	EXPECT_ACK();
	CHECK(!run_answering(START + 110000));

	establish_as(&config);
	CHECK(!talk_until(START + 89999));
	CHECK(talk_until(START + 91000));
	CHECK_EQ(now, START + 90000);
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	/* refused: again, but not before the time given */
	ftcp_conn_renew_failed(&c, 1, START + 120000, &r);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK(talk_until(START + 179999));
	CHECK_EQ(now, START + 120000);
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK(!talk_until(START + 179999));
}

/* Bytes of both directions, also when numbers go round several times. */
static void rotation_by_volume(void)
{
	struct ftcp_conn_config config = renewable;
	u64 bytes = 0;

	config.health.max_bytes = 10ull << 30;
	establish_as(&config);
	receive_rel(FTCP_ACK, 0, 0, 1);
	do {
		struct ftcp_data d;

		CHECK(ftcp_conn_send(&c, 64000, now, 1, &d));
		receive_rel(FTCP_ACK, 0, 0, 64000);
		bytes += 128000;
		now++;
		if (ftcp_conn_deadline(&c, now) <= now)
			timer();
	} while (r.event == FTCP_EV_NONE && bytes < 20ull << 30);
	CHECK_EQ(r.event, FTCP_EV_RENEW);
	CHECK(bytes >= 10ull << 30);
	CHECK(bytes < (10ull << 30) + 300000);
}

/* Who cannot dial closes; the far end dials again when it has to.  All that came
 * may have come before the clock moved.
 */
static void closes_of_age(u64 later)
{
	struct ftcp_conn_config config = native;

	config.health.max_age = 90000;
	establish_as(&config);
	now += later;
	receive_rel(FTCP_ACK, 0, 0, 1);
	CHECK(run_until(now + FTCP_ACK_DELAY));
	EXPECT_ACK();
	CHECK(run_answering(START + 179999));
	CHECK_EQ(now, START + 90000);
	CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
	CHECK_EQ(c.state, FTCP_FIN_WAIT);
}

static void rotation_by_closing(void)
{
	closes_of_age(0);
	closes_of_age(1);
}

/* ---- doubts ---- */

static void suspicion_probes_at_once(void)
{
	establish();
	now += 5000;
	ftcp_conn_suspect(&c, now);
	CHECK(run_until(now));
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	receive_rel(FTCP_ACK, 0, 0, 0);
	CHECK(!run_until(now + FTCP_KEEPALIVE - 1));
	/* in the very millisecond in which the far end was heard */
	receive_rel(FTCP_ACK, 0, 0, 0);
	ftcp_conn_suspect(&c, now);
	CHECK(run_until(now + 1));
	EXPECT_SEGMENT(FTCP_ACK, c.snd_una - 1, c.rcv_nxt);
	/* further doubts do not multiply probes */
	ftcp_conn_suspect(&c, now);
	timer();
	EXPECT_SILENCE();
	while (run_until(START + 60000) && !r.event)
		;
	CHECK_EQ(r.event, FTCP_EV_DEAD);
}

static void suspicion_elsewhere(void)
{
	dial();
	ftcp_conn_suspect(&c, now);
	CHECK_EQ(ftcp_conn_deadline(&c, now), START + 1000);
	establish_as(&phantun);		/* answers no probe */
	now += 5000;
	ftcp_conn_suspect(&c, now);
	CHECK(!run_until(START + 100000));
}

/* ---- idle ---- */

static void idle_closes(void)
{
	establish();
	CHECK(!run_answering(START + 179999));
	CHECK(run_until(START + 180000));
	EXPECT_SEGMENT(FTCP_FIN | FTCP_ACK, iss + 1, irs + 1);
	CHECK_EQ(c.state, FTCP_FIN_WAIT);
}

/* Only datagrams count, in either direction. */
static void idle_counts_datagrams(void)
{
	establish();
	now = START + 100000;
	receive_rel(FTCP_ACK, 0, 0, 0);		/* not this */
	CHECK_EQ(ftcp_conn_deadline(&c, now + 70000) <= START + 180000, 1);
	now = START + 170000;
	receive_rel(FTCP_ACK, 0, 0, 1);
	CHECK(run_until(now + 1000));		/* its ACK */
	CHECK(!run_answering(START + 340000));
	send_bytes(1);
	receive_rel(FTCP_ACK, 0, 0, 0);
	CHECK(!run_answering(START + 340000 + 179999));
	CHECK(run_until(START + 340000 + 180000));
	CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
}

static void idle_after_accept(void)
{
	accept_as(&native, irs, 0);
	run_until(now + 10);
	CHECK(!run_until(START + 179999));
	CHECK(run_until(START + 180000));
	CHECK_EQ(r.control.flags, FTCP_FIN | FTCP_ACK);
}

/* ---- forgery ---- */

static u32 xorshift(void)
{
	static u32 x = 0x2545f491;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* What somebody sends who knows addresses and ports, but not the numbers. */
static void forge(u8 flags, u32 count)
{
	struct ftcp_conn before = c;
	u32 i, passed = 0;

	for (i = 0; i < count; i++) {
		receive(flags, xorshift(), xorshift(),
			flags == FTCP_ACK || flags == (FTCP_ACK | FTCP_PSH) ?
				1 + xorshift() % 1400 : 0);
		passed += r.verdict == FTCP_OK || r.event;
		if (c.state != FTCP_ESTABLISHED)
			break;
	}
	CHECK_EQ(passed, 0);
	CHECK_EQ(c.state, FTCP_ESTABLISHED);
	CHECK_EQ(c.rcv_nxt, before.rcv_nxt);
	CHECK_EQ(c.snd_nxt, before.snd_nxt);
	CHECK_EQ(c.snd_una, before.snd_una);
	CHECK_EQ(c.rx.data, before.rx.data);
}

static const struct {
	const char *name;
	u8 flags;
} forgeries[] = {
	{ "RST", FTCP_RST },
	{ "RST-ACK", FTCP_RST | FTCP_ACK },
	{ "SYN", FTCP_SYN },
	{ "SYN-ACK", FTCP_SYN | FTCP_ACK },
	{ "FIN", FTCP_FIN | FTCP_ACK },
	{ "data", FTCP_ACK },
	{ "data with PSH", FTCP_ACK | FTCP_PSH },
};

static void forge_all(u64 silence)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(forgeries); i++) {
		ktap_row = forgeries[i].name;
		establish();
		send_bytes(5000);
		receive_rel(FTCP_ACK, 0, 0, 5000);
		now += silence;
		forge(forgeries[i].flags, 100000);
	}
}

static void forgery_on_a_busy_flow(void)
{
	forge_all(1);
}

static void forgery_on_an_idle_flow(void)
{
	forge_all(5000);
}

/* Somebody on the path can do it.  What the far end never sent is acknowledged
 * for a second or two, and not until the far end has sent as much.
 */
static void forged_data_is_taken_back(void)
{
	u32 seq = irs + 1, i;

	establish_long_ago();
	receive(FTCP_ACK, seq, iss + 1, 500000);
	CHECK_EQ(r.verdict, FTCP_OK);
	for (i = 0; i < 30; i++, seq += 100) {
		now += 100;
		receive(FTCP_ACK, seq, iss + 1, 100);
		CHECK_EQ(r.verdict, FTCP_OK);
		timer();
	}
	CHECK_EQ(c.rcv_nxt, seq);
	run_until(now + 1000);
	CHECK_EQ(c.ack_adv, seq);
}

/* The last of a burst came first, and others late: the far end's probes stand
 * before what was acknowledged then, and are answered.
 */
static void probe_after_a_burst(void)
{
	u32 sent, i;

	establish_long_ago();
	receive_rel(FTCP_ACK, 0, 0, 1000);
	now += 990;
	timer();
	receive_rel(FTCP_ACK, 9000, 0, 1000);
	sent = c.rcv_nxt;
	now += 20;
	timer();
	for (i = 0; i < 9; i++, now++)
		receive(FTCP_ACK, sent - 10000 + 1000 * i, c.snd_nxt, 1000);
	for (i = 0; i < 30; i++) {
		now += 100;
		timer();
	}
	CHECK_EQ(c.rcv_nxt, sent - 1000);
	for (i = 0; i < 3; i++) {
		now += 25000;
		receive(FTCP_ACK, sent - 1, c.snd_nxt, 0);
		CHECK_EQ(r.verdict, FTCP_CONTROL);
		EXPECT_ACK();
	}
}

/* One that was overtaken long ago takes nothing back for longer than until the
 * next one.
 */
static void late_duplicate(void)
{
	establish_long_ago();
	receive_rel(FTCP_ACK, 0, 0, 10000);
	now += 5000;
	timer();
	now += 5000;
	timer();
	receive_rel(FTCP_ACK, -10000, 0, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	now += 5000;
	timer();
	receive(FTCP_ACK, irs + 10001, iss + 1, 100);
	CHECK_EQ(r.verdict, FTCP_OK);
	CHECK_EQ(c.rcv_nxt, irs + 10101);
}

/* A probe, and its answer, are no late data. */
static void probes_take_nothing_back(void)
{
	u32 i;

	establish_long_ago();
	receive_rel(FTCP_ACK, 0, 0, 10000);
	for (i = 0; i < 10; i++) {
		now += 1500;
		timer();
		receive(FTCP_ACK, irs + 10000, iss + 1, 0);
		receive(FTCP_ACK, irs + 10001, iss + 1, 0);
	}
	CHECK_EQ(c.rcv_nxt, irs + 10001);
}

/* ---- the two ways to receive ---- */

static void fast_agrees_with_slow(void)
{
	static const s32 seqs[] = {
		0, 1, -1, 1400, -1400, -131072, -131073, 131071, 131072,
		M, M + 1, 16 * M, 16 * M + 1, -16 * M, 0x7fffffff,
	};
	static const s32 acks[] = {
		0, 1, -1, -5000, -5001, -262144, -267144, -267145, 0x40000000,
	};
	static const u32 lens[] = { 0, 1, 1400, 16383, 16384, 65000, 131072 };
	static const u8 flags[] = {
		FTCP_ACK, FTCP_ACK | FTCP_PSH, FTCP_ACK | FTCP_FIN,
		FTCP_ACK | FTCP_SYN, FTCP_RST, 0, FTCP_PSH,
	};
	u32 i, j, k, l, taken = 0;

	for (i = 0; i < KTAP_COUNT(seqs); i++)
	for (j = 0; j < KTAP_COUNT(acks); j++)
	for (k = 0; k < KTAP_COUNT(lens); k++)
	for (l = 0; l < KTAP_COUNT(flags); l++) {
		struct ftcp_segment s;
		struct ftcp_conn fast;
		enum ftcp_fast f;

		establish_long_ago();
		send_bytes(5000);
		now += 7;
		s = segment(flags[l], c.rcv_nxt + (u32)seqs[i],
			    c.snd_nxt + (u32)acks[j], lens[k]);
		fast = c;
		f = ftcp_conn_receive_fast(&fast, &s, now);
		if (f == FTCP_FAST_NO) {
			CHECK(!memcmp(&fast, &c, sizeof(c)));
			continue;
		}
		taken++;
		receive_segment(&s);
		EXPECT_SILENCE();
		EXPECT(FTCP_OK, FTCP_EV_NONE, FTCP_ESTABLISHED);
		CHECK_EQ(fast.rcv_nxt, c.rcv_nxt);
		CHECK_EQ(fast.snd_una, c.snd_una);
		CHECK_EQ(fast.ack_adv, c.ack_adv);
		CHECK_EQ(fast.ack_at, c.ack_at);
		CHECK_EQ(fast.rx.last, c.rx.last);
		CHECK_EQ(fast.rx.data, c.rx.data);
		CHECK_EQ(f, FTCP_FAST_ARM);
	}
	CHECK(taken > 100);
}

static void fast_arms_once(void)
{
	struct ftcp_segment s;

	establish_long_ago();
	s = segment(FTCP_ACK, c.rcv_nxt, c.snd_nxt, 1000);
	CHECK_EQ(ftcp_conn_receive_fast(&c, &s, now), FTCP_FAST_ARM);
	CHECK_EQ(ftcp_conn_deadline(&c, now), now + FTCP_ACK_DELAY);
	s.seq += 1000;
	CHECK_EQ(ftcp_conn_receive_fast(&c, &s, now), FTCP_FAST_YES);
	now += FTCP_ACK_DELAY;
	timer();
	EXPECT_SEGMENT(FTCP_ACK, iss + 1, irs + 2001);
	s.seq += 1000;
	CHECK_EQ(ftcp_conn_receive_fast(&c, &s, now), FTCP_FAST_ARM);
}

static void fast_needs_established(void)
{
	u8 state;

	for (state = FTCP_CLOSED; state <= FTCP_LAST_ACK; state++) {
		struct ftcp_segment s;

		reach(state);
		s = segment(FTCP_ACK, c.rcv_nxt, c.snd_nxt, 1000);
		/* the first one of all ends the first flight, the slow way */
		CHECK_EQ(ftcp_conn_receive_fast(&c, &s, now), FTCP_FAST_NO);
		c.first_until = 0;
		CHECK_EQ(ftcp_conn_receive_fast(&c, &s, now) != FTCP_FAST_NO,
			 state == FTCP_ESTABLISHED);
	}
}

/* ---- */

/* The tests run once for each of these. */
static const struct {
	u32 iss, irs;
} numbers[] = {
	{ 0x12345678, 0x9abcdef0 },
	{ 1, 0 },
	{ 0xffffffff, 0xffffffff },
	{ 0xfffffffe, 0xfffffff0 },
	{ 0xffffff00, 0xfffff000 },
	{ 0x7fffffff, 0x7fffffff },
	{ 0x7ffffff0, 0x80000000 },
	{ 0x80000000, 0x7fff0000 },
	{ 0xffff0000, 0x00000001 },
};

static void (*each_run)(void);

static void for_each_number(void)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(numbers); i++) {
		int before = ktap_failures;

		iss = numbers[i].iss;
		irs = numbers[i].irs;
		each_run();
		if (ktap_failures != before) {
			printf("# with initial numbers 0x%x and 0x%x\n", iss,
			       irs);
			return;
		}
	}
}

#define T(name) { #name, name }

int main(void)
{
	static const struct ktap_test tests[] = {
		T(open_sends_syn),
		T(open_avoids_zero),
		T(open_phantun),
		T(open_completes),
		T(open_without_window_scale),
		T(syn_retransmission),
		T(syn_retransmission_late),
		T(syn_ack_after_retransmission),
		T(refused_then_zero),
		T(refused_twice),
		T(refused_native),
		T(refused_phantun),
		T(refused_belated),
		T(refused_then_unanswered),
		T(half_open),
		T(half_open_from_the_other_end),
		T(answer_syn),
		T(accept_ack),
		T(accept_data),
		T(accept_unscaled),
		T(accept_opens_the_window),
		T(simultaneous_open),
		T(simultaneous_open_ack),
		T(simultaneous_open_data),
		T(simultaneous_open_unscaled),
		T(simultaneous_open_retransmission),
		T(simultaneous_open_forged),
		T(simultaneous_open_forged_twice),
		T(simultaneous_open_never),
		T(end_elsewhere),
		T(end_elsewhere_limits),
		T(end_announced),
		T(fin_after_loss),
		T(state_table),
		T(close_orderly),
		T(close_by_the_far_end),
		T(close_simultaneous),
		T(fin_unanswered),
		T(last_ack_unanswered),
		T(fin_wait_receives),
		T(close_before_established),
		T(close_twice),
		T(abort_resets),
		T(phantun_closes),
		T(reset_by_the_forgetful),
		T(reset_by_who_does_not_know),
		T(reset_before_it_worked),
		T(reset_in_doubt),
		T(send_is_contiguous),
		T(send_needs_established),
		T(first_flight),
		T(push_ends_a_burst),
		T(ack_after_200_ms),
		T(ack_step_scaled),
		T(ack_step_unscaled),
		T(ack_on_data),
		T(ack_duplicate),
		T(challenge_rate),
		T(probe_answer_rate),
		T(reordered),
		T(ack_goes_backwards),
		T(overtaken),
		T(outage),
		T(outage_limits),
		T(forged_jump),
		T(hole),
		T(acks_take_back),
		T(outage_needs_good_ack),
		T(clock_of_another_processor),
		T(long_transfer),
		T(probes_and_death),
		T(probe_answered),
		T(probe_answered_by_data),
		T(probe_is_answered),
		T(syn_proxy_opens_the_window),
		T(syn_proxy_keeps_silent),
		T(asked_since),
		T(probes_begin_anew),
		T(idle_is_kept_alive),
		T(probes_as_configured),
		T(probes_without_interval),
		T(probes_of_the_patient),
		T(renewal_instead_of_death),
		T(renewal_when_unheard),
		T(renewal_of_the_young),
		T(heard_now_and_then),
		T(renewal_failed_in_silence),
		T(renewal_failed_while_idle),
		T(renewal_failed_before_use),
		T(suspect_after_failure),
		T(renewal_failed_after_recovery),
		T(replaced),
		T(owner_renews),
		T(rotation_by_age),
		T(rotation_by_volume),
		T(rotation_by_closing),
		T(suspicion_probes_at_once),
		T(suspicion_elsewhere),
		T(keepalive_off),
		T(probe_is_not_put_off),
		T(phantun_server_is_not_dead),
		T(phantun_server_falls_silent),
		T(phantun_server_answers_late),
		T(phantun_server_found_by_refusal_is_not_dead),
		T(phantun_client_is_not_dead),
		T(phantun_client_in_disguise_is_not_dead),
		T(phantun_rare_ack_is_no_promise),
		T(phantun_double_ack_is_no_promise),
		T(native_client_dies),
		T(idle_closes),
		T(idle_counts_datagrams),
		T(idle_after_accept),
		T(forgery_on_a_busy_flow),
		T(forgery_on_an_idle_flow),
		T(forged_data_is_taken_back),
		T(probe_after_a_burst),
		T(late_duplicate),
		T(probes_take_nothing_back),
		T(fast_agrees_with_slow),
		T(fast_arms_once),
		T(fast_needs_established),
	};
	struct ktap_test one;
	unsigned int i, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%zu\n", KTAP_COUNT(tests));
	for (i = 0; i < KTAP_COUNT(tests); i++) {
		one = tests[i];
		ktap_failures = 0;
		ktap_row = one.name;
		each_run = one.run;
		for_each_number();
		printf("%s %u %s\n", ktap_failures ? "not ok" : "ok", i + 1,
		       one.name);
		failed += !!ktap_failures;
	}
	printf("# Totals: pass:%zu fail:%u skip:0\n",
	       KTAP_COUNT(tests) - failed, failed);
	return !!failed;
}
