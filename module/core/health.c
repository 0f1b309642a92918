// SPDX-License-Identifier: GPL-2.0
/* When a path is probed, replaced, closed or given up; see health.h. */
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

/* Right if called before a counter wraps around */
static u64 carried(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	s32 received = ftcp_seq_diff(s->received, h->received);

	return h->carried + (s->sent - h->sent) + (received > 0 ? received : 0);
}

/* Whether something was sent since the last tick and nothing acknowledged */
static int unacked(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	return s->acked == h->acked && s->sent != h->sent;
}

/**
 * ftcp_health_begin() - start with a path that can carry datagrams
 * @h: health of the path; all 0, but @acks may be set
 * @s: the signs
 * @spread: differs between paths, so that those which broke together are not
 *	probed together
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
 * Call it whenever you look at the path, and before ftcp_health_timer().  It
 * does something once in FTCP_TICK.
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

/* Whether something was sent since the far end was last heard */
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

/* What was in flight when the path was replaced has arrived. */
static u64 drained_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)s;
	return h->retire_at;
}

/* The window is full and none of it acknowledged: the far end would not believe
 * anything beyond it.
 */
static u64 full_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	(void)h;
	return s->full ? s->now : 0;
}

/* Whether the path is in use.  The server cannot use a replacement before it
 * has received something on it, so there is none unless this end is sending.
 * If the path is to be closed instead, any payload counts: times do not tell if
 * all of it came within a millisecond.
 */
static int used(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (s->config->renewable)
		return s->tx.last > h->opened &&
		       s->now < s->tx.last + FTCP_DRAIN;
	return carried(h, s) > 0;
}

/* The limit of age or volume is reached, or volume is to be checked again.  A
 * path that is not used is left to idle, or it would be replaced for ever.
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
		/* not at once, however low the limit: paths would pile up */
		from = carried(h, s) < config->max_bytes ? s->now : h->opened;
		at = sooner(at, from + FTCP_TICK);
	}
	return not_before(at, h->renew_at);
}

/* The far end never acknowledges, so it cannot be probed.  It has sent data
 * before, but now has not answered for as long as another is silent before it
 * is probed: a replacement shows whether it can be reached.  That one is not
 * replaced in turn if nothing comes on it either.
 */
static u64 unheard_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (h->acks || !s->config->keepalive || !replaceable(h, s) ||
	    !waiting(s) || s->rx.data <= h->opened)
		return 0;
	return not_before(s->tx.asked + s->config->keepalive, h->renew_at);
}

/* The far end is heard, so it is not probed, but it has acknowledged nothing
 * for FTCP_UNACKED ticks: try another path.
 */
static u64 deaf_at(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	u64 at;

	if (h->unacked + unacked(h, s) < FTCP_UNACKED || !h->acks ||
	    !s->config->keepalive || !replaceable(h, s))
		return 0;
	at = h->unacked < FTCP_UNACKED ? h->tick_at : h->tick_at - FTCP_TICK;
	/* if large datagrams do not pass, they won't on the next path either */
	at = not_before(at, h->opened + FTCP_RENEW_AGAIN);
	return not_before(at, h->renew_at);
}

/* Earliest next probe, if there were any since the far end was last heard */
static u64 next_probe(const struct ftcp_health *h, const struct ftcp_signs *s)
{
	return h->heard == s->rx.last ? h->probe_at : 0;
}

/* Probe after config->keepalive of silence, or earlier if the far end leaves
 * something unanswered or the owner has doubts.  Not if the far end was never
 * seen to acknowledge, or the path was replaced.
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

static unsigned int renew(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (!s->config->renewable)
		return FTCP_TODO_CLOSE;
	h->renewing = 1;
	return FTCP_TODO_RENEW;
}

/* Longer after many probes in vain.  Spread, so that the paths over a broken
 * link are not all probed at once.
 */
static u64 probe_interval(const struct ftcp_health *h,
			  const struct ftcp_health_config *config)
{
	u32 first = config->interval ? config->interval : FTCP_PROBE_INTERVAL;
	u32 interval = first;	/* 32-bit machines divide by it */
	u32 i;

	for (i = FTCP_PROBES; i < h->probes && interval < FTCP_PROBE_MAX; i++)
		interval *= 2;
	if (interval > FTCP_PROBE_MAX)
		interval = first > FTCP_PROBE_MAX ? first : FTCP_PROBE_MAX;
	return interval - h->spread % (interval / 8 + 1);
}

/* An owner that can replace the path does so after as many probes as another
 * gives up after, and goes on probing: an answer or the replacement counts,
 * whichever comes first.
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
			return FTCP_TODO_GIVE_UP; /* no replacement either */
		if (s->now >= h->renew_at)
			todo |= renew(h, s);
	}
	if (h->probes < 0xff)
		h->probes++;
	h->probe_at = s->now + probe_interval(h, config);
	return todo;
}

/* ---- their table ---- */

/* If several are due, they run in this order up to the first that ends the
 * path.  The loops are unrolled to make the calls direct: with mitigations,
 * indirect calls would cost more than all the rest.
 */
static const struct alarm {
	u64 (*at)(const struct ftcp_health *h, const struct ftcp_signs *s);
	enum ftcp_todo todo;
} alarms[] = {
	{ idle_at,	FTCP_TODO_CLOSE },
	{ drained_at,	FTCP_TODO_CLOSE },
	{ full_at,	FTCP_TODO_GIVE_UP },
	{ worn_at,	FTCP_TODO_RENEW },
	{ unheard_at,	FTCP_TODO_RENEW },
	{ deaf_at,	FTCP_TODO_RENEW },
	{ probe_at,	FTCP_TODO_PROBE },
};

#define ALARMS	(sizeof(alarms) / sizeof(alarms[0]))

/**
 * ftcp_health_timer() - find out what is due
 * @h: health of a path
 * @s: the signs
 *
 * May be called at any time, also when nothing is due.
 *
 * Return: what to do, of &enum ftcp_todo; 0 if nothing.
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
		if (alarms[i].todo == FTCP_TODO_RENEW)
			todo |= renew(h, s);
		else if (alarms[i].todo == FTCP_TODO_PROBE)
			todo |= probe(h, s);
		else
			todo |= alarms[i].todo;
		if (todo & (FTCP_TODO_CLOSE | FTCP_TODO_GIVE_UP))
			break;
	}
	return todo;
}

/**
 * ftcp_health_deadline() - when to call ftcp_health_timer()
 * @h: health of a path
 * @s: the signs
 *
 * Return: ms, perhaps in the past.
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
 * ftcp_health_doubted() - whether the path may be broken
 * @h: health of a path
 * @s: the signs
 *
 * Return: 1 if there was reason to doubt it and nothing was heard since.
 */
int ftcp_health_doubted(const struct ftcp_health *h,
			const struct ftcp_signs *s)
{
	return h->renewing || (h->probes && h->heard == s->rx.last) ||
	       (h->suspect_at > s->rx.last &&
		s->now < h->suspect_at + FTCP_DOUBT);
}

/**
 * ftcp_health_suspect() - the path may have changed
 * @h: health of a path
 * @s: the signs
 *
 * Makes a probe due and allows another replacement, even if one just failed.
 */
void ftcp_health_suspect(struct ftcp_health *h, const struct ftcp_signs *s)
{
	h->suspect_at = s->now > s->rx.last ? s->now : s->rx.last + 1;
	if (h->renew_at > s->now)
		h->renew_at = s->now;
}

/**
 * ftcp_health_renew() - have the path replaced
 * @h: health of a path
 * @s: the signs; @now is ~0 if a recent failure must not delay it
 *
 * Return: 1 if the caller has to open a replacement; 0 if one is being opened
 * or failed a moment ago, or the path cannot be replaced.
 */
int ftcp_health_renew(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (!replaceable(h, s) || s->now < h->renew_at)
		return 0;
	renew(h, s);
	return 1;
}

/**
 * ftcp_health_renew_failed() - the replacement could not be opened
 * @h: health of the path to be replaced
 * @s: the signs; @now is not used
 * @in_vain: the far end refused or did not answer; 0: failed on this host
 * @again: ms; do not ask for another before
 *
 * Return: 1 if the path has to be given up: it is silent, too, and somebody
 * waits for an answer; else 0.
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
 * ftcp_health_retire() - another path takes over
 * @h: health of the path, which is closed FTCP_DRAIN later
 * @s: the signs
 *
 * Return: 1; 0 if it was already replaced.
 */
int ftcp_health_retire(struct ftcp_health *h, const struct ftcp_signs *s)
{
	if (h->retire_at)
		return 0;
	h->retire_at = s->now + FTCP_DRAIN;
	return 1;
}
