// SPDX-License-Identifier: GPL-2.0
/*
 * --complete WORD...: what may come next, one a line, for the shell
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"

static int print_links(void)
{
	struct if_nameindex *list = if_nameindex(), *i;

	for (i = list; i && i->if_index; i++)
		puts(i->if_name);
	if (list)
		if_freenameindex(list);
	return DONE;
}

static int print_tunnels(void)
{
	struct filter all = { .quiet = true };
	struct list l;
	size_t i;

	ipc_list(FAKETCP_CMD_TUNNEL_GET, &all, &l);
	for (i = 0; i < l.n; i++)
		puts(object_text(&l.array[i], FTCP_A_TUNNEL));
	list_free(&l);
	return DONE;
}

/* After a verb and its object */
static int complete_words(const struct verb *v, int argc, char **argv)
{
	bool given[WORDS] = {};
	struct word words[WORDS];
	size_t i, n;

	n = verb_words(v, words);
	if (v->name && !argc)
		return v->name == FTCP_A_TUNNEL && strcmp(v->verb, "add") ?
			       print_tunnels() :
			       DONE;
	for (i = !!v->name; i < (size_t)argc; i++) {
		size_t w = 0;

		while (w < n && strcmp(words[w].name, argv[i]))
			w++;
		if (w == n)
			continue;
		given[words[w].id] = true;
		if (words[w].kind == FLAG || ++i < (size_t)argc)
			continue;
		if (words[w].id == FTCP_A_IFINDEX)
			return print_links();
		if (words[w].id == FTCP_A_TUNNEL)
			return print_tunnels();
		print_values(v->of, words[w].id);
		return DONE;
	}
	for (i = 0; i < n; i++)
		if (!given[words[i].id])
			puts(words[i].name);
	return DONE;
}

/**
 * complete() - say what may come next
 * @argc: how many words there are before
 * @argv: these
 *
 * Return: DONE.
 */
int complete(int argc, char **argv)
{
	const struct verb *const *v;

	/* What comes before the command */
	for (; argc && argv[0][0] == '-'; argc--, argv++)
		if (argc > 1 && strcmp(argv[0], "-force"))
			argc--, argv++;
	for (v = verbs; *v; v++) {
		bool object = (*v)->object;

		if (!argc) {
			if (v == verbs || strcmp(v[0]->verb, v[-1]->verb))
				puts((*v)->verb);
			continue;
		}
		if (strcmp(argv[0], (*v)->verb))
			continue;
		if (object && argc == 1)
			puts((*v)->object);
		else if (!object || !strcmp(argv[1], (*v)->object))
			return complete_words(*v, argc - 1 - object,
					      argv + 1 + object);
	}
	return DONE;
}
