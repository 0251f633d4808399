/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/manifest.h"

#define CPUINFO_BYTES ((size_t)4 * 1024 * 1024)
#define MISSING_MOST  8

/* What instructions there are: "flags : …" on x86, "Features : …" on Arm. */
static const char *cpu_words(struct arena *arena, const char *cpuinfo)
{
	static const char *const lines[] = { "\nflags", "\nFeatures" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *line = strstr(cpuinfo, lines[i]);
		const char *colon = line ? strchr(line, ':') : NULL;

		if (colon) {
			colon += strspn(colon, ": \t");
			return arena_copy(arena, colon, strcspn(colon, "\n"));
		}
	}
	return "";
}

int migration_machine_read(struct arena *arena, struct migration_machine *machine)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct utsname names;
	int r = file_read_at(AT_FDCWD, "/proc/cpuinfo", &text, CPUINFO_BYTES);

	if (r < 0 || uname(&names) < 0)
		return error_errno(r < 0 ? r : errno, "cannot look at this machine");
	machine->architecture = arena_format(arena, "%s", names.machine);
	machine->kernel = arena_format(arena, "%s", names.release);
	machine->cpu = cpu_words(arena, text.length ? text.data : "");
	return 0;
}

static bool has_word(const char *words, const char *word, size_t length)
{
	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");

		if (here == length && !memcmp(at, word, length))
			return true;
		at += here;
	}
	return false;
}

static int check_cpu(const struct migration_machine *source, const struct migration_machine *target)
{
	_cleanup_buffer_ struct buffer missing = { 0 };
	size_t count = 0;

	for (const char *at = source->cpu; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (!has_word(target->cpu, at, length) && count++ < MISSING_MOST)
			buffer_format(&missing, " %.*s", length < 40 ? (int)length : 40, at);
		at += length;
	}
	if (!count)
		return 0;
	return error_set(EOPNOTSUPP, "its processor lacks what programs may use at the source:%s%s",
		missing.data, count > MISSING_MOST ? " …" : "");
}

static bool kernel_is_older(const char *kernel, const char *than)
{
	int version = 0, patch = 0, than_version = 0, than_patch = 0;

	(void)sscanf(kernel, "%d.%d", &version, &patch);
	(void)sscanf(than, "%d.%d", &than_version, &than_patch);
	return version < than_version || (version == than_version && patch < than_patch);
}

int migration_machine_check(
	const struct migration_machine *source, const struct migration_machine *target)
{
	if (strcmp(source->architecture, target->architecture) != 0)
		return error_set(EOPNOTSUPP, "it is a machine of %s, and the source one of %s",
			target->architecture, source->architecture);
	if (kernel_is_older(target->kernel, source->kernel))
		return error_set(EOPNOTSUPP,
			"its kernel %s is older than the source's %s, which programs may rely on",
			target->kernel, source->kernel);
	if (target->criu < source->criu)
		return error_set(EOPNOTSUPP, "its CRIU %u.%u is older than the source's %u.%u",
			target->criu / 10000, target->criu / 100 % 100, source->criu / 10000,
			source->criu / 100 % 100);
	return check_cpu(source, target);
}
