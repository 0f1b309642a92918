// SPDX-License-Identifier: GPL-2.0
/*
 * -batch FILE: commands from a file, one a line; and files of apply
 */
#include <ctype.h>
#include <errno.h>

#include "ftcpctl.h"

char batch_line[WHERE_SIZE];

/**
 * struct batch - A file of commands.
 * @file: The file.
 * @line: What was read last, continued lines and all.
 * @size: Room in @line.
 * @sound: Whether it is text: no byte of it is 0.
 * @number: Of that line.
 * @words: Those in it.
 * @room: How many fit.
 */
struct batch {
	FILE *file;
	char *line;
	size_t size;
	bool sound;
	unsigned long number;
	char **words;
	size_t room;
};

/* A line, and the next one if it ends in a backslash; false at the end */
static bool read_line(struct batch *b)
{
	size_t n = 0;
	int c;

	b->number++;
	for (;;) {
		c = getc(b->file);
		b->line = grow(b->line, n, &b->size, 1);
		if (c == '\n' && n && b->line[n - 1] == '\\') {
			b->number++;
			n--;
			continue;
		}
		if (c == '\n' || c == EOF)
			break;
		b->line[n++] = c;
	}
	b->line[n] = '\0';
	b->sound = strlen(b->line) == n;
	return n || c != EOF;
}

/* Take the line apart, in place; the number of words, or -1 */
static int split(struct batch *b)
{
	char *in = b->line, *out, quote;
	int n = 0;

	for (;;) {
		in += strspn(in, " \t\r\n");
		if (!*in || *in == '#')
			return n;
		b->words = grow(b->words, n, &b->room, sizeof(*b->words));
		b->words[n++] = out = in;
		for (quote = 0; *in && (quote || !isspace((unsigned char)*in));
		     in++) {
			if (quote ? *in == quote : *in == '"' || *in == '\'')
				quote = quote ? 0 : *in;
			else
				*out++ = *in;
		}
		if (quote)
			return -1;
		if (*in)
			in++;
		*out = '\0';
	}
}

/**
 * batch_run() - run each @command of a file, "-": of standard input; with @force,
 * go on after one that fails.  DONE, or the exit code of the first that failed.
 * @word is what the file was given for, for messages.
 */
int batch_run(const char *word, const char *path, bool force,
	      int (*command)(int, char **))
{
	struct batch b = {};
	int family = address_family, code = DONE, err, n;

	b.file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	if (!b.file)
		return refused("%s: \"%s\": %s", word, path, strerror(errno));
	while ((force || !code) && read_line(&b)) {
		snprintf(batch_line, WHERE_SIZE, "%s:%lu: ", path, b.number);
		address_family = family;
		n = split(&b);
		err = !b.sound ? misused("a byte is 0: not a text file") :
		      n < 0    ? misused("a quote is not closed") :
		      n	       ? command(n, b.words) :
				 DONE;
		code = code ?: err;
	}
	batch_line[0] = '\0';
	if (ferror(b.file) && !code)
		code = refused("%s: \"%s\": cannot be read", word, path);
	if (b.file != stdin)
		fclose(b.file);
	free(b.line);
	free(b.words);
	return code;
}
