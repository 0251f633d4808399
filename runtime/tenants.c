/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tenants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/state_folder.h"

#define FILE_BYTES_MOST (16u << 20)

/* ---- the file -------------------------------------------------------------------------------- */

static char *tenants_path(void)
{
	const char *chosen = getenv("HULL_TENANTS"), *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (chosen && *chosen)
		return string_copy(chosen);
	if (!state_folder_is_users())
		return string_copy("/etc/hull/tenants.json");
	if (config && *config == '/')
		return string_format("%s/hull/tenants.json", config);
	return home && *home == '/' ? string_format("%s/.config/hull/tenants.json", home) : NULL;
}

static int tenants_read(struct tenants *tenants)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	tenants->path = tenants_path();
	if (!tenants->path)
		return error_set(ENOENT,
			"no place for tenants.json: neither XDG_CONFIG_HOME nor HOME is set");
	r = file_read_at(AT_FDCWD, tenants->path, &text, FILE_BYTES_MOST);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(r, "%s: cannot be read", tenants->path);
	buffer_text(&text, "");
	return tenants_parse(
		&tenants->arena, tenants->path, text.data, text.length, &tenants->list);
}

int tenants_save(const struct tenants *tenants)
{
	_cleanup_free_ char *folder = string_copy(tenants->path);
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int folder_fd = -EBADF;
	char *name = strrchr(folder, '/');
	int r;

	for (char *slash = folder + 1; name && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
	if (name)
		*name++ = '\0';
	tenants_write(&text, &tenants->list);
	folder_fd = open(!name ? "." : *folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder_fd < 0 ? -errno
			  : file_replace_at(
				    folder_fd, name ? name : folder, text.data, text.length, 0644);
	return r < 0 ? error_errno(r, "%s: cannot be written", tenants->path) : 0;
}

/* ---- the lock -------------------------------------------------------------------------------- */

static int tenants_folder(void)
{
	static const struct global_options standard;
	_cleanup_close_ int root_fd = container_root_open(&standard);
	int fd;

	if (root_fd < 0)
		return root_fd;
	(void)mkdirat(root_fd, "@tenants", 0700);
	fd = openat(root_fd, "@tenants", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "the folder of tenants (@tenants)") : fd;
}

int tenants_lock(struct tenants *tenants, enum tenants_lock lock)
{
	static const int operations[] = { 0, LOCK_SH, LOCK_EX };

	tenants->folder_fd = tenants_folder();
	if (tenants->folder_fd < 0)
		return tenants->folder_fd;
	while (lock && flock(tenants->folder_fd, operations[lock]) < 0)
		if (errno != EINTR)
			return error_errno(errno, "cannot lock the tenants");
	return 0;
}

int tenants_open(struct tenants *tenants, enum tenants_lock lock)
{
	int r;

	*tenants = TENANTS_NONE;
	r = tenants_lock(tenants, lock);
	return r < 0 ? r : tenants_read(tenants);
}

void tenants_close(struct tenants *tenants)
{
	if (tenants->folder_fd >= 0)
		(void)flock(tenants->folder_fd, LOCK_UN);
	file_close(&tenants->folder_fd);
	arena_free(&tenants->arena);
	free(tenants->path);
	*tenants = TENANTS_NONE;
}

const char *tenants_names(struct tenants *tenants)
{
	const char *names = NULL;

	for (size_t i = 0; i < tenants->list.count; i++)
		names = arena_format(&tenants->arena, "%s%s%s", names ? names : "",
			names ? ", " : "", tenants->list.items[i].name);
	return names ? names : "none";
}

/* ---- who is in them -------------------------------------------------------------------------- */

/* "NAME/KEY"; the key tells containers with one id and different state roots apart. */
static char *member_path(const struct container *container)
{
	struct stat st;

	if (fstat(container->folder_fd, &st) < 0)
		return NULL;
	return string_format("%s/%llx-%llx", container->record.tenant,
		(unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
}

int tenants_enter(const struct tenants *tenants, const struct container *container)
{
	_cleanup_free_ char *member = member_path(container);
	char link[48], folder[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", container->folder_fd);
	length = readlink(link, folder, sizeof(folder) - 1);
	if (!member || length < 0)
		return error_errno(errno, "tenant %s", container->record.tenant);
	folder[length] = '\0';
	(void)mkdirat(tenants->folder_fd, container->record.tenant, 0700);
	/* What has the number of our folder is of one that is gone. */
	(void)unlinkat(tenants->folder_fd, member, 0);
	if (symlinkat(folder, tenants->folder_fd, member) < 0)
		return error_errno(
			errno, "tenant %s: @tenants/%s", container->record.tenant, member);
	return 0;
}

void tenants_leave(const struct tenants *tenants, const struct container *container)
{
	_cleanup_free_ char *member = member_path(container);

	if (!member)
		return;
	(void)unlinkat(tenants->folder_fd, member, 0);
	/* The last one; with others in it, it stays. */
	(void)unlinkat(tenants->folder_fd, container->record.tenant, AT_REMOVEDIR);
}

struct visited {
	char *folder; /* of the state */
	const char *id;
};

static int visited_compare(const void *one, const void *other)
{
	return strcmp(((const struct visited *)one)->id, ((const struct visited *)other)->id);
}

/* The link's container, if it is still there and still in the tenant. */
static int member_visit(
	const char *name, struct visited *member, tenants_visit *visit, void *context)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	_cleanup_free_ char *root =
		string_format("%.*s", (int)(member->id - member->folder), member->folder);
	_cleanup_close_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0 ||
		container_open(&container, root_fd, member->id, CONTAINER_UNLOCKED) < 0) {
		error_clear();
		return 0;
	}
	if (!container.record.tenant || strcmp(container.record.tenant, name) != 0)
		return 0;
	return visit(&container, context);
}

static DIR *members_open(const struct tenants *tenants, const char *name)
{
	int fd = openat(tenants->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !folder)
		file_close(&fd);
	return folder;
}

int tenants_each(
	const struct tenants *tenants, const char *name, tenants_visit *visit, void *context)
{
	DIR *folder = members_open(tenants, name);
	struct visited *members = NULL;
	struct dirent *entry;
	size_t count = 0;
	int r = 0;

	while (folder && (entry = readdir(folder))) {
		char target[PATH_MAX];
		ssize_t length = entry->d_type == DT_LNK ? readlinkat(dirfd(folder), entry->d_name,
								   target, sizeof(target) - 1)
							 : 0;

		if (length <= 0 || !memchr(target, '/', (size_t)length))
			continue;
		members = memory_resize(members, (count + 1) * sizeof(*members));
		members[count].folder = string_format("%.*s", (int)length, target);
		members[count].id = strrchr(members[count].folder, '/') + 1;
		count++;
	}
	if (folder)
		(void)closedir(folder);
	if (count)
		qsort(members, count, sizeof(*members), visited_compare);
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = member_visit(name, &members[i], visit, context);
		free(members[i].folder);
	}
	free(members);
	return r;
}

static int in_use(const struct container *container, void *context)
{
	(void)container;
	*(bool *)context = true;
	return 0;
}

void tenants_in_use(struct tenants *tenants, struct string_list *names)
{
	DIR *folder = members_open(tenants, ".");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		const char **items;
		bool used = false;

		if (entry->d_name[0] == '.')
			continue;
		(void)tenants_each(tenants, entry->d_name, in_use, &used);
		if (!used)
			continue;
		items = arena_allocate(&tenants->arena, (names->count + 2) * sizeof(*items));
		if (names->count)
			memcpy(items, names->items, names->count * sizeof(*items));
		items[names->count++] =
			arena_copy(&tenants->arena, entry->d_name, strlen(entry->d_name));
		names->items = items;
	}
	if (folder)
		(void)closedir(folder);
}
