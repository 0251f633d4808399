/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/emulation_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "spec/annotation.h"

#define REGISTRATION_BYTES_MOST 4096

/* What follows "NAME " at the beginning of a line of TEXT, up to its end; NULL: no such line. */
static char *value_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && line[length] == ' ')
			return string_format(
				"%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
	}
	return NULL;
}

/* Byte I of "7f454c46…", or FALLBACK behind its end. */
static unsigned int hex_byte(const char *digits, size_t i, unsigned int fallback)
{
	char byte[3] = "";

	if (!digits || strlen(digits) < 2 * (i + 1))
		return fallback;
	memcpy(byte, digits + 2 * i, 2);
	return (unsigned int)strtoul(byte, NULL, 16);
}

/* Would the kernel take a program of it for one of this registration? */
static bool matches(const char *text, const struct architecture *architecture)
{
	unsigned char bytes[ARCHITECTURE_BYTES], unused[ARCHITECTURE_BYTES];
	_cleanup_free_ char *magic = value_of(text, "magic"), *mask = value_of(text, "mask");
	_cleanup_free_ char *offset = value_of(text, "offset");

	if (!magic || strlen(magic) > (size_t)2 * ARCHITECTURE_BYTES || strlen(magic) < 2 ||
		(offset && strcmp(offset, "0") != 0))
		return false;
	architecture_pattern(architecture, bytes, unused);
	for (size_t i = 0; i < strlen(magic) / 2; i++)
		if ((bytes[i] ^ hex_byte(magic, i, 0x100)) & hex_byte(mask, i, 0xff))
			return false;
	return true;
}

bool emulation_serves(const char *text, const struct architecture *architecture, char **path)
{
	_cleanup_free_ char *flags = value_of(text, "flags:");

	*path = NULL;
	if (strncmp(text, "enabled\n", 8) != 0 || !matches(text, architecture))
		return false;
	if (!flags || !strchr(flags, 'F'))
		*path = value_of(text, "interpreter");
	return true;
}

static bool serves(const struct container_plan *plan, int folder_fd, const char *name,
	const struct architecture *architecture)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -EBADF;

	if (file_read_at(folder_fd, name, &text, REGISTRATION_BYTES_MOST) < 0 || !text.data ||
		!emulation_serves(text.data, architecture, &path))
		return false;
	if (!path)
		return true;
	fd = path_open_in_root(plan->root_tree_fd, path, O_PATH);
	return fd >= 0;
}

static bool is_served(const struct container_plan *plan, const struct architecture *architecture)
{
	int fd = openat(plan->proc_fd, "sys/fs/binfmt_misc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!folder) {
		file_close(&fd);
		return false;
	}
	while (!found && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "register") != 0)
			found = serves(plan, fd, entry->d_name, architecture);
	(void)closedir(folder);
	return found;
}

int emulation_find_on_host(const struct container_plan *plan, bool absent)
{
	struct utsname kernel = { 0 };

	error_clear();
	(void)uname(&kernel);
	for (size_t i = 0; i < plan->emulators.count; i++) {
		const struct architecture *architecture = plan->emulators.items[i].architecture;

		if (!absent && is_served(plan, architecture))
			continue;
		return error_set(EOPNOTSUPP,
			"annotations[\"" ANNOTATION_EMULATOR "\"]: %s %s: %s: as root, `%s`",
			"Linux", kernel.release,
			absent ? "it has no binfmt_misc"
			       : "emulators are the whole machine's before 6.7, and it has none "
				 "for "
				 "this architecture",
			absent ? "modprobe binfmt_misc"
			       : "apt-get install qemu-user-static binfmt-support");
	}
	return 0;
}
