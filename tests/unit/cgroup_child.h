/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_TESTS_UNIT_CGROUP_CHILD_H
#define HULL_TESTS_UNIT_CGROUP_CHILD_H

/* Real groups below /hull-unit-PID and children inside them, for the tests that need both. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "cgroup/driver.h"
#include "tests/unit/test.h"

/* CHECK that a call returned 0, with its message when it did not. */
#define CHECK_DONE(call, name)                                                                     \
	do {                                                                                       \
		int _done = (call);                                                                \
		CHECK(_done == 0, "%s%s%s", (name), _done ? ": " : "",                             \
			_done ? error_text(_done) : "");                                           \
	} while (0)

/* CHECK that a call failed with ERROR (0: any) and a message that holds WORDS. */
#define CHECK_FAILS(call, error, words, name)                                                      \
	do {                                                                                       \
		int _done;                                                                         \
		error_clear();                                                                     \
		_done = (call);                                                                    \
		CHECK(_done < 0 && (!(error) || _done == -(error)) &&                              \
				strstr(error_text(_done), (words)),                                \
			"%s: %s", (name), _done < 0 ? error_text(_done) : "no error");             \
	} while (0)

/* The folder of all groups of the test, in every hierarchy. */
static inline struct cgroup *group_of_all(pid_t owner)
{
	_cleanup_free_ char *path = string_format("/hull-unit-%d", owner);
	struct cgroup *cgroup = NULL;

	return cgroup_open(&cgroup, "all", path, NULL) < 0 ? NULL : cgroup;
}

static inline char *group_path(const char *name)
{
	return string_format("/hull-unit-%d/%s", getpid(), name);
}

/* What this machine offers, and what can be seen of it in a mount namespace of one's own. */
enum group_machine { MACHINE_AS_IT_IS, MACHINE_V1, MACHINE_V2 };

/* False where there is nothing to hide. */
static inline bool machine_become(enum group_machine machine)
{
	static const char unified[] = CGROUP_MOUNT "/unified";

	if (machine == MACHINE_AS_IT_IS)
		return true;
	if (access(unified, F_OK) < 0)
		return false;
	NEED(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (machine == MACHINE_V1) {
		NEED(mount("hidden", unified, "tmpfs", 0, NULL) == 0);
		return true;
	}
	(void)umount2(unified, MNT_DETACH); /* of the form before */
	NEED(mount(unified, CGROUP_MOUNT, NULL, MS_BIND, NULL) == 0);
	return true;
}

/*
 * Run the tests in a child, so that what they leave behind is removed however
 * they end; skips everything where no group can be made. With FORMS of 2, on a
 * machine with hybrid hierarchies, again as if there were v1 alone, with 3 also
 * as if there were v2 alone.
 */
static inline int group_main(void (*tests)(void), int forms)
{
	_cleanup_cgroup_ struct cgroup *all = NULL;
	int status;
	pid_t pid;

	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* children must not print it again */
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		all = group_of_all(getpid());
		if (!all || cgroup_create(all) < 0) {
			printf("1..0 # SKIP no cgroup can be made here: %s\n", error_text(0));
			exit(0);
		}
		for (int form = 0; form < forms; form++)
			if (machine_become((enum group_machine)form))
				tests();
		exit(test_end());
	}
	status = process_wait(pid);
	all = group_of_all(pid);
	if (all && (cgroup_kill(all, SIGKILL) < 0 || cgroup_remove(all) < 0))
		printf("# %s\n", error_text(0));
	return process_exit_code(status);
}

/* Open and make a group of the test's own, with the limits that every container gets. */
static inline struct cgroup *group_make(const char *name)
{
	_cleanup_free_ char *path = group_path(name);
	struct cgroup *cgroup = NULL;

	if (cgroup_open(&cgroup, name, path, NULL) < 0 || cgroup_create(cgroup) < 0) {
		printf("Bail out! %s: %s\n", name, error_text(0));
		exit(1);
	}
	return cgroup;
}

/* What parent and children both see. */
struct shared {
	volatile unsigned long counter; /* of a child that spins */
	volatile int ready, result;
};

static inline struct shared *shared_make(void)
{
	struct shared *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED(shared != MAP_FAILED);
	return shared;
}

typedef int child_function(struct shared *shared);

/* Start a child inside the group as a container starts; BODY's result is its exit code. */
static inline pid_t child_start(
	const struct cgroup *cgroup, child_function *body, struct shared *shared)
{
	int clone_fd = cgroup_clone_fd(cgroup);
	pid_t pid;

	(void)fflush(stdout);
	pid = process_clone(0, clone_fd, NULL);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup_enter(cgroup, clone_fd >= 0) < 0)
			_exit(200);
		_exit(body(shared));
	}
	NEED(pid > 0);
	return pid;
}

static inline int child_run(
	const struct cgroup *cgroup, child_function *body, struct shared *shared)
{
	return process_wait(child_start(cgroup, body, shared));
}

/* Up to ten seconds, on a machine that may be busy, until it is so. */
#define WAIT_UNTIL(condition)                                                                      \
	({                                                                                         \
		int _left = 2000;                                                                  \
		while (!(condition) && --_left)                                                    \
			clock_sleep(5);                                                            \
		_left > 0;                                                                         \
	})

static inline int child_spin(struct shared *shared)
{
	shared->ready = 1;
	for (;;)
		shared->counter++;
	return 0;
}

/* A file of the group in the hierarchy that has the controller; free it. */
static inline char *group_file(
	const struct cgroup *cgroup, enum controller controller, const char *v1, const char *v2)
{
	struct cgroup_place *place = cgroup_v1_place(cgroup, controller);
	_cleanup_buffer_ struct buffer text = { 0 };

	if (place_read(place ? place : cgroup->v2, place ? v1 : v2, &text) < 0)
		return string_copy("(missing)");
	text.data[strcspn(text.data, "\n")] = '\0';
	return TAKE_PTR(text.data);
}

#endif
