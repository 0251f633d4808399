/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/validate_rules.h"

/*
 * Values that no kernel takes, whichever hierarchy and driver. 0 means "not
 * set" in most fields, because Go's encoders write it so.
 */
#define PIDS_MOST    4194304 /* PID_MAX_LIMIT */
#define CFS_LEAST    1000    /* microseconds: kernel/sched/core.c min_cfs_quota_period */
#define CFS_MOST     1000000
#define WEIGHT_LEAST 10
#define WEIGHT_MOST  1000

static bool device_number_is_valid(const struct optional_integer *number, int64_t most)
{
	return !number->set || (number->value >= -1 && number->value <= most);
}

static int validate_device_rules(const struct validation *at, const struct config_resources *r)
{
	static const char *const types[] = { "a", "b", "c", NULL };

	for (size_t i = 0; i < r->devices.count; i++) {
		const struct config_device_rule *rule = &r->devices.items[i];

		if (rule->type && word_find(types, rule->type) < 0)
			return validation_refuse_word(
				at, types, rule->type, "devices[%zu].type", i);
		if (rule->access && rule->access[strspn(rule->access, "rwm")])
			return validation_refuse(at,
				"devices[%zu].access: must be made of r, w and m, got \"%.64s\"", i,
				rule->access);
		if (!device_number_is_valid(&rule->major, DEVICE_MAJOR_MOST))
			return validation_refuse(at,
				"devices[%zu].major: must be -1 to %d, got %" PRId64, i,
				DEVICE_MAJOR_MOST, rule->major.value);
		if (!device_number_is_valid(&rule->minor, DEVICE_MINOR_MOST))
			return validation_refuse(at,
				"devices[%zu].minor: must be -1 to %d, got %" PRId64, i,
				DEVICE_MINOR_MOST, rule->minor.value);
	}
	return 0;
}

static int validate_memory(const struct validation *at, const struct config_memory *memory)
{
	const struct {
		const struct optional_integer *limit;
		const char *field;
	} limits[] = {
		{ &memory->limit, "limit" },
		{ &memory->reservation, "reservation" },
		{ &memory->swap, "swap" },
		{ &memory->kernel, "kernel" },
		{ &memory->kernel_tcp, "kernelTCP" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].limit->value < -1)
			return validation_refuse(at,
				"memory.%s: must be bytes, or -1 for no limit, got %" PRId64,
				limits[i].field, limits[i].limit->value);
	/* The swap limit counts memory and swap together. */
	if (memory->swap.value > 0 && memory->limit.value > memory->swap.value)
		return validation_refuse(at,
			"memory.swap: must not be less than limit (%" PRId64 "), got %" PRId64,
			memory->limit.value, memory->swap.value);
	if (memory->swap.value > 0 && memory->limit.value < 0)
		return validation_refuse(at,
			"memory.swap: must be -1 beside a limit of -1, got %" PRId64,
			memory->swap.value);
	if (memory->swappiness.set && memory->swappiness.value > 100)
		return validation_refuse(at, "memory.swappiness: must be 0 to 100, got %" PRIu64,
			memory->swappiness.value);
	return 0;
}

static int validate_cpu(const struct validation *at, const struct config_cpu *cpu)
{
	if (cpu->period.value && (cpu->period.value < CFS_LEAST || cpu->period.value > CFS_MOST))
		return validation_refuse(at,
			"cpu.period: must be %d to %d microseconds, got %" PRIu64, CFS_LEAST,
			CFS_MOST, cpu->period.value);
	if (cpu->quota.value > 0 && cpu->quota.value < CFS_LEAST)
		return validation_refuse(at,
			"cpu.quota: must be at least %d microseconds, got %" PRId64, CFS_LEAST,
			cpu->quota.value);
	if (cpu->quota.value > 0 && cpu->burst.value > (uint64_t)cpu->quota.value)
		return validation_refuse(at,
			"cpu.burst: must not be greater than quota (%" PRId64 "), got %" PRIu64,
			cpu->quota.value, cpu->burst.value);
	if (cpu->realtime_period.value && cpu->realtime_runtime.value > 0 &&
		(uint64_t)cpu->realtime_runtime.value > cpu->realtime_period.value)
		return validation_refuse(at,
			"cpu.realtimeRuntime: must not be greater than realtimePeriod (%" PRIu64
			"), got %" PRId64,
			cpu->realtime_period.value, cpu->realtime_runtime.value);
	if (cpu->idle.value < 0 || cpu->idle.value > 1)
		return validation_refuse(
			at, "cpu.idle: must be 0 or 1, got %" PRId64, cpu->idle.value);
	if (cpu->weight.set &&
		(cpu->weight.value < CPU_WEIGHT_LEAST || cpu->weight.value > CPU_WEIGHT_MOST))
		return validation_refuse(at, "cpu.weight: must be %d to %d, got %" PRIu64,
			CPU_WEIGHT_LEAST, CPU_WEIGHT_MOST, cpu->weight.value);
	return 0;
}

static int validate_weight(
	const struct validation *at, const struct optional_unsigned *weight, const char *path)
{
	if (!weight->value || (weight->value >= WEIGHT_LEAST && weight->value <= WEIGHT_MOST))
		return 0;
	return validation_refuse(at, "blockIO.%s: must be %d to %d, got %" PRIu64, path,
		WEIGHT_LEAST, WEIGHT_MOST, weight->value);
}

static int validate_block_device(
	const struct validation *at, int64_t major, int64_t minor, const char *list, size_t i)
{
	if (major < 0 || major > DEVICE_MAJOR_MOST)
		return validation_refuse(at, "blockIO.%s[%zu].major: must be 0 to %d, got %" PRId64,
			list, i, DEVICE_MAJOR_MOST, major);
	if (minor < 0 || minor > DEVICE_MINOR_MOST)
		return validation_refuse(at, "blockIO.%s[%zu].minor: must be 0 to %d, got %" PRId64,
			list, i, DEVICE_MINOR_MOST, minor);
	return 0;
}

static int validate_weight_devices(const struct validation *at, const struct config_block_io *io)
{
	for (size_t i = 0; i < io->weight_device.count; i++) {
		const struct config_weight_device *device = &io->weight_device.items[i];
		char path[64];
		int r = validate_block_device(at, device->major, device->minor, "weightDevice", i);

		if (r < 0)
			return r;
		if (!device->weight.set && !device->leaf_weight.set)
			return validation_refuse(at,
				"blockIO.weightDevice[%zu]: must have a weight or leafWeight", i);
		(void)snprintf(path, sizeof(path), "weightDevice[%zu].weight", i);
		r = validate_weight(at, &device->weight, path);
		if (r < 0)
			return r;
		(void)snprintf(path, sizeof(path), "weightDevice[%zu].leafWeight", i);
		r = validate_weight(at, &device->leaf_weight, path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int validate_block_io(const struct validation *at, const struct config_block_io *io)
{
	const struct {
		const struct config_throttle_list *list;
		const char *field;
	} throttles[] = {
		{ &io->read_bps, "throttleReadBpsDevice" },
		{ &io->write_bps, "throttleWriteBpsDevice" },
		{ &io->read_iops, "throttleReadIOPSDevice" },
		{ &io->write_iops, "throttleWriteIOPSDevice" },
	};
	int r = validate_weight(at, &io->weight, "weight");

	if (r >= 0)
		r = validate_weight(at, &io->leaf_weight, "leafWeight");
	if (r >= 0)
		r = validate_weight_devices(at, io);
	for (size_t t = 0; r >= 0 && t < ARRAY_SIZE(throttles); t++)
		for (size_t i = 0; r >= 0 && i < throttles[t].list->count; i++)
			r = validate_block_device(at, throttles[t].list->items[i].major,
				throttles[t].list->items[i].minor, throttles[t].field, i);
	return r;
}

/* "2MB", as in the names of the hugetlb controller's files: digits, K, M or G, and B. */
static bool page_size_is_valid(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 10 && *text != '0' && text[digits] &&
	       strchr("KMG", text[digits]) && !strcmp(text + digits + 1, "B");
}

static int validate_small_lists(const struct validation *at, const struct config_resources *r)
{
	for (size_t i = 0; i < r->hugepage_limits.count; i++)
		if (!page_size_is_valid(r->hugepage_limits.items[i].page_size))
			return validation_refuse(at,
				"hugepageLimits[%zu].pageSize: must be a size such as 2MB, got "
				"\"%.64s\"",
				i, r->hugepage_limits.items[i].page_size);
	for (size_t i = 0; r->network && i < r->network->priorities.count; i++)
		if (!interface_name_is_valid(r->network->priorities.items[i].name))
			return validation_refuse(at,
				"network.priorities[%zu].name: must be the name of a network "
				"interface, got \"%.64s\"",
				i, r->network->priorities.items[i].name);
	for (size_t i = 0; i < r->rdma.count; i++) {
		const struct config_rdma *device = &r->rdma.items[i];

		if (!*device->key || device->key[strcspn(device->key, " \n")])
			return validation_refuse(
				at, "rdma[\"%.64s\"]: must be the name of a device", device->key);
		if (!device->hca_handles.set && !device->hca_objects.set)
			return validation_refuse(at,
				"rdma[\"%.64s\"]: must have hcaHandles or hcaObjects", device->key);
	}
	return 0;
}

static int validate_unified(const struct validation *at, const struct string_map *unified)
{
	for (size_t i = 0; i < unified->count; i++) {
		const char *key = unified->items[i].key;
		const char *dot = strchr(key, '.');

		if (strchr(key, '/') || !dot || dot == key || !dot[1])
			return validation_refuse(at,
				"unified[\"%.64s\"]: must be a file of cgroup v2 such as "
				"memory.high",
				key);
	}
	return 0;
}

int validate_resources(const struct validation *at, const struct config_resources *resources)
{
	int r = validate_device_rules(at, resources);

	if (r >= 0 && resources->memory)
		r = validate_memory(at, resources->memory);
	if (r >= 0 && resources->cpu)
		r = validate_cpu(at, resources->cpu);
	if (r >= 0 && resources->pids && resources->pids->limit.value > PIDS_MOST)
		r = validation_refuse(at, "pids.limit: must be at most %d, got %" PRId64, PIDS_MOST,
			resources->pids->limit.value);
	if (r >= 0 && resources->block_io)
		r = validate_block_io(at, resources->block_io);
	if (r >= 0)
		r = validate_small_lists(at, resources);
	if (r >= 0)
		r = validate_unified(at, &resources->unified);
	return r;
}
