/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/seccomp_closed.h"

#include <errno.h>
#include <seccomp.h>

#include "base/error.h"

static int add_call(scmp_filter_ctx filter, const struct seccomp_call *call)
{
	const struct scmp_arg_cmp compare = SCMP_CMP64(
		call->argument, SCMP_CMP_MASKED_EQ, call->mask, call->value & call->mask);

	return seccomp_rule_add_array(
		filter, SCMP_ACT_ALLOW, call->number, call->mask ? 1 : 0, &compare);
}

int seccomp_close(const struct seccomp_call *calls, size_t count)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = add_call(filter, &calls[i]);
	if (r >= 0)
		r = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return r < 0 ? error_errno(r, "cannot limit the system calls of hull's own process") : 0;
}
