/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/isolation.h"

#include <string.h>

static const struct isolation *const isolations[] = { &isolation_host };

const struct isolation *isolation_of(const struct container *container)
{
	const char *name = container->record.isolation;

	for (size_t i = 0; name && i < ARRAY_SIZE(isolations); i++)
		if (!strcmp(isolations[i]->name, name))
			return isolations[i];
	return &isolation_host;
}
