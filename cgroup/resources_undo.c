/* SPDX-License-Identifier: Apache-2.0 */

/* What an update has changed, so that one that fails half-way leaves nothing of itself. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/resources.h"

/* "8:0 1000", "eth0 5": the length of the key in front; 0 for "1000", "max" and "50000 100000". */
static size_t value_key(const char *value)
{
	size_t length = strcspn(value, " ");

	if (!value[length] || strspn(value, "0123456789") == length || !strncmp(value, "max ", 4))
		return 0;
	return length;
}

/* No line is no limit, which each kind of file says in its own way. */
static char *value_of_no_line(const char *text, const char *value, size_t key)
{
	_cleanup_buffer_ struct buffer none = { 0 };

	if (!strchr(value, '='))
		return string_format("%.*s %s", (int)key, value,
			!strncmp(text, "default ", 8) ? "default" : "0");
	for (const char *at = value; *at;) {
		size_t name = strcspn(at, "=");

		buffer_bytes(&none, at, name);
		at += name;
		if (*at)
			buffer_text(&none, "=max");
		at += strcspn(at, " ");
	}
	return TAKE_PTR(none.data);
}

char *resource_value_before(const char *text, const char *value)
{
	size_t key = value_key(value), length = strcspn(text, "\n"), word = strcspn(text, " \n");

	if (key) {
		for (const char *line = text; *line; line += *line == '\n') {
			length = strcspn(line, "\n");
			if (!strncmp(line, value, key + 1))
				return string_format("%.*s", (int)length, line);
			line += length;
		}
		return value_of_no_line(text, value, key);
	}
	/* "oom_kill_disable 0", "default 100": only the number is written. */
	if (word < length && *text >= 'a' && *text <= 'z' && strncmp(text, "max ", 4) != 0)
		return string_format("%.*s", (int)(length - word - 1), text + word + 1);
	return length ? string_format("%.*s", (int)length, text) : string_copy("\n");
}

void resource_undo_note(
	struct resource_undo *undo, struct cgroup_place *place, const char *file, const char *value)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	/* What cannot be read cannot be set back. */
	if (place_read(place, file, &text) < 0)
		return;
	undo->items = memory_resize(undo->items, (undo->count + 1) * sizeof(*undo->items));
	undo->items[undo->count++] = (struct resource_before){
		.place = place,
		.file = string_copy(file),
		.value = resource_value_before(text.data, value),
	};
}

static bool undo_one(const struct resource_before *before)
{
	bool good = place_write(before->place, before->file, before->value) >= 0;

	error_clear();
	if (!strcmp(before->file, "cpu.rt_runtime_us"))
		(void)realtime_give_back(before->place);
	return good;
}

bool resource_undo_restore(const struct resource_undo *undo)
{
	_cleanup_free_ bool *left = memory_allocate_zero(undo->count + 1);
	bool good = true;

	for (size_t i = undo->count; i-- > 0;)
		left[i] = !undo_one(&undo->items[i]);
	/* As when they were set, one may have to wait for another. */
	for (size_t i = undo->count; i-- > 0;)
		good &= !left[i] || undo_one(&undo->items[i]);
	return good;
}

void resource_undo_free(struct resource_undo *undo)
{
	for (size_t i = 0; i < undo->count; i++) {
		free(undo->items[i].file);
		free(undo->items[i].value);
	}
	free(undo->items);
	*undo = (struct resource_undo){ 0 };
}
