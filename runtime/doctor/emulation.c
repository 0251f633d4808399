/* SPDX-License-Identifier: Apache-2.0 */

/* Containers of another architecture. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/syscall.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

#define BINFMT "/proc/sys/fs/binfmt_misc"

static unsigned int binfmt_count(void)
{
	unsigned int count = 0;
	DIR *folder = opendir(BINFMT);

	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		count += !strncmp(entry->d_name, "qemu-", 5);
	closedir(folder);
	return count;
}

/* The machine's own, which hull neither needs nor changes where each user namespace has some. */
static void probe_binfmt(struct finding *finding)
{
	_cleanup_buffer_ struct buffer status = { 0 };

	if (machine_line(BINFMT "/status", &status) && !strcmp(status.data, "enabled"))
		finding_set(finding, DOCTOR_OK, "on, %u formats for QEMU", binfmt_count());
	else if (status.length)
		finding_set(finding, DOCTOR_OK, "turned off");
	else if (machine_has_filesystem("binfmt_misc"))
		finding_set(finding, DOCTOR_OK, "not mounted");
	else
		finding_set(finding, DOCTOR_MISSING, "the kernel has none");
}

static int try_binfmt(void *data, struct buffer *words)
{
	int fd = sys_fsopen("binfmt_misc");

	(void)data;
	(void)words;
	return fd < 0 || sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL) < 0 ? -errno : 0;
}

static void probe_binfmt_per_user(struct finding *finding)
{
	int r = -ENODEV;

	/* Asking for it would load the module. */
	if (machine_has_filesystem("binfmt_misc"))
		r = attempt(CLONE_NEWUSER | CLONE_NEWNS, -1, try_binfmt, NULL, NULL);
	if (r >= 0) {
		finding_set(finding, DOCTOR_OK, "a user namespace got formats of its own");
		return;
	}
	finding_set(finding, r != -ENODEV && binfmt_count() ? DOCTOR_LIMITED : DOCTOR_MISSING,
		"user namespaces have no formats of their own: %s", error_words(r));
	if (r == -ENODEV)
		machine_advise_module(finding, "binfmt_misc");
	else
		finding_advise(finding, "Linux 6.7 or newer; else the machine's own: apt install "
					"qemu-user-static binfmt-support");
}

static void probe_qemu_user(struct finding *finding)
{
	static const char *const names[] = { "qemu-aarch64", "qemu-x86_64", "qemu-riscv64" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *is_static = string_format("%s-static", names[i]);
		_cleanup_free_ char *path = attempt_find_program(is_static);
		_cleanup_free_ char *dynamic = path ? NULL : attempt_find_program(names[i]);

		if (path || dynamic)
			finding_add(finding, "%s", path ? path : dynamic);
	}
	if (finding->found.length)
		return;
	finding_set(finding, DOCTOR_MISSING, "no qemu-ARCHITECTURE-static in PATH");
	finding_advise(finding, "apt install qemu-user-static");
}

const struct capability doctor_emulation = {
	.name = "emulation",
	.title = "execute programs of other architectures",
	.probes =
		(const struct probe[]){
			{ "binfmt-per-user", DOCTOR_NEEDED, probe_binfmt_per_user },
			{ "binfmt", DOCTOR_FACT, probe_binfmt },
			{ "qemu-user", DOCTOR_NEEDED, probe_qemu_user },
			{ 0 },
		},
};
