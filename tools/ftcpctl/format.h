/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_FORMAT_H
#define FTCPCTL_FORMAT_H

#include <stdint.h>

#define SHORT_STRLEN 48

const char *format_bytes(char *buf, uint64_t bytes);
const char *format_time(char *buf, uint64_t ms);

#endif /* FTCPCTL_FORMAT_H */
