// SPDX-License-Identifier: GPL-2.0
/*
 * What is decided about conversations; see policy.h.
 */
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

/* Whether the application is to hear of it, when what waits does not tell it: a
 * conversation that another connection has taken over has lost nothing, nor has one
 * that had nothing to say.
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
 * ftcp_end_policy() - what follows from the end of a connection
 * @end: what its owner knows, after a successor, if there is one, has taken over
 *	what was lost (ftcp_end_is_loss())
 * @policy: the result
 *
 * A RST that says only that the far end does not know the connection is no news
 * about the service: another one is dialled, and the application hears if there can
 * be none.  A far end that is found dead is not dialled again before there is a
 * datagram for it: nobody would know that it answers, and its address was dialled in
 * vain a moment ago.
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
	/* The conversation that another one has may well go on. */
	if (policy->reason == FTCP_REASON_REPLACED)
		policy->waiting = FTCP_TELL_NOTHING;
}

/**
 * ftcp_backoff_failed() - an endpoint refused a connection, or did not answer
 * @b: the endpoint's
 * @refused: which of both
 * @now: present time, ms
 * @random: any number
 *
 * A sender that goes on would otherwise have it dialled with each datagram.  The
 * pauses become longer, and differ, as many clients may wait for one server.
 * Connections that fail together count as one.
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
 * ftcp_backoff_reached() - an endpoint has answered, or is another one now
 * @b: the endpoint's
 */
void ftcp_backoff_reached(struct ftcp_backoff *b)
{
	if (ftcp_load(b->failures))
		ftcp_store(b->failures, 0);
}

/**
 * ftcp_backoff_pauses() - whether it is too early to dial for a new conversation
 * @b: the endpoint's
 * @now: present time, ms
 */
int ftcp_backoff_pauses(const struct ftcp_backoff *b, u64 now)
{
	return ftcp_load(b->failures) && now < ftcp_load(b->until);
}

/**
 * ftcp_queue_quota() - whether a datagram may wait
 * @waiting: how many wait for its flow
 * @max: most of these
 * @bytes: memory of what waits for all flows, this one included
 * @max_bytes: most of that
 *
 * Return: 0, or what it is counted as.
 */
enum ftcp_drop_attr ftcp_queue_quota(u32 waiting, u32 max, u64 bytes,
				     u64 max_bytes)
{
	return waiting >= max || bytes > max_bytes ? FTCP_DROP_QUEUE_FULL : 0;
}

/**
 * ftcp_flow_quota() - whether there may be one more flow
 * @flows: how many there are
 * @max: most of these
 * @of_source: how many are of its source
 * @max_of_source: most of these
 *
 * Exact, wherever the flows are: who divides them, among threads say, counts
 * them in one place.
 *
 * Return: 0, or what it is counted as.
 */
enum ftcp_drop_attr ftcp_flow_quota(u32 flows, u32 max, u32 of_source,
				    u32 max_of_source)
{
	if (flows >= max)
		return FTCP_DROP_LIMIT;
	return of_source >= max_of_source ? FTCP_DROP_SOURCE_LIMIT : 0;
}

/**
 * ftcp_source_of() - the address that a flow is counted for
 * @addr: 16 bytes of its source's; changed to that
 * @v4: it is an IPv4 address
 * @dialled: by this end: the source is an application
 *
 * An IPv6 host chooses freely within its /64, so for accepted flows that is what
 * counts; an application is mostly of this host or of a LAN that it routes for, and
 * each address counts.
 */
void ftcp_source_of(u8 *addr, int v4, int dialled)
{
	int i;

	for (i = 8; !v4 && !dialled && i < 16; i++)
		addr[i] = 0;
}
