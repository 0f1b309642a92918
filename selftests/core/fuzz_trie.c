// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as ranges that are given, moved and taken away: what is found is what a
 * list of the ranges says, and the trie is sound after each step.
 */
#include "fuzz.h"
#include "trie_model.h"

#define SOUND(call)							\
	do {								\
		const char *wrong = (call);				\
									\
		if (wrong) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				wrong);					\
			abort();					\
		}							\
	} while (0)

static u64 take64(struct input *in)
{
	u64 high = take32(in);

	return high << 32 | take32(in);
}

/* An address: anew, or a range's with a bit of it turned. */
static void take_address(struct input *in, const struct model *m, u64 *high,
			 u64 *low)
{
	u8 how = take8(in), n;
	const struct ftcp_prefix *p;

	if (!m->n || how & 1) {
		*high = take64(in);
		*low = how & 2 ? take64(in) : 0;
		return;
	}
	p = &m->ranges[take8(in) % m->n].prefix;
	n = take8(in);
	*high = p->high ^ (n < 64 ? 1ULL << n : 0);
	*low = p->low ^ (n >= 64 && n < 128 ? 1ULL << (n - 64) : 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	static char owners[256];
	struct model m = { };
	struct ftcp_prefix p;
	u64 high, low;
	u8 op;

	while (in.left) {
		op = take8(&in);
		take_address(&in, &m, &high, &low);
		if (m.n && op % 4 == 0) {
			model_take(&m, &m.ranges[take8(&in) % m.n]);
		} else {
			p = model_prefix(high, low, take8(&in) % 129);
			SOUND(model_give(&m, &p, &owners[1 + op % 255]));
		}
		SOUND(model_sound(&m));
		SOUND(model_same(&m, high, low));
		take_address(&in, &m, &high, &low);
		SOUND(model_same(&m, high, low));
	}
	model_clear(&m);
	MUST(!m.trie.root && !m.nodes);
	return 0;
}
