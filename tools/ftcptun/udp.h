/* SPDX-License-Identifier: GPL-2.0 */
/* The UDP side: sockets, and many datagrams in one system call. */
#ifndef FTCPTUN_UDP_H
#define FTCPTUN_UDP_H

#include <stdbool.h>
#include <sys/uio.h>

#include "addr.h"

#define UDP_VLEN 64 /* messages in one call */
#define UDP_SEGS 64 /* datagrams in one: UDP_MAX_SEGMENTS before 6.9 */
#define UDP_LEN_MAX 65507 /* bytes in one message */

/**
 * struct udp_message - a datagram, or several of one size and one TOS from one
 *	source
 * @from: who sent it
 * @to: the address it was sent to, if the socket was asked to tell
 * @data: the payload
 * @len: its length
 * @seg: length of each datagram in it but the last
 * @tos: DSCP and ECN
 */
struct udp_message {
	struct endpoint from;
	struct addr to;
	u8 *data;
	u32 len;
	u32 seg;
	u8 tos;
};

/**
 * struct udp_output - datagrams of one size and one TOS to one destination
 * @fd: socket to send on
 * @v6: it is an IPv6 socket; not set if it is connected
 * @v4: the destination is an IPv4 address, perhaps of an IPv6 socket
 * @tos: DSCP and ECN
 * @to: destination; NULL if the socket is connected
 * @from: address to send from; NULL to leave it to the kernel
 * @iov: the payload; each piece holds whole datagrams
 * @niov: number of its pieces
 * @len: its length
 * @seg: length of each datagram in it but the last
 * @count: number of datagrams
 * @refused: result: the destination has refused an earlier datagram
 */
struct udp_output {
	int fd;
	bool v6;
	bool v4;
	u8 tos;
	const struct endpoint *to;
	const struct addr *from;
	struct iovec *iov;
	u32 niov;
	u32 len;
	u32 seg;
	u32 count;
	bool refused;
};

/** udp_count() - how many datagrams @len bytes are, all of @seg but the last */
static inline u32 udp_count(u32 len, u32 seg)
{
	return (len + seg - 1) / seg;
}

struct udp_input;

bool udp_probe_offload(void);
int udp_listen(const struct endpoint *local, bool first, bool gro);
int udp_connect(const struct endpoint *remote, bool gro);
void udp_check_buffers(void);

struct udp_input *udp_input_new(void);
int udp_receive(struct udp_input *in, int fd, bool *refused);
void udp_message_get(struct udp_input *in, int i, struct udp_message *m);

void udp_put_from(struct msghdr *hdr, void *control, const struct addr *from,
		  bool v6, u32 scope);
u32 udp_send(struct udp_output *out, u32 n, bool offload);

#endif /* FTCPTUN_UDP_H */
