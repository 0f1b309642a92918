/* SPDX-License-Identifier: GPL-2.0 */
/* Telling the service manager how far we are (sd_notify(3)). */
#ifndef FTCPTUN_NOTIFY_H
#define FTCPTUN_NOTIFY_H

void notify(const char *state);

#endif /* FTCPTUN_NOTIFY_H */
