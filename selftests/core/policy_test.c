// SPDX-License-Identifier: GPL-2.0
/*
 * What is decided about conversations.  The module and ftcptun once decided each for
 * itself, and differently; there is a test for each of these differences.
 */
#include <string.h>

#include "cookie.h"
#include "ktap.h"
#include "listen.h"
#include "policy.h"

static struct ftcp_end_policy end(struct ftcp_end_facts facts)
{
	struct ftcp_end_policy policy;

	ftcp_end_policy(&facts, &policy);
	return policy;
}

/* An established connection, dialled at 0, of which all is acknowledged. */
static struct ftcp_conn established(u64 now)
{
	const struct ftcp_conn_config config = {
		.health = { .idle = FTCP_IDLE, .keepalive = FTCP_KEEPALIVE,
			    .probes = FTCP_PROBES, .renewable = 1 },
	};
	struct ftcp_segment seg = {
		.seq = 5000, .flags = FTCP_SYN | FTCP_ACK, .window = 64240,
		.wscale = 14, .ack = 1001,
	};
	struct ftcp_result res;
	struct ftcp_conn c;

	ftcp_conn_open(&c, &config, 1000, now, &res);
	ftcp_conn_receive(&c, &seg, now, &res);
	CHECK_EQ(res.event, FTCP_EV_ESTABLISHED);
	seg = (struct ftcp_segment){
		.seq = 5001, .ack = 1001, .flags = FTCP_ACK, .window = 65535,
	};
	ftcp_conn_receive(&c, &seg, now, &res);
	return c;
}

/* ---- the table of what an end means ---- */

#define NOTHING	FTCP_TELL_NOTHING
#define HOST	FTCP_TELL_HOST
#define PORT	FTCP_TELL_PORT
#define REASON(name) FTCP_REASON_##name
#define EVENT(name) .event = FTCP_EV_##name
#define OURS	.dialled = 1, .carries = 1
#define USED	OURS, .worked = 1

static const struct {
	const char *name;
	struct ftcp_end_facts facts;
	struct ftcp_end_policy policy;
} ends[] = {
	{ "reset in use", { EVENT(RESET), USED }, { REASON(RESET), 0, PORT, PORT } },
	{ "reset, nothing sent", { EVENT(RESET), OURS },
	  { REASON(RESET), 0, NOTHING, PORT } },
	{ "reset, the conversation is a successor's",
	  { EVENT(RESET), .dialled = 1, .worked = 1 },
	  { REASON(RESET), 0, NOTHING, PORT } },
	{ "forgotten", { EVENT(FORGOTTEN), USED },
	  { REASON(RESET), 1, PORT, PORT } },
	{ "forgotten, the conversation is a successor's",
	  { EVENT(FORGOTTEN), .dialled = 1, .worked = 1 },
	  { REASON(RESET), 0, NOTHING, PORT } },
	{ "forgotten, accepted", { EVENT(FORGOTTEN), .carries = 1, .worked = 1 },
	  { REASON(RESET), 0, NOTHING, PORT } },
	{ "dead", { EVENT(DEAD), USED }, { REASON(DEAD), 0, HOST, HOST } },
	{ "dead, and a datagram waits", { EVENT(DEAD), USED, .waits = 1 },
	  { REASON(DEAD), 0, NOTHING, HOST } },
	{ "dead, the conversation is a successor's",
	  { EVENT(DEAD), .dialled = 1, .worked = 1 },
	  { REASON(DEAD), 0, NOTHING, HOST } },
	{ "dead, accepted", { EVENT(DEAD), .carries = 1 },
	  { REASON(DEAD), 0, NOTHING, HOST } },
	{ "refused", { EVENT(REFUSED), OURS, .waits = 1 },
	  { REASON(REFUSED), 0, NOTHING, PORT } },
	{ "refused, after a loss", { EVENT(REFUSED), OURS, .owes = 1 },
	  { REASON(REFUSED), 0, PORT, PORT } },
	{ "unanswered", { EVENT(UNANSWERED), OURS, .waits = 1 },
	  { REASON(UNANSWERED), 0, NOTHING, HOST } },
	{ "unanswered, after a loss", { EVENT(UNANSWERED), OURS, .owes = 1 },
	  { REASON(UNANSWERED), 0, HOST, HOST } },
	{ "unanswered, nobody cares", { EVENT(UNANSWERED), OURS },
	  { REASON(UNANSWERED), 0, NOTHING, HOST } },
	{ "no port after a loss",
	  { EVENT(CLOSED), .reason = REASON(FAILED), OURS, .owes = 1 },
	  { REASON(FAILED), 0, HOST, HOST } },
	{ "idle", { EVENT(CLOSED), USED }, { REASON(CLOSED), 0, NOTHING, HOST } },
	{ "the target takes nothing",
	  { EVENT(CLOSED), .reason = REASON(UNREACHABLE), .carries = 1 },
	  { REASON(UNREACHABLE), 0, NOTHING, HOST } },
	{ "replaced, then reset", { EVENT(RESET), .dialled = 1, .retired = 1 },
	  { REASON(REPLACED), 0, NOTHING, NOTHING } },
	{ "closed, then silent", { EVENT(DEAD), .dialled = 1, .closing = 1 },
	  { REASON(CLOSED), 0, NOTHING, HOST } },
};

static void what_an_end_means(void)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(ends); i++) {
		struct ftcp_end_policy p = end(ends[i].facts);

		ktap_row = ends[i].name;
		CHECK_EQ(p.reason, ends[i].policy.reason);
		CHECK_EQ(p.dial, ends[i].policy.dial);
		CHECK_EQ(p.tell, ends[i].policy.tell);
		CHECK_EQ(p.waiting, ends[i].policy.waiting);
	}
}

/* ---- the differences ---- */

/* The far end resets a connection whose way is in doubt, or that is about to be
 * replaced: no news about the service, and the successor has the conversation.
 */
static void reset_in_doubt(void)
{
	struct ftcp_conn c = established(1000);
	struct ftcp_segment rst = {
		.seq = c.rcv_nxt, .ack = c.snd_nxt, .flags = FTCP_RST | FTCP_ACK,
	};
	struct ftcp_result res;
	struct ftcp_data data;
	struct ftcp_conn d;

	ftcp_conn_send(&c, 100, 2000, 0, &data);
	c.rx.data = 2001;	/* it has worked */
	c.rx.last = 2001;
	c.snd_una = c.snd_nxt;
	rst.ack = c.snd_nxt;
	d = c;
	ftcp_conn_receive(&c, &rst, 3000, &res);
	CHECK_EQ(res.event, FTCP_EV_RESET);
	CHECK_EQ(end((struct ftcp_end_facts){ res.event, USED }).tell, PORT);

	ftcp_conn_suspect(&d, 2900);
	ftcp_conn_receive(&d, &rst, 3000, &res);
	CHECK_EQ(res.event, FTCP_EV_FORGOTTEN);
	CHECK(end((struct ftcp_end_facts){ res.event, USED }).dial);

	CHECK(ftcp_end_is_loss(FTCP_EV_RESET));
	CHECK(ftcp_end_is_loss(FTCP_EV_FORGOTTEN));
	CHECK(ftcp_end_is_loss(FTCP_EV_DEAD));
	CHECK(!ftcp_end_is_loss(FTCP_EV_CLOSED));
	CHECK(!ftcp_end_is_loss(FTCP_EV_REFUSED));
}

/* Longer and longer, up to a second, and not all at the same moment; those that
 * fail together count as one.
 */
static void refused_backoff(void)
{
	static const u32 most[] = { 125, 250, 500, 1000, 1000, 1000 };
	struct ftcp_backoff b = { 0 }, other = { 0 };
	u64 now = 1000;
	u32 i;

	CHECK(!ftcp_backoff_pauses(&b, now));
	for (i = 0; i < KTAP_COUNT(most); i++) {
		ftcp_backoff_failed(&b, 1, now, 0);
		other = b;
		CHECK_EQ(b.until - now, most[i]);
		CHECK(ftcp_backoff_pauses(&b, now + most[i] - 1));
		ftcp_backoff_failed(&b, 1, now + 1, 0);
		CHECK_EQ(b.until, other.until);
		CHECK_EQ(b.failures, other.failures);
		now += most[i];
		CHECK(!ftcp_backoff_pauses(&b, now));
	}
	other = b;
	ftcp_backoff_failed(&b, 0, now, 250);
	CHECK_EQ(b.until - now, 750);
	ftcp_backoff_failed(&other, 0, now, 0xffffffff);
	CHECK(other.until - now >= 750 && other.until - now <= 1000);
	CHECK_EQ(ftcp_backoff_tell(&b), HOST);
	ftcp_backoff_failed(&b, 1, now, 0);
	CHECK_EQ(ftcp_backoff_tell(&b), PORT);
	ftcp_backoff_reached(&b);
	CHECK(!ftcp_backoff_pauses(&b, now));
	ftcp_backoff_failed(&b, 1, now, 0);
	CHECK_EQ(b.until - now, 125);
}

/* Nobody dials for a far end that was found dead, before there is a datagram for it;
 * the application hears.
 */
static void dead_waits_for_a_datagram(void)
{
	struct ftcp_end_policy p = end((struct ftcp_end_facts){ EVENT(DEAD), USED });

	CHECK(!p.dial);
	CHECK_EQ(p.tell, HOST);
}

/* Only the far end's silence, and want of a place, end what is to be replaced. */
static void successor_cannot_be_dialled(void)
{
	CHECK(ftcp_no_place(FTCP_DROP_LIMIT));
	CHECK(ftcp_no_place(FTCP_DROP_SOURCE_LIMIT));
	CHECK(ftcp_no_place(FTCP_DROP_NAMESPACE_LIMIT));
	CHECK(ftcp_no_place(FTCP_DROP_PORT_TAKEN));
	CHECK(!ftcp_no_place(FTCP_DROP_MEMORY));
	CHECK(!ftcp_no_place(FTCP_DROP_NO_ROUTE));
	CHECK(!ftcp_no_place(FTCP_DROP_NO_ENDPOINT));
	CHECK(!ftcp_no_place(FTCP_DROP_REFUSED));
	CHECK(ftcp_dialled_in_vain(FTCP_EV_UNANSWERED));
	CHECK(ftcp_dialled_in_vain(FTCP_EV_REFUSED));
	CHECK(!ftcp_dialled_in_vain(FTCP_EV_CLOSED));
	CHECK(!ftcp_dialled_in_vain(FTCP_EV_RESET));
	CHECK_EQ(ftcp_renew_again(1, 1000), 31000);
	CHECK_EQ(ftcp_renew_again(0, 1000), 4000);
}

static u32 no_hash(const void *key, const void *ends, enum ftcp_hash what,
		   u32 slot)
{
	(void)key;
	(void)ends;
	return what * 1000 + slot;
}

/* A clock of 64 ns. */
static void sequence_clock(void)
{
	const struct ftcp_secret secret = { no_hash, NULL };

	CHECK_EQ(ftcp_listen_isn(&secret, NULL, 1000064) -
			 ftcp_listen_isn(&secret, NULL, 1000000),
		 1);
}

/* What a network card is asked to cut has no smaller pieces than TCP's. */
static void smallest_segments(void)
{
	CHECK_EQ(FTCP_GSO_SIZE_MIN, 48);
}

/* What finds the first window full waits, as does what comes while the connection
 * is opened; what comes when it is about to end does not.
 */
static void full_first_window(void)
{
	struct ftcp_conn c = established(1000);
	struct ftcp_result res;
	struct ftcp_data data;

	c.first_until = 3000;
	c.first_flight = FTCP_FIRST_FLIGHT;
	CHECK_EQ(ftcp_conn_send(&c, FTCP_FIRST_FLIGHT, 1001, 0, &data),
		 FTCP_SENT_ARM);
	CHECK_EQ(ftcp_conn_send(&c, 100, 1001, 0, &data), FTCP_SENT_NO);
	CHECK(ftcp_may_wait(&c));
	ftcp_conn_close(&c, 1002, &res);
	CHECK_EQ(ftcp_conn_send(&c, 100, 1002, 0, &data), FTCP_SENT_NO);
	CHECK(!ftcp_may_wait(&c));
	ftcp_conn_open(&c, &c.config, 1000, 2000, &res);
	CHECK(ftcp_may_wait(&c));
	ftcp_conn_abort(&c, &res);
	CHECK(!ftcp_may_wait(&c));
}

/* Of ICMP errors that one is believed which quotes what is on its way; and of those
 * of UDP those that come soon.
 */
static void forged_icmp(void)
{
	struct ftcp_conn c = established(1000);

	c.snd_una = 0xffffff00;
	c.snd_nxt = 0x100;
	CHECK(ftcp_quote_in_flight(&c, 0xffffff00));
	CHECK(ftcp_quote_in_flight(&c, 0));
	CHECK(ftcp_quote_in_flight(&c, 0xff));
	CHECK(!ftcp_quote_in_flight(&c, 0x100));
	CHECK(!ftcp_quote_in_flight(&c, 0xfffffeff));
	CHECK(!ftcp_quote_in_flight(&c, 0x80000000));
	c.rx.data = 5000;
	CHECK(ftcp_target_refusal(&c, 5001));
	CHECK(ftcp_target_refusal(&c, 8000));
	CHECK(!ftcp_target_refusal(&c, 8001));
}

/* By number for each flow, by memory for all. */
static void waiting_limit(void)
{
	CHECK_EQ(FTCP_DEFAULT_QUEUE_BYTES, 64 << 20);
	CHECK_EQ(ftcp_queue_quota(63, 64, 1 << 20, 1 << 20), 0);
	CHECK_EQ(ftcp_queue_quota(64, 64, 1, 1 << 20), FTCP_DROP_QUEUE_FULL);
	CHECK_EQ(ftcp_queue_quota(0, 64, (1 << 20) + 1, 1 << 20),
		 FTCP_DROP_QUEUE_FULL);
	CHECK_EQ(ftcp_queue_quota(0, 64, 1ull << 33, 1ull << 33), 0);
}

/* To one, and first for all. */
static void most_flows(void)
{
	CHECK_EQ(ftcp_flow_quota(3, 4, 0, 2), 0);
	CHECK_EQ(ftcp_flow_quota(4, 4, 0, 2), FTCP_DROP_LIMIT);
	CHECK_EQ(ftcp_flow_quota(3, 4, 2, 2), FTCP_DROP_SOURCE_LIMIT);
	CHECK_EQ(ftcp_flow_quota(4, 4, 2, 2), FTCP_DROP_LIMIT);
	CHECK_EQ(ftcp_flow_quota(0, 1, 0, 1), 0);
}

/* The clock goes on while the host is suspended.  A flow that was idle for so long is
 * closed, not probed, and no cookie outlives its time.
 */
static void asleep(void)
{
	struct ftcp_conn c = established(1000), d = c;
	struct ftcp_result res;

	ftcp_conn_suspect(&c, 1000 + FTCP_IDLE + 1);
	ftcp_conn_timer(&c, 1000 + FTCP_IDLE + 1, &res);
	CHECK_EQ(res.control.flags, FTCP_FIN | FTCP_ACK);
	/* a nap */
	ftcp_conn_suspect(&d, 61000);
	ftcp_conn_timer(&d, 61000, &res);
	CHECK_EQ(res.control.flags, FTCP_ACK);
	CHECK_EQ(d.state, FTCP_ESTABLISHED);
}

/* An IPv6 host is given a /64; an application is one address. */
static void source_prefix(void)
{
	static const u8 v6[16] = { 0x20, 1, 0xd, 0xb8, 1, 2, 3, 4,
				   5, 6, 7, 8, 9, 10, 11, 12 };
	u8 a[16];

	memcpy(a, v6, 16);
	ftcp_source_of(a, 0, 1);
	CHECK(!memcmp(a, v6, 16));
	ftcp_source_of(a, 1, 0);
	CHECK(!memcmp(a, v6, 16));
	ftcp_source_of(a, 0, 0);
	CHECK(!memcmp(a, v6, 8));
	CHECK(!memcmp(a + 8, "\0\0\0\0\0\0\0", 8));
}

/* Who answers stays, however often somebody comes; who is silent for a second goes. */
static void newcomers(void)
{
	u64 asked = 0, now = 5000, heard = 4999;

	CHECK_EQ(ftcp_newcomer(&asked, heard, now), FTCP_NEWCOMER_ASK);
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 1), FTCP_NEWCOMER_WAIT);
	heard = now + 2;
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 3), FTCP_NEWCOMER_REFUSE);
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 999), FTCP_NEWCOMER_REFUSE);
	now += 1000;
	CHECK_EQ(ftcp_newcomer(&asked, heard, now), FTCP_NEWCOMER_ASK);
	CHECK_EQ(asked, now);
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 999), FTCP_NEWCOMER_WAIT);
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 1000), FTCP_NEWCOMER_ADMIT);
	/* nobody came for long: what it was asked then says nothing now */
	heard = now + 1500;
	CHECK_EQ(ftcp_newcomer(&asked, heard, now + 90000), FTCP_NEWCOMER_ASK);
}

static const struct ktap_test tests[] = {
	{ "what_an_end_means", what_an_end_means },
	{ "reset_in_doubt", reset_in_doubt },
	{ "refused_backoff", refused_backoff },
	{ "dead_waits_for_a_datagram", dead_waits_for_a_datagram },
	{ "successor_cannot_be_dialled", successor_cannot_be_dialled },
	{ "sequence_clock", sequence_clock },
	{ "smallest_segments", smallest_segments },
	{ "full_first_window", full_first_window },
	{ "forged_icmp", forged_icmp },
	{ "waiting_limit", waiting_limit },
	{ "most_flows", most_flows },
	{ "asleep", asleep },
	{ "source_prefix", source_prefix },
	{ "newcomers", newcomers },
};

int main(void)
{
	return ktap_main(tests, KTAP_COUNT(tests));
}
