/* SPDX-License-Identifier: Apache-2.0 */

/* `linux.resources` for v1: its files take the document's units (it was written for them). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/resources_fields.h"

#define CPU(member)	.object = OBJECT_CPU, .offset = offsetof(struct config_cpu, member)
#define MEMORY(member)	.object = OBJECT_MEMORY, .offset = offsetof(struct config_memory, member)
#define NETWORK(member) .object = OBJECT_NETWORK, .offset = offsetof(struct config_network, member)
#define UNSET_BY_ZERO	.zero_is_unset = true
#define DEFAULT(number) .has_default = true, .standard = (number)

/* In the order of writing; what the kernel refuses for its neighbour is tried again. */
static const struct resource_field fields_v1[] = {
	{ "cpu.idle", "cpu.idle", CONTROLLER_CPU, .kind = KIND_INTEGER, CPU(idle), DEFAULT(0) },
	{ "cpu.shares", "cpu.shares", CONTROLLER_CPU, .kind = KIND_UNSIGNED, CPU(shares),
		UNSET_BY_ZERO, DEFAULT(1024) },
	{ "cpu.period", "cpu.cfs_period_us", CONTROLLER_CPU, .kind = KIND_UNSIGNED, CPU(period),
		UNSET_BY_ZERO, DEFAULT(100000) },
	{ "cpu.quota", "cpu.cfs_quota_us", CONTROLLER_CPU, .kind = KIND_INTEGER, CPU(quota),
		UNSET_BY_ZERO, DEFAULT(-1), .unlimited = "-1" },
	{ "cpu.burst", "cpu.cfs_burst_us", CONTROLLER_CPU, .kind = KIND_UNSIGNED, CPU(burst),
		DEFAULT(0) },
	{ "cpu.realtimePeriod", "cpu.rt_period_us", CONTROLLER_CPU, .kind = KIND_UNSIGNED,
		CPU(realtime_period), UNSET_BY_ZERO, DEFAULT(1000000) },
	{ "cpu.realtimeRuntime", "cpu.rt_runtime_us", CONTROLLER_CPU, .kind = KIND_INTEGER,
		CPU(realtime_runtime), DEFAULT(0) },
	{ "cpu.cpus", "cpuset.cpus", CONTROLLER_CPUSET, .kind = KIND_TEXT, CPU(cpus) },
	{ "cpu.mems", "cpuset.mems", CONTROLLER_CPUSET, .kind = KIND_TEXT, CPU(mems) },
	{ "memory.useHierarchy", "memory.use_hierarchy", CONTROLLER_MEMORY, .kind = KIND_BOOL,
		MEMORY(use_hierarchy), DEFAULT(1), .missing = RESOURCE_DROPPED },
	{ "memory.kernel", "memory.kmem.limit_in_bytes", CONTROLLER_MEMORY, .kind = KIND_INTEGER,
		MEMORY(kernel), UNSET_BY_ZERO, DEFAULT(-1), .missing = RESOURCE_DROPPED },
	{ "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", CONTROLLER_MEMORY,
		.kind = KIND_INTEGER, MEMORY(kernel_tcp), UNSET_BY_ZERO, DEFAULT(-1),
		.missing = RESOURCE_DROPPED },
	{ "memory.limit", "memory.limit_in_bytes", CONTROLLER_MEMORY, .kind = KIND_INTEGER,
		MEMORY(limit), UNSET_BY_ZERO, DEFAULT(-1) },
	{ "memory.swap", "memory.memsw.limit_in_bytes", CONTROLLER_MEMORY, .kind = KIND_INTEGER,
		MEMORY(swap), UNSET_BY_ZERO, DEFAULT(-1) },
	{ "memory.reservation", "memory.soft_limit_in_bytes", CONTROLLER_MEMORY,
		.kind = KIND_INTEGER, MEMORY(reservation), UNSET_BY_ZERO, DEFAULT(-1) },
	{ "memory.swappiness", "memory.swappiness", CONTROLLER_MEMORY, .kind = KIND_UNSIGNED,
		MEMORY(swappiness) },
	{ "memory.disableOOMKiller", "memory.oom_control", CONTROLLER_MEMORY, .kind = KIND_BOOL,
		MEMORY(disable_oom_killer), DEFAULT(0) },
	{ "network.classID", "net_cls.classid", CONTROLLER_NET_CLS, .kind = KIND_UNSIGNED,
		NETWORK(class_id), UNSET_BY_ZERO },
};

/* Raising the memory limit to "none" must take the limit of both along. */
static int plan_memory(struct resource_plan *plan, const struct config_memory *memory)
{
	struct resource_write *item;
	int r = memory_check(memory, plan->update);

	if (r < 0 || !memory->limit.set || memory->limit.value != -1 ||
		(memory->swap.set && memory->swap.value))
		return r;
	item = resources_plan_add(
		plan, CONTROLLER_MEMORY, "memory.limit", "memory.memsw.limit_in_bytes", "-1");
	item->missing = RESOURCE_OPTIONAL;
	item->is_default = true;
	return 0;
}

/* BFQ took over CFQ's files under names of its own (Linux 5.0). */
static void plan_weight(struct resource_plan *plan, const char *field, const char *device,
	const char *file, const char *bfq_file, uint64_t weight)
{
	_cleanup_free_ char *value = string_format("%s%" PRIu64, device, weight);
	struct resource_write *item =
		resources_plan_add(plan, CONTROLLER_BLKIO, field, file, value);

	if (!bfq_file)
		return;
	item->other_file = string_copy(bfq_file);
	item->other_value = string_copy(value);
}

static void plan_throttle(struct resource_plan *plan, const char *field, const char *file,
	const struct config_throttle_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct config_throttle_device *device = &list->items[i];
		_cleanup_free_ char *value = string_format("%" PRId64 ":%" PRId64 " %" PRIu64,
			device->major, device->minor, device->rate);

		(void)resources_plan_add(plan, CONTROLLER_BLKIO, field, file, value);
	}
}

static void plan_block_io(struct resource_plan *plan, const struct config_block_io *io)
{
	if (io->weight.set && io->weight.value)
		plan_weight(plan, "blockIO.weight", "", "blkio.weight", "blkio.bfq.weight",
			io->weight.value);
	if (io->leaf_weight.set && io->leaf_weight.value)
		plan_weight(plan, "blockIO.leafWeight", "", "blkio.leaf_weight", NULL,
			io->leaf_weight.value);
	for (size_t i = 0; i < io->weight_device.count; i++) {
		const struct config_weight_device *device = &io->weight_device.items[i];
		_cleanup_free_ char *numbers =
			string_format("%" PRId64 ":%" PRId64 " ", device->major, device->minor);

		if (device->weight.set && device->weight.value)
			plan_weight(plan, "blockIO.weightDevice", numbers, "blkio.weight_device",
				"blkio.bfq.weight_device", device->weight.value);
		if (device->leaf_weight.set && device->leaf_weight.value)
			plan_weight(plan, "blockIO.weightDevice", numbers,
				"blkio.leaf_weight_device", NULL, device->leaf_weight.value);
	}
	plan_throttle(plan, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		&io->read_bps);
	plan_throttle(plan, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		&io->write_bps);
	plan_throttle(plan, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		&io->read_iops);
	plan_throttle(plan, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		&io->write_iops);
}

static void plan_network(struct resource_plan *plan, const struct config_network *network)
{
	for (size_t i = 0; i < network->priorities.count; i++) {
		_cleanup_free_ char *value = string_format("%s %" PRIu64,
			network->priorities.items[i].name, network->priorities.items[i].priority);

		(void)resources_plan_add(plan, CONTROLLER_NET_PRIO, "network.priorities",
			"net_prio.ifpriomap", value);
	}
}

/* Behind the shares of the document, if it gives some: the last value counts. */
static void plan_weight_of_cpu(struct resource_plan *plan, const struct config_cpu *cpu)
{
	if (!cpu->weight.set || (cpu->idle.set && cpu->idle.value == 1))
		return;
	(void)resources_plan_number(plan, CONTROLLER_CPU, "cpu.weight", "cpu.shares",
		(int64_t)cpu->weight.value * CPU_SHARES_OF_WEIGHT);
}

int resources_plan_v1(
	struct resource_plan *plan, const struct config_resources *resources, uint32_t mask)
{
	int r = 0;

	if (resources->memory && mask & CONTROLLER_BIT(CONTROLLER_MEMORY))
		r = plan_memory(plan, resources->memory);
	if (r < 0)
		return r;
	resources_plan_fields(plan, resources, mask, fields_v1, ARRAY_SIZE(fields_v1));
	if (resources->cpu && mask & CONTROLLER_BIT(CONTROLLER_CPU))
		plan_weight_of_cpu(plan, resources->cpu);
	if (resources->block_io && mask & CONTROLLER_BIT(CONTROLLER_BLKIO))
		plan_block_io(plan, resources->block_io);
	if (resources->network && mask & CONTROLLER_BIT(CONTROLLER_NET_PRIO))
		plan_network(plan, resources->network);
	r = resources_plan_shared(plan, resources, mask, false);
	if (r >= 0 && resources->unified.count && !plan->v2)
		return error_set(EOPNOTSUPP, "invalid configuration: linux.resources.unified: this "
					     "machine has no cgroup v2 hierarchy");
	return r;
}
