// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line and the plain values they take.
 */
#include <net/if.h>

#include "attr.h"

#define UNKNOWN_WORD "\"%s\": unknown word (see ftcpctl %s%s%s --help)"
#define BAD_NAME "%s: names are printable ASCII without blanks and slashes"

/** find_word() - the word of this name, or NULL */
const struct word *find_word(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name))
			return words;
	return NULL;
}

static int parse_words(const struct verb *v, int argc, char **argv,
		       const struct word *words, const char **given)
{
	const struct word *w;

	for (; argc; argc--, argv++) {
		w = find_word(words, *argv);
		if (!w)
			return misused(UNKNOWN_WORD, *argv, v->verb,
				       v->object ? " " : "", v->object ?: "");
		if (given[w->id] && w->kind == FLAG &&
		    strcmp(given[w->id], w->name))
			return misused("%s: cannot be combined with %s",
				       w->name, given[w->id]);
		if (given[w->id])
			return misused("%s: given twice", w->name);
		if (w->kind != FLAG && argc < 2)
			return misused("%s: its argument is missing", w->name);
		if (w->kind != FLAG) {
			argc--;
			argv++;
		}
		given[w->id] = *argv;
	}
	for (w = words; w->name; w++)
		if (w->kind == NEEDED && !given[w->id])
			return misused("%s is missing", w->name);
	return DONE;
}

/* Can it be a name of what has one, if it was given? */
static int check_name(int type, const char *const *given)
{
	const char *word = attr_word(type), *text = given[type], *c;

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
static bool are_words(int argc, char **argv, const struct word *words)
{
	const struct word *w;

	for (; argc; argc--, argv++) {
		w = find_word(words, *argv);
		if (!w || (w->kind != FLAG && argc < 2))
			return false;
		if (w->kind != FLAG) {
			argc--;
			argv++;
		}
	}
	return true;
}

/* Is it no name but the first of the words?  A name may be one of them. */
static bool is_word(int argc, char **argv, const struct word *words)
{
	return are_words(argc, argv, words) &&
	       !are_words(argc - 1, argv + 1, words);
}

/** verb_words() - put all words that a verb understands into an array of WORDS */
void verb_words(const struct verb *v, struct word *words)
{
	const struct word *w;

	for (w = v->words; w->name; w++)
		*words++ = *w;
	if (v->options)
		words = option_words(words);
	*words = (struct word){};
}

/** parse_args() - sort what follows the verb's own words; what is left out is NULL */
int parse_args(const struct verb *v, int argc, char **argv, const char **given)
{
	struct word words[WORDS];
	int code = v->sift ? v->sift(argc, argv) : DONE;

	if (code)
		return code;
	verb_words(v, words);
	if (v->name) {
		if (!argc || is_word(argc, argv, words))
			return misused("the name of the %s is missing",
				       attr_word(v->name));
		given[v->name] = *argv++;
		argc--;
	}
	code = parse_words(v, argc, argv, words, given);
	code = code ?: check_name(FTCP_A_TUNNEL, given);
	return code ?: check_name(FTCP_A_PEER, given);
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
