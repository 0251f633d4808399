/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "spec/validate.h"
#include "spec/validate_rules.h"

#define GROUPS_MOST 65536      /* NGROUPS_MAX */
#define NO_ID	    UINT32_MAX /* (uid_t)-1 means "leave as it is" to the kernel */

/* getrlimit(2) */
static const char *const rlimit_types[] = { "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA",
	"RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE",
	"RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
	"RLIMIT_SIGPENDING", "RLIMIT_STACK", NULL };

static const char *const io_classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE",
	NULL };

static int validate_user(const struct validation *at, const struct config_user *user)
{
	if (user->uid == NO_ID)
		return validation_refuse(
			at, "user.uid: must be less than %" PRIu32, (uint32_t)NO_ID);
	if (user->gid == NO_ID)
		return validation_refuse(
			at, "user.gid: must be less than %" PRIu32, (uint32_t)NO_ID);
	if (user->additional_gids.count > GROUPS_MOST)
		return validation_refuse(at,
			"user.additionalGids: must have at most %d members, got %zu", GROUPS_MOST,
			user->additional_gids.count);
	for (size_t i = 0; i < user->additional_gids.count; i++)
		if (user->additional_gids.items[i] == NO_ID)
			return validation_refuse(at,
				"user.additionalGids[%zu]: must be less than %" PRIu32, i,
				(uint32_t)NO_ID);
	return 0;
}

static int validate_rlimits(const struct validation *at, const struct config_process *process)
{
	unsigned int given = 0;

	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *limit = &process->rlimits.items[i];
		int type = word_find(rlimit_types, limit->type);

		if (type < 0)
			return validation_refuse_word(
				at, rlimit_types, limit->type, "rlimits[%zu].type", i);
		if (given & 1u << type)
			return validation_refuse(
				at, "rlimits[%zu].type: \"%s\" is given twice", i, limit->type);
		given |= 1u << type;
		if (limit->soft > limit->hard)
			return validation_refuse(at,
				"rlimits[%zu].soft: must not be greater than hard (%" PRIu64
				"), got %" PRIu64,
				i, limit->hard, limit->soft);
	}
	return 0;
}

static int validate_io_priority(
	const struct validation *at, const struct config_io_priority *io_priority)
{
	if (word_find(io_classes, io_priority->class) < 0)
		return validation_refuse_word(
			at, io_classes, io_priority->class, "ioPriority.class");
	if (io_priority->priority < 0 || io_priority->priority > 7)
		return validation_refuse(at, "ioPriority.priority: must be 0 to 7, got %" PRId64,
			io_priority->priority);
	return 0;
}

static int validate_cpu_affinity(
	const struct validation *at, const struct config_cpu_affinity *affinity)
{
	if (affinity->initial && !number_list_is_valid(affinity->initial))
		return validation_refuse(at,
			"execCPUAffinity.initial: must be a list such as \"0-3,7\", got \"%.64s\"",
			affinity->initial);
	if (affinity->final && !number_list_is_valid(affinity->final))
		return validation_refuse(at,
			"execCPUAffinity.final: must be a list such as \"0-3,7\", got \"%.64s\"",
			affinity->final);
	return 0;
}

int validate_process(const struct validation *at, const struct config_process *process)
{
	const struct optional_integer *oom = &process->oom_score_adj;
	int r;

	if (process->cwd[0] != '/')
		return validation_refuse(at, "cwd: must be absolute, got \"%.64s\"", process->cwd);
	if (!process->args.count)
		return validation_refuse(at, "args: must hold the program to run, got nothing");
	if (oom->set && (oom->value < -1000 || oom->value > 1000))
		return validation_refuse(
			at, "oomScoreAdj: must be -1000 to 1000, got %" PRId64, oom->value);
	r = process->user ? validate_user(at, process->user) : 0;
	if (r >= 0)
		r = validate_rlimits(at, process);
	if (r >= 0 && process->scheduler)
		r = validate_scheduler(at, process->scheduler);
	if (r >= 0 && process->io_priority)
		r = validate_io_priority(at, process->io_priority);
	if (r >= 0 && process->exec_cpu_affinity)
		r = validate_cpu_affinity(at, process->exec_cpu_affinity);
	return r;
}

bool capability_name_is_valid(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return !strncmp(name, "CAP_", 4) && name[4] && !name[4 + strspn(name + 4, letters)];
}
