// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of the host that have to be others: it has to forward.
 *
 * An interface that has its addresses and its default route from router
 * advertisements would lose them as soon as the host forwards IPv6.  It is told
 * to go on to listen before that (accept_ra 2), whatever its name is and however
 * many there are.
 */
#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define IPV6_CONF "net/ipv6/conf"
#define PATH_SIZE 160

static FILE *setting_open(const char *name, const char *mode)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return fopen(path, mode);
}

static int setting_read(const char *name, char *value, int size)
{
	FILE *file = setting_open(name, "re");
	char *line;

	if (!file)
		return -1;
	line = fgets(value, size, file);
	fclose(file);
	if (!line)
		return -1;
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

/** setting_write() - change the one of that path; 0, or -1 and errno */
int setting_write(const char *name, const char *value)
{
	FILE *file = setting_open(name, "we");

	if (!file)
		return -1;
	fputs(value, file);
	return fclose(file); /* which is when it is written */
}

/** setting_is_off() - whether one is there, and 0 */
bool setting_is_off(const char *name)
{
	char value[16];

	return !setting_read(name, value, sizeof(value)) && !strcmp(value, "0");
}

/** setting_is_ours() - whether settings_plan() may have named it */
bool setting_is_ours(const char *name)
{
	const char *end;

	if (!strcmp(name, IPV4_FORWARD) || !strcmp(name, IPV6_FORWARD))
		return true;
	if (strncmp(name, IPV6_CONF "/", strlen(IPV6_CONF "/")) != 0)
		return false;
	name += strlen(IPV6_CONF "/");
	end = strchr(name, '/');
	return end && !strcmp(end, "/accept_ra") &&
	       strncmp(name, "../", 3) != 0;
}

/* One that is not there, or has the value already, is not to be changed. */
static void add(struct setting ***tail, const char *name, const char *value)
{
	struct setting *s;
	char old[16];

	if (setting_read(name, old, sizeof(old)) || !strcmp(old, value))
		return;
	s = calloc(1, sizeof(*s));
	if (!s || !(s->name = strdup(name)))
		die("out of memory");
	memcpy(s->old, old, sizeof(old));
	s->value = value;
	**tail = s;
	*tail = &s->next;
}

static void keep_advertisements(struct setting ***tail, const char *tun)
{
	DIR *dir = opendir("/proc/sys/" IPV6_CONF);
	char name[PATH_SIZE], old[16];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") ||
		    !strcmp(entry->d_name, "all") ||
		    !strcmp(entry->d_name, "default") ||
		    !strcmp(entry->d_name, "lo") || !strcmp(entry->d_name, tun))
			continue;
		snprintf(name, sizeof(name), IPV6_CONF "/%.32s/accept_ra",
			 entry->d_name);
		if (!setting_read(name, old, sizeof(old)) && !strcmp(old, "1"))
			add(tail, name, "2");
	}
	if (dir)
		closedir(dir);
}

/**
 * settings_plan() - what has to be changed for the host to forward
 * @v6: whether IPv6 has to be forwarded
 * @tun: ftcptun's own device, which hears no router
 *
 * Return: a list in the order in which to do it; NULL: nothing.
 */
struct setting *settings_plan(bool v6, const char *tun)
{
	struct setting *list = NULL, **tail = &list;
	char value[16];

	add(&tail, IPV4_FORWARD, "1");
	if (v6 && !setting_read(IPV6_FORWARD, value, sizeof(value)) &&
	    strcmp(value, "1")) {
		keep_advertisements(&tail, tun);
		add(&tail, IPV6_FORWARD, "1");
	}
	return list;
}

/**
 * settings_apply() - change them
 * @list: what settings_plan() has found
 *
 * An interface may have gone meanwhile.  Explains and exits if the host does
 * not forward afterwards.
 */
void settings_apply(const struct setting *list)
{
	for (; list; list = list->next) {
		if (setting_write(list->name, list->value) && errno != ENOENT)
			die("--auto-rules: cannot set %s to %s: %s", list->name,
			    list->value, strerror(errno));
	}
}

/** settings_free() - release a list */
void settings_free(struct setting *list)
{
	struct setting *next;

	for (; list; list = next) {
		next = list->next;
		free(list->name);
		free(list);
	}
}
