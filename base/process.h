/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_PROCESS_H
#define HULL_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * fork(2) by clone3(2) with FLAGS. The parent gets the pid and in *PIDFD (when
 * not NULL) a descriptor of the child; the child gets 0. With CGROUP_FD >= 0 the
 * child starts in that cgroup (v2). Signal handlers are reset in the child.
 * Negative errno, no message.
 */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *pidfd);

int process_open(pid_t pid);		   /* pidfd_open(2), or a negative errno */
int process_signal(int pidfd, int signal); /* 0 or a negative errno */

/* Wait until our child ended; its wait status, or a negative errno. */
int process_wait(pid_t pid);

/* True when the process of the descriptor ends within so many milliseconds (-1: wait for ever). */
bool process_wait_fd(int pidfd, int milliseconds);

/* A wait status as a shell reports it: the exit code, or 128 + signal. */
int process_exit_code(int status);

/* The start time of a process in clock ticks since boot (proc(5) stat field 22); -ESRCH. */
int process_start_time(pid_t pid, uint64_t *ticks);

/* False also for a zombie, which runs no more. */
bool process_runs(pid_t pid, uint64_t start_ticks);

/*
 * Until the next execve: who is not privileged on the host cannot trace this process, read its
 * memory or open its descriptors, root and folder, not even with its user id and capabilities; and
 * the environment that hull was started with is no longer in it.
 */
void process_hide(void);

/*
 * Close-on-exec for every descriptor >= FIRST, so that none reaches the
 * program that is executed next.
 */
int process_seal_descriptors(unsigned int first);

/* Close every descriptor >= FIRST but the KEPT ones (those may be -1). */
void process_close_others(unsigned int first, const int *kept, size_t count);

/*
 * Without root's rights over this machine: an ordinary user, or the root of a user
 * namespace (the answer then takes reading /proc/self/uid_map).
 */
bool process_is_rootless(void);

/* Every signal unblocked and with its default effect, as a fresh program expects them. */
void signal_reset_all(void);

/* The names of signals without "SIG", in alphabetical order; NULL behind the last. */
const char *signal_name(size_t index);

/* A signal by number or name, with or without "SIG", also "RTMIN+3"; or -EINVAL. */
int signal_parse(const char *text);

/* Pids in the order in which they came; free(3) the items. */
struct pid_list {
	pid_t *items;
	size_t count;
};

bool pid_list_has(const struct pid_list *list, pid_t pid);
void pid_list_add(struct pid_list *list, pid_t pid);

#endif
