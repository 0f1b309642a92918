/* SPDX-License-Identifier: GPL-2.0 */
/* What is written as JSON. */
#ifndef FTCPTUN_JSON_H
#define FTCPTUN_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "../../module/core/types.h"

/**
 * struct json - a document that is being written
 * @out: where to
 * @comma: the next value follows another one
 */
struct json {
	FILE *out;
	bool comma;
};

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, u64 value);

#endif /* FTCPTUN_JSON_H */
