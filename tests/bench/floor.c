// SPDX-License-Identifier: Apache-2.0
/*
 * floor: the bare system calls that a container needs, to compare a runtime with.
 *
 *   musl-gcc -std=gnu17 -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -static -no-pie \
 *      -idirafter /usr/include -idirafter /usr/include/$(gcc -dumpmachine) \
 *      -o build/tests/floor tests/bench/floor.c tests/bench/floor_cgroup.c
 *
 * (Any C compiler will do; without musl the start of glibc is measured too, which reads CPUID
 * 68 times: 0.05 to 0.6 ms in a virtual machine.)
 *
 *   floor [--no-cgroup] [--no-netns] [--phases] BUNDLE
 *   floor [--no-cgroup] --exec PID ARGV...
 *
 * The first form does what tests/bench/minimal-config.json asks for, which is what `runc spec`
 * writes, with /bin/true as the process. It parses nothing, keeps no state and checks nothing.
 * Included, because a container lacks something otherwise:
 *   - all namespaces of the file, the loopback interface up, a session keyring of its own;
 *   - a cgroup of its own in every hierarchy, the device rules, joined, shown inside, removed;
 *   - the root file system read-only, the seven mounts, device nodes and links, masked and
 *     read-only paths, pivot_root; hostname, rlimit, the bounding and the other capability sets,
 *     no_new_privs, nothing inherited but 0, 1 and 2; exec, wait, exit code.
 * Left out, because the container does not see it: reading config.json, state, hooks, logs, the
 * defence against a hostile root file system and against overwriting the runtime's executable.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15 */
#endif
#ifndef MNT_DETACH
#define MNT_DETACH 2 /* not in linux/mount.h; sys/mount.h cannot be had together with it */
#endif
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

enum { MAX_PHASES = 32 };

struct options {
	bool no_cgroup, no_netns, exec;
	char **argv; /* the bundle, or PID and command */
};

/* When each phase ended; in shared memory, since parent and child both write. */
struct phases {
	int count;
	struct {
		const char *name;
		uint64_t ns;
	} at[MAX_PHASES];
};
static struct phases *phases;

long must(long result, const char *call, int line)
{
	if (result >= 0)
		return result;
	dprintf(STDERR_FILENO, "floor: line %d: %s: %s\n", line, call, strerror(errno));
	_exit(125);
}

void phase_end(const char *name)
{
	struct timespec t;

	if (!phases || phases->count == MAX_PHASES)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	phases->at[phases->count].name = name;
	phases->at[phases->count++].ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void phases_print(void)
{
	for (int i = 1; phases && i < phases->count; i++)
		printf("%s %.1f\n", phases->at[i].name,
			(double)(phases->at[i].ns - phases->at[i - 1].ns) / 1e3);
}

long mount_new(const char *type, const char *target, unsigned long flags, const char *data)
{
	return syscall(SYS_mount, type, target, type, flags, data);
}

/*
 * A bind mount, read-only and with more attributes: two system calls on Linux 6.15 and newer,
 * three before.
 */
void mount_read_only(const char *source, const char *target, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | attributes };
	const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	long tree = syscall(SYS_open_tree_attr, AT_FDCWD, source, flags, &attr, sizeof(attr));

	if (tree < 0 && errno == ENOENT)
		return; /* not every kernel has every path of readonlyPaths */
	if (tree < 0) {
		MUST(errno == ENOSYS ? 0 : -1);
		tree = MUST(syscall(SYS_open_tree, AT_FDCWD, source, flags));
		MUST(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)));
	}
	MUST(syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH));
	close((int)tree);
}

static void devices_make(void)
{
	static const struct {
		const char *path;
		unsigned char major, minor;
	} nodes[] = { { "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };
	static const char *const links[][2] = { { "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" }, { "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" }, { "pts/ptmx", "dev/ptmx" } };

	for (unsigned i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		MUST(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	for (unsigned i = 0; i < sizeof(links) / sizeof(*links); i++)
		MUST(symlink(links[i][0], links[i][1]));
}

static void mounts_make(const struct cgroups *cgroups)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	MUST(mount_new("proc", "proc", 0, NULL));
	phase_end("mount_proc");
	MUST(mount_new("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	MUST(mkdir("dev/pts", 0755));
	MUST(mkdir("dev/shm", 0755));
	MUST(mkdir("dev/mqueue", 0755));
	phase_end("mount_dev");
	MUST(mount_new("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=0620,gid=5"));
	phase_end("mount_devpts");
	MUST(mount_new("tmpfs", "dev/shm", safe, "mode=1777,size=65536k"));
	phase_end("mount_shm");
	MUST(mount_new("mqueue", "dev/mqueue", safe, NULL));
	phase_end("mount_mqueue");
	MUST(mount_new("sysfs", "sys", safe | MS_RDONLY, NULL));
	phase_end("mount_sysfs");
	cgroups_show(cgroups);
	phase_end("mount_cgroup");
	devices_make();
	phase_end("device_nodes");
}

/* Files are hidden by /dev/null, folders by one empty tmpfs, bound again for every further one. */
static void paths_mask(void)
{
	static const char *const files[] = { "proc/kcore", "proc/keys", "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug" };
	static const char *const folders[] = { "proc/acpi", "proc/asound", "sys/firmware",
		"proc/scsi" };
	static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
		"proc/sysrq-trigger" };
	const char *empty = NULL;

	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (syscall(SYS_mount, "dev/null", files[i], NULL, MS_BIND, NULL) < 0)
			MUST(errno == ENOENT ? 0 : -1);
	phase_end("mask_files");
	for (unsigned i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		long result = empty ? syscall(SYS_mount, empty, folders[i], NULL, MS_BIND, NULL)
				    : mount_new("tmpfs", folders[i], MS_RDONLY, "size=0k");

		if (result < 0)
			MUST(errno == ENOENT ? 0 : -1);
		else if (!empty)
			empty = folders[i];
	}
	phase_end("mask_folders");
	for (unsigned i = 0; i < sizeof(read_only) / sizeof(*read_only); i++)
		mount_read_only(read_only[i], read_only[i], 0);
	phase_end("read_only_paths");
}

/* Both the new root and its only mount for the read-only root of the file. */
static void rootfs_enter(const char *bundle)
{
	MUST(syscall(SYS_mount, NULL, "/", NULL, MS_SLAVE | MS_REC, NULL));
	MUST(chdir(bundle));
	mount_read_only("rootfs", "rootfs", 0);
	MUST(chdir("rootfs"));
	phase_end("mount_rootfs");
}

static void rootfs_pivot(void)
{
	MUST(syscall(SYS_pivot_root, ".", "."));
	phase_end("pivot_root");
	MUST(syscall(SYS_umount2, ".", MNT_DETACH));
	MUST(chdir("/"));
	phase_end("umount_old_root");
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	MUST(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

/* AUDIT_WRITE, KILL and NET_BIND_SERVICE, as root; all of the rest of the process section. */
static void privileges_drop(void)
{
	const uint32_t keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = keep, .permitted = keep } };
	const struct rlimit files = { 1024, 1024 };

	MUST(setrlimit(RLIMIT_NOFILE, &files));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	for (int cap = 0; cap < 64; cap++)
		if (!(cap < 32 && keep & 1u << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break; /* one more than the kernel's last */
	MUST(syscall(SYS_setgroups, 0, NULL));
	MUST(syscall(SYS_setresgid, 0, 0, 0));
	MUST(syscall(SYS_setresuid, 0, 0, 0));
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	MUST(syscall(SYS_capset, &header, data));
}

static _Noreturn void process_execute(const char *keyring, char **argv)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"TERM=xterm", NULL
	};

	setsid();
	syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, keyring);
	privileges_drop();
	MUST(syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
	phase_end("privileges");
	execve(argv[0], argv, environment);
	_exit(127);
}

static _Noreturn void container_init(const struct cgroups *cgroups, const struct options *options)
{
	static char *const command[] = { (char *)"/bin/true", NULL };

	phase_end("clone3");
	if (cgroups->enabled) {
		cgroups_join_v1(cgroups);
		MUST(syscall(SYS_unshare, CLONE_NEWCGROUP));
	}
	phase_end("cgroup_join");
	umask(0);
	rootfs_enter(options->argv[0]);
	mounts_make(cgroups);
	paths_mask();
	rootfs_pivot();
	umask(022);
	MUST(sethostname("runc", 4));
	if (!options->no_netns)
		loopback_up();
	phase_end("hostname_loopback");
	process_execute(cgroups->name, (char **)command);
}

static struct clone_args clone_arguments(const struct options *options, int cgroup, int *pidfd)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };

	args.pidfd = (uintptr_t)pidfd;
	if (!options->exec)
		args.flags |= NAMESPACES;
	if (options->no_netns)
		args.flags &= ~(uint64_t)CLONE_NEWNET;
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	return args;
}

/* The exit code of the process, 128 + n for a signal. */
static int process_wait(int pidfd)
{
	siginfo_t info;

	MUST(waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED));
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int container_run(const struct options *options)
{
	struct cgroups cgroups = { .enabled = !options->no_cgroup };
	struct clone_args args;
	int pidfd, status;

	phase_end("start");
	snprintf(cgroups.name, sizeof(cgroups.name), "floor-%d", getpid());
	memset(cgroups.fds, -1, sizeof(cgroups.fds));
	if (cgroups.enabled)
		cgroups_make(&cgroups);
	args = clone_arguments(options, cgroups_unified(&cgroups), &pidfd);
	if (MUST(syscall(SYS_clone3, &args, sizeof(args))) == 0)
		container_init(&cgroups, options);
	status = process_wait(pidfd);
	phase_end("exec_run_exit");
	cgroups_remove(&cgroups);
	phase_end("cgroup_remove");
	return status;
}

static int container_exec(const struct options *options)
{
	struct cgroups cgroups = { .enabled = !options->no_cgroup };
	int target, pidfd, unified = -1;
	struct clone_args args;

	if (cgroups.enabled)
		unified = cgroups_open(options->argv[0], &cgroups);
	target = (int)MUST(syscall(SYS_pidfd_open, atoi(options->argv[0]), 0));
	MUST(syscall(SYS_setns, target, NAMESPACES | CLONE_NEWCGROUP));
	args = clone_arguments(options, unified, &pidfd);
	if (MUST(syscall(SYS_clone3, &args, sizeof(args))) == 0) {
		for (int i = 0; cgroups.enabled && !cgroups.v2 && i < CGROUP_HIERARCHIES; i++)
			if (cgroups.fds[i] >= 0)
				MUST(write(cgroups.fds[i], "0", 1));
		process_execute("floor", options->argv + 1);
	}
	return process_wait(pidfd);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };

	for (argv++; *argv && !strncmp(*argv, "--", 2); argv++) {
		options.no_cgroup |= !strcmp(*argv, "--no-cgroup");
		options.no_netns |= !strcmp(*argv, "--no-netns");
		options.exec |= !strcmp(*argv, "--exec");
		if (!strcmp(*argv, "--phases"))
			phases = mmap(NULL, sizeof(*phases), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	options.argv = argv;
	if (argc < 2 || !argv[0] || (options.exec && !argv[1])) {
		fprintf(stderr, "usage: floor [--no-cgroup] [--no-netns] [--phases] "
				"BUNDLE | [--no-cgroup] --exec PID ARGV...\n");
		return 2;
	}
	argc = options.exec ? container_exec(&options) : container_run(&options);
	phases_print();
	return argc;
}
