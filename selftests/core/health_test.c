// SPDX-License-Identifier: GPL-2.0
/*
 * The health of a path: each alarm, when it is due and what is done then; what
 * they go by; and that nothing is done before the time that was told.
 */
#include <string.h>

#include "health.h"
#include "ktap.h"

#define OPENED	1000000ull	/* when every path here was opened */
#define AT(ms)	(OPENED + (ms))
#define NEVER	(1ull << 40)	/* to be idle, where something else is of interest */
#define COUNT	0xfffffff0u	/* where bytes begin to count: near the wrap */
#define CLOSE	FTCP_TODO_CLOSE
#define GIVE_UP	FTCP_TODO_GIVE_UP
#define RENEW	FTCP_TODO_RENEW
#define PROBE	FTCP_TODO_PROBE

/* All times are counted from OPENED, all bytes from COUNT; 0 is not set. */
struct row {
	const char *name;
	struct ftcp_health_config config;
	u64 tx, asked, rx, data;
	u64 now;
	u32 sent, acked, received;
	u8 full;
	/* the path has been told */
	u8 acks, probes, unacked, renewing;
	u64 tick_at, probe_at, suspect_at, retire_at, renew_at;
	/* expected: */
	u64 at;
	unsigned int todo;
};

static struct ftcp_health h;
static struct ftcp_signs s;

static u64 time_of(u64 ms)
{
	return ms ? AT(ms) : 0;
}

static void set(const struct row *r)
{
	ktap_row = r->name;
	h = (struct ftcp_health){ .acks = r->acks };
	s = (struct ftcp_signs){
		.config = &r->config,
		.now = OPENED,
		.tx.last = OPENED, .rx.last = OPENED, .rx.data = OPENED,
		.sent = COUNT, .acked = COUNT, .received = COUNT,
	};
	ftcp_health_begin(&h, &s, 0);
	h.probes = r->probes;
	h.unacked = r->unacked;
	h.renewing = r->renewing;
	h.probe_at = time_of(r->probe_at);
	if (h.probe_at)
		h.heard = AT(r->rx);
	h.suspect_at = time_of(r->suspect_at);
	h.retire_at = time_of(r->retire_at);
	h.renew_at = time_of(r->renew_at);
	if (r->tick_at)
		h.tick_at = AT(r->tick_at);
	s.tx.last = AT(r->tx);
	s.tx.asked = time_of(r->asked);
	s.rx.last = AT(r->rx);
	s.rx.data = AT(r->data);
	s.sent += r->sent;
	s.acked += r->acked;
	s.received += r->received;
	s.full = r->full;
	s.now = AT(r->now);
}

/* Not before, then, and not again at once. */
static void check(const struct row *r)
{
	u64 at = AT(r->at);
	struct ftcp_health before;

	set(r);
	CHECK_EQ(ftcp_health_deadline(&h, &s), at);
	if (at > s.now) {
		before = h;
		s.now = at - 1;
		CHECK_EQ(ftcp_health_timer(&h, &s), 0);
		CHECK(!memcmp(&h, &before, sizeof(h)));
		s.now = at;
	}
	CHECK_EQ(ftcp_health_timer(&h, &s), r->todo);
	if (!(r->todo & (CLOSE | GIVE_UP)))
		CHECK(ftcp_health_deadline(&h, &s) > s.now);
}

static void check_all(const struct row *rows, unsigned int count)
{
	while (count--)
		check(rows++);
}

#define CHECK_ROWS(rows)	check_all(rows, KTAP_COUNT(rows))

/* ---- each alarm ---- */

static void idle(void)
{
	static const struct row rows[] = {
		{ "from the beginning", { .idle = 180000 },
		  .at = 180000, .todo = CLOSE },
		{ "received last", { .idle = 180000 },
		  .tx = 10, .rx = 30, .data = 30, .now = 40,
		  .at = 180030, .todo = CLOSE },
		{ "sent last", { .idle = 180000 },
		  .tx = 50, .rx = 30, .data = 30, .now = 60,
		  .at = 180050, .todo = CLOSE },
		{ "heard, but no datagram", { .idle = 180000 },
		  .tx = 10, .rx = 9000, .data = 20, .now = 9000,
		  .at = 180020, .todo = CLOSE },
		{ "however much it is to be replaced",
		  { .idle = 180000, .renewable = 1 }, .renewing = 1,
		  .at = 180000, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

static void drained(void)
{
	static const struct row rows[] = {
		{ "after a replacement", { .idle = NEVER },
		  .now = 100, .retire_at = 3100, .at = 3100, .todo = CLOSE },
		{ "and nothing else meanwhile",
		  { .idle = NEVER, .keepalive = 1000, .max_age = 1000,
		    .max_bytes = 1, .probes = 2, .renewable = 1 },
		  .tx = 900, .asked = 1, .data = 1, .now = 1000, .sent = 1000,
		  .acks = 1, .unacked = FTCP_UNACKED, .suspect_at = 500,
		  .retire_at = 3000, .at = 3000, .todo = CLOSE },
		{ "unless it is idle before", { .idle = 2000 },
		  .now = 100, .retire_at = 3100, .at = 2000, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

static void full(void)
{
	static const struct row rows[] = {
		{ "at once", { .idle = NEVER },
		  .tx = 500, .now = 500, .full = 1, .at = 500, .todo = GIVE_UP },
		{ "even if it could be replaced",
		  { .idle = NEVER, .keepalive = 25000, .renewable = 1 },
		  .tx = 500, .now = 500, .full = 1, .acks = 1,
		  .at = 500, .todo = GIVE_UP },
	};

	CHECK_ROWS(rows);
}

static void age(void)
{
	static const struct row rows[] = {
		{ "in use",
		  { .idle = NEVER, .max_age = 60000, .renewable = 1 },
		  .tx = 59000, .now = 59500, .at = 60000, .todo = RENEW },
		{ "not in use",
		  { .idle = 180000, .max_age = 60000, .renewable = 1 },
		  .tx = 50000, .now = 59500, .at = 230000, .todo = CLOSE },
		{ "not used yet",
		  { .idle = 180000, .max_age = 2000, .renewable = 1 },
		  .now = 1000, .at = 180000, .todo = CLOSE },
		{ "used by the far end alone",
		  { .idle = 180000, .max_age = 60000, .renewable = 1 },
		  .rx = 59000, .data = 59000, .now = 59500, .received = 1000,
		  .at = 239000, .todo = CLOSE },
		{ "a replacement failed",
		  { .idle = NEVER, .max_age = 60000, .renewable = 1 },
		  .tx = 89000, .now = 89500, .renew_at = 90000,
		  .at = 90000, .todo = RENEW },
		{ "one is being made",
		  { .idle = 180000, .max_age = 60000, .renewable = 1 },
		  .tx = 59000, .now = 59500, .renewing = 1,
		  .at = 239000, .todo = CLOSE },
		{ "not replaceable", { .idle = NEVER, .max_age = 60000 },
		  .rx = 7, .data = 7, .now = 100, .received = 1,
		  .at = 60000, .todo = CLOSE },
		{ "not replaceable, nor ever used",
		  { .idle = 180000, .max_age = 60000 },
		  .now = 100, .at = 180000, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

static void volume(void)
{
	static const struct row rows[] = {
		{ "reached, by both directions",
		  { .idle = NEVER, .max_bytes = 1000, .renewable = 1 },
		  .tx = 4000, .now = 5000, .sent = 600, .received = 400,
		  .at = 1000, .todo = RENEW },
		{ "reached, but young",
		  { .idle = NEVER, .max_bytes = 1000, .renewable = 1 },
		  .tx = 10, .now = 20, .sent = 1000,
		  .at = 1000, .todo = RENEW },
		{ "not reached: looked at again",
		  { .idle = NEVER, .max_bytes = 1000, .renewable = 1 },
		  .tx = 4000, .now = 5000, .sent = 599, .received = 400,
		  .at = 6000, .todo = 0 },
		{ "what was received may be taken back",
		  { .idle = NEVER, .max_bytes = 1000, .renewable = 1 },
		  .tx = 4000, .now = 5000, .sent = 999, .received = -100u,
		  .at = 6000, .todo = 0 },
		{ "age comes first",
		  { .idle = NEVER, .max_bytes = 1000, .max_age = 5500,
		    .renewable = 1 },
		  .tx = 4000, .now = 5000, .sent = 1,
		  .at = 5500, .todo = RENEW },
		{ "not replaceable", { .idle = NEVER, .max_bytes = 1000 },
		  .tx = 10, .now = 5000, .received = 1000,
		  .at = 1000, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

#define UNHEARD	{ .idle = NEVER, .keepalive = 25000, .renewable = 1 }

static void unheard(void)
{
	static const struct row rows[] = {
		{ "no answer", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .at = 25600, .todo = RENEW },
		{ "a replacement failed", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .renew_at = 30000, .at = 30000, .todo = RENEW },
		{ "an answer", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 700, .data = 700, .now = 900,
		  .at = NEVER + 900, .todo = CLOSE },
		{ "who acknowledges is probed", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .acks = 1, .probe_at = 30000, .at = 30000,
		  .todo = PROBE | RENEW },
		{ "no datagram ever came", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 500, .now = 900,
		  .at = NEVER + 900, .todo = CLOSE },
		{ "one is being made", UNHEARD,
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .renewing = 1, .at = NEVER + 900, .todo = CLOSE },
		{ "not replaceable", { .idle = NEVER, .keepalive = 25000 },
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .at = NEVER + 900, .todo = CLOSE },
		{ "no keepalive", { .idle = NEVER, .renewable = 1 },
		  .tx = 900, .asked = 600, .rx = 500, .data = 500, .now = 900,
		  .at = NEVER + 900, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

#define DEAF	{ .idle = NEVER, .keepalive = 25000, .probes = 2, .renewable = 1 }
#define TALKING	.tx = 60000, .rx = 60000, .data = 60000, .now = 60000, \
		.acks = 1, .sent = 1000

static void deaf(void)
{
	static const struct row rows[] = {
		{ "for three ticks", DEAF, TALKING,
		  .unacked = 3, .tick_at = 60500, .at = 59500, .todo = RENEW },
		{ "at the third tick", DEAF, TALKING,
		  .unacked = 2, .tick_at = 60500, .at = 60500, .todo = RENEW },
		{ "acknowledged before the third tick", DEAF, TALKING,
		  .acked = 1, .unacked = 2, .tick_at = 60500,
		  .at = 85000, .todo = PROBE },
		{ "for two ticks", DEAF, TALKING,
		  .unacked = 1, .tick_at = 60500, .at = 85000, .todo = PROBE },
		{ "a replacement failed", DEAF, TALKING,
		  .unacked = 3, .tick_at = 60500, .renew_at = 70000,
		  .at = 70000, .todo = RENEW },
		{ "one is being made", DEAF, TALKING,
		  .unacked = 3, .tick_at = 60500, .renewing = 1,
		  .at = 85000, .todo = PROBE },
		{ "young", DEAF,
		  .tx = 20000, .rx = 20000, .data = 20000, .now = 20000,
		  .sent = 1000, .acks = 1, .unacked = 3, .tick_at = 20500,
		  .at = FTCP_RENEW_AGAIN, .todo = RENEW },
		{ "not replaceable",
		  { .idle = NEVER, .keepalive = 25000, .probes = 2 }, TALKING,
		  .unacked = 3, .tick_at = 60500, .at = 85000, .todo = PROBE },
		{ "one that acknowledges nothing anyway", DEAF,
		  .tx = 60000, .rx = 60000, .data = 60000, .now = 60000,
		  .sent = 1000, .unacked = 3, .tick_at = 60500,
		  .at = NEVER + 60000, .todo = CLOSE },
		{ "no keepalive",
		  { .idle = NEVER, .probes = 2, .renewable = 1 }, TALKING,
		  .unacked = 3, .tick_at = 60500,
		  .at = NEVER + 60000, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

#define PATIENT	{ .idle = NEVER, .keepalive = 25000, .probes = 2 }
#define RENEWED	{ .idle = NEVER, .keepalive = 25000, .probes = 2, .renewable = 1 }

static void probed(void)
{
	static const struct row rows[] = {
		{ "after silence", PATIENT, .rx = 100, .now = 100, .acks = 1,
		  .at = 25100, .todo = PROBE },
		{ "without an answer", PATIENT,
		  .tx = 900, .asked = 600, .rx = 100, .now = 900, .acks = 1,
		  .at = 1600, .todo = PROBE },
		{ "answered since", PATIENT,
		  .tx = 900, .asked = 600, .rx = 700, .now = 900, .acks = 1,
		  .at = 25700, .todo = PROBE },
		{ "keepalive is shorter",
		  { .idle = NEVER, .keepalive = 700, .probes = 2 },
		  .tx = 900, .asked = 600, .rx = 100, .now = 700, .acks = 1,
		  .at = 800, .todo = PROBE },
		{ "in doubt", PATIENT,
		  .rx = 100, .now = 200, .acks = 1, .suspect_at = 200,
		  .at = 200, .todo = PROBE },
		{ "in doubt, and heard since", PATIENT,
		  .rx = 300, .now = 300, .acks = 1, .suspect_at = 200,
		  .at = 25300, .todo = PROBE },
		{ "again", PATIENT,
		  .rx = 100, .now = 25200, .acks = 1, .probes = 1,
		  .probe_at = 25600, .at = 25600, .todo = PROBE },
		{ "in vain", PATIENT,
		  .rx = 100, .now = 26000, .acks = 1, .probes = 2,
		  .probe_at = 26100, .at = 26100, .todo = GIVE_UP },
		{ "in vain, replaceable", RENEWED,
		  .rx = 100, .now = 26000, .acks = 1, .probes = 2,
		  .probe_at = 26100, .at = 26100, .todo = PROBE | RENEW },
		{ "in vain, a replacement failed", RENEWED,
		  .rx = 100, .now = 26000, .acks = 1, .probes = 2,
		  .probe_at = 26100, .renew_at = 26101,
		  .at = 26100, .todo = PROBE },
		{ "in vain, one is being made", RENEWED,
		  .rx = 100, .now = 26000, .acks = 1, .probes = 100,
		  .probe_at = 26100, .renewing = 1,
		  .at = 26100, .todo = PROBE },
		{ "in vain for ever", RENEWED,
		  .rx = 100, .now = 26000, .acks = 1,
		  .probes = 2 + FTCP_PROBES_PATIENT, .probe_at = 26100,
		  .at = 26100, .todo = GIVE_UP },
		{ "not who does not acknowledge", PATIENT,
		  .tx = 900, .asked = 600, .rx = 100, .now = 900,
		  .suspect_at = 300, .at = NEVER + 900, .todo = CLOSE },
		{ "no keepalive", { .idle = NEVER, .probes = 2 },
		  .tx = 900, .asked = 600, .rx = 100, .now = 900, .acks = 1,
		  .suspect_at = 300, .at = NEVER + 900, .todo = CLOSE },
	};

	CHECK_ROWS(rows);
}

/* ---- several at once ---- */

/* Late, so that all is due: the first that ends the path counts. */
static void order(void)
{
	static const struct ftcp_health_config config = {
		.idle = 1000, .keepalive = 100, .max_age = 100, .renewable = 1,
	};
	static const struct row row = {
		"all of them", .tx = 5000, .asked = 2000, .rx = 100,
		.data = 100, .now = 7000, .sent = 10, .full = 1, .acks = 1,
		.unacked = 3,
	};
	struct ftcp_health_config slow = config;

	set(&row);
	s.config = &config;
	CHECK_EQ(ftcp_health_timer(&h, &s), CLOSE);
	slow.idle = NEVER;
	s.config = &slow;
	CHECK_EQ(ftcp_health_timer(&h, &s), GIVE_UP);
	CHECK(!h.renewing);
	/* asked for once, for whatever reason, and a probe besides */
	s.full = 0;
	CHECK_EQ(ftcp_health_timer(&h, &s), RENEW | PROBE);
	CHECK(h.renewing);
	CHECK_EQ(ftcp_health_timer(&h, &s), 0);
}

static u32 xorshift(void)
{
	static u32 x = 0x2545f491;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static u64 some(u32 range)
{
	return xorshift() % 3 ? AT(xorshift() % range) : 0;
}

/* Whatever the state, nothing is done before the deadline; and when it is there,
 * something is, or there is a later one.
 */
static void deadline_and_action_agree(void)
{
	u32 i;

	for (i = 0; i < 200000; i++) {
		struct ftcp_health_config config = {
			.idle = 1 + xorshift() % 200000,
			.keepalive = xorshift() % 4 ? xorshift() % 30000 : 0,
			.max_age = xorshift() % 2 ? xorshift() % 30000 : 0,
			.max_bytes = xorshift() % 2 ? xorshift() % 3000 : 0,
			.interval = xorshift() % 1000,
			.probes = xorshift() % 3,
			.renewable = xorshift() % 2,
		};
		u64 at;

		h = (struct ftcp_health){
			.opened = OPENED, .tick_at = AT(xorshift() % 30000),
			.heard = AT(xorshift() % 2), .probe_at = some(30000),
			.suspect_at = some(30000), .retire_at = some(30000),
			.renew_at = some(30000), .spread = xorshift(),
			.probes = xorshift() % 30, .unacked = xorshift() % 4,
			.acks = xorshift() % 2, .renewing = xorshift() % 2,
		};
		s = (struct ftcp_signs){
			.config = &config, .now = AT(xorshift() % 30000),
			.tx.last = AT(xorshift() % 30000),
			.tx.asked = some(30000), .rx.last = AT(xorshift() % 2),
			.rx.data = AT(xorshift() % 2), .sent = xorshift() % 3000,
			.acked = xorshift() % 2, .received = xorshift() % 3000,
			.full = xorshift() % 16 == 0,
		};
		at = ftcp_health_deadline(&h, &s);
		if (at > s.now) {
			s.now = at - 1;
			CHECK_EQ(ftcp_health_timer(&h, &s), 0);
			s.now = at;
		}
		CHECK(ftcp_health_timer(&h, &s) ||
		      ftcp_health_deadline(&h, &s) > s.now);
	}
}

/* ---- what the alarms go by ---- */

static void sent_and_heard(void)
{
	struct ftcp_health_tx tx = { 0 };
	struct ftcp_health_rx rx = { .last = 100, .data = 90 };

	CHECK(!ftcp_health_sent(&tx, &rx, 100));	/* heard just now */
	CHECK(ftcp_health_sent(&tx, &rx, 101));
	CHECK_EQ(tx.asked, 101);
	CHECK(!ftcp_health_sent(&tx, &rx, 105));	/* not the first */
	CHECK_EQ(tx.last, 105);
	CHECK_EQ(tx.asked, 101);
	ftcp_health_heard(&rx, 110);
	CHECK_EQ(rx.last, 110);
	CHECK_EQ(rx.data, 90);
	CHECK(ftcp_health_sent(&tx, &rx, 111));
	CHECK_EQ(tx.asked, 111);
	ftcp_health_received(&rx, 120);
	CHECK_EQ(rx.last, 120);
	CHECK_EQ(rx.data, 120);
	CHECK(ftcp_health_sent(&tx, &rx, 121));
}

static void ticks(void)
{
	static const struct row row = { "", DEAF, .acks = 1 };
	u32 i;

	set(&row);
	/* nothing sent, nothing missed */
	s.now = AT(FTCP_TICK);
	ftcp_health_tick(&h, &s);
	CHECK_EQ(h.unacked, 0);
	for (i = 1; i <= 5; i++) {
		s.sent += 1000;
		s.received += 100;
		s.now += FTCP_TICK - 1;
		ftcp_health_tick(&h, &s);	/* not yet */
		CHECK_EQ(h.unacked, i - 1 < 3 ? i - 1 : 3);
		s.now++;
		ftcp_health_tick(&h, &s);
		CHECK_EQ(h.unacked, i < 3 ? i : 3);
		CHECK_EQ(h.carried, i * 1100);
	}
	s.acked += 1;
	s.sent += 1000;
	s.received -= 50;
	s.now += FTCP_TICK;
	ftcp_health_tick(&h, &s);
	CHECK_EQ(h.unacked, 0);
	CHECK_EQ(h.carried, 6500);
}

/* Ever further apart, and not for all paths alike. */
static void probe_intervals(void)
{
	static const struct {
		u32 interval, spread;
		u32 expected[7];
	} rows[] = {
		{ 0, 0, { 500, 500, 1000, 2000, 3000, 3000, 3000 } },
		{ 500, 0, { 500, 500, 1000, 2000, 3000, 3000, 3000 } },
		{ 5000, 0, { 5000, 5000, 5000, 5000, 5000, 5000, 5000 } },
		{ 500, 62, { 438, 438, 938, 1938, 2938, 2938, 2938 } },
		{ 500, 63, { 500, 500, 937, 1937, 2937, 2937, 2937 } },
	};
	u32 i, k;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		struct row row = { "", DEAF, .acks = 1, .suspect_at = 1,
				   .now = 1, .renewing = 1 };

		row.config.interval = rows[i].interval;
		set(&row);
		h.spread = rows[i].spread;
		for (k = 0; k < 7; k++) {
			CHECK_EQ(ftcp_health_timer(&h, &s), PROBE);
			CHECK_EQ(h.probe_at - s.now, rows[i].expected[k]);
			s.now = ftcp_health_deadline(&h, &s);
			CHECK_EQ(s.now, h.probe_at);
		}
		/* heard: they count anew, and do not wait for the next */
		s.now--;
		s.rx.last = s.now - 1;
		h.suspect_at = s.now;
		CHECK_EQ(ftcp_health_timer(&h, &s), PROBE);
		CHECK_EQ(h.probes, 1);
	}
}

/* ---- what the owner asks and says ---- */

static void doubts(void)
{
	static const struct {
		struct row row;
		int doubted;
	} rows[] = {
		{ { "none", DEAF, .rx = 100, .now = 200 }, 0 },
		{ { "renewing", DEAF, .rx = 100, .now = 200, .renewing = 1 }, 1 },
		{ { "probed", DEAF, .rx = 100, .now = 200, .probes = 1,
		    .probe_at = 300 }, 1 },
		{ { "not probed yet", DEAF, .rx = 100, .now = 200,
		    .probe_at = 300 }, 0 },
		{ { "suspected", DEAF, .rx = 100, .now = 200,
		    .suspect_at = 150 }, 1 },
		{ { "heard since", DEAF, .rx = 160, .now = 200,
		    .suspect_at = 150 }, 0 },
		{ { "suspected long ago", DEAF, .rx = 100,
		    .now = 150 + FTCP_DOUBT, .suspect_at = 150 }, 0 },
	};
	u32 i;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		set(&rows[i].row);
		CHECK_EQ(ftcp_health_doubted(&h, &s), rows[i].doubted);
	}
	/* probed, and heard since */
	set(&rows[2].row);
	s.rx.last++;
	CHECK(!ftcp_health_doubted(&h, &s));
}

static void suspected(void)
{
	static const struct row row = { "", DEAF, .rx = 100, .now = 200,
					.acks = 1, .renew_at = 9000 };

	set(&row);
	ftcp_health_suspect(&h, &s);
	CHECK_EQ(ftcp_health_deadline(&h, &s), AT(200));
	CHECK_EQ(h.renew_at, AT(200));
	/* heard in this very millisecond, or by another processor's clock */
	set(&row);
	s.rx.last = AT(201);
	ftcp_health_suspect(&h, &s);
	CHECK_EQ(ftcp_health_deadline(&h, &s), AT(202));
}

static void renewed(void)
{
	static const struct {
		struct row row;
		int wanted;
	} rows[] = {
		{ { "yes", DEAF, .now = 200 }, 1 },
		{ { "not replaceable", PATIENT, .now = 200 }, 0 },
		{ { "under way", DEAF, .now = 200, .renewing = 1 }, 0 },
		{ { "replaced", DEAF, .now = 200, .retire_at = 3000 }, 0 },
		{ { "failed a moment ago", DEAF, .now = 200,
		    .renew_at = 201 }, 0 },
		{ { "failed before", DEAF, .now = 201, .renew_at = 201 }, 1 },
	};
	u32 i;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		set(&rows[i].row);
		CHECK_EQ(ftcp_health_renew(&h, &s), rows[i].wanted);
		CHECK_EQ(h.renewing,
			 rows[i].wanted || rows[i].row.renewing);
	}
}

static void renewal_failed(void)
{
	static const struct {
		struct row row;
		int in_vain, give_up;
		u64 renew_at;
	} rows[] = {
		{ { "on this host", DEAF, .tx = 9, .asked = 9, .probes = 3,
		    .probe_at = 1 }, 0, 0, AT(500) },
		{ { "heard in between", DEAF, .tx = 9, .asked = 9,
		    .probes = 3 }, 1, 0, AT(500) },
		{ { "few probes so far", DEAF, .tx = 9, .asked = 9,
		    .probes = 2, .probe_at = 1 }, 1, 0, AT(500) },
		{ { "somebody waits", DEAF, .tx = 9, .asked = 9, .probes = 3,
		    .probe_at = 1 }, 1, 1, AT(500) },
		{ { "nobody waits", DEAF, .probes = 3, .probe_at = 1 },
		  1, 0, 0 },
	};
	u32 i;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		set(&rows[i].row);
		h.renewing = 1;
		CHECK_EQ(ftcp_health_renew_failed(&h, &s, rows[i].in_vain,
						  AT(500)), rows[i].give_up);
		CHECK_EQ(h.renew_at, rows[i].renew_at);
		CHECK(!h.renewing);
	}
}

static void retired(void)
{
	static const struct row row = { "", DEAF, .now = 200, .acks = 1 };

	set(&row);
	CHECK(ftcp_health_retire(&h, &s));
	CHECK_EQ(ftcp_health_deadline(&h, &s), AT(200 + FTCP_DRAIN));
	s.now += 1000;
	CHECK(!ftcp_health_retire(&h, &s));
	CHECK_EQ(ftcp_health_deadline(&h, &s), AT(200 + FTCP_DRAIN));
}

#define T(name)	{ #name, name }

int main(void)
{
	static const struct ktap_test tests[] = {
		T(idle),
		T(drained),
		T(full),
		T(age),
		T(volume),
		T(unheard),
		T(deaf),
		T(probed),
		T(order),
		T(deadline_and_action_agree),
		T(sent_and_heard),
		T(ticks),
		T(probe_intervals),
		T(doubts),
		T(suspected),
		T(renewed),
		T(renewal_failed),
		T(retired),
	};

	return ktap_main(tests, KTAP_COUNT(tests));
}
