/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP errors to applications. */
#ifndef FTCPTUN_ICMP_H
#define FTCPTUN_ICMP_H

#include "addr.h"

/**
 * enum icmp_error - what an application is told
 * @ICMP_ERROR_HOST: the far end does not answer
 * @ICMP_ERROR_PORT: the far end refuses
 * @ICMP_ERROR_TOO_BIG: the datagram does not fit a segment
 */
enum icmp_error {
	ICMP_ERROR_HOST,
	ICMP_ERROR_PORT,
	ICMP_ERROR_TOO_BIG,
};

void icmp_open(void);
void icmp_close(void);
void icmp_send(enum icmp_error error, u32 mtu, const struct endpoint *app,
	       const struct endpoint *own, u32 len);

#endif /* FTCPTUN_ICMP_H */
