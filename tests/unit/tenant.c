/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants: the file, the arithmetic of their limits, the names and places of their levels. */
#include "spec/tenant.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "cgroup/conservation.h"
#include "cgroup/driver.h"
#include "cgroup/systemd.h"
#include "cgroup/tenant.h"
#include "tests/unit/test.h"

/* ---- the file -------------------------------------------------------------------------------- */

static void test_document(void)
{
	static const char text[] = "{\"version\":1,\"tenants\":{\"zoo\":{},\"acme\":{\"cpus\":2.50,"
				   "\"rtBudget\":\"10ms\",\"memory\":1024,\"weight\":7}}}";
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer written = { 0 };
	struct tenant_list list = { 0 };

	NEED(tenants_parse(&arena, "file", text, strlen(text), &list) == 0);
	CHECK(list.count == 2 && !strcmp(list.items[0].name, "acme"), "in the order of names");
	NEED(tenant_add(&arena, &list, "middle"));
	NEED(tenant_find(&list, "zoo") && !tenant_find(&list, "other"));
	tenant_remove(&list, tenant_find(&list, "zoo"));
	tenants_write(&written, &list);
	CHECK_TEXT(written.data,
		"{\n  \"version\": 1,\n  \"tenants\": {\n    \"acme\": {\n      \"weight\": 7,\n"
		"      \"cpus\": \"2.50\",\n      \"memory\": \"1024\",\n"
		"      \"rtBudget\": \"10ms\"\n    },\n    \"middle\": {}\n  }\n}\n",
		"written as people read it, with what was written before");
}

static void test_refused(const char *text, const char *words)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct tenant_list list = { 0 };
	int r = tenants_parse(&arena, "file", text, strlen(text), &list);

	CHECK(r == -EINVAL && !strncmp(error_text(r), "file: ", 6) && strstr(error_text(r), words),
		"%s: %s", text, error_text(r));
}

static void test_refusals(void)
{
	test_refused("", "file");
	test_refused("[]", "must be an object");
	test_refused("{\"version\":1}", "tenants: is required");
	test_refused("{\"version\":1,\"tenants\":{\"a\":5}}", "tenants.a: must be an object");
	test_refused("{\"version\":1,\"tenants\":{\"a\":{\"b\":1}}}", "tenants.a.b: is no field");
	test_refused("{\"version\":1,\"tenants\":{\"a\":{\"weight\":10001}}}", "tenants.a.weight");
	test_refused("{\"version\":1,\"tenants\":{\"a\":{\"rtBudget\":5}}}", "tenants.a.rtBudget");
	test_refused("{\"version\":1,\"tenants\":{\"-\":{}}}", "must be 1 to 63");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void test_cpus(const char *text, long long quota)
{
	_cleanup_arena_ struct arena arena = { 0 };
	const struct tenant tenant = { .name = "a", .cpus = text };
	struct config_resources *resources;
	int r = tenant_resources(&tenant, &arena, &resources);

	CHECK((r < 0 ? 0 : resources->cpu->quota.value) == quota, "%s CPUs: %lld", text, quota);
	if (r >= 0)
		CHECK((long long)resources->cpu->burst.value == quota, "%s CPUs: burst", text);
}

static void test_limits(void)
{
	static const struct tenant none = { .name = "a" }, small = { .name = "b", .memory = "64m" };
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;
	uint64_t weight;

	NEED(tenant_resources(&small, &arena, &resources) == 0);
	CHECK(resources->memory->limit.value == 64 << 20 && resources->memory->swap.set &&
			resources->memory->swap.value == 64 << 20,
		"memory is of memory and swap together");
	test_cpus("1", 100000);
	test_cpus("0.01", 1000);
	test_cpus("12.345", 1234500);
	test_cpus("8192", 819200000);
	test_cpus("8192.001", 0);
	test_cpus("0.009", 0);
	test_cpus("99999999999999999999", 0);
	test_cpus("1.2.3", 0);
	NEED(tenant_resources(&none, &arena, &resources) == 0);
	CHECK(resources->cpu->weight.value == 100 && resources->cpu->quota.value == -1 &&
			resources->memory->limit.value == -1 && resources->cpu->burst.set &&
			!resources->cpu->burst.value && resources->cpu->realtime_runtime.set,
		"what is not limited is given too");
	CHECK(tenant_parse_weight("w", "1", &weight) == 0 && weight == 1, "weight 1");
	CHECK(tenant_parse_weight("w", "10000", &weight) == 0 && weight == 10000, "weight 10000");
	CHECK(tenant_parse_weight("w", "18446744073709551617", &weight) < 0, "weight 2^64 + 1");
}

/* Weights are exact on both versions: the ratio of two is the same in the kernel's numbers. */
static void test_weights(void)
{
	struct config_cpu cpu = { .weight = { true, 1 }, .shares = { true, 2048 } };
	const struct config_resources resources = { .cpu = &cpu };
	bool v1_exact = true, v2_exact = true;

	for (cpu.weight.value = CPU_WEIGHT_LEAST; cpu.weight.value <= CPU_WEIGHT_MOST;
		cpu.weight.value++) {
		struct resource_plan v1 = { 0 }, v2 = { 0 };

		NEED(resources_plan_v1(&v1, &resources, ~0u) == 0 && v1.count == 2);
		NEED(resources_plan_v2(&v2, &resources, ~0u) == 0 && v2.count == 1);
		v1_exact &= !strcmp(v1.items[1].file, "cpu.shares") &&
			    strtoull(v1.items[1].value, NULL, 10) ==
				    cpu.weight.value * CPU_SHARES_OF_WEIGHT;
		v2_exact &= !strcmp(v2.items[0].file, "cpu.weight") &&
			    strtoull(v2.items[0].value, NULL, 10) == cpu.weight.value;
		resources_plan_free(&v1);
		resources_plan_free(&v2);
	}
	CHECK(v1_exact && CPU_WEIGHT_MOST * CPU_SHARES_OF_WEIGHT <= 262144,
		"v1: all weights are shares in proportion, within what the kernel takes");
	CHECK(v2_exact, "v2: all weights as they are, whatever shares say");
}

static void test_hint(struct config_cpu cpu, unsigned int lines)
{
	const struct config_resources resources = { .cpu = &cpu };
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned int found = 0;

	conservation_check(&resources, 4, &text);
	for (size_t i = 0; i < text.length; i++)
		found += text.data[i] == '\n';
	CHECK(found == lines, "%u hints: %s", found, text.data ? text.data : "");
}

static void test_hints(void)
{
	test_hint((struct config_cpu){ 0 }, 0);
	test_hint((struct config_cpu){ .quota = { true, -1 } }, 0);
	test_hint((struct config_cpu){ .quota = { true, 400000 } }, 0);
	test_hint((struct config_cpu){ .quota = { true, 300000 } }, 2);
	test_hint((struct config_cpu){ .quota = { true, 300000 }, .burst = { true, 300000 } }, 1);
	test_hint((struct config_cpu){ .quota = { true, 100000 } }, 3);
	test_hint((struct config_cpu){ .quota = { true, 100000 }, .cpus = "2" }, 0);
	test_hint((struct config_cpu){ .quota = { true, 100000 }, .cpus = "0-1" }, 2);
	test_hint((struct config_cpu){ .shares = { true, 2048 } }, 1);
	test_hint((struct config_cpu){ .shares = { true, 1024 } }, 0);
	test_hint((struct config_cpu){ .shares = { true, 1024 }, .weight = { true, 5 } }, 1);
	test_hint((struct config_cpu){ .weight = { true, 5 }, .idle = { true, 1 } }, 1);
}

/* ---- levels ---------------------------------------------------------------------------------- */

static void test_level(const char *saved, const char *wanted)
{
	_cleanup_free_ char *got = cgroup_tenant_level(saved);

	CHECK_TEXT(got, wanted, saved);
}

static void test_slice(const char *slice, const char *tenant, const char *wanted)
{
	_cleanup_free_ char *got = tenant_slice(slice, tenant);

	CHECK_TEXT(got, wanted, wanted);
	CHECK(tenant_is_level(wanted), "%s is a level", wanted);
}

static void test_join(const char *path, const char *wanted)
{
	static const struct config_resources limits;
	const struct tenant_level level = { .name = "a.b-c", .limits = &limits };
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;

	NEED(cgroup_open(&cgroup, "c1", path, NULL) == 0);
	CHECK(cgroup_join_tenant(cgroup, &level) == 0, "join below %s", path ? path : "hull's own");
	CHECK_TEXT(strchr(cgroup_saved(cgroup), ':') + 1, wanted, wanted);
	CHECK_TEXT(cgroup_views(cgroup)->path, wanted + 1, "what the container sees");
}

int main(void)
{
	_cleanup_cgroup_ struct cgroup *none = NULL;
	const struct tenant_level level = { .name = "acme" };

	test_document();
	test_refusals();
	test_limits();
	test_weights();
	test_hints();
	test_level("v2:/hull/hull-tenant-a/ID", "v2:/hull/hull-tenant-a");
	test_level("v1:/hull-tenant-a/ID", "v1:/hull-tenant-a");
	test_level("hybrid:/hull/ID", NULL);
	test_level("hybrid:/hull/hull-tenant-/ID", NULL);
	test_level("hybrid:/hull/hull-tenant-a/x/ID", NULL);
	test_level("systemd:/a.slice/a-hull_tenant_b.slice/p-x.scope",
		"systemd:/a.slice/a-hull_tenant_b.slice");
	test_level("systemd:/system.slice/hull-x.scope", NULL);
	test_level("none:/hull-tenant-a", NULL);
	test_level(NULL, NULL);
	test_slice("system.slice", "acme", "system-hull_tenant_acme.slice");
	test_slice("-.slice", "a.b", "hull_tenant_a.b.slice");
	test_slice("a-b.slice", "c-d", "a-b-hull_tenant_c\\x2dd.slice");
	test_join(NULL, "/hull/hull-tenant-a.b-c/c1");
	test_join("/x", "/hull-tenant-a.b-c/x");
	test_join("/e/f/x", "/e/f/hull-tenant-a.b-c/x");
	NEED(cgroup_open_none(&none, "c1") == 0);
	CHECK(cgroup_join_tenant(none, &level) < 0 && strstr(error_text(0), "tenant acme"),
		"without a group: %s", error_text(0));
	return test_end();
}
