// SPDX-License-Identifier: GPL-2.0
/*
 * The model of conntrack itself: that it accepts what Linux's own TCP does, and
 * finds fault where nf_conntrack would.
 */
#include <string.h>

#include "conntrack.h"
#include "ktap.h"
#include "segment.h"

#define A	0		/* the end that dials */
#define B	1
#define SYN	FTCP_SYN
#define ACK	FTCP_ACK
#define FIN	FTCP_FIN
#define RST	FTCP_RST

#define OK	CT_ACCEPT
#define IGN	CT_IGNORE
#define BAD	CT_INVALID

/*
 * Numbers are relative to the initial ones of each end, so that a SYN is 0 and
 * the first byte of data 1.
 */
struct step {
	int from;
	u8 flags;
	u32 seq, ack, len;
	u8 verdict, state;
};

#define HANDSHAKE							\
	{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },				\
	{ B, SYN | ACK, 0, 1, 0, OK, CT_SYN_RECV },			\
	{ A, ACK, 1, 1, 0, OK, CT_ESTABLISHED },			\
	{ B, ACK, 1, 1, 0, OK, CT_ESTABLISHED }

#define STEPS	16

static const struct script {
	const char *name;
	u8 unscaled;
	struct step step[STEPS];
} scripts[] = {
	{ "connection", 0, {
		HANDSHAKE,
		{ A, ACK, 1, 1, 1000, OK, CT_ESTABLISHED },
		{ B, ACK, 1, 1001, 500, OK, CT_ESTABLISHED },
		{ A, FIN | ACK, 1001, 501, 0, OK, CT_FIN_WAIT },
		{ B, FIN | ACK, 501, 1002, 0, OK, CT_LAST_ACK },
		{ A, ACK, 1002, 502, 0, OK, CT_TIME_WAIT },
		{ A, SYN, 70000, 0, 0, OK, CT_SYN_SENT },
	} },
	{ "retransmitted handshake", 0, {
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ B, SYN | ACK, 0, 1, 0, OK, CT_SYN_RECV },
		{ B, SYN | ACK, 0, 1, 0, IGN, CT_SYN_RECV },
		{ A, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
		{ B, SYN | ACK, 0, 1, 0, IGN, CT_ESTABLISHED },
		{ A, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
	} },
	{ "no entry", 0, {
		{ B, SYN | ACK, 0, 1, 0, BAD, CT_NONE },
		{ A, ACK, 1, 1, 100, BAD, CT_NONE },
		{ A, RST, 1, 0, 0, BAD, CT_NONE },
		{ A, FIN | ACK, 1, 1, 0, BAD, CT_NONE },
		{ A, SYN | FIN, 1, 1, 0, BAD, CT_NONE },
		{ A, 0, 1, 1, 0, BAD, CT_NONE },
		{ A, FIN, 1, 0, 0, BAD, CT_NONE },
	} },
	{ "data before the SYN-ACK", 0, {
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ A, ACK, 1, 1, 100, BAD, CT_SYN_SENT },
		{ B, FIN | ACK, 1, 1, 0, BAD, CT_SYN_SENT },
		{ B, ACK, 1, 1, 0, IGN, CT_SYN_SENT },
	} },
	{ "refused", 0, {
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ B, RST | ACK, 0, 1, 0, OK, CT_NONE },
		{ A, SYN, 500, 0, 0, OK, CT_SYN_SENT },
		{ B, SYN | ACK, 0, 501, 0, OK, CT_SYN_RECV },
		{ A, ACK, 501, 1, 0, OK, CT_ESTABLISHED },
	} },
	{ "64 KB in flight without scaling", 1, {
		HANDSHAKE,
		{ A, ACK, 1, 1, 65535, OK, CT_ESTABLISHED },
		{ A, ACK, 65536, 1, 1400, OK, CT_ESTABLISHED },
		{ A, ACK, 66936, 1, 1400, IGN, CT_ESTABLISHED },
		{ A, ACK, 140000, 1, 1400, BAD, CT_ESTABLISHED },
		{ B, ACK, 1, 66937, 0, OK, CT_ESTABLISHED },
		{ A, ACK, 68336, 1, 1400, OK, CT_ESTABLISHED },
	} },
	{ "a window on a SYN-ACK is not scaled", 0, {
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ B, SYN | ACK, 0, 1, 0, OK, CT_SYN_RECV },
		{ A, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
		{ A, ACK, 130000, 1, 1400, BAD, CT_ESTABLISHED },
		{ B, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
		{ A, ACK, 130000, 1, 1400, OK, CT_ESTABLISHED },
	} },
	{ "acknowledges what was not seen", 0, {
		HANDSHAKE,
		{ A, ACK, 1, 1, 1000, OK, CT_ESTABLISHED },
		{ B, ACK, 1, 1002, 0, BAD, CT_ESTABLISHED },
		{ B, ACK, 1, 1001, 0, OK, CT_ESTABLISHED },
	} },
	{ "RST", 0, {
		HANDSHAKE,
		{ A, ACK, 1, 1, 1000, OK, CT_ESTABLISHED },
		{ B, ACK, 1, 1001, 0, OK, CT_ESTABLISHED },
		{ A, RST, 1000, 0, 0, BAD, CT_ESTABLISHED },
		{ A, RST, 5000, 0, 0, OK, CT_ESTABLISHED },
		{ A, RST, 1001, 0, 0, OK, CT_CLOSE },
	} },
	{ "SYN on a connection", 0, {
		HANDSHAKE,
		{ A, SYN, 99999, 0, 0, IGN, CT_ESTABLISHED },
		{ B, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
		{ A, RST, 1, 0, 0, OK, CT_CLOSE },
		{ A, SYN, 99999, 0, 0, OK, CT_SYN_SENT },
	} },
	{ "simultaneous open", 0, {
		{ A, SYN, 0, 0, 0, OK, CT_SYN_SENT },
		{ B, SYN, 0, 0, 0, OK, CT_SYN_SENT2 },
		{ A, SYN | ACK, 0, 1, 0, OK, CT_SYN_RECV },
		{ B, SYN | ACK, 0, 1, 0, IGN, CT_SYN_RECV },
		{ A, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
		{ B, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
	} },
	{ "keepalive", 0, {
		HANDSHAKE,
		{ A, ACK, 0, 1, 0, OK, CT_ESTABLISHED },
		{ B, ACK, 1, 1, 0, OK, CT_ESTABLISHED },
	} },
};

static void run(const struct script *script, u32 a, u32 b)
{
	static char row[120];
	struct conntrack ct;
	u32 i;

	memset(&ct, 0, sizeof(ct));
	for (i = 0; i < STEPS && script->step[i].state +
				 script->step[i].verdict; i++) {
		const struct step *st = &script->step[i];
		struct ftcp_control ctl = {
			.seq = st->seq + (st->from == A ? a : b),
			.ack = st->flags & ACK ?
				st->ack + (st->from == A ? b : a) : 0,
			.window = st->flags & SYN ? 64240 : 65535,
			.flags = st->flags,
			.wscale = !script->unscaled,
		};
		u8 hdr[FTCP_SYN_HLEN];
		u32 hlen = ftcp_control_write(hdr, 1, 2, 1460, &ctl);

		snprintf(row, sizeof(row), "%s, step %u", script->name, i);
		ktap_row = row;
		CHECK_EQ(ct_see(&ct, st->from, hdr, hlen, hlen + st->len),
			 st->verdict);
		CHECK_EQ(ct.state, st->state);
	}
}

static void verdicts(void)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(scripts); i++) {
		run(&scripts[i], 1000, 2000000);
		run(&scripts[i], 0xffffffff, 0xfffffe00);
		run(&scripts[i], 0x7fffffff, 0x7ffffff0);
	}
}

static void malformed(void)
{
	struct conntrack ct = { 0 };
	u8 hdr[FTCP_HLEN] = { [12] = 0x40, [13] = FTCP_SYN };

	CHECK_EQ(ct_see(&ct, A, hdr, sizeof(hdr), sizeof(hdr)), CT_INVALID);
	CHECK_EQ(ct_see(&ct, A, hdr, 10, 10), CT_INVALID);
	CHECK_EQ(ct.invalid, 2);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "verdicts", verdicts },
		{ "malformed", malformed },
	};

	return ktap_main(tests, KTAP_COUNT(tests));
}
