// SPDX-License-Identifier: GPL-2.0
/*
 * What the filter of system calls lets pass, and what it does not.  To be linked
 * with ftcptun's sandbox.c and log.c, and run as root, who may do all of it
 * otherwise.
 *
 * For each call a line: its name and "allowed" or "refused".
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

static void tell(const char *name, long result)
{
	printf("%s %s\n", name,
	       result < 0 && errno == EPERM ? "refused" : "allowed");
}

static void try_socket(const char *name, int family, int type, int protocol)
{
	tell(name, socket(family, type | SOCK_CLOEXEC, protocol));
}

static void try_option(const char *name, int fd, int level, int option)
{
	int value = 1;

	tell(name, setsockopt(fd, level, option, &value, sizeof(value)));
}

int main(void)
{
	int udp4 = socket(AF_INET, SOCK_DGRAM, 0);
	int udp6 = socket(AF_INET6, SOCK_DGRAM, 0);
	int raw4 = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int raw6 = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);

	if (udp4 < 0 || udp6 < 0 || raw4 < 0 || raw6 < 0) {
		perror("socket");
		return 1;
	}
	sandbox_filter();
	try_socket("udp4", AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	try_socket("udp6", AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	try_socket("tcp", AF_INET, SOCK_STREAM, 0);
	try_socket("raw", AF_INET, SOCK_RAW, IPPROTO_RAW);
	try_socket("unix", AF_UNIX, SOCK_DGRAM, 0);
	try_socket("ping4", AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	try_socket("ping6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	try_socket("udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);

	try_option("SO_RCVBUF", udp4, SOL_SOCKET, SO_RCVBUF);
	try_option("SO_SNDBUF", udp4, SOL_SOCKET, SO_SNDBUF);
	try_option("UDP_GRO", udp4, IPPROTO_UDP, UDP_GRO);
	try_option("IP_RECVTOS", udp6, IPPROTO_IP, IP_RECVTOS);
	try_option("IPV6_RECVTCLASS", udp6, IPPROTO_IPV6, IPV6_RECVTCLASS);
	try_option("SO_MARK", udp4, SOL_SOCKET, SO_MARK);
	try_option("SO_BROADCAST", udp4, SOL_SOCKET, SO_BROADCAST);
	try_option("SO_ATTACH_FILTER", udp4, SOL_SOCKET, SO_ATTACH_FILTER);
	try_option("IP_HDRINCL", raw4, IPPROTO_IP, IP_HDRINCL);
	try_option("IPV6_HDRINCL", raw6, IPPROTO_IPV6, IPV6_HDRINCL);
	try_option("ICMP_FILTER", raw4, SOL_RAW, ICMP_FILTER);
	try_option("ICMPV6_FILTER", raw6, IPPROTO_ICMPV6, 1);

	tell("signal-self", syscall(SYS_tgkill, getpid(), gettid(), 0));
	tell("signal-other", syscall(SYS_tgkill, 1, 1, 0));
	fflush(stdout);
	_exit(0);
}
