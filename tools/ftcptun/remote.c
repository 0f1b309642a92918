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

#include <pthread.h>
#include <time.h>

#define LOOKUP_AGE 60 /* seconds after which flows ask again */
#define LOOKUP_GAP 5 /* seconds between two look-ups for failures */

/**
 * struct remote - the remote end
 * @lock: protects everything below
 * @list: what the last look-up found
 * @n: how many
 * @current: which one is used
 * @monitor: where to ask for another look-up; -1: it is no name
 * @wanted: it was asked, and has not answered yet
 * @looked_up: when the last look-up was, in seconds
 */
static struct remote {
	pthread_mutex_t lock;
	struct remote_choice list[REMOTES_MAX];
	u32 n;
	u32 current;
	int monitor;
	bool wanted;
	time_t looked_up;
} remote = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.monitor = -1,
};

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

/* The choice in use stays in use if it is still there. */
static void replace(const struct endpoint *list, u32 n)
{
	struct remote_choice old = remote.list[remote.current];
	u32 i;

	remote.current = 0;
	remote.n = n;
	for (i = 0; i < n; i++) {
		remote.list[i] = (struct remote_choice){ .endpoint = list[i] };
		if (!memcmp(&list[i], &old.endpoint, sizeof(*list))) {
			remote.list[i] = old;
			remote.current = i;
		}
	}
}

/**
 * remote_start() - say where the remote end is
 * @list: its addresses, the best first
 * @n: how many
 */
void remote_start(const struct endpoint *list, u32 n)
{
	replace(list, n);
	remote.looked_up = seconds();
}

/**
 * remote_needs_v6() - whether every address is IPv6
 */
bool remote_needs_v6(void)
{
	u32 i;

	for (i = 0; i < remote.n; i++) {
		if (addr_is_v4(&remote.list[i].endpoint.addr))
			return false;
	}
	return true;
}

/**
 * remote_without_v6() - forget IPv6 addresses
 *
 * Called before any thread is started.
 */
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

/**
 * remote_ask() - begin to have the name looked up again when needed
 * @monitor: where to ask
 */
void remote_ask(int monitor)
{
	remote.monitor = monitor;
}

/**
 * remote_answer() - what the monitor has found
 * @m: its message
 */
void remote_answer(const struct message *m)
{
	pthread_mutex_lock(&remote.lock);
	if (m->n)
		replace(m->list, m->n);
	remote.looked_up = seconds();
	remote.wanted = false;
	pthread_mutex_unlock(&remote.lock);
}

static void want_lookup(time_t age)
{
	if (remote.monitor < 0 || remote.wanted ||
	    seconds() - remote.looked_up < age)
		return;
	remote.wanted = !channel_tell(remote.monitor, MESSAGE_LOOK_UP);
}

/**
 * remote_get() - the address for a new flow
 * @choice: the result
 */
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

/**
 * remote_failed() - an address did not answer
 * @e: the address
 */
void remote_failed(const struct endpoint *e)
{
	pthread_mutex_lock(&remote.lock);
	if (same_place(&remote.list[remote.current].endpoint, e))
		remote.current = (remote.current + 1) % remote.n;
	want_lookup(LOOKUP_GAP);
	pthread_mutex_unlock(&remote.lock);
}

/**
 * remote_is_phantun() - remember what an address was found to want
 * @e: the address
 * @phantun: see struct remote_choice
 */
void remote_is_phantun(const struct endpoint *e, bool phantun)
{
	u32 i;

	pthread_mutex_lock(&remote.lock);
	for (i = 0; i < remote.n; i++) {
		if (same_place(&remote.list[i].endpoint, e))
			remote.list[i].phantun = phantun;
	}
	pthread_mutex_unlock(&remote.lock);
}
