/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "spec/validate_rules.h"

/* sched(7), sched_setattr(2): what each policy takes. */
#define DEADLINE_LEAST 1024 /* nanoseconds: the kernel drops the ten lowest bits */

static const char *const policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH",
	"SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL };

static const char *const scheduler_flags[] = { "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",
	"SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
	"SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL };

static int validate_deadline(const struct validation *at, const struct config_scheduler *s)
{
	if (s->runtime < DEADLINE_LEAST || s->runtime > INT64_MAX)
		return validation_refuse(at,
			"scheduler.runtime: must be at least %d nanoseconds for SCHED_DEADLINE, "
			"got %" PRIu64,
			DEADLINE_LEAST, s->runtime);
	if (s->deadline < s->runtime || s->deadline > INT64_MAX)
		return validation_refuse(at,
			"scheduler.deadline: must not be less than runtime (%" PRIu64
			"), got %" PRIu64,
			s->runtime, s->deadline);
	if (s->period && (s->period < s->deadline || s->period > INT64_MAX))
		return validation_refuse(at,
			"scheduler.period: must not be less than deadline (%" PRIu64
			"), got %" PRIu64,
			s->deadline, s->period);
	return 0;
}

int validate_scheduler(const struct validation *at, const struct config_scheduler *s)
{
	bool realtime = !strcmp(s->policy, "SCHED_FIFO") || !strcmp(s->policy, "SCHED_RR");
	int64_t priority = s->priority.value;

	if (word_find(policies, s->policy) < 0)
		return validation_refuse_word(at, policies, s->policy, "scheduler.policy");
	for (size_t i = 0; i < s->flags.count; i++)
		if (word_find(scheduler_flags, s->flags.items[i]) < 0)
			return validation_refuse_word(
				at, scheduler_flags, s->flags.items[i], "scheduler.flags[%zu]", i);
	if (s->nice.value < -20 || s->nice.value > 19)
		return validation_refuse(
			at, "scheduler.nice: must be -20 to 19, got %" PRId64, s->nice.value);
	if (realtime && (priority < 1 || priority > 99))
		return validation_refuse(at,
			"scheduler.priority: must be 1 to 99 for %s, got %" PRId64, s->policy,
			priority);
	if (!realtime && priority)
		return validation_refuse(at,
			"scheduler.priority: must be given only for SCHED_FIFO or SCHED_RR, got "
			"%" PRId64,
			priority);
	if (!strcmp(s->policy, "SCHED_DEADLINE"))
		return validate_deadline(at, s);
	if (s->runtime || s->deadline || s->period)
		return validation_refuse(at,
			"scheduler.%s: must be given only for SCHED_DEADLINE, got %" PRIu64,
			s->runtime    ? "runtime"
			: s->deadline ? "deadline"
				      : "period",
			s->runtime    ? s->runtime
			: s->deadline ? s->deadline
				      : s->period);
	return 0;
}
