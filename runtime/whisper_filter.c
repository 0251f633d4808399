/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/whisper_filter.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "ns/seccomp_closed.h"

int whisper_filter(int page_fd)
{
	const struct seccomp_call calls[] = {
		/* Files of procfs, sysfs and cgroupfs, and their folders. */
		{ SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
		{ SYS_read },
		{ SYS_pread64 },
		{ SYS_readv }, /* musl's stdio */
		{ SYS_lseek },
		{ SYS_getdents64 },
		{ SYS_fstat },
		{ SYS_newfstatat },
		{ SYS_statx },
		{ SYS_faccessat },
		{ SYS_faccessat2 },
		{ SYS_fcntl, 1, ~0u, F_GETFL },
		{ SYS_fcntl, 1, ~0u, F_GETFD },
		{ SYS_fcntl, 1, ~0u, F_SETFD },
		{ SYS_close },
		{ SYS_pwrite64, 0, ~0u, (unsigned int)page_fd },
		/* Time; the kernel calls restart_syscall for a wait that a debugger interrupts. */
		{ SYS_ppoll },
		{ SYS_restart_syscall },
		{ SYS_clock_gettime },
		{ SYS_getcpu },
		/* Memory that cannot be executed. */
		{ SYS_brk },
		{ SYS_mmap, 2, PROT_EXEC, 0 },
		{ SYS_mprotect, 2, PROT_EXEC, 0 },
		{ SYS_mremap },
		{ SYS_munmap },
		{ SYS_madvise },
		{ SYS_exit_group },
		{ SYS_exit },
#ifdef __SANITIZE_ADDRESS__
		{ SYS_futex },
		{ SYS_getpid },
		{ SYS_gettid },
		{ SYS_rt_sigprocmask },
		{ SYS_sched_yield },
		{ SYS_sigaltstack },
		{ SYS_write, 0, ~0u, STDERR_FILENO },
#endif
	};

	return seccomp_close(calls, ARRAY_SIZE(calls));
}
