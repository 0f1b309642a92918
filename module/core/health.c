// SPDX-License-Identifier: GPL-2.0
/*
 * When a path is probed, replaced, closed or given up; see health.h.
 *
 * In the order of this file: what was carried and acknowledged, each alarm,
 * their table, what the owner says.
 */
#include "health.h"

/* ---- times; 0 is never ---- */

static u64 sooner(u64 a, u64 b)
{
	return !a || (b && b < a) ? b : a;
}

static u64 not_before(u64 at, u64 earliest)
{
	return at && at < earliest ? earliest : at;
}

/* ---- what was carried and acknowledged ---- */

/* The counters tell how much was carried, so long as they are looked at before
 * they have come round.
 */
static u64 carried(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	s32 received = ftcp_seq_diff(s->received, h->received);

	return h->carried + (s->sent - h->sent) + (received > 0 ? received : 0);
}

/* Whether something was sent since the last tick, and nothing acknowledged. */
static int unacked(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	return s->acked == h->acked && s->sent != h->sent;
}

/**
 * ftcp_health_begin() - from now on the path can carry datagrams
 * @h: its health; all 0 but for @acks, which the caller may have set
 * @s: the signs
 * @spread: a number by which paths differ, so that those which broke together
 *	are not probed together
 */
void ftcp_health_begin(struct ftcp_health *h, const struct ftcp_signs *s,
		       u32 spread)
{
	h->opened = s->now;
	h->tick_at = s->now + FTCP_TICK;
	h->sent = s->sent;
	h->acked = s->acked;
	h->received = s->received;
	h->spread = spread;
}

/**
 * ftcp_health_tick() - compare what was sent with what was acknowledged
 * @h: health of a path
 * @s: the signs
 *
 * To be called whenever the caller looks at the path at all, and before
 * ftcp_health_timer(); does something once in FTCP_TICK.
 */
void ftcp_health_tick(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (s->now < h->tick_at)
		return;
	if (!unacked(h, s))
		h->unacked = 0;
	else if (h->unacked < FTCP_UNACKED)
		h->unacked++;
	h->carried = carried(h, s);
	h->sent = s->sent;
	h->acked = s->acked;
	h->received = s->received;
	h->tick_at = s->now + FTCP_TICK;
}

/* ---- the alarms: when ---- */

/* Whether something was sent since the far end was last heard. */
static int waiting(const struct ftcp_signs *s)
{
	return s->tx.asked > s->rx.last;
}

static int replaceable(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	return s->config->renewable && !h->renewing && !h->retire_at;
}

/* No datagram in either direction for too long. */
static u64 idle_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)h;
	return (s->tx.last > s->rx.data ? s->tx.last : s->rx.data) +
	       s->config->idle;
}

/* What was under way when the path was replaced has arrived. */
static u64 drained_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)s;
	return h->retire_at;
}

/* All that may be on the way is, and nothing of it was acknowledged: to go on
 * would take it out of the far end's sight for good.
 */
static u64 full_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)h;
	return s->full ? s->now : 0;
}

/* A server may send on the new path only after something came on it: it is
 * made when this end is sending.  Who only closes goes by what was carried,
 * perhaps all of it before the clock moved.
 */
static int used(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (s->config->renewable)
		return s->tx.last > h->opened &&
		       s->now < s->tx.last + FTCP_DRAIN;
	return carried(h, s) > 0;
}

/* Age or volume are reached, or volume is to be looked at again.  A path that
 * is not used is left to idle: it would otherwise be replaced for ever.
 */
static u64 worn_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	const struct ftcp_health_config *config = s->config;
	u64 at = 0, from;

	if ((!config->max_age && !config->max_bytes) || h->renewing ||
	    h->retire_at || !used(h, s))
		return 0;
	if (config->max_age)
		at = h->opened + config->max_age;
	if (config->max_bytes) {
		/* not at once, however little it is: paths would pile up */
		from = carried(h, s) < config->max_bytes ? s->now : h->opened;
		at = sooner(at, from + FTCP_TICK);
	}
	return not_before(at, h->renew_at);
}

/* A far end that cannot be probed, but has sent data before, is taken for
 * unreachable: what is sent has found no answer for as long as another would be
 * silent before it is probed.  A replacement shows whether there is a way; and as
 * nothing may come on that one either, there is only one.
 */
static u64 unheard_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (h->acks || !s->config->keepalive || !replaceable(h, s) ||
	    !waiting(s) || s->rx.data <= h->opened)
		return 0;
	return not_before(s->tx.asked + s->config->keepalive, h->renew_at);
}

/* A far end that acknowledges, and is heard, but has heard nothing for so long
 * makes another way be tried: as long as it is heard it is not probed.
 */
static u64 deaf_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	u64 at;

	if (h->unacked + unacked(h, s) < FTCP_UNACKED || !h->acks ||
	    !s->config->keepalive || !replaceable(h, s))
		return 0;
	at = h->unacked < FTCP_UNACKED ? h->tick_at : h->tick_at - FTCP_TICK;
	/* A way that only small datagrams pass is so for the next path as well. */
	at = not_before(at, h->opened + FTCP_RENEW_AGAIN);
	return not_before(at, h->renew_at);
}

/* No probe before, if others were sent since the far end was last heard. */
static u64 next_probe(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	return h->heard == s->rx.last ? h->probe_at : 0;
}

/* After @keepalive of silence, or sooner if the far end leaves something
 * unanswered or the owner has doubts.  Not a far end that was never seen to
 * acknowledge anything, nor one that was left.
 */
static u64 probe_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	u64 at;

	if (!s->config->keepalive || !h->acks || h->retire_at)
		return 0;
	at = s->rx.last + s->config->keepalive;
	if (waiting(s))
		at = sooner(at, s->tx.asked + FTCP_UNANSWERED);
	if (h->suspect_at > s->rx.last)
		at = sooner(at, h->suspect_at);
	return not_before(at, next_probe(h, s));
}

/* ---- the alarms: what ---- */

static unsigned int close(struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)h;
	(void)s;
	return FTCP_TODO_CLOSE;
}

static unsigned int give_up(struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)h;
	(void)s;
	return FTCP_TODO_GIVE_UP;
}

static unsigned int renew(struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)s;
	h->renewing = 1;
	return FTCP_TODO_RENEW;
}

static unsigned int rotate(struct ftcp_health *h, const struct ftcp_signs *s)
{
	return s->config->renewable ? renew(h, s) : close(h, s);
}

/* Further apart when many were in vain; and not all paths that a broken way had
 * in common at the same moments.
 */
static u64 probe_interval(const struct ftcp_health *h,
			  const struct ftcp_health_config *config)
{
	u32 first = config->interval ? config->interval : FTCP_PROBE_INTERVAL;
	u32 interval = first;	/* a machine of 32 bits divides by it */
	u32 i;

	for (i = FTCP_PROBES; i < h->probes && interval < FTCP_PROBE_MAX; i++)
		interval *= 2;
	if (interval > FTCP_PROBE_MAX)
		interval = first > FTCP_PROBE_MAX ? first : FTCP_PROBE_MAX;
	return interval - h->spread % (interval / 8 + 1);
}

/* Silence.  Who can replace the path does so when as many probes were in vain
 * as others give up after, and goes on probing: what comes first counts, an
 * answer or the replacement.
 */
static unsigned int probe(struct ftcp_health *h, const struct ftcp_signs *s)
{
	const struct ftcp_health_config *config = s->config;
	unsigned int todo = FTCP_TODO_PROBE;

	if (h->heard != s->rx.last) {
		h->heard = s->rx.last;
		h->probes = 0;
	}
	if (h->probes >= config->probes && !h->renewing) {
		if (!config->renewable ||
		    h->probes >= FTCP_PROBES_PATIENT + config->probes)
			return give_up(h, s);	/* nor can it be replaced */
		if (s->now >= h->renew_at)
			todo |= renew(h, s);
	}
	if (h->probes < 0xff)
		h->probes++;
	h->probe_at = s->now + probe_interval(h, config);
	return todo;
}

/* ---- their table ---- */

/* In this order, if several are due at once; what ends the path is the last.
 * The loops over them are unrolled so that the calls are direct: those through a
 * pointer cost more than all the rest where they are guarded against speculation.
 */
static const struct alarm {
	u64 (*at)(const struct ftcp_health *h, const struct ftcp_signs *s);
	unsigned int (*due)(struct ftcp_health *h, const struct ftcp_signs *s);
} alarms[] = {
	{ idle_at,	close },
	{ drained_at,	close },
	{ full_at,	give_up },
	{ worn_at,	rotate },
	{ unheard_at,	renew },
	{ deaf_at,	renew },
	{ probe_at,	probe },
};

#define ALARMS	(sizeof(alarms) / sizeof(alarms[0]))

/**
 * ftcp_health_timer() - time has passed
 * @h: health of a path
 * @s: the signs
 *
 * May be called at any time; nothing happens before something is due.
 *
 * Return: of &enum ftcp_todo, what is to be done; 0 if nothing.
 */
unsigned int ftcp_health_timer(struct ftcp_health *h,
			       const struct ftcp_signs *s)
{
	unsigned int todo = 0, i;

#pragma GCC unroll 8
	for (i = 0; i < ALARMS; i++) {
		u64 at = alarms[i].at(h, s);

		if (!at || s->now < at)
			continue;
		todo |= alarms[i].due(h, s);
		if (todo & (FTCP_TODO_CLOSE | FTCP_TODO_GIVE_UP))
			break;
	}
	return todo;
}

/**
 * ftcp_health_deadline() - when ftcp_health_timer() has to be called
 * @h: health of a path
 * @s: the signs
 *
 * Return: a time, perhaps past.
 */
u64 ftcp_health_deadline(const struct ftcp_health *h,
			 const struct ftcp_signs *s)
{
	u64 at = 0;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < ALARMS; i++)
		at = sooner(at, alarms[i].at(h, s));
	return at;
}

/* ---- what the owner asks and says ---- */

/**
 * ftcp_health_doubted() - whether the way may not lead to the far end any more
 * @h: health of a path
 * @s: the signs
 *
 * Return: 1 if nothing was heard since there was reason to doubt that; else 0.
 */
int ftcp_health_doubted(const struct ftcp_health *h,
			const struct ftcp_signs *s)
{
	return h->renewing || (h->probes && h->heard == s->rx.last) ||
	       (h->suspect_at > s->rx.last &&
		s->now < h->suspect_at + FTCP_DOUBT);
}

/**
 * ftcp_health_suspect() - the way to the far end may have changed
 * @h: health of a path
 * @s: the signs
 *
 * A probe is due at once.  A replacement that failed says nothing about the new
 * way.
 */
void ftcp_health_suspect(struct ftcp_health *h, const struct ftcp_signs *s)
{
	h->suspect_at = s->now > s->rx.last ? s->now : s->rx.last + 1;
	if (h->renew_at > s->now)
		h->renew_at = s->now;
}

/**
 * ftcp_health_renew() - the owner wants a replacement
 * @h: health of a path
 * @s: the signs; later than any time if it cannot wait
 *
 * Return: 1 if it is to be made, 0 if one is being made, or failed a moment ago,
 * or the path is not one to be replaced.
 */
int ftcp_health_renew(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (!replaceable(h, s) || s->now < h->renew_at)
		return 0;
	renew(h, s);
	return 1;
}

/**
 * ftcp_health_renew_failed() - the replacement did not come about
 * @h: health of a path that asked for it
 * @s: the signs; their time is of no interest
 * @in_vain: the far end was dialled and did not answer, or refused; not a
 *	failure on this host
 * @again: ms; not to ask again before
 *
 * Return: 1 if the path is to be given up: it was silent while the far end was
 * dialled in vain, and somebody waits for an answer.  Else 0.
 */
int ftcp_health_renew_failed(struct ftcp_health *h, const struct ftcp_signs *s,
			     int in_vain, u64 again)
{
	h->renewing = 0;
	h->renew_at = again;
	if (!in_vain || h->probes <= s->config->probes || !next_probe(h, s))
		return 0;
	if (waiting(s))
		return 1;
	h->renew_at = 0;
	return 0;
}

/**
 * ftcp_health_retire() - another path is used from now on
 * @h: health of a path
 * @s: the signs
 *
 * It is closed FTCP_DRAIN later.
 *
 * Return: 1; 0 if it had been replaced before.
 */
int ftcp_health_retire(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (h->retire_at)
		return 0;
	h->retire_at = s->now + FTCP_DRAIN;
	return 1;
}
