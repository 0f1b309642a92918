/* SPDX-License-Identifier: GPL-2.0 */
/* Mode ip: peers that are dialled without a packet for them. */
#ifndef FTCP_PERSIST_H
#define FTCP_PERSIST_H

struct ftcp_link;
struct ftcp_peer;

void ftcp_persist_init(struct ftcp_peer *peer);
void ftcp_persist_ask(struct ftcp_peer *peer, unsigned long delay);
void ftcp_persist_end(struct ftcp_peer *peer);
void ftcp_persist_link_up(struct ftcp_link *link);

#endif /* FTCP_PERSIST_H */
