// SPDX-License-Identifier: GPL-2.0
/* The longest prefix is found, whatever was added, moved and removed before. */
#include "ktap.h"
#include "trie_model.h"

#define CHECK_SOUND(call)						\
	do {								\
		const char *wrong = (call);				\
									\
		if (wrong && ++ktap_failures <= KTAP_SHOWN)		\
			printf("# %s:%d: %s: %s\n", __FILE__, __LINE__,	\
			       ktap_row, wrong);			\
	} while (0)

static char owners[10001];

static u64 state = 0x9e3779b97f4a7c15;

static u64 random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1d;
}

static u32 below(u32 n)
{
	return (u32)(random64() >> 32) % n;
}

/* ---- a table ---- */

static const struct {
	const char *name;
	u64 high, low;
	u8 len;
	u8 owner;
} given[] = {
	{ "0.0.0.0/0", 0, 0, 0, 1 },
	{ "10.0.0.0/8", 0x0a00000000000000, 0, 8, 2 },
	{ "10.1.0.0/16", 0x0a01000000000000, 0, 16, 3 },
	{ "10.1.2.3/32", 0x0a01020300000000, 0, 32, 4 },
	{ "10.1.2.2/32", 0x0a01020200000000, 0, 32, 5 },
	{ "128.0.0.0/1", 0x8000000000000000, 0, 1, 6 },
	{ "fd00::/64", 0xfd00000000000000, 0, 64, 7 },
	{ "fd00::/65", 0xfd00000000000000, 0, 65, 8 },
	{ "fd00::8000:0:0:0/65", 0xfd00000000000000, 0x8000000000000000, 65, 9 },
	{ "fd00::1/128", 0xfd00000000000000, 1, 128, 10 },
	{ "ff.../128", ~0ULL, ~0ULL, 128, 11 },
};

static const struct {
	const char *name;
	u64 high, low;
	u8 owner, len;
} looked_up[] = {
	{ "9.9.9.9", 0x0909090900000000, 0, 1, 0 },
	{ "10.255.0.1", 0x0aff000100000000, 0, 2, 8 },
	{ "10.1.255.1", 0x0a01ff0100000000, 0, 3, 16 },
	{ "10.1.2.3", 0x0a01020300000000, 0, 4, 32 },
	{ "10.1.2.2", 0x0a01020200000000, 0, 5, 32 },
	{ "10.1.2.1", 0x0a01020100000000, 0, 3, 16 },
	{ "192.0.2.1", 0xc000020100000000, 0, 6, 1 },
	{ "fd00::", 0xfd00000000000000, 0, 8, 65 },
	{ "fd00::1", 0xfd00000000000000, 1, 10, 128 },
	{ "fd00::2", 0xfd00000000000000, 2, 8, 65 },
	{ "fd00::f000:0:0:1", 0xfd00000000000000, 0xf000000000000001, 9, 65 },
	{ "fd00:0:0:1::", 0xfd00000000000001, 0, 6, 1 },
	{ "ff...", ~0ULL, ~0ULL, 11, 128 },
	{ "ff...fe", ~0ULL, ~1ULL, 6, 1 },
};

/* Bits that do not count are 0. */
static void prefix_made(void)
{
	struct ftcp_prefix p, want;
	u32 len;

	for (len = 0; len <= 128; len++) {
		p = ftcp_prefix_make(~0ULL, ~0ULL, (u8)len);
		want = model_prefix(~0ULL, ~0ULL, (u8)len);
		CHECK(p.high == want.high && p.low == want.low && p.len == len);
	}
}

/* Forwards, backwards, and from the middle: the order does not matter. */
static void longest_prefix(void)
{
	u32 order, i, count = KTAP_COUNT(given);
	struct model m = { };

	for (order = 0; order < 3; order++) {
		for (i = 0; i < count; i++) {
			u32 at = order == 0 ? i : order == 1 ? count - 1 - i :
						  (i * 5 + 3) % count;
			struct ftcp_prefix p = model_prefix(given[at].high,
							    given[at].low,
							    given[at].len);

			ktap_row = given[at].name;
			CHECK_SOUND(model_give(&m, &p, &owners[given[at].owner]));
			CHECK_SOUND(model_sound(&m));
		}
		CHECK_EQ(m.n, count);
		for (i = 0; i < KTAP_COUNT(looked_up); i++) {
			u8 len = 255;
			void *owner = ftcp_trie_find(&m.trie, looked_up[i].high,
						     looked_up[i].low, &len);

			ktap_row = looked_up[i].name;
			CHECK(owner == &owners[looked_up[i].owner]);
			CHECK_EQ(len, looked_up[i].len);
		}
		model_clear(&m);
		CHECK(!m.trie.root);
	}
}

static void nothing_found(void)
{
	struct ftcp_prefix p = model_prefix(0x0a00000000000000, 0, 8);
	struct model m = { };
	u8 len = 7;

	CHECK(!ftcp_trie_find(&m.trie, 0, 0, &len));
	CHECK_SOUND(model_give(&m, &p, &owners[1]));
	CHECK(!ftcp_trie_find(&m.trie, 0x0b00000000000000, 0, &len));
	CHECK_EQ(len, 7);
	model_clear(&m);
}

/* A node without owner changes nothing, nor does one more for the same range. */
static void added_is_not_given(void)
{
	struct ftcp_prefix wide = model_prefix(0x0a00000000000000, 0, 8);
	struct ftcp_prefix narrow = model_prefix(0x0a01000000000000, 0, 16);
	struct ftcp_trie_node nodes[3], *spare[2] = { &nodes[0], &nodes[1] };
	struct ftcp_trie_node *freed[2];
	struct model m = { };
	u8 len = 0;

	CHECK_SOUND(model_give(&m, &wide, &owners[1]));
	CHECK(ftcp_trie_add(&m.trie, &narrow, spare) == &nodes[0]);
	CHECK(!spare[0] && spare[1] == &nodes[1]);
	CHECK(ftcp_trie_find(&m.trie, narrow.high, 0, &len) == &owners[1]);
	CHECK_EQ(len, 8);
	spare[0] = &nodes[2];
	CHECK(ftcp_trie_add(&m.trie, &narrow, spare) == &nodes[0]);
	CHECK(spare[0] == &nodes[2] && spare[1] == &nodes[1]);
	ftcp_trie_remove(&m.trie, &nodes[0], freed);
	CHECK(freed[0] == &nodes[0] && !freed[1]);
	CHECK_SOUND(model_sound(&m));
	model_clear(&m);
}

/* ---- at random ---- */

/* Few different bits, so that ranges are the same, or within each other. */
static u64 some_bits(u32 kind)
{
	u64 mask = kind == 0 ? 0xf000000000000003 :
		   kind == 1 ? 0x00c0000000c00000 : ~0ULL;

	return random64() & mask;
}

static struct ftcp_prefix some_prefix(u32 kind, u32 bits)
{
	u8 len = (u8)(below(3) ? below(bits + 1) : bits - below(3));

	return model_prefix(some_bits(kind), bits > 64 ? some_bits(kind) : 0,
			    len);
}

static void at_random(u32 kind, u32 bits)
{
	struct model m = { };
	u32 i, j;

	for (i = 0; i < 4000; i++) {
		struct ftcp_prefix p = some_prefix(kind, bits);
		bool grow = i % 1000 < 600;

		if (!m.n || below(8) < (grow ? 6 : 2))
			CHECK_SOUND(model_give(&m, &p, &owners[1 + below(5)]));
		else
			model_take(&m, &m.ranges[below(m.n)]);
		CHECK_SOUND(model_sound(&m));
		for (j = 0; j < 4; j++)
			CHECK_SOUND(model_same(&m, some_bits(kind),
					       bits > 64 ? some_bits(kind) : 0));
		/* what was changed, and its ends */
		CHECK_SOUND(model_same(&m, p.high, p.low));
		CHECK_SOUND(model_same(&m, p.high | ~model_mask(p.len),
				       p.low));
	}
	model_clear(&m);
	CHECK(!m.trie.root);
	CHECK_EQ(m.nodes, 0);
}

static void random_ipv4(void)
{
	at_random(0, 32);
	at_random(1, 32);
	at_random(2, 32);
}

static void random_ipv6(void)
{
	at_random(0, 128);
	at_random(1, 128);
	at_random(2, 128);
}

/* ---- many ---- */

/* How many nodes a look-up passes at most. */
static u32 depth(const struct model *m)
{
	const struct ftcp_trie_node *node = m->trie.root, *up;
	u32 most = 0, n;

	for (; node; node = model_next(node)) {
		for (up = node, n = 0; up; up = up->parent)
			n++;
		if (most < n)
			most = n;
	}
	return most;
}

/* An owner for each of as many addresses: the way down grows with the length of
 * addresses at most, and each takes no more than two nodes.
 */
static void many_owners(void)
{
	struct ftcp_trie_node *pool = calloc(20000, sizeof(*pool)), *spare[2];
	struct ftcp_trie trie = { };
	u32 i, used = 0, scattered, dense;
	struct model seen = { };

	for (dense = 0; dense < 2 && pool; dense++) {
		trie.root = NULL;
		used = 0;
		for (i = 0; i < 10000; i++) {
			u64 addr = dense ? i : i * 2654435761u;
			struct ftcp_prefix p = model_prefix(addr << 32, 0, 32);

			spare[0] = &pool[used];
			spare[1] = &pool[used + 1];
			ftcp_trie_give(ftcp_trie_add(&trie, &p, spare),
				       &owners[1 + i]);
			if (!spare[1])
				used += 2;
			else
				used++;
		}
		CHECK_EQ(used, 2 * 10000 - 1);
		for (i = 0; i < 10000; i++) {
			u32 addr = dense ? i : i * 2654435761u;
			u8 len = 0;

			CHECK(ftcp_trie_find(&trie, (u64)addr << 32, 0, &len) ==
			      &owners[1 + i]);
		}
		seen.trie = trie;
		scattered = depth(&seen);
		printf("# 10000 owners, %s: a look-up passes %u nodes at most\n",
		       dense ? "one after the other" : "scattered", scattered);
		CHECK(scattered <= 24);
	}
	free(pool);
}

/* The worst there is: a range of each length, one within the other. */
static void deepest(void)
{
	struct model m = { };
	struct ftcp_prefix p;
	u32 len;

	for (len = 0; len <= 128; len++) {
		p = model_prefix(~0ULL, ~0ULL, (u8)len);
		CHECK_SOUND(model_give(&m, &p, &owners[1 + len]));
		/* and one that turns off at its end */
		p.high ^= len && len <= 64 ? 1ULL << (64 - len) : 0;
		p.low ^= len > 64 ? 1ULL << (128 - len) : 0;
		CHECK_SOUND(model_give(&m, &p, &owners[200 + len]));
	}
	CHECK_SOUND(model_sound(&m));
	CHECK_EQ(depth(&m), 129);
	for (len = 0; len <= 128; len++) {
		p = model_prefix(~0ULL, ~0ULL, (u8)len);
		CHECK_SOUND(model_same(&m, p.high, p.low));
	}
	model_clear(&m);
}

static const struct ktap_test tests[] = {
	{ "prefix_made", prefix_made },
	{ "longest_prefix", longest_prefix },
	{ "nothing_found", nothing_found },
	{ "added_is_not_given", added_is_not_given },
	{ "random_ipv4", random_ipv4 },
	{ "random_ipv6", random_ipv6 },
	{ "many_owners", many_owners },
	{ "deepest", deepest },
};

int main(void)
{
	return ktap_main(tests, KTAP_COUNT(tests));
}
