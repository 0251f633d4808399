/* SPDX-License-Identifier: Apache-2.0 */
#include "image/seccomp_profile.h"

#include <errno.h>
#include <string.h>

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * The default profile of Podman and its relatives (containers-common, Apache-2.0), with
 * the calls that Linux got since then and that need no privilege. What is in no
 * list does not exist for the program (ENOSYS), so that it falls back to what does.
 */
static const char *const allowed[] = { "_llseek", "_newselect", "accept", "accept4", "access",
	"adjtimex", "alarm", "arch_prctl", "arm_fadvise64_64", "arm_sync_file_range", "bind",
	"breakpoint", "brk", "cacheflush", "cachestat", "capget", "capset", "chdir", "chmod",
	"chown", "chown32", "clock_adjtime", "clock_adjtime64", "clock_getres",
	"clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
	"clock_nanosleep_time64", "clone", "clone3", "close", "close_range", "connect",
	"copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1",
	"epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old",
	"eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat",
	"faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fanotify_mark", "fchdir", "fchmod",
	"fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync",
	"fgetxattr", "flistxattr", "flock", "fork", "fremovexattr", "fsconfig", "fsetxattr",
	"fsmount", "fsopen", "fspick", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64",
	"fsync", "ftruncate", "ftruncate64", "futex", "futex_requeue", "futex_time64", "futex_wait",
	"futex_waitv", "futex_wake", "futimesat", "get_mempolicy", "get_robust_list",
	"get_thread_area", "getcpu", "getcwd", "getdents", "getdents64", "getegid", "getegid32",
	"geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getitimer",
	"getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom",
	"getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage", "getsid",
	"getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "getuid32", "getxattr",
	"getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch",
	"io_cancel", "io_destroy", "io_getevents", "io_setup", "io_submit", "ioctl", "ioprio_get",
	"ioprio_set", "ipc", "keyctl", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listen",
	"listmount", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr",
	"lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "lstat", "lstat64", "madvise",
	"map_shadow_stack", "mbind", "membarrier", "memfd_create", "memfd_secret", "mincore",
	"mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2", "mlockall", "mmap", "mmap2",
	"modify_ldt", "mount", "mount_setattr", "move_mount", "mprotect", "mq_getsetattr",
	"mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
	"mq_timedsend_time64", "mq_unlink", "mremap", "mseal", "msgctl", "msgget", "msgrcv",
	"msgsnd", "msync", "munlock", "munlockall", "munmap", "name_to_handle_at", "nanosleep",
	"newfstatat", "open", "open_tree", "openat", "openat2", "pause", "pidfd_getfd",
	"pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pivot_root", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv", "preadv2",
	"prlimit64", "process_mrelease", "process_vm_readv", "process_vm_writev", "pselect6",
	"pselect6_time64", "ptrace", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
	"readdir", "readlink", "readlinkat", "readv", "reboot", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "remap_file_pages", "removexattr", "removexattrat", "rename",
	"renameat", "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction",
	"rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "s390_pci_mmio_read",
	"s390_pci_mmio_write", "s390_runtime_instr", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
	"seccomp", "select", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "send",
	"sendfile", "sendfile64", "sendmmsg", "sendmsg", "sendto", "set_mempolicy",
	"set_mempolicy_home_node", "set_robust_list", "set_thread_area", "set_tid_address",
	"set_tls", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32",
	"setgroups", "setgroups32", "setitimer", "setns", "setpgid", "setpriority", "setregid",
	"setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
	"setreuid32", "setrlimit", "setsid", "setsockopt", "setuid", "setuid32", "setxattr",
	"setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaction", "sigaltstack",
	"signal", "signalfd", "signalfd4", "sigpending", "sigprocmask", "sigreturn", "sigsuspend",
	"socketcall", "socketpair", "splice", "stat", "stat64", "statfs", "statfs64", "statmount",
	"statx", "symlink", "symlinkat", "sync", "sync_file_range", "sync_file_range2", "syncfs",
	"syscall", "sysinfo", "syslog", "tee", "tgkill", "time", "timer_create", "timer_delete",
	"timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
	"timerfd", "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
	"timerfd_settime64", "times", "tkill", "truncate", "truncate64", "ugetrlimit", "umask",
	"umount", "umount2", "uname", "unlink", "unlinkat", "unshare", "utime", "utimensat",
	"utimensat_time64", "utimes", "vfork", "wait4", "waitid", "waitpid", "write", "writev",
	NULL };

/* Old, or of the whole machine: refused rather than missing. */
static const char *const refused[] = { "bdflush", "io_pgetevents", "kexec_file_load", "kexec_load",
	"migrate_pages", "move_pages", "nfsservctl", "nice", "oldfstat", "oldlstat", "oldolduname",
	"oldstat", "olduname", "pciconfig_iobase", "pciconfig_read", "pciconfig_write", "sgetmask",
	"ssetmask", "swapcontext", "swapoff", "swapon", "sysfs", "uselib", "userfaultfd", "ustat",
	"vm86", "vm86old", "vmsplice", NULL };

/* Allowed together with a capability, else refused. */
static const struct {
	const char *capability;
	const char *names[12];
} privileged[] = {
	{ "CAP_DAC_READ_SEARCH", { "open_by_handle_at", NULL } },
	{ "CAP_SYS_ADMIN", { "bpf", "fanotify_init", "lookup_dcookie", "perf_event_open",
				   "quotactl", "setdomainname", "sethostname", "setns", NULL } },
	{ "CAP_SYS_CHROOT", { "chroot", NULL } },
	{ "CAP_SYS_MODULE",
		{ "delete_module", "finit_module", "init_module", "query_module", NULL } },
	{ "CAP_SYS_PACCT", { "acct", NULL } },
	{ "CAP_SYS_PTRACE", { "kcmp", "process_madvise", NULL } },
	{ "CAP_SYS_RAWIO", { "ioperm", "iopl", NULL } },
	{ "CAP_SYS_TIME", { "clock_settime", "clock_settime64", "settimeofday", "stime", NULL } },
	{ "CAP_SYS_TTY_CONFIG", { "vhangup", NULL } },
};

/* personality(2): Linux, uname26 and both for 32 bits, and the question which it is. */
static const uint64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

#if defined(__x86_64__)
#define ARCHITECTURES "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"
#elif defined(__aarch64__)
#define ARCHITECTURES "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"
#elif defined(__riscv)
#define ARCHITECTURES "SCMP_ARCH_RISCV64"
#elif defined(__s390x__)
#define ARCHITECTURES "SCMP_ARCH_S390X", "SCMP_ARCH_S390"
#elif defined(__powerpc64__)
#define ARCHITECTURES "SCMP_ARCH_PPC64LE"
#else
#error "which architectures may a program on this one be of?"
#endif

#define NETLINK	      16
#define NETLINK_AUDIT 9

static bool has(const struct string_list *capabilities, const char *name)
{
	for (size_t i = 0; i < capabilities->count; i++)
		if (!strcmp(capabilities->items[i], name))
			return true;
	return false;
}

static void begin_rule(struct json_writer *writer, const char *const *names, int error)
{
	json_begin_object(writer, NULL);
	json_write_strings(writer, "names", names);
	json_write_string(writer, "action", error ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (error)
		json_write_integer(writer, "errnoRet", error);
}

static void write_rule(struct json_writer *writer, const char *const *names, int error)
{
	begin_rule(writer, names, error);
	json_end_object(writer);
}

/* With arguments that are compared: INDEX, VALUE and "SCMP_CMP_EQ" or "SCMP_CMP_NE". */
static void write_argument(
	struct json_writer *writer, unsigned int index, uint64_t value, const char *operator)
{
	json_begin_object(writer, NULL);
	json_write_unsigned(writer, "index", index);
	json_write_unsigned(writer, "value", value);
	json_write_string(writer, "op", operator);
	json_end_object(writer);
}

static void write_personalities(struct json_writer *writer)
{
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		begin_rule(writer, WORDS("personality"), 0);
		json_begin_array(writer, "args");
		write_argument(writer, 0, personalities[i], "SCMP_CMP_EQ");
		json_end_array(writer);
		json_end_object(writer);
	}
}

/* Every socket but that of the kernel's audit, of which programs expect EINVAL. */
static void write_sockets(struct json_writer *writer, bool audit)
{
	if (audit) {
		write_rule(writer, WORDS("socket"), 0);
		return;
	}
	begin_rule(writer, WORDS("socket"), EINVAL);
	json_begin_array(writer, "args");
	write_argument(writer, 0, NETLINK, "SCMP_CMP_EQ");
	write_argument(writer, 2, NETLINK_AUDIT, "SCMP_CMP_EQ");
	json_end_array(writer);
	json_end_object(writer);
	begin_rule(writer, WORDS("socket"), 0);
	json_begin_array(writer, "args");
	write_argument(writer, 2, NETLINK_AUDIT, "SCMP_CMP_NE");
	json_end_array(writer);
	json_end_object(writer);
	begin_rule(writer, WORDS("socket"), 0);
	json_begin_array(writer, "args");
	write_argument(writer, 0, NETLINK, "SCMP_CMP_NE");
	json_end_array(writer);
	json_end_object(writer);
}

void seccomp_profile_write(
	struct json_writer *writer, const char *key, const struct string_list *capabilities)
{
	json_begin_object(writer, key);
	json_write_string(writer, "defaultAction", "SCMP_ACT_ERRNO");
	json_write_integer(writer, "defaultErrnoRet", ENOSYS);
	json_write_strings(writer, "architectures", WORDS(ARCHITECTURES));
	json_begin_array(writer, "syscalls");
	write_rule(writer, allowed, 0);
	write_rule(writer, refused, EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++)
		write_rule(writer, privileged[i].names,
			has(capabilities, privileged[i].capability) ? 0 : EPERM);
	write_personalities(writer);
	write_sockets(writer, has(capabilities, "CAP_AUDIT_WRITE"));
	json_end_array(writer);
	json_end_object(writer);
}
