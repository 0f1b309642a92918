// SPDX-License-Identifier: GPL-2.0
/* SYN cookies: the slot that is found again, and for how long. */
#include "cookie.h"
#include "ktap.h"

static const u32 slots[] = {
	0, 1, 2, 3, 4, 5, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
};

static const u32 hashes[] = { 0, 7, 8, 0x12345678, 0xfffffff8, 0xffffffff };

/* Found in its slot and in the next, and with the number it was made with. */
static void slot_found(void)
{
	u32 i, j, w;

	for (i = 0; i < KTAP_COUNT(slots); i++) {
		for (j = 0; j < KTAP_COUNT(hashes); j++) {
			for (w = 0; w < 2; w++) {
				u32 c = ftcp_cookie_make(hashes[j], slots[i], (u8)w);
				u32 slot;

				CHECK_EQ(c & 1, w);
				CHECK_EQ(c & ~7u, (w ? ~hashes[j] :
						       hashes[j]) & ~7u);
				CHECK(ftcp_cookie_find_slot(c, slots[i], &slot));
				CHECK_EQ(slot, slots[i]);
				CHECK(ftcp_cookie_find_slot(c, slots[i] + 1, &slot));
				CHECK_EQ(slot, slots[i]);
				CHECK(!ftcp_cookie_find_slot(c, slots[i] + 2, &slot));
				CHECK(!ftcp_cookie_find_slot(c, slots[i] + 3, &slot));
			}
		}
	}
}

/* After four slots the two bits are the same again: the hash has to tell, and
 * is therefore asked for the present slot, not for the one it was made in.
 */
static void slot_comes_again(void)
{
	u32 c = ftcp_cookie_make(0x1000, 5, 1), slot;

	CHECK(ftcp_cookie_find_slot(c, 9, &slot));
	CHECK_EQ(slot, 9);
	CHECK(ftcp_cookie_find_slot(c, 10, &slot));
	CHECK_EQ(slot, 9);
}

/* An acknowledgement of our SYN and one byte, or FIN, is no cookie + 1. */
static void successor_is_none(void)
{
	u32 i, j, w;

	for (i = 0; i < KTAP_COUNT(slots); i++) {
		for (j = 0; j < KTAP_COUNT(hashes); j++) {
			for (w = 0; w < 2; w++) {
				u32 c = ftcp_cookie_make(hashes[j], slots[i],
							 (u8)w) + 1;
				u32 slot;

				if (!ftcp_cookie_find_slot(c, slots[i], &slot) ||
				    slot != slots[i])
					continue;
				CHECK(c != ftcp_cookie_make(hashes[j], slot,
							    c & 1));
			}
		}
	}
}

static void flag_counts_as_one(void)
{
	CHECK_EQ(ftcp_cookie_make(0, 0, 200), ftcp_cookie_make(0, 0, 1));
}

/* A cookie lives at least one slot's length, and less than two. */
static void lifetime(void)
{
	static const u64 made[] = {
		0, 1, FTCP_COOKIE_SLOT - 1, FTCP_COOKIE_SLOT,
		3ull * FTCP_COOKIE_SLOT + 17, ~0u * (u64)FTCP_COOKIE_SLOT,
		(u64)FTCP_COOKIE_SLOT << 32,
	};
	u32 i, slot;

	for (i = 0; i < KTAP_COUNT(made); i++) {
		u32 c = ftcp_cookie_make(0, ftcp_cookie_slot(made[i]), 0);

		CHECK(ftcp_cookie_find_slot(c, ftcp_cookie_slot(made[i]), &slot));
		CHECK(ftcp_cookie_find_slot(c, ftcp_cookie_slot(made[i] +
					    FTCP_COOKIE_SLOT), &slot));
		CHECK_EQ(slot, ftcp_cookie_slot(made[i]));
		CHECK(!ftcp_cookie_find_slot(c, ftcp_cookie_slot(made[i] +
					     2 * FTCP_COOKIE_SLOT), &slot));
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "slot_found", slot_found },
		{ "slot_comes_again", slot_comes_again },
		{ "successor_is_none", successor_is_none },
		{ "flag_counts_as_one", flag_counts_as_one },
		{ "lifetime", lifetime },
	};

	return ktap_main(tests, KTAP_COUNT(tests));
}
