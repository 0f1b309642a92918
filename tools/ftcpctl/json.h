/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_JSON_H
#define FTCPCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
void json_break(void);
void json_close_lines(void);
void json_end(void);

#endif /* FTCPCTL_JSON_H */
