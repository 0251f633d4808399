/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "image/emulation.h"
#include "spec/architecture.h"

/* The kernel's own limits for scripts: how many follow each other, how long the first line is. */
#define SCRIPTS_MOST 5
#define LINE_BYTES   256

static int open_program(int root_fd, const char *path)
{
	_cleanup_close_ int fd = path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	return TAKE_FD(fd);
}

/* The file that SHAPE executes: in *PATH its name, to be freed. */
static int find_program(int root_fd, const struct shape *shape, char **path)
{
	const char *name = shape->args.items[0], *folders = shape_variable(&shape->env, "PATH");

	if (*name == '/') {
		*path = string_copy(name);
		return open_program(root_fd, *path);
	}
	if (strchr(name, '/')) {
		*path = string_format("%s/%s", shape->folder, name);
		return open_program(root_fd, *path);
	}
	for (const char *at = folders ? folders : ""; *at; at += strspn(at, ":")) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *file = string_format("%.*s/%s", (int)length, at, name);
		int fd = open_program(root_fd, file);

		if (fd >= 0) {
			*path = TAKE_PTR(file);
			return fd;
		}
		at += length;
	}
	return -ENOENT;
}

/* "#!/bin/sh -e": its program in *PATH; false when there is none. */
static bool next_program(char *line, char **path)
{
	char *word = line + 2;

	if (strncmp(line, "#!", 2) != 0)
		return false;
	word += strspn(word, " \t");
	word[strcspn(word, " \t\r\n")] = '\0';
	memory_free_pointer(path);
	*path = string_copy(word);
	return *word == '/';
}

/* What the program is for, or NULL when that cannot be told; *PATH is its file, or its script's. */
static const struct architecture *find_architecture(
	int root_fd, const struct shape *shape, char **path)
{
	_cleanup_close_ int fd = find_program(root_fd, shape, path);

	for (int i = 0; fd >= 0 && i < SCRIPTS_MOST; i++) {
		char start[LINE_BYTES + 1] = "";
		ssize_t length = pread(fd, start, LINE_BYTES, 0);
		const struct architecture *its =
			length < 0 ? NULL
				   : architecture_of((const unsigned char *)start, (size_t)length);

		if (its || length < 0 || !next_program(start, path))
			return its;
		file_close(&fd);
		fd = open_program(root_fd, *path);
	}
	return NULL;
}

static bool is_emulated(const struct shape *shape, const struct architecture *architecture)
{
	for (size_t i = 0; i < shape->emulators.count; i++)
		if (!strcmp(shape->emulators.items[i].architecture, architecture->name))
			return true;
	return false;
}

int emulation_check_program(
	int root_fd, const char *image, const char *platform, const struct shape *shape)
{
	_cleanup_free_ char *path = NULL;
	const struct architecture *its = find_architecture(root_fd, shape, &path);

	if (!its || is_emulated(shape, its))
		return 0;
	if (its != architecture_own() && !architecture_is_native(its))
		return error_set(ENOEXEC,
			"%s says that it is for %s, but its %s is a program for %s: "
			"`--emulator %s` executes it",
			image, platform, path, its->name, its->name);
	if (shape->emulators.count)
		log_warning("%s says that it is for %s, but its %s is a program for %s, which this "
			    "machine executes by itself",
			image, platform, path, its->name);
	return 0;
}
