/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzzers share: taking input apart, and giving up. */
#ifndef FTCP_FUZZ_H
#define FTCP_FUZZ_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "types.h"

#define MUST(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s: does not hold: %s\n",	\
				__FILE__, __LINE__, __func__, #cond);	\
			abort();					\
		}							\
	} while (0)

struct input {
	const u8 *p;
	size_t left;
};

/* Beyond the end everything is 0. */
static inline u8 take8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static inline u16 take16(struct input *in)
{
	u16 high = take8(in);

	return (u16)(high << 8 | take8(in));
}

static inline u32 take32(struct input *in)
{
	u32 high = take16(in);

	return high << 16 | take16(in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif /* FTCP_FUZZ_H */
