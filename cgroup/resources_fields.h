/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_RESOURCES_FIELDS_H
#define HULL_CGROUP_RESOURCES_FIELDS_H

/* Tables of fields: one number or text of the document is one value in one file. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/resources.h"

enum resource_object { OBJECT_CPU, OBJECT_MEMORY, OBJECT_BLOCK_IO, OBJECT_NETWORK };

enum resource_kind {
	KIND_INTEGER,  /* struct optional_integer */
	KIND_UNSIGNED, /* struct optional_unsigned */
	KIND_BOOL,     /* struct optional_bool */
	KIND_TEXT,     /* const char *; empty: not given */
};

struct resource_field {
	const char *field, *file; /* as in struct resource_write */
	enum controller controller;
	enum resource_object object;
	enum resource_kind kind;
	size_t offset;	       /* in the object */
	const char *unlimited; /* what negative numbers are written as, or NULL */
	bool zero_is_unset, has_default;
	int64_t standard; /* the default */
	enum resource_missing missing;
};

/* The field's number (KIND_TEXT: 0); false when the document does not give it. */
bool resource_field_value(const struct resource_field *field,
	const struct config_resources *resources, int64_t *value, const char **text);

/* Append a write for each given field of the table whose controller is in MASK. */
void resources_plan_fields(struct resource_plan *plan, const struct config_resources *resources,
	uint32_t mask, const struct resource_field *table, size_t count);

#endif
