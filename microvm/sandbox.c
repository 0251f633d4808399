/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/syscall.h"

#define PROPAGATE_NOTHING (1ul << 14 | 1ul << 18) /* MS_REC | MS_PRIVATE */

int sandbox_enter_namespaces(bool keep_network)
{
	const int network = keep_network ? 0 : CLONE_NEWNET;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | network) < 0)
		return error_errno(errno, "namespaces for the microVM's monitor");
	if (sys_mount(NULL, "/", NULL, PROPAGATE_NOTHING, NULL) < 0)
		return error_errno(errno, "/");
	return 0;
}

int sandbox_make_root(void)
{
	_cleanup_close_ int context_fd = sys_fsopen("tmpfs");
	_cleanup_close_ int fd = -EBADF;

	if (context_fd < 0 || sys_fsconfig(context_fd, FSCONFIG_SET_STRING, "mode", "755") < 0 ||
		sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return error_errno(errno, "an empty root");
	fd = sys_fsmount(context_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* Anywhere, as nobody else sees it: it becomes the root at once. */
	if (fd < 0 || sys_move_mount(fd, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(errno, "an empty root");
	return TAKE_FD(fd);
}

int sandbox_enter_root(int root_fd)
{
	if (fchdir(root_fd) < 0 || sys_pivot_root(".", ".") < 0 ||
		sys_umount(".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
		return error_errno(errno, "cannot enter an empty root");
	return 0;
}

int sandbox_drop_privileges(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
		return error_errno(errno, "cannot give the monitor's privileges up");
	return 0;
}

/* What both need: the lock, the allocator, eventfds, KVM, an end. */
static const int both[] = {
	SCMP_SYS(brk),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(ioctl),
	SCMP_SYS(madvise),
	SCMP_SYS(mmap),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(write),
};

static const int loop_only[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(close),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fdatasync),
	SCMP_SYS(getrandom),
	SCMP_SYS(preadv),
	SCMP_SYS(pwritev),
	SCMP_SYS(read),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(writev),
};

static int add_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

static int load_filter(enum sandbox_thread thread)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? add_calls(filter, both, ARRAY_SIZE(both)) : -ENOMEM;

	if (r >= 0 && thread == SANDBOX_LOOP)
		r = add_calls(filter, loop_only, ARRAY_SIZE(loop_only));
	if (r >= 0)
		r = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return r < 0 ? error_errno(r, "cannot limit the monitor's system calls") : 0;
}

/* Threads begin at once, and libseccomp keeps what it knows of the kernel in one place. */
int sandbox_filter(enum sandbox_thread thread)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int r;

	(void)pthread_mutex_lock(&lock);
	r = load_filter(thread);
	(void)pthread_mutex_unlock(&lock);
	return r;
}
