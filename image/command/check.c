/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/error.h"
#include "image/command/commands.h"
#include "image/extract.h"
#include "image/store_check.h"

struct check_options {
	bool repair;
};

static const struct option options[] = {
	{ "repair", 0, OPTION_FLAG, offsetof(struct check_options, repair), NULL,
		"take away what is broken, so that it can be pulled again" },
	{ 0 },
};

static void print_problem(void *context, const char *text)
{
	(void)context;
	puts(text);
}

static int check_run(const struct invocation *invocation)
{
	const struct check_options *wanted = invocation->options;
	struct store_check check = { .repair = wanted->repair, .problem = print_problem };
	_cleanup_store_ struct store *store = NULL;
	int r = store_open(invocation->global->store, &store);

	if (r < 0)
		return r;
	extract_reach(store);
	r = store_check(store, &check);
	if (r < 0)
		return r;
	printf("%u images, %u layers, %u blobs, %llu MiB: %u problems", check.images, check.layers,
		check.blobs, (unsigned long long)check.bytes >> 20, check.problems);
	if (check.problems && check.repair)
		printf(", %u taken away", check.problems - check.kept);
	printf("\n");
	return check.problems ? 1 : 0;
}

const struct command command_check = {
	.name = "check",
	.synopsis = "[OPTIONS]",
	.summary = "compare everything in the store with its digest",
	.options = options,
	.options_bytes = sizeof(struct check_options),
	.run = check_run,
};
