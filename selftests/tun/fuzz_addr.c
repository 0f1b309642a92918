// SPDX-License-Identifier: GPL-2.0
/*
 * Any text as an address: what is taken for one is printed in a form that means
 * the same.
 */
#include "addr.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = strndup((const char *)data, size), host[64];
	struct endpoint e, again;
	char print[ENDPOINT_TEXT];
	struct sockaddr_storage ss = { 0 };
	int port;

	if (!text)
		return 0;
	if (!host_split(text, host, sizeof(host), &port)) {
		MUST(port >= 1 && port <= 65535);
		MUST(*host && strlen(host) < sizeof(host));
	}
	memset(&e, 0xaa, sizeof(e));
	if (!endpoint_parse(&e, text)) {
		MUST(e.port && !e.pad);
		endpoint_text(&e, print);
		MUST(!endpoint_parse(&again, print));
		MUST(!memcmp(&e, &again, sizeof(e)));
		endpoint_to_sockaddr(&e, false, &ss);
		endpoint_from_sockaddr(&again, &ss);
		if (addr_is_v4(&e.addr))
			again.scope = e.scope;
		MUST(!memcmp(&e, &again, sizeof(e)));
	}
	free(text);
	return 0;
}
