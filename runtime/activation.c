/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/activation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned int activation_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long number = text ? strtoul(text, &end, 10) : 0;

	return text && *text && !*end && number < 1u << 16 ? (unsigned int)number : 0;
}

unsigned int activation_pass_on(struct config *config)
{
	struct string_list *env = &config->process->env;
	unsigned int count = activation_number("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	const char **items;

	/* They may be meant for a parent of ours. */
	if (!count || activation_number("LISTEN_PID") != (unsigned int)getpid())
		return 0;
	items = arena_allocate(&config->arena, (env->count + 4) * sizeof(*items));
	if (env->count)
		memcpy(items, env->items, env->count * sizeof(*items));
	items[env->count++] = arena_format(&config->arena, "LISTEN_FDS=%u", count);
	items[env->count++] = "LISTEN_PID=1";
	if (names)
		items[env->count++] = arena_format(&config->arena, "LISTEN_FDNAMES=%s", names);
	env->items = items;
	return count;
}
