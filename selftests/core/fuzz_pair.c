// SPDX-License-Identifier: GPL-2.0
/*
 * Two ends over a network that does whatever the input says: it loses, doubles,
 * delays and forges, and ends lose their memory.  Then it is well again, and
 * within minutes both ends converse, or both have given up.
 */
#include <string.h>

#include "fuzz.h"
#include "sim.h"

#define SEC	1000000ull

static struct sim s;

static int silent(int i)
{
	return s.host[i].c.state == FTCP_CLOSED;
}

static void forge(struct input *in)
{
	static const u8 flags[] = {
		FTCP_ACK, FTCP_ACK, FTCP_SYN, FTCP_SYN | FTCP_ACK,
		FTCP_FIN | FTCP_ACK, FTCP_RST, FTCP_RST | FTCP_ACK,
		FTCP_ACK | FTCP_PSH,
	};
	u8 how = take8(in);
	int at = how & 1;
	const struct ftcp_conn *c = &s.host[at].c;
	u32 seq = c->rcv_nxt, ack = c->snd_nxt, len = 0;
	u8 hdr[FTCP_HLEN];

	if (how & 0x10)
		seq += (u32)(s32)(signed char)take8(in) << (take8(in) & 31);
	if (how & 0x20)
		ack += (u32)(s32)(signed char)take8(in) << (take8(in) & 31);
	if (how & 0x40)
		len = take16(in);
	ftcp_header_write(hdr, (u16)(!at + 1), (u16)(at + 1), seq, ack,
			  flags[how >> 1 & 7], FTCP_WINDOW);
	sim_receive(&s, at, hdr, sizeof(hdr), len);
}

static void forget(int i)
{
	memset(&s.host[i].c, 0, sizeof(s.host[i].c));
	s.host[i].timer_at = 0;
}

static void act(struct input *in)
{
	u8 op = take8(in);
	int i = op >> 4 & 1;

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
		sim_run(&s, s.now + (u64)take16(in) * 100);
		break;
	case 3:
		sim_run(&s, s.now + (u64)take8(in) * SEC / 10);
		break;
	case 4:
	case 5:
		if (!silent(i))
			sim_send(&s, i, 1 + take16(in));
		break;
	case 6:
		s.leg[i].loss = take8(in) * 4;
		break;
	case 7:
		s.leg[i].jitter = take16(in) * 4;
		break;
	case 8:
		s.leg[i].dup = take8(in) * 4;
		break;
	case 9:
		s.blocked = i;
		break;
	case 10:
		sim_close(&s, i);
		break;
	case 11:
		sim_abort(&s, i);
		break;
	case 12:
		forge(in);
		break;
	case 13:
		s.host[i].interval = (u64)take8(in) * 1000;
		s.host[i].next_send = s.now;
		break;
	case 14:
		forget(i);
		break;
	case 15:
		if (silent(i))
			sim_dial(&s, i, take32(in));
		break;
	}
}

/* A minute of no trouble, in which both ends have something to say. */
static int converse(void)
{
	u64 before[2] = { s.host[0].delivered, s.host[1].delivered };
	u32 i;

	for (i = 0; i < 60; i++) {
		if (!silent(0))
			sim_send(&s, 0, 100);
		if (!silent(1))
			sim_send(&s, 1, 100);
		sim_run(&s, s.now + SEC);
	}
	return s.host[0].delivered >= before[0] + 60 &&
	       s.host[1].delivered >= before[1] + 60;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u8 how = take8(&in);
	u32 i;

	sim_init(&s, take32(&in) | 1);
	s.strip = how & 1;
	if (how & 2) {
		s.rewrite[0] = take32(&in);
		s.rewrite[1] = take32(&in);
	}
	s.host[0].listens = how >> 2 & 1;
	s.host[1].listens = !(how & 8);
	sim_dial(&s, 0, take32(&in));
	if (how & 16)
		sim_dial(&s, 1, take32(&in));
	for (i = 0; i < 300 && in.left; i++)
		act(&in);

	for (i = 0; i < 2; i++) {
		s.host[i].interval = 0;
		s.leg[i] = (struct sim_leg){ .delay = 5000 };
	}
	s.blocked = 0;
	for (i = 0; i < 6; i++) {
		if (converse() || (silent(0) && silent(1)))
			return 0;
	}
	fprintf(stderr, "states %u and %u\n", s.host[0].c.state,
		s.host[1].c.state);
	MUST(0);
	return 0;
}
