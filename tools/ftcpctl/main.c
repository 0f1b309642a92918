// SPDX-License-Identifier: GPL-2.0
/*
 * ftcpctl - configures faketcp links.
 *
 * A command is a verb, mostly an object, and words that each take a value.
 * What changes tunnels, peers and flows is in change.c, every other verb in a file
 * of its own; ipc.c speaks generic netlink, rtnl.c and link.c rtnetlink, and nothing
 * else does.
 */
#include <errno.h>
#include <locale.h>

#include "../version.h"
#include "attr.h"

/* There if the module is loaded */
#define MODULE_VERSION "/sys/module/faketcp/version"

const struct verb *const verbs[] = {
	&add_tunnel, &add_rules, &set_tunnel, &set_peer, &del_tunnel,
	&del_peer,   &del_flow,	 &del_rules,  &del_link, &show,
	&top,	     &monitor,	 &apply,      &save,	 &resolve_names,
	&example,    &doctor,	 NULL,
};

static void complain(const char *prefix, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "ftcpctl: %s%s", batch_line, prefix);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

/** fail() - say on one line what went wrong; returns @code */
int fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain("", fmt, ap);
	va_end(ap);
	return code;
}

/** wrong() - say what is wrong with @text, given for @word; returns USAGE */
int wrong(const char *word, const char *text, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return misused("%s: \"%s\": %s", word, text, why);
}

/** note() - say on one line what the user did not ask for but should know */
void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain("note: ", fmt, ap);
	va_end(ap);
}

/**
 * grow() - make room in an @array, perhaps elsewhere, for element @n of @size
 * bytes, if it has no more than @room
 */
void *grow(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 16;
	array = reallocarray(array, *room, size);
	if (!array)
		exit(refused("out of memory"));
	return array;
}

static void print_synopsis(FILE *f, const struct verb *v)
{
	const char *line = v->synopsis, *end;

	/* A line that begins with a blank continues the one above */
	for (; (end = strchr(line, '\n')); line = end + 1) {
		if (line[0] != ' ')
			fprintf(f, "  ftcpctl %s%s%s ", v->verb,
				v->object ? " " : "", v->object ?: "");
		fprintf(f, "%.*s\n", (int)(end - line), line);
	}
}

/* Every command, or those of one verb */
static void print_usage(FILE *f, const char *verb)
{
	size_t i;

	fputs("Usage:\n", f);
	for (i = 0; verbs[i]; i++)
		if (!verb || !strcmp(verb, verbs[i]->verb))
			print_synopsis(f, verbs[i]);
	if (!verb || strcmp(verb, "del")) { /* which takes none of them */
		fputs("\nOptions of a tunnel:\n", f);
		print_option_help(f);
	}
	fputs("\n`ftcpctl VERB OBJECT --help` says more; so does ftcpctl(8).\n"
	      "-4 and -6, anywhere, choose the address family that a host name resolves to.\n"
	      "Before the command, `-n NETNS` runs it in that network namespace; in place of\n"
	      "one, `-batch FILE [-force]` runs those in the file (-: standard input).\n"
	      "`ftcpctl --version` prints the versions of ftcpctl and of the loaded module.\n",
	      f);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") ||
	       !strcmp(word, "help");
}

static int print_version(void)
{
	FILE *f = fopen(MODULE_VERSION, "r");
	char module[32];

	puts("ftcpctl " TOOLS_VERSION);
	if (f && fgets(module, sizeof(module), f))
		printf("module %s", module);
	if (f)
		fclose(f);
	return DONE;
}

static int print_help(const struct verb *v)
{
	fputs("Usage:\n", stdout);
	print_synopsis(stdout, v);
	printf("\n%s", v->help);
	if (v->options)
		print_option_help(stdout);
	return DONE;
}

/* The link, if the verb needs one and none is named */
static int find_link(const struct verb *v, const char **given)
{
	const struct word *dev = find_word(v->words, "dev");

	if (!dev || dev->kind != LINK || given[FTCP_A_IFINDEX])
		return DONE;
	return link_default(v == &add_tunnel, &given[FTCP_A_IFINDEX]);
}

static int run(const struct verb *v, int argc, char **argv)
{
	const char *given[WORDS] = {};
	int code, i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return print_help(v);
	code = parse_args(v, argc, argv, given);
	if (!code && v->check)
		code = v->check(given);
	code = code ?: find_link(v, given);
	if (code)
		return code;
	return v->run ? v->run(given) : request(v, given);
}

/* The objects that a verb takes, for an error message */
static const char *objects_of(const char *verb)
{
	static char list[64];
	size_t i;

	list[0] = '\0';
	for (i = 0; verbs[i]; i++) {
		if (strcmp(verb, verbs[i]->verb) || !verbs[i]->object)
			continue;
		if (list[0])
			strcat(list, ", ");
		strcat(list, verbs[i]->object);
	}
	return list;
}

static int dispatch(int argc, char **argv)
{
	const char *hint = "";
	bool known = false;
	size_t i;

	for (i = 0; verbs[i]; i++) {
		const struct verb *v = verbs[i];

		if (strcmp(argv[0], v->verb))
			continue;
		known = true;
		if (!v->object)
			return run(v, argc - 1, argv + 1);
		if (argc > 1 && !strcmp(argv[1], v->object))
			return run(v, argc - 2, argv + 2);
	}
	if (!known)
		return misused("\"%s\": unknown command (see ftcpctl --help)",
			       argv[0]);
	if (argc < 2)
		return misused("%s: expected one of %s", argv[0],
			       objects_of(argv[0]));
	if (is_help(argv[1])) {
		print_usage(stdout, argv[0]);
		return DONE;
	}
	if (!strcmp(argv[0], "add") && !strcmp(argv[1], "peer"))
		hint = " (set peer adds one)";
	return wrong(argv[0], argv[1], "expected one of %s%s",
		     objects_of(argv[0]), hint);
}

/* One command; -4 and -6 may stand anywhere in it */
static int command(int argc, char **argv)
{
	int i, n = 0;

	for (i = 0; i < argc; i++)
		if (!address_family_option(argv[i]))
			argv[n++] = argv[i];
	if (!n) {
		print_usage(stderr, NULL);
		return USAGE;
	}
	if (is_help(argv[0])) {
		print_usage(stdout, NULL);
		return DONE;
	}
	if (!strcmp(argv[0], "--complete")) {
		complete(n - 1, argv + 1);
		return DONE;
	}
	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V"))
		return print_version();
	return dispatch(n, argv);
}

static bool is_option(const char *word, const char *brief, const char *full)
{
	return !strcmp(word, brief) || !strcmp(word, full);
}

/* What comes before the command, in iproute2's manner; then the command */
static int run_all(int argc, char **argv)
{
	const char *batch = NULL, *netns = NULL, **value;
	bool force = false;
	int code;

	for (; argc; argc--, argv++) {
		if (address_family_option(argv[0]))
			continue;
		if (!strcmp(argv[0], "-force")) {
			force = true;
			continue;
		}
		if (is_option(argv[0], "-n", "-netns"))
			value = &netns;
		else if (is_option(argv[0], "-b", "-batch"))
			value = &batch;
		else
			break;
		if (argc < 2)
			return misused("%s: its argument is missing", argv[0]);
		*value = argv[1];
		argc--;
		argv++;
	}
	if (batch && argc)
		return misused("\"%s\": -batch takes commands from its file",
			       argv[0]);
	if (force && !batch)
		return misused("-force: needs -batch");
	code = netns ? netns_enter(netns) : DONE;
	if (code)
		return code;
	return batch ? batch_run("-batch", batch, force, command) :
		       command(argc, argv);
}

int main(int argc, char **argv)
{
	int code;

	setlocale(LC_CTYPE, "C.UTF-8");
	code = run_all(argc ? argc - 1 : 0, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		return refused("standard output: %s", strerror(errno));
	return code;
}
