// SPDX-License-Identifier: GPL-2.0
/* Reading and writing of headers, and the RST for a segment of no connection. */
#include <string.h>

#include "ktap.h"
#include "segment.h"

/* 203.0.113.9:40000 to port 4567, as captured; the checksum is not looked at */
static const u8 linux_syn[] = {
	0x9c, 0x40, 0x11, 0xd7, 0x12, 0x34, 0x56, 0x78,
	0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0,
	0xbe, 0xef, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,
	0x04, 0x02, 0x08, 0x0a, 0xde, 0xad, 0xbe, 0xef,
	0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x07,
};

static const u8 phantun_syn[] = {
	0x9c, 0x40, 0x11, 0xd7, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xff, 0xff,
	0xbe, 0xef, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0e,
};

static const u8 phantun_data[] = {
	0x9c, 0x40, 0x11, 0xd7, 0x00, 0x00, 0x00, 0x01,
	0x89, 0xab, 0xcd, 0xef, 0x50, 0x10, 0xff, 0xff,
	0xbe, 0xef, 0x00, 0x00, 'h',  'e',  'l',  'l', 'o',
};

static void read_linux_syn(void)
{
	struct ftcp_segment s;

	CHECK_EQ(ftcp_segment_read(&s, linux_syn, sizeof(linux_syn),
				   sizeof(linux_syn)), 0);
	CHECK_EQ(s.sport, 40000);
	CHECK_EQ(s.dport, 4567);
	CHECK_EQ(s.seq, 0x12345678);
	CHECK_EQ(s.ack, 0);
	CHECK_EQ(s.flags, FTCP_SYN);
	CHECK_EQ(s.window, 64240);
	CHECK_EQ(s.hlen, 40);
	CHECK_EQ(s.len, 0);
	CHECK_EQ(s.mss, 1460);
	CHECK_EQ(s.wscale, 7);
}

static void read_phantun(void)
{
	struct ftcp_segment s;

	ktap_row = "SYN";
	CHECK_EQ(ftcp_segment_read(&s, phantun_syn, sizeof(phantun_syn),
				   sizeof(phantun_syn)), 0);
	CHECK_EQ(s.seq, 0);
	CHECK_EQ(s.flags, FTCP_SYN);
	CHECK_EQ(s.window, 65535);
	CHECK_EQ(s.hlen, 24);
	CHECK_EQ(s.len, 0);
	CHECK_EQ(s.mss, 0);
	CHECK_EQ(s.wscale, 14);

	ktap_row = "data";
	CHECK_EQ(ftcp_segment_read(&s, phantun_data, sizeof(phantun_data),
				   sizeof(phantun_data)), 0);
	CHECK_EQ(s.seq, 1);
	CHECK_EQ(s.ack, 0x89abcdef);
	CHECK_EQ(s.flags, FTCP_ACK);
	CHECK_EQ(s.hlen, 20);
	CHECK_EQ(s.len, 5);
	CHECK_EQ(s.wscale, FTCP_NO_WSCALE);
}

/* Each header, shortened to each length, in memory that ends there. */
static void read_truncated(void)
{
	static const struct {
		const u8 *hdr;
		u32 hlen;
	} rows[] = {
		{ linux_syn, 40 }, { phantun_syn, 24 }, { phantun_data, 20 },
	};
	struct ftcp_segment s;
	u32 i, n;

	for (i = 0; i < KTAP_COUNT(rows); i++) {
		for (n = 0; n <= rows[i].hlen; n++) {
			u8 copy[FTCP_HLEN_MAX];

			/* the sanitizer watches the end of the array */
			memcpy(copy + sizeof(copy) - n, rows[i].hdr, n);
			CHECK_EQ(ftcp_segment_read(&s, copy + sizeof(copy) - n,
						   n, 1500),
				 n < rows[i].hlen ? -1 : 0);
			/* readable, but the IP header tells a shorter one */
			CHECK_EQ(ftcp_segment_read(&s, rows[i].hdr,
						   rows[i].hlen, n),
				 n < rows[i].hlen ? -1 : 0);
		}
	}
}

/* Every data offset, with exactly as much memory and with less. */
static void read_data_offset(void)
{
	u8 hdr[FTCP_HLEN_MAX] = { 0 };
	struct ftcp_segment s;
	u32 off;

	for (off = 0; off < 16; off++) {
		int sound = off >= 5;

		hdr[12] = (u8)(off << 4 | 0xf);	/* reserved bits set */
		hdr[13] = FTCP_SYN;
		CHECK_EQ(ftcp_segment_read(&s, hdr, off * 4, off * 4),
			 sound ? 0 : -1);
		CHECK_EQ(ftcp_segment_read(&s, hdr, sizeof(hdr), 60),
			 sound ? 0 : -1);
		if (sound) {
			CHECK_EQ(s.hlen, off * 4);
			CHECK_EQ(s.len, 60 - off * 4);
			CHECK_EQ(ftcp_segment_read(&s, hdr, off * 4 - 1, 60),
				 -1);
			CHECK_EQ(ftcp_segment_read(&s, hdr, 60, off * 4 - 1),
				 -1);
		}
	}
}

static void read_flags(void)
{
	u8 hdr[FTCP_HLEN] = { [12] = 0x50 };
	struct ftcp_segment s;
	u32 f;

	for (f = 0; f < 256; f++) {
		hdr[13] = (u8)f;
		CHECK_EQ(ftcp_segment_read(&s, hdr, 20, 65535), 0);
		CHECK_EQ(s.flags, f & 0x1f);	/* URG, ECE, CWR do not count */
		CHECK_EQ(s.len, 65515);
	}
}

/* Options on a SYN: what they say, however badly they are made. */
static const struct {
	const char *name;
	u8 opt[40];
	u8 len;
	u16 mss;
	u8 wscale;
} option_rows[] = {
	{ "none", { 0 }, 0, 0, FTCP_NO_WSCALE },
	{ "mss", { 2, 4, 0x05, 0xb4 }, 4, 1460, FTCP_NO_WSCALE },
	{ "window scale", { 1, 3, 3, 7 }, 4, 0, 7 },
	{ "scale 0 is a scale", { 1, 3, 3, 0 }, 4, 0, 0 },
	{ "scale 14", { 1, 3, 3, 14 }, 4, 0, 14 },
	{ "scale 15 counts as 14", { 1, 3, 3, 15 }, 4, 0, 14 },
	{ "scale 255 counts as 14", { 1, 3, 3, 255 }, 4, 0, 14 },
	{ "both", { 2, 4, 2, 24, 1, 3, 3, 9 }, 8, 536, 9 },
	{ "either order", { 3, 3, 9, 2, 4, 2, 24, 1 }, 8, 536, 9 },
	{ "the last of two counts", { 3, 3, 1, 3, 3, 2, 1, 1 }, 8, 0, 2 },
	{ "nothing after end", { 0, 3, 3, 7 }, 4, 0, FTCP_NO_WSCALE },
	{ "end in the middle", { 3, 3, 7, 0, 2, 4, 5, 180 }, 8, 0, 7 },
	{ "all nop", { 1, 1, 1, 1, 1, 1, 1, 1 }, 8, 0, FTCP_NO_WSCALE },
	{ "unknown one skipped", { 254, 5, 0, 0, 0, 3, 3, 7 }, 8, 0, 7 },
	{ "unknown of length 2", { 77, 2, 1, 3, 3, 7, 1, 1 }, 8, 0, 7 },
	{ "timestamps skipped",
	  { 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 3, 3 }, 12, 0, FTCP_NO_WSCALE },
	{ "timestamps, then scale",
	  { 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 6 }, 16, 0, 6 },
	{ "length 0 ends", { 3, 0, 7, 1, 2, 4, 5, 180 }, 8, 0, FTCP_NO_WSCALE },
	{ "length 1 ends", { 3, 1, 7, 1, 2, 4, 5, 180 }, 8, 0, FTCP_NO_WSCALE },
	{ "unknown length 0", { 99, 0, 3, 3, 7, 1, 1, 1 }, 8, 0, FTCP_NO_WSCALE },
	{ "what came before stands", { 2, 4, 5, 180, 99, 0, 3, 3 }, 8, 1460,
	  FTCP_NO_WSCALE },
	{ "kind without length", { 1, 1, 1, 3 }, 4, 0, FTCP_NO_WSCALE },
	{ "mss without length", { 1, 1, 1, 2 }, 4, 0, FTCP_NO_WSCALE },
	{ "one byte too long", { 1, 3, 4, 7 }, 4, 0, FTCP_NO_WSCALE },
	{ "value cut off", { 1, 1, 3, 3 }, 4, 0, FTCP_NO_WSCALE },
	{ "mss cut off", { 1, 2, 4, 5 }, 4, 0, FTCP_NO_WSCALE },
	{ "length 255", { 2, 255, 5, 180 }, 4, 0, FTCP_NO_WSCALE },
	{ "mss of length 3", { 2, 3, 5, 3, 3, 7, 1, 1 }, 8, 0, 7 },
	{ "scale of length 2", { 3, 2, 2, 4, 5, 180, 1, 1 }, 8, 1460,
	  FTCP_NO_WSCALE },
	{ "scale of length 4", { 3, 4, 7, 7, 2, 4, 5, 180 }, 8, 1460,
	  FTCP_NO_WSCALE },
	{ "40 bytes, scale at the end",
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 5 },
	  40, 0, 5 },
};

static void read_options(void)
{
	struct ftcp_segment s;
	u32 i;

	for (i = 0; i < KTAP_COUNT(option_rows); i++) {
		u32 hlen = FTCP_HLEN + option_rows[i].len;
		u8 hdr[FTCP_HLEN_MAX] = { 0 };
		u8 *p = hdr + sizeof(hdr) - hlen;

		ktap_row = option_rows[i].name;
		memcpy(p + FTCP_HLEN, option_rows[i].opt, option_rows[i].len);
		p[12] = (u8)(hlen / 4 << 4);
		p[13] = FTCP_SYN;
		CHECK_EQ(ftcp_segment_read(&s, p, hlen, hlen), 0);
		CHECK_EQ(s.mss, option_rows[i].mss);
		CHECK_EQ(s.wscale, option_rows[i].wscale);

		/* payload is no option */
		CHECK_EQ(ftcp_segment_read(&s, p, hlen, hlen + 100), 0);
		CHECK_EQ(s.len, 100);
		CHECK_EQ(s.wscale, option_rows[i].wscale);

		/* nor are they read elsewhere than on SYN */
		p[13] = FTCP_ACK;
		CHECK_EQ(ftcp_segment_read(&s, p, hlen, hlen), 0);
		CHECK_EQ(s.mss, 0);
		CHECK_EQ(s.wscale, FTCP_NO_WSCALE);
	}
}

static const struct {
	const char *name;
	struct ftcp_control ctl;
	u8 len;
	u8 bytes[FTCP_SYN_HLEN];
} write_rows[] = {
	{ "SYN",
	  { .seq = 0x12345678, .window = 64240, .flags = FTCP_SYN, .wscale = 1 },
	  32,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x12, 0x34, 0x56, 0x78,
	    0x00, 0x00, 0x00, 0x00, 0x80, 0x02, 0xfa, 0xf0,
	    0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,
	    0x01, 0x01, 0x04, 0x02, 0x01, 0x03, 0x03, 0x0e } },
	{ "SYN-ACK",
	  { .seq = 0x89abcdef, .ack = 0xfedcba98, .window = 64240,
	    .flags = FTCP_SYN | FTCP_ACK, .wscale = 1 },
	  32,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x89, 0xab, 0xcd, 0xef,
	    0xfe, 0xdc, 0xba, 0x98, 0x80, 0x12, 0xfa, 0xf0,
	    0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,
	    0x01, 0x01, 0x04, 0x02, 0x01, 0x03, 0x03, 0x0e } },
	{ "SYN-ACK without window scale",
	  { .seq = 0x89abcdef, .ack = 1, .window = 64240,
	    .flags = FTCP_SYN | FTCP_ACK },
	  28,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x89, 0xab, 0xcd, 0xef,
	    0x00, 0x00, 0x00, 0x01, 0x70, 0x12, 0xfa, 0xf0,
	    0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,
	    0x01, 0x01, 0x04, 0x02 } },
	{ "ACK",
	  { .seq = 0xffffffff, .ack = 0x80000000, .window = 65535,
	    .flags = FTCP_ACK },
	  20,
	  { 0x9c, 0x40, 0x11, 0xd7, 0xff, 0xff, 0xff, 0xff,
	    0x80, 0x00, 0x00, 0x00, 0x50, 0x10, 0xff, 0xff,
	    0x00, 0x00, 0x00, 0x00 } },
	{ "FIN",
	  { .seq = 7, .ack = 8, .window = 65535, .flags = FTCP_FIN | FTCP_ACK },
	  20,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x00, 0x00, 0x00, 0x07,
	    0x00, 0x00, 0x00, 0x08, 0x50, 0x11, 0xff, 0xff,
	    0x00, 0x00, 0x00, 0x00 } },
	{ "RST",
	  { .seq = 0x01020304, .flags = FTCP_RST },
	  20,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x01, 0x02, 0x03, 0x04,
	    0x00, 0x00, 0x00, 0x00, 0x50, 0x04, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00 } },
	{ "a window scale elsewhere than on SYN is not written",
	  { .seq = 1, .ack = 2, .flags = FTCP_RST | FTCP_ACK, .wscale = 1 },
	  20,
	  { 0x9c, 0x40, 0x11, 0xd7, 0x00, 0x00, 0x00, 0x01,
	    0x00, 0x00, 0x00, 0x02, 0x50, 0x14, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00 } },
};

static void write_control(void)
{
	u32 i, j;

	for (i = 0; i < KTAP_COUNT(write_rows); i++) {
		u8 hdr[FTCP_SYN_HLEN];

		ktap_row = write_rows[i].name;
		memset(hdr, 0xaa, sizeof(hdr));
		CHECK_EQ(ftcp_control_write(hdr, 40000, 4567, 1460,
					    &write_rows[i].ctl),
			 write_rows[i].len);
		for (j = 0; j < write_rows[i].len; j++)
			CHECK_EQ(hdr[j], write_rows[i].bytes[j]);
		for (; j < sizeof(hdr); j++)
			CHECK_EQ(hdr[j], 0xaa);
	}
}

static void write_data(void)
{
	static const u8 want[FTCP_HLEN] = {
		0xff, 0xff, 0x00, 0x01, 0x80, 0x00, 0x00, 0x01,
		0x7f, 0xff, 0xff, 0xff, 0x50, 0x18, 0xff, 0xff,
	};
	u8 hdr[FTCP_HLEN];

	memset(hdr, 0xaa, sizeof(hdr));
	ftcp_header_write(hdr, 65535, 1, 0x80000001, 0x7fffffff,
			  FTCP_ACK | FTCP_PSH, FTCP_WINDOW);
	CHECK(!memcmp(hdr, want, sizeof(want)));
}

/* What is written is read back the same. */
static void round_trip(void)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(write_rows); i++) {
		const struct ftcp_control *ctl = &write_rows[i].ctl;
		int syn = !!(ctl->flags & FTCP_SYN);
		u8 hdr[FTCP_SYN_HLEN];
		struct ftcp_segment s;
		u32 len;

		ktap_row = write_rows[i].name;
		len = ftcp_control_write(hdr, 40000, 4567, 1400, ctl);
		CHECK_EQ(ftcp_segment_read(&s, hdr, len, len), 0);
		CHECK_EQ(s.sport, 40000);
		CHECK_EQ(s.dport, 4567);
		CHECK_EQ(s.seq, ctl->seq);
		CHECK_EQ(s.ack, ctl->ack);
		CHECK_EQ(s.flags, ctl->flags);
		CHECK_EQ(s.window, ctl->window);
		CHECK_EQ(s.hlen, len);
		CHECK_EQ(s.len, 0);
		CHECK_EQ(s.mss, syn ? 1400 : 0);
		CHECK_EQ(s.wscale, syn && ctl->wscale ? 14 : FTCP_NO_WSCALE);
	}
}

/* RFC 9293, section 3.5.2, group 1 */
static const struct {
	const char *name;
	u8 flags;
	u32 seq, ack, len;
	struct ftcp_control want;
} reset_rows[] = {
	{ "SYN", FTCP_SYN, 100, 0, 0,
	  { .ack = 101, .flags = FTCP_RST | FTCP_ACK } },
	{ "SYN at the wrap", FTCP_SYN, 0xffffffff, 0, 0,
	  { .ack = 0, .flags = FTCP_RST | FTCP_ACK } },
	{ "SYN with payload", FTCP_SYN, 0, 0, 10,
	  { .ack = 11, .flags = FTCP_RST | FTCP_ACK } },
	{ "SYN-ACK", FTCP_SYN | FTCP_ACK, 100, 200, 0,
	  { .seq = 200, .flags = FTCP_RST } },
	{ "data", FTCP_ACK, 100, 200, 1400, { .seq = 200, .flags = FTCP_RST } },
	{ "data with PSH", FTCP_ACK | FTCP_PSH, 100, 200, 1400,
	  { .seq = 200, .flags = FTCP_RST } },
	{ "FIN", FTCP_FIN | FTCP_ACK, 100, 200, 0,
	  { .seq = 200, .flags = FTCP_RST } },
	{ "FIN without ACK", FTCP_FIN, 0xfffffff0, 200, 20,
	  { .ack = 5, .flags = FTCP_RST | FTCP_ACK } },
	{ "no flags at all", 0, 100, 200, 5,
	  { .ack = 105, .flags = FTCP_RST | FTCP_ACK } },
	{ "RST", FTCP_RST, 100, 0, 0, { 0 } },
	{ "RST with ACK", FTCP_RST | FTCP_ACK, 100, 200, 0, { 0 } },
	{ "RST with everything", 0x1f, 100, 200, 1, { 0 } },
};

static void reset_for(void)
{
	u32 i;

	for (i = 0; i < KTAP_COUNT(reset_rows); i++) {
		struct ftcp_segment s = {
			.seq = reset_rows[i].seq,
			.ack = reset_rows[i].ack,
			.len = reset_rows[i].len,
			.flags = reset_rows[i].flags,
			.wscale = FTCP_NO_WSCALE,
		};
		struct ftcp_control ctl;

		ktap_row = reset_rows[i].name;
		memset(&ctl, 0xaa, sizeof(ctl));
		ftcp_reset_for(&s, &ctl);
		CHECK_EQ(ctl.flags, reset_rows[i].want.flags);
		CHECK_EQ(ctl.seq, reset_rows[i].want.seq);
		CHECK_EQ(ctl.ack, reset_rows[i].want.ack);
		CHECK_EQ(ctl.window, 0);
		CHECK_EQ(ctl.wscale, 0);
	}
}

static void sequence_arithmetic(void)
{
	CHECK(ftcp_seq_diff(5, 3) == 2);
	CHECK(ftcp_seq_diff(3, 5) == -2);
	CHECK(ftcp_seq_diff(1, 0xffffffff) == 2);
	CHECK(ftcp_seq_diff(0xffffffff, 1) == -2);
	CHECK(ftcp_seq_diff(0x7fffffff, 0) > 0);
	CHECK(ftcp_seq_diff(0x80000001, 0) < 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "sequence_arithmetic", sequence_arithmetic },
		{ "read_linux_syn", read_linux_syn },
		{ "read_phantun", read_phantun },
		{ "read_truncated", read_truncated },
		{ "read_data_offset", read_data_offset },
		{ "read_flags", read_flags },
		{ "read_options", read_options },
		{ "write_control", write_control },
		{ "write_data", write_data },
		{ "round_trip", round_trip },
		{ "reset_for", reset_for },
	};

	return ktap_main(tests, KTAP_COUNT(tests));
}
