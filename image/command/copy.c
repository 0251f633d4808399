/* SPDX-License-Identifier: Apache-2.0 */
/* copy, push: from any transport to any. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/transfer.h"

struct copy_options {
	struct registry_options registry;
	const char *platform, *from_creds, *to_creds;
	bool all, quiet, keep_blobs, from_plain, to_plain, uncompressed;
};

#define COPY_OPTION(member_) offsetof(struct copy_options, member_)

#define ROW_PLATFORM                                                                               \
	{ "platform", 0, OPTION_TEXT, COPY_OPTION(platform), "OS/ARCH[/VARIANT]",                  \
		"of an image that there is for several (default: this machine's)" }
#define ROW_QUIET                                                                                  \
	{ "quiet", 'q', OPTION_FLAG, COPY_OPTION(quiet), NULL, "no progress, only the digest" }

static const struct option copy_options[] = {
	ROW_PLATFORM,
	{ "all", 'a', OPTION_FLAG, COPY_OPTION(all), NULL,
		"the index with the images for all platforms" },
	ROW_QUIET,
	{ "keep-blobs", 0, OPTION_FLAG, COPY_OPTION(keep_blobs), NULL,
		"keep the compressed layers as well, when it goes to the store" },
	{ "uncompressed", 0, OPTION_FLAG, COPY_OPTION(uncompressed), NULL,
		"do not compress layers that come from the store" },
	{ "src-creds", 0, OPTION_TEXT, COPY_OPTION(from_creds), "USER:PASSWORD",
		"credentials of the registry that it comes from" },
	{ "dest-creds", 0, OPTION_TEXT, COPY_OPTION(to_creds), "USER:PASSWORD",
		"credentials of the registry that it goes to" },
	{ "src-plain-http", 0, OPTION_FLAG, COPY_OPTION(from_plain), NULL,
		"HTTP without TLS with the registry that it comes from" },
	{ "dest-plain-http", 0, OPTION_FLAG, COPY_OPTION(to_plain), NULL,
		"HTTP without TLS with the registry that it goes to" },
	REGISTRY_OPTION_ROWS(struct copy_options, registry),
	{ 0 },
};

static const struct option push_options[] = {
	ROW_QUIET,
	{ "uncompressed", 0, OPTION_FLAG, COPY_OPTION(uncompressed), NULL,
		"do not compress the layers" },
	REGISTRY_OPTION_ROWS(struct copy_options, registry),
	{ 0 },
};

static int read_settings(const struct copy_options *given, struct transfer *transfer)
{
	int r = registry_options_read(&given->registry, &transfer->from_settings);

	if (r < 0)
		return r;
	transfer->to_settings = transfer->from_settings;
	transfer->from_settings.plain |= given->from_plain;
	transfer->to_settings.plain |= given->to_plain;
	if (given->from_creds)
		transfer->from_settings.credentials = given->from_creds;
	if (given->to_creds)
		transfer->to_settings.credentials = given->to_creds;
	transfer->all = given->all;
	transfer->quiet = given->quiet;
	transfer->keep_blobs = given->keep_blobs;
	transfer->uncompressed = given->uncompressed;
	return 0;
}

static int run(const struct invocation *invocation, enum transport bare, const char *from_text,
	const char *to_text)
{
	const struct copy_options *given = invocation->options;
	struct transfer transfer = { .store = invocation->global->store };
	struct reference from, to;
	struct platform platform;
	struct copy_result result;
	int r = reference_parse(invocation->arena, from_text, bare, &from);

	if (r >= 0)
		r = reference_parse(invocation->arena, to_text, TRANSPORT_REGISTRY, &to);
	if (r >= 0)
		r = read_settings(given, &transfer);
	if (r >= 0)
		r = platform_option_read(
			invocation->arena, given->platform, &platform, &transfer.platform);
	if (r < 0)
		return r;
	transfer.from = &from;
	transfer.to = &to;
	r = image_transfer(invocation->arena, &transfer, &result);
	if (r < 0)
		return r;
	/* What goes to stdout is the image itself. */
	if (!to.path || strcmp(to.path, "-") != 0)
		printf("%s\n", DIGEST_SHOW(digest_is_set(&result.manifest) ? &result.manifest
									   : &result.top));
	return 0;
}

static int run_copy(const struct invocation *invocation)
{
	return run(
		invocation, TRANSPORT_REGISTRY, invocation->operands[0], invocation->operands[1]);
}

/* To where its name says, or to another name. */
static int run_push(const struct invocation *invocation)
{
	const char *from = invocation->operands[0];

	return run(invocation, TRANSPORT_STORE, from,
		invocation->operand_count > 1 ? invocation->operands[1] : from);
}

const struct command command_copy = {
	.name = "copy",
	.synopsis = "[OPTIONS] SOURCE DESTINATION",
	.summary = "copy an image between registries, files, folders and the store",
	.options = copy_options,
	.options_bytes = sizeof(struct copy_options),
	.operands_least = 2,
	.operands_most = 2,
	.run = run_copy,
};

const struct command command_push = {
	.name = "push",
	.synopsis = "[OPTIONS] NAME [DESTINATION]",
	.summary = "send an image of the store to a registry and print its digest there",
	.options = push_options,
	.options_bytes = sizeof(struct copy_options),
	.operands_least = 1,
	.operands_most = 2,
	.run = run_push,
};
