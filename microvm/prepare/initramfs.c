/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/prepare/initramfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

#define MOST_BYTES (64u << 20)

static void pad(struct buffer *archive)
{
	static const char zeros[4];

	buffer_bytes(archive, zeros, -archive->length % 4);
}

/* One member in the "newc" form: thirteen numbers, the name, the bytes. */
static void add(struct buffer *archive, const char *name, unsigned int mode,
	const struct buffer *content, unsigned int major, unsigned int minor)
{
	size_t bytes = content ? content->length : 0, length = strlen(name) + 1;

	/* Without an inode number of its own a file is no hard link of another. */
	buffer_format(archive, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 0,
		mode, 0, 0, 1, 0, bytes, 0, 0, major, minor, length, 0);
	buffer_bytes(archive, name, length);
	pad(archive);
	if (bytes)
		buffer_bytes(archive, content->data, bytes);
	pad(archive);
}

static int add_file(struct buffer *archive, const char *name, const char *path)
{
	_cleanup_buffer_ struct buffer content = { 0 };
	int r = file_read_at(AT_FDCWD, path, &content, MOST_BYTES);

	if (r < 0)
		return error_errno(r, "%s", path);
	add(archive, name, S_IFREG | 0755, &content, 0, 0);
	return 0;
}

static int add_modules(struct buffer *archive, const char *name, const char *folder,
	const struct string_list *modules)
{
	int r = 0;

	add(archive, name, S_IFDIR | 0755, NULL, 0, 0);
	for (size_t i = 0; r >= 0 && i < modules->count; i++) {
		const char *base = strrchr(modules->items[i], '/');
		char member[128], path[512];

		(void)snprintf(member, sizeof(member), "%s/%02zu-%s", name, i,
			base ? base + 1 : modules->items[i]);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, modules->items[i]);
		r = add_file(archive, member, path);
	}
	return r;
}

int initramfs_make(struct buffer *archive, const char *guest, const char *hull, const char *folder,
	const struct string_list *modules)
{
	/* Where hull-guest looks for them. */
	static const char *const folders[] = {
		[MODULES_BOOT] = "modules",
		[MODULES_NETWORK] = "network",
		[MODULES_VSOCK] = "vsock",
		[MODULES_BALLOON] = "balloon",
	};
	char text[] = "bin/ps";
	int r;

	add(archive, "dev", S_IFDIR | 0755, NULL, 0, 0);
	add(archive, "dev/console", S_IFCHR | 0600, NULL, 5, 1);
	add(archive, "bin", S_IFDIR | 0755, NULL, 0, 0);
	add(archive, "init", S_IFLNK | 0777,
		&(struct buffer){ .data = text, .length = strlen(text) }, 0, 0);
	r = add_file(archive, "bin/ps", guest);
	if (r >= 0)
		r = add_file(archive, "bin/hull", hull);
	for (int use = 0; r >= 0 && use < MODULE_USES; use++)
		r = add_modules(archive, folders[use], folder, &modules[use]);
	add(archive, "TRAILER!!!", 0, NULL, 0, 0);
	return r;
}
