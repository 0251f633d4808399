/* SPDX-License-Identifier: Apache-2.0 */
/* What the systemd driver makes of a document: names of units, properties, annotations. */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/driver.h"
#include "cgroup/systemd.h"
#include "tests/unit/test.h"

static void test_name(const char *path, bool user, const char *wanted)
{
	_cleanup_free_ char *slice = NULL, *name = NULL, *group = NULL, *got = NULL;

	if (systemd_name_parse("c1+x", path, user, &slice, &name) >= 0) {
		group = systemd_name_group(slice, name);
		got = string_format("%s %s %s", slice, name, group);
	}
	CHECK_TEXT(got, wanted, path ? path : "(no path)");
}

static void test_names(void)
{
	static const char *const refused[] = { "/a/b", "a.slice", "a.slice:b", "a.slice:b:c:d",
		"a.slice:b:", "a.scope:b:c", "a-.slice:b:c", "-a.slice:b:c", "a--b.slice:b:c",
		".slice:b:c", "a/b.slice:c:d", "a.slice:b:../c", "a b.slice:c:d",
		"a.slice:b:-.slice", "a.slice:b:x-.slice" };
	_cleanup_free_ char *longest = string_format("a.slice::%0300d", 1);

	test_name(NULL, false, "system.slice hull-c1\\x2bx.scope system.slice/hull-c1\\x2bx.scope");
	test_name("", true, "user.slice hull-c1\\x2bx.scope user.slice/hull-c1\\x2bx.scope");
	test_name("machine.slice:libpod:ab", false,
		"machine.slice libpod-ab.scope machine.slice/libpod-ab.scope");
	test_name(":p:n", false, "system.slice p-n.scope system.slice/p-n.scope");
	test_name("a-b-c.slice::n", false,
		"a-b-c.slice n.scope a.slice/a-b.slice/a-b-c.slice/n.scope");
	test_name("-.slice:p:n", false, "-.slice p-n.scope p-n.scope");
	test_name("a.slice:p:a-b.slice", false, "a.slice a-b.slice a.slice/a-b.slice");
	test_name("a.slice::cpu", false, "a.slice cpu.scope a.slice/_cpu.scope");
	test_name("a.slice::_x", false, "a.slice _x.scope a.slice/__x.scope");
	test_name("a.slice:p q:n\n", false,
		"a.slice p\\x20q-n\\x0a.scope a.slice/p\\x20q-n\\x0a.scope");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		test_name(refused[i], false, NULL);
	test_name(longest, false, NULL);
	CHECK_TEXT(systemd_name_of_group("systemd:/a.slice/_cpu.scope"), "cpu.scope",
		"name of a group");
}

static const struct systemd_property *find(
	const struct systemd_properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->count; i++)
		if (!strcmp(properties->items[i].name, name))
			return &properties->items[i];
	return NULL;
}

/* The number of a property; 12345678 when it is not there. */
static uint64_t number(const struct systemd_properties *properties, const char *name)
{
	const struct systemd_property *property = find(properties, name);

	return property ? property->number : 12345678;
}

/* The properties of files "FILE=VALUE", up to NULL. */
static struct systemd_properties limits_of(uint32_t v1, const char *const *files)
{
	struct systemd_properties properties = { 0 };
	const struct systemd_quota now = { .quota = 30000, .period = 60000 };
	struct resource_plan plan = { 0 };

	for (; *files; files++) {
		_cleanup_free_ char *file =
			string_format("%.*s", (int)strcspn(*files, "="), *files);

		(void)resources_plan_add(&plan,
			!strncmp(file, "cpuset", 6) ? CONTROLLER_CPUSET : CONTROLLER_CPU, "x", file,
			strchr(*files, '=') + 1);
	}
	systemd_add_limits(&properties, &plan, v1, &now);
	resources_plan_free(&plan);
	return properties;
}

static void test_limits(void)
{
	static const char *const all[] = { "memory.max=1048576", "memory.swap.max=max",
		"memory.low=4k", "memory.high=1G", "pids.max=7", "cpu.weight=59",
		"io.weight=default 42", "cpu.max=33333 50000", "cpuset.cpus=0-2,9", "cpuset.mems=3",
		"io.max=8:0 rbps=1", "cpuset.mems=0", "pids.max=7", NULL };
	static const char *const odd[] = { "memory.max=lots", "cpu.max=", "cpuset.cpus=9999999",
		"pids.max=-1", "memory.high=99999999999999999999", "cpu.idle=1", "cpu.weight=5",
		NULL };
	static const char *const one[] = { "cpu.cfs_quota_us=20000", "cpu.shares=512",
		"memory.limit_in_bytes=-1", "cpuset.cpus=0", NULL };
	struct systemd_properties p = limits_of(0, all);
	const struct systemd_property *cpus = find(&p, "AllowedCPUs");

	CHECK(number(&p, "MemoryMax") == 1048576, "MemoryMax");
	CHECK(number(&p, "MemorySwapMax") == UINT64_MAX, "MemorySwapMax without a limit");
	CHECK(number(&p, "MemoryLow") == 4096 && number(&p, "MemoryHigh") == 1u << 30, "units");
	CHECK(number(&p, "TasksMax") == 7 && number(&p, "CPUWeight") == 59, "TasksMax, CPUWeight");
	CHECK(number(&p, "IOWeight") == 42, "IOWeight");
	CHECK(number(&p, "CPUQuotaPerSecUSec") == 670000, "a quota is whole percents, rounded up");
	CHECK(number(&p, "CPUQuotaPeriodUSec") == 50000, "its period");
	CHECK(cpus && cpus->items.length == 2 && !memcmp(cpus->items.data, "\7\2", 2),
		"AllowedCPUs");
	CHECK(p.count == 11, "and nothing else: %zu", p.count);
	systemd_properties_free(&p);
	p = limits_of(0, odd);
	CHECK(!find(&p, "MemoryMax") && !find(&p, "MemoryHigh") && !find(&p, "AllowedCPUs") &&
			!find(&p, "CPUQuotaPerSecUSec"),
		"what is no number is left to the kernel to refuse");
	CHECK(number(&p, "TasksMax") == UINT64_MAX, "negative is no limit");
	CHECK(number(&p, "CPUWeight") == 0, "an idle group");
	systemd_properties_free(&p);
	p = limits_of(CONTROLLER_BIT(CONTROLLER_CPUSET) | CONTROLLER_BIT(CONTROLLER_CPU), one);
	CHECK(number(&p, "CPUQuotaPerSecUSec") == 340000, "v1's quota with the period that holds");
	CHECK(number(&p, "CPUShares") == 512, "v1's shares");
	CHECK(number(&p, "MemoryLimit") == UINT64_MAX, "v1's memory");
	CHECK(!find(&p, "AllowedCPUs"), "no AllowedCPUs on v1");
	systemd_properties_free(&p);
	p = limits_of(CONTROLLER_BIT(CONTROLLER_CPU),
		(const char *[]){ "cpu.cfs_period_us=100000", NULL });
	CHECK(number(&p, "CPUQuotaPerSecUSec") == 300000, "v1's period with the quota that holds");
	systemd_properties_free(&p);
	p = limits_of(0, (const char *[]){ "cpu.max=max", NULL });
	CHECK(number(&p, "CPUQuotaPerSecUSec") == UINT64_MAX, "no quota any more");
	CHECK(number(&p, "CPUQuotaPeriodUSec") == 60000, "the period stays");
	systemd_properties_free(&p);
}

static void test_devices(void)
{
	struct config_device_rule rules[] = {
		{ .allow = false, .access = "rwm" },
		{ .allow = true,
			.type = "b",
			.major = { true, 8 },
			.minor = { true, 1 },
			.access = "r" },
		{ .allow = true,
			.type = "c",
			.major = { false, 0 },
			.minor = { true, 77 },
			.access = "rw" },
	};
	struct config_resources resources = { .devices = { rules, ARRAY_SIZE(rules) } };
	struct systemd_properties p = { 0 };
	const struct systemd_property *list;
	char text[1024] = "";

	NEED(systemd_add_devices(&p, &resources) == 0);
	CHECK_TEXT(find(&p, "DevicePolicy")->text, "strict", "what is not allowed is denied");
	list = find(&p, "DeviceAllow");
	for (size_t at = 0; at < list->items.length; at += strlen(list->items.data + at) + 1)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			list->items.data + at);
	CHECK(strstr(text, "/dev/block/8:1 r "), "a block device: %s", text);
	CHECK(strstr(text, "char-* rw "), "a minor of any major: all, as there is no word for it");
	CHECK(strstr(text, "char-136 rwm ") && strstr(text, "/dev/char/1:3 rwm "),
		"the default ones");
	systemd_properties_free(&p);
	rules[0].allow = true;
	resources.devices.count = 1;
	NEED(systemd_add_devices(&p, &resources) == 0);
	CHECK_TEXT(find(&p, "DevicePolicy")->text, "auto", "everything is allowed");
	CHECK(find(&p, "DeviceAllow")->items.length == 0, "and nothing need be listed");
	systemd_properties_free(&p);
}

static int annotate(struct systemd_properties *p, const char *name, const char *value)
{
	_cleanup_free_ char *key = string_format("org.systemd.property.%s", name);
	struct string_pair pair = { key, value };
	const struct string_map map = { &pair, 1 };

	*p = (struct systemd_properties){ 0 };
	return systemd_add_annotations(p, &map);
}

static void test_number(const char *name, const char *value, const char *property, uint64_t wanted)
{
	struct systemd_properties p;
	int r = annotate(&p, name, value);

	CHECK(r == 0 && p.count == 1 && !strcmp(p.items[0].name, property) &&
			p.items[0].number == wanted,
		"%s = %s: %s", name, value, r < 0 ? error_text(r) : "as it should");
	systemd_properties_free(&p);
}

static void test_text(const char *name, const char *value, const char *wanted)
{
	struct systemd_properties p;
	int r = annotate(&p, name, value);

	CHECK_TEXT(r == 0 ? p.items[0].text : error_text(r), wanted, value);
	systemd_properties_free(&p);
}

static void test_refusal(const char *name, const char *value, const char *words)
{
	struct systemd_properties p;
	int r = annotate(&p, name, value);

	CHECK(r == -EINVAL && strstr(error_text(r), words), "%s = %s: %s", name, value,
		error_text(r));
	systemd_properties_free(&p);
}

static void test_annotations(void)
{
	static const char *const dangerous[] = { "ExecStart", "ExecStopPost", "Before", "Requires",
		"Conflicts", "OnFailure", "BindsTo", "PIDs", "Slice", "Delegate", "DeviceAllow",
		"MemoryMin", "CPUWeight", "Controller", "", "PAMName", "User", "collectmode" };
	struct systemd_properties p;

	test_number("TimeoutStopUSec", "uint64 5000000", "TimeoutStopUSec", 5000000);
	test_number("TimeoutStopSec", "5", "TimeoutStopUSec", 5000000);
	test_number("TimeoutStopSec", "1.25", "TimeoutStopUSec", 1250000);
	test_number("RuntimeMaxSec", " int32 2 ", "RuntimeMaxUSec", 2000000);
	test_number("TasksMax", "0x10", "TasksMax", 16);
	test_number("KillSignal", "15", "KillSignal", 15);
	test_number("DefaultDependencies", "true", "DefaultDependencies", 1);
	test_number("SendSIGHUP", "boolean false", "SendSIGHUP", 0);
	test_text("Description", "'it\\'s mine'", "it's mine");
	test_text("CollectMode", "\"inactive\"", "inactive");
	test_text("Description", "''", "");
	NEED(annotate(&p, "After", "@as ['a.service', \"b.service\"]") == 0);
	CHECK(p.items[0].items.length == 20 &&
			!memcmp(p.items[0].items.data, "a.service\0b.service", 20),
		"a list");
	systemd_properties_free(&p);
	NEED(annotate(&p, "After", "[]") == 0 && p.items[0].items.length == 0);
	systemd_properties_free(&p);
	for (size_t i = 0; i < ARRAY_SIZE(dangerous); i++)
		test_refusal(dangerous[i], "'x'", dangerous[i]);
	test_refusal("TimeoutStopUSec", "-1", "must be a number");
	test_refusal("TimeoutStopUSec", "5 6", "must be a number");
	test_refusal("TimeoutStopUSec", "", "must be a number");
	test_refusal("TimeoutStopUSec", "18446744073709551616", "must be a number");
	test_refusal("TimeoutStopSec", "18446744073709551615", "must be a number");
	test_refusal("KillSignal", "3000000000", "must be a number");
	test_refusal("CollectMode", "inactive", "must be a text in quotes");
	test_refusal("CollectMode", "'inactive", "must be a text in quotes");
	test_refusal("CollectMode", "'a' 'b'", "must be a text in quotes");
	test_refusal("Description", "'a\nb'", "must be a text in quotes");
	test_refusal("DefaultDependencies", "yes", "must be true or false");
	test_refusal("After", "'a.service'", "must be a list");
	test_refusal("After", "['a.service'", "must be a list");
	test_refusal("After", "['a.service' 'b']", "must be a list");
}

static void test_twice(void)
{
	struct string_pair pairs[] = {
		{ "org.systemd.property.TimeoutStopSec", "5" },
		{ "org.systemd.property.TimeoutStopUSec", "5" },
		{ "org.systemd.properties.ExecStart", "not for systemd" },
	};
	const struct string_map map = { pairs, ARRAY_SIZE(pairs) };
	struct systemd_properties p = { 0 };
	int r = systemd_add_annotations(&p, &map);

	CHECK(r == -EINVAL && strstr(error_text(r), "twice"), "given twice: %s", error_text(r));
	systemd_properties_free(&p);
}

int main(void)
{
	test_names();
	test_limits();
	test_devices();
	test_annotations();
	test_twice();
	return test_end();
}
