/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/resources.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "cgroup/controllers_v2.h"
#include "cgroup/driver.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own, which v1's kernel memory limits answer since 5.16 */
#endif

uint64_t cpu_weight_of_shares(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

uint64_t io_weight_of_blkio(uint64_t weight)
{
	return weight <= 10 ? 1 : weight >= 1000 ? 10000 : 1 + (weight - 10) * 9999 / 990;
}

bool hugepage_size_is_valid(const char *size)
{
	size_t digits = size ? strspn(size, "0123456789") : 0;

	return digits && digits < 10 && strchr("KMGTP", size[digits]) && size[digits] &&
	       !strcmp(size + digits + 1, "B");
}

int memory_check(const struct config_memory *memory, bool update)
{
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.set ? memory->swap.value : 0;

	if (limit < -1 || swap < -1)
		return error_set(EINVAL,
			"linux.resources.memory.%s: must be -1 or more, got %" PRId64,
			limit < -1 ? "limit" : "swap", limit < -1 ? limit : swap);
	if (swap > 0 && limit < 0)
		return error_set(EINVAL,
			"linux.resources.memory.swap: cannot be %" PRId64
			" while memory.limit is unlimited",
			swap);
	if (swap > 0 && !limit && !update)
		return error_set(EINVAL, "linux.resources.memory.swap: needs memory.limit, as it "
					 "limits both together");
	if (swap > 0 && swap < limit)
		return error_set(EINVAL,
			"linux.resources.memory.swap: limits memory and swap together, so it must "
			"be "
			"at least memory.limit (%" PRId64 "), got %" PRId64,
			limit, swap);
	return 0;
}

struct resource_write *resources_plan_add(struct resource_plan *plan, enum controller controller,
	const char *field, const char *file, const char *value)
{
	struct resource_write *item;

	plan->items = memory_resize(plan->items, (plan->count + 1) * sizeof(*plan->items));
	item = &plan->items[plan->count++];
	*item = (struct resource_write){
		.controller = controller,
		.field = field,
		.file = string_copy(file),
		.value = string_copy(value),
	};
	return item;
}

struct resource_write *resources_plan_number(struct resource_plan *plan, enum controller controller,
	const char *field, const char *file, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return resources_plan_add(plan, controller, field, file, text);
}

void resources_plan_free(struct resource_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].file);
		free(plan->items[i].value);
		free(plan->items[i].other_file);
		free(plan->items[i].other_value);
	}
	free(plan->items);
	plan->items = NULL;
	plan->count = 0;
}

/* No controller for what the document wants: it does not matter for a default. */
static int resource_refuse_missing(const struct cgroup *cgroup, const struct resource_write *item)
{
	const struct controller_names *names = &controller_names[item->controller];

	if (item->is_default || item->missing == RESOURCE_OPTIONAL)
		return 0;
	return error_set(EOPNOTSUPP, "linux.resources.%s: this machine has no %s controller",
		item->field, cgroup->v1_count || !names->v2 ? names->v1 : names->v2);
}

/* The place that has the item's controller; NULL with 0 when it can be left out. */
static int resource_place(
	const struct cgroup *cgroup, const struct resource_write *item, struct cgroup_place **place)
{
	uint32_t bit = item->controller < CONTROLLERS ? CONTROLLER_BIT(item->controller) : 0;
	int r;

	*place = bit ? cgroup_v1_place(cgroup, item->controller) : cgroup->v2;
	if (*place)
		return 0;
	if (!cgroup->v2 || !controller_names[item->controller].v2)
		return resource_refuse_missing(cgroup, item);
	r = controllers_enable(cgroup->v2, bit);
	if (cgroup->v2->controllers & bit) {
		*place = cgroup->v2;
		return 0;
	}
	if (r >= 0)
		return resource_refuse_missing(cgroup, item);
	if (item->is_default) {
		error_clear();
		return 0;
	}
	return error_context(r, "linux.resources.%s", item->field);
}

static int resource_refuse_file(const struct resource_write *item)
{
	return error_set(
		EOPNOTSUPP, "linux.resources.%s: this kernel has no %s", item->field, item->file);
}

/* 1 when the kernel may accept it after the values that come later. */
static int resource_refused(
	const struct resource_write *item, struct cgroup_place *place, int r, bool again)
{
	if (r == -ENOENT && item->missing == RESOURCE_OPTIONAL) {
		error_clear();
		return 0;
	}
	if (item->missing == RESOURCE_DROPPED &&
		(r == -ENOENT || r == -EOPNOTSUPP || r == -ENOTSUPP)) {
		error_clear();
		log_warning("linux.resources.%s: is ignored, as this kernel has it no more",
			item->field);
		return 0;
	}
	if ((r == -EINVAL || r == -EBUSY) && again)
		return 1;
	if (r == -ENOENT)
		return resource_refuse_file(item);
	if (r == -EBUSY && item->controller == CONTROLLER_MEMORY) {
		uint64_t usage = 0;

		(void)place_read_number(place, "memory.usage_in_bytes", &usage);
		return error_set(r,
			"linux.resources.%s: %s bytes are less than the container uses now "
			"(%" PRIu64 ")",
			item->field, item->value, usage);
	}
	return error_context(r, "linux.resources.%s", item->field);
}

static int resource_write_file(const struct resource_plan *plan, struct cgroup_place *place,
	const char *file, const char *value)
{
	if (plan->undo)
		resource_undo_note(plan->undo, place, file, value);
	return place_write(place, file, value);
}

static int resource_write(const struct cgroup *cgroup, const struct resource_plan *plan,
	const struct resource_write *item, bool again)
{
	struct cgroup_place *place;
	int r = resource_place(cgroup, item, &place);

	if (r < 0 || !place)
		return r;
	if (item->is_default && place->made && !plan->update)
		return 0;
	r = resource_write_file(plan, place, item->file, item->value);
	if (r == -ENOENT && item->other_file) {
		error_clear();
		r = resource_write_file(plan, place, item->other_file, item->other_value);
	}
	if (!place->unified && !strcmp(item->file, "cpu.rt_runtime_us")) {
		if (r == -EINVAL && !again)
			r = realtime_make_room(place, item->value);
		else if (r >= 0)
			(void)realtime_give_back(place);
	}
	if (r == -ENOENT && item->is_default) {
		error_clear();
		return 0;
	}
	return r < 0 ? resource_refused(item, place, r, again) : 0;
}

int resources_write(const struct cgroup *cgroup, const struct resource_plan *plan)
{
	_cleanup_free_ bool *left = memory_allocate_zero(plan->count + 1);

	for (size_t i = 0; i < plan->count; i++) {
		int r = resource_write(cgroup, plan, &plan->items[i], true);

		if (r < 0)
			return r;
		left[i] = r > 0;
	}
	error_clear();
	for (size_t i = 0; i < plan->count; i++) {
		int r = left[i] ? resource_write(cgroup, plan, &plan->items[i], false) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int resources_check(const struct cgroup *cgroup, const struct resource_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct resource_write *item = &plan->items[i];
		struct cgroup_place *place;
		int r = resource_place(cgroup, item, &place);

		if (r < 0)
			return r;
		if (place && item->missing == RESOURCE_NEEDED && !item->is_default &&
			!place_has(place, item->file) &&
			!(item->other_file && place_has(place, item->other_file)))
			return resource_refuse_file(item);
	}
	return 0;
}
