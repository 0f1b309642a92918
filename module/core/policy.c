// SPDX-License-Identifier: GPL-2.0
/* Decisions about conversations; see policy.h. */
#include "policy.h"

static enum ftcp_reason reason_of(enum ftcp_event event)
{
	switch (event) {
	case FTCP_EV_REFUSED:
		return FTCP_REASON_REFUSED;
	case FTCP_EV_UNANSWERED:
		return FTCP_REASON_UNANSWERED;
	case FTCP_EV_RESET:
	case FTCP_EV_FORGOTTEN:
		return FTCP_REASON_RESET;
	case FTCP_EV_DEAD:
		return FTCP_REASON_DEAD;
	default:
		return FTCP_REASON_CLOSED;
	}
}

/* Whether the application has to be told, unless waiting datagrams do that.
 * Not if another connection has the conversation, or there was nothing to lose.
 */
static int is_news(const struct ftcp_end_facts *end)
{
	if (!end->dialled || !end->carries || end->waits)
		return 0;
	switch (end->event) {
	case FTCP_EV_DEAD:
		return 1;
	case FTCP_EV_RESET:
	case FTCP_EV_FORGOTTEN:
		return end->worked;
	default:
		return end->owes && (ftcp_dialled_in_vain(end->event) ||
				     end->reason == FTCP_REASON_FAILED);
	}
}

/**
 * ftcp_end_policy() - decide what follows from the end of a connection
 * @end: the facts, after a successor, if any, took over (ftcp_end_is_loss())
 * @policy: result
 *
 * If a RST says only that the far end does not know the connection, dial again,
 * and tell the application only if that is impossible.  If the far end is dead,
 * wait for the next datagram: it was just dialled in vain, and nobody would
 * notice an answer.
 */
void ftcp_end_policy(const struct ftcp_end_facts *end,
		     struct ftcp_end_policy *policy)
{
	int refusal = end->event == FTCP_EV_RESET ||
		      end->event == FTCP_EV_FORGOTTEN ||
		      end->event == FTCP_EV_REFUSED;

	if (end->retired)
		policy->reason = FTCP_REASON_REPLACED;
	else if (end->closing)
		policy->reason = FTCP_REASON_CLOSED;
	else
		policy->reason = end->reason ? end->reason :
					       reason_of(end->event);
	policy->dial = end->event == FTCP_EV_FORGOTTEN && end->dialled &&
		       end->carries;
	policy->waiting = refusal ? FTCP_TELL_PORT : FTCP_TELL_HOST;
	policy->tell = is_news(end) ? policy->waiting : FTCP_TELL_NOTHING;
	/* the conversation may go on */
	if (policy->reason == FTCP_REASON_REPLACED)
		policy->waiting = FTCP_TELL_NOTHING;
}

/**
 * ftcp_backoff_failed() - note that an endpoint refused or did not answer
 * @b: the endpoint's; no lock
 * @refused: 1 if it refused
 * @now: ms
 * @random: any number, to spread the clients of a server
 *
 * Otherwise each datagram would dial again.  Connections that fail together
 * count as one.
 */
void ftcp_backoff_failed(struct ftcp_backoff *b, int refused, u64 now,
			 u32 random)
{
	u8 failures = ftcp_load(b->failures);
	u32 pause = FTCP_BACKOFF_FIRST << failures;

	ftcp_store(b->refused, !!refused);
	if (ftcp_backoff_pauses(b, now))
		return;
	ftcp_store(b->until, now + pause - random % (pause / 4 + 1));
	if (failures < FTCP_BACKOFF_DOUBLED)
		ftcp_store(b->failures, failures + 1);
}

/**
 * ftcp_backoff_reached() - note that an endpoint answered, or was changed
 * @b: the endpoint's; no lock
 */
void ftcp_backoff_reached(struct ftcp_backoff *b)
{
	if (ftcp_load(b->failures))
		ftcp_store(b->failures, 0);
}

/**
 * ftcp_backoff_pauses() - whether it is too early to dial for a new
 * conversation
 * @b: the endpoint's; no lock
 * @now: ms
 *
 * Return: 1 or 0.
 */
int ftcp_backoff_pauses(const struct ftcp_backoff *b, u64 now)
{
	return ftcp_load(b->failures) && now < ftcp_load(b->until);
}

/**
 * ftcp_queue_quota() - whether another datagram may wait
 * @waiting: how many wait for its flow
 * @max: limit
 * @bytes: memory of all that wait, this one included
 * @max_bytes: limit
 *
 * Return: 0, or the drop counter.
 */
enum ftcp_drop_attr ftcp_queue_quota(u32 waiting, u32 max, u64 bytes,
				     u64 max_bytes)
{
	return waiting >= max || bytes > max_bytes ? FTCP_DROP_QUEUE_FULL : 0;
}

/**
 * ftcp_flow_quota() - whether there may be another flow
 * @flows: how many there are, in all threads or hash buckets together
 * @max: limit
 * @of_source: how many of its source there are
 * @max_of_source: limit
 *
 * Return: 0, or the drop counter.
 */
enum ftcp_drop_attr ftcp_flow_quota(u32 flows, u32 max, u32 of_source,
				    u32 max_of_source)
{
	if (flows >= max)
		return FTCP_DROP_LIMIT;
	return of_source >= max_of_source ? FTCP_DROP_SOURCE_LIMIT : 0;
}

/**
 * ftcp_source_of() - get the address that a flow is counted for
 * @addr: 16 bytes of its source's, cut to that
 * @v4: it is an IPv4 address
 * @dialled: by this end: the source is an application
 *
 * A remote IPv6 host can use any address of its /64.  Applications are on this
 * host or its LAN, so each address counts.
 */
void ftcp_source_of(u8 *addr, int v4, int dialled)
{
	int i;

	for (i = 8; !v4 && !dialled && i < 16; i++)
		addr[i] = 0;
}

/**
 * ftcp_newcomer() - whether a peer's connection gives way to another one
 * @asked: the peer's: when its far end was last asked, ms; 0 at the beginning,
 *	and when the peer gets another connection
 * @heard: when that one was last heard (rx.last)
 * @now: ms
 *
 * Without keys anybody may say that he is the peer.  Who is heard is not taken
 * over; who was asked, and is silent for FTCP_NEWCOMER_TIME, is.  An answer counts
 * for so long, or a newcomer that comes again and again would have the
 * incumbent asked each time.  The caller serialises.
 *
 * Return: what to do with the newcomer's segment.
 */
enum ftcp_newcomer ftcp_newcomer(u64 *asked, u64 heard, u64 now)
{
	int answered = heard >= *asked;

	if (!*asked || (answered && now - *asked >= FTCP_NEWCOMER_TIME)) {
		*asked = now;
		return FTCP_NEWCOMER_ASK;
	}
	if (answered)
		return FTCP_NEWCOMER_REFUSE;
	return now - *asked < FTCP_NEWCOMER_TIME ? FTCP_NEWCOMER_WAIT :
						   FTCP_NEWCOMER_ADMIT;
}
