/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test programs of the core: checks, and results as KTAP.
 *
 * A program is a table of named functions.  A check that fails is told with
 * its place and makes the function it stands in fail; the function goes on, so
 * that one run shows every row of a table that is wrong.
 */
#ifndef FTCP_KTAP_H
#define FTCP_KTAP_H

#include <stdio.h>

struct ktap_test {
	const char *name;
	void (*run)(void);
};

/* What the present row of a table is called; printed when a check fails. */
static const char *ktap_row = "";
static int ktap_failures;

/* Enough to see what is wrong; a table may have a thousand rows. */
#define KTAP_SHOWN	12

#define CHECK(cond)							\
	do {								\
		if (!(cond) && ++ktap_failures <= KTAP_SHOWN)		\
			printf("# %s:%d: %s: %s\n", __FILE__, __LINE__,	\
			       ktap_row, #cond);			\
	} while (0)

#define CHECK_EQ(got, want)						\
	do {								\
		long long ktap_got = (got), ktap_want = (want);		\
									\
		if (ktap_got != ktap_want &&				\
		    ++ktap_failures <= KTAP_SHOWN)			\
			printf("# %s:%d: %s: %s is %lld (0x%llx), "	\
			       "not %lld (0x%llx)\n", __FILE__,		\
			       __LINE__, ktap_row, #got, ktap_got,	\
			       ktap_got, ktap_want, ktap_want);		\
	} while (0)

#define KTAP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline int ktap_main(const struct ktap_test *tests, unsigned int count)
{
	unsigned int i, failed = 0;

	/* what was printed before a sanitizer's abort is not to be lost */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%u\n", count);
	for (i = 0; i < count; i++) {
		ktap_failures = 0;
		ktap_row = tests[i].name;
		tests[i].run();
		printf("%s %u %s\n", ktap_failures ? "not ok" : "ok", i + 1,
		       tests[i].name);
		failed += !!ktap_failures;
	}
	printf("# Totals: pass:%u fail:%u skip:0\n", count - failed, failed);
	return !!failed;
}

#endif /* FTCP_KTAP_H */
