/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/error.h"
#include "base/quantity.h"
#include "image/command/commands.h"
#include "image/extract.h"
#include "image/store.h"

#define A_DAY 86400u

struct prune_options {
	const char *older;
};

static const struct option options[] = {
	{ "older", 0, OPTION_TEXT, offsetof(struct prune_options, older), "TIME",
		"only what is older (default: 24h; 0 for everything)" },
	{ 0 },
};

static int prune_run(const struct invocation *invocation)
{
	const struct prune_options *wanted = invocation->options;
	_cleanup_store_ struct store *store = NULL;
	struct store_freed freed = { 0 };
	uint64_t age = A_DAY;
	int r = 0;

	if (wanted->older) {
		if (quantity_duration(wanted->older, &age) < 0)
			return error_set(EINVAL, "--older: must be a time such as 24h, got \"%s\"",
				wanted->older);
		age /= 1000000000;
	}
	r = store_open(invocation->global->store, &store);
	if (r < 0)
		return r;
	extract_reach(store);
	r = store_prune(store, age, &freed);
	if (r >= 0)
		printf("removed %u layers and %u other files, %llu MiB free; %u in use stay\n",
			freed.layers, freed.others, (unsigned long long)freed.bytes >> 20,
			freed.in_use);
	return r;
}

const struct command command_prune = {
	.name = "prune",
	.synopsis = "[OPTIONS]",
	.summary = "take away what no image needs any more",
	.options = options,
	.options_bytes = sizeof(struct prune_options),
	.run = prune_run,
};
