/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

static int label_write(int proc_fd, const char *file, const char *text)
{
	/* "self" is a link, and the only one. */
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, proc_fd, file, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int label_apparmor(int proc_fd, const char *profile)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!profile || !*profile || !strcmp(profile, "unconfined"))
		return 0;
	text = string_format("exec %s", profile);
	r = label_write(proc_fd, "self/attr/apparmor/exec", text);
	/* Kernels before 5.8 have one attribute for all modules. */
	if (r == -ENOENT)
		r = label_write(proc_fd, "self/attr/exec", text);
	return r < 0 ? error_errno(r,
			       "process.apparmorProfile: %s cannot be used "
			       "(is AppArmor on, and the profile loaded?)",
			       profile)
		     : 0;
}

static int label_selinux(int proc_fd, const char *label)
{
	int r;

	if (!label || !*label)
		return 0;
	r = label_write(proc_fd, "self/attr/exec", label);
	return r < 0 ? error_errno(
			       r, "process.selinuxLabel: %s cannot be used (is SELinux on?)", label)
		     : 0;
}

int label_prepare(const struct container_plan *plan)
{
	int r = label_apparmor(plan->proc_fd, plan->process->apparmor_profile);

	return r < 0 ? r : label_selinux(plan->proc_fd, plan->process->selinux_label);
}

int label_check_mounts(int proc_fd, const char *label)
{
	_cleanup_buffer_ struct buffer types = { 0 };

	if (!label)
		return 0;
	/* selinuxfs is registered only where SELinux is on. */
	if (file_read_at(proc_fd, "filesystems", &types, 1u << 20) >= 0 && types.data &&
		strstr(types.data, "\tselinuxfs\n"))
		return 0;
	return error_set(ENOTSUP,
		"config.json: linux.mountLabel: %s cannot be used: SELinux is not on", label);
}
