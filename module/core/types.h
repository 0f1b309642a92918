/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integer types, byte order and atomic access for the protocol core.
 *
 * The core is built into the kernel module, ftcptun, the unit tests and the
 * fuzzers.  It includes neither kernel nor libc headers, only
 * uapi/linux/faketcp.h, which includes nothing itself.  The types below match
 * the kernel's, so a file may include both.
 */
#ifndef FTCP_CORE_TYPES_H
#define FTCP_CORE_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;

#ifndef NULL
#define NULL ((void *)0)
#endif

/*
 * Some fields of a connection are accessed without a lock (see conn.h).
 * Relaxed order is enough: each is meaningful by itself.  A 32-bit machine may
 * see a torn time when its upper half changes, every seven weeks: a keepalive
 * or an ACK is then early or late.
 */
#define ftcp_load(x)		(*(const volatile __typeof__(x) *)&(x))
#define ftcp_store(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define ftcp_fetch_add(x, v)	__atomic_fetch_add(&(x), (v), __ATOMIC_RELAXED)

static inline u16 ftcp_get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 ftcp_get32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline void ftcp_put16(u8 *p, u16 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static inline void ftcp_put32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
}

/**
 * ftcp_seq_diff() - distance between two sequence numbers, modulo 2^32
 * @a: sequence number
 * @b: sequence number
 *
 * Return: how far @a is ahead of @b; negative if it is behind.
 */
static inline s32 ftcp_seq_diff(u32 a, u32 b)
{
	return (s32)(a - b);
}

#endif /* FTCP_CORE_TYPES_H */
