/* SPDX-License-Identifier: Apache-2.0 */

/* `linux.resources` for v2: converted to its units, refused where it has nothing like it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "cgroup/controllers_v2.h"
#include "cgroup/resources_fields.h"

#define CPU(member)    .object = OBJECT_CPU, .offset = offsetof(struct config_cpu, member)
#define MEMORY(member) .object = OBJECT_MEMORY, .offset = offsetof(struct config_memory, member)
#define BLOCK_IO(member)                                                                           \
	.object = OBJECT_BLOCK_IO, .offset = offsetof(struct config_block_io, member)
#define NETWORK(member) .object = OBJECT_NETWORK, .offset = offsetof(struct config_network, member)
#define UNSET_BY_ZERO	.zero_is_unset = true
#define DEFAULT(number) .has_default = true, .standard = (number)

static const struct resource_field fields_v2[] = {
	{ "cpu.idle", "cpu.idle", CONTROLLER_CPU, .kind = KIND_INTEGER, CPU(idle), DEFAULT(0) },
	{ "cpu.burst", "cpu.max.burst", CONTROLLER_CPU, .kind = KIND_UNSIGNED, CPU(burst),
		DEFAULT(0) },
	{ "cpu.cpus", "cpuset.cpus", CONTROLLER_CPUSET, .kind = KIND_TEXT, CPU(cpus) },
	{ "cpu.mems", "cpuset.mems", CONTROLLER_CPUSET, .kind = KIND_TEXT, CPU(mems) },
	{ "memory.limit", "memory.max", CONTROLLER_MEMORY, .kind = KIND_INTEGER, MEMORY(limit),
		UNSET_BY_ZERO, DEFAULT(-1), .unlimited = "max" },
	{ "memory.reservation", "memory.low", CONTROLLER_MEMORY, .kind = KIND_INTEGER,
		MEMORY(reservation), UNSET_BY_ZERO, .unlimited = "max" },
};

/* Fields that v2 has nothing for; the default is let pass. */
static const struct resource_field fields_refused[] = {
	{ "memory.swappiness", NULL, CONTROLLER_MEMORY, .kind = KIND_UNSIGNED, MEMORY(swappiness),
		DEFAULT(60) },
	{ "memory.disableOOMKiller", NULL, CONTROLLER_MEMORY, .kind = KIND_BOOL,
		MEMORY(disable_oom_killer), DEFAULT(0) },
	{ "memory.kernel", NULL, CONTROLLER_MEMORY, .kind = KIND_INTEGER, MEMORY(kernel),
		UNSET_BY_ZERO, DEFAULT(-1), .missing = RESOURCE_DROPPED },
	{ "memory.kernelTCP", NULL, CONTROLLER_MEMORY, .kind = KIND_INTEGER, MEMORY(kernel_tcp),
		UNSET_BY_ZERO, DEFAULT(-1), .missing = RESOURCE_DROPPED },
	{ "memory.useHierarchy", NULL, CONTROLLER_MEMORY, .kind = KIND_BOOL, MEMORY(use_hierarchy),
		DEFAULT(1), .missing = RESOURCE_DROPPED },
	{ "cpu.realtimeRuntime", NULL, CONTROLLER_CPU, .kind = KIND_INTEGER, CPU(realtime_runtime),
		DEFAULT(0) },
	{ "cpu.realtimePeriod", NULL, CONTROLLER_CPU, .kind = KIND_UNSIGNED, CPU(realtime_period),
		UNSET_BY_ZERO, DEFAULT(1000000) },
	{ "blockIO.leafWeight", NULL, CONTROLLER_BLKIO, .kind = KIND_UNSIGNED,
		BLOCK_IO(leaf_weight), UNSET_BY_ZERO },
	{ "network.classID", NULL, CONTROLLER_NET_CLS, .kind = KIND_UNSIGNED, NETWORK(class_id),
		UNSET_BY_ZERO },
};

static int plan_refuse(
	const struct resource_plan *plan, const struct config_resources *resources, uint32_t mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields_refused); i++) {
		const struct resource_field *field = &fields_refused[i];
		const char *text;
		int64_t value;

		if (!(mask & CONTROLLER_BIT(field->controller)) ||
			!resource_field_value(field, resources, &value, &text) ||
			(field->has_default && value == field->standard))
			continue;
		if (field->missing != RESOURCE_DROPPED)
			return error_set(EOPNOTSUPP,
				"linux.resources.%s: cgroup v2 has nothing like it", field->field);
		if (!plan->quiet)
			log_warning("linux.resources.%s: is ignored, as cgroup v2 does not have it",
				field->field);
	}
	if (resources->network && resources->network->priorities.count &&
		mask & CONTROLLER_BIT(CONTROLLER_NET_PRIO))
		return error_set(EOPNOTSUPP,
			"linux.resources.network.priorities: cgroup v2 has nothing like it");
	return 0;
}

/* "QUOTA PERIOD"; on an update the half that is not given stays as it is. */
static void plan_cpu_max(struct resource_plan *plan, const struct config_cpu *cpu)
{
	int64_t quota = cpu->quota.set ? cpu->quota.value : 0;
	uint64_t period = cpu->period.set ? cpu->period.value : 0;
	_cleanup_buffer_ struct buffer now = { 0 };
	_cleanup_buffer_ struct buffer value = { 0 };
	struct resource_write *item;

	if (!quota && !period)
		return;
	if (quota > 0) {
		buffer_format(&value, "%" PRId64, quota);
	} else if (!quota && plan->update && plan->v2 &&
		   place_read(plan->v2, "cpu.max", &now) >= 0) {
		buffer_bytes(&value, now.data, strcspn(now.data, " \n"));
	} else {
		buffer_text(&value, "max");
	}
	if (period)
		buffer_format(&value, " %" PRIu64, period);
	item = resources_plan_add(
		plan, CONTROLLER_CPU, quota ? "cpu.quota" : "cpu.period", "cpu.max", value.data);
	item->is_default = quota <= 0 && (!period || period == 100000);
}

static void plan_cpu(struct resource_plan *plan, const struct config_cpu *cpu)
{
	struct resource_write *item;

	plan_cpu_max(plan, cpu);
	/* An idle group has no weight, and the kernel refuses to be told one. */
	if (cpu->idle.set && cpu->idle.value == 1)
		return;
	if (cpu->weight.set) {
		item = resources_plan_number(plan, CONTROLLER_CPU, "cpu.weight", "cpu.weight",
			(int64_t)cpu->weight.value);
		item->is_default = cpu->weight.value == CPU_WEIGHT_STANDARD;
		return;
	}
	if (!cpu->shares.set || !cpu->shares.value)
		return;
	item = resources_plan_number(plan, CONTROLLER_CPU, "cpu.shares", "cpu.weight",
		(int64_t)cpu_weight_of_shares(cpu->shares.value));
	item->is_default = cpu->shares.value == 1024;
}

/*
 * The document limits memory and swap together, v2 swap alone. Without swap in
 * the kernel there is nothing to limit: "max" and "0" are true anyhow.
 */
static int plan_swap(struct resource_plan *plan, const struct config_memory *memory)
{
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.set ? memory->swap.value : 0;
	struct resource_write *item;
	uint64_t now = UINT64_MAX;

	if (!swap && limit != -1)
		return 0;
	if (swap <= 0) {
		item = resources_plan_add(
			plan, CONTROLLER_MEMORY, "memory.swap", "memory.swap.max", "max");
		item->is_default = true;
		item->missing = RESOURCE_OPTIONAL;
		return 0;
	}
	if (!limit) {
		if (!plan->v2 || place_read_number(plan->v2, "memory.max", &now) < 0 ||
			now == UINT64_MAX)
			return error_set(EINVAL,
				"linux.resources.memory.swap: needs a memory limit, as it limits "
				"both together");
		limit = (int64_t)now;
	}
	if (swap < limit)
		return error_set(EINVAL,
			"linux.resources.memory.swap: limits memory and swap together, so it must "
			"be "
			"at least the memory limit (%" PRId64 "), got %" PRId64,
			limit, swap);
	item = resources_plan_number(
		plan, CONTROLLER_MEMORY, "memory.swap", "memory.swap.max", swap - limit);
	if (swap == limit)
		item->missing = RESOURCE_OPTIONAL;
	return 0;
}

/* v2 would kill the container where v1's kernel refuses. */
static int check_before_update(const struct resource_plan *plan, const struct config_memory *memory)
{
	uint64_t usage = 0;
	bool with_swap;

	if (!plan->update || !plan->v2 || !memory->check_before_update.set ||
		!memory->check_before_update.value || !memory->limit.set ||
		memory->limit.value <= 0)
		return 0;
	(void)place_read_number(plan->v2, "memory.current", &usage);
	if ((uint64_t)memory->limit.value >= usage)
		return 0;
	with_swap =
		memory->swap.set && memory->swap.value > 0 && (uint64_t)memory->swap.value < usage;
	return error_set(EBUSY,
		"linux.resources.memory.%s: rejecting memory%s limit: %" PRId64
		" bytes are less than the container uses now (%" PRIu64 ")",
		with_swap ? "swap" : "limit", with_swap ? "+swap" : "",
		with_swap ? memory->swap.value : memory->limit.value, usage);
}

static int plan_memory(struct resource_plan *plan, const struct config_memory *memory)
{
	int r = memory_check(memory, plan->update);

	if (r >= 0)
		r = check_before_update(plan, memory);
	return r < 0 ? r : plan_swap(plan, memory);
}

/* BFQ takes blkio's scale under a name of its own; io.weight is io.cost's, from 1 to 10000. */
static void plan_weight(
	struct resource_plan *plan, const char *field, const char *device, uint64_t weight)
{
	_cleanup_free_ char *value = string_format("%s%" PRIu64, device, weight);
	struct resource_write *item =
		resources_plan_add(plan, CONTROLLER_BLKIO, field, "io.bfq.weight", value);

	item->other_file = string_copy("io.weight");
	item->other_value = string_format("%s%" PRIu64, device, io_weight_of_blkio(weight));
}

static void plan_throttle(struct resource_plan *plan, const char *field, const char *key,
	const struct config_throttle_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct config_throttle_device *device = &list->items[i];
		_cleanup_buffer_ struct buffer value = { 0 };

		buffer_format(
			&value, "%" PRId64 ":%" PRId64 " %s=", device->major, device->minor, key);
		if (device->rate)
			buffer_format(&value, "%" PRIu64, device->rate);
		else
			buffer_text(&value, "max");
		(void)resources_plan_add(plan, CONTROLLER_BLKIO, field, "io.max", value.data);
	}
}

static int plan_block_io(struct resource_plan *plan, const struct config_block_io *io)
{
	if (io->weight.set && io->weight.value)
		plan_weight(plan, "blockIO.weight", "", io->weight.value);
	for (size_t i = 0; i < io->weight_device.count; i++) {
		const struct config_weight_device *device = &io->weight_device.items[i];
		_cleanup_free_ char *numbers =
			string_format("%" PRId64 ":%" PRId64 " ", device->major, device->minor);

		if (device->leaf_weight.set && device->leaf_weight.value)
			return error_set(EOPNOTSUPP,
				"linux.resources.blockIO.weightDevice[%zu].leafWeight: cgroup v2 "
				"has nothing like it",
				i);
		if (device->weight.set && device->weight.value)
			plan_weight(plan, "blockIO.weightDevice", numbers, device->weight.value);
	}
	plan_throttle(plan, "blockIO.throttleReadBpsDevice", "rbps", &io->read_bps);
	plan_throttle(plan, "blockIO.throttleWriteBpsDevice", "wbps", &io->write_bps);
	plan_throttle(plan, "blockIO.throttleReadIOPSDevice", "riops", &io->read_iops);
	plan_throttle(plan, "blockIO.throttleWriteIOPSDevice", "wiops", &io->write_iops);
	return 0;
}

/* A key names a file of the group itself, and none that moves foreign processes into it. */
static bool unified_key_is_valid(const char *key)
{
	if (!*key || *key == '.' || strchr(key, '/'))
		return false;
	for (const char *c = key; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	return strcmp(key, "cgroup.procs") != 0 && strcmp(key, "cgroup.threads") != 0;
}

/* "io.max" takes one device a write(2): line by line. */
static void plan_unified_lines(
	struct resource_plan *plan, enum controller controller, const char *key, const char *value)
{
	for (const char *line = value;; line++) {
		size_t length = strcspn(line, "\n");
		_cleanup_free_ char *text = string_format("%.*s", (int)length, line);

		if (length || !*value)
			(void)resources_plan_add(plan, controller, "unified", key, text);
		line += length;
		if (!*line)
			return;
	}
}

static int plan_unified(struct resource_plan *plan, const struct string_map *unified, uint32_t mask)
{
	for (size_t i = 0; i < unified->count; i++) {
		const char *key = unified->items[i].key;
		_cleanup_free_ char *prefix = string_format("%.*s", (int)strcspn(key, "."), key);
		uint32_t bits = controllers_parse(prefix);
		int controller = 0;

		if (!unified_key_is_valid(key))
			return error_set(EINVAL,
				"linux.resources.unified: \"%s\" is no file of the group that may "
				"be "
				"written",
				key);
		if (bits & ~mask)
			return error_set(EOPNOTSUPP,
				"invalid configuration: linux.resources.unified: \"%s\": "
				"controller %s is on cgroup v1 "
				"here",
				key, prefix);
		while (controller < CONTROLLERS && !(bits & CONTROLLER_BIT(controller)))
			controller++;
		/* "cpu.pressure" and its like belong to the group, not to a controller. */
		if (strstr(key, ".pressure"))
			controller = CONTROLLERS;
		plan_unified_lines(plan, (enum controller)controller, key, unified->items[i].value);
	}
	return 0;
}

int resources_plan_v2(
	struct resource_plan *plan, const struct config_resources *resources, uint32_t mask)
{
	int r = plan_refuse(plan, resources, mask);

	if (r >= 0 && resources->memory && mask & CONTROLLER_BIT(CONTROLLER_MEMORY))
		r = plan_memory(plan, resources->memory);
	if (r < 0)
		return r;
	if (resources->cpu && mask & CONTROLLER_BIT(CONTROLLER_CPU))
		plan_cpu(plan, resources->cpu);
	resources_plan_fields(plan, resources, mask, fields_v2, ARRAY_SIZE(fields_v2));
	if (resources->block_io && mask & CONTROLLER_BIT(CONTROLLER_BLKIO))
		r = plan_block_io(plan, resources->block_io);
	if (r >= 0)
		r = resources_plan_shared(plan, resources, mask, true);
	return r < 0 ? r : plan_unified(plan, &resources->unified, mask);
}
