// SPDX-License-Identifier: GPL-2.0
/*
 * IPv4 fragments from the device.
 *
 * A segment that was cut on its way is put together by the host's conntrack, is
 * translated, and then cut again by the host, into pieces no larger than they came,
 * however large the device's MTU is.  So the fragments of a packet arrive in order,
 * with at most those of a few others among them, from other processors; and all of
 * two hosts in one queue of the device, since their hash is that of the addresses
 * alone.  Each thread can put together what it reads, and what does not come in
 * order has lost something: the device's queue was full.
 *
 * That it is what was sent is believed when the checksum of TCP says so.
 */
#include "fragment.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "packet.h"

#define IP4_HLEN 20
#define MORE 0x2000
#define OFFSET 0x1fff
#define LENGTH_MAX 65535
#define PATIENCE 1000 /* ms */

static bool is_same(const u8 *a, const u8 *b)
{
	return !memcmp(a + 4, b + 4, 2) && !memcmp(a + 12, b + 12, 8);
}

static struct fragment_slot *find(struct fragments *fs, const u8 *ip, u64 now)
{
	struct fragment_slot *s;

	for (s = fs->slot; s < fs->slot + FRAGMENT_SLOTS; s++) {
		if (s->len && s->until > now && is_same(s->packet, ip))
			return s;
	}
	return NULL;
}

static struct fragment_slot *find_free(struct fragments *fs)
{
	struct fragment_slot *s;

	for (s = fs->slot; s < fs->slot + FRAGMENT_SLOTS; s++) {
		if (!s->len)
			return s;
	}
	return &fs->slot[fs->next++ % FRAGMENT_SLOTS];
}

/* With a first fragment, whose header will be that of the packet */
static struct fragment_slot *begin(struct fragments *fs, const u8 *ip,
				   u32 hlen, u64 now, u64 *lost)
{
	struct fragment_slot *s = find(fs, ip, now);

	if (!s)
		s = find_free(fs);
	if (s->len)
		(*lost)++;
	s->len = 0;
	if (!s->packet)
		s->packet = malloc(LENGTH_MAX);
	if (!s->packet)
		return NULL;
	memcpy(s->packet, ip, hlen);
	s->len = hlen;
	s->until = now + PATIENCE;
	return s;
}

/* Length of the header of a slot's packet */
static u32 header_len(const struct fragment_slot *s)
{
	return (u32)(s->packet[0] & 15) * 4;
}

/**
 * fragments_join() - put fragments of TCP segments over IPv4 together
 * @fs: those that have come before
 * @buf: what was read from the device; replaced by the whole packet, so it has
 *	room for PACKET_MAX bytes
 * @len: its length
 * @vnet: whether it begins with a virtio_net_hdr
 * @now: present time in ms
 * @lost: counts the packets that were given up
 *
 * Return: the length of what is in @buf then; 0 if there is nothing, because
 * others have to come.  A fragment that fits nothing stays in @buf, as does
 * anything else.
 */
u32 fragments_join(struct fragments *fs, u8 *buf, u32 len, bool vnet, u64 now,
		   u64 *lost)
{
	u32 skip = vnet ? VNET_HLEN : 0, hlen, total, word;
	struct fragment_slot *s;
	u8 *ip = buf + skip;

	if (len < skip + IP4_HLEN || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP)
		return len;
	word = ftcp_get16(ip + 6);
	if (!(word & (MORE | OFFSET)))
		return len;
	hlen = (u32)(ip[0] & 15) * 4;
	total = ftcp_get16(ip + 2);
	if (hlen < IP4_HLEN || total <= hlen || total > len - skip)
		return len;

	s = word & OFFSET ? find(fs, ip, now) : begin(fs, ip, hlen, now, lost);
	if (!s || header_len(s) + (word & OFFSET) * 8 != s->len ||
	    total - hlen > LENGTH_MAX - s->len)
		return len;
	memcpy(s->packet + s->len, ip + hlen, total - hlen);
	s->len += total - hlen;
	if (word & MORE)
		return 0;

	total = s->len;
	s->len = 0;
	ftcp_put16(s->packet + 2, (u16)total);
	ftcp_put16(s->packet + 6, 0);
	/* which says that the checksum is not known to be right */
	memset(buf, 0, skip);
	memcpy(ip, s->packet, total);
	return skip + total;
}

/** fragments_free() - release what fragments_join() allocated */
void fragments_free(struct fragments *fs)
{
	struct fragment_slot *s;

	for (s = fs->slot; s < fs->slot + FRAGMENT_SLOTS; s++)
		free(s->packet);
}
