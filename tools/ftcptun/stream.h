/* SPDX-License-Identifier: GPL-2.0 */
/* Whole IP packets over a channel of bytes: a pipe, a socket, what a program makes of
 * its standard input and output.
 */
#ifndef FTCPTUN_STREAM_H
#define FTCPTUN_STREAM_H

#include <stdbool.h>

#include "flow.h"
#include "inner.h"

#define STREAM_INPUT (2 * (2 + INNER_MAX))

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
 * @in: what comes from there
 * @out: what goes there, @watched as long as something waits
 * @begun: the far end has said what it is
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
	struct source out;
	bool watched;
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

struct program;
struct worker;

void stream_open(struct program *p);
void stream_close(struct program *p);
int stream_init(struct worker *w);
void stream_free(struct worker *w);
void stream_ready(struct worker *w);

#endif /* FTCPTUN_STREAM_H */
