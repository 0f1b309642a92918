// SPDX-License-Identifier: GPL-2.0
/*
 * The TUN device.
 *
 * Towards the kernel ftcptun is a host of its own behind the device: the kernel has
 * tun-local, ftcptun has tun-peer, and what ftcptun writes is forwarded (and
 * masqueraded) like the packets of any other host.
 *
 * Queues.  Each thread has one to itself.  The kernel delivers a flow's packets to
 * the queue that last transmitted for it, and spreads unknown flows by their hash.
 *
 * Offloads.  With IFF_VNET_HDR a packet written may be a super-segment of up to
 * 64 KB, which the kernel forwards whole and splits as late as it can; with
 * TUN_F_TSO4 and TUN_F_TSO6 the packets read may be ones that the kernel has merged
 * (GRO) or that were never split.  Those of UDP (TUN_F_USO4, TUN_F_USO6) are not
 * asked for: UDP goes through sockets.  Where a kernel refuses any of this, ftcptun
 * goes on without.
 */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "packet.h"
#include "settings.h"

#define TUN_PATH "/dev/net/tun"

/* Packets that wait in each queue of the device; the kernel's default is 500,
 * less than what the far end sends while this program waits for a processor.
 */
#define QUEUE_LEN 2000

static int open_queue(void)
{
	int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		die(TUN_PATH
		    ": %s; load the module (modprobe tun) or give the container the device",
		    strerror(errno));
	default:
		die(TUN_PATH ": %s", strerror(errno));
	}
}

static void explain(const char *name)
{
	if (!*name)
		name = "a TUN device";

	switch (errno) {
	case EPERM:
		die("cannot create %s: CAP_NET_ADMIN is missing; be root, or: setcap cap_net_admin=+ep ftcptun",
		    name);
	case EBUSY:
		die("cannot create %s: a device of that name exists", name);
	default:
		die("cannot create %s: %s", name, strerror(errno));
	}
}

/* The name is chosen with the first queue; the others join.  IFF_TUN_EXCL
 * keeps the first from joining the device of another program.
 */
static int attach(int fd, struct tun *tun, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };

	memcpy(ifr.ifr_name, tun->name, IF_NAMESIZE);
	if (ioctl(fd, TUNSETIFF, &ifr))
		return -1;
	memcpy(tun->name, ifr.ifr_name, IF_NAMESIZE);
	tun->name[IF_NAMESIZE - 1] = '\0';
	return 0;
}

static void set_offload(const struct tun *tun, int fd)
{
	unsigned int full = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 |
			    TUN_F_TSO_ECN;

	if (!tun->vnet || !ioctl(fd, TUNSETOFFLOAD, full) ||
	    !ioctl(fd, TUNSETOFFLOAD, (unsigned int)TUN_F_CSUM))
		return;
	say(LOG_NOTICE, "%s: no offloads: %s", tun->name, strerror(errno));
}

/**
 * tun_open() - create the device with all its queues
 * @tun: the result
 * @o: name, number of queues, whether to use offloads
 *
 * Explains and exits if there can be no device; goes without multiple queues
 * or without offloads if the kernel has none.
 */
void tun_open(struct tun *tun, const struct options *o)
{
	int flags = IFF_TUN | IFF_NO_PI;
	int fd = open_queue();

	*tun = (struct tun){ 0 };
	memcpy(tun->name, o->tun, IF_NAMESIZE);
	if (o->threads > 1)
		flags |= IFF_MULTI_QUEUE;
	if (o->tun_offload)
		flags |= IFF_VNET_HDR;
	if (attach(fd, tun, flags | IFF_TUN_EXCL)) {
		if (errno != EINVAL)
			explain(o->tun);
		flags = IFF_TUN | IFF_NO_PI;
		if (attach(fd, tun, flags | IFF_TUN_EXCL))
			explain(o->tun);
		say(LOG_NOTICE, "%s: no multiple queues and no offloads here",
		    tun->name);
	}
	tun->vnet = flags & IFF_VNET_HDR;
	tun->fd[tun->queues++] = fd;
	set_offload(tun, fd);
	while ((flags & IFF_MULTI_QUEUE) && tun->queues < o->threads) {
		fd = open_queue();
		if (attach(fd, tun, flags)) {
			say(LOG_NOTICE, "%s: %u of %u queues: %s", tun->name,
			    tun->queues, o->threads, strerror(errno));
			close(fd);
			break;
		}
		tun->fd[tun->queues++] = fd;
	}
	tun->ifindex = (int)if_nametoindex(tun->name);
}

/**
 * tun_open_inner() - create the device whose packets are carried whole
 * @tun: the result; one queue
 * @o: its name, and whether to use offloads
 *
 * Explains and exits if there can be none.
 */
void tun_open_inner(struct tun *tun, const struct options *o)
{
	const int flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL;

	*tun = (struct tun){ 0 };
	strcpy(tun->name, *o->dev ? o->dev : "ftcp%d");
	tun->fd[tun->queues++] = open_queue();
	tun->vnet = o->tun_offload &&
		    !attach(tun->fd[0], tun, flags | IFF_VNET_HDR);
	if (!tun->vnet && attach(tun->fd[0], tun, flags))
		explain(o->dev);
	set_offload(tun, tun->fd[0]);
	tun->ifindex = (int)if_nametoindex(tun->name);
}

/* Send a request to rtnetlink; 0, or -1 and errno. */
static int ask(struct nlmsghdr *request)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char answer[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t len = -1;
	int err;

	if (!nl)
		return -1;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE |
			       NLM_F_REPLACE;
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) >= 0)
		len = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	if (len >= 0)
		len = mnl_cb_run(answer, (size_t)len, 0, 0, NULL, NULL);
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return len < 0 ? -1 : 0;
}

/* One address with its peer's, or with that of its network: ip addr add LOCAL peer
 * PEER/LEN dev TUN
 */
static int add_addr(const struct tun *tun, const struct addr *local,
		    const struct addr *peer, u32 len)
{
	bool v4 = addr_is_v4(local);
	size_t size = v4 ? 4 : 16;
	char buf[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	nlh->nlmsg_type = RTM_NEWADDR;
	*ifa = (struct ifaddrmsg){
		.ifa_family = v4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = (u8)len,
		.ifa_flags = v4 ? 0 : IFA_F_NODAD,
		.ifa_index = (unsigned int)tun->ifindex,
	};
	mnl_attr_put(nlh, IFA_LOCAL, size, v4 ? addr_v4(local) : local->b);
	mnl_attr_put(nlh, IFA_ADDRESS, size, v4 ? addr_v4(peer) : peer->b);
	return ask(nlh);
}

/* The kernel makes this route itself, with the address; but that of IPv6 some
 * time later, when the first packets may have come and gone elsewhere.
 */
static int add_route6(const struct tun *tun, const struct addr *peer)
{
	char buf[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_NEWROUTE;
	*rtm = (struct rtmsg){
		.rtm_family = AF_INET6,
		.rtm_dst_len = 128,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	mnl_attr_put(nlh, RTA_DST, sizeof(peer->b), peer->b);
	mnl_attr_put_u32(nlh, RTA_OIF, (u32)tun->ifindex);
	return ask(nlh);
}

/* Addresses that the kernel would give itself, and the router solicitations
 * that come with them, have no place on this device.
 */
static void no_autoconf(const struct tun *tun)
{
	char name[96];

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/addr_gen_mode",
		 tun->name);
	if (setting_write(name, "1") && errno != ENOENT)
		say(LOG_DEBUG, "%s: %s", name, strerror(errno));
}

/* Whether an address of the host and its network's mask cover @addr. */
static bool covers(const struct ifaddrs *ifa, const struct addr *addr)
{
	bool v4 = ifa->ifa_addr->sa_family == AF_INET;
	/* The library aligns masks as it likes. */
	struct sockaddr_storage ss = { 0 };
	struct endpoint own, mask;
	unsigned int i, bits = 0;

	if (v4 != addr_is_v4(addr))
		return false;
	memcpy(&ss, ifa->ifa_netmask,
	       v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	ss.ss_family = ifa->ifa_addr->sa_family;
	endpoint_from_sockaddr(&mask, &ss);
	endpoint_from_sockaddr(&own, (void *)ifa->ifa_addr);
	for (i = v4 ? 12 : 0; i < sizeof(addr->b); i++) {
		bits |= mask.addr.b[i];
		if ((own.addr.b[i] ^ addr->b[i]) & mask.addr.b[i])
			return false;
	}
	return bits;
}

/* The kernel would let two devices have the same peer, and send what is for it to
 * one of them.  And in a network that the host is in already, an address would
 * take the place of whoever has it there; that may be the router.
 */
static void refuse_taken(const struct tun *tun, const struct addr *addr,
			 bool is_peer)
{
	struct ifaddrs *list, *ifa;
	struct endpoint other;
	char text[64];

	if (getifaddrs(&list))
		return;
	for (ifa = list; ifa; ifa = ifa->ifa_next) {
		bool pair = ifa->ifa_flags & IFF_POINTOPOINT;

		if (!ifa->ifa_addr || !strcmp(ifa->ifa_name, tun->name) ||
		    (ifa->ifa_addr->sa_family != AF_INET &&
		     ifa->ifa_addr->sa_family != AF_INET6))
			continue;
		if (!pair && ifa->ifa_netmask && covers(ifa, addr))
			die("%s is in the network of %s: choose other addresses by --tun-local, --tun-peer, --tun-local6 and --tun-peer6",
			    addr_text(addr, text, sizeof(text)), ifa->ifa_name);
		if (!pair || !ifa->ifa_dstaddr || !is_peer)
			continue;
		endpoint_from_sockaddr(&other, (void *)ifa->ifa_dstaddr);
		if (addr_equal(&other.addr, addr))
			die("%s belongs to %s already: give each ftcptun its own --tun-local, --tun-peer, --tun-local6 and --tun-peer6",
			    addr_text(addr, text, sizeof(text)), ifa->ifa_name);
	}
	freeifaddrs(list);
}

/* Up first: an IPv6 address given before may come without its route. */
static void bring_up(const struct tun *tun, u32 mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	if (fd < 0)
		die("cannot configure %s: %s", tun->name, strerror(errno));
	no_autoconf(tun);
	memcpy(ifr.ifr_name, tun->name, IF_NAMESIZE);
	ifr.ifr_mtu = (int)mtu;
	if (ioctl(fd, SIOCSIFMTU, &ifr))
		die("cannot set the MTU of %s: %s", tun->name, strerror(errno));
	/* without it there is only the kernel's usual queue */
	ifr.ifr_qlen = QUEUE_LEN;
	if (ioctl(fd, SIOCSIFTXQLEN, &ifr))
		say(LOG_DEBUG, "%s: queue length: %s", tun->name,
		    strerror(errno));
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		die("cannot bring %s up: %s", tun->name, strerror(errno));
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("cannot bring %s up: %s", tun->name, strerror(errno));
	close(fd);
}

/**
 * tun_configure() - set the device's addresses and bring it up
 * @tun: the device
 * @o: addresses and MTU
 * @need_v6: whether to fail, and not only to say so, without IPv6
 */
void tun_configure(struct tun *tun, const struct options *o, bool need_v6)
{
	refuse_taken(tun, &o->tun_local, false);
	refuse_taken(tun, &o->tun_peer, true);
	if (!o->ipv4_only) {
		refuse_taken(tun, &o->tun_local6, false);
		refuse_taken(tun, &o->tun_peer6, true);
	}
	bring_up(tun, o->mtu);
	if (add_addr(tun, &o->tun_local, &o->tun_peer, 32))
		die("cannot set the IPv4 addresses of %s: %s", tun->name,
		    strerror(errno));
	if (o->ipv4_only)
		return;
	tun->has_v6 = !add_addr(tun, &o->tun_local6, &o->tun_peer6, 128) &&
		      !add_route6(tun, &o->tun_peer6);
	if (!tun->has_v6 && need_v6)
		die("cannot set the IPv6 addresses of %s: %s", tun->name,
		    strerror(errno));
	if (!tun->has_v6)
		say(LOG_NOTICE, "%s: no IPv6: %s", tun->name, strerror(errno));
}

/**
 * tun_configure_inner() - set the inner device's addresses and bring it up
 * @tun: the device
 * @o: its addresses
 * @mtu: the largest packet that it is to be given
 */
void tun_configure_inner(struct tun *tun, const struct options *o, u32 mtu)
{
	char text[INET6_ADDRSTRLEN];
	u32 i;

	bring_up(tun, mtu);
	for (i = 0; i < o->addresses; i++) {
		const struct addr *a = &o->address[i].addr;

		if (add_addr(tun, a, a, o->address[i].len))
			die("cannot give %s the address %s: %s", tun->name,
			    addr_text(a, text, sizeof(text)), strerror(errno));
	}
}

/**
 * tun_readdress() - give the device back what it has lost by being set down
 * @tun: the device, which is up
 * @o: its addresses
 *
 * That is its IPv6 addresses and the route.  What is there already is not changed.
 */
void tun_readdress(const struct tun *tun, const struct options *o)
{
	if (add_addr(tun, &o->tun_local, &o->tun_peer, 32) ||
	    (tun->has_v6 && (add_addr(tun, &o->tun_local6, &o->tun_peer6, 128) ||
			     add_route6(tun, &o->tun_peer6))))
		say(LOG_NOTICE, "cannot set the addresses of %s again: %s",
		    tun->name, strerror(errno));
}

/** tun_write() - write a packet to a device without queues; 0, or -1 and errno */
int tun_write(const struct tun *tun, const void *packet, u32 len)
{
	u8 vnet[VNET_HLEN] = { 0 };
	struct iovec iov[] = {
		{ vnet, sizeof(vnet) },
		{ (void *)packet, len },
	};
	int skip = !tun->vnet;

	return writev(tun->fd[0], iov + skip, 2 - skip) < 0 ? -1 : 0;
}

/** tun_close() - let go of the device, which removes it */
void tun_close(struct tun *tun)
{
	while (tun->queues)
		close(tun->fd[--tun->queues]);
}
