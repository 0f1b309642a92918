// SPDX-License-Identifier: GPL-2.0
/* Segments of no flow: what each means, and the numbers that this host makes. */
#include "conn.h"
#include "cookie.h"
#include "ktap.h"
#include "listen.h"

#define SLOT	FTCP_COOKIE_SLOT
#define NOW	(5ull * SLOT + 17)
#define OPEN	1
#define SHUT	0

/* Every bit of the result depends on every argument. */
static u32 hash(const void *key, const void *ends, enum ftcp_hash what, u32 slot)
{
	u32 h = *(const u32 *)key * 0x9e3779b1 + *(const u32 *)ends;
	u32 i;

	for (i = 0; i < 3; i++) {
		h = (h ^ what << 8 ^ slot) * 0x85ebca6b;
		h ^= h >> 13;
	}
	return h;
}

static const u32 key = 0x1234, other_key = 0x1235;
static const u32 ends = 77, other_ends = 78;
static const struct ftcp_secret secret = { hash, &key };

static struct ftcp_segment segment(u8 flags, u32 seq, u32 ack, u32 len)
{
	return (struct ftcp_segment){
		.seq = seq, .ack = ack, .len = len, .flags = flags,
		.hlen = FTCP_HLEN, .wscale = FTCP_NO_WSCALE,
	};
}

static struct ftcp_unknown ask(int open, const struct ftcp_segment *seg,
			       u64 now)
{
	struct ftcp_unknown u;

	ftcp_listen(&secret, &ends, open, seg, now, &u);
	return u;
}

/* The cookie that a SYN is answered with. */
static u32 cookie_at(u64 now, u8 wscale)
{
	struct ftcp_segment syn = segment(FTCP_SYN, 1000, 0, 0);
	struct ftcp_unknown u;

	if (wscale)
		syn.wscale = 7;
	u = ask(OPEN, &syn, now);
	CHECK_EQ(u.meaning, FTCP_ANSWER);
	CHECK_EQ(u.control.wscale, wscale);
	return u.control.seq;
}

/* In ack: the right cookie, plus one. */
#define COOKIE	0xc00c1e

static const struct {
	const char *name;
	int open;
	u8 flags;
	u32 ack;
	u32 len;
	enum ftcp_meaning meaning;
	u8 drop;
	u8 sent;
} table[] = {
#define RST_ACK	(FTCP_RST | FTCP_ACK)
	{ "SYN", OPEN, FTCP_SYN, 0, 0, FTCP_ANSWER, 0, FTCP_SYN | FTCP_ACK },
	{ "SYN with data", OPEN, FTCP_SYN, 0, 9, FTCP_ANSWER, 0,
	  FTCP_SYN | FTCP_ACK },
	{ "SYN, PSH", OPEN, FTCP_SYN | FTCP_PSH, 0, 0, FTCP_ANSWER, 0,
	  FTCP_SYN | FTCP_ACK },
	{ "third segment", OPEN, FTCP_ACK, COOKIE, 0, FTCP_ACCEPT },
	{ "first data", OPEN, FTCP_ACK, COOKIE, 100, FTCP_ACCEPT },
	{ "first data, PSH", OPEN, FTCP_ACK | FTCP_PSH, COOKIE, 100,
	  FTCP_ACCEPT },
	{ "wrong cookie", OPEN, FTCP_ACK, 99, 0, FTCP_REFUSE,
	  FTCP_DROP_HANDSHAKE, FTCP_RST },
	{ "data of a flow that is forgotten", OPEN, FTCP_ACK, 99, 100,
	  FTCP_REFUSE, FTCP_DROP_NO_FLOW, FTCP_RST },
	{ "FIN", OPEN, FTCP_FIN | FTCP_ACK, 99, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, FTCP_RST },
	{ "FIN with a cookie", OPEN, FTCP_FIN | FTCP_ACK, COOKIE, 0,
	  FTCP_REFUSE, FTCP_DROP_NO_FLOW, FTCP_RST },
	{ "SYN-ACK with a cookie", OPEN, FTCP_SYN | FTCP_ACK, COOKIE, 0,
	  FTCP_REFUSE, FTCP_DROP_NO_FLOW, FTCP_RST },
	{ "SYN, FIN", OPEN, FTCP_SYN | FTCP_FIN, 0, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, RST_ACK },
	{ "no flags", OPEN, 0, 0, 10, FTCP_REFUSE, FTCP_DROP_NO_FLOW,
	  RST_ACK },
	{ "RST draws nothing", OPEN, FTCP_RST, 0, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, 0 },
	{ "RST with a cookie", OPEN, RST_ACK, COOKIE, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, 0 },
	{ "SYN to who does not accept it", SHUT, FTCP_SYN, 0, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, RST_ACK },
	{ "third segment there", SHUT, FTCP_ACK, COOKIE, 0, FTCP_REFUSE,
	  FTCP_DROP_NO_FLOW, FTCP_RST },
	{ "RST there", SHUT, FTCP_RST, 0, 0, FTCP_REFUSE, FTCP_DROP_NO_FLOW,
	  0 },
};

static void meanings(void)
{
	u32 i, cookie = cookie_at(NOW, 0);

	for (i = 0; i < KTAP_COUNT(table); i++) {
		struct ftcp_segment seg = segment(table[i].flags, 5000,
						  table[i].ack == COOKIE ?
							  cookie + 1 :
							  table[i].ack,
						  table[i].len);
		struct ftcp_unknown u = ask(table[i].open, &seg, NOW);

		ktap_row = table[i].name;
		CHECK_EQ(u.meaning, table[i].meaning);
		CHECK_EQ(u.drop, table[i].drop);
		CHECK_EQ(u.control.flags, table[i].sent);
	}
}

/* A RST claims to be what the segment's sender expects next (RFC 9293, 3.5.2). */
static void numbers_of_a_refusal(void)
{
	struct ftcp_segment data = segment(FTCP_ACK, 5000, 99, 100);
	struct ftcp_segment syn = segment(FTCP_SYN, 5000, 0, 0);
	struct ftcp_unknown u = ask(OPEN, &data, NOW);

	CHECK_EQ(u.control.seq, 99);
	u = ask(SHUT, &syn, NOW);
	CHECK_EQ(u.control.seq, 0);
	CHECK_EQ(u.control.ack, 5001);
}

/* At least one slot's length, and less than two. */
static void cookies_expire(void)
{
	u64 made = 6ull * SLOT + SLOT / 2;
	struct ftcp_segment seg = segment(FTCP_ACK, 1001,
					  cookie_at(made, 1) + 1, 0);

	CHECK_EQ(ask(OPEN, &seg, made).meaning, FTCP_ACCEPT);
	CHECK_EQ(ask(OPEN, &seg, made + SLOT).meaning, FTCP_ACCEPT);
	CHECK_EQ(ask(OPEN, &seg, made + 2 * SLOT).meaning,
		 FTCP_REFUSE);
	/* the two bits of the slot are the same again, the hash is not */
	CHECK_EQ(ask(OPEN, &seg, made + 4 * SLOT).meaning,
		 FTCP_REFUSE);
	CHECK_EQ(ask(OPEN, &seg, made - SLOT).meaning, FTCP_REFUSE);
}

/* One bit of the number, other ends, another key: none is believed. */
static void cookies_are_of_their_ends(void)
{
	const struct ftcp_secret other = { hash, &other_key };
	u32 cookie = cookie_at(NOW, 1), bit;
	struct ftcp_segment seg = segment(FTCP_ACK, 1001, cookie + 1, 0);

	CHECK(ftcp_listen_completes(&secret, &ends, &seg, NOW));
	CHECK(!ftcp_listen_completes(&secret, &other_ends, &seg, NOW));
	CHECK(!ftcp_listen_completes(&other, &ends, &seg, NOW));
	for (bit = 0; bit < 32; bit++) {
		seg.ack = (cookie ^ 1u << bit) + 1;
		CHECK(!ftcp_listen_completes(&secret, &ends, &seg, NOW));
	}
	/* which is what somebody who was reset acknowledges */
	seg.ack = cookie + 2;
	CHECK(!ftcp_listen_completes(&secret, &ends, &seg, NOW));
}

/* The client's own number is not part of it, nor is what follows. */
static void first_data_is_as_good_as_an_ack(void)
{
	u32 cookie = cookie_at(NOW, 1);
	struct ftcp_segment seg = segment(FTCP_ACK | FTCP_PSH, 0xfffffff0,
					  cookie + 1, 1400);
	struct ftcp_conn_config config = { .health.idle = FTCP_IDLE };
	struct ftcp_conn c;

	CHECK_EQ(ask(OPEN, &seg, NOW).meaning, FTCP_ACCEPT);
	ftcp_conn_accept(&c, &config, &seg, NOW);
	CHECK_EQ(c.rcv_nxt, 0xfffffff0u + 1400);
	CHECK(c.wscale);
}

/* RFC 6528: one clock, of 64 ns, and one beginning for each pair of ends. */
static void isn_clock(void)
{
	u64 s = 1000000000, t = 1234567890123456789ull;
	u32 first = ftcp_listen_isn(&secret, &ends, t);

	CHECK_EQ(ftcp_listen_isn(&secret, &ends, t + 64) - first, 1);
	CHECK_EQ(ftcp_listen_isn(&secret, &ends, t + s) - first, s / 64);
	/* two connections within a millisecond do not begin alike */
	CHECK(ftcp_listen_isn(&secret, &ends, t + 1000) != first);
	CHECK(ftcp_listen_isn(&secret, &other_ends, t) != first);
	/* it is no cookie, nor tells one */
	CHECK(first - (u32)(t >> 6) !=
	      hash(&key, &ends, FTCP_HASH_COOKIE, 0));
}

static const struct ktap_test tests[] = {
	{ "meanings", meanings },
	{ "numbers_of_a_refusal", numbers_of_a_refusal },
	{ "cookies_expire", cookies_expire },
	{ "cookies_are_of_their_ends", cookies_are_of_their_ends },
	{ "first_data_is_as_good_as_an_ack", first_data_is_as_good_as_an_ack },
	{ "isn_clock", isn_clock },
};

int main(void)
{
	return ktap_main(tests, KTAP_COUNT(tests));
}
