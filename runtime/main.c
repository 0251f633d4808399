/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "runtime/command.h"
#include "runtime/handover.h"
#include "runtime/self.h"
#include "base/version.h"
#include "spec/config.h"

static const struct command *const commands[] = {
	&command_create,
	&command_start,
	&command_run,
	&command_exec,
	&command_state,
	&command_stats,
	&command_list,
	&command_ps,
	&command_events,
	&command_pause,
	&command_resume,
	&command_checkpoint,
	&command_restore,
	&command_migrate,
	&command_receive,
	&command_update,
	&command_mounts,
	&command_tenant,
	&command_kill,
	&command_delete,
	&command_spec,
	&command_features,
	&command_doctor,
	&command_completion,
	NULL,
};

#define GLOBAL(member_) offsetof(struct global_options, member_)

static const struct option global_options[] = {
	{ "root", 0, OPTION_TEXT, GLOBAL(root), "DIR",
		"the folder of all states (default: /run/hull, $XDG_RUNTIME_DIR/hull)" },
	FRONT_LOG_OPTIONS(GLOBAL(front)),
	{ "cgroup-manager", 0, OPTION_TEXT, GLOBAL(cgroup_manager), "NAME",
		"cgroupfs (default), systemd, or disabled: containers get no cgroup",
		"cgroupfs systemd disabled" },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup), NULL,
		"the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPTION_TEXT, GLOBAL(rootless), "WHEN",
		"do without a cgroup that may not be made: true, false or auto (default)",
		"true false auto" },
	{ "isolation", 0, OPTION_TEXT, GLOBAL(isolation), "NAME",
		"what new containers run in: host, or microvm (default for the name hull-vm)",
		"host microvm" },
	{ "criu", 0, OPTION_TEXT, GLOBAL(criu), "PATH",
		"the CRIU that saves and restores containers (default: criu in PATH)" },
	{ "help", 'h', OPTION_FLAG, GLOBAL(front.help), NULL, "print this" },
	{ "version", 'v', OPTION_FLAG, GLOBAL(front.version), NULL, "print the version" },
	/* crun's letters for the same. */
	{ "version", 'V', OPTION_FLAG, GLOBAL(front.version), NULL, NULL },
	{ "usage", '?', OPTION_FLAG, GLOBAL(front.help), NULL, NULL },
	{ 0 },
};

static void print_version(void)
{
	printf("hull version %s\ncommit: %s\nspec: %s\n", HULL_VERSION, HULL_COMMIT, SPEC_VERSION);
}

static int check_global(struct global_options *global)
{
	const char *manager = global->cgroup_manager;

	if (manager && !strcmp(manager, "systemd"))
		global->systemd_cgroup = true;
	else if (manager && strcmp(manager, "cgroupfs") != 0 && strcmp(manager, "disabled") != 0)
		return error_set(EINVAL,
			"--cgroup-manager: must be cgroupfs, systemd or disabled, got \"%s\"",
			manager);
	return 0;
}

static int prepare(struct global_options *global, const struct command *command, char **words)
{
	int r = check_global(global);

	return r < 0 || !command->enters_container ? r : self_protect(words);
}

/* hull by the name of hull-vm makes microVMs: all that an engine has to be told. */
static const char *isolation_by_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	return name && !strcmp(name, "hull-vm") ? "microvm" : NULL;
}

int main(int count, char **words)
{
	struct global_options global = { .isolation = isolation_by_name(words[0]) };
	const struct front front = {
		.program = "hull",
		.about = "hull runs containers: an OCI runtime.",
		.commands = commands,
		.table = global_options,
		.global = &global,
		.options = &global.front,
		.print_version = print_version,
		.unknown = handover,
		.prepare = prepare,
	};

	self_fill_standard_descriptors();
	return front_main(&front, count, words);
}
