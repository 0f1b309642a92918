/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_ARGS_H
#define FTCPCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct word - A word that a verb understands.
 * @name: The word.
 * @value: Where its argument goes; NULL for a word that takes none.
 * @flag: Set when a word without argument was given.
 * @required: Whether it must be there.
 */
struct word {
	const char *name;
	const char **value;
	bool *flag;
	bool required;
};

#define VALUE(n, p)                       \
	{                                 \
		.name = (n), .value = (p) \
	}
#define NEEDED(n, p)                                        \
	{                                                   \
		.name = (n), .value = (p), .required = true \
	}
#define FLAG(n, p)                       \
	{                                \
		.name = (n), .flag = (p) \
	}

int parse_words(int argc, char **argv, const struct word *words, size_t n);
int parse_name(const char *what, int argc, char **argv,
	       const struct word *words, size_t n, const char **name);
int check_name(const char *word, const char *text);
int parse_u32(const char *word, const char *text, uint32_t *out);
int parse_port(const char *word, const char *text, const char *whole,
	       unsigned int *out);
int parse_link(const char *text, unsigned int *ifindex);

#endif /* FTCPCTL_ARGS_H */
