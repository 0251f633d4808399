/* SPDX-License-Identifier: Apache-2.0 */
#include "image/recorded.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "image/runtime.h"

/* Whom signals are for; a handler has no other way to know. */
static volatile pid_t watched;

static void pass_on(int number)
{
	if (watched > 0)
		(void)kill(watched, number);
}

static void watch(pid_t child)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	const struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	watched = child;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		(void)sigaction(numbers[i], &action, NULL);
}

static __attribute__((noreturn)) void become(struct arena *arena, const struct launch *launch)
{
	struct string_list words = { 0 };
	int r;

	signal_reset_all();
	r = launch_prepare(arena, launch, &words);
	if (r >= 0)
		r = runtime_execute(&words);
	log_error("%s", error_text(r));
	_exit(LAUNCH_FAILED);
}

int recorded_run(struct arena *arena, const struct launch *launch, struct record *record)
{
	int status = 0;
	pid_t child;

	record_find_machine(arena, &record->machine);
	(void)clock_gettime(CLOCK_REALTIME, &record->started);
	child = process_clone(0, -1, NULL);
	if (child == 0)
		become(arena, launch);
	if (child < 0)
		return error_errno(child, "cannot make a process");
	watch(child);
	while (wait4(child, &status, 0, &record->usage) < 0)
		if (errno != EINTR)
			return error_errno(errno, "cannot wait for the container");
	(void)clock_gettime(CLOCK_REALTIME, &record->ended);
	record->exit_code = process_exit_code(status);
	return record_find_outputs(arena, launch->shape, &record->outputs);
}
