/* SPDX-License-Identifier: GPL-2.0 */
/* Packets over channels of bytes. */
#ifndef FTCPTUN_STREAM_H
#define FTCPTUN_STREAM_H

#include <stdbool.h>

#include "flow.h"
#include "inner.h"

#define STREAM_HLEN_MAX 18
#define STREAM_INPUT (2 * (STREAM_HLEN_MAX + INNER_MAX))

struct worker;

/**
 * struct framing - what packets look like on a channel
 * @name: of the channel
 * @preamble: what both ends begin with, and
 * @preamble_len: its length
 * @prefix: how many bytes of length stand before a frame
 * @hlen: these, and what else stands before a packet
 * @put: write what else that is, for a packet
 * @take: a frame has come
 */
struct framing {
	const char *name;
	const char *preamble;
	u32 preamble_len;
	u32 prefix;
	u32 hlen;
	void (*put)(u8 *header, const struct inner *in);
	void (*take)(struct worker *w, u8 *frame, u32 len);
};

/**
 * struct queued - a frame that waits to be written
 * @next: the one behind it
 * @since: when it came, ms
 * @len: its length
 * @data: the frame
 */
struct queued {
	struct queued *next;
	u64 since;
	u32 len;
	u8 data[];
};

/**
 * struct stream - a channel, and what waits for it
 * @in: what comes from there; the first member
 * @out: what goes there, @watched as long as something waits
 * @into: what comes from here goes there, and not to a device; or NULL
 * @from: the other way round
 * @held: nothing is read, since too much waits there
 * @framing: what packets look like
 * @begun: the other end has said what it is
 * @have: how many bytes of @input there are
 * @input: what has come and is not complete
 * @head: the frames that wait, the oldest first
 * @tail: where the next one will be linked
 * @bytes: their length
 * @written: how much of the first one has been written
 * @above: since when, and an interval, frames wait too long; 0: they do not
 * @drop_at: while too many do: when the next one is dropped; 0: they do not
 * @drops: how many were, in a row
 */
struct stream {
	struct source in;
	int out;
	bool watched;
	struct stream *into;
	struct stream *from;
	bool held;
	const struct framing *framing;
	bool begun;
	u32 have;
	u8 input[STREAM_INPUT];
	struct queued *head;
	struct queued **tail;
	u32 bytes;
	u32 written;
	u64 above;
	u64 drop_at;
	u32 drops;
};

struct stream *stream_new(struct worker *w, const struct framing *framing,
			  int in, int out);
void stream_join(struct stream *a, struct stream *b);
void stream_free(struct stream *s);
void stream_ready(struct worker *w, struct stream *s);
void stream_send(struct worker *w, struct stream *s, const struct inner *in);

#endif /* FTCPTUN_STREAM_H */
