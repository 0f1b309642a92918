/* SPDX-License-Identifier: GPL-2.0 */
/* To dial: what a client does, for whatever its flows carry. */
#ifndef FTCPTUN_CLIENT_H
#define FTCPTUN_CLIENT_H

#include "role.h"

struct flow *client_dial(struct worker *w, const struct conversation *conv,
			 struct flow *active, struct obstacle *why);
bool client_replace(struct worker *w, struct flow *f, struct obstacle *why);
void client_established(struct worker *w, struct flow *f);
void client_ended(struct worker *w, const struct flow *f,
		  enum ftcp_event event);

#endif /* FTCPTUN_CLIENT_H */
