/* SPDX-License-Identifier: GPL-2.0 */
/* The TUN device: opening, configuring, and what it can do. */
#ifndef FTCPTUN_TUN_H
#define FTCPTUN_TUN_H

#include <net/if.h>
#include <stdbool.h>

#include "addr.h"
#include "options.h"

/**
 * struct tun - the device
 * @name: its name
 * @ifindex: its interface index
 * @fd: one descriptor for each queue
 * @queues: how many there are
 * @vnet: every packet is preceded by a virtio_net_hdr, so that super-segments
 *	can be written, and checksums be left to the kernel
 * @has_v6: the device has its IPv6 addresses
 */
struct tun {
	char name[IF_NAMESIZE];
	int ifindex;
	int fd[THREADS_MAX];
	u32 queues;
	bool vnet;
	bool has_v6;
};

void tun_open(struct tun *tun, const struct options *o);
void tun_configure(struct tun *tun, const struct options *o, bool need_v6);
void tun_readdress(const struct tun *tun, const struct options *o);
void tun_open_inner(struct tun *tun, const struct options *o);
void tun_configure_inner(struct tun *tun, const struct options *o, u32 mtu);
int tun_write(const struct tun *tun, const void *packet, u32 len);
void tun_close(struct tun *tun);

#endif /* FTCPTUN_TUN_H */
