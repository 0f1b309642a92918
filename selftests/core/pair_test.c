// SPDX-License-Identifier: GPL-2.0
/*
 * Two ends, a network that does what networks do, and firewalls that watch:
 * every datagram that arrives is delivered, and no segment is INVALID.
 */
#include <string.h>

#include "ktap.h"
#include "sim.h"

#define MS	1000ull		/* in microseconds */
#define SEC	1000000ull

static struct sim s;

/**
 * struct scenario - two hosts talk over a path
 * @name: what is special about it
 * @leg: both halves of the path
 * @interval: microseconds between the datagrams of each host; 0: it is silent
 * @seconds: for so long
 * @iss: of host 0
 * @rewrite: what the middle adds to the numbers of each host
 * @strip: the middle removes the window scale option
 * @both: both dial, at about the same time
 * @phantun: host 0 behaves like Phantun's client, or host 1 like its server
 * @size: of a datagram, or super-segment; 0: as sim_init() has it
 */
static const struct scenario {
	const char *name;
	struct sim_leg leg[2];
	u64 interval[2];
	u32 seconds;
	u32 iss;
	u32 rewrite[2];
	u8 strip;
	u8 both;
	u8 phantun[2];
	u32 size;
} scenarios[] = {
	{ "quiet path, slow", { { 5000 }, { 5000 } },
	  { 20000, 20000 }, 60, 12345 },
	{ "one way up", { { 5000 }, { 5000 } },
	  { 1000, 0 }, 20, 0xfffffff0 },
	{ "one way down", { { 5000 }, { 5000 } },
	  { 0, 1000 }, 20, 0xffffffff },
	{ "fast, wraps around", { { 1000 }, { 1000 } },
	  { 20, 30 }, 5, 0xfff00000 },
	{ "fast from the first moment, short path", { { 100 }, { 100 } },
	  { 20, 0 }, 2, 1 },
	{ "loss", { { 5000, 0, 50, 0 }, { 5000, 0, 50, 0 } },
	  { 1000, 1000 }, 30, 99 },
	{ "much loss", { { 5000, 0, 300, 0 }, { 5000, 0, 300, 0 } },
	  { 1000, 1000 }, 30, 98 },
	{ "reordering", { { 5000, 8000 }, { 5000, 8000 } },
	  { 1000, 1000 }, 30, 97 },
	{ "reordering, 1 Gb/s each way", { { 5000, 10000 }, { 5000 } },
	  { 12, 12 }, 4, 96 },
	{ "duplication", { { 5000, 0, 0, 100 }, { 5000, 0, 0, 100 } },
	  { 1000, 1000 }, 30, 95 },
	{ "everything at once",
	  { { 10000, 20000, 100, 100 }, { 10000, 20000, 100, 100 } },
	  { 500, 700 }, 30, 0xffff0000 },
	{ "numbers rewritten", { { 5000 }, { 5000 } },
	  { 1000, 1000 }, 20, 94, { 0x12345678, 0x9abcdef0 } },
	{ "numbers rewritten, loss",
	  { { 5000, 3000, 50, 50 }, { 5000, 3000, 50, 50 } },
	  { 1000, 1000 }, 20, 93, { 0xedcba987, 0x7fffffff } },
	/* 64 KB is all that may be under way: 4 Mb/s over 40 ms */
	{ "window scale stripped", { { 10000 }, { 10000 } },
	  { 2800, 2800 }, 30, 92, { 0 }, 1 },
	{ "window scale stripped, one way", { { 10000 }, { 10000 } },
	  { 2800, 0 }, 30, 91, { 0 }, 1 },
	{ "window scale stripped, short path, 100 Mb/s", { { 500 }, { 500 } },
	  { 112, 0 }, 10, 90, { 0 }, 1 },
	{ "stripped, rewritten, loss",
	  { { 10000, 1000, 20, 0 }, { 10000, 1000, 20, 0 } },
	  { 5600, 5600 }, 30, 89, { 77, 0x80000000 }, 1 },
	{ "both dial", { { 5000 }, { 5000 } },
	  { 1000, 1000 }, 20, 88, { 0 }, 0, 1 },
	{ "both dial, rewritten", { { 5000 }, { 5000 } },
	  { 1000, 1000 }, 20, 87, { 5, 0xfffffff0 }, 0, 1 },
	{ "Phantun's client, download", { { 5000 }, { 5000 } },
	  { 0, 1000 }, 60, 0, { 0 }, 0, 0, { 1, 0 } },
	{ "Phantun's client, both ways", { { 5000, 3000 }, { 5000, 3000 } },
	  { 1000, 1000 }, 60, 0, { 0 }, 0, 0, { 1, 0 } },
	{ "Phantun's client, rewritten, download", { { 5000 }, { 5000 } },
	  { 0, 1000 }, 60, 0, { 0x5555, 0x6666 }, 0, 0, { 1, 0 } },
	/* 250 MB are under way and not acknowledged */
	{ "10 Gb/s over 200 ms, one way", { { 50000 }, { 50000 } },
	  { 51, 0 }, 10, 86, { 0 }, 0, 0, { 0 }, 64000 },
	{ "10 Gb/s over 200 ms, each way", { { 50000 }, { 50000 } },
	  { 51, 51 }, 10, 85, { 0 }, 0, 0, { 0 }, 64000 },
};

static void check_trackers(int assured)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		if (s.tracker[i].invalid)
			printf("# %s: tracker %u: %u INVALID, the last one %s\n",
			       ktap_row, i, s.tracker[i].invalid,
			       s.tracker[i].why);
		CHECK_EQ(s.tracker[i].invalid, 0);
		if (assured) {
			CHECK_EQ(s.tracker[i].state, CT_ESTABLISHED);
			CHECK(s.tracker[i].assured);
		}
	}
}

static void begin(const struct scenario *sc, u32 seed)
{
	u32 i;

	sim_init(&s, seed);
	for (i = 0; i < 2; i++) {
		s.leg[i] = sc->leg[i];
		s.rewrite[i] = sc->rewrite[i];
		if (sc->size)
			s.host[i].size = sc->size;
		if (sc->phantun[i]) {
			s.host[i].config.phantun = 1;
			s.host[i].config.health.keepalive = 0;
			s.host[i].mute = 1;
		}
	}
	s.strip = sc->strip;
}

/* Dial until it works: SYNs are lost, too. */
static void connect_hosts(const struct scenario *sc)
{
	u32 tries = 5, i;

	sim_dial(&s, 0, sc->iss);
	if (sc->both) {
		s.host[1].listens = 0;
		sim_dial(&s, 1, 0xfffff000);
	}
	while (tries) {
		sim_run(&s, s.now + 1 * MS);
		if (s.host[0].c.state == FTCP_ESTABLISHED)
			break;
		if (s.host[0].c.state == FTCP_CLOSED && --tries)
			sim_dial(&s, 0, sc->iss);
	}
	CHECK_EQ(s.host[0].c.state, FTCP_ESTABLISHED);
	for (i = 0; i < 2; i++) {
		s.host[i].established = s.host[i].c.state == FTCP_ESTABLISHED;
		s.host[i].closed = 0;
	}
}

static void talk(const struct scenario *sc, u32 seconds)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		s.host[i].interval = sc->interval[i];
		s.host[i].next_send = s.now;
	}
	sim_run(&s, s.now + seconds * SEC);
}

static void hush(void)
{
	s.host[0].interval = 0;
	s.host[1].interval = 0;
	sim_run(&s, s.now + 1 * SEC);
}

static void run_scenario(const struct scenario *sc, u32 seed)
{
	u32 i;

	begin(sc, seed);
	connect_hosts(sc);
	talk(sc, sc->seconds);
	hush();
	for (i = 0; i < 2; i++) {
		struct sim_host *h = &s.host[i];

		CHECK_EQ(h->c.state, FTCP_ESTABLISHED);
		CHECK_EQ(h->established, 1);
		CHECK_EQ(h->closed, 0);
		CHECK_EQ(h->holes, 0);
		CHECK_EQ(h->rejected, 0);
		CHECK_EQ(h->delivered, h->arrived);
		if (sc->interval[!i])
			CHECK(h->delivered > 0);
		if (!sc->leg[0].loss && !sc->leg[0].dup)
			CHECK_EQ(h->delivered, s.host[!i].sent);
		/* all but what the first window had no room for */
		if (sc->interval[i])
			CHECK(h->refused < 1 + SEC / sc->interval[i]);
	}
	check_trackers(1);
}

static void scenarios_pass(void)
{
	u32 i, seed;

	for (i = 0; i < KTAP_COUNT(scenarios); i++) {
		ktap_row = scenarios[i].name;
		for (seed = 1; seed <= 3; seed++)
			run_scenario(&scenarios[i], seed * 2654435761u);
	}
}

/* Each scenario, closed by one end, by the other, by both at once. */
static void scenarios_close(void)
{
	u32 i, who;

	for (i = 0; i < KTAP_COUNT(scenarios); i++) {
		const struct scenario *sc = &scenarios[i];

		ktap_row = sc->name;
		for (who = 1; who <= 3; who++) {
			begin(sc, 0x1234567 + who);
			connect_hosts(sc);
			talk(sc, 1);
			hush();
			if (who & 1)
				sim_close(&s, 0);
			if (who & 2)
				sim_close(&s, 1);
			/* an end that is not heard of is found by a probe */
			sim_run(&s, s.now + 60 * SEC);
			CHECK_EQ(s.host[0].c.state, FTCP_CLOSED);
			CHECK_EQ(s.host[0].closed, 1);
			/* a FIN and a RST may all be lost on such a path */
			if (sc->leg[0].loss < 100) {
				CHECK_EQ(s.host[1].c.state, FTCP_CLOSED);
				CHECK_EQ(s.host[1].closed, 1);
			}
			check_trackers(0);
		}
	}
}

/* An end that aborts while the other one sends. */
static void abort_under_traffic(void)
{
	static const struct scenario sc = {
		.leg = { { 5000, 2000 }, { 5000 } }, .interval = { 100, 100 },
		.iss = 0xffffff00,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 1);
	s.host[0].interval = 0;
	sim_abort(&s, 0);
	sim_run(&s, s.now + 1 * SEC);
	CHECK_EQ(s.host[1].c.state, FTCP_CLOSED);
	CHECK_EQ(s.host[1].event, FTCP_EV_RESET);
}

/* What the path loses for ten seconds is lost, and it goes on. */
static void outage(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 100, 100 },
		.iss = 4000000000u,
	};
	u64 before[2];

	begin(&sc, 7);
	/* the one would be replaced, if there was a way; the other waits */
	s.host[0].config.health.renewable = 1;
	s.host[1].config.health.probes = FTCP_PROBES_PATIENT;
	connect_hosts(&sc);
	talk(&sc, 2);
	s.blocked = 1;
	sim_run(&s, s.now + 10 * SEC);
	s.blocked = 0;
	before[0] = s.host[0].delivered;
	before[1] = s.host[1].delivered;
	sim_run(&s, s.now + 1 * SEC);
	CHECK(s.host[0].delivered > before[0] + 9000);
	CHECK(s.host[1].delivered > before[1] + 9000);
	hush();
	CHECK_EQ(s.host[0].delivered, s.host[0].arrived);
	CHECK_EQ(s.host[1].delivered, s.host[1].arrived);
	/* a probe is allowed to fail: it tells of a number long past */
	CHECK(s.host[0].rejected <= 2 * FTCP_PROBES);
	CHECK(s.host[1].rejected <= 2 * FTCP_PROBES);
}

static void dead_path(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 10000, 10000 },
		.iss = 17,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 2);
	s.blocked = 1;
	sim_run(&s, s.now + 14 * SEC);
	CHECK_EQ(s.host[0].event, FTCP_EV_DEAD);
	CHECK_EQ(s.host[1].event, FTCP_EV_DEAD);
	check_trackers(0);
}

/* The path is dead in one direction only. */
static void half_dead_path(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 10000, 10000 },
		.iss = 17,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 2);
	s.leg[1].loss = 1000;		/* nothing from host 1 ... */
	s.leg[1].delay = 5000;
	sim_run(&s, s.now + 14 * SEC);
	CHECK_EQ(s.host[0].event, FTCP_EV_DEAD);
}

/* A host that lost its memory, and its peer that did not. */
static void host_forgets(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 1000, 1000 },
		.iss = 17,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 2);
	s.host[1].interval = 0;
	memset(&s.host[1].c, 0, sizeof(s.host[1].c));
	s.host[1].timer_at = 0;
	s.host[1].key++;
	sim_run(&s, s.now + 1 * SEC);
	CHECK_EQ(s.host[0].event, FTCP_EV_FORGOTTEN);
	s.host[0].interval = 0;
	sim_dial(&s, 0, 0x11111111);
	sim_run(&s, s.now + 1 * SEC);
	CHECK_EQ(s.host[0].event, FTCP_EV_ESTABLISHED);
	CHECK_EQ(s.host[1].established, 2);
	/* RSTs that answer what was under way may be late, as any TCP's */
	CHECK_EQ(s.tracker[1].state, CT_ESTABLISHED);
	CHECK(s.tracker[1].assured);
}

/* The other way round: the client forgets, and dials from the same port. */
static void client_restarts(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 1000, 1000 },
		.iss = 17,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 2);
	hush();
	sim_dial(&s, 0, 0x76543210);
	sim_run(&s, s.now + 3 * SEC);
	CHECK_EQ(s.host[0].event, FTCP_EV_ESTABLISHED);
	CHECK_EQ(s.host[1].established, 2);
	CHECK_EQ(s.host[1].closed, 1);
	CHECK_EQ(s.host[0].c.rcv_nxt, s.host[1].c.snd_nxt);
	check_trackers(1);
}

/* Phantun's server refuses what does not begin with 0; a firewall watches. */
static void refused_then_zero(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 1000, 1000 },
		.iss = 17,
	};

	begin(&sc, 7);
	s.host[1].listens = 0;
	sim_dial(&s, 0, 17);
	sim_run(&s, s.now + 11 * MS);	/* the second SYN is under way */
	s.host[1].listens = 1;
	sim_run(&s, s.now + 50 * MS);
	CHECK_EQ(s.host[0].event, FTCP_EV_ESTABLISHED);
	CHECK_EQ(s.host[0].c.iss, 0);
	talk(&sc, 2);
	hush();
	CHECK_EQ(s.host[0].delivered, s.host[1].sent);
	CHECK_EQ(s.host[1].delivered, s.host[0].sent);
	check_trackers(1);
}

/* A minute of nothing, a datagram, and so on: WireGuard's keepalive. */
static void sparse(void)
{
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 25 * SEC, 0 },
		.iss = 0xfffffff0,
	};

	begin(&sc, 7);
	connect_hosts(&sc);
	talk(&sc, 7200);
	hush();
	CHECK_EQ(s.host[0].c.state, FTCP_ESTABLISHED);
	CHECK_EQ(s.host[1].delivered, s.host[0].sent);
	check_trackers(1);
	sim_run(&s, s.now + 200 * SEC);
	CHECK_EQ(s.host[0].c.state, FTCP_CLOSED);
	CHECK_EQ(s.host[1].c.state, FTCP_CLOSED);
	CHECK_EQ(s.host[0].event, FTCP_EV_CLOSED);
	CHECK_EQ(s.host[1].event, FTCP_EV_CLOSED);
	check_trackers(0);
}

/* A segment that was never sent, in either direction, now and then. */
static void forgery_changes_nothing(void)
{
	static const u8 flags[] = {
		FTCP_RST, FTCP_RST | FTCP_ACK, FTCP_SYN, FTCP_SYN | FTCP_ACK,
		FTCP_FIN | FTCP_ACK, FTCP_ACK,
	};
	static const struct scenario sc = {
		.leg = { { 5000 }, { 5000 } }, .interval = { 1000, 1000 },
		.iss = 3000000000u,
	};
	u64 forged[2] = { 0 };
	u32 i;

	begin(&sc, 0xabcdef);
	connect_hosts(&sc);
	talk(&sc, 1);
	for (i = 0; i < 20000; i++) {
		int at = sim_random(&s) & 1;
		u8 f = flags[sim_random(&s) % KTAP_COUNT(flags)];
		u32 len = f == FTCP_ACK ? 100 : 0;
		u8 hdr[FTCP_HLEN];

		ftcp_header_write(hdr, (u16)(!at + 1), (u16)(at + 1),
				  sim_random(&s), sim_random(&s), f,
				  FTCP_WINDOW);
		sim_receive(&s, at, hdr, sizeof(hdr), len);
		forged[at] += !!len;
		sim_run(&s, s.now + 100);
	}
	hush();
	for (i = 0; i < 2; i++) {
		CHECK_EQ(s.host[i].c.state, FTCP_ESTABLISHED);
		CHECK_EQ(s.host[i].delivered, s.host[!i].sent);
		CHECK_EQ(s.host[i].arrived, s.host[!i].sent + forged[i]);
	}
	check_trackers(1);
}

/* A burst as soon as the flow is there, on a path where the first ACK is long
 * in coming; and a host whose firewall lets anything out, and in what belongs to
 * a connection.
 */
static void first_flight(void)
{
	static const struct scenario sc = {
		.leg = { { 25000 }, { 25000 } }, .interval = { 10, 0 },
		.iss = 0xfffffff0,
	};
	u32 loss;

	for (loss = 0; loss <= 100; loss += 20) {
		begin(&sc, 7);
		connect_hosts(&sc);
		s.leg[0].loss = loss;
		s.leg[1].loss = loss;
		s.drop_invalid = 1;
		talk(&sc, 3);
		hush();
		CHECK_EQ(s.host[0].c.state, FTCP_ESTABLISHED);
		CHECK(s.host[0].sent > 200000);
		CHECK(s.host[0].refused < 100000);
		if (!loss)
			CHECK_EQ(s.host[1].delivered, s.host[0].sent);
		check_trackers(1);
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "scenarios_pass", scenarios_pass },
		{ "scenarios_close", scenarios_close },
		{ "abort_under_traffic", abort_under_traffic },
		{ "outage", outage },
		{ "dead_path", dead_path },
		{ "half_dead_path", half_dead_path },
		{ "host_forgets", host_forgets },
		{ "client_restarts", client_restarts },
		{ "refused_then_zero", refused_then_zero },
		{ "sparse", sparse },
		{ "first_flight", first_flight },
		{ "forgery_changes_nothing", forgery_changes_nothing },
	};

	return ktap_main(tests, KTAP_COUNT(tests));
}
