// SPDX-License-Identifier: GPL-2.0
/*
 * ftcphosts - keeps the peers of a tunnel equal to a table of hosts.
 *
 * fetch.c gets the table, table.c reads it, own.c finds this host in it, and apply.c
 * changes what differs, by ftcpctl.
 */
#include "ftcphosts.h"

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "../common/scan.h"
#include "../version.h"

#define EVERY_DEFAULT 300
#define EVERY_MAX 86400
#define TIMEOUT_DEFAULT 60

/* After a failure: so many seconds, twice as many after the next one, ... */
#define BACK_OFF_FIRST 5
/* ... until it is so many times what there usually are */
#define BACK_OFF_MAX 8

static const char help[] =
	"Usage:\n"
	"  ftcphosts tunnel NAME dev LINK [OPTIONS] FILE|URL\n"
	"\n"
	"Make the peers of a tunnel (ip or routed) equal to a table of hosts: those that\n"
	"are not in it are deleted.  What does not differ is not touched.\n"
	"\n"
	"  FILE|URL           the table: a file, or https://...; or, for whoever trusts\n"
	"                     every machine on the way, http://...\n"
	"  --every [SECONDS]  again and again, after so many seconds (300) or a tenth\n"
	"                     more or less; SIGHUP: at once\n"
	"  --ca-file FILE     trust the certificates in the file, and no others\n"
	"  --timeout SECONDS  that an answer may take (60)\n"
	"  --dry-run          print what ftcpctl would be told, and change nothing\n"
	"  --help, --version\n"
	"\n"
	"ftcphosts(8) says what is in a table.\n";

/**
 * struct options - The command line.
 * @tunnel: What is kept equal to the table.
 * @source: Where that is.
 * @every: Seconds from one time to the next; 0: once.
 */
struct options {
	struct tunnel tunnel;
	struct source source;
	uint32_t every;
};

/** fail() - say what went wrong, on one line whatever is in it; returns REFUSED */
int fail(const char *fmt, ...)
{
	char line[400];
	va_list ap;
	char *c;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (c = line; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	fflush(stdout);
	fprintf(stderr, "ftcphosts: %s\n", line);
	return REFUSED;
}

#define misused(...) (fail(__VA_ARGS__), USAGE)

/* Get the table, if it is another one; what cannot be had, or read, changes nothing. */
static int get(struct options *o, struct table *table)
{
	struct buffer answer;
	struct table new;
	bool changed;
	int code = fetch(&o->source, &answer, &changed);

	if (!code && changed) {
		code = table_parse(&answer, o->source.shown, &new);
		if (!code) {
			table_free(table);
			*table = new;
		} else {
			free(o->source.etag);
			o->source.etag = NULL;
		}
	}
	free(answer.data);
	return code;
}

/* Not all hosts at the same moment */
static uint32_t jitter(uint32_t seconds)
{
	return seconds * 900 + arc4random_uniform(seconds * 200 + 1);
}

/* Milliseconds until the next time, after so many failures in a row; @most seconds, also
 * where the server would be left alone for longer: it was somebody else's error, perhaps.
 */
static uint32_t pause_after(const struct options *o, unsigned int failures,
			    uint32_t most)
{
	uint32_t wait = o->every < BACK_OFF_FIRST ? o->every : BACK_OFF_FIRST;
	unsigned int i;

	if (!failures)
		return jitter(o->every);
	for (i = 1; i < failures && wait < most; i++)
		wait *= 2;
	if (wait < o->source.retry_after)
		wait = o->source.retry_after;
	return jitter(wait < most ? wait : most);
}

/* SIGHUP is waited for */
static void hold_hangups(sigset_t *hangup)
{
	sigemptyset(hangup);
	sigaddset(hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, hangup, NULL);
}

static void keep_equal(struct options *o, const sigset_t *hangup)
{
	unsigned int failures = 0;
	struct table table = {};
	struct timespec wait;
	uint32_t ms, most;
	int code;

	o->tunnel.patience = 2 * o->source.timeout;
	for (;;) {
		/* What ftcpctl refuses is no reason to spare the server. */
		most = o->every;
		code = get(o, &table);
		if (code)
			most *= BACK_OFF_MAX;
		else
			code = apply(&o->tunnel, &table);
		failures = code ? failures + 1 : 0;
		ms = pause_after(o, failures, most);
		wait.tv_sec = (time_t)(ms / 1000);
		wait.tv_nsec = (long)(ms % 1000 * 1000000);
		sigtimedwait(hangup, NULL, &wait);
	}
}

static int parse_seconds(const char *word, const char *text, uint32_t *out)
{
	if (!scan_u32(text, out) || !*out || *out > EVERY_MAX)
		return misused("%s: \"%s\": expected 1 to %d seconds", word,
			       text, EVERY_MAX);
	return DONE;
}

/* The value of the word at @argv, if that is the one */
static const char *value_of(const char *word, char ***argv)
{
	if (strcmp(word, **argv) || !(*argv)[1])
		return NULL;
	return *++*argv;
}

static int parse_option(struct options *o, char ***argv)
{
	const char *value;

	if (!strcmp(**argv, "--dry-run")) {
		o->tunnel.dry_run = true;
	} else if ((value = value_of("--ca-file", argv))) {
		o->source.ca_file = value;
	} else if ((value = value_of("--timeout", argv))) {
		return parse_seconds("--timeout", value, &o->source.timeout);
	} else if (!strcmp(**argv, "--every")) {
		o->every = EVERY_DEFAULT;
		value = (*argv)[1];
		if (value && !value[strspn(value, "0123456789")])
			return parse_seconds("--every", *++*argv, &o->every);
	} else if ((value = value_of("tunnel", argv))) {
		o->tunnel.name = value;
	} else if ((value = value_of("dev", argv))) {
		o->tunnel.link = value;
	} else if (**argv[0] == '-' || o->source.name) {
		return misused(
			"\"%s\": unknown word, or its argument is missing (see ftcphosts --help)",
			**argv);
	} else {
		o->source.name = **argv;
	}
	return DONE;
}

/* What is said of a source: not what it takes to be let in */
static char *shown(const char *name)
{
	const char *host = strstr(name, "://"), *p;
	const char *end;

	if (!host)
		return format("%s", name);
	host += 3;
	end = host + strcspn(host, "/?#");
	for (p = end; p > host && p[-1] != '@'; p--)
		;
	return format("%.*s%s", (int)(host - name), name, p);
}

/* Is all there? */
static int check(struct options *o)
{
	struct source *s = &o->source;

	if (!o->tunnel.name || !o->tunnel.link || !s->name)
		return misused("%s is missing (see ftcphosts --help)",
			       !o->tunnel.name ? "tunnel" :
			       !o->tunnel.link ? "dev" :
						 "FILE or URL");
	s->shown = shown(s->name);
	s->is_url = strstr(s->name, "://");
	if (s->is_url && strncasecmp(s->name, "https:", 6) &&
	    strncasecmp(s->name, "http:", 5))
		return misused("%s: expected a file, https://... or http://...",
			       s->shown);
	return DONE;
}

int main(int argc, char **argv)
{
	struct options o = { .source.timeout = TIMEOUT_DEFAULT };
	struct table table = {};
	sigset_t hangup;
	int code = DONE;

	for (argv++; !code && argc > 1 && *argv; argv++) {
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-h"))
			return fputs(help, stdout) < 0 || fflush(stdout);
		if (!strcmp(*argv, "--version") || !strcmp(*argv, "-V"))
			return puts("ftcphosts " TOOLS_VERSION) < 0;
		code = parse_option(&o, &argv);
	}
	code = code ?: check(&o);
	if (code) {
		free(o.source.shown);
		return code;
	}
	/* before there are threads, and before it counts as started */
	signal(SIGPIPE, SIG_IGN);
	if (o.every)
		hold_hangups(&hangup);
	/* Every name has its turn again, and one that fails does not stop the others */
	setenv("FTCP_RESOLVE_RETRIES", "0", false);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (o.every)
		keep_equal(&o, &hangup);
	code = get(&o, &table) ?: apply(&o.tunnel, &table);
	table_free(&table);
	free(o.source.etag);
	free(o.source.shown);
	return code;
}
