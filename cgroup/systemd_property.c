/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct systemd_property *systemd_add(
	struct systemd_properties *properties, const char *name, const char *signature)
{
	struct systemd_property *property;

	properties->items = memory_resize(
		properties->items, (properties->count + 1) * sizeof(*properties->items));
	property = &properties->items[properties->count++];
	*property = (struct systemd_property){ .name = string_copy(name), .signature = signature };
	return property;
}

void systemd_add_number(struct systemd_properties *properties, const char *name,
	const char *signature, uint64_t number)
{
	systemd_add(properties, name, signature)->number = number;
}

void systemd_add_text(struct systemd_properties *properties, const char *name, const char *text)
{
	systemd_add(properties, name, "s")->text = string_copy(text);
}

void systemd_add_item(struct systemd_property *property, const char *text)
{
	buffer_bytes(&property->items, text, strlen(text) + 1);
}

bool systemd_has(const struct systemd_properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->count; i++)
		if (!strcmp(properties->items[i].name, name))
			return true;
	return false;
}

void systemd_properties_free(struct systemd_properties *properties)
{
	for (size_t i = 0; i < properties->count; i++) {
		free(properties->items[i].name);
		free(properties->items[i].text);
		buffer_free(&properties->items[i].items);
	}
	free(properties->items);
	*properties = (struct systemd_properties){ 0 };
}

static void array_write(struct dbus_writer *writer, const struct systemd_property *property)
{
	size_t alignment = !strcmp(property->signature, "ay")	   ? 1
			   : !strcmp(property->signature, "a(ss)") ? 8
								   : 4;
	const char *item = property->items.data;
	const char *end = item ? item + property->items.length : NULL;
	size_t array = dbus_begin_array(writer, alignment);

	if (!strcmp(property->signature, "au")) {
		dbus_put_uint32(writer, (uint32_t)property->number);
	} else if (alignment == 1) {
		for (; item < end; item++)
			dbus_put_byte(writer, (uint8_t)*item);
	} else {
		for (size_t i = 0; item < end; item += strlen(item) + 1, i++) {
			if (alignment == 8 && i % 2 == 0)
				dbus_put_struct(writer);
			dbus_put_string(writer, item);
		}
	}
	dbus_end_array(writer, array, alignment);
}

void systemd_properties_write(
	struct dbus_writer *writer, const struct systemd_properties *properties)
{
	size_t array = dbus_begin_array(writer, 8);

	for (size_t i = 0; i < properties->count; i++) {
		const struct systemd_property *property = &properties->items[i];

		dbus_put_struct(writer);
		dbus_put_string(writer, property->name);
		dbus_put_signature(writer, property->signature);
		switch (property->signature[0]) {
		case 'b':
			dbus_put_bool(writer, property->number);
			break;
		case 'i':
			dbus_put_uint32(writer, (uint32_t)property->number);
			break;
		case 't':
			dbus_put_uint64(writer, property->number);
			break;
		case 's':
			dbus_put_string(writer, property->text);
			break;
		default:
			array_write(writer, property);
		}
	}
	dbus_end_array(writer, array, 8);
}
