/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_H
#define FTCPCTL_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/faketcp.h>

#include "../common/address.h"
#include "../common/scan.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * enum exit_code - What ftcpctl tells its caller.
 * @DONE: Done.
 * @REFUSED: The kernel, the resolver or the state of things said no.
 * @USAGE: The command line makes no sense; nothing was tried.
 */
enum exit_code {
	DONE = 0,
	REFUSED = 1,
	USAGE = 2,
};

/* Words that are no attributes, whose numbers come before these */
enum {
	WORD_SPORT = FTCP_A_MAX + 1,
	WORD_DPORT,
	WORD_TABLE,
	WORD_PREF,
	WORD_LOCAL_ONLY,
	WORD_ALL,
	WORD_DRY_RUN,
	WORD_JSON,
	WORD_OPENMETRICS,
	WORD_OBJECT,
	WORD_COUNT,
	WORD_DELAY,
	WORDS,
};

/**
 * struct word - A word that a verb understands.
 * @name: The word.
 * @id: The attribute that it is about, or one of the above.
 * @kind: Whether an argument follows, and whether it must be there.  LINK: the link,
 *	which is the only one if it is not.
 */
struct word {
	const char *name;
	int id;
	enum { VALUE, NEEDED, LINK, FLAG } kind;
};

/**
 * struct verb - One command.
 * @verb: First word.
 * @object: Second word, or NULL for a verb that needs none.
 * @synopsis: What follows the words, a line for each form, each ended by '\n'.
 * @help: The text of --help below the synopsis.
 * @name: The attribute whose value comes first, without a word, if there is one.
 * @words: What may follow; the last one has no name.
 * @options: Whether the options of tunnels may, too.
 * @of: What it is about, say, OF_TUNNEL.
 * @cmd: The request to the kernel that it is.
 * @sift: Makes words of what is unlike them; may be NULL.
 * @check: Whether the words go together; may be NULL.
 * @run: Does it, if it is no mere request.
 *
 * The functions return DONE, or an exit code after a message.  What they are given
 * are the arguments of words, by their numbers, or the word if it takes none.
 */
struct verb {
	const char *verb;
	const char *object;
	const char *synopsis;
	const char *help;
	int name;
	const struct word *words;
	bool options;
	unsigned int of;
	int cmd;
	int (*sift)(int argc, char **argv);
	int (*check)(const char **given);
	int (*run)(const char *const *given);
};

extern const struct verb add_tunnel, set_tunnel, del_tunnel;
extern const struct verb set_peer, del_peer;
extern const struct verb del_flow;
extern const struct verb add_rules, del_rules;
extern const struct verb show, top, monitor, resolve_names;
extern const struct verb apply, save, example, del_link, doctor;

/* All of them, and NULL */
extern const struct verb *const verbs[];

/* FILE:LINE of a batch, for messages; empty otherwise */
#define WHERE_SIZE 4200 /* a path and a number */
extern char batch_line[WHERE_SIZE];

/* What begins with parse_ returns DONE, or an exit code after a message */
const struct word *find_word(const struct word *words, const char *name);
void verb_words(const struct verb *v, struct word *words);
int parse_args(const struct verb *v, int argc, char **argv, const char **given);
int parse_port(const char *word, const char *text, unsigned int *out);
int parse_link(const char *text, unsigned int *ifindex);
int link_default(bool make, const char **name);

int batch_run(const char *word, const char *path, bool force,
	      int (*command)(int, char **));
void lock_changes(void);
void complete(int argc, char **argv);
int netns_enter(const char *name);
int request(const struct verb *v, const char *const *given);
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define refused(...) fail(REFUSED, __VA_ARGS__)
#define misused(...) fail(USAGE, __VA_ARGS__)
int wrong(const char *word, const char *text, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *grow(void *array, size_t n, size_t *room, size_t size);

/* What -4 or -6 asked for; AF_UNSPEC when neither was given */
extern int address_family;

bool address_family_option(const char *word);
int parse_host_port(const char *word, const char *text, bool names,
		    const char *expected, union address *out);
int parse_addr(const char *word, const char *text, union address *out);
bool is_named(const char *text, struct host_port *hp);
bool stands_for(const char *host, const union address *address);
int resolve_again(const char *text, const union address *present,
		  union address *out);

/* Ways to print: for people, and JSON */

#define TABLE_COLUMNS 10
#define SHORT_STRLEN 48

/**
 * struct table - Text in aligned columns.
 * @columns: How many, TABLE_COLUMNS at most.
 * @cells: All of them, row by row; the first row is the heading.
 * @n: How many cells.
 * @room: How many fit.
 */
struct table {
	size_t columns;
	char **cells;
	size_t n;
	size_t room;
};

void table_cell(struct table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void table_print(struct table *t);

void print_quoted(const char *word);
size_t utf8_length(const char *s);
const char *format_bytes(char *buf, uint64_t bytes);
const char *format_time(char *buf, uint64_t ms);

void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, uint64_t value);

#endif /* FTCPCTL_H */
