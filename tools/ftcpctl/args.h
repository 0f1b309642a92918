/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of the command line.  All that begins with parse_ returns DONE, or an exit
 * code after a message.
 */
#ifndef FTCPCTL_ARGS_H
#define FTCPCTL_ARGS_H

#include <linux/faketcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verb;

/* Words that are no attributes, whose numbers come before these */
enum {
	WORD_ROUTED = FTCP_A_MAX + 1,
	WORD_SPORT,
	WORD_DPORT,
	WORD_TABLE,
	WORD_PREF,
	WORD_LOCAL_ONLY,
	WORD_DRY_RUN,
	WORD_JSON,
	WORD_OBJECT,
	WORDS,
};

/**
 * struct word - A word that a verb understands.
 * @name: The word.
 * @id: The attribute that it is about, or one of the above.
 * @kind: Whether an argument follows, and whether it must be there.
 */
struct word {
	const char *name;
	int id;
	enum { VALUE, NEEDED, FLAG } kind;
};

/**
 * struct args - What was given.
 * @name: The name in front.
 * @given: Arguments of words, or the word if it takes none; NULL without it.
 */
struct args {
	const char *name;
	const char *given[WORDS];
};

size_t verb_words(const struct verb *v, struct word *words);
int parse_args(const struct verb *v, int argc, char **argv, struct args *a);
int parse_u32(const char *word, const char *text, uint32_t *out);
int parse_port(const char *word, const char *text, unsigned int *out);
int parse_link(const char *text, unsigned int *ifindex);

#endif /* FTCPCTL_ARGS_H */
