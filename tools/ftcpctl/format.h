/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_FORMAT_H
#define FTCPCTL_FORMAT_H

#include "ipc.h"

#define SHORT_STRLEN 48

const char *mode_name(uint32_t mode);
const char *wire_name(uint32_t wire);
const char *df_name(uint32_t df);
const char *unreachable_name(uint32_t unreachable);
const char *state_name(uint32_t state);
const char *reason_name(uint32_t reason);
const char *format_bytes(char *buf, uint64_t bytes);
const char *format_time(char *buf, uint64_t ms);
const char *format_peer_endpoint(char *buf, const struct peer *p);
void json_tunnel(const struct tunnel *t);
void json_flow(const struct flow *f);

#endif /* FTCPCTL_FORMAT_H */
