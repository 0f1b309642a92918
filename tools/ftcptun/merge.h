/* SPDX-License-Identifier: GPL-2.0 */
/* Packets of one TCP connection that are given to the inner device as one. */
#ifndef FTCPTUN_MERGE_H
#define FTCPTUN_MERGE_H

#include <sys/uio.h>

#include "inner.h"

#define MERGE_PACKETS 64
#define MERGE_HLEN_MAX (10 + 40 + 60)

/**
 * struct merge - packets that follow each other
 * @header: what is written before their contents, if they are more than one
 * @iov: that, and their contents
 * @count: how many they are
 * @first: the first one, which has all its headers
 * @tcp: where in it TCP's begins
 * @hlen: length of all headers
 * @size: how much each carries, but for the last
 * @len: how much all of them do
 * @psh: the last one has PSH
 * @full: no other may follow
 */
struct merge {
	u8 header[MERGE_HLEN_MAX];
	struct iovec iov[1 + MERGE_PACKETS];
	u32 count;
	struct inner first;
	u32 tcp;
	u32 hlen;
	u32 size;
	u32 len;
	bool psh;
	bool full;
};

bool merge_add(struct merge *m, const struct inner *in);
u32 merge_take(struct merge *m, struct iovec **iov);

#endif /* FTCPTUN_MERGE_H */
