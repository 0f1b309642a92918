// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol of sd_notify(3): a datagram to the socket that the environment
 * names, and nothing at all where it names none.  It is small and promised to
 * stay as it is, so libsystemd is not needed for it.
 */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/**
 * notify() - send a state to the service manager, if there is one
 * @state: lines of assignments, such as "READY=1"
 */
void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, len);
	if (*path == '@') /* an abstract name */
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		   (struct sockaddr *)&sun,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) <
	    0)
		len = 0; /* nobody to tell */
	close(fd);
}
