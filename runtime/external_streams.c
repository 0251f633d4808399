/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define STREAMS		3
#define DESCRIPTORS	"descriptors.json"
#define NAMES_BYTES	65536
#define MOUNTINFO_BYTES ((size_t)16 * 1024 * 1024)

#define TTY_MAJOR	 4
#define TTY_SPECIAL	 5
#define PTY_SLAVES_FIRST 136
#define PTY_SLAVES_LAST	 143

static bool is_terminal(const struct stat *st)
{
	unsigned int number = major(st->st_rdev);

	return S_ISCHR(st->st_mode) &&
	       (number == TTY_MAJOR || number == TTY_SPECIAL ||
		       (number >= PTY_SLAVES_FIRST && number <= PTY_SLAVES_LAST));
}

static int descriptor_mount(pid_t pid, int fd, unsigned int *mount)
{
	_cleanup_buffer_ struct buffer info = { 0 };
	const char *line;
	char path[48];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	r = file_read_at(AT_FDCWD, path, &info, NAMES_BYTES);
	line = r < 0 ? NULL : strstr(info.data, "mnt_id:");
	if (r >= 0 && (!line || sscanf(line, "mnt_id: %u", mount) != 1))
		r = -EIO;
	return r;
}

static bool mount_is_inside(const char *mountinfo, unsigned int mount)
{
	for (const char *line = mountinfo; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line && strtoul(line, NULL, 10) == mount)
			return true;
	}
	return false;
}

static void add_once(struct arena *arena, struct string_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], text))
			return;
	string_list_add(arena, list, text);
}

/* Its name in the images: a file of the host is known by its mount and inode. */
static int stream_name(const struct external *external, pid_t pid, int fd, const char *mountinfo,
	const char **name)
{
	char path[48], link[4096];
	unsigned int mount;
	struct stat st;
	ssize_t n;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0 || stat(path, &st) < 0) {
		/* Closed. */
		*name = "";
		return errno == ENOENT ? 0 : error_errno(errno, "%s", path);
	}
	link[n] = '\0';
	*name = arena_copy(external->arena, link, (size_t)n);
	if (link[0] != '/')
		return 0;
	r = descriptor_mount(pid, fd, &mount);
	if (r < 0)
		return error_errno(r, "descriptor %d of the container's process", fd);
	if (mount_is_inside(mountinfo, mount))
		return 0;
	if (is_terminal(&st) && !external->options->shell_job)
		return error_set(EOPNOTSUPP,
			"descriptor %d of the container's process is a terminal of the host: "
			"--shell-job saves it, and gives that of `restore` in its place",
			fd);
	*name = is_terminal(&st) ? arena_format(external->arena, "tty[%jx:%jx]",
					   (uintmax_t)st.st_rdev, (uintmax_t)st.st_dev)
				 : arena_format(external->arena, "file[%x:%jx]", mount,
					   (uintmax_t)st.st_ino);
	add_once(external->arena, &external->options->external, *name);
	return 0;
}

int external_find_streams(const struct external *external, pid_t pid, struct string_list *names)
{
	_cleanup_buffer_ struct buffer info = { 0 };
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	r = file_read_at(AT_FDCWD, path, &info, MOUNTINFO_BYTES);
	if (r < 0)
		return error_errno(r, "%s", path);
	for (int fd = 0; r >= 0 && fd < STREAMS; fd++) {
		const char *name = "";

		r = stream_name(external, pid, fd, info.data, &name);
		string_list_add(external->arena, names, name);
	}
	return r;
}

int external_save_streams(int images_fd, const struct string_list *names)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	json_write_strings(&writer, NULL, names->items);
	r = file_replace_at(images_fd, DESCRIPTORS, text.data, text.length, 0600);
	return r < 0 ? error_errno(r, "cannot write " DESCRIPTORS) : 0;
}

/* ---- restoring ------------------------------------------------------------------------------- */

static int give_stream(const struct external *external, const char *name, int stream)
{
	struct criu_pairs *pairs = &external->options->inherited;
	struct criu_pair pair = { .key = arena_format(external->arena, "%s", name) };

	bool terminal = !strncmp(name, "tty[", 4);

	if (strncmp(name, "pipe:", 5) != 0 && strncmp(name, "file[", 5) != 0 && !terminal)
		return 0;
	if (terminal && !isatty(stream))
		return error_set(ENOTTY,
			"descriptor %d was a terminal of the host when the container was saved, "
			"and is none now",
			stream);
	for (size_t i = 0; i < pairs->count; i++)
		if (!strcmp(pairs->items[i].key, name))
			return 0;
	pair.fd = fcntl(stream, F_DUPFD_CLOEXEC, STREAMS);
	if (pair.fd < 0)
		return error_errno(errno, "descriptor %d", stream);
	criu_pair_add(external->arena, pairs, pair);
	return 0;
}

int external_give_streams(const struct external *external, int images_fd)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json *names = NULL;
	int stream = 0;
	int r = file_read_at(images_fd, DESCRIPTORS, &text, NAMES_BYTES);

	if (r < 0)
		return error_errno(r, "the images have no readable " DESCRIPTORS);
	r = json_parse(external->arena, DESCRIPTORS, text.data, text.length, &names);
	if (r < 0)
		return r;
	if (names->type != JSON_ARRAY || names->count > STREAMS)
		return error_set(
			EINVAL, DESCRIPTORS ": must be a list of at most %d names", STREAMS);
	json_for_each (name, names) {
		if (name->type != JSON_STRING)
			return error_set(EINVAL, DESCRIPTORS ": must have names alone");
		r = give_stream(external, name->text, stream++);
		if (r < 0)
			return r;
	}
	return 0;
}
