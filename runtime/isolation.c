/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/isolation.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "spec/annotation.h"

static const struct isolation *const isolations[] = { &isolation_host, &isolation_microvm };

int isolation_choose(
	const struct config *config, const char *wanted, const struct isolation **isolation)
{
	const char *given = config_annotation(config, ANNOTATION_ISOLATION);

	if (!wanted)
		wanted = given ? given : config->vm ? isolation_microvm.name : isolation_host.name;
	for (size_t i = 0; i < ARRAY_SIZE(isolations); i++) {
		if (strcmp(isolations[i]->name, wanted) != 0)
			continue;
		*isolation = isolations[i];
		if (config->vm && *isolation == &isolation_host)
			return error_set(EINVAL, "config.json: vm: is for a microVM, and isolation "
						 "\"host\" is asked for");
		return 0;
	}
	return error_set(EINVAL, "--isolation: must be host or microvm, got \"%s\"", wanted);
}

const struct isolation *isolation_of(const struct container *container)
{
	const char *name = container->record.isolation;

	for (size_t i = 0; name && i < ARRAY_SIZE(isolations); i++)
		if (!strcmp(isolations[i]->name, name))
			return isolations[i];
	return &isolation_host;
}
