/* SPDX-License-Identifier: GPL-2.0 */
/* Giving up what is not needed. */
#ifndef FTCPTUN_PRIVILEGE_H
#define FTCPTUN_PRIVILEGE_H

#include <stdbool.h>

void privilege_drop(bool keep_net_admin);

#endif /* FTCPTUN_PRIVILEGE_H */
