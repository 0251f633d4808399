/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes another system call of the next one of a process, as somebody who has taken it over
 * would: what its seccomp filter says to that.
 *
 *	swap_call PID NAME	prints "goes on", or "ended by signal N"
 */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "close", SYS_close },
	{ "execve", SYS_execve },
	{ "kill", SYS_kill },
	{ "ptrace", SYS_ptrace },
	{ "socket", SYS_socket },
	{ "write", SYS_write },
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static long number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].number;
	fprintf(stderr, "swap_call: no call %s\n", name);
	exit(2);
}

static void set_number(pid_t pid, long number)
{
#ifdef __aarch64__
	int value = (int)number;
	struct iovec set = { &value, sizeof(value) };

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &set) < 0)
		fail("PTRACE_SETREGSET");
#else
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), number) < 0)
		fail("PTRACE_POKEUSER");
#endif
}

/* Whether it still lives, stopped. */
static int wait_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		fail("waitpid");
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else if (WIFEXITED(status))
		printf("ended with code %d\n", WEXITSTATUS(status));
	return WIFSTOPPED(status);
}

/* To where the next system call begins, or ends. */
static int next_call(pid_t pid)
{
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
		fail("PTRACE_SYSCALL");
	return wait_stop(pid);
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 3 ? (pid_t)atoi(argv[1]) : 0;
	long number = argc == 3 ? number_of(argv[2]) : 0;
	struct __ptrace_syscall_info info = { 0 };

	if (pid <= 0)
		return 2;
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD) < 0 ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		fail("PTRACE_SEIZE");
	if (!wait_stop(pid))
		return 1;
	do {
		if (!next_call(pid))
			return 1;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
			fail("PTRACE_GET_SYSCALL_INFO");
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
	set_number(pid, number);
	/* Its end, and then the whole of another call. */
	for (int i = 0; i < 3; i++)
		if (!next_call(pid))
			return 0;
	if (ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
		fail("PTRACE_DETACH");
	puts("goes on");
	return 0;
}
