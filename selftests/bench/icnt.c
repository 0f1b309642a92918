// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU (7.2, TCG) plugin that counts the guest's instructions, kernel and user
 * apart, between marks that the guest sets by executing
 *
 *	nopl 0x5eedMMMM(%rax)		MMMM: 0 begin, 1 end
 *
 * in user mode (./udpblast does, and `udpblast spin` and `udpblast idle`).  Each
 * mark becomes a line of the file out=FILE.  The iterations of string
 * instructions, each of which is one instruction to TCG, are counted apart.
 *
 * With profile=FILE the instructions between begin and end are also counted by
 * the block of code they are in, and written at each end; ./insn.py adds them up
 * by function.
 *
 * Meant for one processor: counts of several would disturb each other.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

/* Of QEMU's qemu-plugin.h, which Debian has in no package. */
typedef uint64_t qemu_plugin_id_t;
typedef struct {
	const char *target_name;
	struct {
		int min, cur;
	} version;
	bool system_emulation;
	union {
		struct {
			int smp_vcpus, max_vcpus;
		} system;
	};
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*udata_cb)(unsigned int, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
					   void (*)(qemu_plugin_id_t,
						    struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *,
					      enum qemu_plugin_op, void *,
					      uint64_t);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *,
						enum qemu_plugin_op, void *,
						uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, udata_cb,
					    enum qemu_plugin_cb_flags, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
						 size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;

static uint64_t kernel, user, string;
static FILE *out, *profile;

/* ---- the profile: counters by address, in a hash table ---- */

#define BLOCKS (1u << 20)

static struct block {
	uint64_t address;
	uint32_t length;
	uint64_t insns;		/* ever */
	uint64_t before;	/* ... up to the last mark */
} *blocks;

static struct block *find_block(uint64_t address, uint32_t length)
{
	uint32_t i = (uint32_t)((address ^ length) * 0x9e3779b97f4a7c15ull >> 44);

	while (blocks[i].address && (blocks[i].address != address ||
				     blocks[i].length != length))
		i = (i + 1) % BLOCKS;
	blocks[i].address = address;
	blocks[i].length = length;
	return &blocks[i];
}

static void write_profile(void)
{
	fputs("END\n", profile);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		if (blocks[i].insns != blocks[i].before)
			fprintf(profile, "%" PRIx64 " %" PRIu64 "\n",
				blocks[i].address,
				blocks[i].insns - blocks[i].before);
	}
	fflush(profile);
}

static void begin_profile(void)
{
	for (uint32_t i = 0; i < BLOCKS; i++)
		blocks[i].before = blocks[i].insns;
}

/* ---- what runs with the guest ---- */

static void mark(unsigned int cpu, void *data)
{
	unsigned int which = (uintptr_t)data;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	fprintf(out,
		"%u %ld.%06ld %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		which, (long)t.tv_sec, t.tv_nsec / 1000, kernel, user, string);
	fflush(out);
	if (!profile)
		return;
	if (which)
		write_profile();
	else
		begin_profile();
}

/* ---- translation ---- */

/* rep movs, cmps, stos, lods, scas */
static bool is_string(const uint8_t *code, size_t size)
{
	size_t at = 1;

	if (size < 2 || (code[0] != 0xf3 && code[0] != 0xf2))
		return false;
	if (size > 2 && (code[1] & 0xf0) == 0x40)
		at = 2;
	return (code[at] >= 0xa4 && code[at] <= 0xa7) ||
	       (code[at] >= 0xaa && code[at] <= 0xaf);
}

static bool is_mark(const uint8_t *code, size_t size)
{
	return size == 7 && code[0] == 0x0f && code[1] == 0x1f &&
	       code[2] == 0x80 && code[5] == 0xed && code[6] == 0x5e;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), plain = n;
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool in_kernel = address >> 63;

	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);

		if (is_string(code, size)) {
			plain--;
			qemu_plugin_register_vcpu_insn_exec_inline(insn,
								   QEMU_PLUGIN_INLINE_ADD_U64,
								   &string, 1);
		} else if (!in_kernel && is_mark(code, size)) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)code[3]);
		}
	}
	if (!plain)
		return;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 in_kernel ? &kernel : &user,
						 plain);
	if (profile)
		qemu_plugin_register_vcpu_tb_exec_inline(tb,
							 QEMU_PLUGIN_INLINE_ADD_U64,
							 &find_block(in_kernel ? address : 1,
								     plain)->insns,
							 plain);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "profile=", 8))
			profile = fopen(argv[i] + 8, "w");
	}
	blocks = calloc(BLOCKS, sizeof(*blocks));
	if (!out || !blocks)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
