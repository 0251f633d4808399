/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/create_hooks.h"

#include "ns/hook.h"

int create_hooks_run(const struct container *container, const struct config *config, pid_t pid)
{
	const struct container_state state = {
		.id = container->id,
		.status = "creating",
		.bundle = container->record.bundle,
		.pid = pid,
		.annotations = &config->annotations,
	};
	int r;

	if (!config->hooks)
		return 0;
	r = hook_run_all(&config->hooks->prestart, "prestart", &state);
	return r < 0 ? r : hook_run_all(&config->hooks->create_runtime, "createRuntime", &state);
}
