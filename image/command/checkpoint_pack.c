/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint-pack, checkpoint-unpack: the archives of `hull checkpoint --export` and `hull restore
 * --import`, which execute this. Not for people.
 */
#include "image/checkpoint_pack.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "image/checkpoint_unpack.h"
#include "image/command.h"
#include "image/command/commands.h"

struct pack_options {
	const char *rootfs;
	bool whole, plain;
};

static const struct option pack_options[] = {
	{ "rootfs", 0, OPTION_TEXT, offsetof(struct pack_options, rootfs), "DIR",
		"the root file system" },
	{ "whole", 0, OPTION_FLAG, offsetof(struct pack_options, whole), NULL, "all of it" },
	{ "plain", 0, OPTION_FLAG, offsetof(struct pack_options, plain), NULL, "do not compress" },
	{ 0 },
};

/* A byte out: the first step is done. A byte in: the container has ended; none: it runs on. */
static int wait_for_word(void *context)
{
	char word = '1';
	ssize_t n;

	(void)context;
	if (write(STDOUT_FILENO, &word, 1) != 1)
		return error_errno(errno, "stdout");
	do
		n = read(STDIN_FILENO, &word, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : error_set(ECANCELED, "not wanted any more");
}

static int pack_run(const struct invocation *invocation)
{
	const struct pack_options *given = invocation->options;
	const struct checkpoint_pack wanted = { .stage = invocation->operands[0],
		.file = invocation->operands[1],
		.rootfs = given->rootfs,
		.whole = given->whole,
		.plain = given->plain,
		.between = wait_for_word };

	return checkpoint_pack(&wanted);
}

const struct command command_checkpoint_pack = {
	.name = "checkpoint-pack",
	.synopsis = "[OPTIONS] STAGE FILE",
	.summary = "write the archive of a checkpoint",
	.options = pack_options,
	.options_bytes = sizeof(struct pack_options),
	.operands_least = 2,
	.operands_most = 2,
	.run = pack_run,
	.hidden = true,
};

struct unpack_options {
	struct string_list allowed;
};

static const struct option unpack_options[] = {
	{ "allow-path", 0, OPTION_LIST, offsetof(struct unpack_options, allowed), "PATH",
		"the archive's configuration may use it" },
	{ 0 },
};

static int unpack_run(const struct invocation *invocation)
{
	const struct unpack_options *given = invocation->options;
	const struct checkpoint_unpack wanted = { .file = invocation->operands[0],
		.images = invocation->operands[1],
		.bundle = invocation->operands[2],
		.allowed = &given->allowed };

	return checkpoint_unpack(&wanted);
}

const struct command command_checkpoint_unpack = {
	.name = "checkpoint-unpack",
	.synopsis = "[OPTIONS] FILE IMAGES BUNDLE",
	.summary = "read the archive of a checkpoint",
	.options = unpack_options,
	.options_bytes = sizeof(struct unpack_options),
	.operands_least = 3,
	.operands_most = 3,
	.run = unpack_run,
	.hidden = true,
};
