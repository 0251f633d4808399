/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/doctor/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"

#define FILE_MOST (4u << 20)

bool machine_kernel_at_least(unsigned int major, unsigned int minor)
{
	unsigned int its_major = 0, its_minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &its_major, &its_minor) != 2)
		return false;
	return its_major > major || (its_major == major && its_minor >= minor);
}

bool machine_line(const char *path, struct buffer *line)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (file_read_at(AT_FDCWD, path, &text, FILE_MOST) < 0 || !text.data)
		return false;
	buffer_bytes(line, text.data, strcspn(text.data, "\n"));
	return true;
}

long long machine_number(const char *path, long long otherwise)
{
	long long number;

	return file_read_number_at(AT_FDCWD, path, &number) < 0 ? otherwise : number;
}

bool machine_has_word(const char *path, const char *word)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char *rest = NULL;

	if (file_read_at(AT_FDCWD, path, &text, FILE_MOST) < 0 || !text.data)
		return false;
	for (char *at = strtok_r(text.data, " \t\n,", &rest); at;
		at = strtok_r(NULL, " \t\n,", &rest))
		if (!strcmp(at, word))
			return true;
	return false;
}

bool machine_has_text(const char *path, const char *text)
{
	_cleanup_buffer_ struct buffer all = { 0 };

	return file_read_at(AT_FDCWD, path, &all, FILE_MOST) >= 0 && all.data &&
	       strstr(all.data, text);
}

bool machine_has_filesystem(const char *name)
{
	return machine_has_word("/proc/filesystems", name);
}

bool machine_has_module(const char *name)
{
	_cleanup_free_ char *path = NULL, *file = string_format("/%s.ko", name);
	struct utsname kernel;

	if (uname(&kernel) < 0)
		return false;
	path = string_format("/lib/modules/%s/modules.dep", kernel.release);
	return machine_has_text(path, file);
}

int machine_open_device(const char *driver, const char *path, int flags)
{
	int fd;

	if (!machine_has_word("/proc/misc", driver))
		return -ENODEV;
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool machine_in_user_namespace(void)
{
	unsigned int inside = 1, outside = 1, size = 0;
	_cleanup_buffer_ struct buffer line = { 0 };

	if (!machine_line("/proc/self/uid_map", &line))
		return false;
	return sscanf(line.data, "%u %u %u", &inside, &outside, &size) != 3 || inside || outside ||
	       size != 4294967295u;
}

bool machine_has_filter(void)
{
	return machine_has_text("/proc/self/status", "\nSeccomp:\t2");
}

void machine_advise_module(struct finding *finding, const char *module)
{
	if (machine_has_module(module))
		finding_advise(finding, "modprobe %s", module);
	else
		finding_advise(finding, "a kernel with %s", module);
}

void machine_look_for_program(struct finding *finding, const char *program, const char *package)
{
	_cleanup_free_ char *path = attempt_find_program(program);

	if (path) {
		finding_set(finding, DOCTOR_OK, "%s", path);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "no %s in PATH", program);
	finding_advise(finding, "apt install %s", package);
}
