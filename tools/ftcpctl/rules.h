/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_RULES_H
#define FTCPCTL_RULES_H

#include <stdbool.h>

int show_rules(const char *dev, const char *tunnel, bool json);

#endif /* FTCPCTL_RULES_H */
