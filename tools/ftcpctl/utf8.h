/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_UTF8_H
#define FTCPCTL_UTF8_H

#include <stddef.h>

size_t utf8_length(const char *s);
size_t utf8_width(const char *s);

#endif /* FTCPCTL_UTF8_H */
