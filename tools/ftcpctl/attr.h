/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes of the netlink family, and what each is on the command line, in
 * the help, in JSON and for people.  All of that is one table in attr.c; an option
 * of tunnels is one more entry in it.
 */
#ifndef FTCPCTL_ATTR_H
#define FTCPCTL_ATTR_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "ftcpctl.h"

struct attr;

/* Objects, as bits */
#define OF_TUNNEL 1
#define OF_PEER 2
#define OF_FLOW 4

/* Room for a value in words; the text of a string stays where it is */
#define VALUE_STRLEN ADDRESS_STRLEN

/**
 * struct object - A tunnel, a peer or a flow, as the kernel reports it.
 * @msg: The message.
 * @of: Which of the three.
 * @event: What has happened to it, as in the specification, without "-ntf"; or NULL.
 * @tb: Its attributes by type; of those that may be repeated, one.
 */
struct object {
	struct nlmsghdr *msg;
	unsigned int of;
	const char *event;
	struct nlattr *tb[FTCP_A_MAX + 1];
};

bool object_parse(struct object *o, struct nlmsghdr *msg);
uint64_t object_number(const struct object *o, int type);
const char *object_text(const struct object *o, int type);
void object_address(const struct object *o, int type, union address *out);
uint64_t object_counter(const struct object *o, int nest, int type);
const char *object_ranges(const struct object *o, int type);
bool same_value(const struct object *a, const struct object *b, int type);
bool same_tunnel(const struct object *a, const struct object *b);
bool same_peer(const struct object *a, const struct object *b);
const char *object_format(const struct object *o, int type, char *buf);
void print_value(const struct object *o, const char *fmt, int type);
void object_json(const struct object *o);
char *object_word(const struct object *o, int type);
const char *attr_initial(int type);
void print_option_values(const struct object *o);
void print_counters(const struct object *o, int type, const char *title);

const char *attr_word(int type);
const char *const *attr_names(unsigned int of, int type, size_t *n);
struct nla_policy *attr_policy(void);
int put_given(struct nl_msg *msg, unsigned int of, const char *const *given);
void put_address(struct nl_msg *msg, int type, const union address *a);

struct word *option_words(struct word *words);
void print_values(unsigned int of, int type);
void print_option_help(FILE *f);

/* What the table in attr.c is made of (kind.c) */

/**
 * struct kind - What attributes of one kind have in common.
 * @expected: What their text has to be, for messages.
 * @off: Whether 0 means, and is called, "off".
 * @quoted: Whether JSON has what @format returns, rather than a number.
 * @always: Whether JSON has it even if the attribute is not there.
 * @named: Whether the text may be the name of a host.
 * @scan: Read a number.
 * @put: Instead of @scan: put all that the text says into the message.
 * @number: A number into words, NULL if it needs none.
 * @format: Anything into words.
 * @json: Instead of all that: write the JSON member.
 */
struct kind {
	const char *expected;
	bool off;
	bool quoted;
	bool always;
	bool named;
	bool (*scan)(const char *text, uint64_t *out);
	int (*put)(struct nl_msg *msg, const struct attr *a, const char *text);
	const char *(*number)(char *buf, uint64_t value);
	const char *(*format)(const struct attr *a, const struct object *o,
			      char *buf);
	void (*json)(const struct attr *a, const struct object *o);
};

/**
 * struct attr - An attribute.
 * @type: Its number.
 * @nla: Type of its value.
 * @word: The word of the command line that it comes from.
 * @key: Its name in JSON, if not @word.
 * @of: Of what.
 * @kind: See there.
 * @names: Those of its values, or of the counters in it.
 * @n_names: How many.
 * @expected: Those that may be given, for messages.
 * @arg: What may follow @word.
 * @help: Of an option of tunnels: what that means, and the default.
 * @initial: Of an option of tunnels: what it is by default.
 * @text: How its value is shown to people, if at all, as printf() wants it.
 * @quiet: The value, plus one, with which it is not shown.
 */
struct attr {
	int type;
	uint16_t nla;
	const char *word;
	const char *key;
	unsigned int of;
	const struct kind *kind;
	const char *const *names;
	size_t n_names;
	const char *expected;
	const char *arg;
	const char *initial;
	const char *help;
	const char *text;
	uint64_t quiet;
};

#define NAMES(array) .names = (array), .n_names = ARRAY_SIZE(array)
#define QUIET(value) ((uint64_t)(value) + 1)

extern const struct kind kind_number, kind_amount, kind_seconds,
	kind_seconds_or_off, kind_us_or_off, kind_bytes_or_off,
	kind_mark_or_off, kind_keepalive, kind_text, kind_name, kind_port,
	kind_host, kind_addr_port, kind_host_port, kind_remote, kind_endpoint,
	kind_counters, kind_allowed, kind_from, kind_ms, kind_number_if_any,
	kind_link;

#endif /* FTCPCTL_ATTR_H */
