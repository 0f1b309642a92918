/* SPDX-License-Identifier: GPL-2.0 */
/* How flows begin, as far as it takes a process. */
#ifndef FTCP_SETUP_H
#define FTCP_SETUP_H

#include <linux/workqueue.h>

#include "addr.h"

void ftcp_flow_setup(struct work_struct *work);
bool ftcp_answerable(const struct ftcp_pair *pair);

#endif /* FTCP_SETUP_H */
