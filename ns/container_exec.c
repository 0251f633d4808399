/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/container_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "base/process.h"
#include "ns/credential.h"
#include "ns/keyring.h"
#include "ns/label.h"
#include "ns/limit.h"
#include "ns/program.h"
#include "ns/standard.h"
#include "ns/terminal.h"

int container_exec_begin(void *context)
{
	const struct container_plan *plan = context;
	/* Of an ordinary user, a hidden process may not even change its own. */
	int r = plan->process->oom_score_adj.set ? limit_oom_score(plan, getpid()) : 0;

	process_hide();
	return r;
}

int container_exec_prepare(void *context)
{
	const struct container_plan *plan = context;
	const int kept[] = { plan->socket_fd };
	const struct config_cpu_affinity *affinity = plan->process->exec_cpu_affinity;
	int r;

	(void)close(plan->runtime_fd);
	r = affinity ? limit_affinity(affinity->initial, "process.execCPUAffinity.initial") : 0;

	if (r >= 0)
		r = plan->enter_cgroup(plan->cgroup_context);
	if (!affinity)
		limit_affinity_reset();
	if (r >= 0 && affinity)
		r = limit_affinity(affinity->final, "process.execCPUAffinity.final");
	if (r >= 0 && namespace_has_user(plan->namespaces))
		r = credential_become_root(plan);
	/* Needs the trusted procfs, which goes now. */
	if (r >= 0)
		r = limit_all(plan);
	if (r >= 0)
		r = label_prepare(plan);
	if (r < 0)
		return r;
	standard_give_to(plan->process->user);
	/* Before it has the rights of those who may look at it. */
	process_close_others(3 + plan->preserve_fds, kept, ARRAY_SIZE(kept));
	program_try_folder(plan->process);
	return credential_apply(plan);
}

static int exec_set_up(const struct container_plan *plan, struct program *program)
{
	int r = 0;

	if (setsid() < 0)
		r = error_errno(errno, "setsid");
	if (r >= 0 && !plan->no_new_keyring)
		r = keyring_join_new();
	if (r >= 0 && plan->process->terminal) {
		_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		r = terminal_open(plan, root, false);
	}
	if (r >= 0)
		r = program_enter_folder(plan->process);
	if (r >= 0)
		r = program_find(plan->process, program);
	signal_reset_all();
	return r;
}

/* The runtime writes the pid file between READY and RELEASE: its existence means success. */
static int exec_wait_for_release(const struct container_plan *plan)
{
	struct message message;

	if (message_send(plan->socket_fd, MESSAGE_READY, 0, NULL, -1) < 0 ||
		message_receive(plan->socket_fd, &message, NULL) < 0 ||
		message.type != MESSAGE_RELEASE)
		_exit(1);
	return 0;
}

void container_exec(void *context)
{
	const struct container_plan *plan = context;
	struct program program = { 0 };
	int r = exec_set_up(plan, &program);

	if (r >= 0)
		r = exec_wait_for_release(plan);
	if (r >= 0)
		r = process_seal_descriptors(3 + plan->preserve_fds);
	if (r >= 0)
		r = limit_resources_set(plan->process);
	if (r >= 0 && plan->seccomp)
		r = seccomp_install(plan->seccomp, plan->socket_fd);
	if (r >= 0)
		r = program_execute(&program);
	(void)message_send(plan->socket_fd, MESSAGE_ERROR, r, error_text(r), -1);
	_exit(255);
}
