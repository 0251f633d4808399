/* SPDX-License-Identifier: Apache-2.0 */

/* An update of a running container: everything is looked at before anything is changed. */
#include <errno.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"
#include "cgroup/driver.h"
#include "cgroup/resources.h"

int resources_plan(struct resource_plan *plan, const struct cgroup *cgroup,
	const struct config_resources *resources)
{
	uint32_t v1 = cgroup_v1_controllers(cgroup);
	int r = 0;

	if (cgroup->v1_count)
		r = resources_plan_v1(plan, resources, cgroup->v2 ? v1 : ~0u);
	if (r >= 0 && cgroup->v2)
		r = resources_plan_v2(plan, resources, ~v1);
	return r;
}

static int update_check_devices(
	const struct cgroup_place *v1, const struct config_resources *resources)
{
	struct device_rules rules, exceptions = { .allow = false };
	int r = device_rules_make(&rules, resources);

	if (r >= 0 && v1)
		r = device_rules_exceptions(&rules, &exceptions);
	device_rules_free(&exceptions);
	device_rules_free(&rules);
	return r;
}

static int update_devices(const struct cgroup *cgroup, const struct config_resources *resources)
{
	struct cgroup_place *v1 = cgroup_v1_place(cgroup, CONTROLLER_DEVICES);

	if (v1)
		return devices_v1_apply(v1, resources, true);
	if (cgroup->v2)
		return cgroup_v2_apply_devices(cgroup->v2, resources);
	return error_set(
		EOPNOTSUPP, "linux.resources.devices: this machine has no devices controller");
}

int resources_update(const struct cgroup *cgroup, const struct config_resources *resources)
{
	struct resource_undo undo = { 0 };
	struct resource_plan plan = { .update = true, .undo = &undo, .v2 = cgroup->v2 };
	bool devices = resources->devices.count > 0;
	int r = resources_plan(&plan, cgroup, resources);

	if (r >= 0 && devices)
		r = update_check_devices(cgroup_v1_place(cgroup, CONTROLLER_DEVICES), resources);
	if (r >= 0)
		r = resources_check(cgroup, &plan);
	if (r >= 0)
		r = resources_write(cgroup, &plan);
	if (r >= 0 && devices)
		r = update_devices(cgroup, resources);
	if (r >= 0 && cgroup->driver->announce) {
		r = cgroup->driver->announce(cgroup, resources, &plan);
		/* Who was told has written what he took it for: the same, but rounded. */
		if (r >= 0)
			r = resources_write(cgroup, &plan);
	}
	if (r < 0 && undo.count) {
		_cleanup_free_ char *why = string_copy(error_text(r));
		bool restored = resource_undo_restore(&undo);

		(void)error_set(r, "%s%s", why,
			restored ? "" : " (and what was set before it could not be set back)");
	}
	resource_undo_free(&undo);
	resources_plan_free(&plan);
	return r;
}
