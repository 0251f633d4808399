/* SPDX-License-Identifier: Apache-2.0 */

/* Resources that v1 and v2 take in nearly the same way: pids, huge pages, RDMA. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/resources.h"

/*
 * No limit is -1 since runtime-spec 1.3; documents made for older versions say
 * it with 0, and a literal 0 would keep the container's process itself out.
 */
static void plan_pids(struct resource_plan *plan, int64_t limit)
{
	struct resource_write *item;

	/* Engines that change something else send it unset, as 0. */
	if (!limit && plan->update)
		return;
	if (limit > 0) {
		(void)resources_plan_number(plan, CONTROLLER_PIDS, "pids.limit", "pids.max", limit);
		return;
	}
	item = resources_plan_add(plan, CONTROLLER_PIDS, "pids.limit", "pids.max", "max");
	item->is_default = true;
}

/* The limit on reserving, where the kernel has it (5.7), and on using. */
static int plan_hugepages(
	struct resource_plan *plan, const struct config_resources *resources, const char *suffix)
{
	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		const struct config_hugepage_limit *limit = &resources->hugepage_limits.items[i];
		_cleanup_free_ char *value = string_format("%" PRIu64, limit->limit);
		_cleanup_free_ char *file = NULL, *reserved = NULL;

		if (!hugepage_size_is_valid(limit->page_size))
			return error_set(EINVAL,
				"linux.resources.hugepageLimits[%zu].pageSize: must be a size such "
				"as \"2MB\", got \"%s\"",
				i, limit->page_size ? limit->page_size : "");
		file = string_format("hugetlb.%s.%s", limit->page_size, suffix);
		reserved = string_format("hugetlb.%s.rsvd.%s", limit->page_size, suffix);
		(void)resources_plan_add(plan, CONTROLLER_HUGETLB, "hugepageLimits", file, value);
		resources_plan_add(plan, CONTROLLER_HUGETLB, "hugepageLimits", reserved, value)
			->missing = RESOURCE_OPTIONAL;
	}
	return 0;
}

static int plan_rdma(struct resource_plan *plan, const struct config_resources *resources)
{
	for (size_t i = 0; i < resources->rdma.count; i++) {
		const struct config_rdma *rdma = &resources->rdma.items[i];
		_cleanup_buffer_ struct buffer value = { 0 };

		if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			return error_set(EINVAL,
				"linux.resources.rdma.%s: needs hcaHandles or hcaObjects",
				rdma->key);
		buffer_text(&value, rdma->key);
		if (rdma->hca_handles.set)
			buffer_format(&value, " hca_handle=%" PRIu64, rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			buffer_format(&value, " hca_object=%" PRIu64, rdma->hca_objects.value);
		(void)resources_plan_add(plan, CONTROLLER_RDMA, "rdma", "rdma.max", value.data);
	}
	return 0;
}

int resources_plan_shared(struct resource_plan *plan, const struct config_resources *resources,
	uint32_t mask, bool v2)
{
	int r = 0;

	if (resources->pids && resources->pids->limit.set && mask & CONTROLLER_BIT(CONTROLLER_PIDS))
		plan_pids(plan, resources->pids->limit.value);
	if (mask & CONTROLLER_BIT(CONTROLLER_HUGETLB))
		r = plan_hugepages(plan, resources, v2 ? "max" : "limit_in_bytes");
	if (r >= 0 && mask & CONTROLLER_BIT(CONTROLLER_RDMA))
		r = plan_rdma(plan, resources);
	return r;
}
