/* SPDX-License-Identifier: GPL-2.0 */
/* The channels that carry inner packets elsewhere than to a device. */
#ifndef FTCPTUN_LAUNCH_H
#define FTCPTUN_LAUNCH_H

struct program;

void launch_open(struct program *p);
void launch_close(struct program *p);

#endif /* FTCPTUN_LAUNCH_H */
