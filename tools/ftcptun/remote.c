// SPDX-License-Identifier: GPL-2.0
/*
 * The remote end.
 *
 * It may be a name with several addresses.  They are tried in order: one that
 * does not answer gives way to the next.  The name is looked up again when an
 * address has failed, and at most once a minute when flows begin; a thread of
 * its own does that, because a resolver may take its time.  When a look-up
 * fails the old addresses stay.
 *
 * All of this is asked once for each new flow, not for packets.
 */
#include "remote.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "log.h"

#define LOOKUP_AGE 60 /* seconds after which flows ask again */
#define LOOKUP_GAP 5 /* seconds between two look-ups at least */

/**
 * struct remote - the remote end
 * @lock: protects everything below but @options
 * @wanted: signalled when a look-up is wanted
 * @options: the command line
 * @list: what the last look-up found
 * @n: how many
 * @current: which one is used
 * @no_v6: leave IPv6 addresses out
 * @has_resolver: there is a thread that waits for @wanted
 * @want: a look-up is wanted
 * @looked_up: when the last look-up was, in seconds
 */
static struct remote {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	const struct options *options;
	struct remote_choice list[REMOTES_MAX];
	int n;
	int current;
	bool no_v6;
	bool has_resolver;
	bool want;
	time_t looked_up;
} remote = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wanted = PTHREAD_COND_INITIALIZER,
};

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

static int look_up(struct endpoint *list, const char **error)
{
	const struct options *o = remote.options;

	/* -4 is about the TCP side, which is the server's other side */
	return host_resolve(o->remote_host, o->remote_port,
			    o->role == ROLE_CLIENT &&
				    (o->ipv4_only || remote.no_v6),
			    list, error);
}

/* The choice in use stays in use if it is still there. */
static void replace(const struct endpoint *list, int n)
{
	struct remote_choice old = remote.list[remote.current];
	int i;

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
 * remote_start() - look the remote end up for the first time
 * @o: the command line; has to stay
 *
 * Explains and exits if that fails.
 */
void remote_start(const struct options *o)
{
	struct endpoint list[REMOTES_MAX], numeric;
	const char *error;
	int n;

	remote.options = o;
	if (!endpoint_parse(&numeric, o->remote)) {
		if (o->role == ROLE_CLIENT && o->ipv4_only &&
		    !addr_is_v4(&numeric.addr))
			die("--remote %s is IPv6, and --ipv4-only was given",
			    o->remote);
		replace(&numeric, 1);
		return;
	}
	n = look_up(list, &error);
	if (n < 0)
		die("cannot resolve %s: %s", o->remote_host, error);
	replace(list, n);
	remote.looked_up = seconds();
}

/**
 * remote_needs_v6() - whether every address is IPv6
 */
bool remote_needs_v6(void)
{
	int i;

	for (i = 0; i < remote.n; i++) {
		if (addr_is_v4(&remote.list[i].endpoint.addr))
			return false;
	}
	return true;
}

/**
 * remote_without_v6() - forget IPv6 addresses, now and later
 *
 * Called before any thread is started.
 */
void remote_without_v6(void)
{
	struct endpoint list[REMOTES_MAX];
	int i, n = 0;

	remote.no_v6 = true;
	for (i = 0; i < remote.n; i++) {
		if (addr_is_v4(&remote.list[i].endpoint.addr))
			list[n++] = remote.list[i].endpoint;
	}
	replace(list, n);
}

static void *resolve(void *unused)
{
	struct endpoint list[REMOTES_MAX];
	const char *error;
	int n;

	(void)unused;
	pthread_mutex_lock(&remote.lock);
	for (;;) {
		while (!remote.want)
			pthread_cond_wait(&remote.wanted, &remote.lock);
		pthread_mutex_unlock(&remote.lock);
		n = look_up(list, &error);
		if (n < 0)
			say(LOG_NOTICE, "cannot resolve %s: %s",
			    remote.options->remote_host, error);
		pthread_mutex_lock(&remote.lock);
		if (n > 0)
			replace(list, n);
		remote.looked_up = seconds();
		remote.want = false;
	}
	return NULL;
}

/**
 * remote_start_resolver() - begin to look the name up again when needed
 */
void remote_start_resolver(void)
{
	pthread_t thread;
	int err;

	if (!remote.looked_up) /* not a name */
		return;
	err = pthread_create(&thread, NULL, resolve, NULL);
	if (err) {
		say(LOG_NOTICE, "%s will not be looked up again: %s",
		    remote.options->remote_host, strerror(err));
		return;
	}
	pthread_detach(thread);
	pthread_mutex_lock(&remote.lock);
	remote.has_resolver = true;
	pthread_mutex_unlock(&remote.lock);
}

static void want_lookup(time_t age)
{
	if (!remote.has_resolver || remote.want ||
	    seconds() - remote.looked_up < age)
		return;
	remote.want = true;
	pthread_cond_signal(&remote.wanted);
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
	int i;

	pthread_mutex_lock(&remote.lock);
	for (i = 0; i < remote.n; i++) {
		if (same_place(&remote.list[i].endpoint, e))
			remote.list[i].phantun = phantun;
	}
	pthread_mutex_unlock(&remote.lock);
}
