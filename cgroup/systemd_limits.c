/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Limits as properties of a unit (systemd.resource-control(5)). They are taken from
 * the plan of what hull writes into the group's files, so both say the same. What
 * systemd has no property for it leaves alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"
#include "cgroup/systemd.h"

#define INFINITE	  UINT64_MAX
#define CPUS_MOST	  8192
#define HUNDREDTH_SECONDS 10000u /* in microseconds: one percent of a CPU */

enum limit_kind {
	LIMIT_NUMBER, /* or "max" or something negative: no limit */
	LIMIT_WEIGHT, /* "100" or "default 100" */
	LIMIT_SET,    /* "0-3,7" */
};

struct limit {
	const char *file, *property;
	enum limit_kind kind;
	bool only_v2; /* v1 has a file of that name, but systemd nothing for it */
};

static const struct limit limits[] = {
	{ "memory.max", "MemoryMax", LIMIT_NUMBER, false },
	{ "memory.high", "MemoryHigh", LIMIT_NUMBER, false },
	{ "memory.low", "MemoryLow", LIMIT_NUMBER, false },
	{ "memory.min", "MemoryMin", LIMIT_NUMBER, false },
	{ "memory.swap.max", "MemorySwapMax", LIMIT_NUMBER, false },
	{ "memory.zswap.max", "MemoryZSwapMax", LIMIT_NUMBER, false },
	{ "pids.max", "TasksMax", LIMIT_NUMBER, false },
	{ "cpu.weight", "CPUWeight", LIMIT_WEIGHT, false },
	{ "io.weight", "IOWeight", LIMIT_WEIGHT, false },
	{ "cpuset.cpus", "AllowedCPUs", LIMIT_SET, true },
	{ "cpuset.mems", "AllowedMemoryNodes", LIMIT_SET, true },
	{ "memory.limit_in_bytes", "MemoryLimit", LIMIT_NUMBER, false },
	{ "cpu.shares", "CPUShares", LIMIT_WEIGHT, false },
	{ "blkio.weight", "BlockIOWeight", LIMIT_WEIGHT, false },
};

/* A number as files of cgroups take it, "4096", "4k" or "max"; false for anything else. */
static bool number_parse(const char *text, uint64_t *number)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;

	*number = INFINITE;
	if (!strcmp(text, "max") || text[0] == '-')
		return true;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno)
		return false;
	unit = *end ? strchr(units, *end | ' ') : NULL;
	if (unit) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (*number > UINT64_MAX >> shift)
			return false;
		*number <<= shift;
		end++;
	}
	return !*end;
}

/* The bits of a list such as "0-3,7"; false when it is none. */
static bool set_parse(const char *text, struct buffer *bits)
{
	while (*text) {
		char *end;
		unsigned long first, last;

		if (*text < '0' || *text > '9')
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= CPUS_MOST || first > last || (*end && *end != ','))
			return false;
		while (bits->length <= last / 8)
			buffer_bytes(bits, "", 1);
		for (unsigned long i = first; i <= last; i++)
			bits->data[i / 8] = (char)(bits->data[i / 8] | 1 << i % 8);
		text = end + (*end == ',');
	}
	return bits->length > 0;
}

/* A plan may say a thing twice (unified); the last one is what holds. */
static struct systemd_property *property_again(
	struct systemd_properties *properties, const char *name, const char *signature)
{
	for (size_t i = 0; i < properties->count; i++)
		if (!strcmp(properties->items[i].name, name))
			return &properties->items[i];
	return systemd_add(properties, name, signature);
}

static void number_add(struct systemd_properties *properties, const char *name, uint64_t number)
{
	property_again(properties, name, "t")->number = number;
}

static void set_add(struct systemd_properties *properties, const char *name, const char *value)
{
	struct buffer bits = { 0 };
	struct buffer *items;

	if (!set_parse(value, &bits)) {
		buffer_free(&bits);
		return;
	}
	items = &property_again(properties, name, "ay")->items;
	buffer_free(items);
	*items = bits;
}

static void limit_add(
	struct systemd_properties *properties, const struct limit *limit, const char *value)
{
	uint64_t number;

	if (limit->kind == LIMIT_WEIGHT && !strncmp(value, "default ", 8))
		value += 8;
	if (limit->kind == LIMIT_SET)
		set_add(properties, limit->property, value);
	else if (number_parse(value, &number))
		number_add(properties, limit->property, number);
}

/* The file's value and, behind it, that which takes its place where there is no such file. */
static void item_add(
	struct systemd_properties *properties, const struct resource_write *item, uint32_t v1)
{
	bool on_v1 = item->controller < CONTROLLERS && v1 & CONTROLLER_BIT(item->controller);

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i].only_v2 && on_v1)
			continue;
		if (!strcmp(item->file, limits[i].file))
			limit_add(properties, &limits[i], item->value);
		else if (item->other_file && !strcmp(item->other_file, limits[i].file))
			limit_add(properties, &limits[i], item->other_value);
	}
}

/* The value that the plan has for a file, or NULL. */
static const char *plan_value(const struct resource_plan *plan, const char *file)
{
	const char *value = NULL;

	for (size_t i = 0; i < plan->count; i++)
		if (!strcmp(plan->items[i].file, file))
			value = plan->items[i].value;
	return value;
}

/*
 * systemd counts microseconds per second and keeps whole percents of a CPU:
 * rounded up, so that a group below may have as much as the document says.
 */
static void quota_add(
	struct systemd_properties *properties, const struct systemd_quota *quota, bool update)
{
	uint64_t each = INFINITE;

	if (quota->quota != INFINITE && quota->quota < UINT64_MAX / 1000000 && quota->period) {
		each = quota->quota * 1000000 / quota->period;
		each = (each + HUNDREDTH_SECONDS - 1) / HUNDREDTH_SECONDS * HUNDREDTH_SECONDS;
	}
	number_add(properties, "CPUQuotaPerSecUSec", each);
	if (update || quota->period != SYSTEMD_PERIOD_STANDARD)
		number_add(properties, "CPUQuotaPeriodUSec", quota->period);
}

/* A half that is not given is as it is NOW. */
static void cpu_add(struct systemd_properties *properties, const struct resource_plan *plan,
	const struct systemd_quota *now)
{
	const char *max = plan_value(plan, "cpu.max");
	const char *quota = max ? max : plan_value(plan, "cpu.cfs_quota_us");
	const char *period = max ? strchr(max, ' ') : plan_value(plan, "cpu.cfs_period_us");
	_cleanup_free_ char *first = NULL;
	struct systemd_quota wanted = *now;

	if (!quota && !period)
		return;
	if (quota) {
		first = string_format("%.*s", (int)strcspn(quota, " "), quota);
		if (!number_parse(first, &wanted.quota))
			return;
	}
	if (period && !number_parse(period + (max != NULL), &wanted.period))
		return;
	quota_add(properties, &wanted, plan->update);
}

void systemd_add_limits(struct systemd_properties *properties, const struct resource_plan *plan,
	uint32_t v1, const struct systemd_quota *now)
{
	for (size_t i = 0; i < plan->count; i++)
		item_add(properties, &plan->items[i], v1);
	cpu_add(properties, plan, now);
	/* systemd's word for an idle group. */
	if (plan_value(plan, "cpu.idle") && !strcmp(plan_value(plan, "cpu.idle"), "1"))
		number_add(properties, "CPUWeight", 0);
}

/* "/dev/char/1:3", "char-136" or "char-*", which is as much as systemd can say. */
static void device_add(struct systemd_property *list, const struct device_rule *rule)
{
	const char *type = rule->type == 'c' ? "char" : "block";
	_cleanup_free_ char *device = NULL;
	char access[4] = "";

	if (rule->major == DEVICE_ANY)
		device = string_format("%s-*", type);
	else if (rule->minor == DEVICE_ANY)
		device = string_format("%s-%lld", type, (long long)rule->major);
	else
		device = string_format(
			"/dev/%s/%lld:%lld", type, (long long)rule->major, (long long)rule->minor);
	if (rule->access & DEVICE_READ)
		(void)strcat(access, "r");
	if (rule->access & DEVICE_WRITE)
		(void)strcat(access, "w");
	if (rule->access & DEVICE_MKNOD)
		(void)strcat(access, "m");
	systemd_add_item(list, device);
	systemd_add_item(list, access);
}

int systemd_add_devices(
	struct systemd_properties *properties, const struct config_resources *resources)
{
	struct systemd_property *list;
	struct device_rules rules;
	int r = device_rules_make(&rules, resources);

	if (r >= 0) {
		systemd_add_text(properties, "DevicePolicy", rules.allow ? "auto" : "strict");
		list = systemd_add(properties, "DeviceAllow", "a(ss)");
		for (size_t i = 0; i < rules.count && !rules.allow; i++)
			if (rules.items[i].allow)
				device_add(list, &rules.items[i]);
	}
	device_rules_free(&rules);
	return r;
}
