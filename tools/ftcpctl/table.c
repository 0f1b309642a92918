// SPDX-License-Identifier: GPL-2.0
/*
 * Text in columns that are as wide as their widest cell.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ftcpctl.h"
#include "table.h"
#include "utf8.h"

/** table_cell() - append a cell */
void table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;

	t->cells = grow(t->cells, t->n, &t->room, sizeof(*t->cells));
	va_start(ap, fmt);
	if (vasprintf(&t->cells[t->n++], fmt, ap) < 0)
		exit(fail(REFUSED, "out of memory"));
	va_end(ap);
}

/* Width of column @column, or 0 for the last: it needs no filling */
static int width(const struct table *t, size_t column)
{
	size_t i, max = 0;

	if (column + 1 == t->columns)
		return 0;
	for (i = column; i < t->n; i += t->columns) {
		size_t len = utf8_width(t->cells[i]);

		if (len > max)
			max = len;
	}
	return max;
}

/* printf() would count bytes */
static void print_cell(const char *text, int width, const char *between)
{
	int fill = width - (int)utf8_width(text);

	printf("%s%*s%s", text, fill > 0 ? fill : 0, "", between);
}

/**
 * table_print() - print a table, unless it has nothing but a heading, and empty
 * it
 */
void table_print(struct table *t)
{
	int *widths = calloc(t->columns, sizeof(*widths));
	size_t i;

	if (!widths)
		exit(fail(REFUSED, "out of memory"));
	for (i = 0; i < t->columns; i++)
		widths[i] = width(t, i);
	for (i = 0; i < t->n; i++) {
		size_t column = i % t->columns;

		if (t->n > t->columns)
			print_cell(t->cells[i], widths[column],
				   column + 1 == t->columns ? "\n" : "  ");
		free(t->cells[i]);
	}
	free(widths);
	free(t->cells);
	t->cells = NULL;
	t->n = 0;
	t->room = 0;
}
