// SPDX-License-Identifier: GPL-2.0
/* Commands to nftables, and reading what it lists; see nft.h. */
#include "nft.h"

#include <nftables/libnftables.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * nft_run() - run commands
 * @commands: as in a file of nft(8)
 * @errors: if not NULL, receives what nftables says about a failure, to be freed
 *
 * Return: their output, to be freed, or NULL.
 */
char *nft_run(const char *commands, char **errors)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char *output = NULL;

	if (errors)
		*errors = NULL;
	if (!nft)
		return NULL;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	if (!nft_run_cmd_from_buffer(nft, commands))
		output = strdup(nft_ctx_get_output_buffer(nft));
	else if (errors)
		*errors = strdup(nft_ctx_get_error_buffer(nft));
	nft_ctx_free(nft);
	return output;
}

/** nft_runf() - nft_run(), for who does not ask why it fails */
char *nft_runf(const char *format, ...)
{
	char *commands, *output;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&commands, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	output = nft_run(commands, NULL);
	free(commands);
	return output;
}

/**
 * nft_next_word() - find a line by how it begins
 * @text: what was listed; may be NULL
 * @head: what the line begins with, after blanks
 * @word: receives the word behind that
 * @size: size of @word; longer ones are passed over
 *
 * Return: where to go on, or NULL if there is none.
 */
const char *nft_next_word(const char *text, const char *head, char *word,
			  size_t size)
{
	size_t len;

	while (text && *text) {
		text += strspn(text, " \t\n");
		if (!strncmp(text, head, strlen(head))) {
			text += strlen(head);
			len = strcspn(text, " \t\n");
			if (len && len < size) {
				memcpy(word, text, len);
				word[len] = '\0';
				return text + len;
			}
		}
		text = strchr(text, '\n');
	}
	return NULL;
}

/**
 * nft_is_name() - whether a name may stand in a command
 * @name: what somebody calls a table, chain or else
 *
 * There may be any characters in what others than nft(8) have named, as those
 * that end a command.
 */
bool nft_is_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-./") == strlen(name);
}
