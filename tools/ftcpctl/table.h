/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_TABLE_H
#define FTCPCTL_TABLE_H

#include <stddef.h>

/**
 * struct table - Text in aligned columns.
 * @columns: How many.
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

#endif /* FTCPCTL_TABLE_H */
