// SPDX-License-Identifier: GPL-2.0
/*
 * --complete WORD...: what may come next, one a line, for the shell
 */
#include <net/if.h>

#include "netlink.h"

static void print_links(void)
{
	struct if_nameindex *list = if_nameindex(), *i;

	for (i = list; i && i->if_index; i++)
		puts(i->if_name);
	if (list)
		if_freenameindex(list);
}

static void print_tunnels(void)
{
	struct filter all = { .quiet = true };
	struct list l;
	size_t i;

	ipc_list(FAKETCP_CMD_TUNNEL_GET, &all, &l);
	for (i = 0; i < l.n; i++)
		puts(object_text(&l.array[i], FTCP_A_TUNNEL));
	list_free(&l);
}

/* After a verb and its object */
static void complete_words(const struct verb *v, int argc, char **argv)
{
	struct word words[WORDS];
	const struct word *w;
	bool given[WORDS] = {};
	int i;

	verb_words(v, words);
	if (v->name && !argc) {
		if (v->name == FTCP_A_TUNNEL && strcmp(v->verb, "add"))
			print_tunnels();
		return;
	}
	for (i = !!v->name; i < argc; i++) {
		w = find_word(words, argv[i]);
		if (!w)
			continue;
		given[w->id] = true;
		if (w->kind == FLAG || ++i < argc)
			continue;
		if (w->id == FTCP_A_IFINDEX)
			print_links();
		else if (w->id == FTCP_A_TUNNEL)
			print_tunnels();
		else
			print_values(v->of, w->id);
		return;
	}
	for (w = words; w->name; w++)
		if (!given[w->id])
			puts(w->name);
}

/** complete() - say what may come behind these words */
void complete(int argc, char **argv)
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
			complete_words(*v, argc - 1 - object,
				       argv + 1 + object);
	}
}
