/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/resources_fields.h"

static const void *resource_object(
	const struct config_resources *resources, enum resource_object object)
{
	switch (object) {
	case OBJECT_CPU:
		return resources->cpu;
	case OBJECT_MEMORY:
		return resources->memory;
	case OBJECT_BLOCK_IO:
		return resources->block_io;
	case OBJECT_NETWORK:
		return resources->network;
	}
	return NULL;
}

bool resource_field_value(const struct resource_field *field,
	const struct config_resources *resources, int64_t *value, const char **text)
{
	const char *object = resource_object(resources, field->object);
	const void *member = object + field->offset;
	bool set = false;

	*value = 0;
	*text = NULL;
	if (!object)
		return false;
	switch (field->kind) {
	case KIND_INTEGER:
		set = ((const struct optional_integer *)member)->set;
		*value = ((const struct optional_integer *)member)->value;
		break;
	case KIND_UNSIGNED:
		set = ((const struct optional_unsigned *)member)->set;
		*value = ((const struct optional_unsigned *)member)->value > INT64_MAX
				 ? INT64_MAX
				 : (int64_t)((const struct optional_unsigned *)member)->value;
		break;
	case KIND_BOOL:
		set = ((const struct optional_bool *)member)->set;
		*value = ((const struct optional_bool *)member)->value;
		break;
	case KIND_TEXT:
		*text = *(const char *const *)member;
		return *text && **text;
	}
	return set && !(field->zero_is_unset && !*value);
}

void resources_plan_fields(struct resource_plan *plan, const struct config_resources *resources,
	uint32_t mask, const struct resource_field *table, size_t count)
{
	for (const struct resource_field *field = table; field < table + count; field++) {
		struct resource_write *item;
		const char *text;
		int64_t value;

		if (!(mask & CONTROLLER_BIT(field->controller)) ||
			!resource_field_value(field, resources, &value, &text))
			continue;
		if (!text && value < 0 && field->unlimited)
			text = field->unlimited;
		item = text ? resources_plan_add(
				      plan, field->controller, field->field, field->file, text)
			    : resources_plan_number(
				      plan, field->controller, field->field, field->file, value);
		item->missing = field->missing;
		item->is_default = field->has_default &&
				   (value == field->standard || (value < 0 && field->standard < 0));
	}
}
