/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/migration_mark.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "checkpoint/manifest.h"
#include "runtime/thaw_guard.h"

#define MARK_BYTES 65536

const char *migration_mark_text(struct arena *arena, const char *key, const char *target)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "key", key);
	json_write_string(&writer, "target", target);
	json_end_object(&writer);
	return arena_copy(arena, text.data, text.length);
}

static const char *member(const struct json *root, const char *name)
{
	const struct json *node = json_get(root, name);

	return node && node->type == JSON_STRING ? node->text : NULL;
}

int migration_mark_read(const struct container *container, struct migration_mark *mark)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json *root = NULL;
	int r = file_read_at(container->folder_fd, MIGRATION_MARK, &text, MARK_BYTES);

	if (r == -ENOENT)
		return error_set(
			ENOENT, "container %s: no migration of it is to be settled", container->id);
	if (r < 0)
		return error_errno(r, MIGRATION_MARK);
	r = json_parse(&mark->arena, MIGRATION_MARK, text.data, text.length, &root);
	if (r < 0)
		return r;
	mark->key = member(root, "key");
	mark->target = member(root, "target");
	if (!mark->key || !mark->target || !migration_key_is_valid(mark->key, strlen(mark->key)))
		return error_set(EINVAL, MIGRATION_MARK ": has no key and target");
	return 0;
}
