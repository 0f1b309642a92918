// SPDX-License-Identifier: GPL-2.0
/* What is written as JSON: values, and their commas. */
#include "json.h"

static void put_string(FILE *out, const char *s)
{
	putc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f) /* as if it were Latin-1 */
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void put_key(struct json *j, const char *key)
{
	if (j->comma)
		putc(',', j->out);
	j->comma = true;
	if (!key)
		return;
	put_string(j->out, key);
	putc(':', j->out);
}

/** json_open() - begin an object or an array with '{' or '['; @key is NULL in an array */
void json_open(struct json *j, const char *key, char bracket)
{
	put_key(j, key);
	putc(bracket, j->out);
	j->comma = false;
}

/** json_close() - end it with '}' or ']' */
void json_close(struct json *j, char bracket)
{
	putc(bracket, j->out);
	j->comma = true;
}

/** json_string() - write a string */
void json_string(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	put_string(j->out, value);
}

/** json_number() - write a number */
void json_number(struct json *j, const char *key, u64 value)
{
	put_key(j, key);
	fprintf(j->out, "%llu", value);
}
