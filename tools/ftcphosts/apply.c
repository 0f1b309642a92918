// SPDX-License-Identifier: GPL-2.0
/*
 * Make the peers of a tunnel equal to a table: read them, and change what differs, all
 * by ftcpctl.
 */
#include "ftcphosts.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What ftcpctl says of so many peers as fit a table is less. */
#define SHOWN_MAX (256 << 20)

/* What is running, for the clock that ends it */
static volatile pid_t running;

/* Seconds for names that nobody has looked up yet; the others wait their turn. */
#define LOOK_UP_MAX 60

extern char **environ;

/** struct changes - The commands that make the difference. */
struct changes {
	struct buffer commands;
	size_t added;
	size_t changed;
	size_t deleted;
};

/* Run ftcpctl with a descriptor in place of its standard input or output */
static pid_t spawn(const char *const *words, int fd, int instead_of)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, ignored;
	pid_t pid;
	int err;

	/* ours are blocked while the service runs, or ignored */
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &ignored);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, instead_of);
	err = posix_spawnp(&pid, words[0], &actions, &attr, (char **)words,
			   environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (!err)
		return pid;
	fail("%s: %s", words[0], strerror(err));
	return -1;
}

static void too_late(int sig)
{
	kill(running, SIGKILL);
}

/* From now on ftcpctl may take so many seconds, if it is not @pid 0: a service must not
 * wait for it forever.
 */
static void set_clock(const struct tunnel *t, pid_t pid)
{
	const struct sigaction action = { .sa_handler = too_late };

	alarm(0);
	running = pid;
	if (pid > 0 && t->patience) {
		sigaction(SIGALRM, &action, NULL);
		alarm(t->patience);
	}
}

/* What has gone wrong it has said itself, unless it was killed.  Its number is its own
 * until the clock is off.
 */
static int wait_for(const struct tunnel *t, pid_t pid)
{
	siginfo_t info;
	int status, err;

	do {
		err = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	} while (err && errno == EINTR);
	set_clock(t, 0);
	if (err || waitpid(pid, &status, 0) < 0)
		return fail("ftcpctl: %s", strerror(errno));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && t->patience)
		return fail("ftcpctl: killed, after %u s if not by others",
			    t->patience);
	if (WIFSIGNALED(status))
		return fail("ftcpctl: killed by signal %d", WTERMSIG(status));
	return status ? REFUSED : DONE;
}

static int show(const struct tunnel *t, const char *what, struct buffer *out)
{
	const char *const words[] = { "ftcpctl", "show",   what,
				      "tunnel",	 t->name,  "dev",
				      t->link,	 "--json", NULL };
	int fds[2], code = DONE;
	pid_t pid;

	*out = (struct buffer){ .max = SHOWN_MAX };
	if (pipe2(fds, O_CLOEXEC))
		return fail("a pipe: %s", strerror(errno));
	pid = spawn(words, fds[1], STDOUT_FILENO);
	set_clock(t, pid);
	close(fds[1]);
	if (pid > 0 && !buffer_read(out, fds[0]))
		code = fail("ftcpctl: what it shows cannot be read");
	close(fds[0]);
	return pid < 0 ? REFUSED : wait_for(t, pid) ?: code;
}

/* Other tunnels have peers that they cannot do without. */
static int check_mode(const struct tunnel *t)
{
	struct buffer text;
	int code = show(t, "tunnels", &text);

	if (!code && !strstr(text.data, "\"mode\":\"ip\"") &&
	    !strstr(text.data, "\"mode\":\"routed\""))
		code = fail(
			"tunnel %s dev %s: its peers are not to be chosen: it is neither ip nor routed",
			t->name, t->link);
	free(text.data);
	return code;
}

static int read_present(const struct tunnel *t, struct table *out)
{
	struct buffer text;
	int code = check_mode(t);

	if (code)
		return code;
	code = show(t, "peers", &text) ?: table_parse_shown(&text, out);
	free(text.data);
	return code;
}

/* All at once: it goes on when a command fails, and when we are killed. */
static int run(const struct tunnel *t, const struct buffer *commands)
{
	static const char *const words[] = { "ftcpctl", "-force", "-batch", "-",
					     NULL };
	int fd = memfd_create("commands", MFD_CLOEXEC), code = REFUSED;
	size_t done = 0;
	ssize_t n = 0;
	pid_t pid;

	for (; fd >= 0 && done < commands->len; done += (size_t)n) {
		n = write(fd, commands->data + done, commands->len - done);
		if (n < 0)
			break;
	}
	if (fd < 0 || n < 0 || lseek(fd, 0, SEEK_SET))
		return fail("the commands: %s", strerror(errno));
	pid = spawn(words, fd, STDIN_FILENO);
	set_clock(t, pid);
	if (pid > 0)
		code = wait_for(t, pid);
	close(fd);
	return code;
}

static void add(struct buffer *b, char *text)
{
	buffer_add(b, text, strlen(text));
	free(text);
}

/* The names may be others than those in tables: what ftcpctl would not take for a part
 * of a word is quoted.
 */
static void add_name(struct buffer *b, const char *name)
{
	const char *quote;

	for (; *name; name++) {
		quote = strchr("'\\#", *name) ? "\"" : *name == '"' ? "'" : "";
		buffer_add(b, quote, strlen(quote));
		buffer_add(b, name, 1);
		buffer_add(b, quote, strlen(quote));
	}
}

/* A command's beginning */
static void add_command(struct buffer *b, const char *verb, const char *name,
			const struct tunnel *t)
{
	add(b, format("%s peer ", verb));
	add_name(b, name);
	add(b, format(" tunnel "));
	add_name(b, t->name);
	add(b, format(" dev "));
	add_name(b, t->link);
}

static void set_peer(const struct tunnel *t, const struct peer *p,
		     const struct peer *present, struct changes *c)
{
	struct buffer *b = &c->commands;

	add_command(b, "set", p->name, t);
	if (!present || strcmp(present->endpoint, p->endpoint))
		add(b, format(" endpoint %s", p->endpoint));
	if (!present || strcmp(present->allowed, p->allowed))
		add(b, format(" allowed-ips %s", p->allowed));
	/* which not every mode has */
	if (present ? present->persistent != p->persistent : p->persistent)
		add(b, format(" persistent %s", p->persistent ? "on" : "off"));
	buffer_add(b, "\n", 1);
	*(present ? &c->changed : &c->added) += 1;
}

static bool same_peer(const struct peer *a, const struct peer *b)
{
	return a && !strcmp(a->endpoint, b->endpoint) &&
	       !strcmp(a->allowed, b->allowed) &&
	       a->persistent == b->persistent;
}

/* Seconds, whatever is done to the clock of the host meanwhile */
static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * Ranges move to the peers that have them now, so those that go are deleted last.  A
 * peer whose name nobody knows stays as it was.  Those that had to wait have their turn
 * first the next time, or names that take long would be all that is ever looked up.
 */
static int compare(const struct tunnel *t, struct table *wanted,
		   const struct table *present, struct changes *c)
{
	static size_t turn;
	time_t end = seconds() + LOOK_UP_MAX;
	size_t i, first = turn, late = 0;
	const struct peer *old;
	struct peer *p;
	int code = DONE;

	for (turn = i = 0; i < wanted->n; i++) {
		p = &wanted->peers[(first + i) % wanted->n];
		old = table_find(present, p->name);
		if (p->own || same_peer(old, p))
			continue;
		if (own_is_name(p->endpoint) && seconds() > end) {
			turn = late++ ? turn : (size_t)(p - wanted->peers);
			continue;
		}
		if (own_look_up(p->endpoint, &p->own))
			code = REFUSED;
		else if (!p->own)
			set_peer(t, p, old, c);
	}
	for (i = 0; i < present->n; i++) {
		old = table_find(wanted, present->peers[i].name);
		if (old && !old->own)
			continue;
		add_command(&c->commands, "del", present->peers[i].name, t);
		buffer_add(&c->commands, "\n", 1);
		c->deleted++;
	}
	return late ? fail("looking up names takes too long: %zu peers wait",
			   late) :
		      code;
}

/** apply() - make the peers of a tunnel those that are @wanted, but for this host */
int apply(const struct tunnel *t, struct table *wanted)
{
	struct changes c = { .commands.max = SIZE_MAX };
	struct table present = {};
	int code = own_find(wanted);

	code = code ?: read_present(t, &present);
	if (code)
		return code;
	code = compare(t, wanted, &present, &c);
	if (c.commands.len && t->dry_run)
		fwrite(c.commands.data, 1, c.commands.len, stdout);
	else if (c.commands.len && run(t, &c.commands))
		code = REFUSED;
	else if (c.commands.len)
		printf("tunnel %s dev %s: peers: %zu added, %zu changed, %zu deleted\n",
		       t->name, t->link, c.added, c.changed, c.deleted);
	free(c.commands.data);
	table_free(&present);
	return fflush(stdout) ? REFUSED : code;
}
