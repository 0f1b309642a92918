// SPDX-License-Identifier: GPL-2.0
/*
 * Any words as a command line: either it is refused, with status 1 or 2, or
 * what it means is within bounds.  The words are separated by NUL bytes; the
 * file of --handshake-packet is the input itself.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>

#include "fuzz.h"
#include "log.h"
#include "options.h"

#define WORDS_MAX 64

enum log_level log_limit;
static jmp_buf ended;
static int status;
static const u8 *input;
static size_t input_size;

/* In place of exit() and fopen(), see Makefile */
void fuzz_exit(int code) __attribute__((noreturn));
FILE *fuzz_fopen(const char *path, const char *mode);

void fuzz_exit(int code)
{
	status = code;
	longjmp(ended, 1);
}

FILE *fuzz_fopen(const char *path, const char *mode)
{
	(void)path;
	return fmemopen((void *)input, input_size, mode);
}

void say(enum log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
}

void die(const char *format, ...)
{
	(void)format;
	fuzz_exit(1);
}

static void check(const struct options *o)
{
	if (o->clean_rules)
		return;
	MUST(o->role == ROLE_CLIENT || o->role == ROLE_SERVER);
	MUST(o->threads >= 1 && o->threads <= THREADS_MAX);
	MUST(o->mtu >= 1280 && o->mtu <= 65535);
	MUST(o->idle && o->max_flows && o->max_per_source && o->queue);
	MUST(o->interval >= 10 && o->interval <= 3600000 && o->probes <= 100);
	MUST(o->keepalive <= 86400 && o->max_age <= 2678400);
	MUST(strnlen(o->tun, IF_NAMESIZE) < IF_NAMESIZE);
	MUST(!strpbrk(o->tun, " \t\n{}\"';/"));
	MUST(addr_is_v4(&o->tun_local) && addr_is_v4(&o->tun_peer));
	MUST(!addr_is_v4(&o->tun_local6) && !addr_is_v4(&o->tun_peer6));
	MUST(!addr_equal(&o->tun_local, &o->tun_peer));
	MUST(o->handshake_packet_len <= o->mtu - 40 || o->print_rules);
	MUST(o->role == ROLE_SERVER || !o->ignore_unreachable);
	MUST(o->role == ROLE_CLIENT || o->ip || o->wire == WIRE_AUTO);
	if (o->role == ROLE_SERVER)
		MUST(o->port);
	if (o->print_rules)
		return;
	if (o->ip) {
		MUST(o->threads == 1 && o->addresses <= ADDRESSES_MAX);
		MUST(o->peers.count);
		MUST(!!o->port + !!o->remote + !!o->exec + o->stdio == 1);
		MUST(!o->passt || (!*o->dev && (o->stdio || o->exec)));
		MUST(!strpbrk(o->dev, " \t\n{}\"';/%"));
		MUST(!o->handshake_packet);
		return;
	}
	MUST(o->role == ROLE_SERVER || o->local.port);
	MUST(o->remote && *o->remote_host);
	MUST(strnlen(o->remote_host, sizeof(o->remote_host)) <
	     sizeof(o->remote_host));
	MUST(o->remote_port >= 1 && o->remote_port <= 65535);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct options o;
	char *words = malloc(size + 2), *word, *end;
	char *argv[WORDS_MAX + 1] = { "ftcptun" };
	int argc = 1;

	if (!words)
		return 0;
	memcpy(words, data, size);
	words[size] = words[size + 1] = '\0';
	end = words + size;
	for (word = words; word < end && argc < WORDS_MAX;
	     word += strlen(word) + 1)
		argv[argc++] = word;
	input = data;
	input_size = size;
	optind = 0;
	status = 0;
	if (!setjmp(ended)) {
		options_parse(&o, argc, argv);
		check(&o);
	}
	MUST(status >= 0 && status <= 2);
	options_free(&o);
	free(words);
	return 0;
}
