/* SPDX-License-Identifier: Apache-2.0 */
/* hull-image: what `hull image COMMAND` executes. */
#include <stdio.h>

#include "base/version.h"
#include "image/command/commands.h"

static const struct command *const commands[] = {
	&command_run,
	&command_shell,
	&command_exec,
	&command_lock,
	&command_rerun,
	&command_pull,
	&command_push,
	&command_list,
	&command_inspect,
	&command_remove,
	&command_prune,
	&command_check,
	&command_copy,
	&command_import,
	&command_export,
	&command_login,
	&command_logout,
	&command_complete,
	&command_checkpoint_pack,
	&command_checkpoint_unpack,
	NULL,
};

#define GLOBAL(member_) offsetof(struct global_options, member_)

static const struct option global_options[] = {
	{ "store", 0, OPTION_TEXT, GLOBAL(store), "DIR",
		"the folder of all images (default: /var/lib/hull/images, "
		"$XDG_DATA_HOME/hull/images)" },
	{ "verbose", 'v', OPTION_FLAG, GLOBAL(front.verbose), NULL, "say what was chosen and why" },
	FRONT_LOG_OPTIONS(GLOBAL(front)),
	{ "root", 0, OPTION_TEXT, GLOBAL(root), "DIR",
		"the folder of the containers' states, as hull's" },
	{ "cgroup-manager", 0, OPTION_TEXT, GLOBAL(cgroup_manager), "NAME",
		"of the containers, as hull's", "cgroupfs systemd disabled" },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup), NULL,
		"the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPTION_TEXT, GLOBAL(rootless), "WHEN", "of the containers, as hull's",
		"true false auto" },
	{ "help", 'h', OPTION_FLAG, GLOBAL(front.help), NULL, "print this" },
	{ "version", 0, OPTION_FLAG, GLOBAL(front.version), NULL, "print the version" },
	{ 0 },
};

static void print_version(void)
{
	printf("hull-image version %s\ncommit: %s\n", HULL_VERSION, HULL_COMMIT);
}

int main(int count, char **words)
{
	struct global_options global = { 0 };
	const struct front front = {
		.program = "hull image",
		.itself = "image",
		.about = "hull image: images pulled, pinned and run.",
		.commands = commands,
		.table = global_options,
		.global = &global,
		.options = &global.front,
		.print_version = print_version,
	};

	return front_main(&front, count, words);
}
