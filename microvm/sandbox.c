/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

int sandbox_make_socket_root(int tree_fd)
{
	const struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							   MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

	if (sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attributes) < 0 ||
		sys_move_mount(tree_fd, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(errno, "a root with the sockets of the host");
	return 0;
}

int sandbox_enter_root(int root_fd)
{
	if (fchdir(root_fd) < 0 || sys_pivot_root(".", ".") < 0 ||
		sys_umount(".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
		return error_errno(errno, "cannot enter an empty root");
	return 0;
}

#define NOBODY 65534

static int set_capabilities(uint32_t kept)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { .effective = kept,
		.permitted = kept } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, data) < 0)
		return error_errno(errno, "cannot give privileges up");
	return 0;
}

int sandbox_drop_privileges(void)
{
	/* Whoever is not root is nobody else's user already. */
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return error_errno(errno, "cannot give root's user id up");
	return set_capabilities(0);
}

/* ---- users ------------------------------------------------------------------------------------------ */

int sandbox_enter_user_namespace(int socket_fd)
{
	char go;

	if (unshare(CLONE_NEWUSER) < 0)
		return error_errno(
			errno, "a user namespace (see /proc/sys/user/max_user_namespaces)");
	if (send(socket_fd, "", 1, MSG_NOSIGNAL) < 0 || recv(socket_fd, &go, 1, 0) != 1)
		return error_set(EPIPE, "the microVM's monitor has ended");
	return 0;
}

/* The ids that this process knows, each as itself. */
static int map_ids(pid_t pid, const char *file)
{
	_cleanup_buffer_ struct buffer own = { 0 }, map = { 0 };
	unsigned int inside, outside, count;
	char path[64];
	int used, r;

	(void)snprintf(path, sizeof(path), "/proc/self/%s", file);
	r = file_read_at(AT_FDCWD, path, &own, 65536);
	for (const char *rest = own.data;
		r >= 0 && rest && sscanf(rest, "%u %u %u%n", &inside, &outside, &count, &used) == 3;
		rest += used)
		buffer_format(&map, "%u %u %u\n", inside, inside, count);
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (r >= 0)
		r = file_write_at(AT_FDCWD, path, map.data);
	return r < 0 ? error_errno(r, "%s", path) : 0;
}

int sandbox_map_users(pid_t pid, int socket_fd)
{
	char text[ERROR_TEXT_BYTES];
	ssize_t got = recv(socket_fd, text, sizeof(text) - 1, 0);
	int r;

	if (got <= 0)
		return error_set(EPIPE, "it has ended");
	if (got > 1) {
		text[got] = '\0';
		return error_set(EIO, "%s", text);
	}
	r = map_ids(pid, "uid_map");
	if (r >= 0)
		r = map_ids(pid, "gid_map");
	if (r >= 0 && send(socket_fd, "", 1, MSG_NOSIGNAL) < 0)
		r = error_errno(errno, "send");
	return r;
}

void sandbox_report(int socket_fd)
{
	const char *text = error_text(-EIO);

	(void)send(socket_fd, text, strlen(text), MSG_NOSIGNAL);
}

int sandbox_keep_file_capabilities(void)
{
	return set_capabilities(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE |
				1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_FSETID |
				1u << CAP_SETFCAP);
}

/* ---- system calls ----------------------------------------------------------------------------------- */

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
	SCMP_SYS(readv),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(shutdown),
	SCMP_SYS(writev),
};

/* No call that opens a socket, makes a process, changes a namespace or mounts. */
static const int files_only[] = {
	SCMP_SYS(brk),
	SCMP_SYS(close),
	SCMP_SYS(exit_group),
	SCMP_SYS(fallocate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(fchown),
	SCMP_SYS(fchownat),
	SCMP_SYS(fcntl),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(getdents64),
	SCMP_SYS(getxattr),
	SCMP_SYS(linkat),
	SCMP_SYS(listxattr),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mkdirat),
	SCMP_SYS(mknodat),
	SCMP_SYS(mmap),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(openat),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(readlinkat),
	SCMP_SYS(recvfrom),
	SCMP_SYS(removexattr),
	SCMP_SYS(renameat2),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),
	SCMP_SYS(setxattr),
	SCMP_SYS(symlinkat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(utimensat),
};

static int add_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/* Unix sockets only. */
static int add_dialling(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));

	return r < 0 ? r : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
}

static int load_filter(enum sandbox_thread thread)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? 0 : -ENOMEM;

	if (r >= 0 && thread == SANDBOX_FILES)
		r = add_calls(filter, files_only, ARRAY_SIZE(files_only));
	else if (r >= 0)
		r = add_calls(filter, both, ARRAY_SIZE(both));
	if (r >= 0 && (thread == SANDBOX_LOOP || thread == SANDBOX_DIALLING_LOOP))
		r = add_calls(filter, loop_only, ARRAY_SIZE(loop_only));
	if (r >= 0 && thread == SANDBOX_DIALLING_LOOP)
		r = add_dialling(filter);
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
