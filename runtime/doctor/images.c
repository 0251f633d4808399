/* SPDX-License-Identifier: Apache-2.0 */

/* Mounting images. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

static void look_for_filesystem(struct finding *finding, const char *name)
{
	if (machine_has_filesystem(name)) {
		finding_set(finding, DOCTOR_OK, "the kernel has it");
	} else if (machine_has_module(name)) {
		finding_set(finding, DOCTOR_OK, "a module, not loaded");
	} else {
		finding_set(finding, DOCTOR_MISSING, "the kernel has none");
		machine_advise_module(finding, name);
	}
}

static void probe_erofs(struct finding *finding)
{
	look_for_filesystem(finding, "erofs");
}

/* In the child: two layers on a tmpfs that is the child's own. */
static int try_overlay(void *data, struct buffer *words)
{
	static const char *const folders[] = { "/tmp/l", "/tmp/u", "/tmp/w", "/tmp/m" };
	const char *options = data;

	(void)words;
	if (mount("hull-doctor", "/tmp", "tmpfs", 0, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return -errno;
	return mount("hull-doctor", "/tmp/m", "overlay", 0, options) < 0 ? -errno : 0;
}

static int try_overlay_as_nobody(void *data, struct buffer *words)
{
	int r = geteuid() == 0 ? attempt_become_nobody() : 0;

	return r < 0 ? r : attempt(CLONE_NEWUSER | CLONE_NEWNS, -1, try_overlay, data, words);
}

#define OVERLAY_OPTIONS "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w"

static void probe_overlay(struct finding *finding)
{
	char options[] = OVERLAY_OPTIONS;
	int r;

	if (!machine_has_filesystem("overlay") || attempt_user_flag()) {
		look_for_filesystem(finding, "overlay");
		return;
	}
	r = attempt(CLONE_NEWNS, -1, try_overlay, options, NULL);
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "two layers were mounted");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "cannot be mounted: %s", error_words(r));
	finding_advise(finding, "allow mounts where hull runs (an outer container: --privileged)");
}

static void probe_overlay_rootless(struct finding *finding)
{
	char options[] = OVERLAY_OPTIONS ",userxattr";
	int r;

	if (!machine_has_filesystem("overlay")) {
		look_for_filesystem(finding, "overlay");
		return;
	}
	r = attempt(0, -1, try_overlay_as_nobody, options, NULL);
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "two layers were mounted by an ordinary user");
		return;
	}
	finding_set(
		finding, DOCTOR_MISSING, "an ordinary user cannot mount it: %s", error_words(r));
	finding_advise(finding, "Linux 5.11 or newer, and what `hull doctor rootless` says; or apt "
				"install fuse-overlayfs");
}

static void probe_fuse(struct finding *finding)
{
	_cleanup_close_ int fd = machine_open_device("fuse", "/dev/fuse", O_RDWR);
	_cleanup_free_ char *helper = attempt_find_program("fusermount3");

	if (fd < 0) {
		finding_set(finding, DOCTOR_MISSING, "/dev/fuse: %s",
			fd == -ENODEV ? "no driver" : error_words(fd));
		if (fd == -ENODEV)
			machine_advise_module(finding, "fuse");
		else
			finding_advise(finding, "chmod 666 /dev/fuse");
		return;
	}
	finding_set(finding, DOCTOR_OK, "/dev/fuse%s%s", helper ? ", " : "", helper ? helper : "");
	if (!helper) {
		finding_limit(finding);
		finding_add(finding, "no fusermount3 for ordinary users");
		finding_advise(finding, "apt install fuse3");
	}
}

static void probe_loop(struct finding *finding)
{
	_cleanup_close_ int fd = machine_open_device("loop-control", "/dev/loop-control", O_RDWR);

	if (fd >= 0) {
		finding_set(finding, DOCTOR_OK, "/dev/loop-control");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "/dev/loop-control: %s",
		fd == -ENODEV ? "no driver" : error_words(fd));
	if (fd == -ENODEV)
		machine_advise_module(finding, "loop");
	else
		finding_advise(finding, "run as root");
}

static void probe_mkfs_erofs(struct finding *finding)
{
	machine_look_for_program(finding, "mkfs.erofs", "erofs-utils");
}

static void probe_zstd(struct finding *finding)
{
	machine_look_for_program(finding, "zstd", "zstd");
}

const struct capability doctor_images = {
	.name = "images",
	.title = "mount images",
	.probes =
		(const struct probe[]){
			{ "erofs", DOCTOR_USEFUL, probe_erofs },
			{ "overlay", DOCTOR_NEEDED, probe_overlay },
			{ "overlay-rootless", DOCTOR_USEFUL, probe_overlay_rootless },
			{ "fuse", DOCTOR_FACT, probe_fuse },
			{ "loop", DOCTOR_FACT, probe_loop },
			{ "mkfs-erofs", DOCTOR_FACT, probe_mkfs_erofs },
			{ "zstd", DOCTOR_FACT, probe_zstd },
			{ 0 },
		},
};
