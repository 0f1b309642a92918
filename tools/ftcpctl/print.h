/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways to print: for people, and JSON.
 */
#ifndef FTCPCTL_PRINT_H
#define FTCPCTL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_COLUMNS 9
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

const char *format_bytes(char *buf, uint64_t bytes);
const char *format_time(char *buf, uint64_t ms);
size_t utf8_length(const char *s);

void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, uint64_t value);

#endif /* FTCPCTL_PRINT_H */
