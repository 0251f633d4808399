/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A signal to each process of a group. A pid alone may be another process by
 * the time it is used: a process is signalled through a pidfd, and only if its
 * pid was listed again after that was opened.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "cgroup/driver.h"

#define BATCH	    128	 /* descriptors open at once */
#define ROUNDS_MOST 1000 /* for what forks faster than we signal */

/* Signal up to BATCH processes that are not DONE yet; how many there were, or an error. */
static int signal_batch(struct cgroup_place *place, int signal, struct pid_list *done)
{
	struct pid_list before = { 0 }, now = { 0 };
	pid_t pids[BATCH];
	int fds[BATCH], count = 0, r;

	r = place_processes(place, &before.items, &before.count);
	for (size_t i = 0; r >= 0 && i < before.count && count < BATCH; i++) {
		if (pid_list_has(done, before.items[i]))
			continue;
		pid_list_add(done, before.items[i]);
		pids[count] = before.items[i];
		fds[count] = process_open(pids[count]);
		count += fds[count] >= 0;
	}
	if (r >= 0 && count)
		r = place_processes(place, &now.items, &now.count);
	for (int i = 0; i < count; i++) {
		if (r >= 0 && pid_list_has(&now, pids[i])) {
			r = process_signal(fds[i], signal);
			if (r == -ESRCH)
				r = 0;
			else if (r < 0)
				(void)error_errno(r, "process %d: signal %d", pids[i], signal);
		}
		file_close(&fds[i]);
	}
	free(before.items);
	free(now.items);
	return r < 0 ? r : count;
}

int cgroup_signal_each(struct cgroup_place *place, int signal)
{
	struct pid_list done = { 0 };
	int r = 1;

	for (int round = 0; r > 0 && round < ROUNDS_MOST; round++)
		r = signal_batch(place, signal, &done);
	free(done.items);
	return r < 0 ? r : 0;
}

int cgroup_kill_frozen(const struct cgroup *cgroup, struct cgroup_place *place)
{
	/* Without a freezer, or with a process that cannot be frozen, the rounds must do. */
	bool frozen = cgroup->driver->freeze(cgroup, true) >= 0;
	int r;

	error_clear();
	r = cgroup_signal_each(place, SIGKILL);
	if (!frozen)
		return r;
	return cgroup->driver->freeze(cgroup, false) < 0 && r >= 0 ? -EBUSY : r;
}
