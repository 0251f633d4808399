/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/seccomp_listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/message.h"

/*
 * Whoever has installed the filter may be unable to make even one system call
 * before somebody answers, and nobody can answer before the listener has left this
 * process. So a thread sends it that was made before: a filter holds for the
 * thread which installs it alone. The two meet in memory, without system calls on
 * this side; the other sleeps while it waits.
 */
#define LISTENER_WAITS (-1) /* not installed yet */
#define LISTENER_NONE  (-2) /* the kernel has refused the filter */

struct sender {
	int socket_fd;
	int listener_fd; /* what the sender waits for */
	int result;	 /* what the other waits for: 1, or a negative errno */
};

static int sender_deliver(const struct sender *sender, int fd)
{
	struct message message;
	int r = message_send(sender->socket_fd, MESSAGE_LISTENER, 0, NULL, fd);

	/* While it is open here, the kernel takes the agent for alive. */
	(void)close(fd);
	if (r >= 0)
		r = message_receive(sender->socket_fd, &message, NULL);
	if (r >= 0 && message.type != MESSAGE_GO)
		r = -ECONNRESET;
	return r < 0 ? r : 1;
}

static int sender_run(void *context)
{
	static const struct timespec while_waiting = { .tv_nsec = 20000 };
	struct sender *sender = context;
	int fd;

	while ((fd = __atomic_load_n(&sender->listener_fd, __ATOMIC_ACQUIRE)) == LISTENER_WAITS)
		(void)nanosleep(&while_waiting, NULL);
	if (fd >= 0)
		__atomic_store_n(&sender->result, sender_deliver(sender, fd), __ATOMIC_RELEASE);
	return 0;
}

static long filter_install(const struct sock_fprog *code, unsigned int flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, code);
}

/* There may be one process and no more (pids.limit). */
static int install_alone(const struct sock_fprog *code, unsigned int flags, int socket_fd)
{
	const struct sender sender = { .socket_fd = socket_fd };
	long fd = filter_install(code, flags);
	int r;

	if (fd < 0)
		return error_errno(errno, "linux.seccomp: the kernel refuses the filter");
	r = sender_deliver(&sender, (int)fd);
	return r < 0 ? error_errno(r, "linux.seccomp: cannot hand the listener over") : 0;
}

int seccomp_listener_install(
	const struct sock_fprog *code, unsigned int flags, int socket_fd, bool allows_sending)
{
	/* The C library's own threads would bring it more than this needs. */
	static char stack[64 << 10] __attribute__((aligned(16)));
	static struct sender sender;
	long fd;
	int r;

	sender = (struct sender){ socket_fd, LISTENER_WAITS, 0 };
	if (clone(sender_run, stack + sizeof(stack),
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			    CLONE_SYSVSEM,
		    &sender) < 0) {
		if (errno == EAGAIN && allows_sending)
			return install_alone(code, flags, socket_fd);
		return error_errno(errno, "linux.seccomp: cannot make a thread%s",
			errno == EAGAIN ? ", which this filter needs for a moment beside the "
					  "process (linux.resources.pids.limit)"
					: "");
	}
	fd = filter_install(code, flags);
	__atomic_store_n(&sender.listener_fd, fd < 0 ? LISTENER_NONE : (int)fd, __ATOMIC_RELEASE);
	if (fd < 0)
		return error_errno(errno, "linux.seccomp: the kernel refuses the filter");
	do
		r = __atomic_load_n(&sender.result, __ATOMIC_ACQUIRE);
	while (!r);
	return r < 0 ? error_errno(r, "linux.seccomp: cannot hand the listener over") : 0;
}
