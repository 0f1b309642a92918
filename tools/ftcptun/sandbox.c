// SPDX-License-Identifier: GPL-2.0
/*
 * Giving up what is not needed.
 *
 * There are two processes.  The first one, the monitor (monitor.c), keeps what
 * takes the rules and settings away and what configures the device:
 * CAP_NET_ADMIN, and what it takes to start and to end processes of another
 * user.  It reads nothing that comes from the network.
 *
 * The worker process (engine.c), which does, has an uid of its own, no capability,
 * an empty root directory and a filter of system calls, by which it can open no
 * file at all, run no program, and have no sockets but for UDP.  What it
 * needs it was given open.  Those that look names up (lookup.c) have the uid,
 * but the host's files, as a resolver needs them.
 *
 * Without root's privileges, as with the file capability CAP_NET_ADMIN, there can be
 * no other uid; the empty root then takes a user namespace, where the host
 * allows that.  What cannot be had is told, and done without.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

#define USER_OWN "ftcptun" /* if there is one of that name */
#define USER_OTHER "nobody"
#define UID_NOBODY 65534
#define STACK 65536

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* With them a process is no longer one that its sanitizers can look into. */
#ifdef __SANITIZE_ADDRESS__
static const bool closed;
#else
static const bool closed = true;
#endif

/**
 * sandbox_find_user() - whom the worker process is to run as
 * @user: the result
 * @name: what the command line says; NULL: the usual one
 *
 * Explains and exits if there is no such user.
 */
void sandbox_find_user(struct sandbox_user *user, const char *name)
{
	struct passwd *pw = getpwnam(name ? name : USER_OWN);

	*user = (struct sandbox_user){ UID_NOBODY, UID_NOBODY };
	if (!pw && name)
		die("--user %s: no such user", name);
	if (!pw)
		pw = getpwnam(USER_OTHER);
	if (pw)
		*user = (struct sandbox_user){ pw->pw_uid, pw->pw_gid };
	if (!user->uid)
		die("--user %s: that is root", name ? name : pw->pw_name);
}

static void no_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("cannot set no_new_privs: %s", strerror(errno));
}

/* Before anything is asked of them: what there was by chance would be kept. */
static void read_capabilities(void)
{
	if (capng_get_caps_process())
		die("cannot read the capabilities: %s", strerror(errno));
}

static bool may(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability);
}

/* Have these, of those that there are, and no others.  The bounding set does not
 * matter to who runs no other program and gets no new privileges.
 */
static void keep(const unsigned int *capability, unsigned int n)
{
	unsigned int kept = 0, i;

	read_capabilities();
	for (i = 0; i < n; i++) {
		if (capng_have_capability(CAPNG_PERMITTED, capability[i]))
			kept |= 1u << i;
	}
	capng_clear(CAPNG_SELECT_CAPS);
	for (i = 0; i < n; i++) {
		if (kept & 1u << i)
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     capability[i]);
	}
	if (capng_apply(CAPNG_SELECT_CAPS))
		die("cannot drop capabilities: %s", strerror(errno));
}

/** sandbox_monitor() - what the monitor goes on with, when all is set up */
void sandbox_monitor(void)
{
	static const unsigned int needed[] = {
		CAP_NET_ADMIN, /* rules, settings, the device's addresses */
		CAP_SETUID, CAP_SETGID, /* of those that look names up */
		CAP_KILL, /* those that have another uid */
	};

	keep(needed, sizeof(needed) / sizeof(*needed));
	no_new_privileges();
}

/** sandbox_become() - be another user without any capability, if one may */
void sandbox_become(const struct sandbox_user *user)
{
	read_capabilities();
	if (closed && may(CAP_SETUID) && may(CAP_SETGID)) {
		capng_clear(CAPNG_SELECT_CAPS);
		if (capng_change_id((int)user->uid, (int)user->gid,
				    CAPNG_DROP_SUPP_GRP))
			die("cannot become user %u: %s", user->uid,
			    strerror(errno));
	} else if (closed && !geteuid()) {
		say(LOG_NOTICE,
		    "without CAP_SETUID and CAP_SETGID the worker process stays root's");
	}
	keep(NULL, 0);
	no_new_privileges();
}

static int enter_own_directory(void *error)
{
	if (chroot("/proc/self/fdinfo") || chdir("/"))
		*(int *)error = errno;
	return 0;
}

/* There is an empty directory on every machine, and nobody can ever put anything
 * into it: that of a process which has ended.  A child that shares the root
 * directory with us goes to its own, and ends.  Returns 0, or an error.
 */
static int empty_root(void)
{
	static char stack[STACK] __attribute__((aligned(16)));
	int *error, failed;
	pid_t child;

	error = mmap(NULL, sizeof(*error), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (error == MAP_FAILED)
		return errno;
	child = clone(enter_own_directory, stack + STACK, CLONE_FS | SIGCHLD,
		      error);
	if (child < 0)
		*error = errno;
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	failed = *error;
	munmap(error, sizeof(*error));
	return failed;
}

/**
 * sandbox_enter() - be another user, with nothing and nowhere
 * @user: whom
 * @parent: the monitor's process, whose end is our own
 *
 * Called before any other thread is started.  Who may not change the root
 * directory may do so as the owner of a user namespace, but then be nobody else
 * any more.
 */
void sandbox_enter(const struct sandbox_user *user, pid_t parent)
{
	int failed = EPERM;
	bool first;

	read_capabilities();
	first = may(CAP_SYS_CHROOT);
	if (closed && first)
		failed = empty_root();
	sandbox_become(user);
	if (closed && !first) {
		failed = unshare(CLONE_NEWUSER) ? errno : empty_root();
		keep(NULL, 0);
	}
	if (closed && failed)
		say(LOG_NOTICE,
		    "the worker process keeps the host's root directory: %s",
		    strerror(failed));
	if (closed)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	sandbox_die_with(parent);
}

/** sandbox_die_with() - end when the monitor, @parent, does */
void sandbox_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
}

#define CALL SCMP_SYS

/* What the threads do once they run, and what the C library does for them */
static const int allowed[] = {
	CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recvmsg),
	CALL(sendmsg), CALL(recvmmsg), CALL(sendmmsg), CALL(recvfrom),
	CALL(sendto), CALL(recv), CALL(send), CALL(connect), CALL(getsockopt),
	CALL(getsockname), CALL(close), CALL(fstat), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(epoll_pwait2), CALL(epoll_ctl), CALL(poll),
	CALL(ppoll), CALL(futex), CALL(sched_yield), CALL(clock_gettime),
	CALL(gettimeofday), CALL(brk), CALL(munmap), CALL(mremap),
	CALL(madvise), CALL(getrandom), CALL(getpid), CALL(gettid),
	CALL(rt_sigreturn), CALL(rt_sigprocmask), CALL(rt_sigaction),
	CALL(restart_syscall), CALL(exit), CALL(exit_group),
	/* of threads that have not begun yet */
	CALL(rseq), CALL(set_robust_list),
	/* of 32-bit machines */
	CALL(_llseek), CALL(fstat64), CALL(clock_gettime64), CALL(futex_time64),
	CALL(ppoll_time64), CALL(recvmmsg_time64),
};

/* What only somebody else would do here ends the process. */
static const int fatal[] = {
	CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(unshare),
	CALL(setns), CALL(mount), CALL(chroot), CALL(bpf), CALL(keyctl),
	CALL(io_uring_setup),
};

/* What udp_connect() asks of its sockets.  Raw ones (icmp.c) are there as well, and
 * stay as they are.
 */
static const int options[][2] = {
	{ SOL_SOCKET, SO_RCVBUF }, { SOL_SOCKET, SO_RCVBUFFORCE },
	{ SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_SNDBUFFORCE },
	{ IPPROTO_UDP, UDP_GRO },  { IPPROTO_IP, IP_RECVTOS },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS },
};

#define IS_INT(n, value) \
	SCMP_CMP(n, SCMP_CMP_MASKED_EQ, 0xffffffff, (scmp_datum_t)(value))
#define EXECUTABLE(n) \
	SCMP_CMP(n, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)
#define NOT_EXECUTABLE(n) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)
#define IS_DATAGRAM(n) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM)

/* Only what this architecture does not have may fail, and does not matter. */
static int add_rules(scmp_filter_ctx filter)
{
	static const int memory[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2),
				      SCMP_SYS(mprotect) };
	unsigned int i;
	int err = 0;

	for (i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		err |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		err |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, fatal[i],
					0);
	for (i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
		err |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 1,
					NOT_EXECUTABLE(2));
		err |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
					memory[i], 1, EXECUTABLE(2));
	}
	for (i = 0; i < 2; i++)
		err |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(socket), 3,
					IS_INT(0, i ? AF_INET6 : AF_INET),
					IS_DATAGRAM(1), IS_INT(2, 0));
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		err |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(setsockopt), 2,
					IS_INT(1, options[i][0]),
					IS_INT(2, options[i][1]));
	/* abort() */
	err |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				IS_INT(0, getpid()));
	return err;
}

/**
 * sandbox_filter() - refuse all system calls that are not needed
 *
 * For all threads that there are.  Those that a library might try without
 * need, as opening a file of messages, fail.
 */
void sandbox_filter(void)
{
	scmp_filter_ctx filter;
	int err = -ENOMEM;

	if (!closed)
		return;
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter)
		err = add_rules(filter);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_load(filter);
	if (err)
		say(LOG_NOTICE, "no filter of system calls: %s",
		    strerror(-err));
	seccomp_release(filter);
}
