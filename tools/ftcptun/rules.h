/* SPDX-License-Identifier: GPL-2.0 */
/* NAT rules, forwarding settings, and firewalls in their way. */
#ifndef FTCPTUN_RULES_H
#define FTCPTUN_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"

#define RULES_COMMAND 256 /* "ftcptun print-rules" with options, and a NUL */

const char *rules_command(const struct options *o, char *buf);
void rules_print(const struct options *o, FILE *out);
void rules_warn(const struct options *o, bool v6);
int rules_clean(const char *tun);
void rules_install(const struct options *o, const char *tun, const char *dev,
		   bool v6);
void rules_settle(const struct options *o);
void rules_remove(void);

void firewall_warn(const char *tun, bool v6);

#endif /* FTCPTUN_RULES_H */
