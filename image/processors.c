/* SPDX-License-Identifier: Apache-2.0 */
#include "image/processors.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"

#define PROCESSORS_MOST 8192

int processors_choose(struct arena *arena, unsigned int count, const char **list)
{
	size_t bytes = CPU_ALLOC_SIZE(PROCESSORS_MOST);
	cpu_set_t *allowed = arena_allocate(arena, bytes), *chosen = arena_allocate(arena, bytes);
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned int total, skip, taken = 0;

	if (sched_getaffinity(0, bytes, allowed) < 0)
		return error_errno(errno, "cannot read which processors may be used");
	total = (unsigned int)CPU_COUNT_S(bytes, allowed);
	if (count > total)
		return error_set(
			EINVAL, "--cpus: %u are wanted, and %u may be used here", count, total);
	skip = (unsigned int)getpid() % (total / count) * count;
	for (unsigned int i = 0; i < PROCESSORS_MOST && taken < count; i++) {
		if (!CPU_ISSET_S(i, bytes, allowed))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		CPU_SET_S(i, bytes, chosen);
		buffer_format(&text, "%s%u", taken++ ? "," : "", i);
	}
	if (sched_setaffinity(0, bytes, chosen) < 0)
		return error_errno(errno, "cannot choose processors");
	*list = arena_copy(arena, text.data, text.length);
	return 0;
}
