// SPDX-License-Identifier: GPL-2.0
/*
 * Mode ip: super-packets of TCP inside.
 *
 *	encap.c -> ftcp_super_cut(): a super-packet becomes a super-segment of packets
 *	decap.c -> ftcp_super_merge(): and that a super-packet again
 *
 * What an skb costs hardly depends on its size, and an skb for each packet, in between,
 * cost more than half of the whole way; so the packets are bytes in pages here, copied
 * there while they are in the cache, as their checksums have to be made or verified
 * anyway.  The super-segment has no list of skbs, which hardly any network card takes.
 *
 * Everything else, UDP too, goes as single packets through skb_gso_segment() and GRO; what
 * cannot be merged again, but is one skb, ftcp_super_split() takes apart.
 */
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "gso.h"
#include "pages.h"
#include "super.h"

/* As many packets are merged at most.  Each header is looked for from the skb's beginning,
 * whatever it consists of, so that more of them would cost more than they save.
 */
#define MERGED_MAX 128

/* The headers of a packet, as they are on the wire */
struct headers {
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
		u8 bytes[sizeof(struct ipv6hdr) + 60];
	};
	unsigned int ip_hlen;
	unsigned int hlen;	/* of IP and TCP */
};

static bool is_v4(const struct headers *h)
{
	return h->v4.version == 4;
}

static struct tcphdr *tcp_header(struct headers *h)
{
	return (struct tcphdr *)(h->bytes + h->ip_hlen);
}

/* ---- headers ---- */

/* Read the headers of what may be a packet of TCP, @len bytes long, without IP options
 * or extension headers, no fragment.  Nothing else is checked.
 */
static bool read_headers(const struct sk_buff *skb, unsigned int offset,
			 unsigned int len, struct headers *h)
{
	unsigned int size = min_t(unsigned int, len, sizeof(h->bytes));

	if (size < sizeof(struct iphdr) + sizeof(struct tcphdr) ||
	    skb_copy_bits(skb, offset, h->bytes, size))
		return false;
	if (is_v4(h)) {
		if (h->v4.ihl != 5 || h->v4.protocol != IPPROTO_TCP ||
		    h->v4.frag_off & htons(IP_MF | IP_OFFSET))
			return false;
		h->ip_hlen = sizeof(h->v4);
	} else {
		h->ip_hlen = sizeof(h->v6);
		if (h->v6.version != 6 || h->v6.nexthdr != IPPROTO_TCP ||
		    size < h->ip_hlen + sizeof(struct tcphdr))
			return false;
	}
	h->hlen = h->ip_hlen + tcp_header(h)->doff * 4;
	return tcp_header(h)->doff >= 5 && h->hlen <= size && h->hlen < len;
}

static void set_length(struct headers *h, unsigned int len)
{
	if (is_v4(h))
		h->v4.tot_len = htons(len);
	else
		h->v6.payload_len = htons(len - h->ip_hlen);
}

static __sum16 checksum(struct headers *h, unsigned int len, __wsum csum)
{
	return is_v4(h) ? csum_tcpudp_magic(h->v4.saddr, h->v4.daddr,
					    len - h->ip_hlen, IPPROTO_TCP, csum) :
			  csum_ipv6_magic(&h->v6.saddr, &h->v6.daddr,
					  len - h->ip_hlen, IPPROTO_TCP, csum);
}

static void checksum_ip(struct headers *h)
{
	if (is_v4(h))
		ip_send_check(&h->v4);
}

/* ---- out ---- */

/* The headers of the packet whose payload begins @offset behind that of the first one */
static void make_headers(struct headers *h, const struct headers *first,
			 const struct sk_buff *super, unsigned int offset,
			 unsigned int len, __wsum csum)
{
	const struct skb_shared_info *sh = skb_shinfo(super);
	struct tcphdr *th = tcp_header(h);

	memcpy(h->bytes, first->bytes, first->hlen);
	set_length(h, h->hlen + len);
	if (is_v4(h) && !(sh->gso_type & SKB_GSO_TCP_FIXEDID))
		h->v4.id = htons(ntohs(h->v4.id) + offset / sh->gso_size);
	checksum_ip(h);
	th->seq = htonl(ntohl(th->seq) + offset);
	if (offset)
		th->cwr = 0;
	if (h->hlen + offset + len < super->len) {
		th->fin = 0;
		th->psh = 0;
	}
	th->check = 0;
	th->check = checksum(h, h->hlen + len,
			     csum_partial(th, h->hlen - h->ip_hlen, csum));
}

/* So many packets, with the payload from @offset on, as one skb */
static struct sk_buff *cut(const struct sk_buff *super,
			   const struct headers *first, unsigned int offset,
			   unsigned int count)
{
	unsigned int size = skb_shinfo(super)->gso_size, done, len, n;
	unsigned int left = super->len - first->hlen - offset;
	struct headers h = *first;
	struct ftcp_place to, begin;
	struct sk_buff *skb;
	__wsum csum;

	left = min(left, count * size);
	skb = ftcp_pages_skb(super, h.ip_hlen, h.hlen, left + (count - 1) * h.hlen);
	if (!skb)
		return NULL;
	to = ftcp_pages_begin(skb);
	for (n = 0, done = 0; n < count; n++, done += len) {
		len = min(size, left - done);
		begin = to;
		if (n)
			ftcp_pages_skip(&to, h.hlen);
		csum = 0;
		if (!ftcp_pages_copy(&to, super, h.hlen + offset + done, len, &csum)) {
			kfree_skb(skb);
			return NULL;
		}
		make_headers(&h, first, super, offset + done, len, csum);
		if (n)
			ftcp_pages_write(begin, h.bytes, h.hlen);
		else
			memcpy(skb->data, h.bytes, h.hlen);
	}
	if (offset)
		skb->ooo_okay = 0;
	if (count > 1) {
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
		skb_shinfo(skb)->gso_size = h.hlen + size;
		skb_shinfo(skb)->gso_segs = count;
	}
	return skb;
}

static bool can_cut(const struct sk_buff *skb, struct headers *first)
{
	const struct skb_shared_info *sh = skb_shinfo(skb);
	unsigned int types = SKB_GSO_TCPV4 | SKB_GSO_TCPV6;

	if (!(sh->gso_type & types))
		return false;
	types |= SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID | SKB_GSO_DODGY;
	return !(sh->gso_type & ~types) && sh->gso_size != GSO_BY_FRAGS &&
	       !skb->encapsulation && !(sh->tx_flags & SKBTX_ANY_TSTAMP) &&
	       read_headers(skb, 0, skb->len, first) &&
	       first->hlen + sh->gso_size >= FTCP_GSO_SIZE_MIN &&
	       first->hlen + sh->gso_size <= FTCP_GSO_LEN_MAX;
}

/* The last one takes over what the super-packet was charged to, as skb_segment() and
 * TCP's own segmentation have it, so that the sender notices when all have left.  Other
 * destructors mean this very skb, as AF_PACKET's ring does.
 */
static void hand_on_owner(struct sk_buff *skb, struct sk_buff *last)
{
	struct sock *sk = skb->sk;

	if (!sk || !(skb->destructor == sock_wfree ||
		     (skb->destructor && sk_fullsock(sk) && sk_is_tcp(sk))))
		return;
	swap(last->sk, skb->sk);
	swap(last->destructor, skb->destructor);
	swap(last->truesize, skb->truesize);
}

/**
 * ftcp_super_cut() - cut an inner super-packet of TCP
 * @skb: any super-packet, its data at the network header; consumed, unless NULL is
 *	returned
 *
 * Return: super-segments' payloads, linked by ->next: skbs whose data, with gso_size as
 * the length of each but the last, are whole packets; an ERR_PTR if there was no memory;
 * NULL if it cannot be cut that way.
 */
struct sk_buff *ftcp_super_cut(struct sk_buff *skb)
{
	struct sk_buff *list = NULL, **tail = &list, *last = NULL;
	unsigned int offset, left, most, count;
	struct headers first;

	if (!can_cut(skb, &first))
		return NULL;
	most = FTCP_GSO_LEN_MAX / (first.hlen + skb_shinfo(skb)->gso_size) *
	       skb_shinfo(skb)->gso_size;
	left = skb->len - first.hlen;
	for (offset = 0; left; offset += most) {
		count = DIV_ROUND_UP(min(left, most), skb_shinfo(skb)->gso_size);
		last = cut(skb, &first, offset, count);
		if (!last) {
			kfree_skb_list(list);
			kfree_skb(skb);
			return ERR_PTR(-ENOMEM);
		}
		*tail = last;
		tail = &last->next;
		left -= min(left, most);
	}
	hand_on_owner(skb, last);
	consume_skb(skb);
	return list;
}

/* ---- in ---- */

/* Whether a packet can be the first of a super-packet */
static bool begins(struct headers *h)
{
	const __be32 others = TCP_RESERVED_BITS | TCP_FLAG_CWR | TCP_FLAG_URG |
			      TCP_FLAG_PSH | TCP_FLAG_RST | TCP_FLAG_SYN |
			      TCP_FLAG_FIN;

	return tcp_header(h)->ack && !(tcp_flag_word(tcp_header(h)) & others);
}

/* Whether a packet says that it is as long as it is, and IPv4's checksum is right */
static bool is_sound(const struct headers *h, unsigned int len)
{
	if (is_v4(h))
		return ntohs(h->v4.tot_len) == len &&
		       !ip_fast_csum(&h->v4, sizeof(h->v4) / 4);
	return h->ip_hlen + ntohs(h->v6.payload_len) == len;
}

/* Whether a packet differs from the first one in nothing but what make_headers() writes;
 * @offset and @index say where it stands, @ends is what only the last one may have.
 */
static bool follows(struct headers *h, struct headers *first,
		    unsigned int offset, unsigned int index, __be32 ends)
{
	const struct tcphdr *a = tcp_header(first), *b = tcp_header(h);

	if (is_v4(h) != is_v4(first) || h->hlen != first->hlen)
		return false;
	if (is_v4(h)) {
		if (h->v4.tos != first->v4.tos || h->v4.ttl != first->v4.ttl ||
		    h->v4.frag_off != first->v4.frag_off ||
		    h->v4.saddr != first->v4.saddr ||
		    h->v4.daddr != first->v4.daddr)
			return false;
		/* RFC 6864: else it means nothing */
		if (!(h->v4.frag_off & htons(IP_DF)) &&
		    ntohs(h->v4.id) != (u16)(ntohs(first->v4.id) + index))
			return false;
	} else if (memcmp(&h->v6, &first->v6, 4) ||
		   memcmp(&h->v6.hop_limit, &first->v6.hop_limit,
			  sizeof(h->v6) - offsetof(struct ipv6hdr, hop_limit))) {
		return false;
	}
	return a->source == b->source && a->dest == b->dest &&
	       ntohl(b->seq) == ntohl(a->seq) + offset &&
	       a->ack_seq == b->ack_seq && a->urg_ptr == b->urg_ptr &&
	       !((tcp_flag_word(a) ^ tcp_flag_word(b)) & ~ends) &&
	       !memcmp(a + 1, b + 1, h->hlen - h->ip_hlen - sizeof(*a));
}

/* Whether all packets of a super-segment are what one super-packet was cut into, by
 * their headers; *@ends is how the last one differs from others, *@type what kind of
 * super-packet that was
 */
static bool can_merge(const struct sk_buff *skb, unsigned int hlen,
		      struct headers *first, __be32 *ends, unsigned int *type)
{
	unsigned int size = skb_shinfo(skb)->gso_size, at, len, index = 1;
	bool fixed_id = true;
	struct headers h;

	if (skb->len - hlen <= size || skb->len - hlen > size * MERGED_MAX ||
	    !read_headers(skb, hlen, size, first) ||
	    !is_sound(first, size) || !begins(first))
		return false;
	*ends = 0;
	for (at = hlen + size; at < skb->len; at += len, index++) {
		len = min(size, skb->len - at);
		if (at + len == skb->len)
			*ends = TCP_FLAG_FIN | TCP_FLAG_PSH;
		if (!read_headers(skb, at, len, &h) || !is_sound(&h, len) ||
		    !follows(&h, first, index * (size - first->hlen), index,
			     *ends))
			return false;
		fixed_id &= is_v4(&h) && h.v4.id == first->v4.id;
	}
	*ends &= tcp_flag_word(tcp_header(&h));
	*type = is_v4(first) ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	if (fixed_id)
		*type |= SKB_GSO_TCP_FIXEDID;
	return true;
}

/* Copy all payloads, one behind the other; false if a checksum is wrong. */
static bool copy_payloads(struct sk_buff *to, const struct sk_buff *skb,
			  unsigned int hlen, struct headers *first)
{
	struct ftcp_place place = ftcp_pages_begin(to);
	unsigned int size = skb_shinfo(skb)->gso_size, at, len;
	__wsum csum;

	for (at = hlen; at < skb->len; at += len) {
		len = min(size, skb->len - at);
		csum = skb_checksum(skb, at + first->ip_hlen,
				    first->hlen - first->ip_hlen, 0);
		if (!ftcp_pages_copy(&place, skb, at + first->hlen,
				len - first->hlen, &csum) ||
		    checksum(first, len, csum))
			return false;
	}
	return true;
}

/* The headers of all as one, whose checksum is left to the device */
static void write_headers(struct sk_buff *skb, struct headers *h, __be32 ends)
{
	struct tcphdr *th = tcp_header(h);

	set_length(h, skb->len);
	checksum_ip(h);
	tcp_flag_word(th) |= ends;
	th->check = ~checksum(h, skb->len, 0);
	memcpy(skb->data, h->bytes, h->hlen);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/**
 * ftcp_super_merge() - make a super-packet of a super-segment's packets
 * @skb: the super-segment, left as it is
 * @hlen: length of its headers
 *
 * If all of them are what one super-packet of TCP was cut into, and sound.  What GRO
 * would look at is looked at here, checksums too.
 *
 * Return: the super-packet, its data at the network header; or NULL.
 */
struct sk_buff *ftcp_super_merge(const struct sk_buff *skb, unsigned int hlen)
{
	unsigned int size = skb_shinfo(skb)->gso_size, count, len, type;
	struct headers first;
	struct sk_buff *one;
	__be32 ends;

	if (!can_merge(skb, hlen, &first, &ends, &type))
		return NULL;
	count = DIV_ROUND_UP(skb->len - hlen, size);
	len = skb->len - hlen - count * first.hlen;
	if (first.hlen + len > IP_MAX_MTU)
		return NULL;
	one = ftcp_pages_skb(skb, first.ip_hlen, first.hlen, len);
	if (!one)
		return NULL;
	if (!copy_payloads(one, skb, hlen, &first)) {
		kfree_skb(one);
		return NULL;
	}
	write_headers(one, &first, ends);
	skb_shinfo(one)->gso_type = type;
	skb_shinfo(one)->gso_size = size - first.hlen;
	skb_shinfo(one)->gso_segs = count;
	return one;
}

/* ---- either way ---- */

static struct sk_buff *copy_one(const struct sk_buff *super, unsigned int at,
				unsigned int len)
{
	unsigned int linear = min_t(unsigned int, len, SKB_MAX_HEAD(FTCP_PAGES_ROOM));
	struct sk_buff *skb = ftcp_pages_skb(super, 0, linear, len - linear);
	struct ftcp_place to;

	if (!skb)
		return NULL;
	to = ftcp_pages_begin(skb);
	if (skb_copy_bits(super, at, skb->data, linear) ||
	    !ftcp_pages_copy(&to, super, at + linear, len - linear, NULL)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/**
 * ftcp_super_split() - make single packets of those that one skb is
 * @skb: the super-packet or -segment, each of whose payloads is a packet; consumed
 * @hlen: length of its headers
 *
 * They are copied: whatever shape the skb has got on its way, skb_segment() does not
 * have to understand it.
 *
 * Return: a list linked by ->next, data at each packet; NULL if there was no memory.
 */
struct sk_buff *ftcp_super_split(struct sk_buff *skb, unsigned int hlen)
{
	unsigned int size = skb_shinfo(skb)->gso_size, at, len;
	struct sk_buff *list = NULL, **tail = &list;

	for (at = hlen; at < skb->len; at += len) {
		len = min(size, skb->len - at);
		*tail = copy_one(skb, at, len);
		if (!*tail) {
			kfree_skb_list(list);
			kfree_skb(skb);
			return NULL;
		}
		tail = &(*tail)->next;
	}
	consume_skb(skb);
	return list;
}

/**
 * ftcp_super_packets() - the packets of an skb that has not left yet
 * @skb: of ftcp_super_cut(), of ftcp_join(), or a packet that stands for itself; consumed
 *
 * Return: a list linked by ->next, data at each packet; NULL if there was no memory.
 */
struct sk_buff *ftcp_super_packets(struct sk_buff *skb)
{
	return skb_is_gso(skb) ? ftcp_super_split(skb, 0) : skb;
}
