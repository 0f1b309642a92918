// SPDX-License-Identifier: GPL-2.0
/*
 * Any text as a table of hosts: what is taken has names, endpoints and ranges that are
 * words of a command line, each once.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ftcphosts.h"

int fail(const char *fmt, ...)
{
	return REFUSED;
}

static bool is_word(const char *s)
{
	if (!isalnum((unsigned char)*s) && *s != '[' && *s != ':')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("[]._:-,/", *s))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct buffer text = { .max = TABLE_MAX };
	struct table table;
	size_t i;

	if (size && buffer_add(&text, data, size) &&
	    !table_parse(&text, "fuzz", &table)) {
		MUST(table.n);
		for (i = 0; i < table.n; i++) {
			const struct peer *p = &table.peers[i];

			MUST(is_word(p->name) && strlen(p->name) < 32);
			MUST(!strchr(p->name, '/') && *p->name != '[');
			MUST(is_word(p->endpoint) && !strchr(p->endpoint, ','));
			MUST(is_word(p->allowed) && strchr(p->allowed, '/'));
			MUST(table_find(&table, p->name) == p);
		}
		table_free(&table);
	}
	if (size && !table_parse_shown(&text, &table))
		table_free(&table);
	free(text.data);
	return 0;
}
