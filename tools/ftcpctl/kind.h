/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of attributes; see attr.h.
 */
#ifndef FTCPCTL_KIND_H
#define FTCPCTL_KIND_H

#include "attr.h"
#include "names.h"

struct attr;

/**
 * struct kind - What attributes of one kind have in common.
 * @expected: What their text has to be, for messages.
 * @off: Whether 0 means, and is called, "off".
 * @quoted: Whether JSON has what @format returns, rather than a number.
 * @scan: Read a number.
 * @put: Instead of @scan: put all that the text says into the message.
 * @format: Into words; NULL if a mere number does.
 * @json: Instead of all that: write the JSON member.
 */
struct kind {
	const char *expected;
	bool off;
	bool quoted;
	bool (*scan)(const char *text, uint64_t *out);
	int (*put)(struct nl_msg *msg, const struct attr *a, const char *text);
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
 * @of: Of what, for JSON.
 * @kind: See there.
 * @names: Those of its values.
 * @arg: Of an option of tunnels: what may follow @word.
 * @help: What that means, and the default.
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
	const struct names *names;
	const char *arg;
	const char *help;
	const char *text;
	uint64_t quiet;
};

#define QUIET(value) ((uint64_t)(value) + 1)

extern const struct kind kind_number, kind_amount, kind_seconds,
	kind_seconds_or_off, kind_us_or_off, kind_bytes_or_off,
	kind_mark_or_off, kind_keepalive, kind_text, kind_name, kind_port,
	kind_host, kind_addr_port, kind_host_port, kind_endpoint, kind_counters,
	kind_ranges;

#endif /* FTCPCTL_KIND_H */
