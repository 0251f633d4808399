/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_HOOK_H
#define HULL_NS_HOOK_H

/* POSIX-platform hooks (config.md "POSIX-platform Hooks"; runtime.md "Lifecycle"). */
#include "ns/seccomp.h"
#include "spec/config.h"
#include "spec/state.h"

/*
 * Run the hooks in order, each with the state as JSON on stdin, and stop at the
 * first that fails, does not end within its timeout, or cannot be executed. KIND
 * is the member's name in the document. 0 or an error whose message has the hook
 * and what it wrote, unless annotations give its output to files (spec/annotation.h).
 * A hook without env gets that of the runtime, as with other runtimes.
 */
int hook_run_all(const struct config_hook_list *hooks, const char *kind,
	const struct container_state *state);

/*
 * The same, each below FILTER (NULL: none), which does not notify, and with ENVIRONMENT
 * for those without env. Those of startContainer are the image's own programs, and get
 * no more than its process.
 */
int hook_run_confined(const struct config_hook_list *hooks, const char *kind,
	const struct container_state *state, const struct seccomp_program *filter,
	char *const *environment);

/* The same for hooks whose failure is a warning: all of them run. */
void hook_try_all(const struct config_hook_list *hooks, const char *kind,
	const struct container_state *state);

#endif
