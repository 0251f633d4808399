/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/error.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/pull.h"

struct pull_options {
	struct registry_options registry;
	const char *platform;
	bool quiet, keep_blobs;
};

static const struct option options[] = {
	{ "platform", 0, OPTION_TEXT, offsetof(struct pull_options, platform), "OS/ARCH[/VARIANT]",
		"of an image that there is for several (default: this machine's)" },
	{ "keep-blobs", 0, OPTION_FLAG, offsetof(struct pull_options, keep_blobs), NULL,
		"keep the compressed layers as well: a push then sends them unchanged" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct pull_options, quiet), NULL,
		"no progress, only the digest" },
	REGISTRY_OPTION_ROWS(struct pull_options, registry),
	{ 0 },
};

static int run(const struct invocation *invocation)
{
	const struct pull_options *given = invocation->options;
	struct pull_settings settings = { .keep_blobs = given->keep_blobs, .quiet = given->quiet };
	_cleanup_store_ struct store *store = NULL;
	struct reference reference;
	struct platform platform;
	struct copy_result result;
	int r = reference_parse(
		invocation->arena, invocation->operands[0], TRANSPORT_REGISTRY, &reference);

	if (r >= 0)
		r = registry_options_read(&given->registry, &settings.registry);
	if (r >= 0)
		r = platform_option_read(
			invocation->arena, given->platform, &platform, &settings.platform);
	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = image_pull(store, &reference, &settings, &result);
	if (r < 0)
		return r;
	printf("%s\n", DIGEST_SHOW(&result.top));
	return 0;
}

const struct command command_pull = {
	.name = "pull",
	.synopsis = "[OPTIONS] NAME",
	.summary = "fetch an image into the store and print its digest",
	.options = options,
	.options_bytes = sizeof(struct pull_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = run,
};
