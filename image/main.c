/* SPDX-License-Identifier: Apache-2.0 */
/* hull-image: what `hull image COMMAND` executes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/version.h"
#include "image/command.h"

static const struct image_command *const commands[] = {
	NULL,
};

#define GLOBAL(member_) offsetof(struct image_global, member_)

static const struct option global_options[] = {
	{ "store", 0, OPTION_TEXT, GLOBAL(store), "DIR",
		"the folder of all images (default: /var/lib/hull/images, "
		"$XDG_DATA_HOME/hull/images)" },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug), NULL, "log what is done" },
	{ "verbose", 'v', OPTION_FLAG, GLOBAL(verbose), NULL, "say what was chosen and why" },
	{ "help", 'h', OPTION_FLAG, GLOBAL(help), NULL, "print this" },
	{ "version", 0, OPTION_FLAG, GLOBAL(version), NULL, "print the version" },
	{ 0 },
};

static void print_help(void)
{
	printf("hull image: images pulled, pinned and run.\n\n"
	       "Usage: hull image [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n`hull image COMMAND --help` tells more.\n\nOptions:\n");
	option_print(global_options);
}

static int fail(int error)
{
	log_error("%s", error_text(error));
	return 1;
}

static const struct image_command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int run_command(const struct image_command *command, const struct image_global *global,
	struct arena *arena, char **words, int count)
{
	struct image_invocation invocation = {
		.command = command,
		.global = global,
		.operands = words,
		.arena = arena,
	};
	void *options = arena_allocate(arena, command->options_bytes + 1);
	int r = option_parse(command->options, options, arena, words, count, command->in_order);

	if (r < 0)
		return fail(error_context(r, "%s", command->name));
	invocation.operand_count = r;
	invocation.options = options;
	if (r < command->operands_least ||
		(command->operands_most >= 0 && r > command->operands_most))
		return fail(error_set(
			EINVAL, "usage: hull image %s %s", command->name, command->synopsis));
	r = command->run(&invocation);
	return r < 0 ? fail(r) : r;
}

/* The words are hull's own: [hull] image [OPTIONS] COMMAND [ARGUMENTS]. */
int main(int count, char **words)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct image_global global = { 0 };
	const struct image_command *command;
	int first = count > 1 && !strcmp(words[1], "image") ? 2 : 1, operands;

	operands =
		option_parse(global_options, &global, &arena, words + first, count - first, true);
	if (operands < 0)
		return fail(operands);
	if (global.version) {
		printf("hull-image version %s\ncommit: %s\n", HULL_VERSION, HULL_COMMIT);
		return 0;
	}
	if (global.help || operands == 0) {
		print_help();
		return 0;
	}
	command = find_command(words[first]);
	if (!command)
		return fail(error_set(
			EINVAL, "image: unknown command: \"%s\" (see --help)", words[first]));
	return run_command(command, &global, &arena, words + first + 1, operands - 1);
}
