// SPDX-License-Identifier: GPL-2.0
/*
 * The remote end.
 *
 * It may be a name with several addresses.  They are tried in order: one that
 * does not answer gives way to the next.  The name is looked up again when an
 * address has failed, and at most once a minute when flows begin; the monitor does
 * that, when it is asked to.  When a look-up fails the old addresses stay.
 *
 * All of this is asked once for each new flow, not for packets.
 */
#include "remote.h"

#include "worker.h"

#define LOOKUP_AGE 60000 /* ms after which flows ask again */
#define LOOKUP_GAP 5000 /* ms between two look-ups for failures */

/**
 * struct remote - the remote end
 * @lock: protects everything below
 * @list: what the last look-up found
 * @n: how many
 * @current: which one is used
 * @monitor: where to ask for another look-up; -1: it is no name
 * @wanted: it was asked, and has not answered yet
 * @looked_up: when the last look-up was, ms
 */
static struct remote {
	pthread_mutex_t lock;
	struct remote_choice list[REMOTES_MAX];
	u32 n;
	u32 current;
	int monitor;
	bool wanted;
	u64 looked_up;
} remote = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.monitor = -1,
};

/* What is known of an address stays known, and the choice in use stays in use, if it
 * is still there.
 */
static void replace(const struct endpoint *list, u32 n)
{
	struct remote_choice old[REMOTES_MAX];
	u32 i, j, old_n = remote.n, current = remote.current;

	memcpy(old, remote.list, sizeof(old));
	remote.current = 0;
	remote.n = n;
	for (i = 0; i < n; i++) {
		remote.list[i] = (struct remote_choice){ .endpoint = list[i] };
		for (j = 0; j < old_n; j++) {
			if (memcmp(&list[i], &old[j].endpoint, sizeof(*list)))
				continue;
			remote.list[i] = old[j];
			if (j == current)
				remote.current = i;
		}
	}
}

/** remote_start() - where the remote end is: its addresses, the best first */
void remote_start(const struct endpoint *list, u32 n)
{
	replace(list, n);
	remote.looked_up = milliseconds();
}

/** remote_needs_v6() - whether every address is IPv6 */
bool remote_needs_v6(void)
{
	u32 i;

	for (i = 0; i < remote.n; i++) {
		if (addr_is_v4(&remote.list[i].endpoint.addr))
			return false;
	}
	return true;
}

/** remote_may_be_v6() - whether any address is IPv6 */
bool remote_may_be_v6(void)
{
	u32 i;

	for (i = 0; i < remote.n; i++) {
		if (!addr_is_v4(&remote.list[i].endpoint.addr))
			return true;
	}
	return false;
}

/** remote_without_v6() - forget IPv6 addresses, before there are threads */
void remote_without_v6(void)
{
	struct endpoint list[REMOTES_MAX];
	u32 i, n = 0;

	for (i = 0; i < remote.n; i++) {
		if (addr_is_v4(&remote.list[i].endpoint.addr))
			list[n++] = remote.list[i].endpoint;
	}
	replace(list, n);
}

/** remote_ask() - whom to ask for look-ups when they are needed */
void remote_ask(int monitor)
{
	remote.monitor = monitor;
}

/** remote_answer() - what the monitor has found */
void remote_answer(const struct message *m)
{
	pthread_mutex_lock(&remote.lock);
	if (m->n)
		replace(m->list, m->n);
	remote.looked_up = milliseconds();
	remote.wanted = false;
	pthread_mutex_unlock(&remote.lock);
}

static void want_lookup(u64 age)
{
	if (remote.monitor < 0 || remote.wanted ||
	    milliseconds() - remote.looked_up < age)
		return;
	remote.wanted = !channel_tell(remote.monitor, MESSAGE_LOOK_UP);
}

/** remote_get() - the address for a new flow */
void remote_get(struct remote_choice *choice)
{
	pthread_mutex_lock(&remote.lock);
	*choice = remote.list[remote.current];
	want_lookup(LOOKUP_AGE);
	pthread_mutex_unlock(&remote.lock);
}

/* Segments have no scope: the host's routes say where a link-local address is. */
static bool same_place(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* Whom a flow was dialled to, or NULL if it is no longer there */
static struct remote_choice *find(const struct endpoint *e)
{
	u32 i;

	for (i = 0; i < remote.n; i++) {
		if (same_place(&remote.list[i].endpoint, e))
			return &remote.list[i];
	}
	return NULL;
}

/* The next one has its turn, if there are others. */
static void leave(const struct remote_choice *choice)
{
	if (choice == &remote.list[remote.current])
		remote.current = (remote.current + 1) % remote.n;
	want_lookup(LOOKUP_GAP);
}

/**
 * remote_failed() - an address refused a connection, or does not answer
 * @e: the address
 * @refused: which of both
 * @now: present time, ms
 * @random: any number
 */
void remote_failed(const struct endpoint *e, bool refused, u64 now, u32 random)
{
	struct remote_choice *choice;

	pthread_mutex_lock(&remote.lock);
	choice = find(e);
	if (choice) {
		ftcp_backoff_failed(&choice->backoff, refused, now, random);
		if (refused)
			choice->phantun = false;
	}
	leave(choice);
	pthread_mutex_unlock(&remote.lock);
}

/** remote_silent() - an address has answered, and fell silent */
void remote_silent(const struct endpoint *e)
{
	pthread_mutex_lock(&remote.lock);
	leave(find(e));
	pthread_mutex_unlock(&remote.lock);
}

/**
 * remote_reached() - an address has answered
 * @e: the address
 * @phantun: it was found to want what struct remote_choice says
 */
void remote_reached(const struct endpoint *e, bool phantun)
{
	struct remote_choice *choice;

	pthread_mutex_lock(&remote.lock);
	choice = find(e);
	if (choice) {
		ftcp_backoff_reached(&choice->backoff);
		choice->phantun |= phantun;
	}
	pthread_mutex_unlock(&remote.lock);
}
