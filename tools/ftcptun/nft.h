/* SPDX-License-Identifier: GPL-2.0 */
/* Commands to nftables, and reading what it lists. */
#ifndef FTCPTUN_NFT_H
#define FTCPTUN_NFT_H

#include <stdbool.h>
#include <stddef.h>

char *nft_run(const char *commands, char **errors);
char *nft_runf(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *nft_next_word(const char *text, const char *head, char *word,
			  size_t size);
bool nft_is_name(const char *name);

#endif /* FTCPTUN_NFT_H */
