// SPDX-License-Identifier: GPL-2.0
/*
 * -n NETNS: work in a network namespace that ip-netns(8) has named
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "ftcpctl.h"

/* Names are looked up as ip-netns(8) says, with the files of the namespace */
static int bind_etc(const char *name)
{
	char dir[PATH_MAX], from[2 * PATH_MAX], to[PATH_MAX];
	struct dirent *entry;
	DIR *d;

	snprintf(dir, sizeof(dir), "/etc/netns/%s", name);
	d = opendir(dir);
	if (!d)
		return DONE;
	if (unshare(CLONE_NEWNS) ||
	    mount("", "/", "none", MS_SLAVE | MS_REC, NULL)) {
		closedir(d);
		return refused("-n: \"%s\": %s: %s", name, dir,
			       strerror(errno));
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(from, sizeof(from), "%s/%s", dir, entry->d_name);
		snprintf(to, sizeof(to), "/etc/%s", entry->d_name);
		if (mount(from, to, "none", MS_BIND, NULL))
			note("%s: %s", to, strerror(errno));
	}
	closedir(d);
	return DONE;
}

/** netns_enter() - go to the network namespace of this name, or at this path */
int netns_enter(const char *name)
{
	bool is_path = strchr(name, '/');
	char path[PATH_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s%s", is_path ? "" : "/run/netns/",
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refused("-n: \"%s\": %s", name, strerror(errno));
	err = setns(fd, CLONE_NEWNET) ? errno : 0;
	close(fd);
	if (err)
		return refused("-n: \"%s\": %s", name,
			       err == EINVAL ? "not a network namespace" :
					       strerror(err));
	return is_path ? DONE : bind_etc(name);
}
