// SPDX-License-Identifier: GPL-2.0
/*
 * Reservation of local ports.
 *
 * A tunnel's packets are taken from the stack before any socket sees them, so
 * nothing but a reservation keeps another program from using a port that a
 * tunnel uses.  The reservation is a bound kernel socket: bind() of others
 * fails, and the search for an ephemeral port passes it over.  A TCP socket
 * is never put to listen; a UDP socket throws away what reaches it.
 *
 * Everything here sleeps.
 */
#include <linux/net.h>
#include <linux/rhashtable.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "compat/compat.h"
#include "port.h"
#include "upper.h"

/**
 * struct port_key - what is reserved
 * @end: address asked for and port in use
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 *
 * Without padding, so that it can be hashed and compared as memory.
 */
struct port_key {
	struct ftcp_end end;
	int protocol;
};

/**
 * struct ftcp_port - a reserved port
 * @node: in ftcp_net.ports, if @shared
 * @key: see there; constant then
 * @net: network namespace
 * @sk: the socket that is bound to it
 * @shared: whether ftcp_port_get() may hand it out again
 * @ephemeral: any free port was asked for
 * @numbered: counted in ftcp_net.numbers
 * @refs: how often it was handed out, under ftcp_net.ports_lock
 */
struct ftcp_port {
	struct rhash_head node;
	struct port_key key;
	struct net *net;
	struct sock *sk;
	bool shared;
	bool ephemeral;
	bool numbered;
	unsigned int refs;
};

/* Conversations may each have a port of their own (mode routed). */
static const struct rhashtable_params params = {
	.key_len = sizeof(struct port_key),
	.key_offset = offsetof(struct ftcp_port, key),
	.head_offset = offsetof(struct ftcp_port, node),
	.automatic_shrinking = true,
};

/* What reaches the socket passed the LOCAL_IN hook as a fragment, as IPv6 puts
 * fragments together after it, or belongs to no flow.  The former is taken
 * here; the latter does not fill a queue that nobody reads.
 */
static int take_or_discard(struct sock *sk, struct sk_buff *skb)
{
	skb_push(skb, skb_transport_offset(skb) - skb_network_offset(skb));
	if (!ftcp_upper->intercept(ftcp_net(sock_net(sk)), skb, NULL))
		kfree_skb(skb);
	return 0;
}

/* Nobody reads or writes the socket: it is parted from its inode, which takes about
 * 1 KB for each conversation.  Being nobody's, it cannot be taken down with `ss -K`
 * either, and the port with it.
 */
static int open_socket(struct ftcp_port *port)
{
	bool tcp = port->key.protocol == IPPROTO_TCP;
	struct sockaddr_storage ss;
	struct socket *sock;
	struct sock *sk;
	int err, len;

	err = sock_create_kern(port->net, port->key.end.family,
			       tcp ? SOCK_STREAM : SOCK_DGRAM,
			       port->key.protocol, &sock);
	if (err)
		return err;

	sk = sock->sk;
	if (!tcp) {
		udp_sk(sk)->encap_type = 1;
		udp_sk(sk)->encap_rcv = take_or_discard;
		udp_tunnel_encap_enable(sk);
	}
	sk->sk_allocation = GFP_ATOMIC;
	/* whatever net.ipv6.bindv6only says */
	sk->sk_ipv6only = false;

	len = ftcp_end_to_sockaddr(&port->key.end, &ss);
	err = ftcp_compat_bind(sock, &ss, len);
	if (!err) {
		port->key.end.port = htons(inet_sk(sk)->inet_num);
		port->sk = sk;
		sock_orphan(sk);
		sock->sk = NULL;
	}
	sock_release(sock);
	return err;
}

static void close_socket(struct ftcp_port *port)
{
	port->sk->sk_prot->close(port->sk, 0);
}

/* How many ephemeral ports of a protocol are reserved. */
static unsigned int *ephemeral_count(struct ftcp_net *fn, int protocol)
{
	lockdep_assert_held(&fn->ports_lock);
	return &fn->ephemeral[protocol == IPPROTO_TCP];
}

static unsigned int ephemeral_range(struct ftcp_net *fn)
{
	int low, high;

	inet_get_local_port_range(fn->net, &low, &high);
	return high - low + 1;
}

/* Flows come from outside, in numbers that others choose: half of the ephemeral
 * ports are left to the other programs of the host.
 */
static unsigned int ephemeral_left(struct ftcp_net *fn, int protocol)
{
	unsigned int pool = DIV_ROUND_UP(ephemeral_range(fn), 2);

	return pool - min(pool, *ephemeral_count(fn, protocol));
}

/**
 * ftcp_port_fair() - whether a source of flows may take another ephemeral port
 * @net: network namespace
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @has: how many it has
 *
 * The last quarter of those that are given away is for those who have few: up to a
 * sixteenth of all.
 */
bool ftcp_port_fair(struct net *net, int protocol, unsigned int has)
{
	struct ftcp_net *fn = ftcp_net(net);
	unsigned int pool = DIV_ROUND_UP(ephemeral_range(fn), 2), left;

	mutex_lock(&fn->ports_lock);
	left = ephemeral_left(fn, protocol);
	mutex_unlock(&fn->ports_lock);
	return left > pool / 4 || has <= max(pool / 16, 1u);
}

/**
 * ftcp_port_spare() - how many ephemeral ports there are for other than urgent needs
 * @net: network namespace
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 *
 * Context: any.
 */
unsigned int ftcp_port_spare(struct net *net, int protocol)
{
	struct ftcp_net *fn = ftcp_net(net);
	unsigned int pool = DIV_ROUND_UP(ephemeral_range(fn), 2);
	unsigned int used = READ_ONCE(fn->ephemeral[protocol == IPPROTO_TCP]);

	pool -= pool / 16;
	return pool - min(pool, used);
}

/**
 * ftcp_port_encap6() - have IPv6 sockets with an encapsulation in the host
 * @net: network namespace
 *
 * The first and the last such socket of the host turn a switch in the code, for which
 * all processors are stopped.  As long as this one is there, flows do not.
 *
 * Return: a socket without a port, or NULL where there is no IPv6.
 */
struct socket *ftcp_port_encap6(struct net *net)
{
	struct socket *sock;

	if (sock_create_kern(net, AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &sock))
		return NULL;
	udp_sk(sock->sk)->encap_type = 1;
	udp_tunnel_encap_enable(sock->sk);
	return sock;
}

/**
 * ftcp_port_get() - reserve a local port
 * @net: network namespace
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @end: address, perhaps any, and port; port 0 stands for any free one, and
 *	at most half of those are given away.  The IPv6 wildcard covers IPv4 as
 *	well.
 * @shared: whether one reservation may serve several callers that say so
 *
 * Return: the reservation, or an ERR_PTR(): -EADDRINUSE if the port is taken,
 * -EADDRNOTAVAIL if the address is not of this host.
 */
struct ftcp_port *ftcp_port_get(struct net *net, int protocol,
				const struct ftcp_end *end, bool shared)
{
	struct port_key key = { .end = *end, .protocol = protocol };
	struct ftcp_net *fn = ftcp_net(net);
	struct ftcp_port *port;
	int err;

	BUILD_BUG_ON(sizeof(key) != sizeof(key.end) + sizeof(key.protocol));
	mutex_lock(&fn->ports_lock);
	port = shared ? rhashtable_lookup_fast(&fn->ports, &key, params) : NULL;
	if (port) {
		port->refs++;
		goto out;
	}

	if (!end->port && !ephemeral_left(fn, protocol)) {
		port = ERR_PTR(-EADDRINUSE);
		goto out;
	}

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port) {
		port = ERR_PTR(-ENOMEM);
		goto out;
	}
	port->key = key;
	port->net = net;
	port->shared = shared;
	port->ephemeral = !end->port;
	port->refs = 1;

	err = open_socket(port);
	if (err == -EAFNOSUPPORT && end->family == AF_INET6 &&
	    ftcp_end_is_any(end)) {
		/* IPv6 is turned off: IPv4 is all there is to reserve */
		ftcp_end_set_v4(&port->key.end, htonl(INADDR_ANY), end->port);
		err = open_socket(port);
	}
	if (err)
		goto err_free;
	if (shared) {
		err = rhashtable_insert_fast(&fn->ports, &port->node, params);
		if (err)
			goto err_release;
	}
	if (port->ephemeral)
		++*ephemeral_count(fn, protocol);
out:
	mutex_unlock(&fn->ports_lock);
	return port;

err_release:
	close_socket(port);
err_free:
	kfree(port);
	port = ERR_PTR(err);
	goto out;
}

/* ---- ports of single loopback addresses ---- */

#define NUMBER_TRIES 32u

static int count_number(struct ftcp_net *fn, u16 number, int by)
{
	unsigned long has = xa_to_value(xa_load(&fn->numbers, number) ?:
					xa_mk_value(0));
	void *old;

	lockdep_assert_held(&fn->ports_lock);
	old = has + by ? xa_store(&fn->numbers, number, xa_mk_value(has + by),
				  GFP_KERNEL) :
			 xa_erase(&fn->numbers, number);
	if (xa_is_err(old))
		return xa_err(old);
	if (!has)
		fn->count++;
	else if (!(has + by))
		fn->count--;
	return 0;
}

/* A port that other addresses of 127/8 have already, or, while there are not too
 * many of these, any.
 */
static int open_numbered(struct ftcp_net *fn, struct ftcp_port *port)
{
	unsigned long number = get_random_u16();
	int err = -EADDRINUSE;
	unsigned int i;

	for (i = 0; i < min(fn->count, NUMBER_TRIES); i++) {
		if (!xa_find(&fn->numbers, &number, U16_MAX, XA_PRESENT)) {
			number = 0;
			xa_find(&fn->numbers, &number, U16_MAX, XA_PRESENT);
		}
		port->key.end.port = htons(number++);
		err = open_socket(port);
		if (err != -EADDRINUSE)
			return err;
	}
	if (fn->count >= max(ephemeral_range(fn) / 8, 1u))
		return err;
	port->key.end.port = 0;
	return open_socket(port);
}

/**
 * ftcp_port_get_loopback() - reserve a UDP port of one loopback address
 * @net: network namespace
 * @end: address of 127/8; it may be any of 2^24, and each has ports of its own
 *
 * For others a port is taken already if a single address has it.  So that plenty is
 * left to them addresses share ports: an eighth of the ephemeral ones at most.
 *
 * Return: the reservation, or an ERR_PTR(): -EADDRINUSE if there is none left.
 */
struct ftcp_port *ftcp_port_get_loopback(struct net *net,
					 const struct ftcp_end *end)
{
	struct ftcp_net *fn = ftcp_net(net);
	struct ftcp_port *port;
	int err;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->key.end = *end;
	port->key.protocol = IPPROTO_UDP;
	port->net = net;
	port->numbered = true;
	port->refs = 1;

	mutex_lock(&fn->ports_lock);
	err = open_numbered(fn, port);
	if (!err) {
		err = count_number(fn, ntohs(port->key.end.port), 1);
		if (err)
			close_socket(port);
	}
	mutex_unlock(&fn->ports_lock);
	if (!err)
		return port;
	kfree(port);
	return ERR_PTR(err);
}

/**
 * ftcp_port_put() - give a reservation back
 * @port: the reservation, NULL or an error pointer
 */
void ftcp_port_put(struct ftcp_port *port)
{
	struct ftcp_net *fn;

	if (IS_ERR_OR_NULL(port))
		return;
	fn = ftcp_net(port->net);
	mutex_lock(&fn->ports_lock);
	if (--port->refs) {
		mutex_unlock(&fn->ports_lock);
		return;
	}
	if (port->shared)
		rhashtable_remove_fast(&fn->ports, &port->node, params);
	if (port->ephemeral)
		--*ephemeral_count(fn, port->key.protocol);
	if (port->numbered)
		count_number(fn, ntohs(port->key.end.port), -1);
	/* Whoever gets the lock next finds the port free. */
	close_socket(port);
	mutex_unlock(&fn->ports_lock);
	kfree(port);
}

/**
 * ftcp_port_number() - the port that is reserved
 * @port: the reservation
 */
__be16 ftcp_port_number(const struct ftcp_port *port)
{
	return port->key.end.port;
}

/**
 * ftcp_port_table_init() - the table of a network namespace
 * @fn: the namespace
 *
 * Return: 0 or a negative error.
 */
int ftcp_port_table_init(struct ftcp_net *fn)
{
	mutex_init(&fn->ports_lock);
	xa_init(&fn->numbers);
	return rhashtable_init(&fn->ports, &params);
}

/**
 * ftcp_port_table_exit() - give the table back; all ports have been
 * @fn: the namespace
 */
void ftcp_port_table_exit(struct ftcp_net *fn)
{
	WARN_ON_ONCE(atomic_read(&fn->ports.nelems) || fn->ephemeral[0] ||
		     fn->ephemeral[1] || fn->count);
	xa_destroy(&fn->numbers);
	rhashtable_destroy(&fn->ports);
	mutex_destroy(&fn->ports_lock);
}
