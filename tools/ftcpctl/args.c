// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line and the plain values they take.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <linux/faketcp.h>

#include "../common/scan.h"
#include "attr.h"
#include "ftcpctl.h"

#define UNKNOWN_WORD "\"%s\": unknown word (see ftcpctl %s%s%s --help)"
#define BAD_NAME "%s: names are printable ASCII without blanks and slashes"

static const struct word *find_word(const struct word *words, size_t n,
				    const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

static int parse_words(const struct verb *v, int argc, char **argv,
		       const struct word *words, size_t n, struct args *a)
{
	const struct word *w;
	size_t i;

	for (; argc; argc--, argv++) {
		w = find_word(words, n, *argv);
		if (!w)
			return misused(UNKNOWN_WORD, *argv, v->verb,
				       v->object ? " " : "", v->object ?: "");
		if (a->given[w->id])
			return misused("%s: given twice", w->name);
		if (w->kind != FLAG && argc < 2)
			return misused("%s: its argument is missing", w->name);
		if (w->kind != FLAG) {
			argc--;
			argv++;
		}
		a->given[w->id] = *argv;
	}
	for (i = 0; i < n; i++)
		if (words[i].kind == NEEDED && !a->given[words[i].id])
			return misused("%s is missing", words[i].name);
	return DONE;
}

/* Can it be a name of what has one, if it was given? */
static int check_name(int type, const struct args *a)
{
	const char *word = attr_word(type), *text = a->given[type], *c;

	if (!text)
		return DONE;
	if (!*text)
		return misused("%s: the name is empty", word);
	if (strlen(text) > FAKETCP_NAME_MAX)
		return wrong(word, text, "longer than %d bytes",
			     FAKETCP_NAME_MAX);
	for (c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '/')
			return misused(BAD_NAME, word);
	return DONE;
}

/* Are these words, each with its argument, and nothing else? */
static bool are_words(int argc, char **argv, const struct word *words, size_t n)
{
	const struct word *w;

	for (; argc; argc--, argv++) {
		w = find_word(words, n, *argv);
		if (!w || (w->kind != FLAG && argc < 2))
			return false;
		if (w->kind != FLAG) {
			argc--;
			argv++;
		}
	}
	return true;
}

static bool comes_again(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], argv[0]))
			return true;
	return false;
}

/* Is it no name but the first of the words?  A name may be one of them. */
static bool is_word(int argc, char **argv, const struct word *words, size_t n)
{
	const struct word *w = find_word(words, n, argv[0]);

	if (!w)
		return false;
	if (w->kind == NEEDED && !comes_again(argc, argv))
		return true;
	return are_words(argc, argv, words, n) &&
	       !are_words(argc - 1, argv + 1, words, n);
}

/** verb_words() - all words that a verb understands; how many */
size_t verb_words(const struct verb *v, struct word *words)
{
	size_t n;

	for (n = 0; v->words[n].name; n++)
		words[n] = v->words[n];
	return v->options ? n + option_words(words + n) : n;
}

/**
 * parse_args() - sort the words of a command line
 * @v: what they belong to
 * @argc: how many follow its own words
 * @argv: these
 * @a: receives them; what is left out is NULL
 *
 * Return: DONE, or USAGE after a message.
 */
int parse_args(const struct verb *v, int argc, char **argv, struct args *a)
{
	struct word words[WORDS];
	size_t n;
	int code = v->sift ? v->sift(&argc, argv, a) : DONE;

	if (code)
		return code;
	n = verb_words(v, words);
	if (v->name) {
		if (!argc || is_word(argc, argv, words, n))
			return misused("the name of the %s is missing",
				       attr_word(v->name));
		a->given[v->name] = *argv++;
		argc--;
	}
	code = parse_words(v, argc, argv, words, n, a);
	code = code ?: check_name(FTCP_A_TUNNEL, a);
	return code ?: check_name(FTCP_A_PEER, a);
}

/** parse_u32() - a decimal number, given for @word */
int parse_u32(const char *word, const char *text, uint32_t *out)
{
	if (text && !scan_u32(text, out))
		return wrong(word, text, "expected a number");
	return DONE;
}

/** parse_port() - a port, given for @word; in host byte order */
int parse_port(const char *word, const char *text, unsigned int *out)
{
	if (text && !scan_port(text, out))
		return wrong(word, text, "the port is 1 to 65535");
	return DONE;
}

/** parse_link() - find a link by name */
int parse_link(const char *text, unsigned int *ifindex)
{
	*ifindex = if_nametoindex(text);
	if (!*ifindex)
		return refused("no link named \"%s\"", text);
	return DONE;
}
