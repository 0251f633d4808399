/* SPDX-License-Identifier: Apache-2.0 */
/* tenants.json: whatever is in it is refused, or is the same after it was written again. */
#include "spec/tenant.h"
#include "tests/fuzz/fuzz.h"

static bool same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

static void check_tenant(const struct tenant *one, const struct tenant *again)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;

	/* The name becomes one of a folder. */
	FUZZ_NEED(!strchr(one->name, '/') && one->name[0] != '.' && strlen(one->name) < 64);
	FUZZ_NEED(same(one->name, again->name) && one->weight.value == again->weight.value);
	FUZZ_NEED(same(one->cpus, again->cpus) && same(one->memory, again->memory));
	FUZZ_NEED(same(one->rt_budget, again->rt_budget));
	FUZZ_NEED(tenant_resources(one, &arena, &resources) == 0);
	FUZZ_NEED(resources->cpu->weight.value >= 1 && resources->cpu->weight.value <= 10000);
	FUZZ_NEED(resources->cpu->quota.value == -1 || resources->cpu->quota.value >= 1000);
	FUZZ_NEED(resources->memory->limit.value == -1 || resources->memory->limit.value > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct tenant_list list = { 0 }, again = { 0 };
	int r;

	error_clear();
	r = tenants_parse(&arena, "document", (const char *)bytes, length, &list);
	if (r < 0) {
		fuzz_check_message(r);
		return 0;
	}
	tenants_write(&text, &list);
	FUZZ_NEED(tenants_parse(&arena, "document", text.data, text.length, &again) == 0);
	FUZZ_NEED(list.count == again.count);
	for (size_t i = 0; i < list.count; i++)
		check_tenant(&list.items[i], &again.items[i]);
	return 0;
}
