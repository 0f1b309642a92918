/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_RULES_H
#define FTCPCTL_RULES_H

#include <stdbool.h>
#include <stdint.h>

uint32_t rules_table(const char *dev, const char *tunnel);
const char *family_name(int family);
int show_rules(const char *dev, const char *tunnel, bool json);

#endif /* FTCPCTL_RULES_H */
