// SPDX-License-Identifier: GPL-2.0
/*
 * Any packets from the device, each after two bytes that tell its length: what is
 * put together lies within the buffer and is no fragment.  And any bytes as a
 * packet that is cut: it becomes what it was, with that of others among its
 * fragments.
 */
#include <netinet/in.h>

#include "fragment.h"
#include "fuzz.h"
#include "packet.h"

#define HLEN 20

static u8 *buf;
static u64 lost;

static void check_any(const u8 *data, size_t size, bool vnet)
{
	struct fragments fs = { 0 };
	u32 skip = vnet ? VNET_HLEN : 0, len, joined;
	u64 now = 0;

	while (size >= 2) {
		len = ftcp_get16(data);
		data += 2;
		size -= 2;
		if (len > size)
			len = (u32)size;
		memcpy(buf, data, len);
		data += len;
		size -= len;
		joined = fragments_join(&fs, buf, len, vnet, now, &lost);
		MUST(joined <= PACKET_MAX);
		now += len & 0xff;
		if (!joined || (joined == len && !memcmp(buf, data - len, len)))
			continue;
		MUST(joined - skip == ftcp_get16(buf + skip + 2));
		MUST(!ftcp_get16(buf + skip + 6));
	}
	fragments_free(&fs);
}

/* One fragment of @data, from @offset on; returns what joining it does. */
static u32 join(struct fragments *fs, u16 id, const u8 *data, u32 size, u32 offset,
		u32 part, bool vnet)
{
	u8 *ip = buf + (vnet ? VNET_HLEN : 0);

	if (part > size - offset)
		part = size - offset;
	memset(buf, 0xff, VNET_HLEN + HLEN);
	ip[0] = 0x45;
	ftcp_put16(ip + 2, (u16)(HLEN + part));
	ftcp_put16(ip + 4, id);
	ftcp_put16(ip + 6, (u16)(offset / 8 | (offset + part < size) << 13));
	ip[9] = IPPROTO_TCP;
	memcpy(ip + HLEN, data + offset, part);
	return fragments_join(fs, buf, (u32)(ip - buf) + HLEN + part, vnet, 1,
			      &lost);
}

static void check_cut(const u8 *data, u32 size, u32 part, bool vnet)
{
	struct fragments fs = { 0 };
	u32 skip = (vnet ? VNET_HLEN : 0) + HLEN, offset, id, joined;

	if (size <= part)
		return;
	lost = 0;
	for (offset = 0; offset < size; offset += part) {
		for (id = 0; id < FRAGMENT_SLOTS; id++) {
			joined = join(&fs, (u16)id, data, size, offset, part, vnet);
			if (offset + part < size) {
				MUST(!joined);
				continue;
			}
			MUST(joined == skip + size);
			MUST(!memcmp(buf + skip, data, size));
		}
	}
	MUST(!lost);
	/* a second part without the first, and after it was given up */
	MUST(join(&fs, 0, data, size, part, part, vnet));
	for (id = 0; id <= FRAGMENT_SLOTS; id++)
		MUST(!join(&fs, (u16)id, data, size, 0, part, vnet));
	MUST(lost == 1);
	MUST(join(&fs, 0, data, size, part, part, vnet) >= skip);
	fragments_free(&fs);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 2)
		return 0;
	buf = malloc(PACKET_MAX);
	if (!buf)
		return 0;
	check_any(data + 2, size - 2, *data & 1);
	check_cut(data + 2, (u32)(size - 2), 8u + 8 * data[1], *data & 1);
	free(buf);
	return 0;
}
