/* SPDX-License-Identifier: GPL-2.0 */
/* NAT rules and forwarding settings. */
#ifndef FTCPTUN_RULES_H
#define FTCPTUN_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"

void rules_print(const struct options *o, FILE *out);
void rules_warn(const struct options *o, bool v6);
void rules_clean(const char *tun);
void rules_install(const struct options *o, const char *tun, bool v6);
void rules_remove(const char *tun);

#endif /* FTCPTUN_RULES_H */
