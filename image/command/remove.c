/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/error.h"
#include "image/command/commands.h"
#include "image/extract.h"
#include "image/store.h"

static const struct option options[] = {
	{ 0 },
};

static int remove_one(struct store *store, struct arena *arena, const char *text)
{
	struct store_freed freed = { 0 };
	struct store_image *image;
	int r = store_image_find(store, arena, text, &image);

	if (r >= 0)
		r = store_image_remove(store, image->name, &freed);
	if (r < 0)
		return r;
	printf("removed %s: %u layers, %llu MiB free%s\n", image->name, freed.layers,
		(unsigned long long)freed.bytes >> 20,
		freed.in_use ? "; what is in use stays until hull image prune" : "");
	return 0;
}

static int remove_run(const struct invocation *invocation)
{
	_cleanup_store_ struct store *store = NULL;
	int r = store_open(invocation->global->store, &store);

	if (r >= 0)
		extract_reach(store);
	for (int i = 0; r >= 0 && i < invocation->operand_count; i++)
		r = remove_one(store, invocation->arena, invocation->operands[i]);
	return r;
}

const struct command command_remove = {
	.name = "remove",
	.synopsis = "IMAGE...",
	.summary = "take an image's name away, and what only it needed",
	.options = options,
	.operands_least = 1,
	.operands_most = -1,
	.run = remove_run,
};
