/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPHOSTS_H
#define FTCPHOSTS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes, those of ftcpctl */
enum {
	DONE,
	REFUSED,
	USAGE,
};

/* What is larger is no table */
#define TABLE_MAX (4 << 20)

/**
 * struct peer - A far end of a tunnel.
 * @name: Its name.
 * @endpoint: HOST:PORT, addresses in their usual form; "none" if it dials in.
 * @allowed: ADDR/PREFIX,... in order, without bits behind the prefix.
 * @persistent: Is it dialled without being asked?
 * @own: Is it this host?
 */
struct peer {
	char *name;
	char *endpoint;
	char *allowed;
	bool persistent;
	bool own;
};

/** struct table - Peers, by name, each once. */
struct table {
	struct peer *peers;
	size_t n;
};

/**
 * struct tunnel - What is kept equal to a table.
 * @name: Its name.
 * @link: That of its link.
 * @dry_run: Only print the commands.
 * @patience: Seconds that ftcpctl may take; 0: as long as it likes.
 */
struct tunnel {
	const char *name;
	const char *link;
	bool dry_run;
	unsigned int patience;
};

/**
 * struct source - Where the table comes from.
 * @name: A file, or a URL.
 * @shown: The same for messages: without USER:PASSWORD@.
 * @is_url: Which of the two.
 * @ca_file: The certificates to be trusted, and no others; NULL for the system's.
 * @timeout: Seconds that an answer may take.
 * @etag: What the server calls what it sent last; NULL if it calls it nothing.
 * @retry_after: Seconds that the server wants to be left alone for; 0 mostly.
 */
struct source {
	const char *name;
	char *shown;
	bool is_url;
	const char *ca_file;
	unsigned int timeout;
	char *etag;
	unsigned int retry_after;
};

/**
 * struct buffer - Bytes, with a zero behind them.
 * @data: The bytes.
 * @len: How many.
 * @room: How many fit.
 * @max: More than that are refused.
 * @full: Whether that was so.
 */
struct buffer {
	char *data;
	size_t len;
	size_t room;
	size_t max;
	bool full;
};

/* main.c */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* buffer.c */
void *must(void *pointer);
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool buffer_add(struct buffer *b, const void *data, size_t len);
bool buffer_read(struct buffer *b, int fd);

/* fetch.c */
int fetch(struct source *s, struct buffer *answer, bool *changed);

/* table.c */
int table_parse(const struct buffer *text, const char *from, struct table *out);
int table_parse_shown(const struct buffer *text, struct table *out);
const struct peer *table_find(const struct table *t, const char *name);
void table_free(struct table *t);

/* own.c */
int own_find(struct table *t);
bool own_is_name(const char *endpoint);
int own_look_up(const char *endpoint, bool *own);

/* apply.c */
int apply(const struct tunnel *t, struct table *wanted);

#endif /* FTCPHOSTS_H */
