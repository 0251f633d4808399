/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/emulation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/emulation_host.h"
#include "ns/mount.h"
#include "spec/annotation.h"

#define PLACE "/proc/sys/fs/binfmt_misc"

#define REGISTRATION_BYTES_MOST 8192

/* Linux, admin-guide/binfmt-misc.rst: P keeps argv[0], O hands the program over as a descriptor,
 * C takes credentials from the program and not from the emulator, F opens the emulator now. */
#define FLAGS "POCF"

static void add_bytes(struct buffer *line, const unsigned char *bytes)
{
	for (size_t i = 0; i < ARCHITECTURE_BYTES; i++)
		buffer_format(line, "\\x%02x", bytes[i]);
}

/* The first character separates the fields: one that the path does not have. */
static char separator_for(const char *path)
{
	const char *candidates = ":|;,#%@!";

	while (candidates[1] && strchr(path, *candidates))
		candidates++;
	return *candidates;
}

/* Containers that share a user namespace share its registrations. */
static int check_registered(int instance_fd, const struct emulator *emulator)
{
	_cleanup_free_ char *name = string_format("qemu-%s", emulator->architecture->qemu);
	_cleanup_free_ char *line = string_format("\ninterpreter %s\n", emulator->path);
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(instance_fd, name, &text, REGISTRATION_BYTES_MOST);

	if (r < 0)
		return error_errno(r, "the emulator %s cannot be registered", emulator->path);
	if (text.data && strstr(text.data, line))
		return 0;
	return error_set(EEXIST,
		"another container in the same user namespace has another emulator for %s than %s",
		emulator->architecture->name, emulator->path);
}

static int emulator_register(int instance_fd, const struct emulator *emulator)
{
	const char s = separator_for(emulator->path);
	unsigned char bytes[ARCHITECTURE_BYTES], mask[ARCHITECTURE_BYTES];
	_cleanup_buffer_ struct buffer line = { 0 };
	int r;

	architecture_pattern(emulator->architecture, bytes, mask);
	buffer_format(&line, "%cqemu-%s%cM%c%c", s, emulator->architecture->qemu, s, s, s);
	add_bytes(&line, bytes);
	buffer_format(&line, "%c", s);
	add_bytes(&line, mask);
	buffer_format(&line, "%c%s%c" FLAGS, s, emulator->path, s);
	r = file_write_at(instance_fd, "register", line.data);
	if (r == -EEXIST)
		return check_registered(instance_fd, emulator);
	return r < 0 ? error_errno(r, "the emulator %s cannot be registered", emulator->path) : 0;
}

static int emulation_attach(const struct container_plan *plan, int instance_fd)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *below;
	int root_fd = mount_find(plan, PLACE, &below);
	_cleanup_close_ int target = path_open_in_root(root_fd, below, O_PATH);
	struct statfs filesystem;

	if (target < 0 || fstatfs(target, &filesystem) < 0 ||
		(filesystem.f_type != PROC_SUPER_MAGIC && filesystem.f_type != BINFMTFS_MAGIC &&
			filesystem.f_type != AUTOFS_SUPER_MAGIC))
		return error_set(EINVAL, "needs a procfs on /proc: add one to mounts");
	if (sys_mount_setattr(instance_fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return error_errno(errno, PLACE ": cannot be made read-only");
	return mount_attach(instance_fd, target);
}

int emulation_set_up(const struct container_plan *plan)
{
	_cleanup_close_ int instance_fd = mount_filesystem("binfmt_misc", "binfmt_misc", NULL,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	int r = instance_fd;

	/* ENODEV: not in this kernel; EPERM: not in a user namespace, so older than Linux 6.7. */
	if (r == -ENODEV || r == -EPERM)
		return emulation_find_on_host(plan, r == -ENODEV);
	for (size_t i = 0; i < plan->emulators.count && r >= 0; i++)
		r = emulator_register(instance_fd, &plan->emulators.items[i]);
	if (r >= 0)
		r = emulation_attach(plan, instance_fd);
	return r < 0 ? error_context(r, "annotations[\"" ANNOTATION_EMULATOR "\"]") : 0;
}
