/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/limit.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define CPUS_MOST 8192 /* what a kernel can be built for */

/* sched_setattr(2); the kernel's header contradicts the C library's <sched.h>. */
#define POLICY_DEADLINE	   6
#define FLAG_RESET_ON_FORK 0x01
struct scheduler_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct word {
	const char *name;
	uint64_t value;
};

static const struct word rlimits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

static const struct word policies[] = {
	{ "SCHED_OTHER", 0 },
	{ "SCHED_FIFO", 1 },
	{ "SCHED_RR", 2 },
	{ "SCHED_BATCH", 3 },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", 5 },
	{ "SCHED_DEADLINE", POLICY_DEADLINE },
	{ NULL, 0 },
};

static const struct word scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{ NULL, 0 },
};

static const struct word personalities[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

static const struct word memory_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 },
	{ NULL, 0 },
};

static const struct word memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1u << 13 },
	{ "MPOL_F_RELATIVE_NODES", 1u << 14 },
	{ "MPOL_F_STATIC_NODES", 1u << 15 },
	{ NULL, 0 },
};

static int word_value(
	const struct word *words, const char *name, const char *field, uint64_t *value)
{
	*value = 0;
	for (; words->name; words++) {
		if (!strcmp(words->name, name)) {
			*value = words->value;
			return 0;
		}
	}
	return error_set(EINVAL, "%s: unknown: %s", field, name);
}

static int word_bits(const struct word *words, const struct string_list *names, const char *field,
	uint64_t *bits)
{
	for (size_t i = 0; i < names->count; i++) {
		uint64_t bit;
		int r = word_value(words, names->items[i], field, &bit);

		if (r < 0)
			return r;
		*bits |= bit;
	}
	return 0;
}

static int limit_resources_raise(const struct config_process *process)
{
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *limit = &process->rlimits.items[i];
		struct rlimit value;
		uint64_t which;
		int r = word_value(rlimits, limit->type, "process.rlimits", &which);

		if (r < 0)
			return r;
		if (getrlimit((int)which, &value) < 0 || value.rlim_max >= limit->hard)
			continue;
		value.rlim_max = limit->hard;
		if (setrlimit((int)which, &value) < 0)
			return error_errno(
				errno, "process.rlimits[%zu] (%s): cannot be set", i, limit->type);
	}
	return 0;
}

int limit_resources_set(const struct config_process *process)
{
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *limit = &process->rlimits.items[i];
		const struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		uint64_t which;
		int r = word_value(rlimits, limit->type, "process.rlimits", &which);

		if (r < 0)
			return r;
		if (setrlimit((int)which, &value) < 0)
			return error_errno(
				errno, "process.rlimits[%zu] (%s): cannot be set", i, limit->type);
	}
	return 0;
}

int limit_oom_score(const struct container_plan *plan, pid_t pid)
{
	char path[40], text[24];
	int r;

	if (!plan->process->oom_score_adj.set)
		return 0;
	(void)snprintf(path, sizeof(path), "%d/oom_score_adj", (int)pid);
	(void)snprintf(text, sizeof(text), "%d", (int)plan->process->oom_score_adj.value);
	r = file_write_at(plan->proc_fd, path, text);
	if (r < 0)
		return error_errno(r, "process.oomScoreAdj: cannot be set to %s", text);
	return 0;
}

static bool limit_has_cpus(const struct config *config)
{
	const struct config_resources *resources = config->linux->resources;

	return resources && resources->cpu && resources->cpu->cpus && *resources->cpu->cpus;
}

static bool limit_has_start_hooks(const struct config *config)
{
	return config->hooks && config->hooks->start_container.count;
}

int limit_scheduler(const struct container_plan *plan, pid_t pid)
{
	const struct config_scheduler *scheduler = plan->process->scheduler;
	struct scheduler_attributes attributes = { .size = sizeof(attributes) };
	uint64_t policy, flags = 0;
	int r;

	if (!scheduler)
		return 0;
	r = word_value(policies, scheduler->policy, "process.scheduler.policy", &policy);
	if (r >= 0)
		r = word_bits(
			scheduler_flags, &scheduler->flags, "process.scheduler.flags", &flags);
	if (r < 0)
		return r;
	attributes.policy = (uint32_t)policy;
	attributes.flags = flags;
	/* The container's own forks for its hooks, which one with a deadline may only so (sched(7)). */
	if (!pid && policy == POLICY_DEADLINE && limit_has_start_hooks(plan->config))
		attributes.flags |= FLAG_RESET_ON_FORK;
	attributes.nice = (int32_t)scheduler->nice.value;
	attributes.priority = (uint32_t)scheduler->priority.value;
	attributes.runtime = scheduler->runtime;
	attributes.deadline = scheduler->deadline;
	attributes.period = scheduler->period;
	if (syscall(SYS_sched_setattr, pid, &attributes, 0) == 0)
		return 0;
	/* A deadline must be kept on any CPU (sched_setattr(2)). */
	if (errno == EPERM && limit_has_cpus(plan->config))
		return error_errno(EPERM,
			"process.scheduler: %s cannot be set: process scheduler can't be used "
			"together with AllowedCPUs (linux.resources.cpu.cpus)",
			scheduler->policy);
	return error_errno(errno, "process.scheduler: %s cannot be set", scheduler->policy);
}

static int limit_io_priority(const struct config_io_priority *priority)
{
	uint64_t class;
	int r;

	if (!priority)
		return 0;
	r = word_value(io_classes, priority->class, "process.ioPriority.class", &class);
	if (r < 0)
		return r;
	/* ioprio_set(2): IOPRIO_WHO_PROCESS is 1, the class stands above 13 bits of data. */
	if (syscall(SYS_ioprio_set, 1, 0, (int)(class << 13 | (uint64_t)priority->priority)) < 0)
		return error_errno(errno, "process.ioPriority: %s cannot be set", priority->class);
	return 0;
}

static int limit_personality(const struct config_personality *wanted)
{
	uint64_t domain;
	int r;

	if (!wanted)
		return 0;
	r = word_value(personalities, wanted->domain, "linux.personality.domain", &domain);
	if (r < 0)
		return r;
	if (personality(domain) < 0)
		return error_errno(errno, "linux.personality: cannot be set");
	return 0;
}

/* "0-3,7" as bits; numbers below MOST only. */
static int limit_parse_list(
	const char *text, unsigned long *bits, unsigned long most, const char *field)
{
	const size_t width = 8 * sizeof(*bits);

	for (const char *at = text + strspn(text, " ,"); *at; at += strspn(at, " ,")) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end != at && *end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
		}
		if (end == at || last < first || last >= most || (*end && !strchr(" ,", *end)))
			return error_set(EINVAL, "%s: not a list of numbers: %s", field, text);
		for (unsigned long n = first; n <= last; n++)
			bits[n / width] |= 1ul << (n % width);
		at = end;
	}
	return 0;
}

static int limit_memory_policy(const struct config_memory_policy *policy)
{
	unsigned long nodes[1024 / (8 * sizeof(unsigned long))] = { 0 };
	uint64_t mode, flags = 0;
	int r;

	if (!policy || !policy->mode)
		return 0;
	r = word_value(memory_modes, policy->mode, "linux.memoryPolicy.mode", &mode);
	if (r >= 0)
		r = word_bits(memory_flags, &policy->flags, "linux.memoryPolicy.flags", &flags);
	if (r >= 0 && policy->nodes)
		r = limit_parse_list(policy->nodes, nodes, 1024, "linux.memoryPolicy.nodes");
	if (r < 0)
		return r;
	if (syscall(SYS_set_mempolicy, (int)(mode | flags),
		    policy->nodes && *policy->nodes ? nodes : NULL,
		    policy->nodes && *policy->nodes ? 1024 : 0) < 0)
		return error_errno(errno, "linux.memoryPolicy: cannot be set");
	return 0;
}

int limit_affinity(const char *cpus, const char *field)
{
	unsigned long set[CPUS_MOST / (8 * sizeof(unsigned long))] = { 0 };
	int r;

	if (!cpus || !*cpus)
		return 0;
	r = limit_parse_list(cpus, set, CPUS_MOST, field);
	if (r < 0)
		return r;
	if (syscall(SYS_sched_setaffinity, 0, sizeof(set), set) < 0)
		return error_errno(errno, "%s: cannot run on CPUs %s", field, cpus);
	return 0;
}

void limit_affinity_reset(void)
{
	unsigned long set[CPUS_MOST / (8 * sizeof(unsigned long))];

	memset(set, 0xff, sizeof(set));
	(void)syscall(SYS_sched_setaffinity, 0, sizeof(set), set);
}

int limit_all(const struct container_plan *plan)
{
	int r = limit_resources_raise(plan->process);

	if (r >= 0)
		r = limit_io_priority(plan->process->io_priority);
	if (r >= 0)
		r = limit_personality(plan->config->linux->personality);
	if (r >= 0)
		r = limit_memory_policy(plan->config->linux->memory_policy);
	return r;
}
