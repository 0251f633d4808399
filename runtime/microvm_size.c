/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_size.h"

#include <errno.h>

#include "base/error.h"
#include "base/processors.h"

/* Without limits of its own a container gets a machine of this size. */
#define DEFAULT_MEMORY 512u /* MiB */
/* What the guest's kernel needs beside the container's own limit. */
#define KERNEL_MEMORY 128u
/* What the monitor, the server of the files and KVM use beside the guest's memory (docs/microvm.md). */
#define MONITOR_MEMORY 64u
/* Threads beside the vCPUs: theirs, KVM's, and the program that the kernel is compressed with. */
#define MONITOR_TASKS 16

/* ---- its size ------------------------------------------------------------------------------------- */

/* As many as the quota pays for, and the set has. */
static unsigned int vcpus_of(const struct config_cpu *cpu)
{
	bool paid = cpu->quota.set && cpu->quota.value > 0;
	uint64_t count = 1;

	if (paid) {
		uint64_t period = cpu->period.set && cpu->period.value ? cpu->period.value : 100000;

		count = ((uint64_t)cpu->quota.value + period - 1) / period;
	}
	if (cpu->cpus && *cpu->cpus) {
		cpu_set_t set;
		int there = processors_parse(cpu->cpus, &set);

		if (there > 0 && (!paid || count > (unsigned int)there))
			count = (unsigned int)there;
	}
	return count < MICROVM_VCPUS ? (unsigned int)count : MICROVM_VCPUS;
}

static bool has_own_vcpus(const struct config *config)
{
	return config->vm && config->vm->hw_config && config->vm->hw_config->vcpus.set;
}

unsigned int microvm_vcpus(const struct config *config)
{
	const struct config_resources *resources = config->linux->resources;

	if (has_own_vcpus(config))
		return (unsigned int)config->vm->hw_config->vcpus.value;
	return resources && resources->cpu ? vcpus_of(resources->cpu) : 1;
}

unsigned int microvm_vcpus_after(const struct config *config, const struct config_cpu *change)
{
	const struct config_resources *resources = config->linux->resources;
	struct config_cpu cpu = { 0 };

	if (has_own_vcpus(config) || !(change->quota.value || (change->cpus && *change->cpus)))
		return 0;
	if (resources && resources->cpu)
		cpu = *resources->cpu;
	if (change->quota.value)
		cpu.quota = change->quota;
	if (change->period.value)
		cpu.period = change->period;
	if (change->cpus && *change->cpus)
		cpu.cpus = change->cpus;
	return vcpus_of(&cpu);
}

/* The limit in bytes; 0: none. */
static uint64_t memory_limit(const struct config *config)
{
	const struct config_memory *memory =
		config->linux->resources ? config->linux->resources->memory : NULL;

	return memory && memory->limit.set && memory->limit.value > 0
		       ? (uint64_t)memory->limit.value
		       : 0;
}

unsigned int microvm_memory(const struct config *config)
{
	uint64_t limit = memory_limit(config);

	if (config->vm && config->vm->hw_config && config->vm->hw_config->memory.set)
		return (unsigned int)(config->vm->hw_config->memory.value >> 20);
	return limit ? (unsigned int)(limit >> 20) + KERNEL_MEMORY : DEFAULT_MEMORY;
}

/* ---- the group of the whole machine --------------------------------------------------------------- */

/* Limits that the container has, raised by MORE bytes that the machine has beside it. */
static struct config_memory *outer_memory(
	struct arena *arena, const struct config_memory *given, int64_t more)
{
	struct config_memory *memory = arena_allocate(arena, sizeof(*memory));
	struct optional_integer *const limits[] = { &memory->limit, &memory->swap,
		&memory->reservation };

	*memory = *given;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i]->set && limits[i]->value > 0)
			limits[i]->value += more;
	return memory;
}

static void set_devices(struct config_resources *resources)
{
	static struct config_device_rule kvm = {
		.allow = true,
		.type = "c",
		.major = { .set = true, .value = 10 },
		.minor = { .set = true, .value = 232 },
		.access = "rw",
	};

	resources->devices.items = &kvm;
	resources->devices.count = 1;
}

const struct config_resources *microvm_resources(struct arena *arena, const struct config *config)
{
	const struct config_resources *given = config->linux->resources;
	struct config_resources *resources = arena_allocate(arena, sizeof(*resources));

	*resources = (struct config_resources){ 0 };
	set_devices(resources);
	if (!given)
		return resources;
	resources->cpu = given->cpu;
	resources->block_io = given->block_io;
	resources->network = given->network;
	resources->rdma = given->rdma;
	if (given->memory)
		resources->memory = outer_memory(arena, given->memory,
			((int64_t)(microvm_memory(config) + MONITOR_MEMORY) << 20) -
				(int64_t)memory_limit(config));
	if (given->pids && given->pids->limit.set && given->pids->limit.value > 0) {
		resources->pids = arena_allocate(arena, sizeof(*resources->pids));
		resources->pids->limit = (struct optional_integer){ .set = true,
			.value = microvm_vcpus(config) + MONITOR_TASKS };
	}
	return resources;
}

/* ---- changes ---------------------------------------------------------------------------------------- */

static int refuse(const char *field, const char *why)
{
	return error_set(ENOTSUP, "resources.%s: %s", field, why);
}

static int check_update(const struct config_resources *update, unsigned int machine_memory)
{
	static const char creation[] = "of a microVM is set when it is created";
	const struct config_memory *memory = update->memory;
	int64_t most = ((int64_t)machine_memory - KERNEL_MEMORY) << 20;

	if (update->devices.count)
		return refuse("devices", creation);
	if (update->hugepage_limits.count)
		return refuse("hugepageLimits", creation);
	if (update->unified.count)
		return refuse("unified", creation);
	if (memory && (memory->limit.value < 0 || memory->limit.value > most))
		return refuse("memory.limit", "a running microVM cannot be given more memory");
	return 0;
}

static void add_word(struct arena *arena, struct microvm_update *update, const char *option,
	const struct optional_integer *value)
{
	if (!value->set || !value->value)
		return;
	update->words[update->word_count++] = option;
	update->words[update->word_count++] = arena_format(arena, "%lld", (long long)value->value);
}

int microvm_update_split(struct arena *arena, const struct config_resources *resources,
	unsigned int machine_memory, struct microvm_update *update)
{
	const struct config_memory *memory = resources->memory;
	int r = check_update(resources, machine_memory);

	if (r < 0)
		return r;
	*update = (struct microvm_update){
		.outside = {
			.cpu = resources->cpu,
			.block_io = resources->block_io,
			.network = resources->network,
			.rdma = resources->rdma,
		},
	};
	if (memory) {
		add_word(arena, update, "--memory", &memory->limit);
		add_word(arena, update, "--memory-reservation", &memory->reservation);
		add_word(arena, update, "--memory-swap", &memory->swap);
	}
	if (memory && memory->limit.value > 0) {
		update->memory = (unsigned int)(memory->limit.value >> 20) + KERNEL_MEMORY;
		update->outside.memory = outer_memory(
			arena, memory, (int64_t)(KERNEL_MEMORY + MONITOR_MEMORY) << 20);
	}
	if (resources->pids)
		add_word(arena, update, "--pids-limit", &resources->pids->limit);
	return 0;
}
